"""Finds and ends processes by a token in their arguments: independent of everything that is tested with it."""

import os
import secrets
import select
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pilothouse.core.ports import Job

HERE = Path(__file__).parent
HOSTILE = HERE / "hostile_tree.py"
PYTHON = (sys.executable, "-I", "-S")
PROGRAMS = (HERE, Path(sys.prefix), Path(sys.base_prefix))
"""What a sandboxed test program needs to see, should the checkout be in a place that the sandbox replaces."""


def survivors(token: str) -> list[int]:
    """The living processes, other than this one, that have `token` in their arguments."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            with suppress(OSError):
                arguments = Path("/proc", name, "cmdline").read_bytes()  # empty for zombies
                if token.encode() in arguments:
                    found.append(int(name))
    return found


@contextmanager
def marked_token() -> Iterator[str]:
    """A token for one test. Whatever still carries it afterwards is ended, so that a failure harms no one else."""
    token = f"token-{secrets.token_hex(8)}"
    try:
        yield token
    finally:
        for _ in range(200):
            if not (found := survivors(token)):
                break
            for number in (signal.SIGSTOP, signal.SIGKILL):
                for pid in found:
                    with suppress(OSError):
                        os.kill(pid, number)


def wait_until_gone(pids: Iterable[int], seconds: float = 20) -> None:
    """Block until these processes have ended (as zombies at least)."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            assert select.select([descriptor], [], [], seconds)[0], f"process {pid} is still there"
        finally:
            os.close(descriptor)


def hostile(token: str, folder: Path, then: str, timeout_ms: int = 60_000) -> Job:
    """The hostile tree as a job."""
    argv = (*PYTHON, str(HOSTILE), token, then)
    return job(folder, *argv, timeout_ms=timeout_ms)


def job(folder: Path, *argv: str, timeout_ms: int = 30_000, spill: Path | None = None) -> Job:
    """`argv` as a job that may write to `folder`."""
    return Job(argv=argv, cwd=folder, writable=(folder,), read_only=PROGRAMS, timeout_ms=timeout_ms, spill=spill)
