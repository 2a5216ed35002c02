"""What agents are told about each other, in words: results, news, questions."""

from __future__ import annotations

from ..ids import AgentId
from ..money import usd
from ..selectors import paused, reason, status
from ..state import AgentRecord, Await, QuestionRecord, State


def headline(state: State, record: AgentRecord) -> str:
    """One line on how `record` stands."""
    words = [f'{record.id} "{record.spec.title}"', status(state, record).value]
    if record.end is not None and record.end.verdict is not None:
        words.append(record.end.verdict.value)
    why = reason(state, record)
    if why is not None:
        words.append(why.words)
    if record.paused:
        words.append(paused(record).value)
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


def await_result(state: State, waiting: Await) -> str:
    """What a wait that is over hands back."""
    ended = [state.agents[a] for a in waiting.agent_ids if not state.agents[a].is_live]
    lines = [f"{len(ended)} of {len(waiting.agent_ids)} have ended."]
    lines += [result(state, record) for record in ended]
    return "\n\n".join([*lines, *_unfinished(state, waiting)])


def early_return(state: State, waiting: Await) -> str:
    """What a wait that ends early hands back."""
    return "\n\n".join(["The wait ended early: there is news for you below.", *_unfinished(state, waiting)])


def timed_out(state: State, waiting: Await) -> str:
    """What a wait hands back whose time is over."""
    return "\n\n".join(["The wait timed out.", *_unfinished(state, waiting)])


def _unfinished(state: State, waiting: Await) -> list[str]:
    live = [state.agents[a] for a in waiting.agent_ids if state.agents[a].is_live]
    if not live:
        return []
    return ["Not ended yet:\n" + "\n".join(headline(state, record) for record in live)]


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
        f"If the order, a file or the user's words settle it, call answer({question.id!r}, ..., cite=<the exact words>); "
        f"otherwise call escalate({question.id!r}). If you do neither, it goes to the user."
    )
    return "\n".join(lines)


def answer_for_asker(question: QuestionRecord) -> str:
    """The result of the asking call: the answer alone on its first line."""
    by = question.answered_by or "the user"
    cite = f', who quotes: "{question.cite}"' if question.cite else ""
    return f"{question.answer}\n\n(answered by {by}{cite})"
