"""What is still to be shown of an agent that claims to be done: its checks, its merge, and the verdict they lead to.

Pure questions about the record; `endings` and `slots` act on the answers.
"""

from __future__ import annotations

from ..outcomes import CheckResult
from ..state import AgentRecord, State
from ..status import Reason, Verdict


def commands_of(state: State, record: AgentRecord) -> tuple[str, ...]:
    """The commands that must pass before `record` is done: its own, and the run's if it changes the run's branch."""
    own = record.spec.commands
    if record.spec.is_writer or record.parent is None:
        own += state.started.validation
    return tuple(dict.fromkeys(own))


def must_check(state: State, record: AgentRecord) -> bool:
    """Whether its commands have to run (again)."""
    return record.checks is None and bool(commands_of(state, record))


def failed_check(record: AgentRecord) -> CheckResult | None:
    """The first command that did not pass, last time they ran."""
    return next((result for result in record.checks or () if not result.passed), None)


def must_merge(record: AgentRecord) -> bool:
    """Whether it left something that is not in the run's branch: not if a fixer's work belongs to another agent."""
    own = record.checkout is not None and record.checkout.owner == record.id
    return record.spec.is_writer and record.parent is not None and own and not record.merged


def evidence_of(failed: CheckResult) -> str:
    """What a fixer or a person needs to see of a failed command."""
    how = "ran out of time" if failed.timed_out else f"exit code {failed.exit_code}"
    return f"$ {failed.command}\n{how}\n{failed.tail}".rstrip()


def verdict_of(record: AgentRecord) -> Verdict:
    """How far the result of an agent is proven that has nothing more to show."""
    if record.spec.commands and record.checks is not None:
        return Verdict.VERIFIED
    if record.claim is None or not record.claim.outcome.strip():
        return Verdict.EMPTY
    return Verdict.UNVERIFIED


def reason_of(record: AgentRecord, verdict: Verdict) -> Reason:
    """Why such an agent ended, in words."""
    count = len(record.checks or ())
    if verdict is Verdict.EMPTY:
        return Reason("empty", "ended without a result")
    if not count:
        return Reason("done", "done; nothing to check it by")
    return Reason("done", f"done; {count} of {count} checks passed")
