"""Cells: measure, cut, pad and wrap text by the columns it takes on a screen, wide characters included."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len, get_character_cell_size

from .roles import Line, Role, Span

ELLIPSIS = "…"
SMALL_HANG = 6
"""Columns of indent where the one that was asked for would leave too little room."""


def width_of(text: str) -> int:
    """How many columns `text` takes."""
    return len(text) if text.isascii() else cell_len(text)


def line_width(line: Line) -> int:
    """How many columns `line` takes."""
    return sum(width_of(text) for text, _role in line)


def clip(text: str, width: int) -> str:
    """`text` in at most `width` columns; what does not fit ends in an ellipsis."""
    if width <= 0:
        return ""
    if width_of(text) <= width:
        return text
    end, _ = _fit(text, 0, width - 1)
    return text[:end].rstrip() + ELLIPSIS


def pad(text: str, width: int) -> str:
    """`text` in exactly `width` columns, to the left."""
    clipped = clip(text, width)
    return clipped + " " * (width - width_of(clipped))


def pad_left(text: str, width: int) -> str:
    """`text` in exactly `width` columns, to the right."""
    clipped = clip(text, width)
    return " " * (width - width_of(clipped)) + clipped


def clip_line(line: Line, width: int) -> Line:
    """`line` in at most `width` columns."""
    if line_width(line) <= width:
        return line
    kept: list[Span] = []
    room = width
    for text, role in line:
        taken = width_of(text)
        if taken >= room:
            kept.append((clip(text + " " if taken == room else text, room), role))
            break
        kept.append((text, role))
        room -= taken
    return tuple(kept)


def breaks(text: str, width: int) -> list[tuple[int, int]]:
    """Where to cut `text` into rows of at most `width` columns: start and end of each, at words where that is possible.

    A word longer than a row is cut inside. There is always at least one row.
    """
    width = max(1, width)
    if text.isascii():
        if len(text) <= width:
            return [(0, len(text))]
    elif cell_len(text) <= width:
        return [(0, len(text))]
    return list(_rows(text, width))


def wrap(line: Line, width: int, hang: int = 0) -> list[Line]:
    """`line` in rows of at most `width` columns; rows after the first are indented by `hang` columns."""
    if line_width(line) <= width:
        return [line]
    text = "".join(part for part, _role in line)
    hang = hang if hang <= width * 3 // 5 else min(SMALL_HANG, width // 4)
    rows: list[Line] = []
    first = breaks(text, width)[0]
    pieces = [first, *((a + first[1], b + first[1]) for a, b in breaks(text[first[1] :].lstrip(" "), width - hang))]
    skipped = len(text[first[1] :]) - len(text[first[1] :].lstrip(" "))
    for number, (start, end) in enumerate(pieces):
        shift = skipped if number else 0
        part = tuple(_cut_spans(line, start + shift, end + shift))
        rows.append(((" " * hang, Role.TEXT), *part) if number and hang else part)
    return rows


def _rows(text: str, width: int) -> Iterator[tuple[int, int]]:
    start, length = 0, len(text)
    while start < length:
        end, everything = _fit(text, start, width)
        end = max(end, start + 1)
        if everything:
            yield start, length
            return
        space = text.rfind(" ", start + 1, end + 1)
        if space > start + width // 3 and text[start:space].strip():
            yield start, space
            start = space + 1
        else:
            yield start, end
            start = end


def _fit(text: str, start: int, width: int) -> tuple[int, bool]:
    """The end of the longest part of `text` from `start` that takes at most `width` columns, and whether it is all."""
    if text.isascii():
        end = start + width
        return (end, False) if end < len(text) else (len(text), True)
    room = width
    for index in range(start, len(text)):
        room -= get_character_cell_size(text[index])
        if room < 0:
            return index, False
    return len(text), True


def _cut_spans(line: Line, start: int, end: int) -> Iterator[Span]:
    at = 0
    for text, role in line:
        low, high = max(start - at, 0), min(end - at, len(text))
        if low < high:
            yield text[low:high], role
        at += len(text)
