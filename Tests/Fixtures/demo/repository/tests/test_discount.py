import unittest

from invoice.discount import discount


class DiscountTest(unittest.TestCase):
    def test_small_orders_get_none(self):
        self.assertEqual(discount(49999), 0)

    def test_steps(self):
        self.assertEqual(discount(50000), 2500)
        self.assertEqual(discount(100000), 10000)

    def test_half_a_cent_is_rounded_up(self):
        self.assertEqual(discount(50010), 2501)
