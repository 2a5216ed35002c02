"""Turns the files of a checkout into a tree, through an index that only the engine writes.

What the checkout's own `.git` says (configuration, branches, index) plays no part, and git never enters a repository
that was made inside the checkout: its files are taken as files. `.gitignore` counts. Knows no commits and no runs.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ...errors import WorkspaceError
from .repository import Repository
from .words import listed

OURS = (".pilothouse", "agent-responses")
"""Folders at the top of a checkout that are never committed, whatever `.gitignore` says."""
FILE_LIMIT = 100 * 1024 * 1024
"""Bytes. A larger file was hardly meant to be committed, and most hosts of repositories refuse it."""

_EMBEDDED_DEPTH = 20
_PLACEHOLDER = ".pilothouse-placeholder"
_SUBMODULE = "160000"


class TooLargeError(WorkspaceError):
    """Files that are too large to be committed. Nothing was changed."""

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__(
            f"larger than {FILE_LIMIT >> 20} MB and not ignored: {listed(paths)};"
            " remove them or name them in .gitignore"
        )
        self.paths = tuple(paths)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How the files of one checkout are taken up."""

    repository: Repository
    """With the checkout as work tree and the engine's index for it."""
    left_out: tuple[str, ...] = field(default=OURS)
    """Paths below the top that are never taken up, with all that is in them."""

    async def take(self) -> str:
        """Bring the index up to the files, and write and return the tree.

        Raises `TooLargeError`, or `WorkspaceError` if git cannot read the files.
        """
        found = await self._untracked()
        changed = await self.repository.items(
            "ls-files", "-z", "--modified", "--deleted", "--format=%(objectmode) %(path)"
        )
        for entry in changed:
            mode, _, path = entry.partition(" ")
            if mode != _SUBMODULE:
                found.append(path)
        await self._update([path for path in dict.fromkeys(found) if not self._is_left_out(path)])
        return await self.repository.text("write-tree")

    async def _untracked(self) -> list[str]:
        """All files that are not in the index and not ignored, those in embedded repositories included.

        git lists a repository inside the checkout as one name that ends with a slash and looks no further. Once the
        index has something in that folder it is a folder like any other, so a placeholder is put there for the time.
        """
        placeholders: list[str] = []
        try:
            for _ in range(_EMBEDDED_DEPTH):
                found = await self.repository.items("ls-files", "-z", "--others", "--exclude-standard")
                embedded = [path for path in found if path.endswith("/") and not self._is_left_out(path)]
                if not embedded:
                    return [path for path in found if not path.endswith("/")]
                new = [path + _PLACEHOLDER for path in embedded]
                placeholders += new
                blob = await self.repository.text("hash-object", "-w", "--stdin")
                await put_entries(self.repository, {path: f"100644 {blob}" for path in new})
            raise WorkspaceError(
                f"too many repositories within each other: {listed(placeholders[-1:])}; remove their .git folders"
            )
        finally:
            await drop_entries(self.repository, placeholders)

    async def _update(self, paths: Sequence[str]) -> None:
        top = self.repository.work_tree
        assert top is not None
        gone, taken, large = _sort_out(os.fspath(top), paths)
        if large:
            raise TooLargeError(large)
        await drop_entries(self.repository, gone)
        if taken:
            await self.repository.run(
                "update-index", "-z", "--add", "--remove", "--replace", "--stdin", stdin=_named(taken)
            )

    def _is_left_out(self, path: str) -> bool:
        return any(path == name or path.startswith(name + "/") for name in self.left_out)


async def put_entries(repository: Repository, entries: Mapping[str, str]) -> None:
    """Put `MODE OBJECT` at each path of the index."""
    if entries:
        lines = b"".join(f"{entry} 0\t".encode() + os.fsencode(path) + b"\0" for path, entry in entries.items())
        await repository.run("update-index", "-z", "--add", "--replace", "--index-info", stdin=lines)


async def drop_entries(repository: Repository, paths: Sequence[str]) -> None:
    """Take `paths` out of the index."""
    if paths:
        await repository.run("update-index", "-z", "--force-remove", "--stdin", stdin=_named(paths))


def _named(paths: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


def _sort_out(top: str, paths: Iterable[str]) -> tuple[list[str], list[str], list[str]]:
    """Which of `paths` are gone, which can be taken up, and which are too large.

    A path below a symbolic link is gone: what is there is something else. So is what became a folder or a FIFO.
    """
    folders: dict[str, bool] = {"": True}

    def is_real_folder(path: str) -> bool:
        known = folders.get(path)
        if known is None:
            known = is_real_folder(os.path.dirname(path)) and stat.S_ISDIR(_mode(os.path.join(top, path)))
            folders[path] = known
        return known

    gone: list[str] = []
    taken: list[str] = []
    large: list[str] = []
    for path in paths:
        whole = os.path.join(top, path)
        mode = _mode(whole) if is_real_folder(os.path.dirname(path)) else 0
        if stat.S_ISREG(mode) and _size(whole) > FILE_LIMIT:
            large.append(path)
        elif stat.S_ISREG(mode) or stat.S_ISLNK(mode):
            taken.append(path)
        else:
            gone.append(path)
    return gone, taken, large


def _mode(path: str) -> int:
    """The type of what is at `path`, 0 if there is nothing."""
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
