"""What the engine needs of the world, as protocols. One adapter each; tests bring their own.

Cancelling any of these coroutines ends what it does, waits until that is over, and raises `CancelledError` again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .errors import PilothouseError
from .ids import AgentId
from .money import Price, Tokens
from .outcomes import CheckResult, Conflicted, Landed, Merged, ModelErrorKind, Span, StopReason
from .spec import WorkspaceKind

Block = dict[str, Any]
"""A content block in the form of the Messages API."""
Message = dict[str, Any]
"""A message in the form of the Messages API: `role` and `content`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRequest:
    """One call of the model: the whole conversation, kept by us and sent in full."""

    model: str
    max_tokens: int
    system: str
    messages: Sequence[Message]
    tools: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole message of the model: `message_stop` came and the stop reason is known."""

    content: list[Block]
    stop_reason: StopReason
    tokens: Tokens
    request_id: str | None = None


class Live(Protocol):
    """Who watches a call while it runs. Called from the event loop; must be cheap and never raises."""

    def text(self, kind: str, delta: str) -> None:
        """More text of `kind` (`think`, `say`, or `tool` for the input of a tool call) has come."""

    def used(self, tokens: Tokens) -> None:
        """What the call has used so far, as far as the server has said."""


class ModelError(PilothouseError):
    """A model call failed. `tokens` is what is known to have been used, `text_bytes` what had come by then.

    `retry_after_ms` is what the server asked for. `reached` is False when the request certainly never got there.
    """

    def __init__(
        self,
        kind: ModelErrorKind,
        message: str,
        *,
        retry_after_ms: int | None = None,
        tokens: Tokens | None = None,
        text_bytes: int = 0,
        reached: bool = True,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry_after_ms = retry_after_ms
        self.tokens = tokens
        self.text_bytes = text_bytes
        self.reached = reached


class Model(Protocol):
    """Takes turns."""

    async def take_turn(self, request: TurnRequest, live: Live) -> Reply:
        """The whole message. Raises `ModelError` and nothing else."""

    async def close(self) -> None:
        """Give back connections."""


class Prices(Protocol):
    """What models cost."""

    def price(self, model: str) -> Price | None:
        """The dearest tier of `model`, or None if it is not known."""

    def cost(self, model: str, tokens: Tokens) -> Any:
        """What a call cost, exactly, as a Decimal. Raises `KeyError` for an unknown model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A command to run on behalf of an agent."""

    argv: tuple[str, ...]
    cwd: Path
    writable: tuple[Path, ...] = ()
    """Folders it may write to, beside a private /tmp."""
    read_only: tuple[Path, ...] = ()
    """Folders inside the writable ones that it may only read."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to a clean environment that holds no credentials."""
    timeout_ms: int
    spill: Path | None = None
    """Where all output goes (capped), when it is longer than what is handed back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a command ended. `output` is stdout and stderr as they came, head and tail kept."""

    code: int
    output: str
    ms: int
    timed_out: bool = False
    dropped_bytes: int = 0
    """How much of the output is not in `output`."""


class Processes(Protocol):
    """Runs commands where nothing they start outlives them."""

    @property
    def level(self) -> str:
        """How strictly they are held: `S3` (bubblewrap and warden), `S2`, `S1`, `S0`."""

    async def run(self, job: Job, on_output: Callable[[str], None] | None = None) -> Exit:
        """Run `job` to its end. Its whole tree is gone when this returns or raises."""

    async def close(self) -> None:
        """End everything that still runs."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where an agent works: its files stand at commit `base`."""

    path: Path
    base: str
    branch: str | None


class Workspaces(Protocol):
    """The checkouts of one run. Every failure is a `WorkspaceError` with one sentence; nothing is lost by it."""

    async def prepare(self, agent_id: AgentId, kind: WorkspaceKind, base: str) -> Checkout:
        """Make the agent's own checkout at `base` (or give back the one that is there), set-up command included."""

    async def stage_merge(self, agent_id: AgentId, commit: str) -> tuple[str, ...]:
        """Merge `commit` into the agent's checkout, leave conflicts marked in its files, return their paths.

        The next `merge` of the agent then has `commit` as a parent.
        """

    async def refresh(self, agent_id: AgentId, commit: str) -> None:
        """Move a read-only checkout to `commit`."""

    async def scratch(self, commit: str) -> Path:
        """A checkout of `commit` for a validation; `discard` it afterwards."""

    async def discard(self, path: Path) -> None:
        """Remove a scratch checkout."""

    async def merge(self, agent_id: AgentId, title: str, tip: str) -> Merged | Conflicted:
        """Commit what is in the agent's checkout and merge it into the run's branch, whose tip must be `tip`."""

    async def find(self, agent_id: AgentId, text: str) -> str | None:
        """The path of a tracked file in the agent's checkout that holds `text` word for word (white space folded)."""

    async def land(self, tip: str) -> Landed:
        """Fast-forward the user's branch to `tip` through their checkout."""

    async def close(self) -> None:
        """Give back what is only scratch."""


class Transcripts(Protocol):
    """The conversations, in the form of the Messages API, one message a line."""

    async def append(self, agent_id: AgentId, messages: Sequence[Message]) -> Span:
        """Write `messages` durably and say where they stand."""

    async def load(self, agent_id: AgentId, spans: Sequence[Span]) -> list[Message]:
        """The messages that stand at `spans`, in their order. Raises `JournalDamagedError` if they do not."""


class Log(Protocol):
    """What a person reads of one agent, line by line."""

    def write(self, agent_id: AgentId, kind: str, text: str) -> None:
        """Add finished lines of `kind`: `say`, `think`, `tool`, `result`, `error`, `note`, `ask`, `answer`."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Unix milliseconds."""


__all__ = [
    "Block",
    "CheckResult",
    "Checkout",
    "Clock",
    "Exit",
    "Job",
    "Live",
    "Log",
    "Message",
    "Model",
    "ModelError",
    "Prices",
    "Processes",
    "Reply",
    "Transcripts",
    "TurnRequest",
    "Workspaces",
]
