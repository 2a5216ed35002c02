"""Ends runs when everything else is stuck: no engine, no network, no screen and no event loop needed.

Standard library only and quick to import. It must not know events, journals or settings: all it reads are the marks
that engines leave (`engine.json` in a run's folder, one file a run in the live registry) and what the kernel says.

It kills the engines. That closes the life-lines of their wardens, which then sweep what is below them; `panic` sweeps
along, takes what wears a run's mark wherever it is, and ends wardens that do not get done. A pid that was given to
another process meanwhile is never hit, nor is the process that calls this or anything above it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .adapters.wardens import proctree
from .adapters.wardens.marks import ProcessMark
from .places import live_registry

GATE = "PANIC"
"""The file in a run's folder that tells every engine not to start anything there any more."""

LIMIT_SECONDS = 20.0
"""All in all. What still lives then hangs in the kernel and is reported."""
WARDEN_SECONDS = 5.0
"""How long wardens may take; with 1,400 processes below they need 0.1 s."""
CLEAN_PASSES = 3
"""How often in a row nothing may be found: a process can slip by one look at /proc while it forks."""


@dataclass(frozen=True, slots=True)
class Victim:
    """A process, as it was before it ended."""

    pid: int
    name: str
    agent: str | None = None
    """The agent it worked for; None for engines and wardens, and for tools that shed their environment."""


@dataclass(frozen=True, slots=True)
class Report:
    """What `panic` did. With `left` not empty it failed."""

    runs: tuple[str, ...]
    died: tuple[Victim, ...]
    left: tuple[Victim, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    run_id: str
    engine: ProcessMark | None
    folder: Path | None


@dataclass(slots=True)
class _Hunt:
    """What is to die, and whatever was seen of it."""

    run_ids: frozenset[str] | None
    """None: every run of this user."""
    spared: set[int]
    wardens: set[ProcessMark] = field(default_factory=set)
    seen: dict[ProcessMark, Victim] = field(default_factory=dict)

    def find(self, with_wardens: bool) -> Iterator[int]:
        """Everything that descends from a warden or wears the mark of a run, as far as it is not spared."""
        for pid in self._candidates():
            if pid not in self.spared and (with_wardens or pid not in {mark.pid for mark in self.wardens}):
                self.note(pid)
                yield pid

    def _candidates(self) -> Iterator[int]:
        wardens = [mark.pid for mark in self.wardens if mark.is_alive()]
        yield from proctree.descendants(wardens)
        yield from filter(self._is_marked, proctree.pids())
        yield from wardens

    def note(self, pid: int) -> None:
        """Keep what the report will say of a process."""
        mark = ProcessMark.of(pid)
        if mark is not None and mark not in self.seen:
            agent = proctree.environment(pid).get(b"PILOTHOUSE_AGENT")
            self.seen[mark] = Victim(pid, _name(pid), None if agent is None else os.fsdecode(agent))

    def learn_wardens(self, pids: Iterable[int]) -> None:
        """Let these wardens do their work first, and wake them should someone have stopped them."""
        for pid in set(pids) - self.spared:
            mark = ProcessMark.of(pid)
            if mark is not None and mark not in self.wardens:
                self.wardens.add(mark)
                self.note(pid)
                mark.signal(signal.SIGCONT)

    def _is_marked(self, pid: int) -> bool:
        try:
            if os.stat(f"/proc/{pid}").st_uid != os.getuid():
                return False  # for root, who can read everyone's environment
        except OSError:
            return False
        environment = proctree.environment(pid)
        run = environment.get(b"PILOTHOUSE_RUN")
        if run is None or (self.run_ids is not None and os.fsdecode(run) not in self.run_ids):
            return False
        if b"PILOTHOUSE_WARDEN" in environment:
            self.learn_wardens([pid])
        return True


def panic(runs_root: Path | None = None, run_id: str | None = None) -> Report:
    """End the run `run_id`, or every run below `runs_root`, or without either every run of this user."""
    runs = list(_runs(runs_root, run_id))
    for run in runs:
        _close_gate(run)
    run_ids = frozenset(run.run_id for run in runs) | (frozenset({run_id}) if run_id else frozenset())
    everything = runs_root is None and run_id is None
    hunt = _Hunt(None if everything else run_ids, proctree.ancestors(os.getpid(), proctree.table()))
    for _ in hunt.find(with_wardens=True):
        pass  # only to have seen them: wardens are about to end most of it
    for run in runs:
        if run.engine is not None:
            _kill_engine(run.engine, hunt)
    _sweep(hunt)
    alive = {mark for mark in hunt.seen if mark.is_alive()}
    return Report(
        runs=tuple(sorted(run_ids)),
        died=tuple(victim for mark, victim in hunt.seen.items() if mark not in alive),
        left=tuple(victim for mark, victim in hunt.seen.items() if mark in alive),
    )


def _runs(runs_root: Path | None, run_id: str | None) -> Iterator[_Run]:
    """Every run that left a mark where it is to be looked for."""
    if runs_root is not None:
        for file in sorted(runs_root.glob("*/engine.json")):
            if run_id in (None, file.parent.name):
                yield _Run(file.parent.name, ProcessMark.from_json(_read(file)), file.parent)
    else:
        for file in sorted(live_registry().glob("*.json")):
            if run_id in (None, file.stem):
                value = _read(file)
                folder = value.get("folder")
                yield _Run(file.stem, ProcessMark.from_json(value), Path(folder) if isinstance(folder, str) else None)


def _read(file: Path) -> dict[str, object]:
    """The object in a JSON file; empty if there is none, which must not keep the rest from being ended."""
    try:
        value = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _close_gate(run: _Run) -> None:
    """Leave the file that keeps an engine from going on. First of all, so that nothing new begins meanwhile."""
    if run.folder is not None:
        with contextlib.suppress(OSError):  # a full disk or a folder that is gone must not stop the killing
            (run.folder / GATE).write_text(f"{time.time_ns() // 1_000_000}\n", encoding="ascii")


def _kill_engine(engine: ProcessMark, hunt: _Hunt) -> None:
    """Stop it, so that it starts nothing any more, learn its wardens, and kill it: their life-lines close."""
    if engine.pid in hunt.spared or not engine.signal(signal.SIGSTOP):
        return
    hunt.note(engine.pid)
    for pid in proctree.descendants([engine.pid]):
        hunt.note(pid)
    hunt.learn_wardens(proctree.children(engine.pid))
    engine.signal(signal.SIGKILL)


def _sweep(hunt: _Hunt) -> None:
    """Sweep beside the wardens until they are done, then them too, until nothing is found several times in a row."""
    started = time.monotonic()
    clean = 0
    while clean < CLEAN_PASSES and (elapsed := time.monotonic() - started) < LIMIT_SECONDS:
        overdue = elapsed > WARDEN_SECONDS
        deadline = started + (LIMIT_SECONDS if overdue else WARDEN_SECONDS)
        found = proctree.stop_and_kill(partial(hunt.find, with_wardens=overdue), deadline, lambda: None)
        waiting = not overdue and any(mark.is_alive() for mark in hunt.wardens)
        clean = 0 if found or waiting else clean + 1
        time.sleep(proctree.PAUSE_SECONDS)


def _name(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return "?"
