"""What each agent does next: called after every input, until nothing more follows from the state."""

from __future__ import annotations

from ..admission import may_start
from ..escrow import Reservation, Shortfall, reserve
from ..events import AgentEnded, BlockerCause, FinishClaimed, KillRequested, Nudged, RunEnded, Voice
from ..ids import ORCHESTRATOR, AgentId
from ..limits import MINUTE
from ..instructions import (
    CheckPlace,
    LandBranch,
    MergeWork,
    PrepareWorkspace,
    RunChecks,
    StartTool,
    StartTurn,
)
from ..needs import broken, remaining_path, unmet
from ..outcomes import CheckResult
from ..selectors import is_idle, wants_turn
from ..state import AgentRecord, State
from ..status import Reason, Status, Verdict
from . import blockers, questions, reports
from .decision import Decision

PARALLEL_TOOLS = frozenset({"read", "glob", "grep", "read_response"})
"""Tools that change nothing: those that follow each other in a message run side by side, all others in order."""

NUDGE = (
    "You ended your turn without calling finish. If the outcome holds, call finish with the evidence; if it cannot be "
    "reached, call finish with failed=true and say why; otherwise go on."
)


def advance(d: Decision) -> None:
    """Let everything follow that follows: ends, waits that are over, checks, merges, new effects."""
    state = d.state
    while any([_step(d, record) for record in reversed(list(state.live.values())) if record.is_live]):
        pass
    _hand_out_slots(d)
    root = state.agents.get(ORCHESTRATOR)
    if root is not None and root.end is not None and state.end is None:
        _end_run(d, root)


def _step(d: Decision, record: AgentRecord) -> bool:
    """Do for `record` what needs no slot; whether anything was done."""
    if record.kill is not None or record.stop is not None:
        return _wind_down(d, record)
    if _is_overdue(d, record):
        d.cancel_effects(record)
        blockers.fail(d, record, "it ran out of running time")
        return True
    if record.parent is None and record.given_up is None and d.at >= _run_deadline(d.state):
        minutes = d.state.started.limits.run_ms // MINUTE
        blockers.give_up(d, record, Reason("limit", f"the run's {minutes} min are used up"))
        return True
    if record.given_up is not None:
        return _fail(d, record, record.given_up)
    if record.effects or record.paused:
        return False
    if record.waiting is not None:
        return _look_at_wait(d, record)
    if record.blocker is not None:
        return blockers.deal_with(d, record)
    if record.question is not None or record.asking:
        return False
    if record.claim is not None:
        return _complete(d, record)
    if record.checkout is None:
        return _skip_if_hopeless(d, record)
    if not record.calls and not wants_turn(record) and not is_idle(d.state, record):
        return _ended_without_finish(d, record)
    return False


def _wind_down(d: Decision, record: AgentRecord) -> bool:
    """End an agent that was stopped or killed, once nothing of it is in flight and nothing lives below it."""
    if record.effects or any(d.state.agents[child].is_live for child in record.children):
        return False
    by = record.kill or record.stop or "user"
    who = "you" if by == "user" else by
    how = "killed" if record.kill is not None else "stopped"
    _end(d, record, Status.KILLED, Reason(how, f"{how} by {who}"), summary=record.last_text)
    return True


def _is_overdue(d: Decision, record: AgentRecord) -> bool:
    """Whether its running time is used up. The orchestrator has none of its own."""
    if record.parent is None or record.running_since is None or record.claim is not None:
        return False
    return record.running_ms + d.at - record.running_since >= d.state.started.limits.agent_ms


def _run_deadline(state: State) -> int:
    """When the run's time is used up, if nothing waits for a person from now on. Unix milliseconds."""
    return state.started_at + state.started.limits.run_ms + state.stalled_ms


def _look_at_wait(d: Decision, record: AgentRecord) -> bool:
    waiting = record.waiting
    assert waiting is not None
    ended = sum(1 for name in waiting.agent_ids if not d.state.agents[name].is_live)
    if ended >= waiting.count:
        d.answer_call(record, waiting.call_id, reports.await_result(d.state, waiting))
    elif waiting.deadline is not None and d.at >= waiting.deadline:
        d.answer_call(record, waiting.call_id, reports.timed_out(d.state, waiting))
    else:
        return False
    return True


def _skip_if_hopeless(d: Decision, record: AgentRecord) -> bool:
    lost = broken(d.state, record)
    if not lost:
        return False
    _end(d, record, Status.SKIPPED, Reason("needs", f"needs {', '.join(lost)}, which did not succeed", lost))
    return True


def _ended_without_finish(d: Decision, record: AgentRecord) -> bool:
    """Tell an agent once how to end; the second time its last words are its result."""
    if not record.nudged:
        d.emit(Nudged(record.id))
        d.tell(record, NUDGE, Voice.ENGINE)
    else:
        d.emit(FinishClaimed(record.id, record.last_text))
    return True


def _complete(d: Decision, record: AgentRecord) -> bool:
    """Take an agent that claims to be done one step further: checks, merge, end. Slots are asked for elsewhere."""
    claim = record.claim
    assert claim is not None
    if _kill_children(d, record):
        return True
    if any(d.state.agents[child].is_live for child in record.children):
        return False
    if claim.failed:
        reason = Reason("failed", claim.outcome.strip().splitlines()[0] if claim.outcome.strip() else "it failed")
        if record.fixes is not None or record.parent is None:
            return _fail(d, record, reason)
        evidence = f"{claim.outcome}\n{claim.evidence}".strip()
        blockers.found(d, record, BlockerCause.FAILURE, evidence)
        return True
    if needs_checks(d.state, record):
        return False
    failed = next((result for result in record.checks or () if not result.passed), None)
    if failed is not None:
        if record.fixes is not None:
            return _fail(d, record, Reason("validation", f"`{failed.command}` still fails"))
        blockers.found(d, record, BlockerCause.VALIDATION, check_evidence(failed))
        return True
    if must_merge(record):
        return False
    _end(d, record, Status.SUCCEEDED, _success(record), verdict=_verdict(d.state, record), summary=claim.outcome)
    return True


def commands_of(state: State, record: AgentRecord) -> tuple[str, ...]:
    """The commands that must pass before `record` is done: its own, and the run's if it changes the run's branch."""
    own = record.spec.commands
    if record.spec.is_writer or record.parent is None:
        own += state.started.validation
    return tuple(dict.fromkeys(own))


def needs_checks(state: State, record: AgentRecord) -> bool:
    """Whether its commands have to run (again)."""
    return record.checks is None and bool(commands_of(state, record))


def must_merge(record: AgentRecord) -> bool:
    """Whether it left something that is not in the run's branch: not if a fixer's work belongs to another agent."""
    own = record.checkout is not None and record.checkout.owner == record.id
    return record.spec.is_writer and record.parent is not None and own and not record.merged


def check_evidence(failed: CheckResult) -> str:
    """What a fixer or a person needs to see of a failed command."""
    how = "ran out of time" if failed.timed_out else f"exit code {failed.exit_code}"
    return f"$ {failed.command}\n{how}\n{failed.tail}".rstrip()


def _verdict(state: State, record: AgentRecord) -> Verdict:
    claim = record.claim
    own = record.spec.commands or (record.parent is None and state.started.validation)
    if own and record.checks is not None:
        return Verdict.VERIFIED
    if claim is None or not claim.outcome.strip():
        return Verdict.EMPTY
    return Verdict.UNVERIFIED


def _success(record: AgentRecord) -> Reason:
    count = len(record.checks or ())
    if not count:
        return Reason("done", "done; nothing to check it by")
    return Reason("done", f"done; {count} of {count} checks passed")


def _kill_children(d: Decision, record: AgentRecord) -> bool:
    """An agent whose end is settled takes what still lives below it along."""
    live = [a for a in d.state.subtree(record.id)[1:] if a.is_live and a.kill is None]
    for agent in live:
        d.emit(KillRequested(agent.id, record.id))
        d.cancel_effects(agent)
    return bool(live)


def _fail(d: Decision, record: AgentRecord, reason: Reason) -> bool:
    if _kill_children(d, record):
        return True
    if record.effects or any(d.state.agents[child].is_live for child in record.children):
        return False
    summary = record.claim.outcome if record.claim is not None else record.last_text
    _end(d, record, Status.FAILED, reason, summary=summary)
    return True


def _end(
    d: Decision,
    record: AgentRecord,
    status: Status,
    reason: Reason,
    *,
    verdict: Verdict | None = None,
    summary: str = "",
) -> None:
    questions.let_go(d, record)
    room = d.state.started.limits.result_bytes * 4
    if verdict is Verdict.EMPTY:
        reason = Reason("empty", "ended without a result")
    d.emit(
        AgentEnded(
            agent_id=record.id,
            status=status,
            reason=reason,
            verdict=verdict,
            summary=summary.encode()[:room].decode(errors="ignore"),
        )
    )
    parent = d.state.agents[record.parent] if record.parent is not None else None
    if parent is None or not parent.is_live or record.fixes == parent.id:
        return
    awaited = parent.waiting is not None and record.id in parent.waiting.agent_ids
    if not awaited and parent.claim is None:
        d.tell(parent, f"News: {reports.result(d.state, record)}", Voice.CHILD, wakes=False)


def _end_run(d: Decision, root: AgentRecord) -> None:
    """Close the run with the orchestrator's end, landing first where that was asked for."""
    state = d.state
    end = root.end
    assert end is not None
    if any(effect.agent_id is None for effect in state.effects.values()):
        return
    wanted = state.started.land and end.verdict is Verdict.VERIFIED and state.tip != state.started.base
    if wanted and state.landing is None and state.landing_refused is None:
        d.open(LandBranch(state.tip), None)
        return
    d.emit(RunEnded(end.status, end.reason, end.verdict))


def _hand_out_slots(d: Decision) -> None:
    """Open the effects that hold a slot: agents at work first, then new ones, longest remaining path first."""
    state = d.state
    at_work = [r for r in state.live.values() if _may_go_on(r)]
    waiting = [r for r in state.live.values() if _may_begin(state, r)]
    free = state.started.limits.max_running - state.running
    path = remaining_path(state) if len(at_work) + len(waiting) > max(free, 1) else {}
    for record in sorted(at_work, key=lambda r: (not r.holds_slot, -path.get(r.id, 0), r.since)):
        _go_on(d, record)
    for record in sorted(waiting, key=lambda r: (r.fixes is None, -path.get(r.id, 0))):
        if not may_start(state):
            break
        _prepare(d, record)


def _may_begin(state: State, record: AgentRecord) -> bool:
    new = record.checkout is None and record.parent is not None and not record.effects
    return new and not _is_held(record) and not unmet(state, record)


def _may_go_on(record: AgentRecord) -> bool:
    at_work = record.checkout is not None or record.parent is None
    return at_work and not _is_held(record) and (not record.effects or _all_parallel(record))


def _is_held(record: AgentRecord) -> bool:
    """Whether a person, a blocker or its coming end keeps it from doing anything more."""
    ending = record.stop is not None or record.kill is not None or record.given_up is not None
    return ending or record.paused or record.blocker is not None or record.question is not None


def _go_on(d: Decision, record: AgentRecord) -> None:
    """Open what `record` does next if a slot is free."""
    state = d.state
    if record.parent is None and record.checkout is None:
        if not record.effects:
            _begin_run(d, record)
        return
    free = record.holds_slot or state.running < state.started.limits.max_running
    if not free:
        return
    if record.claim is not None and not record.effects:
        _check_or_merge(d, record)
    elif record.calls:
        _start_tools(d, record)
    elif not record.effects and wants_turn(record):
        _start_turn(d, record)


def _all_parallel(record: AgentRecord) -> bool:
    return all(
        isinstance(e.instruction, StartTool) and e.instruction.name in PARALLEL_TOOLS for e in record.effects.values()
    )


def _begin_run(d: Decision, root: AgentRecord) -> None:
    """Before the orchestrator's first turn: the validation on the untouched base, then its checkout."""
    state = d.state
    started = state.started
    if started.validation and state.base_checks is None:
        d.open(RunChecks(CheckPlace.BASE, started.validation, started.base), root.id)
    elif any(not result.passed for result in state.base_checks or ()) and not state.base_accepted:
        blockers.ask_about_base(d, root, state.base_checks or ())
    else:
        _prepare(d, root)


def _prepare(d: Decision, record: AgentRecord) -> None:
    fixed = d.state.agents[record.fixes] if record.fixes is not None else None
    of: AgentId | None = None
    merge: str | None = None
    if fixed is not None and fixed.spec.is_writer and fixed.parent is not None and fixed.checkout is not None:
        of = fixed.checkout.owner
        if fixed.blocker is not None and fixed.blocker.cause is BlockerCause.CONFLICT:
            merge = d.state.tip
    d.open(PrepareWorkspace(record.spec.workspace, d.state.tip, of, merge), record.id)


def _check_or_merge(d: Decision, record: AgentRecord) -> None:
    state = d.state
    assert record.claim is not None
    if record.claim.failed:
        return
    if needs_checks(state, record):
        if record.parent is None:
            d.open(RunChecks(CheckPlace.RUN, commands_of(state, record), state.tip), record.id)
        else:
            d.open(RunChecks(CheckPlace.WORKSPACE, commands_of(state, record)), record.id)
    elif must_merge(record) and all(result.passed for result in record.checks or ()):
        if not any(isinstance(e.instruction, MergeWork) for e in state.effects.values()):
            d.open(MergeWork(state.tip, record.spec.title), record.id)


def _start_tools(d: Decision, record: AgentRecord) -> None:
    """Open the next calls in the order of the message: a run of harmless ones together, any other alone."""
    opened = {e.instruction.call_id for e in record.effects.values() if isinstance(e.instruction, StartTool)}
    for call in list(record.calls.values()):
        if call.command is not None or call.call_id in opened:
            continue
        parallel = call.name in PARALLEL_TOOLS
        if record.effects and not parallel:
            return
        d.open(StartTool(call.call_id, call.name, call.brief), record.id)
        if not parallel:
            return


def _start_turn(d: Decision, record: AgentRecord) -> None:
    state = d.state
    if max(state.gate_until or 0, record.retry_at or 0) > d.at or record.model not in state.prices:
        return
    fit = reserve(state, record)
    if isinstance(fit, Reservation):
        d.open(
            StartTurn(record.model, fit.max_tokens, len(record.inbox), fit.usd, record.tries + 1),
            record.id,
        )
    elif not (isinstance(fit, Shortfall) and fit.may_pass):
        blockers.ask_about_money(d, record, fit)


def next_due(state: State) -> int | None:
    """When something is due by itself next, in Unix milliseconds: a retry, a deadline, the end of running time."""
    due: list[int] = [] if state.stalled_since is not None else [_run_deadline(state)]
    for record in state.live.values():
        if record.paused:
            continue
        if record.waiting is not None and record.waiting.deadline is not None:
            due.append(record.waiting.deadline)
        if record.running_since is not None and record.parent is not None and record.claim is None:
            due.append(record.running_since + state.started.limits.agent_ms - record.running_ms)
        elif not record.effects and record.checkout is not None and wants_turn(record):
            until = max(record.retry_at or 0, state.gate_until or 0)
            if until > state.at:
                due.append(until)
    return min(due, default=None)
