"""What the engine remembers of a run's checkouts: one small file, replaced atomically, beside them.

It is the only truth after a crash about where each checkout stands and which merge was under way. It holds no files'
contents and knows no git; agents cannot write it.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from ...errors import WorkspaceError
from ...spec import WorkspaceKind


class MergeRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A merge that was begun: `tree` of a checkout onto `before`, giving `tip`."""

    before: str
    tree: str
    commit: str
    tip: str
    files: int = 0
    insertions: int = 0
    deletions: int = 0


class CheckoutRecord(msgspec.Struct, omit_defaults=True):
    """One agent's checkout, once it was made to its end, set-up command included."""

    kind: WorkspaceKind
    base: str
    """The commit it was made at or moved to."""
    stands_at: str
    """The commit its next one follows."""
    second_parent: str | None = None
    """The commit that was merged into the checkout and becomes a parent of its next commit."""
    conflicted: tuple[bytes, ...] = ()
    """Files in which that merge left marks."""
    unfinished: str | None = None
    """The commit or tree its files are being moved to."""
    set_up: str | None = None
    """The tree as the set-up command left it, if it changed anything that is not ignored."""
    merge: MergeRecord | None = None
    """The latest merge."""


class RunRecord(msgspec.Struct, omit_defaults=True):
    """All checkouts of a run."""

    run_id: str
    base: str
    tip: str
    """Where the run's branch stands."""
    branches: dict[str, str] = {}
    """Where the engine last put each of its branches in the user's repository."""
    checkouts: dict[str, CheckoutRecord] = {}
    v: int = 1


def load(path: Path) -> RunRecord | None:
    """The record at `path`, or None if there is none yet. Raises `WorkspaceError` if it cannot be read as one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunRecord)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise WorkspaceError(f"the record of the run's checkouts at {path} cannot be read: {error}") from error


def save(path: Path, record: RunRecord) -> None:
    """Replace the record at `path`, durably. Raises `WorkspaceError` if the disk does not take it."""
    new = path.with_suffix(".new")
    try:
        with new.open("wb") as file:
            file.write(msgspec.json.encode(record))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise WorkspaceError(
            f"the record of the run's checkouts at {path} cannot be written: {error.strerror}"
        ) from error
