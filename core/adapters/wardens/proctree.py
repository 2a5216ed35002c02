"""Process trees as the kernel shows them in /proc: who descends from whom, who is marked, and how to end them all.

Standard library only, and light: the warden runs this without site-packages, `panic` when all else is stuck. It must
not know the rest of pilothouse, asyncio or psutil. Linux only; elsewhere every look at /proc finds nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

Row = tuple[int, str, int]
"""Parent's pid, state letter, start time in clock ticks since boot (fields 4, 3 and 22 of proc_pid_stat(5))."""

PAUSE_SECONDS = 0.001
"""Between two looks at a tree that does not end at once: killed processes need a moment to be gone."""


def row(pid: int) -> Row | None:
    """What the kernel says of one process, or None if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            stat = file.read()
    except OSError:
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()  # the name before it may hold blanks and parentheses
    return int(fields[1]), fields[0].decode(), int(fields[19])


def pids() -> list[int]:
    """Every process that can be seen from here."""
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def table() -> dict[int, Row]:
    """All processes; those that end while it is read are left out."""
    return {pid: found for pid in pids() if (found := row(pid)) is not None}


def children(pid: int) -> list[int]:
    """The children of all threads of a process, zombies too. Costs nothing for the processes it is not about."""
    found: list[int] = []
    with contextlib.suppress(OSError):  # it is gone, and its children are someone else's
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                found += map(int, file.read().split())
    return found


def descendants(roots: Iterable[int]) -> Iterator[int]:
    """The living processes below `roots` (not these themselves), each told as soon as it is found, parents first.

    Whoever wants to catch a process that is somebody else every few milliseconds must signal it at once and cannot read
    all of /proc before.
    """
    below = children if _HAS_CHILDREN else _children_from_table()
    todo = list(roots)
    for parent in todo:  # grows while it is walked
        for pid in below(parent):
            todo.append(pid)
            found = row(pid)
            if found is not None and found[1] not in "ZX":
                yield pid


def _children_from_table() -> Callable[[int], list[int]]:
    """For kernels without the list of children."""
    lists: dict[int, list[int]] = {}
    for pid, (parent, _, _) in table().items():
        lists.setdefault(parent, []).append(pid)
    return lambda parent: lists.get(parent, [])


_HAS_CHILDREN = os.path.exists("/proc/thread-self/children")


def ancestors(pid: int, rows: Mapping[int, Row]) -> set[int]:
    """`pid` and everything above it."""
    found: set[int] = set()
    while pid in rows and pid not in found:
        found.add(pid)
        pid = rows[pid][0]
    return found


def environment(pid: int) -> dict[bytes, bytes]:
    """The environment `pid` was started with; empty if it may not be read."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            pairs = file.read().split(b"\0")
    except OSError:
        return {}
    return {name: value for name, _, value in (pair.partition(b"=") for pair in pairs)}


def marked(name: str, value: str) -> Iterator[int]:
    """The living processes that were started with `name` set to `value` in their environment, as they are found."""
    key, wanted = os.fsencode(name), os.fsencode(value)
    for pid in pids():
        if environment(pid).get(key) == wanted:
            yield pid


def send(pid: int, number: signal.Signals) -> None:
    """Signal a process that may be gone already."""
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def stop_and_kill(find: Callable[[], Iterable[int]], deadline: float, between: Callable[[], object]) -> set[int]:
    """STOP what `find` gives until it gives nothing new, then KILL all of it; say who that was.

    Killed one by one, processes that keep forking win the race about one time in three; stopped ones cannot fork.
    `between` is called after each round: who is the parent must reap, or looking through zombies takes all the time.
    """
    seen: set[int] = set()
    count = -1
    while count < len(seen) and time.monotonic() < deadline:
        count = len(seen)
        for pid in find():
            if pid not in seen:
                send(pid, signal.SIGSTOP)
                seen.add(pid)
        between()
    for pid in seen:
        send(pid, signal.SIGKILL)
    return seen


def reap() -> bool:
    """Collect every child that has ended; whether there are any children left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def sweep_children(limit_seconds: float) -> int:
    """End and reap everything below this process, which must be a subreaper; how many are left when time is up, else 0.

    Exact: below a subreaper every orphan becomes its child, so while anything lives down there, living or zombie
    children exist, and the kernel's ECHILD is the proof that nothing does.
    """
    me = os.getpid()
    deadline = time.monotonic() + limit_seconds
    while reap():
        if time.monotonic() > deadline:
            return sum(1 for _ in descendants([me])) or 1
        if not stop_and_kill(lambda: descendants([me]), deadline, reap):
            time.sleep(PAUSE_SECONDS)
    return 0


def sweep(find: Callable[[], Iterable[int]], limit_seconds: float, clean_passes: int = 3) -> set[int]:
    """End what `find` gives until it gives nothing several times in a row. For processes that are not our children."""
    deadline = time.monotonic() + limit_seconds
    ended: set[int] = set()
    clean = 0
    while clean < clean_passes and time.monotonic() < deadline:
        found = stop_and_kill(find, deadline, lambda: None)
        ended |= found
        clean = 0 if found else clean + 1
        time.sleep(PAUSE_SECONDS)
    return ended
