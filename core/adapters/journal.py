"""The journal of a run: one decision a line, checksummed, locked, durable before anything becomes visible.

A line is `{"v":1,"seq":N,"at":MS,"events":[...],"crc":C}`, `C` being the CRC-32 of the bytes before `,"crc"`.
A torn tail is set aside in `journal.torn`; a damaged line in the middle is reported and skipped. It knows nothing of
what events mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiofiles
import msgspec

from ..errors import JournalDamagedError, JournalLockedError
from ..events import AnyEvent

VERSION = 1
NAME = "journal.jsonl"


class Line(msgspec.Struct, frozen=True):
    """One decision."""

    v: int
    seq: int
    at: int
    events: list[AnyEvent]


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Line)
_CRC = b',"crc":'


def encode(line: Line) -> bytes:
    """`line` with its checksum and the line feed."""
    body = _ENCODER.encode(line)[:-1]
    return b"%b%b%d}\n" % (body, _CRC, zlib.crc32(body))


def decode(raw: bytes) -> Line:
    """The line in `raw` (without its line feed). Raises `ValueError` if it is damaged."""
    body, found, crc = raw.rpartition(_CRC)
    if not found or not crc.endswith(b"}") or int(crc[:-1]) != zlib.crc32(body):
        raise ValueError("checksum")
    return _DECODER.decode(body + b"}")


@dataclass(frozen=True, slots=True)
class Damage:
    """A line that was skipped."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What a journal holds: `size` bytes of whole lines, what is torn stands beyond."""

    lines: list[Line]
    damaged: list[Damage]
    size: int


def read(path: Path) -> Contents:
    """Everything that can be read of the journal at `path`. Raises `JournalDamagedError` if that is nothing."""
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise JournalDamagedError(f"the journal {path} cannot be read: {problem.strerror}") from problem
    lines: list[Line] = []
    damaged: list[Damage] = []
    offset = 0
    for raw in _whole_lines(data):
        try:
            lines.append(decode(raw))
        except (ValueError, msgspec.DecodeError):
            damaged.append(Damage(offset, len(raw)))
        offset += len(raw) + 1
    return Contents(lines, damaged, offset)


def _whole_lines(data: bytes) -> Iterator[bytes]:
    pieces = data.split(b"\n")
    pieces.pop()
    return iter(pieces)


class Journal:
    """The one writer of a run's journal.

    `append` only queues; the lines that have gathered are written and synced together, then `on_durable` is called
    with the number of the last one. If that fails once, `write` raises and nothing is written again.
    """

    def __init__(self, path: Path, descriptor: int, contents: Contents) -> None:
        self.path = path
        self._contents: Contents | None = contents
        self._descriptor = descriptor
        # Also a damaged line has had its number.
        self._seq = max([0, *(line.seq for line in contents.lines[-1:]), len(contents.lines) + len(contents.damaged)])
        self._queue: list[Line] = []
        self._wanted = asyncio.Event()
        self._closing = False

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Lock the journal at `path`, made if it is not there, and set a torn tail aside.

        Raises `JournalLockedError` if another engine has it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            os.close(descriptor)
            raise JournalLockedError(f"another engine runs {path.parent.name}: open it with `pilothouse`") from problem
        contents = read(path)
        size = os.fstat(descriptor).st_size
        if contents.size < size:
            tail = os.pread(descriptor, size - contents.size, contents.size)
            with path.with_suffix(".torn").open("ab") as torn:
                torn.write(tail)
                os.fsync(torn.fileno())
            os.ftruncate(descriptor, contents.size)
        _sync_folder(path.parent)
        return cls(path, descriptor, contents)

    def take_contents(self) -> Contents:
        """What the journal held when it was opened. To be asked once; it is not kept."""
        contents, self._contents = self._contents, None
        assert contents is not None
        return contents

    def append(self, events: Sequence[AnyEvent], at: int) -> int:
        """Queue one decision; its sequence number."""
        self._seq += 1
        self._queue.append(Line(VERSION, self._seq, at, list(events)))
        self._wanted.set()
        return self._seq

    async def write(self, on_durable: Callable[[int], None]) -> None:
        """Write what is appended until `close`; `on_durable` gets the last number of each synced group.

        Raises `OSError` when writing or syncing fails; what was not synced must not be acted upon.
        """
        async with aiofiles.open(self._descriptor, "ab", closefd=False, buffering=0) as file:
            while self._queue or not self._closing:
                await self._wanted.wait()
                self._wanted.clear()
                group, self._queue = self._queue, []
                if group:
                    await self._write_group(file, group)
                    on_durable(group[-1].seq)

    async def _write_group(self, file: aiofiles.threadpool.binary.AsyncFileIO, group: list[Line]) -> None:
        """Write and sync these lines, or leave the file as it was."""
        start = os.fstat(self._descriptor).st_size
        try:
            await _write_all(file, b"".join(map(encode, group)))
            await asyncio.to_thread(os.fdatasync, self._descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, start)
            raise

    def close(self) -> None:
        """Let `write` end once everything queued is durable."""
        self._closing = True
        self._wanted.set()

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)


async def _write_all(file: aiofiles.threadpool.binary.AsyncFileIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[await file.write(view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
