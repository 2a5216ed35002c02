import unittest

from ledgerline.app import handle
from ledgerline.ledger import Ledger
from ledgerline.web import Request


class AppTest(unittest.TestCase):
    def setUp(self):
        self.ledger = Ledger()

    def test_health_is_open_to_everybody(self):
        self.assertEqual(handle(Request("GET", "/health"), self.ledger).body["status"], "ok")

    def test_expenses_need_a_user(self):
        self.assertEqual(handle(Request("GET", "/expenses"), self.ledger).status, 401)

    def test_an_expense_that_was_entered_is_listed(self):
        query = {"day": "2026-10-02", "category": "food", "amount": "12.50"}
        self.assertEqual(handle(Request("POST", "/expenses", query, "ada"), self.ledger).status, 201)
        rows = handle(Request("GET", "/expenses", user="ada"), self.ledger).body
        self.assertEqual(rows[0]["amount"], "12.50")

    def test_a_bad_amount_is_explained(self):
        query = {"day": "2026-10-02", "category": "food", "amount": "lots"}
        response = handle(Request("POST", "/expenses", query, "ada"), self.ledger)
        self.assertEqual((response.status, response.body), (400, {"error": "not an amount: 'lots'"}))

    def test_unknown_pages_are_404(self):
        self.assertEqual(handle(Request("GET", "/nowhere"), self.ledger).status, 404)


if __name__ == "__main__":
    unittest.main()
