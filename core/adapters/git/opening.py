"""Opens a run's folder: makes it the first time, takes it over after a crash.

Only one engine works in it (the journal's lock sees to that), so locks found here are left over. Knows no agents' work.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import UsageError, WorkspaceError
from .checkout import Layout, exclude_lines, make_engine, remove_tree
from .project import Location, locate
from .publishing import Publisher
from .record import CheckoutRecord, RunRecord, load, save
from .repository import Repository
from .snapshot import OURS, Snapshot

BASE = "base"
"""The ref that pins the commit the run starts from while checkouts read its objects."""
TIP = "tip"
"""The ref that pins the tip of the run's branch."""
RUN_BRANCH = "run"
SCRATCH = "scratch-"
"""How the names of scratch checkouts begin."""
_IGNORE_FILE_LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Opened:
    """A run whose folder stands, and what is remembered of it."""

    layout: Layout
    location: Location
    engine: Repository
    publisher: Publisher
    record: RunRecord
    links: tuple[tuple[Path, str], ...]
    """Folders of the user's that each checkout links to, and where."""
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    def files(self, name: str) -> Repository:
        """The engine's git directory over the files of the checkout `name`."""
        return self.engine.over(self.layout.checkout(name), self.layout.index(name))

    def snapshot(self, name: str) -> Snapshot:
        """How the files of the checkout `name` are taken up."""
        return Snapshot(self.files(name), (*OURS, *(place for _, place in self.links)))

    def lock(self, name: str) -> asyncio.Lock:
        """Held while the checkout `name` is worked on; `run` for the run's branch."""
        return self.locks.setdefault(name, asyncio.Lock())

    def checkout(self, name: str) -> CheckoutRecord:
        """What is remembered of a checkout that is there. Raises `WorkspaceError` if it is not."""
        known = self.record.checkouts.get(name)
        if known is None:
            raise WorkspaceError(f"{name} has no workspace yet")
        if not self.layout.checkout(name).is_dir() or self.layout.checkout(name).is_symlink():
            raise WorkspaceError(
                f"the workspace of {name} is gone from {self.layout.checkout(name)}, and what was not merged with it:"
                " put the folder back or give the work to a new agent"
            )
        return known

    def remember(self) -> None:
        """Write the record."""
        save(self.layout.record, self.record)


async def open_run(project: Path, run_id: str, base: str, layout: Layout, share: Sequence[str]) -> Opened:
    """The run's folder, made if need be. Raises `WorkspaceError` or `UsageError`."""
    location = await locate(project)
    links = await _links(location, share)
    record = load(layout.record)
    engine = Repository(layout.engine)
    publisher = Publisher(engine, location.store, run_id)
    if record is None:
        await _check_base(location, base)
        _make_root(layout)
        ignored = await _ignored(location) + exclude_lines([place for _, place in links])
        await make_engine(layout, location.objects, location.object_format, _shallow(location), ignored)
        record = RunRecord(run_id=run_id, base=base, tip=base)
        await publisher.publish({BASE: base, TIP: base}, {RUN_BRANCH: base}, put=record.branches, known=[base])
        save(layout.record, record)
    elif record.run_id != run_id or not layout.engine.is_dir():
        raise WorkspaceError(f"{layout.root} does not hold the checkouts of run {run_id}: nothing was changed")
    _clear_up(layout)
    return Opened(layout, location, engine, publisher, record, links)


async def _check_base(location: Location, base: str) -> None:
    if (await location.store.run("cat-file", "-e", f"{base}^{{commit}}", allowed=(0, 1, 128))).code:
        raise UsageError(f"{base} is no commit of {location.root}")


def _make_root(layout: Layout) -> None:
    try:
        layout.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        remove_tree(layout.engine)
        remove_tree(layout.template)
    except OSError as error:
        raise WorkspaceError(f"checkouts cannot be made in {layout.root}: {error.strerror}") from error


def _shallow(location: Location) -> bytes | None:
    """Where the history of a shallow clone ends."""
    try:
        return (location.common_dir / "shallow").read_bytes()
    except FileNotFoundError:
        return None


async def _ignored(location: Location) -> str:
    """What the user ignores beside `.gitignore`: their own file for all projects and the one of this repository."""
    own = await location.repository.run("config", "--type=path", "--get", "core.excludesFile", allowed=(0, 1))
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    files = [Path(own.text) if own.text else settings / "git" / "ignore", location.common_dir / "info" / "exclude"]
    return "".join(_read(file) for file in files)


def _read(path: Path) -> str:
    if not path.is_file():
        return ""
    try:
        with path.open(errors="surrogateescape") as file:
            return file.read(_IGNORE_FILE_LIMIT).rstrip("\n") + "\n"
    except OSError:
        return ""


async def _links(location: Location, share: Sequence[str]) -> tuple[tuple[Path, str], ...]:
    """The folders to share that exist. Only what is ignored and in no commit: the rest is in every checkout anyway."""
    found: list[tuple[Path, str]] = []
    for name in share:
        place = _place(name)
        target = location.root / place
        if not target.exists():
            continue
        # This command does not take the demand to read paths literally.
        plain = {"GIT_LITERAL_PATHSPECS": "0"}
        ignored = await location.repository.run("check-ignore", "-q", "--", place, allowed=(0, 1, 128), extra=plain)
        tracked = await location.repository.items("ls-files", "-z", "--", place)
        if ignored.code != 0 or tracked:
            raise UsageError(f"share = {name!r} is not ignored by git: only ignored folders can be shared with agents")
        found.append((target, place))
    return tuple((target.resolve(), place) for target, place in found)


def _place(name: str) -> str:
    """The path `name` below the top of the project, as git spells it."""
    place = os.path.normpath(name)
    if os.path.isabs(place) or place.split(os.sep)[0] in ("", ".", "..", ".git", *OURS):
        raise UsageError(f"share = {name!r} names no folder inside the project")
    return place


def _clear_up(layout: Layout) -> None:
    """Remove what an engine that died left behind: locks, and checkouts that were only scratch."""
    for folder in (layout.engine, layout.root / "indexes"):
        for lock in folder.rglob("*.lock"):
            if "objects" not in lock.relative_to(folder).parts:
                lock.unlink(missing_ok=True)
    for scratch in layout.root.glob(f"{SCRATCH}*"):
        remove_tree(scratch)
