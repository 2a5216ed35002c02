"""The front end's end of the socket: a session with a run, live or over.

While the engine lives, its updates are the picture. When it is gone the journal is folded once for the last word, and
the picture says that nobody answers. An engine is only started to land the result of a run that is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator

from ..commands import AnyCommand, LandRun
from ..errors import EngineGoneError, PilothouseError
from ..views import RunResult
from .folders import RunFolder
from .offline import load_result
from .picture import Picture, Update, merged
from .session import Answer
from .start import ensure_engine
from .wire import ENGINE_DECODER, MAX_SAID, PROTOCOL, FromClient, FromEngine, frame

HELLO_SECONDS = 10.0
"""An engine that has not said hello by then hangs, or was stopped."""
RETRY_SECONDS = 0.5
"""How often an engine that is gone is looked for again."""


class Connection:
    """One connection to a live engine. Raises `EngineGoneError` wherever the engine does not answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._asked = 0
        self._waiting: dict[int, asyncio.Future[FromEngine]] = {}
        self._news: Update | None = None
        self._wanted = asyncio.Event()
        self._gone = False
        self._pump = asyncio.create_task(self._read(), name="read frames")

    @classmethod
    async def open(cls, run: RunFolder) -> Connection:
        """Connect to the engine of `run`."""
        path = run.socket
        if path is None or not run.is_live():
            raise EngineGoneError(f"no engine runs {run.run_id}; `pilothouse resume-run` takes it up again")
        writer = None
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                reader, writer = await asyncio.open_unix_connection(path, limit=MAX_SAID)
                writer.write(frame(FromClient(protocol=PROTOCOL)))
                hello = ENGINE_DECODER.decode(await reader.readuntil(b"\n"))
            if hello.protocol == PROTOCOL:
                connection, writer = cls(reader, writer), None
                return connection
        except TimeoutError as problem:
            raise EngineGoneError(f"the engine of {run.run_id} has not answered for {HELLO_SECONDS:g} s") from problem
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as problem:
            raise EngineGoneError(f"the engine of {run.run_id} does not answer: {problem}") from problem
        finally:
            if writer is not None:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
        raise EngineGoneError(
            f"the engine of {run.run_id} speaks protocol {hello.protocol}, this pilothouse {PROTOCOL}: "
            "use the version that started it"
        )

    async def _read(self) -> None:
        try:
            while True:
                said = ENGINE_DECODER.decode(await self._reader.readuntil(b"\n"))
                if said.update is not None:
                    # Nothing may wait here: an answer may stand behind this, and who wants it reads no updates.
                    self._news = said.update if self._news is None else merged(self._news, said.update)
                    self._wanted.set()
                elif (waiting := self._waiting.pop(said.id, None)) is not None and not waiting.done():
                    waiting.set_result(said)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            self._gone = True
            self._wanted.set()
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(EngineGoneError("the engine is gone before it could answer"))

    async def _ask(self, message: FromClient) -> FromEngine:
        if self._gone:
            raise EngineGoneError("the engine is gone")
        answer: asyncio.Future[FromEngine] = asyncio.get_running_loop().create_future()
        self._waiting[message.id] = answer
        try:
            self._writer.write(frame(message))
            await self._writer.drain()
        except OSError as problem:
            raise EngineGoneError("the engine is gone") from problem
        return await answer

    def _next(self) -> int:
        self._asked += 1
        return self._asked

    async def submit(self, command: AnyCommand) -> Answer:
        """Ask for a command; the answer once it is durable."""
        said = await self._ask(FromClient(id=self._next(), command=command))
        return said.answer or Answer("")

    async def result(self) -> RunResult:
        """Everything there is to see."""
        said = await self._ask(FromClient(id=self._next(), result=True))
        assert said.result is not None
        return said.result

    async def updates(self) -> AsyncGenerator[Update]:
        """What changes, until the engine is gone. What comes faster than it is taken comes as one update."""
        self._writer.write(frame(FromClient(id=self._next(), watch=True)))
        while True:
            await self._wanted.wait()
            news, self._news = self._news, None
            if news is not None:
                yield news
            elif self._gone:
                return
            else:
                self._wanted.clear()

    async def close(self) -> None:
        """Let go of the engine."""
        self._gone = True
        self._wanted.set()
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


class LiveSession:
    """The `Session` of a run: through its engine while that lives, through its journal when it does not."""

    def __init__(self, run: RunFolder) -> None:
        self._run = run
        self._picture = Picture(run.path)
        self._connection: Connection | None = None

    @property
    def picture(self) -> Picture:
        """The newest views."""
        return self._picture

    async def watch(self) -> AsyncGenerator[Update]:
        """Updates, already applied; when the engine goes, one with its last word, and again when one is back."""
        while True:
            try:
                connection = await self._connected()
            except EngineGoneError:
                yield self._last_word()
                while not self._run.is_live():  # noqa: ASYNC110 - another process starts it
                    await asyncio.sleep(RETRY_SECONDS)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            async for update in connection.updates():
                self._picture.connected = True
                self._picture.seen_at = time.time_ns() // 1_000_000
                self._picture.apply(update)
                yield update
            await connection.close()
            self._connection = None

    def _last_word(self) -> Update:
        """What the journal says, now that nobody answers."""
        self._picture.connected = False
        with contextlib.suppress(PilothouseError):
            result = load_result(self._run)
            update = Update(result.run, result.agents, result.questions, whole=True)
            self._picture.apply(update)
            return update
        return Update()

    async def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = await Connection.open(self._run)
        return self._connection

    async def submit(self, command: AnyCommand) -> Answer:
        """Ask the engine for a command. Raises `EngineGoneError` if there is none."""
        try:
            connection = await self._connected()
        except EngineGoneError:
            if not isinstance(command, LandRun) or self._picture.run is None or self._picture.run.ended_at is None:
                raise
            await asyncio.to_thread(ensure_engine, self._run)
            connection = await self._connected()
        return await connection.submit(command)

    async def close(self) -> None:
        """Let go of the engine; the run goes on."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
