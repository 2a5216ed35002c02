"""What is in flight, the slots and the money it holds, and what came of it: how effects change the state.

A part of the reducer; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from . import events as e
from .instructions import CheckPlace, LandBranch, PrepareWorkspace, RunChecks, StartTool, StartTurn
from .outcomes import (
    AnyOutcome,
    Cancelled,
    ChecksFinished,
    EffectFailed,
    Landed,
    Merged,
    ToolFinished,
    TurnCompleted,
    TurnFailed,
    WorkspaceReady,
)
from .state import AgentRecord, Checkout, EffectRecord, Note, State
from .views import MergeView


def effect_opened(state: State, event: e.EffectOpened, at: int) -> None:
    agent_id, instruction = event.agent_id, event.instruction
    effect = EffectRecord(event.effect_id, agent_id, instruction, at)
    state.effects[effect.id] = effect
    state.last_effect += 1
    if type(instruction) is LandBranch:
        state.landing_refused = None
    if agent_id is None:
        return
    record = state.agents[agent_id]
    record.effects[effect.id] = effect
    record.since = at
    state.touched.add(agent_id)
    if instruction.holds_slot:
        record.slots += 1
        if record.slots == 1:
            record.running_since = at
            state.running += 1
    if type(instruction) is StartTurn:
        record.retry_at = None
        _reserve(state, record, instruction.reserved_usd)


def _reserve(state: State, record: AgentRecord, amount: Decimal) -> None:
    above: AgentRecord | None = record
    while above is not None:
        above.reserved_usd += amount
        above = state.agents[above.parent] if above.parent is not None else None


def effect_closed(state: State, event: e.EffectClosed, at: int) -> None:
    effect, outcome = state.effects.pop(event.effect_id), event.outcome
    record = None
    if effect.agent_id is not None:
        record = state.agents[effect.agent_id]
        del record.effects[effect.id]
        state.touched.add(effect.agent_id)
        if effect.instruction.holds_slot:
            record.slots -= 1
            if record.slots == 0 and record.running_since is not None:
                record.running_ms += at - record.running_since
                record.running_since = None
                state.running -= 1
        if type(effect.instruction) is StartTurn:
            _settle(state, record, effect.instruction, outcome)
    handler = _OUTCOMES.get(type(outcome))
    if handler is not None:
        handler(state, record, effect, outcome, at)


def _settle(state: State, record: AgentRecord, turn: StartTurn, outcome: AnyOutcome) -> None:
    """Free what was set aside for a call and charge what it cost, all the way up; the whole of it if nobody knows."""
    record.attempts += 1
    cost, estimated = turn.reserved_usd, True
    if isinstance(outcome, _CHARGED):
        cost, estimated = outcome.cost_usd, outcome.estimated
        record.tokens += outcome.tokens
    if estimated:
        record.estimated = True
    record.cost_usd += cost
    above: AgentRecord | None = record
    while above is not None:
        above.reserved_usd -= turn.reserved_usd
        above.subtree_usd += cost
        state.touched.add(above.id)
        above = state.agents[above.parent] if above.parent is not None else None


def _turn_completed(state: State, record: AgentRecord, effect: EffectRecord, outcome: TurnCompleted, at: int) -> None:
    assert isinstance(effect.instruction, StartTurn)
    record.conversation.append(outcome.span)
    del record.inbox[: effect.instruction.notes]
    if not record.is_ending:
        record.calls = {call.call_id: call for call in outcome.calls}
    record.context_tokens = outcome.tokens.context + outcome.tokens.output
    record.context_spans = len(record.conversation)
    record.turns += 1
    record.tries = 0
    if outcome.text:
        record.last_text = outcome.text


def _turn_failed(state: State, record: AgentRecord, effect: EffectRecord, outcome: TurnFailed, at: int) -> None:
    record.tries += 1


def _tool_finished(state: State, record: AgentRecord, effect: EffectRecord, outcome: ToolFinished, at: int) -> None:
    assert isinstance(effect.instruction, StartTool)
    record.conversation.append(outcome.span)
    record.calls.pop(effect.instruction.call_id, None)


def _workspace_ready(state: State, record: AgentRecord, effect: EffectRecord, outcome: WorkspaceReady, at: int) -> None:
    assert isinstance(effect.instruction, PrepareWorkspace)
    owner = effect.instruction.of or record.id
    record.checkout = Checkout(outcome.path, outcome.base, outcome.branch, owner)


def _checks_finished(
    state: State, record: AgentRecord | None, effect: EffectRecord, outcome: ChecksFinished, at: int
) -> None:
    assert isinstance(effect.instruction, RunChecks)
    if effect.instruction.place is CheckPlace.BASE:
        state.base_checks = outcome.results
    elif record is not None:
        record.checks = outcome.results


def _merged(state: State, record: AgentRecord, effect: EffectRecord, outcome: Merged, at: int) -> None:
    record.merged = True
    state.tip = outcome.tip
    if outcome.commit is not None:
        state.merges.append(
            MergeView(record.id, outcome.commit, outcome.files, outcome.insertions, outcome.deletions, at)
        )


def _landed(state: State, record: AgentRecord | None, effect: EffectRecord, outcome: Landed, at: int) -> None:
    state.landing = (outcome, at)
    state.landing_refused = None


def _effect_failed(
    state: State, record: AgentRecord | None, effect: EffectRecord, outcome: EffectFailed, at: int
) -> None:
    if isinstance(effect.instruction, LandBranch):
        state.landing_refused = outcome.message
    elif isinstance(effect.instruction, StartTool) and record is not None:
        call_id = effect.instruction.call_id
        record.calls.pop(call_id, None)
        record.inbox.append(Note(outcome.message, call_id, is_error=True))


_CHARGED = (TurnCompleted, TurnFailed, Cancelled)
"""Outcomes that know what the call cost."""

_OUTCOMES: dict[type, Callable[[State, Any, EffectRecord, Any, int], None]] = {
    TurnCompleted: _turn_completed,
    TurnFailed: _turn_failed,
    ToolFinished: _tool_finished,
    WorkspaceReady: _workspace_ready,
    ChecksFinished: _checks_finished,
    Merged: _merged,
    Landed: _landed,
    EffectFailed: _effect_failed,
}
