import unittest

from invoice.money import parse, show


class MoneyTest(unittest.TestCase):
    def test_cents_are_exact(self):
        self.assertEqual(parse("19.99"), 1999)
        self.assertEqual(parse("4.35"), 435)
        self.assertEqual(parse("0.29"), 29)

    def test_thousands_are_understood(self):
        self.assertEqual(parse("1,234.50"), 123450)

    def test_what_is_shown_can_be_read(self):
        for cents in (0, 5, 99, 100, 123450, 99999999):
            self.assertEqual(parse(show(cents)), cents)
