"""What a model may ask of the kernel: its team tools. Each call gets its result at once, or stays pending."""

from __future__ import annotations

from .. import commands as c
from ..admission import Refusal, admit, numbers_left
from ..events import AgentSpawned, AwaitStarted, FinishClaimed, SpawnRefused, Voice
from ..ids import AgentId, CallId, agent_id
from ..needs import resolve, waits_for
from ..state import AgentRecord
from . import control, questions, reports
from .decision import Decision


def carry_out(d: Decision, record: AgentRecord, call_id: CallId, command: c.AnyCommand) -> None:
    """Carry out one team call of `record`."""
    match command:
        case c.SpawnAgent():
            _spawn(d, record, call_id, command)
        case c.AwaitAgents():
            _await(d, record, call_id, command)
        case c.CheckAgents(agent_ids=words):
            found = _named(d, record, call_id, words)
            if found is not None:
                d.answer_call(record, call_id, reports.overview(d.state, found))
        case c.AskQuestion():
            questions.ask(d, record, call_id, command)
        case c.AnswerQuestion(question_id=name, text=text, cite=cite):
            questions.answer_by_agent(d, record, call_id, name, text, cite)
        case c.EscalateQuestion(question_id=name):
            questions.escalate(d, record, call_id, name)
        case c.FinishAgent():
            _finish(d, record, call_id, command)
        case c.MessageAgent(agent_id=name, text=text):
            _message(d, record, call_id, name, text)
        case c.PauseAgent(agent_id=name) | c.ResumeAgent(agent_id=name) | c.StopAgent(agent_id=name):
            _control(d, record, call_id, command, name)
        case _:
            d.answer_call(record, call_id, "that is for the user alone", is_error=True)


def _spawn(d: Decision, record: AgentRecord, call_id: CallId, command: c.SpawnAgent) -> None:
    admitted = admit(d.state, record.id, command.spec)
    if isinstance(admitted, Refusal):
        d.emit(SpawnRefused(record.id, command.spec.title, admitted.code, admitted.words))
        left = numbers_left(d.state, record.id)
        d.answer_call(record, call_id, f"refused: {admitted.words} ({left})", is_error=True)
        return
    name = agent_id(len(d.state.agents))
    d.emit(AgentSpawned(agent_id=name, parent=record.id, depth=record.depth + 1, spec=admitted))
    left = numbers_left(d.state, record.id)
    d.answer_call(record, call_id, f'spawned {name} "{admitted.title}" ({left})')


def _named(d: Decision, record: AgentRecord, call_id: CallId, words: tuple[AgentId, ...]) -> tuple[AgentId, ...] | None:
    """The agents that `words` name, all children for none; None if the call was answered with an error instead."""
    if not words:
        return tuple(record.children)
    found, unknown = resolve(d.state, record.id, words)
    if unknown:
        d.answer_call(record, call_id, f"nobody is called {', '.join(unknown)}", is_error=True)
        return None
    return found


def _await(d: Decision, record: AgentRecord, call_id: CallId, command: c.AwaitAgents) -> None:
    found = _named(d, record, call_id, command.agent_ids)
    if found is None:
        return
    if not command.agent_ids:
        found = tuple(child for child in found if d.state.agents[child].is_live)
    if not found:
        d.answer_call(record, call_id, "there is nobody to wait for", is_error=True)
        return
    for name in found:
        if waits_for(d.state, (name,), record.id):
            d.answer_call(
                record, call_id, f"{name} itself waits for {record.id}: neither would ever end", is_error=True
            )
            return
    if record.waiting is not None:
        d.answer_call(record, call_id, "you already wait in another call of this message", is_error=True)
        return
    count = len(found) if command.count is None else max(1, min(command.count, len(found)))
    deadline = None if command.timeout_ms is None else d.at + max(0, command.timeout_ms)
    d.emit(AwaitStarted(record.id, call_id, found, count, deadline))


def _finish(d: Decision, record: AgentRecord, call_id: CallId, command: c.FinishAgent) -> None:
    live = [child for child in record.children if d.state.agents[child].is_live]
    if live:
        names = ", ".join(live)
        d.answer_call(record, call_id, f"{names} have not ended: await them or stop them first", is_error=True)
    elif record.has_unread_words:
        d.answer_call(record, call_id, "there is news you have not read; it stands below", is_error=True)
    elif len(record.calls) > 1:
        d.answer_call(record, call_id, "call finish alone, once the other calls have their results", is_error=True)
    else:
        d.answer_call(record, call_id, "taken; the engine now checks it")
        d.emit(FinishClaimed(record.id, command.outcome, command.evidence, command.failed))


def _message(d: Decision, record: AgentRecord, call_id: CallId, name: AgentId, text: str) -> None:
    other = d.state.agents.get(name)
    if other is None:
        d.answer_call(record, call_id, f"nobody is called {name}", is_error=True)
    elif not other.is_live or other.claim is not None:
        d.answer_call(record, call_id, f"{name} has finished and reads no more", is_error=True)
    else:
        voice = Voice.PARENT if other.parent == record.id else Voice.CHILD
        d.tell(other, f'{record.id} "{record.spec.title}" says: {text}', voice)
        d.answer_call(record, call_id, f"told {name}")


def _control(d: Decision, record: AgentRecord, call_id: CallId, command: c.AnyCommand, name: AgentId | None) -> None:
    other = d.state.agents.get(name) if name is not None else None
    if other is None or record not in d.state.ancestors(other.id)[1:]:
        d.answer_call(record, call_id, f"{name} is not an agent below you", is_error=True)
        return
    said = control.apply(d, command, other, by=record.id)
    d.answer_call(record, call_id, said)
