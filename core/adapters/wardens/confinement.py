"""How strictly tools are held, and the order a warden gets for a job at that level.

Must not know event loops or how wardens are started.

`S3`: bubblewrap, own PID namespace, read-only system, private /tmp. `S2`: Landlock and no new privileges; writes only
where allowed, but other processes and sockets of the user can be seen, and `Job.read_only` inside a writable folder
cannot be enforced. `S0`: no new privileges, and nothing but the warden. At every level nothing survives its warden.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...errors import SandboxError
from ...places import config_home
from ...ports import Job
from .bubblewrap import HOME, bubblewrap_command, secrets
from .environment import clean_environment

Level = Literal["S0", "S1", "S2", "S3"]
LEVELS: tuple[Level, ...] = ("S0", "S1", "S2", "S3")
"""From the loosest to the strictest. `S1` (macOS) is not implemented."""

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx", "/dev/pts")
"""What a tool may write to besides its folders, at S2."""


def as_level(name: str) -> Level:
    """The level of that name. Raises `SandboxError` if there is none."""
    for level in LEVELS:
        if level == name:
            return level
    raise SandboxError(f"There is no sandbox level {name!r}; the levels are {', '.join(LEVELS)}.")


@dataclass(frozen=True, slots=True)
class Confinement:
    """A level and what it takes. `bwrap` is set at S3 only."""

    level: Level
    bwrap: Path | None = None
    network: bool = True
    """Whether tools reach the network. Without it is enforced at S3 only."""
    hidden: tuple[Path, ...] = ()
    """What tools cannot read, besides the credentials in the user's home. Enforced at S3 and S2."""
    background: bool = True
    """Whether tools get the processor only when nobody else wants it."""

    def order(self, job: Job, marks: Mapping[str, str]) -> bytes:
        """The line a warden reads. `marks` are put into the environment of the job."""
        environment = clean_environment({**job.environment, **marks}, home=HOME)
        hidden = (*secrets(Path.home(), config_home().parent), *(path.resolve() for path in self.hidden))
        argv = list(job.argv)
        if self.bwrap is not None:
            present = [path for path in hidden if os.path.exists(path)]
            path = environment.get("PATH", "")
            argv = bubblewrap_command(self.bwrap, job, path=path, hidden=present, network=self.network)
        writable = [*map(str, job.writable), *_DEVICES] if self.level == "S2" else None
        order = {
            "argv": argv,
            "env": environment,
            "cwd": str(job.cwd),
            "timeout_ms": job.timeout_ms,
            "background": self.background,
            "bubblewrapped": self.bwrap is not None,
            "writable": writable,
            "hidden": [str(path) for path in hidden],
            "scratch": self.bwrap is None,
        }
        return json.dumps(order).encode() + b"\n"
