"""Where runs are: a project's `.pilothouse/runs`, which one is meant, and whether its engine lives."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from ..adapters.journal import NAME as JOURNAL
from ..adapters.wardens.marks import ProcessMark
from ..errors import RunNotFoundError
from ..ids import RUN_ID
from ..panic import GATE

HOUSE = ".pilothouse"
ENGINE = "engine.json"
LOG = "engine.log"
HALTED_BY = "pilothouse.core.engine.engine"
"""Who says in the log why an engine halts."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run on disk."""

    path: Path

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.path.name

    @property
    def journal(self) -> Path:
        """Its journal."""
        return self.path / JOURNAL

    @property
    def project(self) -> Path:
        """The project it belongs to."""
        return self.path.parent.parent.parent

    def engine(self) -> dict[str, object]:
        """What the engine said of itself; empty if there is nothing to read."""
        try:
            found = json.loads((self.path / ENGINE).read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def is_live(self) -> bool:
        """Whether the run's engine is alive."""
        mark = ProcessMark.from_json(self.engine())
        return mark is not None and mark.is_alive()

    def is_going(self) -> bool:
        """Whether an engine is alive and the run not over: an engine stays a while after the end of its run."""
        return self.is_live() and not self.engine().get("ended", False)

    def last_error(self) -> str:
        """Why its engine ended of itself, as its log says; empty if that says nothing."""
        try:
            lines = (self.path / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        errors = [line.split(": ", 1)[1] for line in lines if f" ERROR {HALTED_BY}: " in line]
        return errors[-1] if errors else ""

    def was_panicked(self) -> bool:
        """Whether `panic` ended it and nobody has taken it up since."""
        return (self.path / GATE).exists()

    @property
    def socket(self) -> Path | None:
        """Where the engine listens."""
        path = self.engine().get("socket")
        return Path(path) if isinstance(path, str) else None


def project_of(start: Path) -> Path:
    """The project `start` is in: the nearest folder above with a `.git` or a `.pilothouse`, else `start` itself."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / ".git").exists() or (folder / HOUSE).is_dir():
            return folder
    return start


def runs_of(project: Path) -> list[RunFolder]:
    """The runs of a project, newest first."""
    folder = project / HOUSE / "runs"
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        found = [entry for entry in folder.iterdir() if RUN_ID.fullmatch(entry.name) and (entry / JOURNAL).exists()]
        return [RunFolder(path) for path in sorted(found, key=lambda path: path.name, reverse=True)]
    return []


def find_run(project: Path, wanted: str | None) -> RunFolder:
    """The run that `wanted` names by a unique beginning of its id; without it the live one, else the newest.

    Raises `RunNotFoundError` with the ids when that is none or several.
    """
    runs = runs_of(project)
    if wanted is None:
        wanted = os.environ.get("PILOTHOUSE_RUN")
    if wanted is not None:
        chosen = [run for run in runs if run.run_id.startswith(wanted)]
        if not chosen:
            raise RunNotFoundError(f"{project} has no run {wanted}; `pilothouse ls` lists its runs")
        if len(chosen) > 1:
            names = ", ".join(run.run_id for run in chosen)
            raise RunNotFoundError(f"{wanted} is the beginning of several runs: {names}")
        return chosen[0]
    live = [run for run in runs if run.is_going()]
    if len(live) > 1:
        raise RunNotFoundError(f"several runs are live: {', '.join(run.run_id for run in live)}; choose with --run")
    if live:
        return live[0]
    if not runs:
        raise RunNotFoundError(f"{project} has no runs yet: `pilothouse run GOAL` or `pilothouse demo` starts one")
    return runs[0]


def make_house(project: Path) -> Path:
    """The project's `.pilothouse/runs`, made with a `.gitignore` of everything."""
    house = project / HOUSE
    runs = house / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    ignore = house / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    return runs


def remove_empty_house(project: Path) -> None:
    """Take back what `make_house` made, if no run is in it."""
    house = project / HOUSE
    with contextlib.suppress(OSError):
        (house / "runs").rmdir()
        if [entry.name for entry in house.iterdir()] == [".gitignore"]:
            (house / ".gitignore").unlink()
            house.rmdir()
