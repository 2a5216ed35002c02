"""Process trees as the kernel shows them in /proc: who descends from whom, who is marked, and how to end them all.

Standard library only, and light: the warden runs this without site-packages, `panic` when all else is stuck. It must
not know the rest of pilothouse, asyncio or psutil. Linux only; elsewhere every look at /proc finds nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping

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


def descendants(roots: Iterable[int], rows: Mapping[int, Row] | None = None) -> list[int]:
    """The living processes below `roots` (not these themselves), parents before children."""
    rows = table() if rows is None else rows
    children: dict[int, list[int]] = {}
    for pid, (parent, _, _) in rows.items():
        children.setdefault(parent, []).append(pid)
    todo: list[int] = list(roots)
    found: list[int] = []
    for parent in todo:  # grows while it is walked
        todo.extend(children.get(parent, ()))
        found.extend(pid for pid in children.get(parent, ()) if rows[pid][1] not in "ZX")
    return found


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


def marked(name: str, value: str | None = None) -> list[int]:
    """The living processes started with `name` in their environment, set to `value` if one is given."""
    key, wanted = os.fsencode(name), None if value is None else os.fsencode(value)
    found = []
    for pid in pids():
        value_there = environment(pid).get(key)
        if value_there is not None and wanted in (None, value_there):
            found.append(pid)
    return found


def send(pid: int, number: signal.Signals) -> None:
    """Signal a process that may be gone already."""
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def stop_and_kill(find: Callable[[], Iterable[int]]) -> set[int]:
    """STOP what `find` gives until it gives nothing new, then KILL all of it; say who that was.

    Killed one by one, processes that keep forking win the race about one time in three; stopped ones cannot fork.
    """
    seen: set[int] = set()
    while new := set(find()) - seen:
        for pid in new:
            send(pid, signal.SIGSTOP)
        seen |= new
    for pid in seen:
        send(pid, signal.SIGKILL)
    return seen


def sweep_children(limit_seconds: float) -> int:
    """End and reap everything below this process, which must be a subreaper; how many are left when time is up, else 0.

    Exact: below a subreaper every orphan becomes its child, so while anything lives down there, living or zombie
    children exist, and the kernel's ECHILD is the proof that nothing does.
    """
    me = os.getpid()
    deadline = time.monotonic() + limit_seconds
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return 0
        if time.monotonic() > deadline:
            return len(descendants([me])) or 1
        if not stop_and_kill(lambda: descendants([me])):
            time.sleep(PAUSE_SECONDS)


def sweep(find: Callable[[], Iterable[int]], limit_seconds: float, clean_passes: int = 3) -> set[int]:
    """End what `find` gives until it gives nothing several times in a row. For processes that are not our children."""
    deadline = time.monotonic() + limit_seconds
    ended: set[int] = set()
    clean = 0
    while clean < clean_passes and time.monotonic() < deadline:
        found = stop_and_kill(find)
        ended |= found
        clean = 0 if found else clean + 1
        time.sleep(PAUSE_SECONDS)
    return ended
