"""Pause, resume, stop, kill, and the other things a person does to a run."""

from __future__ import annotations

from dataclasses import replace

from .. import commands as c
from ..admission import Refusal, admit
from ..events import AgentPaused, AgentResumed, AgentSpawned, KillRequested, StopRequested, Voice
from ..ids import ORCHESTRATOR, AgentId, agent_id
from ..instructions import LandBranch
from ..state import AgentRecord
from . import questions
from .decision import Decision


def carry_out(d: Decision, command: c.AnyCommand) -> None:
    """Carry out a command of the user."""
    match command:
        case c.PauseAgent(agent_id=name) | c.ResumeAgent(agent_id=name):
            _on_subtree(d, command, name)
        case c.StopAgent(agent_id=name) | c.KillAgent(agent_id=name):
            _on_subtree(d, command, name)
        case c.MessageAgent(agent_id=name, text=text):
            _message(d, name, text)
        case c.AnswerQuestion(question_id=question, text=text):
            questions.answer_by_user(d, question, text)
        case c.RetryAgent(agent_id=name):
            _retry(d, name)
        case c.LandRun():
            _land(d)
        case _:
            d.refuse("that is for agents alone")


def _on_subtree(d: Decision, command: c.AnyCommand, name: AgentId | None) -> None:
    record = d.state.agents.get(name or ORCHESTRATOR)
    if record is None:
        d.refuse(f"there is no agent {name} in this run")
    elif not record.is_live:
        d.refuse(f"{record.id} has already ended")
    else:
        d.answer = apply(d, command, record, by=None)


def apply(d: Decision, command: c.AnyCommand, record: AgentRecord, *, by: AgentId | None) -> str:
    """Do `command` to `record` and everything alive below it; say what was done."""
    live = [agent for agent in d.state.subtree(record.id) if agent.is_live]
    match command:
        case c.PauseAgent():
            chosen = [agent for agent in live if not agent.paused]
            for agent in chosen:
                d.emit(AgentPaused(agent.id, by))
            done, already = "paused", "is already paused"
        case c.ResumeAgent():
            chosen = [agent for agent in live if agent.paused]
            for agent in chosen:
                d.emit(AgentResumed(agent.id, by))
            done, already = "resumed", "is not paused"
        case c.StopAgent():
            chosen = [agent for agent in live if agent.stop is None]
            for agent in chosen:
                d.emit(StopRequested(agent.id, by))
            done, already = "stopping", "is already stopping"
        case _:
            chosen = [agent for agent in live if agent.kill is None]
            for agent in chosen:
                d.emit(KillRequested(agent.id, by))
                d.cancel_effects(agent)
            done, already = "killing", "is already being killed"
    return f"{done} {', '.join(agent.id for agent in chosen)}" if chosen else f"{record.id} {already}"


def _message(d: Decision, name: AgentId, text: str) -> None:
    record = d.state.agents.get(name)
    if record is None:
        d.refuse(f"there is no agent {name} in this run")
    elif not record.is_live:
        d.refuse(f"{name} has ended and reads no more")
    elif record.claim is not None:
        d.refuse(f"{name} has finished and is being checked; it reads no more")
    elif not text.strip():
        d.refuse("the message is empty")
    else:
        d.tell(record, f"The user says: {text}", Voice.USER)
        d.answer = f"told {name}"


def _retry(d: Decision, name: AgentId) -> None:
    record = d.state.agents.get(name)
    if record is None or record.parent is None:
        d.refuse(f"there is no agent {name} to retry in this run")
        return
    parent = d.state.agents[record.parent]
    if record.is_live:
        d.refuse(f"{name} is still at work")
    elif not parent.is_live or parent.claim is not None:
        d.refuse(f"{parent.id}, which would get the result, has ended")
    else:
        admitted = admit(d.state, parent.id, replace(record.spec))
        if isinstance(admitted, Refusal):
            d.refuse(admitted.words)
            return
        again = agent_id(len(d.state.agents))
        d.emit(AgentSpawned(agent_id=again, parent=parent.id, depth=parent.depth + 1, spec=admitted))
        d.tell(parent, f'The user started {again} "{admitted.title}": {name} once more.', Voice.USER)
        d.answer = f"started {again}"


def _land(d: Decision) -> None:
    state = d.state
    if any(isinstance(effect.instruction, LandBranch) for effect in state.effects.values()):
        d.refuse("the result is being landed already")
    elif state.landing is not None and state.landing[0].commit == state.tip:
        d.refuse(f"the result is already in {state.landing[0].branch}")
    elif state.tip == state.started.base:
        d.refuse("nothing was merged in this run, so there is nothing to land")
    elif state.end is None:
        d.refuse("the run has not ended; its result can be landed when it has")
    else:
        d.open(LandBranch(state.tip), None)
        d.answer = f"landing {state.tip[:10]}"
