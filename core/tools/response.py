"""`read_response`: the whole result of another agent, from its response file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import aiofiles

from .context import Arguments, ToolContext, ToolResult

if TYPE_CHECKING:
    from anthropic.lib.tools import BetaAsyncFunctionTool

MAX_CHARACTERS = 60_000
_ID = re.compile(r"a\d+")


async def read_response(id: str) -> str:
    """Read the whole result of an agent.

    Args:
        id: The agent.
    """
    raise AssertionError("carried out by `perform`, which knows the run's folder")


def response_tool() -> BetaAsyncFunctionTool[Any]:
    """`read_response` as the SDK knows tools. Imports the SDK."""
    from anthropic import beta_async_tool

    return beta_async_tool(read_response)


async def perform(context: ToolContext, arguments: Arguments) -> ToolResult:
    """Read the file."""
    name = str(arguments.get("id", ""))
    if not _ID.fullmatch(name):
        return ToolResult(f"read_response: {name!r} is no agent id", is_error=True)
    try:
        async with aiofiles.open(context.responses / f"{name}.md") as file:
            return ToolResult(await file.read(MAX_CHARACTERS))
    except FileNotFoundError:
        return ToolResult(f"read_response: {name} has written nothing yet", is_error=True)
