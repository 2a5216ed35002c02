"""Processes that guard a tool tree and leave no survivors when it ends."""
