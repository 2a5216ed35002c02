"""Starts engines: makes a run's folder, spawns the detached process, and waits until it says that it stands.

Must not import what only the engine needs: a front end is on screen before the SDK is loaded.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ..errors import ExitCode, PilothouseError, UsageError
from ..ids import run_id
from .folders import LOG, RunFolder, make_house, remove_empty_house


class RunOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is started with, as the front end hands it to the engine. `flags` are settings given by hand."""

    goal: str
    project: str
    flags: dict[str, Any] = {}
    rehearsal: str | None = None
    speed: float = 1.0
    land: bool = False
    allow_dirty: bool = False


class StartRefusedError(PilothouseError):
    """The engine looked at the order and declined, before any money was spent."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.exit_code = ExitCode(code)


def start_run(order: RunOrder) -> tuple[RunFolder, list[str]]:
    """A run whose engine stands, and what a person should know of it before it goes on.

    Raises `StartRefusedError` with one sentence; then there is no run.
    """
    if "PILOTHOUSE_AGENT" in os.environ:
        raise UsageError("an agent cannot start a run of its own; it can spawn agents with `spawn_agent`")
    try:
        said = msgspec.json.encode(order)
    except UnicodeEncodeError as problem:
        raise UsageError("the goal, the options and the project's path must be UTF-8") from problem
    try:
        runs = make_house(Path(order.project))
    except OSError as problem:
        raise UsageError(f"{problem.filename} cannot be made: {problem.strerror}") from problem
    while True:
        folder = runs / run_id(time.time_ns() // 1_000_000, secrets.randbelow(36 * 36))
        try:
            folder.mkdir()
            break
        except FileExistsError:
            time.sleep(0.01)
    try:
        notes = _spawn(folder, said)
    except PilothouseError:
        _remove_if_empty(folder)
        remove_empty_house(Path(order.project))
        raise
    return RunFolder(folder), notes


def ensure_engine(run: RunFolder) -> list[str]:
    """Take `run` up again if no engine has it; what a person should know of it."""
    return [] if run.is_live() else _spawn(run.path, b"")


def _spawn(folder: Path, order: bytes) -> list[str]:
    """Start the engine of `folder`, in a session of its own, and wait for its word."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PILOTHOUSE_RUN",)}
    with (folder / LOG).open("ab") as log:
        engine = subprocess.Popen(
            [sys.executable, "-m", "pilothouse.core.face.serve", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            env=environment,
        )
    assert engine.stdin is not None
    assert engine.stdout is not None
    with contextlib.suppress(BrokenPipeError), engine.stdin as stdin:
        stdin.write(order)
    with engine.stdout as stdout:
        said = stdout.readline()
    if not said:
        engine.wait()
        raise PilothouseError(f"the engine did not start; {folder / LOG} says why")
    word: Mapping[str, Any] = json.loads(said)
    if "error" in word:
        engine.wait()
        raise StartRefusedError(word["error"], word["exit_code"])
    # The engine goes on without us; nobody is to be told when it ends.
    engine.returncode = 0
    return list(word["notes"])


def _remove_if_empty(folder: Path) -> None:
    """Remove what is left of a run that never began."""
    for name in (LOG, "journal.jsonl", "engine.json"):
        path = folder / name
        if path.exists() and (name != "journal.jsonl" or not path.stat().st_size):
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
