"""Brings a run's result into the user's branch: a fast-forward through their own checkout, or a sentence why not.

The user's filters are theirs and may run, unless what they run is in the work tree and was changed by the run. Hooks
never run. Whatever goes wrong, the user's files are left, or put back, as they were. Knows no agents.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import UsageError, WorkspaceError
from ...outcomes import Landed
from .cancelling import to_the_end
from .commits import Change, changes
from .project import Location, refuse_half_done
from .publishing import Publisher
from .repository import Repository
from .runner import GitFailedError
from .words import listed, printable

BEFORE = "before-land"
"""The ref of the run that keeps where the user's branch stood."""
_SUBMODULE = "160000"
_COMMANDS = re.compile(r"filter\..*\.(clean|smudge|process)")
_INCLUDES = re.compile(r"include(if\..*)?\.path")
_LARGE_FILES = re.compile(r"git[- ]lfs (clean|smudge|filter-process)( --skip)?( -- %f| %f)?")
"""What `git lfs install` configures: a program on the PATH and no file of the project."""
_FOUND_IN_ADVANCE = re.compile(r"would be (overwritten|removed|lost)|not uptodate|Unable to create .*index\.lock")
"""What git says when it refuses before it has touched a file."""
_HOOKS = "core.hookspath"


@dataclass(frozen=True, slots=True)
class Landing:
    """One way into the user's checkout."""

    location: Location
    publisher: Publisher
    started_on: str | None
    """The branch the run started from, None if it was no branch."""

    @property
    def _git(self) -> Repository:
        return self.location.repository

    async def land(self, tip: str) -> Landed:
        """Fast-forward the user's branch and files to `tip`, which their repository has. Again is fine."""
        branch = await self._branch()
        before = await self._git.text("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if await self._git.has_ancestor(before, tip):
            return Landed(branch, before, await self.publisher.read(BEFORE) or before)
        if not await self._git.has_ancestor(tip, before):
            raise WorkspaceError(
                f"{branch} has moved on since the run started, so it cannot be fast-forwarded:"
                f" merge with `git merge {self.publisher.branch('run')}`"
            )
        changed = [
            change
            for change in await changes(self._git, before, tip)
            if not any(entry and entry.startswith(_SUBMODULE) for entry in (change.old, change.new))
        ]
        await self._refuse_planted_commands(changed)
        await self.publisher.publish({BEFORE: before})
        await to_the_end(self._move(branch, before, tip, changed))
        return Landed(branch, tip, before)

    async def _move(self, branch: str, before: str, tip: str, changed: Sequence[Change]) -> None:
        """Files first, then the branch, so that what a crash leaves can be landed again."""
        if not await self._is_already_there(tip, changed):
            await self._refuse_overwriting(before, changed)
            await self._move_files(before, tip, changed)
        try:
            await self._git.run(
                "update-ref", "-m", f"pilothouse: land {self.publisher.run_id}", f"refs/heads/{branch}", tip, before
            )
        except GitFailedError as error:
            await self._git.run("read-tree", "-m", "-u", tip, before, allowed=(0, 128))
            raise WorkspaceError(
                f"{branch} was moved while its files were being updated; they were put back"
            ) from error

    async def warnings(self, tip: str) -> tuple[str, ...]:
        """What a person should look at before using their repository again: hooks of theirs that the run changed."""
        hooks = [value for key, value, _ in await self._configuration() if key == _HOOKS]
        base = await self._git.text("merge-base", "HEAD", tip)
        changed = {change.path for change in await changes(self._git, base, tip)}
        touched = sorted(
            path
            for path in changed
            if any(_names(hook, self.location.root, path, self.location.root) for hook in hooks)
        )
        if not touched:
            return ()
        return (f"the run changed files that your git runs as hooks: read {listed(touched)} before your next commit",)

    async def _branch(self) -> str:
        try:
            refuse_half_done(self.location.git_dir)
        except UsageError as error:
            raise WorkspaceError(str(error)) from error
        branch = (await self._git.run("symbolic-ref", "--quiet", "--short", "HEAD", allowed=(0, 1))).text
        merge = f"git merge {self.publisher.branch('run')}"
        if not branch:
            raise WorkspaceError(f"no branch is checked out: switch to one (`git switch BRANCH`), then `{merge}`")
        if self.started_on is not None and branch != self.started_on:
            raise WorkspaceError(
                f"the run started on {self.started_on}, but {branch} is checked out: `git switch {self.started_on}`"
                f" and land again, or bring it into {branch} with `{merge}`"
            )
        return branch

    async def _configuration(self) -> list[tuple[str, str, Path]]:
        """Key, value and folder of the file of everything that is configured for the user's repository."""
        said = await self._git.items("config", "--list", "-z", "--show-origin", "--includes")
        found = []
        for origin, entry in zip(said[::2], said[1::2], strict=True):
            key, _, value = entry.partition("\n")
            file = self.location.root / origin.removeprefix("file:")
            found.append((key.lower(), value, file.parent))
        return found

    async def _refuse_planted_commands(self, changed: Sequence[Change]) -> None:
        """Git on the host must not run or read as configuration what an agent wrote, not even in mid-landing."""
        for key, value, folder in await self._configuration():
            if _COMMANDS.fullmatch(key) and not _LARGE_FILES.fullmatch(value.strip()):
                base = self.location.root
            elif _INCLUDES.fullmatch(key):
                base = folder
            else:
                continue
            named = [change.path for change in changed if _names(value, base, change.path, self.location.root)]
            if named:
                raise WorkspaceError(
                    f"your git configuration uses {listed(named)} ({key}), and the run changed it: read the change,"
                    f" then land by hand with `git merge {self.publisher.branch('run')}`"
                )

    async def _is_already_there(self, tip: str, changed: Sequence[Change]) -> bool:
        """Whether an earlier landing got as far as the files and the index."""
        if not changed:
            return True
        return (await self._differences(tip)).isdisjoint(change.path for change in changed)

    async def _differences(self, commit: str) -> set[str]:
        """How the user's files and index differ from `commit`."""
        await self._git.run("update-index", "-q", "--refresh", "--ignore-submodules", allowed=(0, 1, 128))
        staged = await self._git.items("diff-index", "--cached", "-z", "--name-only", "--no-renames", commit)
        unstaged = await self._git.items("diff-files", "-z", "--name-only", "--no-ext-diff")
        return {*staged, *unstaged}

    async def _refuse_overwriting(self, before: str, changed: Sequence[Change]) -> None:
        """Raise if the landing would touch files whose contents are in no commit."""
        touched = {change.path for change in changed}
        edited = sorted(touched & await self._differences(before))
        if edited:
            raise WorkspaceError(
                f"landing would overwrite your changes in {listed(edited)}: commit or stash them, then land again"
            )
        tracked = {change.path for change in changed if change.old is not None}
        added = [change.path for change in changed if change.old is None]
        in_the_way = _in_the_way(self.location.root, added, tracked)
        if in_the_way:
            raise WorkspaceError(
                f"landing would overwrite files that are in no commit: {listed(in_the_way)};"
                " move them away, then land again"
            )

    async def _move_files(self, before: str, tip: str, changed: Sequence[Change]) -> None:
        try:
            await self._git.run("read-tree", "-m", "-u", before, tip)
        except GitFailedError as error:
            if not _FOUND_IN_ADVANCE.search(error.stderr):
                await self._put_back(changed)
            raise WorkspaceError(f"the files could not be updated and are as they were: {_reason(error)}") from error

    async def _put_back(self, changed: Sequence[Change]) -> None:
        """Undo a half-done update of the files. The index is untouched, and none of `changed` held anything unsaved."""
        old = b"".join(os.fsencode(change.path) + b"\0" for change in changed if change.old is not None)
        for change in changed:
            if change.old is None:
                _unlink(self.location.root / change.path)
        await self._git.run("checkout-index", "-f", "-q", "-z", "--stdin", stdin=old, allowed=(0, 1, 128))


def _names(value: str, base: Path, path: str, top: Path) -> bool:
    """Whether `value`, configured for the folder `base`, names the file `path` below `top` or a folder above it."""
    for word in re.split(r"[\s'\"=;|&()<>`$,:]+", value):
        for spelled in {word, word.replace(".", "/")} - {""}:
            named = os.path.normpath(os.path.join(base, os.path.expanduser(spelled)))
            for place in {named, os.path.realpath(named)}:
                inside = os.path.relpath(place, top)
                if path == inside or path.startswith((f"{inside}/", f"{inside}.")):
                    return True
    return False


def _in_the_way(root: Path, added: Sequence[str], tracked: set[str]) -> list[str]:
    """Files in no commit, the ignored too, where the landing would add `added`.

    `tracked` are the files of the commit before that the landing changes or removes.
    """
    found: dict[str, None] = {}
    for path in added:
        above = _above(path)
        if any(name in tracked for name in above):
            continue
        blocked = [name for name in above if (root / name).is_symlink() or (root / name).is_file()]
        place = root / path
        if blocked:
            found[blocked[0]] = None
        elif place.is_dir() and not place.is_symlink():
            inside = [os.path.join(folder, name) for folder, _, names in os.walk(place) for name in names]
            found |= dict.fromkeys(
                name for name in (os.path.relpath(file, root) for file in inside) if name not in tracked
            )
        elif os.path.lexists(place):
            found[path] = None
    return list(found)


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _unlink(path: Path) -> None:
    try:
        path.unlink()
    except OSError:
        return
    for folder in path.parents:
        try:
            folder.rmdir()
        except OSError:
            return


def _reason(error: GitFailedError) -> str:
    if "index.lock" in error.stderr:
        return "another git process is using the repository (.git/index.lock)"
    return printable(str(error))
