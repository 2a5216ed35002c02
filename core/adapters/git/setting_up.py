"""Runs the project's set-up command in a fresh checkout, sandboxed as the port `Processes` does it. Knows no git."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...errors import WorkspaceError
from ...ports import Job, Processes
from .words import printable

TIME_LIMIT_MS = 600_000
_LINES = 5
_LINE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class SetUp:
    """The command and what runs it."""

    command: str
    processes: Processes

    async def run(self, checkout: Path) -> None:
        """Run it once in `checkout`. Raises `WorkspaceError` with its last lines if it fails."""
        job = Job(argv=("/bin/sh", "-c", self.command), cwd=checkout, writable=(checkout,), timeout_ms=TIME_LIMIT_MS)
        ended = await self.processes.run(job)
        if ended.code == 0 and not ended.timed_out:
            return
        how = f"took more than {TIME_LIMIT_MS // 60_000} minutes" if ended.timed_out else f"ended with {ended.code}"
        lines = [printable(line)[:_LINE_LENGTH] for line in ended.output.splitlines() if line.strip()][-_LINES:]
        said = f"; it said: {' / '.join(lines)}" if lines else ""
        raise WorkspaceError(f"the set-up command `{printable(self.command)}` {how}{said}")
