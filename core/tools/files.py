"""The file tools: the SDK's own `read`, `write`, `edit`, `glob` and `grep`, confined to the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .context import Arguments, ToolContext, ToolResult

if TYPE_CHECKING:
    from anthropic.lib.tools import BetaAsyncFunctionTool

READING = ("read", "glob", "grep")
WRITING = ("write", "edit")


def file_tools(workspace: Path, *read_only: Path) -> dict[str, BetaAsyncFunctionTool[Any]]:
    """The file tools over one folder, by name; they may read the `read_only` ones too. Imports the SDK."""
    from anthropic.lib.tools.agent_toolset import (
        AgentToolContext,
        beta_edit_tool,
        beta_glob_tool,
        beta_grep_tool,
        beta_read_tool,
        beta_write_tool,
    )

    outside = list(read_only)
    context = AgentToolContext(workdir=str(workspace), allowed_roots=outside, read_only_roots=outside)
    makers = (beta_read_tool, beta_write_tool, beta_edit_tool, beta_glob_tool, beta_grep_tool)
    return {tool.name: tool for tool in (make(context) for make in makers)}


async def perform(name: str, context: ToolContext, arguments: Arguments) -> ToolResult:
    """Carry out one file call. What is wrong with it comes back as the result, for the model to read."""
    from anthropic.lib.tools import ToolError

    if name in WRITING and not context.is_writer:
        return ToolResult(f"{name}: this workspace is read-only", is_error=True)
    try:
        result = await file_tools(context.workspace, context.responses)[name].call(arguments)
    except ToolError as problem:
        return ToolResult(_content(problem.content), is_error=True)
    except (ValueError, OSError) as problem:
        return ToolResult(f"{name}: {problem}", is_error=True)
    return ToolResult(_content(result))


def _content(result: Any) -> str | list[dict[str, Any]]:
    return result if isinstance(result, str) else [dict(block) for block in result]
