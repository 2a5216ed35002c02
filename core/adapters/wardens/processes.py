"""The adapter for the port `Processes`: runs commands under wardens, as strictly held as this machine can.

Must not know agents, runs or journals. The parts: `pool` has the wardens, `confinement` says what a warden is ordered
to do, `selftest` which confinement works here, `output` what becomes of what is printed.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import ExitCode, SandboxError, WorkspaceError
from ...ports import Exit, Job
from . import proctree
from .confinement import LEVELS, Confinement, as_level
from .marks import ProcessMark
from .output import Capture, Reader
from .pool import Pool, Report, Warden
from .selftest import strongest

_GRACE_SECONDS = 45.0
"""A warden keeps its time limit itself and may sweep for 30 s; one that has not ended by then is ended from outside."""


class WardenProcesses:
    """Runs commands. Use one per run, from one event loop; `close` it.

    `minimum` is the lowest level to run anything at, `maximum` the highest to try. `standby` wardens are kept ready.
    `hidden` are paths no tool may read, besides the user's credentials. Without `network` tools are cut off, which only
    S3 enforces. In the `background` tools have the processor when nobody else wants it, and crawl on a busy machine.
    """

    def __init__(
        self,
        run_id: str,
        *,
        minimum: str = "S0",
        maximum: str = "S3",
        standby: int = 2,
        network: bool = True,
        hidden: Sequence[Path] = (),
        background: bool = True,
    ) -> None:
        self._run_id = run_id
        self._minimum = as_level(minimum)
        self._wanted = Confinement(as_level(maximum), None, network, tuple(hidden), background)
        self._pool = Pool(run_id, standby)
        self._confinement: Confinement | None = None
        self._testing = asyncio.Lock()

    @property
    def level(self) -> str:
        """What the self-test has shown; `S0` before it."""
        return "S0" if self._confinement is None else self._confinement.level

    def live(self) -> list[ProcessMark]:
        """Every warden that lives now. Everything a tool ever started descends from one of them."""
        return self._pool.live()

    async def self_test(self) -> str:
        """Find out the level and start the wardens that stand by. Raises `SandboxError` if it is below the minimum.

        Worth calling at start; otherwise the first command does, and waits for it (about 0.2 s).
        """
        async with self._testing:
            if self._confinement is None:
                if not sys.platform.startswith("linux"):
                    raise SandboxError("Tools can be guarded on Linux only: nothing else ends process trees reliably.")
                self._confinement = await strongest(self._run, self._wanted)
        level = self._confinement.level
        if LEVELS.index(level) < LEVELS.index(self._minimum):
            raise SandboxError(
                f"The sandbox reaches only level {level} here and the settings demand {self._minimum}. "
                "Install bubblewrap, or `pip install 'pilothouse[sandbox]'`."
            )
        self._pool.fill()
        return level

    async def run(self, job: Job, on_output: Callable[[str], None] | None = None) -> Exit:
        """Run `job` to its end; its whole tree is gone when this returns or raises.

        Exit codes are a shell's: 128 + n for signal n, 127 for a command not found, 124 when out of time, 137 when
        ended by `close`. Raises `SandboxError` below the minimum level, `WorkspaceError` if a folder is not there.
        """
        await self.self_test()
        assert self._confinement is not None
        return await self._run(job, self._confinement, on_output)

    async def close(self) -> None:
        """End everything that still runs and the wardens that stand by."""
        await self._pool.close()

    async def _run(self, job: Job, confinement: Confinement, on_output: Callable[[str], None] | None = None) -> Exit:
        _require_folders(job)
        token = secrets.token_hex(8)
        order = confinement.order(job, {"PILOTHOUSE_RUN": self._run_id, "PILOTHOUSE_JOB": token})
        capture = Capture(job.spill, on_output)
        warden = self._pool.take()
        failures: list[Exception] = []

        def failed(error: Exception) -> None:
            failures.append(error)
            warden.end()

        reader = Reader(warden.output, capture, failed)
        try:
            try:
                await warden.give(order)
                await asyncio.wait([warden.gone], timeout=job.timeout_ms / 1000 + _GRACE_SECONDS)
            finally:
                report = await self._ended(warden, token)
                reader.drain()
                output, dropped = capture.finish()
        finally:
            reader.stop()
            capture.close()
            os.close(warden.output)
        if failures:
            raise failures[0]
        if report is None:
            raise SandboxError("The process that guarded a command was killed. What the command had started was ended.")
        if report.error is not None:
            raise SandboxError(f"The command could not be run: {report.error}.")
        if report.left:
            output += f"\n[{report.left} processes of this command hang in the kernel and could not be ended]\n"
        if confinement.bwrap is not None and report.code == 1 and output.startswith("bwrap: "):
            if not output.startswith("bwrap: execvp "):
                raise SandboxError(f"The sandbox could not be set up: {output.splitlines()[0]}.")
            report = replace(report, code=127)
        code = int(ExitCode.TIMED_OUT) if report.timed_out else report.code
        return Exit(code=code, output=output, ms=report.ms, timed_out=report.timed_out, dropped_bytes=dropped)

    async def _ended(self, warden: Warden, token: str) -> Report | None:
        """The warden's report once it is gone with everything below it, however often this is cancelled meanwhile."""
        warden.end()
        cancelled = await _outlast(warden.gone, _GRACE_SECONDS)
        if not warden.gone.done() or warden.gone.result() is None:
            cancelled |= await _outlast(asyncio.ensure_future(asyncio.to_thread(_end_from_outside, warden, token)))
            cancelled |= await _outlast(warden.gone, _GRACE_SECONDS)
        if cancelled:
            raise asyncio.CancelledError
        return warden.gone.result() if warden.gone.done() else None


def _require_folders(job: Job) -> None:
    """Refuse a job whose workspace is lost, rather than run it anywhere else."""
    for folder in (job.cwd, *job.writable):
        if not os.path.isdir(folder):
            raise WorkspaceError(f"The folder {folder} is not there, so nothing can be run in it.")


async def _outlast(work: asyncio.Future[Any], seconds: float | None = None) -> bool:
    """Wait until `work` is done or time is up, even if cancelled; whether it was."""
    loop = asyncio.get_running_loop()
    deadline = None if seconds is None else loop.time() + seconds
    cancelled = False
    while not work.done() and (deadline is None or loop.time() < deadline):
        try:
            await asyncio.wait([work], timeout=None if deadline is None else deadline - loop.time())
        except asyncio.CancelledError:
            cancelled = True
    return cancelled


def _end_from_outside(warden: Warden, token: str) -> None:
    """What is left to do when a warden died or hangs: end what still descends from it or still wears the job's mark."""
    if not warden.gone.done():
        warden.break_off()
    proctree.sweep(lambda: proctree.marked("PILOTHOUSE_JOB", token), limit_seconds=5)
