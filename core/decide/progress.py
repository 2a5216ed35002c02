"""What follows from the state by itself: called after every input, until nothing more follows."""

from __future__ import annotations

from ..economics import wall_ms
from ..events import FinishClaimed, Nudged, Voice
from ..ids import ORCHESTRATOR
from ..limits import MINUTE
from ..needs import broken
from ..standing import is_idle, wants_turn
from ..standing import next_due as next_due_of_agents
from ..state import AgentRecord, State
from ..status import Reason, Status
from . import blockers, endings, questions, reports, slots
from .decision import Decision

NUDGE = (
    "You ended your turn without calling finish. If the outcome holds, call finish with the evidence; if it cannot be "
    "reached, call finish with failed=true and say why; otherwise go on."
)


def advance(d: Decision) -> None:
    """Let everything follow that follows: ends, waits that are over, checks, merges, new effects."""
    state = d.state
    # Children were spawned after their parents: from behind, most chains end in one round.
    while any([_step(d, record) for record in reversed(list(state.live.values())) if record.is_live]):
        pass
    slots.hand_out(d)
    root = state.agents.get(ORCHESTRATOR)
    if root is not None and root.end is not None and state.end is None:
        endings.end_run(d, root)


def _step(d: Decision, record: AgentRecord) -> bool:
    """Do for `record` what needs no slot; whether anything was done."""
    if record.kill is not None or record.stop is not None:
        return endings.wind_down(d, record)
    if record.given_up is None and _limit_reached(d, record):
        return True
    if record.given_up is not None:
        return endings.fail(d, record, record.given_up)
    if record.effects or record.paused:
        return False
    if record.blocker is not None:
        return blockers.deal_with(d, record)
    if record.claim is not None:
        return endings.complete(d, record)
    if record.waiting is not None:
        return _look_at_wait(d, record)
    if record.question is not None or record.asking:
        return questions.hand_up(d, record)
    if record.checkout is None:
        return _skip_if_hopeless(d, record)
    if not record.calls and not wants_turn(record) and not is_idle(d.state, record):
        return _ended_without_finish(d, record)
    return False


def _limit_reached(d: Decision, record: AgentRecord) -> bool:
    """Whether the run's time or the agent's running time is up; what follows is settled then."""
    limits = d.state.started.limits
    if record.parent is None:
        if wall_ms(d.state, d.at) < limits.run_ms:
            return False
        blockers.give_up(d, record, Reason("limit", f"the run's {limits.run_ms // MINUTE} min are used up"))
        return True
    if record.running_since is None or record.claim is not None:
        return False
    if record.running_ms + d.at - record.running_since < limits.agent_ms:
        return False
    questions.let_go(d, record)
    d.cancel_effects(record)
    blockers.fail(d, record, f"it ran out of running time ({limits.agent_ms // MINUTE} min)")
    return True


def _look_at_wait(d: Decision, record: AgentRecord) -> bool:
    """Whether a wait is over: enough have ended, somebody has something to say, or its time is up."""
    waiting = record.waiting
    assert waiting is not None
    ended = sum(1 for name in waiting.agent_ids if not d.state.agents[name].is_live)
    if ended >= waiting.count:
        how = ""
    elif any(note.wakes for note in record.inbox):
        how = reports.EARLY
    elif waiting.deadline is not None and d.at >= waiting.deadline:
        how = reports.TIMED_OUT
    else:
        return False
    d.answer_call(record, waiting.call_id, reports.await_result(d.state, waiting, how))
    return True


def _skip_if_hopeless(d: Decision, record: AgentRecord) -> bool:
    lost = broken(d.state, record)
    if not lost:
        return False
    endings.end(d, record, Status.SKIPPED, Reason("needs", f"needs {', '.join(lost)}, which did not succeed", lost))
    return True


def _ended_without_finish(d: Decision, record: AgentRecord) -> bool:
    """Tell an agent once how to end; the second time its last words are its result."""
    if not record.nudged:
        d.emit(Nudged(record.id))
        d.tell(record, NUDGE, Voice.ENGINE)
    else:
        d.emit(FinishClaimed(record.id, record.last_text))
    return True


def next_due(state: State, at: int) -> int | None:
    """When something is due by itself after `at`, in Unix milliseconds: of an agent, or the end of the run's time."""
    due = next_due_of_agents(state, at)
    root = state.agents.get(ORCHESTRATOR)
    if root is None or root.is_ending or not root.is_live or state.stalled_since is not None:
        return due
    deadline = state.started_at + state.started.limits.run_ms + state.stalled_ms
    return deadline if due is None else min(due, deadline)
