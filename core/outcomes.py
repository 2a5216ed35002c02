"""How effects end. Every outcome is an input of the kernel and stands in the event that closes the effect."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from .commands import AnyCommand
from .ids import CallId
from .money import ZERO, Tokens


class Outcome(msgspec.Struct, frozen=True, tag_field="outcome", tag=True, omit_defaults=True):
    """Base of all outcomes; the class name is the tag."""


class Span(msgspec.Struct, frozen=True, array_like=True):
    """A piece of an agent's transcript: whole lines, in bytes, with the CRC-32 of them."""

    offset: int
    length: int
    crc: int


class StopReason(StrEnum):
    """Why the model ended its message. Any other reason makes the turn incomplete."""

    END_TURN = "end_turn"
    TOOL_USE = "tool_use"
    MAX_TOKENS = "max_tokens"
    STOP_SEQUENCE = "stop_sequence"
    PAUSE_TURN = "pause_turn"
    REFUSAL = "refusal"
    CONTEXT_FULL = "model_context_window_exceeded"


class ToolCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """One tool call of a message.

    A team tool carries its `command`; any other is carried out as an effect. `error` says why the input was not
    accepted; then nothing is carried out and the model reads the sentence.
    """

    call_id: CallId
    name: str
    brief: str = ""
    command: AnyCommand | None = None
    error: str | None = None


class TurnCompleted(Outcome, frozen=True):
    """The model's message arrived whole and stands in the transcript at `span`, after the notes it answered."""

    span: Span
    stop_reason: StopReason
    tokens: Tokens
    cost_usd: Decimal
    calls: tuple[ToolCall, ...] = ()
    text: str = ""
    """The beginning of what it said, at most `Limits.result_bytes`."""

    estimated = False
    """What a whole message cost is known exactly."""


class ModelErrorKind(StrEnum):
    """The closed set of ways a model call fails."""

    RATE_LIMIT = "rate_limit"
    OVERLOADED = "overloaded"
    SERVER = "server"
    CONNECTION = "connection"
    STALLED = "stalled"
    INCOMPLETE = "incomplete"
    MALFORMED = "malformed"
    TOO_LONG = "too_long"
    BILLING = "billing"
    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    NOT_FOUND = "not_found"
    INVALID = "invalid"
    UNKNOWN = "unknown"

    @property
    def parks_all(self) -> bool:
        """Whether every caller has to wait, not only this one."""
        return self in (ModelErrorKind.RATE_LIMIT, ModelErrorKind.OVERLOADED)

    @property
    def is_transient(self) -> bool:
        """Whether the same call may go through later."""
        return self in _TRANSIENT


_TRANSIENT = frozenset(
    {
        ModelErrorKind.RATE_LIMIT,
        ModelErrorKind.OVERLOADED,
        ModelErrorKind.SERVER,
        ModelErrorKind.CONNECTION,
        ModelErrorKind.STALLED,
        ModelErrorKind.INCOMPLETE,
        ModelErrorKind.MALFORMED,
    }
)


class TurnFailed(Outcome, frozen=True):
    """The model call failed. What it cost is charged all the same, `estimated` where it cannot be known."""

    error: ModelErrorKind
    message: str
    retry_after_ms: int | None = None
    tokens: Tokens = Tokens()
    cost_usd: Decimal = ZERO
    estimated: bool = False


class ToolFinished(Outcome, frozen=True):
    """A tool call is done; its result stands in the transcript at `span`."""

    span: Span
    is_error: bool = False


class WorkspaceReady(Outcome, frozen=True):
    """The checkout stands at `path`; what is written there ends up on `branch`."""

    path: str
    base: str
    branch: str | None = None


class WorkspaceFailed(Outcome, frozen=True):
    """The checkout could not be made."""

    message: str


class CheckResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one command of a validation ended. `tail` is the end of what it printed."""

    command: str
    exit_code: int
    ms: int
    tail: str = ""
    timed_out: bool = False

    @property
    def passed(self) -> bool:
        """Whether it ended by itself with 0."""
        return self.exit_code == 0 and not self.timed_out


class ChecksFinished(Outcome, frozen=True):
    """A validation ran to its end."""

    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every command passed."""
        return all(result.passed for result in self.results)


class Merged(Outcome, frozen=True):
    """The work is in the run's branch, whose tip is now `tip`. `commit` is None if there was nothing to merge."""

    tip: str
    commit: str | None = None
    files: int = 0
    insertions: int = 0
    deletions: int = 0


class Conflicted(Outcome, frozen=True):
    """The work does not merge; nothing was changed."""

    paths: tuple[str, ...]
    detail: str


class CitationChecked(Outcome, frozen=True):
    """Whether the words were found, and in which file."""

    where: str | None = None


class Landed(Outcome, frozen=True):
    """The user's `branch` now stands at `commit`; it stood at `before`."""

    branch: str
    commit: str
    before: str


class Cancelled(Outcome, frozen=True):
    """The effect was ended from here. Of a model call, what it cost is charged."""

    tokens: Tokens = Tokens()
    cost_usd: Decimal = ZERO
    estimated: bool = False


class EffectFailed(Outcome, frozen=True):
    """The effect could not be carried out: one sentence for a person."""

    message: str


AnyOutcome = (
    TurnCompleted
    | TurnFailed
    | ToolFinished
    | WorkspaceReady
    | WorkspaceFailed
    | ChecksFinished
    | Merged
    | Conflicted
    | CitationChecked
    | Landed
    | Cancelled
    | EffectFailed
)
