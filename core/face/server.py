"""The engine's end of the socket: frames in, frames out, and nothing a client sends costs anybody but that client."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import msgspec

from ..engine.engine import Engine
from ..errors import PilothouseError
from ..inputs import Request
from ..selectors import run_result
from .hub import Hub
from .session import Answer
from .wire import CLIENT_DECODER, MAX_ASKED, PROTOCOL, FromClient, FromEngine, frame

HELLO_SECONDS = 10.0
"""How long a client may take to say who it is: until then it keeps an engine alive whose run is over."""
HALTED = "the engine cannot write its journal and takes no commands"


class Server:
    """Serves one engine on a Unix socket."""

    def __init__(self, engine: Engine, hub: Hub, on_quiet: Callable[[], None]) -> None:
        """`on_quiet` is called whenever the last client has gone."""
        self._engine = engine
        self._hub = hub
        self._on_quiet = on_quiet
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._clients)

    async def start(self, path: Path) -> None:
        """Listen at `path`, readable and writable for this user alone."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._connected, path, limit=MAX_ASKED)
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Stop listening and let go of everybody."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        connection = _Connection(self._engine, self._hub, reader, writer)
        try:
            if _peer_uid(writer) == os.geteuid():
                await connection.serve()
        except (
            OSError,
            ValueError,
            PilothouseError,
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
        ) as problem:
            logging.getLogger(__name__).info("a client was dropped: %s", problem)
        finally:
            await connection.close()
            self._clients.discard(task)
            if not self._clients:
                self._on_quiet()


def _peer_uid(writer: asyncio.StreamWriter) -> int:
    """The user on the other end of the socket."""
    connection: socket.socket = writer.get_extra_info("socket")
    if not hasattr(socket, "SO_PEERCRED"):
        return os.geteuid()
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    uid: int = struct.unpack("3i", raw)[1]
    return uid


class _Connection:
    """One client."""

    def __init__(self, engine: Engine, hub: Hub, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._engine = engine
        self._hub = hub
        self._reader = reader
        self._writer = writer
        self._watching: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Answer frames until the client goes. Raises when it sends what is none."""
        async with asyncio.timeout(HELLO_SECONDS):
            hello = await self._read()
        if hello is None:
            return
        await self._send(FromEngine(protocol=PROTOCOL))
        if hello.protocol != PROTOCOL:
            return
        while (asked := await self._read()) is not None:
            if asked.command is not None:
                await self._send(FromEngine(id=asked.id, answer=await self._submit(asked)))
            if asked.result:
                await self._engine.settled()
                await self._send(FromEngine(id=asked.id, result=run_result(self._engine.state)))
            if asked.watch and self._watching is None:
                self._watching = asyncio.create_task(self._watch(), name="watch")

    async def _read(self) -> FromClient | None:
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as end:
            if not end.partial:
                return None
            raise
        try:
            return CLIENT_DECODER.decode(line)
        except msgspec.DecodeError as problem:
            raise ValueError(f"not a frame: {problem}") from problem

    async def _submit(self, asked: FromClient) -> Answer:
        assert asked.command is not None
        try:
            reply = await self._engine.submit(Request(asked.command))
        except asyncio.CancelledError:
            if self._engine.failed is None:
                raise
            return Answer(HALTED, refused=True)
        return Answer(reply.text, reply.refused)

    async def _watch(self) -> None:
        watch = self._hub.add()
        try:
            async for update in watch.updates():
                await self._send(FromEngine(update=update))
        except (OSError, PilothouseError):
            pass
        finally:
            self._hub.remove(watch)
            # Whoever watches and is told no more must notice: the end of the stream says so.
            self._writer.close()

    async def _send(self, message: FromEngine) -> None:
        self._writer.write(frame(message))
        await self._writer.drain()

    async def close(self) -> None:
        """Let go of the client."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        self._writer.close()
