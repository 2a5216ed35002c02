"""What a person reads of each agent: `agents/<id>/log.jsonl`, lines `{"at": ms, "kind": ..., "text": ...}`.

Lines gather and are written in batches; a log that cannot be written never holds an agent up. It is no source of
truth: nothing is ever decided from it.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import aiofiles
import msgspec

from ..ids import AgentId
from ..ports import Clock

BATCH_SECONDS = 1 / 30
"""How long lines gather: a screen shows no more frames than this anyway."""
MAX_LINE = 16_384
"""Characters of one log line; the rest is in the transcript."""


class LogLine(msgspec.Struct, frozen=True):
    """One line of a log."""

    at: int
    kind: str
    text: str


_ENCODER = msgspec.json.Encoder()


class FileLog:
    """The port `Log` over files."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._lines: dict[AgentId, list[bytes]] = {}
        self._wanted = asyncio.Event()
        self._closing = False

    def write(self, agent_id: AgentId, kind: str, text: str) -> None:
        """Add the lines of `text`."""
        at = self._clock.now()
        gathered = self._lines.setdefault(agent_id, [])
        for line in text.splitlines() or [""]:
            if len(line) > MAX_LINE:
                line = f"{line[:MAX_LINE]} … [{len(line) - MAX_LINE} more characters]"
            gathered.append(_ENCODER.encode(LogLine(at, kind, line)))
        self._wanted.set()

    async def run(self) -> None:
        """Write what gathers until `close`."""
        while not (self._closing and not self._lines):
            await self._wanted.wait()
            self._wanted.clear()
            gathered, self._lines = self._lines, {}
            for agent_id, lines in gathered.items():
                try:
                    await self._append(agent_id, lines)
                except OSError as problem:
                    logging.getLogger(__name__).warning("the log of %s was not written: %s", agent_id, problem)
            if not self._closing:
                await asyncio.sleep(BATCH_SECONDS)

    async def _append(self, agent_id: AgentId, lines: list[bytes]) -> None:
        path = self._folder / agent_id / "log.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        async with aiofiles.open(path, "ab") as file:
            await file.write(b"\n".join([*lines, b""]))

    def close(self) -> None:
        """Let `run` end once everything is written."""
        self._closing = True
        self._wanted.set()
