"""What the user's project looks like before a run: may one start here, and from which commit?

Only looks; changes nothing. Knows no runs but for the names of their branches.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ...errors import UsageError
from .repository import Repository, environment
from .runner import Answer, GitFailedError, run_git
from .words import listed, printable

OLDEST_GIT = (2, 38)
"""The first git with `merge-tree --write-tree`."""
BRANCHES = "pilothouse"
"""All branches of pilothouse are below this name."""
COMMITTED_FILE_LIMIT = 1024 * 1024
"""Bytes of a settings file that are read from a commit."""

_UNDER_WAY = {
    "MERGE_HEAD": ("a merge", "git merge --continue", "git merge --abort"),
    "rebase-merge": ("a rebase", "git rebase --continue", "git rebase --abort"),
    "rebase-apply": ("a rebase", "git rebase --continue", "git rebase --abort"),
    "CHERRY_PICK_HEAD": ("a cherry-pick", "git cherry-pick --continue", "git cherry-pick --abort"),
    "REVERT_HEAD": ("a revert", "git revert --continue", "git revert --abort"),
}


@dataclass(frozen=True, slots=True)
class Location:
    """Where a project's files and its repository lie."""

    root: Path
    git_dir: Path
    """Its own git directory; in a linked worktree not the common one."""
    common_dir: Path
    objects: Path
    object_format: str

    @property
    def repository(self) -> Repository:
        """The user's repository with the user's files and the user's configuration."""
        return Repository(self.git_dir, self.root, is_users=True)

    @property
    def store(self) -> Repository:
        """The same without files and without the user's global configuration: for objects and refs."""
        return Repository(self.git_dir)


@dataclass(frozen=True, slots=True)
class Project:
    """A project a run can start from."""

    location: Location
    head: str
    branch: str | None
    """The branch that is checked out, None if it is a commit."""
    dirty: tuple[str, ...]
    """Tracked files with changes that are in no commit; agents will not see them."""
    untracked: tuple[str, ...]
    """Files git does not know and does not ignore; agents will not see them."""
    has_submodules: bool

    @property
    def root(self) -> Path:
        """The top of the user's files."""
        return self.location.root

    @property
    def git_dir(self) -> Path:
        """The git directory of this checkout."""
        return self.location.git_dir

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know before the run starts."""
        notes = []
        if self.dirty:
            notes.append(f"agents start from the last commit and do not see your changes in {listed(self.dirty)}")
        if self.untracked:
            notes.append(f"agents do not see what is in no commit: {listed(self.untracked)}")
        if self.branch is None:
            notes.append("no branch is checked out, so the result can only be landed after you switch to one")
        if self.has_submodules:
            notes.append("submodules are empty folders in the agents' checkouts and keep the commits they are at")
        return tuple(notes)


async def locate(path: Path) -> Location:
    """The repository that `path` is in. Raises `UsageError` with a sentence if there is none to work with."""
    _check_folder(path)
    version = re.search(r"(\d+)\.(\d+)", (await _discover(path, "version")).text)
    if version is None or (int(version[1]), int(version[2])) < OLDEST_GIT:
        found = version[0] if version else "unknown"
        raise UsageError(f"git {found} is too old: pilothouse needs git {OLDEST_GIT[0]}.{OLDEST_GIT[1]} or newer")
    try:
        said = await _discover(
            path,
            "rev-parse",
            "--path-format=absolute",
            "--is-bare-repository",
            "--is-inside-git-dir",
            "--git-dir",
            "--git-common-dir",
            "--git-path",
            "objects",
            "--show-object-format",
        )
    except GitFailedError as error:
        raise UsageError(_why_no_repository(path, error.stderr)) from error
    is_bare, is_inside, git_dir, common_dir, objects, object_format = said.text.split("\n")
    if is_bare == "true":
        raise UsageError(
            f"{path} is a bare repository without files: go to a checkout of it, or make one with `git clone`"
        )
    if is_inside == "true":
        raise UsageError(f"{path} is inside a git directory: go to the project's own folder")
    root = (await _discover(path, "rev-parse", "--path-format=absolute", "--show-toplevel")).text
    return Location(Path(root), Path(git_dir), Path(common_dir), Path(objects), object_format)


def _check_folder(path: Path) -> None:
    if not path.is_dir():
        raise UsageError(f"{path} is no folder")


async def inspect(path: Path, *, allow_dirty: bool = False, run_id: str | None = None) -> Project:
    """The project that `path` is in, if a run can start there.

    Raises `UsageError` with one sentence that says why not and what to do. With `allow_dirty` uncommitted changes are
    left out of the run instead of refused.
    """
    location = await locate(path)
    git = location.repository
    head = (await git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}", allowed=(0, 1, 128))).text
    if not head:
        raise UsageError(
            f"{location.root} has no commits yet: commit something first (`git add -A && git commit -m start`)"
        )
    refuse_half_done(location.git_dir)
    await _refuse_taken_names(location.store, run_id)
    branch = (await git.run("symbolic-ref", "--quiet", "--short", "HEAD", allowed=(0, 1))).text or None
    dirty, untracked = await _uncommitted(git)
    if dirty and not allow_dirty:
        raise UsageError(
            f"uncommitted changes in {listed(dirty)}, which agents would not see: commit or stash them,"
            " or start from the last commit with --allow-dirty"
        )
    modules = await git.run("cat-file", "-e", f"{head}:.gitmodules", allowed=(0, 1, 128))
    return Project(location, head, branch, dirty, untracked, modules.code == 0)


async def read_committed(project: Project, path: str) -> bytes | None:
    """The file at `path` as it stands in the user's HEAD, or None if there is no regular file of at most 1 MB."""
    store = project.location.store
    entry = (await store.run("ls-tree", "-l", "-z", project.head, "--", path, allowed=(0, 128))).items
    if len(entry) != 1:
        return None
    mode, kind, name, size = entry[0].partition("\t")[0].split()
    if kind != "blob" or mode not in ("100644", "100755") or int(size) > COMMITTED_FILE_LIMIT:
        return None
    return (await store.run("cat-file", "blob", name)).out


def refuse_half_done(git_dir: Path) -> None:
    """Raise `UsageError` if a merge, rebase or the like waits to be finished."""
    for name, (what, finish, abort) in _UNDER_WAY.items():
        if (git_dir / name).exists():
            raise UsageError(f"{what} is under way here: finish it with `{finish}` or drop it with `{abort}`")


async def _refuse_taken_names(store: Repository, run_id: str | None) -> None:
    names = [BRANCHES] if run_id is None else [BRANCHES, f"{BRANCHES}/{run_id}"]
    for name in names:
        taken = await store.run("show-ref", "--verify", "--quiet", f"refs/heads/{name}", allowed=(0, 1))
        if taken.code == 0:
            raise UsageError(
                f"a branch named {name} stands in the way of the branches {name}/...: rename it"
                f" (`git branch -m {name} OTHER-NAME`)"
            )


async def _uncommitted(git: Repository) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tracked files with changes, and untracked ones. A submodule counts if it stands at another commit."""
    records = iter(
        await git.items("status", "--porcelain=v1", "-z", "--untracked-files=normal", "--ignore-submodules=dirty")
    )
    dirty: list[str] = []
    untracked: list[str] = []
    for record in records:
        code, path = record[:2], record[3:]
        if code == "??":
            untracked.append(path)
        else:
            dirty.append(path)
        if "R" in code or "C" in code:
            next(records, None)
    return tuple(dirty), tuple(untracked)


async def _discover(path: Path, *arguments: str) -> Answer:
    return await run_git(arguments, cwd=path, environment=environment(is_users=True, home=path))


def _why_no_repository(path: Path, stderr: str) -> str:
    if "dubious ownership" in stderr:
        return (
            f"git does not trust {path}, because it belongs to another user: if you do, say"
            f" `git config --global --add safe.directory {path}`"
        )
    if "not a git repository" in stderr:
        return f"{path} is in no git repository: make one with `git init` and commit, or go to a project"
    last = stderr.strip().splitlines()[-1:] or ["it does not say why"]
    return f"git cannot read the repository at {path}: {printable(last[0].removeprefix('fatal: '))}"


def workspaces_root(state_home: Path, root: Path, run_id: str) -> Path:
    """Where the checkouts of a run of the project at `root` lie."""
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:10]
    return state_home / "pilothouse" / "workspaces" / f"{root.name or 'root'}-{digest}" / run_id
