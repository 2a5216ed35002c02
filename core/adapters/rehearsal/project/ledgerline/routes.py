"""Which handler answers which request."""

from . import expenses

# --- everybody ---------------------------------------------------------------

PUBLIC = {
    ("GET", "/health"): expenses.health,
}

# --- people who have logged in -----------------------------------------------

PRIVATE = {
    ("GET", "/expenses"): expenses.list_expenses,
    ("POST", "/expenses"): expenses.add_expense,
}


def find(method, path):
    """The handler for a request and whether it needs a user, or None."""
    key = (method, path)
    if key in PUBLIC:
        return PUBLIC[key], False
    if key in PRIVATE:
        return PRIVATE[key], True
    return None
