"""Opening a run: on the screen where there is one, else as plain lines; and the screen before there is a run."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pilothouse.core.errors import ExitCode, PilothouseError
from pilothouse.core.face.folders import RunFolder, runs_of
from pilothouse.core.face.picture import Picture, Update

from .common import as_json, note, print_json, result_of
from .plain import Follower, print_receipt

if TYPE_CHECKING:
    from ..screens.start import Choice, RecentRun

RECENT = 50
"""Runs that the start screen lists."""


def has_screen() -> bool:
    """Whether there is a terminal that a screen can be shown on."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream.isatty() for stream in streams) and os.environ.get("TERM", "dumb") != "dumb"


def show(run: RunFolder, *, headless: bool, as_json_: bool, answers: tuple[str, ...], rehearses: bool = False) -> int:
    """Show a run on the screen, or follow it to its end; the exit code."""
    if not headless and has_screen():
        return open_screen(run)
    note(f"run {run.run_id}")
    try:
        code = asyncio.run(Follower(run, list(answers), rehearses, quiet=as_json_).follow())
    except KeyboardInterrupt:
        note(f"\nleft; the run goes on: `pilothouse` shows it, `pilothouse stop --all --run {run.run_id}` ends it")
        return ExitCode.INTERRUPTED
    result = result_of(run)
    if as_json_:
        print_json(as_json(result))
        return code
    picture = Picture(run.path)
    picture.apply(Update(result.run, result.agents, result.questions, whole=True))
    print_receipt(picture)
    if code is ExitCode.BLOCKED:
        note("the run waits for an answer: `pilothouse questions`, then `pilothouse answer QUESTION TEXT`")
    return code


def open_screen(run: RunFolder) -> int:
    """The supervisor over `run`; the exit code."""
    from pilothouse.core.face.client import LiveSession

    from ..app import PilothouseApp
    from .panicking import panic_everything

    def panic() -> None:
        panic_everything(run.run_id)

    app = PilothouseApp(LiveSession(run), run_title=run.project.name, panic=panic)
    app.run()
    return app.return_code or ExitCode.DONE


def choose(place: Path) -> Choice | None:
    """What the user wants to do in `place`, from the start screen; None if they leave."""
    from ..start import StartApp

    return StartApp(place.name, _recent(place)).run()


def _recent(place: Path) -> list[RecentRun]:
    from ..screens.start import RecentRun

    found = []
    for run in runs_of(place)[:RECENT]:
        try:
            view = result_of(run).run
        except PilothouseError as problem:
            note(f"pilothouse: {problem}")
            continue
        found.append(RecentRun(run.run_id, view.goal, view.status, view.verdict, view.cost_usd, view.started_at))
    return found
