"""What the effects work with: the adapters of one run and where its files are. Built once by the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..ids import AgentId, EffectId
from ..ports import Clock, Live, Log, Model, Prices, Processes, Transcripts, Workspaces
from ..state import AgentRecord, State
from ..tools.context import ToolContext
from ..tools.toolbox import Toolbox

RESPONSES = "agent-responses"
"""The folder of the response files, in the run's folder and in every workspace."""


class Stage(Protocol):
    """Where live text is shown."""

    def live(self, agent_id: AgentId) -> LiveText:
        """The live text of an agent's call, to be closed at its end."""


class LiveText(Live, Protocol):
    """The live text of one call."""

    def close(self) -> None:
        """The call is over: what is unfinished goes to the log, and nothing is live any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The adapters of one run."""

    folder: Path
    """The run's folder."""
    readable: tuple[Path, ...]
    """What of this machine checkouts refer to, so that commands in them must be able to read it."""
    state: State
    """The kernel's state, to be read only."""
    model: Model
    prices: Prices
    processes: Processes
    workspaces: Workspaces
    transcripts: Transcripts
    log: Log
    clock: Clock
    stage: Stage
    toolbox: Toolbox
    instructions: Callable[[AgentRecord], str]
    """The system prompt of an agent."""

    @property
    def responses(self) -> Path:
        """Where the response files are."""
        return self.folder / RESPONSES

    def tool_context(
        self, record: AgentRecord, effect_id: EffectId, workspace: Path, *, is_writer: bool
    ) -> ToolContext:
        """What tools that work for `record` in `workspace` get."""
        return ToolContext(
            run_id=self.state.started.run_id,
            agent_id=record.id,
            workspace=workspace,
            is_writer=is_writer,
            responses=self.responses,
            readable=self.readable,
            output=self.folder / "agents" / record.id / "output" / f"{effect_id}.txt",
            processes=self.processes,
            bash_ms=self.state.started.limits.bash_ms,
            on_output=lambda text: None,
        )
