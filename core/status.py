"""The words for how an agent is doing. Status is derived from the record (see `selectors`), never set by hand."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Status(StrEnum):
    """Where an agent stands. The last five are terminal."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    BLOCKED = "blocked"
    STOPPING = "stopping"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    KILLED = "killed"
    SKIPPED = "skipped"
    LOST = "lost"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more will happen to an agent of this status."""
        return self in TERMINAL


TERMINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.KILLED, Status.SKIPPED, Status.LOST})


class Verdict(StrEnum):
    """How far a succeeded agent's result is proven."""

    VERIFIED = "verified"
    """Its acceptance checks ran and passed."""
    UNVERIFIED = "unverified"
    """It had no acceptance checks that can be run."""
    EMPTY = "empty"
    """It ended without a result."""


class Pause(StrEnum):
    """The flag beside the status."""

    NONE = "none"
    PAUSING = "pausing"
    """The gate is closed; a call or a tool is still in flight."""
    PAUSED = "paused"
    """Nothing is in flight and the ledger stands still."""


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an agent is not running, as data. `words` is the same for a person.

    `until` is Unix milliseconds; `ids` names the agents or questions it is about.
    """

    code: str
    words: str
    ids: tuple[str, ...] = ()
    until: int | None = None
