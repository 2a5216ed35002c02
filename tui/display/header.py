"""The header: is anything waiting for me, is it going well, what does it cost. One line; what matters least goes first.

Pure: picture, counts and time come in, spans go out.
"""

from __future__ import annotations

from dataclasses import dataclass

from pilothouse.core.face.picture import Picture
from pilothouse.core.views import RunView

from .cells import clip, line_width, pad
from .counts import StatusCounts
from .glyphs import MARKS, NEEDS_YOU, UNICODE, GlyphSet, outcome_mark
from .roles import Line, Role, Span
from .sanitize import one_line
from .words import decimal, dollars, duration

SEPARATOR = "   "
NARROW_SEPARATOR = " "
WORDY = 60
"""Columns from which on there is room for words and gaps."""
BAR_CELLS = 10
MAX_TITLE = 28
SAFEST = "S3"
"""The sandbox level that need not be mentioned."""


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What the header says beside the picture."""

    title: str
    now: int
    clock: str
    burn: float | None = None


def is_lost(picture: Picture) -> bool:
    """Whether the engine should be there and is not."""
    return not picture.connected and (picture.run is None or picture.run.ended_at is None)


def header_line(
    picture: Picture, counts: StatusCounts, facts: HeaderFacts, width: int, glyphs: GlyphSet = UNICODE
) -> Line:
    """The header in exactly `width` columns."""
    parts = _parts(picture, counts, facts, glyphs, width)
    separator = SEPARATOR if width >= WORDY else NARROW_SEPARATOR
    while len(parts) > 1 and _width(parts, separator) > width:
        parts.remove(max(parts, key=lambda part: part[0]))
    left = [part for part in parts if part[0] != _CLOCK]
    clock = next((part[1] for part in parts if part[0] == _CLOCK), ())
    spans: list[Span] = [(" ", Role.TEXT)]
    for number, (_importance, line) in enumerate(left):
        spans.extend([(separator, Role.TEXT)] if number else [])
        spans.extend(line)
    room = width - line_width(tuple(spans)) - line_width(clock) - (1 if clock else 0)
    if room < 0:
        return ((pad(clip("".join(text for text, _role in spans), width), width), Role.STRONG),)
    return (*spans, (" " * room, Role.TEXT), *clock, *(((" ", Role.TEXT),) if clock else ()))


_CLOCK = 9


def _parts(
    picture: Picture, counts: StatusCounts, facts: HeaderFacts, glyphs: GlyphSet, width: int
) -> list[tuple[int, Line]]:
    """The parts from left to right, each with a number: the greater, the sooner it is left out."""
    run = picture.run
    parts: list[tuple[int, Line]] = [(10, (("pilothouse", Role.ACCENT),))]
    parts.append((3, ((clip(one_line(facts.title, 200), MAX_TITLE), Role.STRONG),)))
    if is_lost(picture):
        age = f" ENGINE GONE, as of {duration(facts.now - picture.seen_at)} ago " if picture.seen_at else " CONNECTING "
        parts.append((0, ((age, Role.ALARM),)))
    if run is None:
        return parts
    if waiting := len(picture.open_questions()):
        words = " needs you" if width >= WORDY else ""
        parts.append((1, ((f"{glyphs.of(NEEDS_YOU)}{waiting}{words}", Role.ATTENTION),)))
    if run.rehearsal is not None:
        parts.append((1, ((" REHEARSAL ", Role.BADGE),)))
    if run.ended_at is not None:
        mark = outcome_mark(run.status, run.verdict)
        parts.append((2, ((f"{glyphs.of(mark)} {mark.word}", mark.role),)))
    elif run.status in ("blocked", "paused"):
        mark = outcome_mark(run.status, None)
        parts.append((4, ((f"{glyphs.of(mark)} {run.status}", mark.role),)))
    parts.append((2, _glyph_counts(counts, glyphs)))
    if run.ended_at is None:
        parts.append((6, (("running ", Role.MUTED), (f"{run.running}/{run.max_running}", Role.TEXT))))
    parts.append((7, (("agents ", Role.MUTED), (f"{run.spawned}/{run.max_agents}", Role.TEXT))))
    parts.append((4, _spent(run)))
    parts.append((8, _bar(run, facts.burn, glyphs)))
    if run.speedup is not None:
        parts.append((5, ((f"×{run.speedup:.1f}" if not glyphs.ascii else f"x{run.speedup:.1f}", Role.TEXT),)))
    if run.sandbox < SAFEST:
        parts.append((3, ((f"sandbox {run.sandbox}", Role.DOUBT),)))
    parts.append((_CLOCK, ((facts.clock, Role.MUTED),)))
    return [(importance, line) for importance, line in parts if line]


def _width(parts: list[tuple[int, Line]], separator: str) -> int:
    return 2 + sum(line_width(line) for _importance, line in parts) + len(separator) * (len(parts) - 1)


def _glyph_counts(counts: StatusCounts, glyphs: GlyphSet) -> Line:
    spans: list[Span] = []
    for mark in MARKS:
        if counts[mark] and mark is not NEEDS_YOU:
            gap = " " if spans else ""
            spans.append((f"{gap}{glyphs.of(mark)}{counts[mark]}", mark.role))
    return tuple(spans)


def _spent(run: RunView) -> Line:
    return ((dollars(run.cost_usd), Role.TEXT), (f"/{dollars(run.max_cost_usd)}", Role.MUTED))


def _bar(run: RunView, burn: float | None, glyphs: GlyphSet) -> Line:
    limit = decimal(run.max_cost_usd)
    share = min(1.0, float(decimal(run.cost_usd) / limit)) if limit > 0 else 0.0
    steps = len(glyphs.bar_parts) + 1
    filled = round(share * BAR_CELLS * steps)
    whole, part = divmod(filled, steps)
    full = glyphs.bar_full * whole + (glyphs.bar_parts[part - 1] if part else "")
    role = Role.ATTENTION if share >= 0.8 else Role.ACCENT
    rate = f" {burn:.2f}/min" if burn is not None and run.ended_at is None else ""
    return (
        *(((full, role),) if full else ()),
        (glyphs.bar_empty * (BAR_CELLS - len(full)), Role.FAINT),
        *(((rate, Role.MUTED),) if rate else ()),
    )
