"""What a command prints: kept at both ends, whole in a file up to a limit, capped where it is read.

`Capture` is bytes in, text out, and knows no descriptors. `Reader` reads one pipe from the event loop. Neither must
know what is printing, and neither grows with it.
"""

from __future__ import annotations

import asyncio
import codecs
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

HEAD_BYTES = 16 * 1024
"""What a model is shown of the beginning: where compilers and tests say what they are about to do ..."""
TAIL_BYTES = 16 * 1024
"""... and of the end, where the outcome stands. Together about 8,000 tokens."""
SPILL_BYTES = 8 * 1024 * 1024
"""What the file with all of the output may hold, and what is streamed. Without a cap users saw 2.5 TiB."""
CHUNK_BYTES = 256 * 1024
"""How much is read at once; pipes are made this large where the kernel allows."""
PAUSE_SECONDS = 0.004
"""Between two reads of a pipe: nobody sees the delay, and a flood (64 MB/s then) costs a few percent of a core."""


class Capture:
    """Takes the output of one command as it comes."""

    def __init__(self, spill: Path | None = None, on_output: Callable[[str], None] | None = None) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._on_output = on_output
        self._is_silent = False
        self._spill = spill
        self._file: BinaryIO | None = None
        self._spilled = 0
        self._head = bytearray()
        self._tail = bytearray()
        self._total = 0

    def feed(self, data: bytes) -> None:
        """Keep, spill and pass on `data`, as far as the limits allow. Raises what `on_output` raises."""
        before, self._total = self._total, self._total + len(data)
        if self._spill is not None and self._total > HEAD_BYTES + TAIL_BYTES:
            self._write(data)
        room = HEAD_BYTES - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * TAIL_BYTES:  # not at every chunk: moving the bytes costs
            del self._tail[:-TAIL_BYTES]
        if self._on_output is not None and not self._is_silent:
            text = self._decoder.decode(data[: SPILL_BYTES - before])
            if self._total > SPILL_BYTES:
                self._is_silent = True
                text += f"\n[more than {SPILL_BYTES // 1024**2} MiB of output: what follows is not streamed]\n"
            if text:
                self._on_output(text)

    def finish(self) -> tuple[str, int]:
        """The output to hand back and how many bytes of it are missing there. Closes the file."""
        if self._on_output is not None and not self._is_silent and (rest := self._decoder.decode(b"", final=True)):
            self._on_output(rest)
        spilled = self._file is not None
        self.close()
        tail = bytes(self._tail[-TAIL_BYTES:])
        if self._total == len(self._head) + len(tail):
            return (self._head + tail).decode(errors="replace"), 0
        head, tail = _to_last_character(bytes(self._head)), _from_first_character(tail)
        dropped = self._total - len(head) - len(tail)
        where = ""
        if spilled:
            share = "all of it is" if self._total <= SPILL_BYTES else f"the first {SPILL_BYTES // 1024**2} MiB are"
            where = f"; {share} in {self._spill}"
        gap = f"\n[... {dropped} bytes left out{where} ...]\n"
        return head.decode(errors="replace") + gap + tail.decode(errors="replace"), dropped

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, data: bytes) -> None:
        """Add to the file, which begins with all there was before. A full disk ends the file, not the command."""
        assert self._spill is not None
        try:
            if self._file is None and not self._spilled:
                self._spill.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._spill.open("wb", buffering=0)
                self._spilled = self._file.write(self._head + self._tail)
            if self._file is not None and self._spilled < SPILL_BYTES:
                self._spilled += self._file.write(data[: SPILL_BYTES - self._spilled])
        except OSError:
            self.close()
            self._spilled = SPILL_BYTES
            self._spill = None


def _from_first_character(data: bytes) -> bytes:
    """`data` without the rest of a character whose beginning was cut off (at most three continuation bytes)."""
    start = 0
    while start < min(3, len(data)) and data[start] & 0b1100_0000 == 0b1000_0000:
        start += 1
    return data[start:]


def _to_last_character(data: bytes) -> bytes:
    """`data` without the beginning of a character whose rest was cut off."""
    for length in (1, 2, 3):
        lead = data[-length] if length <= len(data) else 0
        if lead & 0b1100_0000 == 0b1000_0000:
            continue  # inside a character: its beginning is further back
        needed = 4 if lead >= 0xF0 else 3 if lead >= 0xE0 else 2 if lead >= 0xC0 else 1
        return data[:-length] if needed > length else data
    return data


class Reader:
    """Reads a pipe into a capture until told to stop, at a pace that leaves the event loop to others."""

    def __init__(self, descriptor: int, capture: Capture, failed: Callable[[Exception], None]) -> None:
        self._descriptor = descriptor
        self._capture = capture
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._resumption: asyncio.TimerHandle | None = None
        self._loop.add_reader(descriptor, self._on_readable)

    def drain(self) -> None:
        """Read what is there now and stop. To be called once nothing writes any more."""
        self.stop()
        for _ in range(2 * SPILL_BYTES // CHUNK_BYTES):  # whoever got hold of the pipe by other ways cannot hold us up
            if not self._read():
                break

    def stop(self) -> None:
        """Read no more."""
        self._loop.remove_reader(self._descriptor)
        if self._resumption is not None:
            self._resumption.cancel()
            self._resumption = None

    def _on_readable(self) -> None:
        read = self._read()
        if read == 0:
            self._loop.remove_reader(self._descriptor)
        elif read is not None:
            self._loop.remove_reader(self._descriptor)
            self._resumption = self._loop.call_later(PAUSE_SECONDS, self._resume)

    def _resume(self) -> None:
        self._resumption = None
        self._loop.add_reader(self._descriptor, self._on_readable)

    def _read(self) -> int | None:
        """How many bytes were read: 0 at the end, None if there were none just now."""
        try:
            data = os.read(self._descriptor, CHUNK_BYTES)
        except BlockingIOError:
            return None
        try:
            self._capture.feed(data)
        except Exception as error:  # of a listener; the one who runs the command must hear of it
            self._failed(error)
        return len(data)
