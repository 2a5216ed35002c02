"""How an engine says who it is and where to reach it: `engine.json` in the run's folder and the live registry."""

from __future__ import annotations

import json
import os
import tempfile
from hashlib import sha256
from pathlib import Path

from ..adapters.wardens.marks import ProcessMark
from ..errors import PilothouseError
from ..places import live_registry
from .folders import ENGINE, RunFolder

SOCKET_BYTES = 104
"""What the path of a socket may have at most, the smallest of all systems."""


def sign(run: RunFolder, *, ended: bool) -> None:
    """Say that this process is the engine of `run`, and whether the run is over."""
    mark = ProcessMark.of(os.getpid())
    assert mark is not None
    place = {"socket": str(socket_path(run.path)), "run": run.run_id, "folder": str(run.path)}
    word = json.dumps({**mark.to_json(), **place, "ended": ended})
    _replace(run.path / ENGINE, word)
    live_registry().mkdir(parents=True, exist_ok=True)
    _replace(live_registry() / f"{run.run_id}.json", word)


def sign_off(run: RunFolder) -> None:
    """Say that nobody is to be reached any more. `engine.json` stays: its process is gone, and that says enough."""
    socket_path(run.path).unlink(missing_ok=True)
    (live_registry() / f"{run.run_id}.json").unlink(missing_ok=True)


def socket_path(folder: Path) -> Path:
    """Where the engine of `folder` listens: short, because a socket's path may have 108 bytes, and private.

    Raises `PilothouseError` if somebody else owns the folder it would be in.
    """
    name = f"{sha256(os.fsencode(folder)).hexdigest()[:16]}.sock"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    bases = [Path(base) for base in (runtime, tempfile.gettempdir(), "/tmp") if base and os.path.isdir(base)]
    places = [base / f"pilothouse-{os.geteuid()}" for base in bases]
    private = next((place for place in places if len(os.fsencode(place / name)) < SOCKET_BYTES), places[-1])
    private.mkdir(mode=0o700, exist_ok=True)
    status = private.lstat()
    if status.st_uid != os.geteuid() or not private.is_dir() or private.is_symlink():
        raise PilothouseError(f"{private} belongs to somebody else; set XDG_RUNTIME_DIR to a folder of your own")
    private.chmod(0o700)
    return private / name


def _replace(path: Path, text: str) -> None:
    """Put `text` at `path` at once."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    os.replace(fresh, path)
