"""The conversation with the orchestrator: what you asked, what it said, what was asked of you and what you answered.

Made from its log and the run's questions. Pure: the same input gives the same paragraphs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo

from pilothouse.core.face.picture import Picture
from pilothouse.core.views import QuestionView

from .glyphs import NEEDS_YOU, UNICODE, GlyphSet
from .inbox import asker
from .logfile import LogLine
from .roles import Line, Role
from .sanitize import one_line, sanitize
from .words import time_of_day

SPOKEN = {"say": "orchestrator", "told": "you"}
"""Kinds of log line that are part of the conversation, and who speaks."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A line to be wrapped; rows after the first hang by `hang` columns."""

    line: Line
    hang: int = 0


@dataclass(frozen=True, slots=True)
class _Said:
    at: int
    who: str
    text: str
    role: Role
    options: Line = ()


def conversation(
    picture: Picture, log: Iterable[LogLine], zone: tzinfo | None, glyphs: GlyphSet = UNICODE
) -> list[Paragraph]:
    """The conversation from the goal to now."""
    said = [_Said(line.at, SPOKEN[line.kind], line.text, _role_of(line)) for line in log if line.kind in SPOKEN]
    for question in picture.questions.values():
        said.extend(_question(picture, question, glyphs))
    said.sort(key=lambda each: each.at)
    if picture.run is not None and not any(each.who == "you" and each.at <= _first(said) for each in said):
        said.insert(0, _Said(picture.run.started_at, "you", sanitize(picture.run.goal), Role.TEXT))
    paragraphs: list[Paragraph] = []
    for each in said:
        if paragraphs:
            paragraphs.append(Paragraph(()))
        who = Role.ACCENT if each.who == "you" else each.role if each.role is Role.ATTENTION else Role.STRONG
        paragraphs.append(Paragraph(((f"{time_of_day(each.at, zone)} ", Role.FAINT), (each.who, who))))
        paragraphs.extend(Paragraph(((text, Role.TEXT),), 0) for text in each.text.strip().split("\n"))
        if each.options:
            paragraphs.append(Paragraph(each.options, 2))
    return paragraphs


def _role_of(line: LogLine) -> Role:
    return Role.ACCENT if line.kind == "told" else Role.TEXT


def _first(said: list[_Said]) -> int:
    return said[0].at if said else 0


def _question(picture: Picture, question: QuestionView, glyphs: GlyphSet) -> list[_Said]:
    """A question that came to the user, and the answer if there is one."""
    is_open = question.answer is None
    if question.holder is not None or (not is_open and question.answered_by != "user"):
        return []
    role = Role.ATTENTION if is_open else Role.TEXT
    mark = f"{glyphs.of(NEEDS_YOU)} " if is_open else ""
    options = "  ".join(f"{number} {one_line(text, 80)}" for number, text in enumerate(question.options, 1))
    reply: Line = (("r replies:  ", Role.MUTED), (options or "in your own words", Role.ACCENT)) if is_open else ()
    who = f"{mark}{asker(picture, question)} asks"
    said = [_Said(question.asked_at, who, sanitize(question.text), role, reply)]
    if question.answer is not None and question.answered_at is not None:
        said.append(_Said(question.answered_at, "you", sanitize(question.answer), Role.TEXT))
    return said
