"""The roles that text plays on the screen. A palette gives each of them a colour; nothing else names colours."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a piece of text is; the value is its name in a palette file."""

    TEXT = "text"
    STRONG = "strong"
    MUTED = "muted"
    FAINT = "faint"
    """Guide lines, rules and scroll bars: seen, not read."""
    ACCENT = "accent"
    IDLE = "idle"
    BUSY = "busy"
    WAIT = "wait"
    ATTENTION = "attention"
    PAUSED = "paused"
    GOOD = "good"
    DOUBT = "doubt"
    BAD = "bad"
    BADGE = "badge"
    """Text on the quiet ground of a badge."""
    ALARM = "alarm"
    """Text on the loud ground of a badge."""


BOLD = frozenset({Role.STRONG, Role.ATTENTION, Role.BADGE, Role.ALARM})
"""Roles that are set in bold, so that they stand out without colour too."""

Span = tuple[str, Role]
"""A piece of sanitised text without line breaks."""

Line = tuple[Span, ...]
"""One line of the screen, from left to right."""
