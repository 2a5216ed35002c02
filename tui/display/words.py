"""Durations, money and times of day as the words a person reads. Pure: what time it is comes in."""

from __future__ import annotations

from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation

SECOND = 1000
"""Milliseconds."""


def duration(milliseconds: float) -> str:
    """A duration in at most five columns: `3s`, `4m`, `1h02`, `12d`."""
    seconds = max(0, int(milliseconds / SECOND))
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m"
    if seconds < 86_400:
        return f"{seconds // 3600}h{seconds % 3600 // 60:02}"
    return f"{seconds // 86_400}d"


def duration_long(milliseconds: float) -> str:
    """A duration in words: `41 s`, `6 min`, `1 h 2 min`."""
    seconds = max(0, int(milliseconds / SECOND))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 600:
        return f"{seconds // 60} min {seconds % 60} s" if seconds % 60 else f"{seconds // 60} min"
    if seconds < 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def money(usd: str) -> str:
    """An amount in cents: `.41`, `1.83`, `12.00`."""
    text = f"{decimal(usd):.2f}"
    return text[1:] if text.startswith("0.") else text


def dollars(usd: str) -> str:
    """An amount with its sign: `$0.41`."""
    return f"${decimal(usd):.2f}"


def decimal(usd: str) -> Decimal:
    """The decimal string `usd` as a number; zero when it is none."""
    try:
        return Decimal(usd)
    except InvalidOperation:
        return Decimal(0)


def count(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def thousands(number: int) -> str:
    """A number of tokens in at most five columns: `812`, `41.2k`, `1.3M`."""
    if number < 1000:
        return str(number)
    if number < 1_000_000:
        return f"{number / 1000:.1f}k" if number < 100_000 else f"{number // 1000}k"
    return f"{number / 1_000_000:.1f}M"


def time_of_day(at: int, zone: tzinfo | None, seconds: bool = True) -> str:
    """Unix milliseconds as `12:03:11` in `zone` (None: the machine's)."""
    moment = datetime.fromtimestamp(at / SECOND, zone) if zone is not None else datetime.fromtimestamp(at / SECOND)
    return moment.strftime("%H:%M:%S" if seconds else "%H:%M")
