"""A small service that keeps a ledger of expenses."""
