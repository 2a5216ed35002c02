import unittest

from ledgerline import money


class MoneyTest(unittest.TestCase):
    def test_amounts_are_read_as_cents(self):
        self.assertEqual(money.parse("12.50"), 1250)
        self.assertEqual(money.parse("7"), 700)
        self.assertEqual(money.parse("-0.5"), -50)

    def test_anything_else_is_refused(self):
        for text in ("", "12,50", "1.234", "ten"):
            with self.subTest(text), self.assertRaises(ValueError):
                money.parse(text)

    def test_cents_are_shown_with_two_decimals(self):
        self.assertEqual(money.show(1205), "12.05")
        self.assertEqual(money.show(-5), "-0.05")


if __name__ == "__main__":
    unittest.main()
