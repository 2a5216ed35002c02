"""Runs one git process: clean environment, bounded output, bounded time, gone when cancelled.

Knows nothing of runs, agents and checkouts; which repository is meant is said by `Repository`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import UsageError, WorkspaceError
from .words import printable

TIME_LIMIT = 300.0
"""Seconds. A checkout of a very large repository takes minutes; a FIFO planted as `.gitignore` blocks for ever."""
OUTPUT_LIMIT = 512 * 1024 * 1024
"""Bytes of stdout that are kept; more than that is no answer we could work with."""
ERROR_LIMIT = 64 * 1024
"""Bytes of stderr that are kept."""
GRACE = 2.0
"""Seconds between the request to end and the order."""
_CHUNK = 256 * 1024


class GitFailedError(WorkspaceError):
    """A git command ended with a code nobody expected. `stderr` is what it said."""

    def __init__(self, command: str, where: Path, code: int, stderr: str) -> None:
        said = printable(_last_words(stderr)) or f"it ended with {code}"
        super().__init__(f"`git {command}` failed in {where}: {said}")
        self.command = command
        self.code = code
        self.stderr = stderr


@dataclass(frozen=True, slots=True)
class Answer:
    """How a git command ended and what it said."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Its output as one word or line, without the end of line."""
        return os.fsdecode(self.out).rstrip("\n")

    @property
    def items(self) -> list[str]:
        """Its output as names or records that end with NUL, as the file system spells them."""
        return [os.fsdecode(item) for item in self.out.split(b"\0") if item]


def search_path() -> str:
    """PATH without relative entries: git runs inside agents' checkouts, where one could find a planted `git`."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if os.path.isabs(entry)) or os.defpath


def executable() -> str:
    """The absolute path of git. Raises `UsageError` if there is none."""
    found = shutil.which("git", path=search_path())
    if found is None:
        raise UsageError("git was not found on the PATH: install git 2.38 or newer")
    return found


async def run_git(
    arguments: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    stdin: bytes = b"",
    allowed: Sequence[int] = (0,),
) -> Answer:
    """Run `git *arguments` to its end. Raises `GitFailedError` unless it ends with one of the `allowed` codes.

    The environment is exactly `environment`. After `TIME_LIMIT` or if cancelled, it is ended first.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            executable(),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=cwd,
            env=dict(environment),
            process_group=0,
        )
    except OSError as error:
        raise WorkspaceError(f"git could not be started in {cwd}: {error.strerror}") from error
    parts = [
        asyncio.create_task(_collect(process.stdout, OUTPUT_LIMIT), name="git stdout"),
        asyncio.create_task(_collect(process.stderr, ERROR_LIMIT), name="git stderr"),
        asyncio.create_task(_feed(process.stdin, stdin), name="git stdin"),
    ]
    try:
        async with asyncio.timeout(TIME_LIMIT):
            await asyncio.gather(*parts)
            code = await process.wait()
    except TimeoutError as error:
        raise WorkspaceError(
            f"`git {_verb(arguments)}` took more than {TIME_LIMIT:g} s in {cwd} and was ended"
        ) from error
    finally:
        if process.returncode is None:
            await _end(process)
        await asyncio.gather(*parts, return_exceptions=True)
    out, is_whole = parts[0].result() or (b"", True)
    err, _ = parts[1].result() or (b"", True)
    if not is_whole:
        raise WorkspaceError(f"`git {_verb(arguments)}` in {cwd} printed more than {OUTPUT_LIMIT >> 20} MB")
    stderr = err.decode(errors="replace")
    if code not in allowed:
        raise GitFailedError(_verb(arguments), cwd, code, stderr)
    return Answer(code, out, stderr)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask the process to end, so that it removes its lock files; then make it end, with its children."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE)
            return
    await process.wait()


async def _collect(stream: asyncio.StreamReader | None, most: int) -> tuple[bytes, bool]:
    """At most `most` bytes of `stream` and whether that is all; the rest is read and dropped."""
    assert stream is not None
    kept, is_whole = bytearray(), True
    while chunk := await stream.read(_CHUNK):
        kept += chunk[: most - len(kept)]
        is_whole = is_whole and len(kept) < most
    return bytes(kept), is_whole


async def _feed(stream: asyncio.StreamWriter | None, data: bytes) -> None:
    """Write `data` and close; a process that does not read it says so by its exit code."""
    assert stream is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stream.write(data)
        await stream.drain()
    stream.close()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        await stream.wait_closed()


def _verb(arguments: Sequence[str]) -> str:
    return next((word for word in arguments if not word.startswith("-")), "")


def _last_words(stderr: str) -> str:
    """The line that says what was wrong, without git's prefix."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    blamed = [line for line in lines if line.startswith(("fatal: ", "error: "))] or lines[-1:]
    return blamed[-1].removeprefix("fatal: ").removeprefix("error: ") if blamed else ""
