"""Why an agent is not further, as an exact chain that ends where something has to happen.

`a9 ← needs a8 ← blocked on q2 ← you, 6 min`
"""

from __future__ import annotations

from pilothouse.core.face.picture import Picture
from pilothouse.core.status import Pause
from pilothouse.core.views import AgentView, QuestionView

from .glyphs import UNICODE, GlyphSet, mark_of
from .sanitize import one_line
from .words import duration_long

RESUME = "p resumes it"
"""Who paused an agent is not in its view; who can resume it is the user."""


def why(picture: Picture, agent_id: str, now: int, glyphs: GlyphSet = UNICODE) -> str:
    """The chain for one agent in one line."""
    agent = picture.agents.get(agent_id)
    if agent is None:
        return f"{agent_id} is not known"
    return f" {glyphs.arrow} ".join([agent_id, *_links(picture, agent, now, frozenset())])


def _links(picture: Picture, agent: AgentView, now: int, seen: frozenset[str]) -> list[str]:
    if agent.status.is_terminal:
        words = one_line(agent.reason.words, 200) if agent.reason is not None else ""
        mark = mark_of(agent)
        return [f"{mark.word}: {words}" if words and not words.startswith(mark.word) else words or mark.word]
    if agent.pause is not Pause.NONE:
        return [mark_of(agent).word, RESUME]
    question = open_question_of(picture, agent.id)
    if question is not None:
        return _question_links(picture, question, now, seen | {agent.id})
    if agent.reason is None:
        return [f"running: {one_line(agent.activity, 200) or 'thinking'}, {duration_long(now - agent.since)}"]
    words = one_line(agent.reason.words, 200)
    if agent.reason.until is not None:
        return [f"{words}, {duration_long(agent.reason.until - now)} left"]
    return [words, *_beyond(picture, agent, now, seen | {agent.id})]


def _beyond(picture: Picture, agent: AgentView, now: int, seen: frozenset[str]) -> list[str]:
    """What the reason of an agent points at: the branch that ends with a person, else the first one."""
    ids = agent.reason.ids if agent.reason is not None else ()
    chains: list[tuple[str, list[str]]] = []
    for each in ids:
        if (question := picture.questions.get(each)) is not None and question.answer is None:
            chains.append((each, _question_links(picture, question, now, seen)))
        elif (needed := picture.agents.get(each)) is not None and each not in seen and not needed.status.is_terminal:
            chains.append((each, _links(picture, needed, now, seen)))
    if not chains:
        return [f"{duration_long(now - agent.since)}"]
    chosen, links = next((chain for chain in chains if _ends_with_person(chain[1])), chains[0])
    if len(chains) > 1 and links:
        links = [f"{chosen}: {links[0]}" if chosen in picture.agents else links[0], *links[1:]]
    return links


def _question_links(picture: Picture, question: QuestionView, now: int, seen: frozenset[str]) -> list[str]:
    waited = duration_long(now - question.asked_at)
    blocked = f"blocked on {question.id}"
    if question.holder is None:
        return [blocked, f"you, {waited}"]
    holder = picture.agents.get(question.holder)
    if holder is None or question.holder in seen or holder.reason is None:
        return [blocked, f"{question.holder} is to answer, {waited}"]
    return [blocked, f"{question.holder} is to answer", *_links(picture, holder, now, seen)]


def _ends_with_person(links: list[str]) -> bool:
    return bool(links) and links[-1].startswith(("you", RESUME))


def open_question_of(picture: Picture, agent_id: str) -> QuestionView | None:
    """The question an agent waits on, oldest first."""
    return next((q for q in picture.questions.values() if q.answer is None and agent_id in q.agents), None)
