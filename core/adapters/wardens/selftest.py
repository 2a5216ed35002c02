"""Finds out how strictly tools can be held here, by trying: no level is claimed that was not seen to work.

Must not know how a job is run; it is handed a function for that.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

from ...errors import SandboxError
from ...ports import Exit, Job
from . import landlock
from .bubblewrap import find_bubblewrap
from .confinement import LEVELS, Confinement

Run = Callable[[Job, Confinement], Awaitable[Exit]]

_PROBE = 'for f in "$@"; do (: > "$f") 2>/dev/null; done; readlink /proc/self/ns/pid'
"""Tries to make every file it is given and says which PID namespace it is in."""
_TIMEOUT_MS = 20_000
_NAME = "pilothouse-probe"


async def strongest(run: Run, wanted: Confinement) -> Confinement:
    """The strictest confinement like `wanted`, up to its level, that passes its test; `S0` if none does."""
    for candidate in _candidates(wanted):
        if LEVELS.index(candidate.level) <= LEVELS.index(wanted.level) and await _holds(run, candidate):
            return candidate
    return replace(wanted, level="S0", bwrap=None)


def _candidates(wanted: Confinement) -> Iterator[Confinement]:
    for bwrap in find_bubblewrap():
        yield replace(wanted, level="S3", bwrap=bwrap)
    if landlock.version():
        yield replace(wanted, level="S2", bwrap=None)


async def _holds(run: Run, candidate: Confinement) -> bool:
    """Whether a tool so confined can write where it may and nowhere else, and (S3) sees only its own processes."""
    with tempfile.TemporaryDirectory(prefix=_NAME) as inside, tempfile.TemporaryDirectory(prefix=_NAME) as outside:
        allowed = Path(inside) / _NAME
        forbidden = [Path(outside) / _NAME, *_somewhere_on_disk()]
        argv = ("sh", "-c", _PROBE, "sh", str(allowed), *map(str, forbidden))
        job = Job(argv=argv, cwd=Path(inside), writable=(Path(inside),), timeout_ms=_TIMEOUT_MS)
        try:
            result = await run(job, replace(candidate, background=False))  # a busy machine must not lower the level
        except SandboxError:
            return False
        if _remove(forbidden) or result.code != 0 or not allowed.exists():
            return False
    if candidate.level == "S3":
        namespace = result.output.strip()
        return namespace.startswith("pid:[") and namespace != os.readlink("/proc/self/ns/pid")
    return True


def _remove(paths: list[Path]) -> bool:
    """Remove those of `paths` that exist; whether any did."""
    written = [path for path in paths if os.path.exists(path)]
    for path in written:
        path.unlink()
    return bool(written)


def _somewhere_on_disk() -> list[Path]:
    """A file that this process could make outside of all private folders, if there is such a place."""
    name = f".{_NAME}-{os.getpid()}"
    return [folder / name for folder in (Path.home(), Path.cwd()) if os.access(folder, os.W_OK)]
