"""What an agent left in its checkout becomes commits: taken up, merged into the run's branch, or marked as conflicting.

Every step can be repeated after a crash: what is about to happen is remembered first, and commits that were made are
used again. Nothing here touches the user's files.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ...errors import WorkspaceError
from ...outcomes import Conflicted, Merged
from ...spec import WorkspaceKind
from .checkout import move_files
from .commits import Side, changes, combine, commit, measure, message, still_marked
from .opening import RUN_BRANCH, TIP, Opened
from .record import CheckoutRecord, MergeRecord
from .snapshot import TooLargeError, drop_entries, put_entries
from .words import listed, printable

_RESCUE = "rescue"


async def take_work(run: Opened, name: str, known: CheckoutRecord) -> str:
    """The tree of what is in the checkout, without what the set-up command made and nobody has changed since."""
    if known.unfinished is not None:
        await _finish(run, name, known)
    tree = await run.snapshot(name).take()
    if known.set_up is None:
        return tree
    made = {change.path for change in await changes(run.engine, known.base, known.set_up)}
    touched = {change.path for change in await changes(run.engine, known.set_up, tree)}
    back = [c for c in await changes(run.engine, known.stands_at, tree) if c.path in made and c.path not in touched]
    files = run.files(name)
    await drop_entries(files, [change.path for change in back if change.old is None])
    await put_entries(files, {change.path: change.old for change in back if change.old is not None})
    return await files.text("write-tree") if back else tree


async def merge(run: Opened, name: str, title: str, tip: str) -> Merged | Conflicted:
    """Commit what is in the checkout and merge it onto `tip`, where the run's branch must stand."""
    known = run.checkout(name)
    if run.record.tip != tip:
        return await _merged_before(run, name, known, tip)
    if known.kind is not WorkspaceKind.CLONE:
        return Merged(tip=tip)
    try:
        tree = await take_work(run, name, known)
    except TooLargeError as error:
        return Conflicted(_shown(error.paths), str(error))
    marked = await still_marked(run.engine, tree, [os.fsdecode(path) for path in known.conflicted])
    if marked:
        return Conflicted(_shown(marked), f"conflict marks are still in {listed(marked)}")
    begun = known.merge
    if begun is None or (begun.before, begun.tree) != (tip, tree) or begun.commit == known.stands_at:
        if known.second_parent is None and tree == await run.engine.tree_of(known.stands_at):
            return Merged(tip=tip)
        made = await _make(run, name, known, title, tree)
        if isinstance(made, Conflicted):
            return made
        formerly = [begun.commit, begun.tip] if begun else []
        known.merge = begun = made
        run.remember()
    else:
        formerly = []
    await _publish(run, name, begun, formerly)
    run.record.tip = begun.tip
    known.stands_at, known.second_parent, known.conflicted = begun.commit, None, ()
    run.remember()
    return _outcome(begun)


async def stage(run: Opened, name: str, theirs: str) -> tuple[str, ...]:
    """Merge the commit `theirs` into the files of the checkout; the conflicting files are left with marks."""
    known = run.checkout(name)
    if known.kind is not WorkspaceKind.CLONE:
        raise WorkspaceError(f"{name} has a read-only workspace, into which nothing can be merged")
    tree = await take_work(run, name, known)
    ours = known.stands_at
    if known.second_parent is not None or tree != await run.engine.tree_of(ours):
        subject = f"Work of {name} before it was brought up to date"
        ours = await commit(run.engine, tree, _parents(known), message(subject, run.record.run_id, name))
    if await run.engine.has_ancestor(ours, theirs):
        return _shown([os.fsdecode(path) for path in known.conflicted])
    combined = await combine(run.engine, Side(name, ours), Side(RUN_BRANCH, theirs))
    known.conflicted = tuple(dict.fromkeys((*known.conflicted, *map(os.fsencode, combined.conflicted))))
    known.stands_at, known.second_parent, known.unfinished = ours, theirs, combined.tree
    run.remember()
    await move_files(run.files(name), ours, combined.tree)
    known.unfinished = None
    run.remember()
    return _shown([os.fsdecode(path) for path in known.conflicted])


async def rescue(run: Opened, name: str, known: CheckoutRecord) -> str | None:
    """Keep what was not merged at a ref of the user's repository; the commit, or None if there is nothing."""
    tree = await take_work(run, name, known)
    if known.second_parent is None and tree == await run.engine.tree_of(known.stands_at):
        return None
    pin = f"{_RESCUE}/{name}"
    former = await run.publisher.read(pin)
    parents = [*_parents(known), *([former] if former else [])]
    saved = await commit(run.engine, tree, parents, message(f"Unmerged work of {name}", run.record.run_id, name))
    await run.publisher.publish({pin: saved}, known=[run.record.base, run.record.tip, *([former] if former else [])])
    return saved


async def _make(run: Opened, name: str, known: CheckoutRecord, title: str, tree: str) -> MergeRecord | Conflicted:
    """The commit of `tree`, and where the run's branch goes with it: there itself, or to a merge commit."""
    tip, run_id = run.record.tip, run.record.run_id
    work = await commit(run.engine, tree, _parents(known), message(title, run_id, name))
    target = work
    if not await run.engine.has_ancestor(work, tip):
        combined = await combine(run.engine, Side(RUN_BRANCH, tip), Side(name, work))
        if not combined.is_clean:
            return Conflicted(_shown(combined.conflicted), combined.detail)
        target = await commit(run.engine, combined.tree, [tip, work], message(f"Merge {name}: {title}", run_id, name))
    files, insertions, deletions = await measure(run.engine, tip, target)
    return MergeRecord(tip, tree, work, target, files, insertions, deletions)


async def _merged_before(run: Opened, name: str, known: CheckoutRecord, tip: str) -> Merged:
    """The outcome of a merge that was done and not heard of."""
    done = known.merge
    if done is None or done.before != tip or done.tip != run.record.tip:
        raise WorkspaceError(
            f"the run's branch stands at {run.record.tip[:12]}, not at {tip[:12]}, so nothing was merged"
        )
    await _publish(run, name, done, [])
    return _outcome(done)


async def _publish(run: Opened, name: str, merged: MergeRecord, formerly: Sequence[str]) -> None:
    await run.publisher.publish(
        {TIP: merged.tip},
        {RUN_BRANCH: merged.tip, name: merged.commit},
        put=run.record.branches,
        known=[run.record.base, merged.before],
        may_replace=formerly,
    )


async def _finish(run: Opened, name: str, known: CheckoutRecord) -> None:
    """Do again what a crash interrupted. What was in the files is in a commit, and nobody has worked in them since."""
    assert known.unfinished is not None
    await run.files(name).run("read-tree", "--reset", "-u", known.unfinished)
    known.unfinished = None
    run.remember()


def _parents(known: CheckoutRecord) -> list[str]:
    return [known.stands_at, *([known.second_parent] if known.second_parent else [])]


def _outcome(merged: MergeRecord) -> Merged:
    return Merged(merged.tip, merged.commit, merged.files, merged.insertions, merged.deletions)


def _shown(paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(printable(path) for path in paths)
