"""The inbox: what waits for the user, one line a question, oldest first."""

from __future__ import annotations

from pilothouse.core.face.picture import Picture
from pilothouse.core.views import QuestionView

from .cells import clip, line_width, width_of
from .glyphs import NEEDS_YOU, UNICODE, GlyphSet
from .roles import Line, Role, Span
from .sanitize import one_line
from .words import dollars, duration

NOTHING = "nothing waits for you"


def inbox_line(picture: Picture, question: QuestionView, now: int, width: int, glyphs: GlyphSet = UNICODE) -> Line:
    """`◆ 6m  a8 migrate  Drop column users.legacy_id?  keep / drop / rename   holds a9, a11 · passed up by a0`."""
    head: list[Span] = [
        (f"{glyphs.of(NEEDS_YOU)} ", Role.ATTENTION),
        (f"{duration(now - question.asked_at):<4} ", Role.MUTED),
        (f"{asker(picture, question)}  ", Role.MUTED),
        (one_line(question.text, 1000), Role.STRONG),
    ]
    options = " / ".join(one_line(option, 60) for option in question.options)
    tail = " · ".join(facts(picture, question))
    room = width - line_width(tuple(head))
    for extra, role in ((options, Role.ACCENT), (tail, Role.MUTED)):
        if extra and room > 12:
            shown = clip(f"   {extra}", room)
            head.append((shown, role))
            room -= width_of(shown)
    return tuple(head)


def asker(picture: Picture, question: QuestionView) -> str:
    """`a8 migrate`, or `a8 migrate +2` when others ask the same."""
    if not question.agents:
        return "run"
    agent = picture.agents.get(question.agents[0])
    name = f"{question.agents[0]} {one_line(agent.title, 40)}" if agent is not None else question.agents[0]
    return f"{name} +{len(question.agents) - 1}" if len(question.agents) > 1 else name


def facts(picture: Picture, question: QuestionView) -> list[str]:
    """What it holds up, what its agent has cost so far and who passed it on."""
    said = [f"holds {', '.join(question.holds)}"] if question.holds else []
    agent = picture.agents.get(question.agents[0]) if question.agents else None
    if agent is not None:
        said.append(dollars(agent.cost_usd))
    if question.passed_by is not None:
        passer = picture.agents.get(question.passed_by)
        said.append(f"{one_line(passer.title, 40) if passer is not None else question.passed_by} passed it on")
    return said
