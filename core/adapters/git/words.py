"""How file names and lists of them are written in sentences and outcomes. Knows no files."""

from __future__ import annotations

import os
from collections.abc import Sequence

NAMES_IN_A_SENTENCE = 5


def printable(text: str) -> str:
    """`text` without anything that is no visible character; what git and agents write may hold terminal codes."""
    clean = os.fsencode(text).decode(errors="replace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in clean)


def listed(names: Sequence[str]) -> str:
    """The first few of `names` for a sentence, and how many more there are."""
    shown = ", ".join(printable(name) for name in names[:NAMES_IN_A_SENTENCE])
    more = len(names) - NAMES_IN_A_SENTENCE
    return f"{shown} and {more} more" if more > 0 else shown


def one_line(text: str, most: int = 72) -> str:
    """`text` as the subject of a commit."""
    folded = printable(" ".join(text.split()))
    return folded if len(folded) <= most else folded[: most - 1] + "…"
