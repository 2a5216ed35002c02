"""One row of the tree laid out in columns: glyph and name, what it does, since when, its own and its subtree's cost.

Pure: the views, the time and the width come in, spans go out.
"""

from __future__ import annotations

from dataclasses import dataclass

from pilothouse.core.status import Pause, Status
from pilothouse.core.views import AgentView, QuestionView

from .cells import clip, pad, pad_left, width_of
from .glyphs import NEEDS_YOU, PAUSED, PAUSING, RUNNING, GlyphSet, Mark, mark_of
from .roles import Line, Role, Span
from .rows import Row
from .sanitize import one_line
from .words import duration, money

MIN_NAME = 14
MAX_NAME = 28
"""Columns of guides, glyph, id and title together."""
FULL = 60
"""From this width on a row shows all columns."""
TINY = 44
"""Below this width only two columns are left: the name and what it does."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The widths of the columns; 0 leaves a column out."""

    name: int
    activity: int
    age: int
    own: int
    subtree: int


def columns_for(width: int, names: int) -> Columns:
    """How `width` is shared, when the widest name takes `names`."""
    if width < TINY:
        name = max(1, min(names, width * 3 // 5 if width >= 20 else width))
        return Columns(name, max(0, width - name - 1), 0, 0, 0)
    own, subtree = (5, 5) if width >= FULL else (0, 0)
    age = 4
    money_width = own + subtree + 4 if own else 0
    name = max(MIN_NAME, min(names, MAX_NAME, width * 2 // 5))
    return Columns(name, max(0, width - name - age - money_width - 2), age, own, subtree)


def name_width(row: Row, agent: AgentView) -> int:
    """How many columns the name of a row takes."""
    hidden = f" +{row.hidden}" if row.hidden else ""
    return len(row.guide) + 3 + width_of(_name(agent)) + len(hidden) + (1 if row.guide else 0) - 1


def row_line(
    row: Row, agent: AgentView, question: QuestionView | None, columns: Columns, now: int, glyphs: GlyphSet
) -> Line:
    """The row of `agent` as one line. `question` is what it asks the user or its parent, if anything."""
    mark = mark_of(agent)
    ended = agent.status.is_terminal
    title = Role.MUTED if ended else Role.TEXT
    spans: list[Span] = []
    if row.guide:
        spans.append((row.guide + " ", Role.FAINT))
    spans.append((glyphs.of(mark) + " ", mark.role))
    hidden = f" +{row.hidden}" if row.hidden else ""
    room = columns.name - sum(width_of(text) for text, _role in spans)
    spans.append((pad(clip(_name(agent), room - len(hidden)) + hidden, room), title))
    if columns.activity:
        spans.append((" ", Role.TEXT))
        spans.extend(_padded(activity(agent, question, mark), columns.activity))
    if columns.age:
        spans.append((" " + pad_left(duration(age(agent, now)), columns.age), Role.MUTED))
    if columns.own:
        spans.append((" " + pad_left(money(agent.cost_usd), columns.own), title))
        spans.append((" / ", Role.FAINT))
        spans.append((pad_left(money(agent.subtree_cost_usd), columns.subtree), title))
    return tuple(spans)


def age(agent: AgentView, now: int) -> float:
    """Milliseconds in the present status; of one that has ended, its running time."""
    return agent.seconds * 1000 if agent.status.is_terminal else now - agent.since


def activity(agent: AgentView, question: QuestionView | None, mark: Mark) -> Line:
    """What an agent does, or the word for its state and why."""
    doing = one_line(agent.activity, 400)
    why = one_line(agent.reason.words, 400) if agent.reason is not None else ""
    if mark is RUNNING:
        return ((doing or mark.word, Role.TEXT),)
    if mark in (PAUSED, PAUSING):
        return _worded(mark, why if "paus" not in why else why.replace("paused", "").replace("pausing", ""))
    if question is not None and agent.pause is Pause.NONE and not agent.status.is_terminal:
        asks = "asks: " if mark is NEEDS_YOU else f"asks {question.holder or 'you'}: "
        return ((asks, mark.role), (one_line(question.text, 400), Role.TEXT))
    if agent.status is Status.SUCCEEDED:
        return _worded(mark, doing, Role.MUTED)
    if agent.status.is_terminal:
        return _worded(mark, why or doing, Role.MUTED)
    if mark is NEEDS_YOU:
        return ((why or mark.word, mark.role),)
    return _worded(mark, why or doing)


def _worded(mark: Mark, detail: str, role: Role = Role.TEXT) -> Line:
    detail = detail.strip(" :")
    if detail.startswith(mark.word):
        detail = detail[len(mark.word) :].strip(" :")
    return ((mark.word, mark.role), (f" {detail}", role)) if detail else ((mark.word, mark.role),)


def _padded(line: Line, width: int) -> list[Span]:
    spans: list[Span] = []
    room = width
    for number, (text, role) in enumerate(line):
        last = number == len(line) - 1
        shown = pad(text, room) if last else clip(text, room)
        spans.append((shown, role))
        room -= width_of(shown)
        if room <= 0:
            break
    return spans


def _name(agent: AgentView) -> str:
    title = one_line(agent.title, 200)
    return title if agent.parent is None else f"{agent.id} {title}"
