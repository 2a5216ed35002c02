"""Questions: put, handed to the parent, passed up to the user, answered once, joined when equal."""

from __future__ import annotations

from ..commands import AnswerQuestion, AskQuestion
from ..events import (
    QuestionAnswered,
    QuestionDropped,
    QuestionJoined,
    QuestionKind,
    QuestionPassedUp,
    Voice,
)
from ..ids import AgentId, CallId, EffectId, QuestionId
from ..instructions import FindCitation
from ..outcomes import CitationChecked, ToolCall
from ..state import AgentRecord, QuestionRecord, State
from . import blockers, reports
from .decision import Decision

LOOKING = frozenset({"read", "glob", "grep", "read_response", "check_agents"})
"""Calls by which a parent looks for the answer: while it makes them the question stays with it."""


def ask(d: Decision, record: AgentRecord, call_id: CallId, command: AskQuestion) -> None:
    """Put an agent's question to its parent, or join one that is already asked."""
    for question in d.state.questions.values():
        if question.is_open and question.kind is QuestionKind.QUESTION and _same(question, command):
            d.emit(QuestionJoined(question.id, record.id, call_id))
            if question.holder is not None and question.holder not in _above(d.state, record.id):
                d.emit(QuestionPassedUp(question.id, question.holder))
            return
    holder = _first_holder(d.state, record)
    name = d.ask(
        record,
        QuestionKind.QUESTION,
        command.text,
        command.options,
        why=command.why,
        default=command.default,
        call_id=call_id,
        holder=holder,
    )
    if holder is not None:
        text = reports.question_for_parent(d.state, d.state.questions[name], record)
        d.tell(d.state.agents[holder], text, Voice.CHILD)


def _same(question: QuestionRecord, command: AskQuestion) -> bool:
    def folded(text: str, options: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(" ".join(part.casefold().split()) for part in (text, *options))

    return folded(question.text, question.options) == folded(command.text, command.options)


def _first_holder(state: State, record: AgentRecord) -> AgentId | None:
    """The nearest agent above that will read it soon, else nobody but the user."""
    for above in state.ancestors(record.id)[1:]:
        ending = above.claim is not None or above.stop is not None or above.kill is not None
        stuck = above.paused or bool(above.asking) or above.question is not None or above.blocker is not None
        if not ending and not stuck:
            return above.id
    return None


def pass_up_unanswered(d: Decision, record: AgentRecord, effect: EffectId, calls: tuple[ToolCall, ...]) -> None:
    """Pass up what `record` could read in the turn `effect` and neither answered nor looked into."""
    if any(call.name in LOOKING for call in calls):
        return
    answering = {c.command.question_id for c in record.calls.values() if isinstance(c.command, AnswerQuestion)}
    for question in list(d.state.questions.values()):
        read = question.is_open and question.holder == record.id and int(effect[1:]) > question.after_effect
        if read and question.id not in answering:
            d.emit(QuestionPassedUp(question.id, record.id))


def answer_by_agent(
    d: Decision, record: AgentRecord, call_id: CallId, name: QuestionId, text: str, cite: str | None
) -> None:
    """Take an agent's answer if it quotes where it stands."""
    question = d.state.questions.get(name)
    if question is None or not any(record.id in _above(d.state, asker) for asker, _ in question.askers):
        d.answer_call(record, call_id, f"there is no question {name} of an agent below you", is_error=True)
    elif not question.is_open:
        d.answer_call(record, call_id, f"{name} is already answered: {question.answer}")
    elif question.kind is not QuestionKind.QUESTION:
        d.answer_call(record, call_id, f"{name} is for the user alone", is_error=True)
    elif not cite or not cite.strip():
        d.answer_call(record, call_id, f"{NO_CITE} call escalate({name!r}) if there is none", is_error=True)
    elif _stands_in_words(d.state, record, question, cite):
        settle(d, question, text, by=record.id, cite=cite)
        d.answer_call(record, call_id, f"{name} is answered")
    # Else the call stays pending until its words have been looked for in the agent's files (see `slots`).


NO_CITE = "an answer needs `cite`: the exact words of the order, a file or the user that settle it;"


def citation_checked(d: Decision, record: AgentRecord, found: FindCitation, outcome: CitationChecked) -> None:
    """Take the answer if its words were found in a file, else pass the question up."""
    question = d.state.questions[found.question_id]
    if not question.is_open:
        d.answer_call(record, found.call_id, f"{question.id} is already answered: {question.answer}")
    elif outcome.where is not None:
        settle(d, question, found.text, by=record.id, cite=f"{found.cite} ({outcome.where})")
        d.answer_call(record, found.call_id, f"{question.id} is answered")
    else:
        words = (
            f"these words stand nowhere in the order, the files or what the user said; {question.id} goes to the user"
        )
        d.answer_call(record, found.call_id, words, is_error=True)
        if question.holder == record.id:
            d.emit(QuestionPassedUp(question.id, record.id))


def _above(state: State, agent_id: AgentId) -> list[AgentId]:
    return [above.id for above in state.ancestors(agent_id)][1:]


def _stands_in_words(state: State, record: AgentRecord, question: QuestionRecord, cite: str) -> bool:
    """Whether `cite` stands word for word in an order above the question or in what the user said."""
    orders = [asker for asker, _ in question.askers] + [record.id]
    texts = list(state.user_words)
    for agent_id in orders:
        spec = state.agents[agent_id].spec
        texts += [spec.outcome, spec.context, *spec.acceptance]
    wanted = " ".join(cite.split())
    return any(wanted in " ".join(text.split()) for text in texts)


def escalate(d: Decision, record: AgentRecord, call_id: CallId, name: QuestionId) -> None:
    """Pass a question up because its holder says so."""
    question = d.state.questions.get(name)
    if question is None or not any(record.id in _above(d.state, asker) for asker, _ in question.askers):
        d.answer_call(record, call_id, f"there is no question {name} of an agent below you", is_error=True)
    elif not question.is_open:
        d.answer_call(record, call_id, f"{name} is already answered: {question.answer}")
    else:
        if question.holder is not None:
            d.emit(QuestionPassedUp(name, record.id))
        d.answer_call(record, call_id, f"{name} is with the user; go on with what does not depend on it")


def answer_by_user(d: Decision, name: QuestionId, text: str) -> None:
    """Take the user's answer, unless somebody was first."""
    question = d.state.questions.get(name)
    if question is None:
        d.refuse(f"there is no question {name} in this run")
    elif not question.is_open:
        by = question.answered_by or "you"
        d.refuse(
            f"{name} was already answered by {by}: {question.answer}"
            if question.answer
            else f"{name} is no longer asked"
        )
    elif not text.strip():
        d.refuse(f"the answer to {name} is empty")
    elif (hint := blockers.not_understood(d.state, question, _as_option(question, text.strip()))) is not None:
        d.refuse(hint)
    else:
        settle(d, question, _as_option(question, text.strip()), by=None)
        d.answer = f"answered {name}: {question.answer}"


def _as_option(question: QuestionRecord, text: str) -> str:
    """The option that `text` names by its words in another case, or by its number, else `text`."""
    for number, option in enumerate(question.options, 1):
        if text.casefold() == option.casefold() or text == str(number):
            return option
    return text


def settle(d: Decision, question: QuestionRecord, text: str, *, by: AgentId | None, cite: str | None = None) -> None:
    """Let `text` be the answer and let everything that hangs on it go on."""
    d.emit(QuestionAnswered(question.id, text, by, cite))
    for asker, call_id in question.askers:
        record = d.state.agents[asker]
        if not record.is_live:
            continue
        if call_id is not None:
            d.answer_call(record, call_id, reports.answer_for_asker(question))
        else:
            blockers.answered(d, record, question, text)


def hand_up(d: Decision, record: AgentRecord) -> bool:
    """One that waits for an answer itself keeps nobody else's question; whether it held one."""
    held = [question.id for question in d.state.questions.values() if question.holder == record.id and question.is_open]
    for name in held:
        d.emit(QuestionPassedUp(name, record.id))
    return bool(held)


def let_go(d: Decision, record: AgentRecord) -> None:
    """`record` is ending: what it held goes up, what only it asked is dropped."""
    hand_up(d, record)
    for question in list(d.state.questions.values()):
        if not question.is_open:
            continue
        if all(asker == record.id or not d.state.agents[asker].is_live for asker, _ in question.askers):
            d.emit(QuestionDropped(question.id))
