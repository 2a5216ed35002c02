"""How each event changes the state. Nothing here decides anything.

`reduce` is all that replay, restart and a live engine have in common, so it is all there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import events as e
from .ids import AgentId
from .ledger import effect_closed, effect_opened
from .standing import waits_for_person
from .state import AgentRecord, Await, Blocker, End, Note, QuestionRecord, State
from .views import RefusalView

Handler = Callable[[State, Any, int], None]


def fold(state: State, events: Iterable[e.AnyEvent], at: int) -> None:
    """Fold the events of one decision, made at `at`, into `state`."""
    for event in events:
        _HANDLERS[type(event)](state, event, at)
        state.at = at
    close_decision(state, at)


def reduce(state: State, event: e.AnyEvent, at: int) -> None:
    """Fold one event into `state`. Once a decision has no more of them, `close_decision` follows."""
    _HANDLERS[type(event)](state, event, at)
    state.at = at


def close_decision(state: State, at: int) -> None:
    """Keep account of the time in which nothing can go on without a person."""
    if state.effects and state.stalled_since is None:
        return
    stalled = not state.effects and waits_for_person(state, at)
    if stalled and state.stalled_since is None:
        state.stalled_since = at
    elif not stalled and state.stalled_since is not None:
        state.stalled_ms += at - state.stalled_since
        state.stalled_since = None


def _run_started(state: State, event: e.RunStarted, at: int) -> None:
    state.run = event
    state.started_at = at
    state.tip = event.base
    state.max_cost_usd = event.limits.max_cost_usd
    state.user_words.append(event.goal)


def _engine_resumed(state: State, event: e.EngineResumed, at: int) -> None:
    """The time without an engine is nobody's: it neither runs nor counts."""
    state.gate_until = None
    down = at - state.at
    if state.stalled_since is None:
        state.stalled_ms += down
    for record in state.live.values():
        if record.running_since is not None:
            record.running_since += down


def _price_learned(state: State, event: e.PriceLearned, at: int) -> None:
    state.prices[event.model] = event.price


def _agent_spawned(state: State, event: e.AgentSpawned, at: int) -> None:
    record = AgentRecord(
        id=event.agent_id,
        parent=event.parent,
        depth=event.depth,
        spec=event.spec,
        model=event.spec.model or state.started.model,
        spawned_at=at,
        fixes=event.fixes,
        budget_usd=event.spec.budget_usd,
        since=at,
    )
    state.agents[record.id] = state.live[record.id] = record
    if event.parent is not None:
        parent = state.agents[event.parent]
        parent.children.append(record.id)
        state.touched.add(parent.id)
        if parent.paused:
            record.paused = True
            state.paused += 1
    if event.fixes is not None:
        fixed = state.agents[event.fixes]
        fixed.fixer = record.id
        if fixed.blocker is not None:
            fixed.tried.add(fixed.blocker.key)
        fixed.since = at
        state.touched.add(fixed.id)
    state.touched.add(record.id)


def _spawn_refused(state: State, event: e.SpawnRefused, at: int) -> None:
    state.refusals.append(RefusalView(event.parent, event.title, event.code, event.words, at))


def _call_answered(state: State, event: e.CallAnswered, at: int) -> None:
    record = state.agents[event.agent_id]
    record.calls.pop(event.call_id, None)
    if record.waiting is not None and record.waiting.call_id == event.call_id:
        record.waiting = None
    record.asking.pop(event.call_id, None)
    record.inbox.append(Note(event.text, event.call_id, event.is_error))
    record.since = at
    state.touched.add(record.id)


def _await_started(state: State, event: e.AwaitStarted, at: int) -> None:
    record = state.agents[event.agent_id]
    record.waiting = Await(event.call_id, event.agent_ids, event.count, event.deadline)
    record.since = at
    state.touched.add(record.id)


def _agent_told(state: State, event: e.AgentTold, at: int) -> None:
    record = state.agents[event.agent_id]
    record.inbox.append(Note(event.text, voice=event.voice, wakes=event.wakes))
    if event.voice is e.Voice.USER:
        state.user_words.append(event.text)
    state.touched.add(record.id)


def _question_asked(state: State, event: e.QuestionAsked, at: int) -> None:
    question = QuestionRecord(
        id=event.question_id,
        kind=event.kind_of,
        asked_at=at,
        text=event.text,
        options=event.options,
        why=event.why,
        default=event.default,
        holder=event.holder,
        askers=[(event.agent_id, event.call_id)],
        after_effect=state.last_effect,
    )
    state.questions[question.id] = question
    state.last_question += 1
    _attach(state, question, event.agent_id, event.call_id, at)
    if question.is_with_user:
        state.open_questions += 1


def _question_joined(state: State, event: e.QuestionJoined, at: int) -> None:
    question = state.questions[event.question_id]
    question.askers.append((event.agent_id, event.call_id))
    _attach(state, question, event.agent_id, event.call_id, at)


def _attach(state: State, question: QuestionRecord, agent_id: AgentId, call_id: Any, at: int) -> None:
    record = state.agents[agent_id]
    if call_id is None:
        record.question = question.id
    else:
        record.asking[call_id] = question.id
    record.since = at
    state.touched.update((record.id, question.id))


def _question_passed_up(state: State, event: e.QuestionPassedUp, at: int) -> None:
    question = state.questions[event.question_id]
    question.holder = None
    question.passed_by = event.by
    state.open_questions += 1
    state.touched.add(question.id)
    state.touched.update(asker for asker, _ in question.askers)


def _question_answered(state: State, event: e.QuestionAnswered, at: int) -> None:
    question = state.questions[event.question_id]
    if question.is_with_user:
        state.open_questions -= 1
    question.answer, question.answered_by = event.text, event.by
    question.cite, question.answered_at = event.cite, at
    if event.by is None:
        state.user_words.append(event.text)
    _detach(state, question)


def _question_dropped(state: State, event: e.QuestionDropped, at: int) -> None:
    question = state.questions[event.question_id]
    if question.is_with_user:
        state.open_questions -= 1
    question.dropped = True
    _detach(state, question)


def _detach(state: State, question: QuestionRecord) -> None:
    state.touched.add(question.id)
    for asker, call_id in question.askers:
        record = state.agents[asker]
        if call_id is not None:
            record.asking.pop(call_id, None)
        elif record.question == question.id:
            record.question = None
        state.touched.add(asker)


def _agent_paused(state: State, event: e.AgentPaused, at: int) -> None:
    record = state.agents[event.agent_id]
    record.paused, record.since = True, at
    state.paused += 1
    state.touched.add(record.id)


def _agent_resumed(state: State, event: e.AgentResumed, at: int) -> None:
    record = state.agents[event.agent_id]
    record.paused, record.since = False, at
    state.paused -= 1
    state.touched.add(record.id)


def _stop_requested(state: State, event: e.StopRequested, at: int) -> None:
    record = state.agents[event.agent_id]
    record.stop, record.since = event.by or "user", at
    state.touched.add(record.id)


def _kill_requested(state: State, event: e.KillRequested, at: int) -> None:
    record = state.agents[event.agent_id]
    record.kill, record.since = event.by or "user", at
    state.touched.add(record.id)


def _finish_claimed(state: State, event: e.FinishClaimed, at: int) -> None:
    record = state.agents[event.agent_id]
    record.claim = event
    record.calls.clear()
    record.waiting = None
    record.since = at
    state.touched.add(record.id)


def _blocker_found(state: State, event: e.BlockerFound, at: int) -> None:
    record = state.agents[event.agent_id]
    against = state.tip if event.cause is e.BlockerCause.CONFLICT else ""
    record.blocker = Blocker(event.cause, event.evidence, f"{event.cause.value} {against}".rstrip())
    record.fixer = None
    record.since = at
    state.touched.add(record.id)


def _blocker_lifted(state: State, event: e.BlockerLifted, at: int) -> None:
    record, fixer = state.agents[event.agent_id], state.agents[event.fixer]
    record.blocker = record.fixer = None
    # What the orchestrator answers for is the run's branch, which the fixer's merge has just changed.
    record.checks = fixer.checks if record.parent is not None else None
    if fixer.claim is not None and (record.claim is None or record.claim.failed):
        record.claim = fixer.claim
    record.since = at
    state.touched.add(record.id)


def _try_granted(state: State, event: e.TryGranted, at: int) -> None:
    record = state.agents[event.agent_id]
    if record.blocker is not None:
        record.tried.discard(record.blocker.key)
    record.fixer = None
    record.advice = event.advice
    record.tries, record.retry_at, record.since = 0, None, at
    state.touched.add(record.id)


def _given_up(state: State, event: e.GivenUp, at: int) -> None:
    record = state.agents[event.agent_id]
    record.given_up = event.reason
    state.touched.add(record.id)


def _base_accepted(state: State, event: e.BaseAccepted, at: int) -> None:
    state.base_accepted = True


def _retry_scheduled(state: State, event: e.RetryScheduled, at: int) -> None:
    record = state.agents[event.agent_id]
    record.retry_at, record.retry_code, record.since = event.until, event.code, at
    if event.gate:
        state.gate_until, state.gate_code = event.until, event.code
    state.touched.add(record.id)


def _nudged(state: State, event: e.Nudged, at: int) -> None:
    state.agents[event.agent_id].nudged = True


def _machine_noted(state: State, event: e.MachineNoted, at: int) -> None:
    state.shortage, state.trickles = event.shortage, event.trickles
    state.touched.update(record.id for record in state.live.values() if record.checkout is None)


def _budget_raised(state: State, event: e.BudgetRaised, at: int) -> None:
    if event.agent_id is None:
        state.max_cost_usd = event.max_cost_usd
    else:
        state.agents[event.agent_id].budget_usd = event.max_cost_usd


def _agent_ended(state: State, event: e.AgentEnded, at: int) -> None:
    record = state.live.pop(event.agent_id)
    record.end = End(event.status, event.reason, event.verdict, event.summary, at)
    record.since = at
    record.waiting = None
    record.inbox.clear()
    record.calls.clear()
    if record.paused:
        state.paused -= 1
    state.touched.add(record.id)


def _run_ended(state: State, event: e.RunEnded, at: int) -> None:
    state.end, state.ended_at = event, at


_HANDLERS: dict[type, Handler] = {
    e.RunStarted: _run_started,
    e.EngineResumed: _engine_resumed,
    e.PriceLearned: _price_learned,
    e.AgentSpawned: _agent_spawned,
    e.SpawnRefused: _spawn_refused,
    e.EffectOpened: effect_opened,
    e.EffectClosed: effect_closed,
    e.CallAnswered: _call_answered,
    e.AwaitStarted: _await_started,
    e.AgentTold: _agent_told,
    e.QuestionAsked: _question_asked,
    e.QuestionJoined: _question_joined,
    e.QuestionPassedUp: _question_passed_up,
    e.QuestionAnswered: _question_answered,
    e.QuestionDropped: _question_dropped,
    e.AgentPaused: _agent_paused,
    e.AgentResumed: _agent_resumed,
    e.StopRequested: _stop_requested,
    e.KillRequested: _kill_requested,
    e.FinishClaimed: _finish_claimed,
    e.BlockerFound: _blocker_found,
    e.BlockerLifted: _blocker_lifted,
    e.TryGranted: _try_granted,
    e.GivenUp: _given_up,
    e.BaseAccepted: _base_accepted,
    e.RetryScheduled: _retry_scheduled,
    e.Nudged: _nudged,
    e.MachineNoted: _machine_noted,
    e.BudgetRaised: _budget_raised,
    e.AgentEnded: _agent_ended,
    e.RunEnded: _run_ended,
}
