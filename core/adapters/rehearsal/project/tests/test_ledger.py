import tempfile
import unittest
from pathlib import Path

from ledgerline.ledger import Expense, Ledger


class LedgerTest(unittest.TestCase):
    def test_expenses_are_kept_by_user(self):
        ledger = Ledger()
        lunch = ledger.add(Expense("2026-10-02", "ada", "food", 1250))
        ledger.add(Expense("2026-10-03", "bob", "travel", 4000))
        self.assertEqual(ledger.of("ada"), [lunch])

    def test_a_saved_ledger_is_loaded_again(self):
        ledger = Ledger([Expense("2026-10-02", "ada", "food", 1250, "lunch")])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "ledger.jsonl")
            ledger.save(path)
            self.assertEqual(list(Ledger.load(path)), list(ledger))

    def test_an_expense_needs_a_date_and_an_amount(self):
        with self.assertRaises(ValueError):
            Expense("yesterday", "ada", "food", 1250)
        with self.assertRaises(ValueError):
            Expense("2026-10-02", "ada", "food", 0)


if __name__ == "__main__":
    unittest.main()
