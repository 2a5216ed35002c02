"""`bash`: one command in the workspace, under a warden, with everything it started gone when it returns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..ports import Job
from .context import Arguments, ToolContext, ToolResult

if TYPE_CHECKING:
    from anthropic.lib.tools import BetaAsyncFunctionTool

_SHELL = ("/bin/bash", "-c")


async def bash(command: str, timeout_ms: int | None = None) -> str:
    """Run a command in the workspace with bash and get what it prints. What it leaves running is ended with it.

    Args:
        command: The command.
        timeout_ms: Milliseconds it may take; the run's limit when left out.
    """
    raise AssertionError("carried out by `perform`, which knows the workspace")


def bash_tool() -> BetaAsyncFunctionTool[Any]:
    """`bash` as the SDK knows tools. Imports the SDK."""
    from anthropic import beta_async_tool

    return beta_async_tool(bash)


async def perform(context: ToolContext, arguments: Arguments) -> ToolResult:
    """Run the command to its end or its time limit."""
    command = arguments.get("command")
    if not isinstance(command, str) or not command.strip():
        return ToolResult("bash: command is required, as a text", is_error=True)
    if "\0" in command:
        return ToolResult("bash: the command holds a null character, which no command can", is_error=True)
    wanted = arguments.get("timeout_ms")
    if wanted is not None and (not isinstance(wanted, int | float) or wanted < 1):
        return ToolResult(f"bash: timeout_ms is a number of milliseconds, not {wanted!r}", is_error=True)
    job = shell_job(context, command, min(round(wanted or context.bash_ms), context.bash_ms))
    done = await context.processes.run(job, context.on_output)
    lines = [done.output.rstrip("\n")]
    if done.dropped_bytes:
        lines.append(f"[{done.dropped_bytes} bytes left out above; all of it: {context.output.name}]")
    if done.timed_out:
        lines.append(f"[ended after {done.ms / 1000:.0f} s: time limit]")
    elif done.code:
        lines.append(f"[exit code {done.code}]")
    text = "\n".join(line for line in lines if line) or "[no output]"
    return ToolResult(text, is_error=done.timed_out or done.code != 0)


def shell_job(context: ToolContext, command: str, timeout_ms: int) -> Job:
    """`command` as a job in the workspace, its response files read-only in it."""
    workspace = context.workspace
    return Job(
        argv=(*_SHELL, command),
        cwd=workspace,
        writable=(workspace,) if context.is_writer else (),
        read_only=(context.responses, *context.readable),
        environment=marks(context),
        timeout_ms=timeout_ms,
        spill=context.output,
    )


def marks(context: ToolContext) -> dict[str, str]:
    """The environment every process of an agent carries."""
    return {"PILOTHOUSE_RUN": context.run_id, "PILOTHOUSE_AGENT": context.agent_id}


def brief(command: str) -> str:
    """`command` in a few words."""
    first = re.sub(r"\s+", " ", command.strip())
    return f"bash {first[:80]}"
