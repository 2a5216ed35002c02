"""The effect "run checks": acceptance and validation commands, one after another, where they are to be run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from ..errors import PilothouseError
from ..ids import EffectId
from ..instructions import CheckPlace, RunChecks
from ..outcomes import CheckResult, ChecksFinished, EffectFailed
from ..state import AgentRecord
from ..tools.bash import shell_job
from ..tools.context import ToolContext
from .bench import Bench
from .tool import own_context

TAIL = 4_096
"""Characters of a failed command's output that are kept as evidence."""


async def run_checks(
    bench: Bench, record: AgentRecord, effect: EffectId, instruction: RunChecks
) -> ChecksFinished | EffectFailed:
    """Run the commands. A command that fails does not keep the next from running."""
    try:
        async with _place(bench, record, effect, instruction) as context:
            results = [await _check(bench, context, command) for command in instruction.commands]
    except PilothouseError as problem:
        return EffectFailed(str(problem))
    return ChecksFinished(tuple(results))


@asynccontextmanager
async def _place(
    bench: Bench, record: AgentRecord, effect: EffectId, instruction: RunChecks
) -> AsyncIterator[ToolContext]:
    if instruction.place is CheckPlace.WORKSPACE:
        # Also a read-only agent's checks may leave caches behind; its checkout is never merged.
        yield replace(own_context(bench, record, effect), is_writer=True)
        return
    assert instruction.commit is not None
    path = await bench.workspaces.scratch(instruction.commit)
    try:
        yield bench.tool_context(record, effect, path, is_writer=True)
    finally:
        await bench.workspaces.discard(path)


async def _check(bench: Bench, context: ToolContext, command: str) -> CheckResult:
    bench.log.write(context.agent_id, "tool", f"check {command}")
    done = await bench.processes.run(shell_job(context, command, context.bash_ms))
    passed = done.code == 0 and not done.timed_out
    how = "passed" if passed else "ran out of time" if done.timed_out else f"failed with exit code {done.code}"
    bench.log.write(context.agent_id, "result" if passed else "error", f"check {how} after {done.ms / 1000:.1f} s")
    tail = "" if passed else done.output[-TAIL:]
    return CheckResult(command, done.code, done.ms, tail, done.timed_out)
