"""Wardens as the engine sees them: started beforehand, given one order each, ended by hanging up.

Must not know jobs, sandboxes or output; see `warden` for the program at the other end.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import SandboxError
from . import proctree
from .marks import ProcessMark
from .output import CHUNK_BYTES

_PROGRAM = Path(__file__).with_name("warden.py")
_SET_PIPE_SIZE = 1031
"""F_SETPIPE_SZ, which `fcntl` does not name on Python 3.11 for every libc."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a warden said last. `left` counts processes that not even SIGKILL ended."""

    code: int
    ms: int
    timed_out: bool
    left: int
    error: str | None = None

    @classmethod
    def parse(cls, line: bytes | bytearray) -> Report | None:
        """The report in `line`, or None if it is not a whole one."""
        try:
            value: dict[str, Any] = json.loads(line)
        except ValueError:
            return None
        return cls(
            code=value.get("code", 1),
            ms=value.get("ms", 0),
            timed_out=value.get("timed_out", False),
            left=value.get("left", 0),
            error=value.get("error"),
        )


class Warden:
    """One warden process. Must be made in the thread of the event loop: some signals follow the thread that forks."""

    def __init__(self, run_id: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._control, theirs = socket.socketpair()
        self.output, writer = os.pipe()
        """Where the command's output arrives. Belongs to whoever took the warden."""
        try:
            os.set_blocking(self.output, False)
            _enlarge(self.output)
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", "utf8", str(_PROGRAM), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=writer,
                stderr=writer,
                pass_fds=(theirs.fileno(),),
                process_group=0,
                cwd="/",
                env=_environment(run_id),
            )
        except OSError as error:
            self._control.close()
            os.close(self.output)
            raise SandboxError(f"Cannot start a process to guard tools: {error.strerror}.") from error
        finally:
            theirs.close()
            os.close(writer)
        self.pid = self._process.pid
        self.mark = ProcessMark.of(self.pid)
        self.gone: asyncio.Future[Report | None] = self._loop.create_future()
        """Done once the process has ended and is reaped; None if it ended without a report."""
        self._received = bytearray()
        self._hung_up = False
        self._control.setblocking(False)
        self._loop.add_reader(self._control, self._on_control)

    async def give(self, order: bytes) -> None:
        """Send the order."""
        with contextlib.suppress(OSError):  # it is gone then, and `gone` will say so
            await self._loop.sock_sendall(self._control, order)

    def end(self) -> None:
        """Hang up: the warden ends everything below it, reports and ends itself. One system call."""
        if not self._hung_up and not self.gone.done():
            self._hung_up = True
            with contextlib.suppress(OSError):  # it is ending already
                self._control.shutdown(socket.SHUT_WR)

    def break_off(self) -> None:
        """End the tree from outside, for a warden that does not do its work any more. Blocks; for a thread."""
        proctree.sweep(lambda: proctree.descendants([self.pid]), limit_seconds=5)
        self._process.kill()

    def _on_control(self) -> None:
        try:
            data = self._control.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._received += data
            return
        self._loop.remove_reader(self._control)
        self._control.close()
        self._process.wait()  # it closes the socket only by ending, so this takes no time
        self.gone.set_result(Report.parse(self._received))


class Pool:
    """All wardens of a run, some of them standing by."""

    def __init__(self, run_id: str, standby: int) -> None:
        self._run_id = run_id
        self._size = standby
        self._standby: list[Warden] = []
        self._live: set[Warden] = set()
        self._closed = False

    def take(self) -> Warden:
        """A warden for one order; the next one is started once the event loop has time."""
        if self._closed:
            raise SandboxError("No tool can be started any more: the run is closing.")
        while self._standby:
            warden = self._standby.pop(0)
            if not warden.gone.done():
                break
        else:
            warden = self._start()
        asyncio.get_running_loop().call_soon(self.fill)
        return warden

    def fill(self) -> None:
        """Start one warden if fewer stand by than wanted, and see to the next."""
        if not self._closed and len(self._standby) < self._size:
            try:
                self._standby.append(self._start())
            except SandboxError:
                return  # short of processes or memory; the next one who takes a warden tries again
            asyncio.get_running_loop().call_soon(self.fill)

    def live(self) -> list[ProcessMark]:
        """The marks of all wardens, those standing by too."""
        return [warden.mark for warden in self._live if warden.mark is not None]

    async def close(self) -> None:
        """End everything below every warden and wait until they are gone."""
        self._closed = True
        standby, self._standby = self._standby, []
        for warden in list(self._live):
            warden.end()
        if self._live:
            await asyncio.wait([warden.gone for warden in self._live])
        for warden in standby:
            os.close(warden.output)

    def _start(self) -> Warden:
        warden = Warden(self._run_id)
        self._live.add(warden)
        warden.gone.add_done_callback(lambda _: self._live.discard(warden))
        return warden


def _environment(run_id: str) -> dict[str, str]:
    """What a warden is started with: its mark, and what Python may need to find its own library."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return {**kept, "PILOTHOUSE_RUN": run_id, "PILOTHOUSE_WARDEN": "1"}


def _enlarge(pipe: int) -> None:
    """Let more output gather between two reads, if the user may still have pipes of this size."""
    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe, _SET_PIPE_SIZE, CHUNK_BYTES)
