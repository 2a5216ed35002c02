"""Which handler answers which request. Handlers are named, and looked up when they are needed."""

import pkgutil

# --- everybody ---------------------------------------------------------------

PUBLIC = {
    ("GET", "/health"): "ledgerline.expenses:health",
}

# --- people who have logged in -----------------------------------------------

PRIVATE = {
    ("GET", "/expenses"): "ledgerline.expenses:list_expenses",
    ("POST", "/expenses"): "ledgerline.expenses:add_expense",
}


def find(method, path):
    """The handler for a request and whether it needs a user, or None."""
    key = (method, path)
    name = PUBLIC.get(key) or PRIVATE.get(key)
    if name is None:
        return None
    return pkgutil.resolve_name(name), key in PRIVATE
