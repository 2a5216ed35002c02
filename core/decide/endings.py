"""How agents end, children before parents: stopped, failed, or done once their claim is checked and merged."""

from __future__ import annotations

from ..events import AgentEnded, BlockerCause, KillRequested, RunEnded, Voice
from ..instructions import LandBranch
from ..state import AgentRecord
from ..status import Reason, Status, Verdict
from . import blockers, claims, questions, reports
from .decision import Decision


def wind_down(d: Decision, record: AgentRecord) -> bool:
    """End an agent that was stopped or killed, once nothing of it is in flight and nothing lives below it."""
    if record.effects or _has_live_children(d, record):
        return False
    by = record.kill or record.stop or "user"
    how = "killed" if record.kill is not None else "stopped"
    reason = Reason(how, f"{how} by {'you' if by == 'user' else by}")
    end(d, record, Status.KILLED, reason, summary=record.last_text)
    return True


def fail(d: Decision, record: AgentRecord, reason: Reason) -> bool:
    """End an agent as failed, and everything below it before."""
    if _kill_children(d, record):
        return True
    if record.effects or _has_live_children(d, record):
        return False
    summary = record.claim.outcome if record.claim is not None else record.last_text
    end(d, record, Status.FAILED, reason, summary=summary)
    return True


def complete(d: Decision, record: AgentRecord) -> bool:
    """Take an agent that claims to be done one step further. Its checks and its merge need their turn: see `slots`."""
    claim = record.claim
    assert claim is not None
    if _kill_children(d, record):
        return True
    if _has_live_children(d, record):
        return False
    if claim.failed:
        words = claim.outcome.strip().splitlines()
        if record.fixes is not None or record.parent is None:
            return fail(d, record, Reason("failed", words[0] if words else "it failed"))
        evidence = f"{claim.outcome}\n{claim.evidence}".strip()
        blockers.found(d, record, BlockerCause.FAILURE, evidence)
        return True
    if claims.must_check(d.state, record):
        return False
    failed = claims.failed_check(record)
    if failed is not None:
        if record.fixes is not None:
            return fail(d, record, Reason("validation", f"`{failed.command}` still fails"))
        blockers.found(d, record, BlockerCause.VALIDATION, claims.evidence_of(failed))
        return True
    if claims.must_merge(record):
        return False
    verdict = claims.verdict_of(record)
    end(d, record, Status.SUCCEEDED, claims.reason_of(record, verdict), verdict=verdict, summary=claim.outcome)
    return True


def end(
    d: Decision,
    record: AgentRecord,
    status: Status,
    reason: Reason,
    *,
    verdict: Verdict | None = None,
    summary: str = "",
) -> None:
    """End an agent for good and tell its parent, unless that hears of it in another way."""
    questions.let_go(d, record)
    room = d.state.started.limits.result_bytes * 4
    summary = summary.encode()[:room].decode(errors="ignore")
    d.emit(AgentEnded(agent_id=record.id, status=status, reason=reason, verdict=verdict, summary=summary))
    parent = d.state.agents[record.parent] if record.parent is not None else None
    if parent is None or parent.is_ending or parent.claim is not None or record.fixes == parent.id:
        return
    if parent.waiting is None or record.id not in parent.waiting.agent_ids:
        d.tell(parent, f"News: {reports.result(d.state, record)}", Voice.CHILD, wakes=False)


def end_run(d: Decision, root: AgentRecord) -> None:
    """Close the run with the orchestrator's end, landing first where that was asked for."""
    state = d.state
    assert root.end is not None
    if state.effects:
        return
    wanted = state.started.land and root.end.verdict is Verdict.VERIFIED and state.tip != state.started.base
    if wanted and state.landing is None and state.landing_refused is None:
        d.open(LandBranch(state.tip), None)
    else:
        d.emit(RunEnded(root.end.status, root.end.reason, root.end.verdict))


def _has_live_children(d: Decision, record: AgentRecord) -> bool:
    return any(d.state.agents[child].is_live for child in record.children)


def _kill_children(d: Decision, record: AgentRecord) -> bool:
    """An agent whose end is settled takes what still lives below it along."""
    live = [a for a in d.state.subtree(record.id)[1:] if a.is_live and a.kill is None]
    for agent in live:
        d.emit(KillRequested(agent.id, record.id))
        d.cancel_effects(agent)
    return bool(live)
