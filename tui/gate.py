"""The last gate before the terminal: whatever a widget draws, no control character of it gets through."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from .display.sanitize import strip_controls

_PLAIN = str.maketrans("…·×←→↑↓–—’", "~-x<>^v--'")
"""Our own typography for terminals without it, column for column."""


class ControlGate(LineFilter):
    """Strips what a terminal would act on from every drawn segment; with `plain`, our typography too."""

    def __init__(self, plain: bool = False) -> None:
        super().__init__()
        self._plain = plain

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(segment.text.isascii() and segment.text.isprintable() for segment in segments):
            return segments
        return [
            segment
            if segment.text.isascii() and segment.text.isprintable()
            else Segment(self._inert(segment.text), segment.style, segment.control)
            for segment in segments
        ]

    def _inert(self, text: str) -> str:
        text = strip_controls(text)
        return text.translate(_PLAIN) if self._plain else text
