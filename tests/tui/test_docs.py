"""The page about the keys is made from the key table, and says what the table says."""

from __future__ import annotations

from pathlib import Path

from pilothouse.tui.keys import markdown

PAGE = Path(__file__).parents[2] / "docs" / "keys.md"


def test_the_page_about_the_keys_is_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8").endswith(markdown().rstrip() + "\n")
