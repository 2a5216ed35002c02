"""Handlers for entering and listing expenses."""

from . import money
from .ledger import Expense
from .web import HttpError, Response


def health(request, ledger):
    """That the service is there."""
    return Response(body={"status": "ok", "expenses": len(ledger)})


def list_expenses(request, ledger):
    """The expenses of the user."""
    rows = [
        {"day": one.day, "category": one.category, "amount": money.show(one.cents), "note": one.note}
        for one in ledger.of(request.user)
    ]
    return Response(body=rows)


def add_expense(request, ledger):
    """Enter an expense of the user."""
    query = request.query
    try:
        cents = money.parse(query["amount"])
        expense = Expense(query["day"], request.user, query["category"], cents, query.get("note", ""))
    except KeyError as error:
        raise HttpError(400, f"missing field {error.args[0]}") from None
    except ValueError as error:
        raise HttpError(400, str(error)) from None
    ledger.add(expense)
    return Response(201, {"amount": money.show(cents)})
