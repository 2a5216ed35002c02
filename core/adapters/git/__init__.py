"""Checkouts, merges and rescue refs through git, without configuration an agent could write."""
