"""The conversations of a run's agents: `agents/<id>/transcript.jsonl`, one message a line in API form.

A message counts once an event names the span it stands at. What stands beyond the last named byte is set aside when
the run is taken over. It knows nothing of what the messages say.
"""

from __future__ import annotations

import asyncio
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import aiofiles
import msgspec

from ..errors import JournalDamagedError
from ..ids import AgentId
from ..outcomes import Span
from ..ports import Message

_ENCODER = msgspec.json.Encoder()


class FileTranscripts:
    """The port `Transcripts` over files. What is loaded is kept until the agent is forgotten."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[AgentId, dict[Span, list[Message]]] = {}
        self._locks: dict[AgentId, asyncio.Lock] = {}

    def path(self, agent_id: AgentId) -> Path:
        """Where the conversation of an agent stands."""
        return self._folder / agent_id / "transcript.jsonl"

    async def append(self, agent_id: AgentId, messages: Sequence[Message]) -> Span:
        """Write `messages` durably and say where they stand."""
        data = b"".join(_ENCODER.encode(message) + b"\n" for message in messages)
        async with self._locks.setdefault(agent_id, asyncio.Lock()):
            path = self.path(agent_id)
            path.parent.mkdir(parents=True, exist_ok=True)
            async with aiofiles.open(path, "ab") as file:
                offset = await file.tell()
                await file.write(data)
                await file.flush()
                await asyncio.to_thread(os.fdatasync, file.fileno())
        span = Span(offset, len(data), zlib.crc32(data))
        self._loaded.setdefault(agent_id, {})[span] = list(messages)
        return span

    async def load(self, agent_id: AgentId, spans: Sequence[Span]) -> list[Message]:
        """The messages at `spans`, in their order. Raises `JournalDamagedError` if the file does not hold them."""
        known = self._loaded.setdefault(agent_id, {})
        missing = [span for span in spans if span not in known]
        if missing:
            async with aiofiles.open(self.path(agent_id), "rb") as file:
                for span in missing:
                    await file.seek(span.offset)
                    data = await file.read(span.length)
                    if len(data) != span.length or zlib.crc32(data) != span.crc:
                        raise JournalDamagedError(
                            f"the transcript of {agent_id} is damaged at byte {span.offset} of {self.path(agent_id)}"
                        )
                    known[span] = [msgspec.json.decode(line) for line in data.splitlines()]
        return [message for span in spans for message in known[span]]

    def forget(self, agent_id: AgentId) -> None:
        """Drop what is kept in memory of an agent that has ended."""
        self._loaded.pop(agent_id, None)

    def set_aside(self, agent_id: AgentId, named: int) -> None:
        """Move what stands beyond byte `named` to `transcript.torn`: no event speaks of it."""
        path = self.path(agent_id)
        if not path.exists() or path.stat().st_size <= named:
            return
        with path.open("r+b") as file, path.with_suffix(".torn").open("ab") as torn:
            file.seek(named)
            torn.write(file.read())
            file.truncate(named)
