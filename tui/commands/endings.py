"""Which exit code a run or an agent ends with."""

from __future__ import annotations

from collections.abc import Iterable

from pilothouse.core.errors import ExitCode
from pilothouse.core.status import Reason, Status, Verdict
from pilothouse.core.views import AgentView, RunView

LIMITS = frozenset({"budget", "limit"})
"""Reasons that are a limit's and not the work's."""
WORST_FIRST = (ExitCode.KILLED, ExitCode.FAILED, ExitCode.LIMIT, ExitCode.BLOCKED, ExitCode.UNVERIFIED, ExitCode.DONE)


def of_run(run: RunView) -> ExitCode | None:
    """The code of a run that is over or cannot go on without a person; None while it can."""
    if run.status == "blocked":
        return ExitCode.BLOCKED
    if run.ended_at is None:
        return None
    return _code(Status(run.status), run.verdict, run.reason)


def of_agent(agent: AgentView) -> ExitCode | None:
    """The code of an agent that has ended; None while it lives."""
    return _code(agent.status, agent.verdict, agent.reason) if agent.status.is_terminal else None


def _code(status: Status, verdict: Verdict | None, reason: Reason | None) -> ExitCode:
    match status:
        case Status.SUCCEEDED:
            return ExitCode.DONE if verdict is Verdict.VERIFIED else ExitCode.UNVERIFIED
        case Status.KILLED:
            return ExitCode.KILLED
        case _:
            return ExitCode.LIMIT if reason is not None and reason.code in LIMITS else ExitCode.FAILED


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The worst of several."""
    return min(codes, key=WORST_FIRST.index)
