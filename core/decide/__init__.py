"""The kernel's decisions: given a state and an input, what is so from now on and what must be done.

`decide` is the only way in. It reads no clock and does nothing; the engine journals the events it returns and then
carries out the instructions.
"""

from __future__ import annotations

from ..events import AgentSpawned, BlockerCause, EngineResumed, MachineNoted, PriceLearned
from ..ids import ORCHESTRATOR
from ..inputs import EffectEnded, EngineRestarted, Input, MachineRead, PriceRead, Request, StartRun, Tick
from ..instructions import FindCitation, StartTool
from ..outcomes import (
    AnyOutcome,
    CitationChecked,
    Conflicted,
    EffectFailed,
    TurnCompleted,
    TurnFailed,
    WorkspaceFailed,
)
from ..reducer import close_decision
from ..spec import Spec, WorkspaceKind
from ..state import EffectRecord, State
from . import blockers, control, questions, recovery, turns
from .decision import Decision
from .progress import advance, next_due

__all__ = ["Decision", "decide"]

GIB = 1024**3


def decide(state: State, given: Input, at: int) -> Decision:
    """Decide about one input at time `at`; `state` is changed by the events that are returned.

    A command that is refused leaves no events. An outcome of an effect that is not open is ignored.
    """
    d = Decision(state, max(at, state.at))
    match given:
        case StartRun():
            _start(d, given)
        case Request(command=command):
            control.carry_out(d, command)
        case EffectEnded(effect_id=effect, outcome=outcome):
            if effect in state.effects:
                _ended(d, state.effects[effect], outcome)
        case EngineRestarted():
            d.emit(EngineResumed())
            recovery.take_over(d)
        case MachineRead():
            _machine(d, given)
        case PriceRead(model=model, price=price):
            if model not in state.prices:
                d.emit(PriceLearned(model, price))
        case Tick():
            pass
    if state.run is not None and state.end is None and not d.refused:
        advance(d)
    if d.events:
        close_decision(state, d.at)
    d.wake_at = next_due(state, d.at) if state.end is None else None
    return d


def _start(d: Decision, given: StartRun) -> None:
    d.emit(given.started)
    commands = tuple(f"$ {command}" for command in given.started.validation)
    spec = Spec(
        title="orchestrator",
        outcome=given.started.goal,
        acceptance=commands or ("The goal is reached.",),
        workspace=WorkspaceKind.READ_ONLY,
    )
    d.emit(AgentSpawned(agent_id=ORCHESTRATOR, parent=None, depth=0, spec=spec))


def _ended(d: Decision, effect: EffectRecord, outcome: AnyOutcome) -> None:
    """Close an effect and let the agent take it from there."""
    d.close(effect.id, outcome)
    record = d.state.agents[effect.agent_id] if effect.agent_id is not None else None
    if record is None:
        return
    instruction = effect.instruction
    if record.is_ending:
        return
    match outcome:
        case TurnCompleted():
            turns.completed(d, record, effect.id, outcome)
        case TurnFailed():
            turns.failed(d, record, outcome)
        case CitationChecked() if isinstance(instruction, FindCitation):
            questions.citation_checked(d, record, instruction, outcome)
        case Conflicted(paths=paths, detail=detail):
            evidence = f"conflicts in {', '.join(paths)}\n{detail}".strip()
            if record.fixes is not None:
                blockers.fail(d, record, evidence)
            else:
                blockers.found(d, record, BlockerCause.CONFLICT, evidence)
        case WorkspaceFailed(message=message):
            blockers.fail(d, record, message)
        case EffectFailed(message=message) if isinstance(instruction, FindCitation):
            d.answer_call(record, instruction.call_id, message, is_error=True)
        case EffectFailed(message=message) if not isinstance(instruction, StartTool):
            blockers.fail(d, record, message)
        case _:
            pass


def _machine(d: Decision, given: MachineRead) -> None:
    """Note when the machine gets short of room, and when it no longer is."""
    if d.state.run is None:
        return
    limits = d.state.started.limits
    shortage, trickles = None, False
    if given.free_bytes < limits.min_free_bytes:
        shortage = f"{given.free_bytes / GIB:.1f} GB free < {limits.min_free_bytes / GIB:.1f} GB"
    elif given.load_per_core > limits.max_load_per_core:
        shortage, trickles = f"load {given.load_per_core:.1f} per core > {limits.max_load_per_core:.1f}", True
    if (shortage is None, trickles) != (d.state.shortage is None, d.state.trickles):
        d.emit(MachineNoted(shortage, trickles))
