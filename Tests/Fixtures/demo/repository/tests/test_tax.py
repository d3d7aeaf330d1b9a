import unittest

from invoice.tax import tax


class TaxTest(unittest.TestCase):
    def test_rate(self):
        self.assertEqual(tax(10000), 1900)

    def test_half_a_cent_is_rounded_up(self):
        self.assertEqual(tax(50), 10)
