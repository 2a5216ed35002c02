"""The log of one agent, read on from where the last reading ended. The engine appends to it; nobody is asked.

Blocking, but a reading is bounded. Text is made inert here, at the door.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from .sanitize import sanitize

CHUNK = 256 * 1024
"""Bytes of one reading: about two milliseconds of work."""
MAX_TORN = 16 * 1024 * 1024
"""Bytes of an unfinished line that are kept; more is given up and said so."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a log, inert. `text` may hold line breaks."""

    at: int
    kind: str
    text: str


class _Entry(msgspec.Struct):
    """A line of `log.jsonl`."""

    at: int
    kind: str
    text: str


_DECODER = msgspec.json.Decoder(_Entry)


class LogFile:
    """A log file and how far it has been read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._torn = b""

    def read(self) -> list[LogLine]:
        """The next lines, at most a chunk of them; none when there is nothing new. A missing file is an empty one."""
        try:
            with self.path.open("rb") as file:
                if file.seek(0, 2) < self._offset:
                    self._offset, self._torn = 0, b""
                file.seek(self._offset)
                data = file.read(CHUNK)
        except OSError:
            return []
        if not data:
            return []
        self._offset += len(data)
        *whole, self._torn = (self._torn + data).split(b"\n")
        if len(self._torn) > MAX_TORN:
            self._torn = b""
            return [*map(_line, filter(None, whole)), LogLine(0, "note", "[a line too long to show]")]
        return [_line(raw) for raw in whole if raw]


def _line(raw: bytes) -> LogLine:
    try:
        entry = _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return LogLine(0, "note", "[a line that cannot be read]")
    return LogLine(entry.at, sanitize(entry.kind)[:6], sanitize(entry.text))
