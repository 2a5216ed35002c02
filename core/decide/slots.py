"""Who works next: agents at work before new ones, the longest remaining path first, never more than there are slots."""

from __future__ import annotations

from ..admission import may_start
from ..commands import AnswerQuestion
from ..escrow import Reservation, Shortfall, reserve
from ..events import BlockerCause
from ..ids import AgentId
from ..instructions import (
    AnyInstruction,
    CheckPlace,
    FindCitation,
    MergeWork,
    PrepareWorkspace,
    RunChecks,
    StartTool,
    StartTurn,
)
from ..needs import remaining_path
from ..outcomes import ToolCall
from ..standing import is_held, is_ready_to_start, wants_turn
from ..state import AgentRecord, State
from . import blockers, claims
from .decision import Decision

PARALLEL_TOOLS = frozenset({"read", "glob", "grep", "read_response"})
"""Tools that change nothing: those that follow each other in a message run side by side, all others in order."""


def hand_out(d: Decision) -> None:
    """Open what every agent does next, as far as the slots reach."""
    state = d.state
    at_work = [r for r in state.live.values() if _is_at_work(r)]
    new = [r for r in state.live.values() if is_ready_to_start(state, r)]
    free = state.started.limits.max_running - state.running
    path = remaining_path(state) if len(at_work) + len(new) > free else {}
    for record in sorted(at_work, key=lambda r: (not r.holds_slot, -path.get(r.id, 0), r.since)):
        for instruction in _next(d, record):
            if instruction.holds_slot and not record.holds_slot and state.running >= state.started.limits.max_running:
                break
            d.open(instruction, record.id)
    for record in sorted(new, key=lambda r: (r.fixes is None, -path.get(r.id, 0))):
        if not may_start(state):
            break
        d.open(_preparation(state, record), record.id)


def _is_at_work(record: AgentRecord) -> bool:
    """Whether it has begun and may have something to do now."""
    begun = record.checkout is not None or record.parent is None
    return begun and (bool(record.calls) or not record.effects) and not is_held(record)


def _next(d: Decision, record: AgentRecord) -> list[AnyInstruction]:
    """What an agent at work does next; empty while something else has to end first."""
    if record.calls:
        return _calls(record)
    if record.effects:
        return []
    if record.checkout is None:
        return _beginning(d, record)
    if record.claim is not None:
        return _proof(d.state, record)
    return _turn(d, record) if wants_turn(record) else []


def _beginning(d: Decision, root: AgentRecord) -> list[AnyInstruction]:
    """Before the orchestrator's first turn: the validation on the untouched base, then its checkout."""
    state, started = d.state, d.state.started
    if started.validation and state.base_checks is None:
        return [RunChecks(CheckPlace.BASE, started.validation, started.base)]
    failed = [result for result in state.base_checks or () if not result.passed]
    if failed and not state.base_accepted:
        blockers.ask_about_base(d, root, failed[0])
        return []
    return [_preparation(state, root)]


def _preparation(state: State, record: AgentRecord) -> AnyInstruction:
    """A checkout of its own, or for a fixer that of the writer it fixes."""
    fixed = state.agents[record.fixes] if record.fixes is not None else None
    of: AgentId | None = None
    merge: str | None = None
    if fixed is not None and fixed.spec.is_writer and fixed.checkout is not None:
        of = fixed.checkout.owner
        if fixed.blocker is not None and fixed.blocker.cause is BlockerCause.CONFLICT:
            merge = state.tip
    return PrepareWorkspace(record.spec.workspace, state.tip, of, merge)


def _proof(state: State, record: AgentRecord) -> list[AnyInstruction]:
    """What its claim still lacks: the checks, then the merge, one agent after another."""
    if claims.must_check(state, record):
        commands = claims.commands_of(state, record)
        if record.parent is None:
            return [RunChecks(CheckPlace.RUN, commands, state.tip)]
        return [RunChecks(CheckPlace.WORKSPACE, commands)]
    if claims.must_merge(record) and not any(isinstance(e.instruction, MergeWork) for e in state.effects.values()):
        return [MergeWork(state.tip, record.spec.title)]
    return []


def _calls(record: AgentRecord) -> list[AnyInstruction]:
    """The calls to carry out now, in the order of the message: harmless ones together, any other alone."""
    under_way = {
        effect.instruction.call_id
        for effect in record.effects.values()
        if isinstance(effect.instruction, StartTool | FindCitation)
    }
    found: list[AnyInstruction] = []
    for call in record.calls.values():
        instruction = _carry_out(call)
        if instruction is None or call.call_id in under_way:
            continue
        if isinstance(instruction, FindCitation) or call.name in PARALLEL_TOOLS:
            found.append(instruction)
        else:
            return found or ([] if record.effects else [instruction])
    return found


def _carry_out(call: ToolCall) -> StartTool | FindCitation | None:
    match call.command:
        case None:
            return StartTool(call.call_id, call.name, call.brief)
        case AnswerQuestion(question_id=question, text=text, cite=cite):
            return FindCitation(question, call.call_id, text, cite or "")
        case _:
            return None


def _turn(d: Decision, record: AgentRecord) -> list[AnyInstruction]:
    """The next call of the model, with the money for its worst case set aside."""
    state = d.state
    if max(state.gate_until or 0, record.retry_at or 0) > d.at or record.model not in state.prices:
        return []
    fit = reserve(state, record)
    if isinstance(fit, Reservation):
        return [StartTurn(record.model, fit.max_tokens, len(record.inbox), fit.usd, record.tries + 1)]
    # Asked for only when a slot is free as well: what others leave over may be enough by then.
    waits = isinstance(fit, Shortfall) and fit.may_pass
    if not waits and (record.holds_slot or state.running < state.started.limits.max_running):
        blockers.ask_about_money(d, record, fit)
    return []
