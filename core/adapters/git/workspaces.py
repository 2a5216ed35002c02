"""The checkouts of one run: the adapter of the port `Workspaces`.

The engine commits through a git directory of its own that no agent can write; each agent has a checkout with a private
`.git` in which it may do as it likes. The user's repository gets commits and refs, and its files only by `land`. This
file says who may do what at the same time; how it is done is said by the modules beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from ...errors import WorkspaceError
from ...ids import AgentId, RunId
from ...outcomes import Conflicted, Landed, Merged
from ...ports import Checkout, Processes
from ...spec import WorkspaceKind
from .cancelling import in_thread, to_the_end
from .checkout import Layout, lay_out, move_files, point_at, remove_tree
from .landing import Landing
from .merging import merge, rescue, stage
from .opening import BASE, RUN_BRANCH, SCRATCH, Opened, open_run
from .quotation import find_quotation
from .record import CheckoutRecord
from .setting_up import SetUp
from .words import printable

_SUBMODULE = "160000"


class GitWorkspaces:
    """The checkouts of the run `run_id` of the project at `project`, all below `root`."""

    def __init__(
        self,
        project: Path,
        run_id: RunId,
        base: str,
        root: Path,
        *,
        branch: str | None = None,
        processes: Processes | None = None,
        setup: str | None = None,
        share: Sequence[str] = (),
    ) -> None:
        """`branch` is the user's, where the run started; `share` are ignored paths of theirs that checkouts link to."""
        if setup and processes is None:
            raise ValueError("a set-up command needs something to run it")
        self._project, self._run_id, self._base, self._branch = project, run_id, base, branch
        self._layout = Layout(Path(os.path.realpath(root)))
        self._share = tuple(share)
        self._set_up = SetUp(setup, processes) if setup and processes else None
        self._opened: Opened | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> Opened:
        """Make the run's folder, or take it over after a crash. Every other method does so too if it has to."""
        async with self._opening:
            if self._opened is None:
                self._opened = await open_run(self._project, self._run_id, self._base, self._layout, self._share)
            return self._opened

    @property
    def shared(self) -> tuple[Path, ...]:
        """Folders of the user's that the checkouts link to; a sandbox has to let agents read them."""
        return tuple(target for target, _ in self._opened.links) if self._opened else ()

    async def readable(self) -> tuple[Path, ...]:
        """Everything outside a checkout that git and links in it read."""
        run = await self.open()
        return (run.layout.engine, run.location.objects, *self.shared)

    async def prepare(self, agent_id: AgentId, kind: WorkspaceKind, base: str) -> Checkout:
        """Make the agent's own checkout at `base` (or give back the one that is there), set-up command included."""
        async with self._working_on(agent_id) as run:
            if agent_id in run.record.checkouts:
                return _described(run, agent_id)
            known = CheckoutRecord(kind, base, base)
            branch = run.publisher.branch(agent_id) if kind is WorkspaceKind.CLONE else None
            await self._make(run, agent_id, base, branch)
            tree = await run.snapshot(agent_id).take() if self._set_up else None
            if tree is not None and tree != await run.engine.tree_of(base):
                known.set_up = tree
            run.record.checkouts[agent_id] = known
            run.remember()
            return _described(run, agent_id)

    async def stage_merge(self, agent_id: AgentId, commit: str) -> tuple[str, ...]:
        """Merge `commit` into the agent's checkout, leave conflicts marked in its files, return their paths."""
        async with self._working_on(agent_id) as run, run.lock(RUN_BRANCH):
            return await stage(run, agent_id, commit)

    async def refresh(self, agent_id: AgentId, commit: str) -> None:
        """Move a read-only checkout to `commit`. What somebody wrote into it all the same is kept at a rescue ref."""
        async with self._working_on(agent_id) as run:
            known = run.checkout(agent_id)
            if known.kind is not WorkspaceKind.READ_ONLY:
                raise WorkspaceError(f"{agent_id} writes in its workspace, so it cannot be moved under its hands")
            await rescue(run, agent_id, known)
            old, known.base, known.stands_at, known.unfinished = known.stands_at, commit, commit, commit
            run.remember()
            await move_files(run.files(agent_id), old, commit)
            point_at(run.layout.checkout(agent_id), commit, run.layout.index(agent_id))
            known.unfinished = None
            run.remember()

    async def scratch(self, commit: str) -> Path:
        """A checkout of `commit` for a validation; `discard` it afterwards."""
        run, name = await self.open(), f"{SCRATCH}{uuid.uuid4().hex[:8]}"
        try:
            await self._make(run, name, commit, None)
        except BaseException:
            await to_the_end(self.discard(run.layout.checkout(name)))
            raise
        return run.layout.checkout(name)

    async def discard(self, path: Path) -> None:
        """Remove a scratch checkout. Raises `WorkspaceError` for any other folder."""
        if path.parent != self._layout.root or not path.name.startswith(SCRATCH):
            raise WorkspaceError(f"{path} is no scratch checkout of this run, so it is not removed")
        await in_thread(lambda _: remove_tree(path))
        self._layout.index(path.name).unlink(missing_ok=True)

    async def merge(self, agent_id: AgentId, title: str, tip: str) -> Merged | Conflicted:
        """Commit what is in the agent's checkout and merge it into the run's branch, whose tip must be `tip`."""
        async with self._working_on(agent_id) as run, run.lock(RUN_BRANCH):
            return await merge(run, agent_id, title, tip)

    async def find(self, agent_id: AgentId, text: str) -> str | None:
        """The path of a tracked file in the agent's checkout that holds `text` word for word (white space folded)."""
        run = await self.open()
        run.checkout(agent_id)
        entries = await run.files(agent_id).items("ls-files", "-z", "--format=%(objectmode) %(path)")
        paths = [path for mode, _, path in (entry.partition(" ") for entry in entries) if mode != _SUBMODULE]
        top = run.layout.checkout(agent_id)
        found = await in_thread(lambda is_cancelled: find_quotation(top, paths, text, is_cancelled))
        return None if found is None else printable(found)

    async def land(self, tip: str) -> Landed:
        """Fast-forward the user's branch to `tip` through their checkout."""
        async with self._working_on(RUN_BRANCH) as run:
            _check_tip(run, tip)
            return await self._landing(run).land(tip)

    async def warnings(self, tip: str) -> tuple[str, ...]:
        """What a person should look at before they use their repository again after landing `tip`."""
        run = await self.open()
        _check_tip(run, tip)
        return await self._landing(run).warnings(tip)

    async def remove(self, agent_id: AgentId) -> str | None:
        """Remove the agent's checkout; what was not merged is kept first, at the commit that is returned."""
        async with self._working_on(agent_id) as run:
            saved = await rescue(run, agent_id, run.checkout(agent_id))
            await in_thread(lambda _: remove_tree(run.layout.checkout(agent_id)))
            run.layout.index(agent_id).unlink(missing_ok=True)
            del run.record.checkouts[agent_id]
            run.remember()
            return saved

    async def release(self) -> None:
        """Remove all checkouts of the run, keeping what was not merged, and let go of its base. The branches stay."""
        run = await self.open()
        for agent_id in list(run.record.checkouts):
            if run.layout.checkout(agent_id).exists():
                await self.remove(AgentId(agent_id))
        await run.publisher.unpin(BASE)
        await in_thread(lambda _: remove_tree(run.layout.root))
        self._opened = None

    async def close(self) -> None:
        """Give back what is only scratch."""
        for path in self._layout.root.glob(f"{SCRATCH}*"):
            await self.discard(path)

    @contextlib.asynccontextmanager
    async def _working_on(self, name: str) -> AsyncIterator[Opened]:
        run = await self.open()
        async with run.lock(name):
            yield run

    async def _make(self, run: Opened, name: str, commit: str, branch: str | None) -> None:
        """A checkout with its set-up done. A failed one is left for the next try to remove."""
        try:
            await lay_out(run.layout, name, commit, branch, run.links)
        except OSError as error:
            raise WorkspaceError(
                f"the checkout {name} cannot be made in {run.layout.root}: {error.strerror}"
            ) from error
        if self._set_up is not None:
            await self._set_up.run(run.layout.checkout(name))

    def _landing(self, run: Opened) -> Landing:
        return Landing(run.location, run.publisher, self._branch)


def _described(run: Opened, agent_id: AgentId) -> Checkout:
    known = run.checkout(agent_id)
    branch = run.publisher.branch(agent_id) if known.kind is WorkspaceKind.CLONE else None
    return Checkout(run.layout.checkout(agent_id), known.base, branch)


def _check_tip(run: Opened, tip: str) -> None:
    if tip != run.record.tip:
        raise WorkspaceError(
            f"the run's branch stands at {run.record.tip[:12]}, not at {tip[:12]}, so nothing was landed"
        )
