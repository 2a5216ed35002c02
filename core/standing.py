"""How an agent stands: its status with the reason for it, whether it may go on, and when something is due of it.

Pure questions about the record. What the outside sees of the answers is put together in `selectors`.
"""

from __future__ import annotations

from .escrow import PriceUnknown, Shortfall, reserve
from .instructions import MergeWork, PrepareWorkspace
from .money import usd
from .needs import unmet
from .state import AgentRecord, QuestionRecord, State
from .status import Pause, Reason, Status

NAMED = 3
"""More agents than this are counted and not named."""


def standing(state: State, record: AgentRecord) -> tuple[Status, Reason | None]:
    """Where `record` stands, and why; there is no reason while it runs."""
    if record.end is not None:
        return record.end.status, record.end.reason
    if record.kill is not None or record.stop is not None:
        by = record.kill or record.stop
        how = "killed" if record.kill is not None else "stopped"
        return Status.STOPPING, Reason("stopping", f"{how} by {'you' if by == 'user' else by}")
    if record.effects:
        starting = any(isinstance(effect.instruction, PrepareWorkspace) for effect in record.effects.values())
        return (Status.STARTING if starting else Status.RUNNING), None
    question = _asks_user(state, record)
    if question is not None:
        return Status.BLOCKED, Reason(question.kind.value, f"asks {question.id}: {question.text}", (question.id,))
    why = _waits(state, record)
    if why is not None:
        return Status.WAITING, why
    return Status.QUEUED, _queues(state, record)


def status(state: State, record: AgentRecord) -> Status:
    """Where `record` stands."""
    return standing(state, record)[0]


def pause(record: AgentRecord) -> Pause:
    """The flag beside the status."""
    if not record.paused or record.end is not None:
        return Pause.NONE
    return Pause.PAUSING if record.effects else Pause.PAUSED


def wants_turn(record: AgentRecord) -> bool:
    """Whether the model has something to answer: the order, results, or words it has not read."""
    if record.calls or record.claim is not None or record.blocker is not None:
        return False
    return bool(not record.turns or record.inbox or len(record.conversation) > record.context_spans)


def is_held(record: AgentRecord) -> bool:
    """Whether a person, a blocker or its coming end keeps it from doing anything more."""
    return record.is_ending or record.paused or record.blocker is not None or record.question is not None


def is_ready_to_start(state: State, record: AgentRecord) -> bool:
    """Whether a new agent lacks nothing but room on the machine and a slot."""
    is_new = record.checkout is None and record.parent is not None and not record.effects
    return is_new and not is_held(record) and not unmet(state, record)


def is_idle(state: State, record: AgentRecord) -> bool:
    """Whether it has ended its turn and waits for news of its children."""
    if record.checkout is None or record.calls or record.claim is not None or wants_turn(record):
        return False
    return record.blocker is None and any(state.agents[child].is_live for child in record.children)


def next_due(state: State, at: int) -> int | None:
    """When something is due of an agent by itself after `at`: a retry, a deadline, the end of its running time."""
    due: list[int] = []
    for record in state.live.values():
        if record.is_ending:
            continue
        if record.running_since is not None and record.parent is not None and record.claim is None:
            due.append(record.running_since + state.started.limits.agent_ms - record.running_ms)
        if record.effects or record.paused:
            continue
        if record.waiting is not None and record.waiting.deadline is not None:
            due.append(record.waiting.deadline)
        until = _parked_until(state, record)
        if until > at and record.question is None:
            due.append(until)
    return min(due, default=None)


def waits_for_person(state: State, at: int) -> bool:
    """Whether nothing goes on by itself, now that no effect is open, and a person can change that."""
    if state.end is not None or not (state.open_questions or state.paused) or next_due(state, at) is not None:
        return False
    return state.shortage is None or not any(is_ready_to_start(state, record) for record in state.live.values())


def _parked_until(state: State, record: AgentRecord) -> int:
    """Until when its next call has to wait for the rate gate or its own retry; 0 if it is to make none."""
    if record.checkout is None or not wants_turn(record):
        return 0
    return max(record.retry_at or 0, state.gate_until or 0)


def _asks_user(state: State, record: AgentRecord) -> QuestionRecord | None:
    """The first question of `record` that is with the user."""
    names = [*record.asking.values(), *([record.question] if record.question else [])]
    return next((state.questions[name] for name in names if state.questions[name].is_with_user), None)


def _waits(state: State, record: AgentRecord) -> Reason | None:
    """What it waits for of other agents, or of the clock."""
    if record.asking:
        held = state.questions[next(iter(record.asking.values()))]
        return Reason("asks", f"asks {held.holder}: {held.text}", (held.id, held.holder or ""))
    if record.waiting is not None:
        named = record.waiting.agent_ids
        live = tuple(name for name in named if state.agents[name].is_live)
        words = f"waits for {', '.join(live)}" if len(live) <= NAMED else f"waits for {len(live)} agents"
        if len(live) < len(named):
            words += f" ({len(named) - len(live)} of {len(named)} done)"
        return Reason("await", words, live, record.waiting.deadline)
    if record.fixer is not None:
        cause = record.blocker.cause.value if record.blocker is not None else "work"
        return Reason("fixer", f"{record.fixer} fixes its {cause}", (record.fixer,))
    if is_idle(state, record):
        live = tuple(child for child in record.children if state.agents[child].is_live)
        return Reason("children", f"hears from {', '.join(live)}", live)
    until = _parked_until(state, record)
    if until > state.at:
        code = record.retry_code if record.retry_at == until else state.gate_code
        return Reason(code, f"{code.replace('_', ' ')}, tries again", until=until)
    return None


def _queues(state: State, record: AgentRecord) -> Reason:
    """What keeps it, that could go on, from doing so."""
    needs = unmet(state, record) if record.checkout is None else ()
    if needs:
        return Reason("needs", f"needs {', '.join(needs)}", needs)
    if record.paused:
        return Reason("paused", "paused")
    if record.checkout is None and record.parent is not None and state.shortage is not None:
        return Reason("machine", state.shortage)
    if state.running < state.started.limits.max_running:
        if record.claim is not None and any(isinstance(e.instruction, MergeWork) for e in state.effects.values()):
            return Reason("merge", "another merge is under way")
        fit = reserve(state, record) if record.checkout is not None and wants_turn(record) else None
        if isinstance(fit, Shortfall):
            rest = f"what is left of ${usd(fit.limit_usd)} is set aside for calls in flight"
            return Reason("budget", rest, (fit.scope or "run",))
        if isinstance(fit, PriceUnknown):
            return Reason("price", f"no price is known for {fit.model}")
    return Reason("slots", f"slots {state.running}/{state.started.limits.max_running}")
