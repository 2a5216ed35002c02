"""What a tool gets to work with, and what it hands back. Must not know the kernel's state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..ids import AgentId, RunId
from ..ports import Block, Processes


@dataclass(frozen=True, slots=True)
class ToolContext:
    """The place one call is carried out in."""

    run_id: RunId
    agent_id: AgentId
    workspace: Path
    is_writer: bool
    responses: Path
    """The run's response files, also to be seen inside the workspace."""
    readable: tuple[Path, ...]
    """What else of this machine commands must be able to read, such as the objects behind a checkout."""
    output: Path
    """Where output goes that is too long to hand back."""
    processes: Processes
    bash_ms: int
    on_output: Callable[[str], None]
    """Gets what a command prints, as it comes."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the model reads of a call: text, or content blocks in API form."""

    content: str | list[Block]
    is_error: bool = False

    @property
    def text(self) -> str:
        """What a person reads of it."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(str(block.get("text", f"[{block.get('type')}]")) for block in self.content)


Arguments = dict[str, Any]
"""The input of a call, as the model gave it and as its schema allows."""
