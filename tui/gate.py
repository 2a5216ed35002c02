"""The last gate before the terminal: whatever a widget draws, no control character of it gets through."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from .display.sanitize import strip_controls


class ControlGate(LineFilter):
    """Strips what a terminal would act on from every drawn segment."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment
            if segment.text.isascii() and segment.text.isprintable()
            else Segment(strip_controls(segment.text), segment.style, segment.control)
            for segment in segments
        ]
