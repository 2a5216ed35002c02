"""What agents are told about each other, in words: results, news, questions."""

from __future__ import annotations

from ..ids import AgentId
from ..money import usd
from ..standing import pause, standing
from ..state import AgentRecord, Await, QuestionRecord, State


def headline(state: State, record: AgentRecord) -> str:
    """One line on how `record` stands."""
    status, why = standing(state, record)
    words = [f'{record.id} "{record.spec.title}"', status.value]
    if record.end is not None and record.end.verdict is not None:
        words.append(record.end.verdict.value)
    if why is not None:
        words.append(why.words)
    if record.paused:
        words.append(pause(record).value)
    words.append(f"${usd(record.subtree_usd)}")
    return ", ".join(words)


def result(state: State, record: AgentRecord) -> str:
    """How an ended agent ended, with as much of its result as a parent is handed."""
    assert record.end is not None
    text = record.end.summary.encode()
    room = state.started.limits.result_bytes
    body = text[:room].decode(errors="ignore")
    if len(text) > room:
        body += f"\n[{len(text) - room} more bytes: read_response({record.id!r})]"
    return f"{headline(state, record)}\n{body}".rstrip()


EARLY = "The wait ended early: there is news for you below."
TIMED_OUT = "The wait timed out."


def await_result(state: State, waiting: Await, how: str = "") -> str:
    """What a wait hands back, with `how` it ended if it did not end as it was to."""
    agents = [state.agents[agent_id] for agent_id in waiting.agent_ids]
    ended = [record for record in agents if not record.is_live]
    live = [headline(state, record) for record in agents if record.is_live]
    parts = [how] if how else []
    parts.append(f"{len(ended)} of {len(agents)} have ended.")
    parts += [result(state, record) for record in ended]
    if live:
        parts.append("\n".join(["Not ended yet:", *live]))
    return "\n\n".join(parts)


def overview(state: State, agent_ids: tuple[AgentId, ...]) -> str:
    """How several agents stand, a line each."""
    return "\n".join(headline(state, state.agents[a]) for a in agent_ids) or "You have no agents."


def question_for_parent(state: State, question: QuestionRecord, asker: AgentRecord) -> str:
    """What a parent reads when its child asks."""
    lines = [f'{asker.id} "{asker.spec.title}" asks {question.id}: {question.text}']
    if question.options:
        lines.append(f"Options: {' / '.join(question.options)}")
    if question.why:
        lines.append(f"Why: {question.why}")
    lines.append(
        f"If the order, a file or the user's words settle it, call answer({question.id!r}, ..., cite=<the exact "
        f"words>); otherwise call escalate({question.id!r}). If you do neither, it goes to the user."
    )
    return "\n".join(lines)


def answer_for_asker(question: QuestionRecord) -> str:
    """The result of the asking call: the answer alone on its first line."""
    by = question.answered_by or "the user"
    cite = f', who quotes: "{question.cite}"' if question.cite else ""
    return f"{question.answer}\n\n(answered by {by}{cite})"
