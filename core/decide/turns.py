"""What follows when a model call has ended: its tool calls are taken up, or the call is tried again."""

from __future__ import annotations

from ..events import RetryScheduled, SpawnRefused, Voice
from ..ids import EffectId
from ..outcomes import ModelErrorKind, StopReason, TurnCompleted, TurnFailed
from ..state import AgentRecord
from . import blockers, questions, team
from .decision import Decision

FIRST_BACKOFF_MS = 1_000
"""Before the second attempt; doubled for each one after."""
MAX_BACKOFF_MS = 60_000
"""No call waits longer than this before it is tried again, whatever a server asks for."""

SPAWN = "spawn_agent"
"""A call of this name that cannot even be read is a refusal like any other."""

CUT = (
    "Your last message was cut at its token limit; tool calls in it that were not complete were dropped. "
    "Go on, in smaller steps."
)
GO_ON = "Go on."
REFUSED = "the model declined to go on"
FULL = "the conversation no longer fits the model's context window"


def completed(d: Decision, record: AgentRecord, effect: EffectId, turn: TurnCompleted) -> None:
    """Take up the calls of a whole message, in their order."""
    if record.is_ending:
        return
    for call in turn.calls:
        if call.error is not None:
            if call.name == SPAWN:
                d.emit(SpawnRefused(record.id, call.brief, "spec", call.error))
            d.answer_call(record, call.call_id, call.error, is_error=True)
        elif call.command is not None:
            team.carry_out(d, record, call.call_id, call.command)
    if turn.stop_reason not in (StopReason.MAX_TOKENS, StopReason.PAUSE_TURN):
        questions.pass_up_unanswered(d, record, effect, turn.calls)
    match turn.stop_reason:
        case StopReason.MAX_TOKENS:
            d.tell(record, CUT, Voice.ENGINE, wakes=False)
        case StopReason.PAUSE_TURN:
            d.tell(record, GO_ON, Voice.ENGINE, wakes=False)
        case StopReason.REFUSAL:
            blockers.fail(d, record, REFUSED)
        case StopReason.CONTEXT_FULL:
            blockers.fail(d, record, FULL)
        case _:
            pass


def failed(d: Decision, record: AgentRecord, failure: TurnFailed) -> None:
    """Try again later, or let the agent fail, or ask the user where only a person can help."""
    if record.is_ending:
        return
    kind = failure.error
    if kind.is_transient and record.tries < d.state.started.limits.max_attempts:
        until = d.at + backoff_ms(record.tries, failure.retry_after_ms, record.id)
        gate = kind.parks_all
        if gate and d.state.gate_until is not None:
            until = max(until, d.state.gate_until)
        d.emit(RetryScheduled(record.id, until, kind.value, gate))
    elif kind is ModelErrorKind.TOO_LONG:
        blockers.fail(d, record, FULL)
    else:
        blockers.ask_about_outage(d, record, f"{kind.value.replace('_', ' ')}: {failure.message}")


def backoff_ms(tries: int, retry_after_ms: int | None, salt: str) -> int:
    """How long to wait before attempt `tries` + 1: what the server asks for, capped, else doubling from a second.

    Up to a quarter is added, different for each agent (`salt`) and attempt, so that they do not all come at once.
    """
    base: int = min(FIRST_BACKOFF_MS * 2 ** (tries - 1), MAX_BACKOFF_MS)
    if retry_after_ms is not None:
        base = min(max(retry_after_ms, 1), MAX_BACKOFF_MS)
    spread = sum(salt.encode()) * 2_654_435_761 * (tries + 1) % 1_000
    return min(base + base * spread // 4_000, MAX_BACKOFF_MS)
