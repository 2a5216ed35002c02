"""The engine's socket: whatever a client sends, or does not read, costs that client and nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fakes.ports import Stand
from fakes.story import tell
from pilothouse.core.adapters.wardens.marks import ProcessMark
from pilothouse.core.commands import MessageAgent
from pilothouse.core.engine.stage import Stage
from pilothouse.core.errors import EngineGoneError
from pilothouse.core.face import client as client_module
from pilothouse.core.face.client import Connection
from pilothouse.core.face.folders import RunFolder
from pilothouse.core.face.hub import Hub
from pilothouse.core.face.picture import Update, merged
from pilothouse.core.face.server import Server
from pilothouse.core.face.wire import MAX_ASKED, PROTOCOL
from pilothouse.core.ids import ORCHESTRATOR
from pilothouse.core.ports import Live, Reply, TurnRequest
from pilothouse.core.selectors import agent_view
from pilothouse.core.views import RunResult

PATIENCE = 20.0


async def stuck(request: TurnRequest, live: Live) -> Reply:
    """A model that never answers."""
    await asyncio.Event().wait()
    raise AssertionError


class Serving(Stand):
    """An engine over fakes behind a real socket."""

    def __init__(self, folder: Path) -> None:
        super().__init__(stuck)
        self.path = folder / "s"
        self.quiet = asyncio.Event()
        self.hub = Hub(self.state, Stage(self.log), self.engine.settled)
        self.server = Server(self.engine, self.hub, self.quiet.set)

    def changed(self, names: set[str]) -> None:
        self.hub.changed(names)

    async def connect(self, greeting: bytes = b'{"protocol":1}\n') -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A raw client that has said `greeting`."""
        reader, writer = await asyncio.open_unix_connection(self.path)
        writer.write(greeting)
        return reader, writer


@pytest.fixture
async def serving(tmp_path: Path) -> AsyncIterator[Serving]:
    serving = Serving(tmp_path)
    serving.begin()
    await serving.server.start(serving.path)
    await serving.until(lambda: bool(serving.model.requests))
    yield serving
    await serving.server.close()
    await serving.close()


async def read(reader: asyncio.StreamReader) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        frame: dict[str, Any] = json.loads(await reader.readline())
    return frame


async def is_well(serving: Serving) -> None:
    """Another client gets an answer."""
    reader, writer = await serving.connect()
    assert (await read(reader))["protocol"] == PROTOCOL
    writer.write(b'{"id":7,"result":true}\n')
    said = await read(reader)
    assert (said["id"], said["result"]["run"]["goal"]) == (7, "make it so")
    writer.close()


async def test_the_socket_is_for_this_user_alone(serving: Serving) -> None:
    assert stat.S_IMODE(os.stat(serving.path).st_mode) == 0o600


BAD = [
    b"\n",
    b"nonsense\n",
    b"\x00\xff\xfe\n",
    b"[]\n",
    b"null\n",
    b'{"id":"one"}\n',
    b'{"command":{"command":"Dance"}}\n',
    b'{"command":{"command":"KillAgent","agent_id":7}}\n',
    b'{"id":' + b"9" * 400 + b"}\n",
    b"[" * 5_000 + b"\n",
    b"x" * (MAX_ASKED + 10) + b"\n",
    b"x" * (2 * MAX_ASKED),
]


@pytest.mark.parametrize("garbage", BAD, ids=range(len(BAD)))
@pytest.mark.parametrize("greeted", [True, False])
async def test_garbage_ends_that_client_and_nobody_else(serving: Serving, garbage: bytes, greeted: bool) -> None:
    reader, writer = await serving.connect(b'{"protocol":1}\n' if greeted else b"")
    if greeted:
        await read(reader)
    writer.write(garbage)
    async with asyncio.timeout(PATIENCE):
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
    writer.close()
    await is_well(serving)
    assert not serving.errors


async def test_half_a_frame_and_gone(serving: Serving) -> None:
    _, writer = await serving.connect(b'{"proto')
    writer.close()
    reader, writer = await serving.connect()
    await read(reader)
    writer.write(b'{"id":1,"comm')
    writer.close()
    await is_well(serving)


async def test_another_protocol_is_told_ours_and_let_go(serving: Serving) -> None:
    reader, writer = await serving.connect(b'{"protocol":99}\n')
    assert (await read(reader))["protocol"] == PROTOCOL
    async with asyncio.timeout(PATIENCE):
        assert await reader.read() == b""
    writer.close()


async def test_commands_of_agents_are_refused(serving: Serving) -> None:
    reader, writer = await serving.connect()
    await read(reader)
    writer.write(b'{"id":1,"command":{"command":"FinishAgent","outcome":"mine"}}\n')
    said = await read(reader)
    assert said["answer"]["refused"]
    writer.close()


async def test_a_thousand_connects_leave_nothing_behind(serving: Serving) -> None:
    for _ in range(20):
        writers = [(await asyncio.open_unix_connection(serving.path))[1] for _ in range(50)]
        for writer in writers:
            writer.close()
    await is_well(serving)
    async with asyncio.timeout(PATIENCE):
        while serving.server.clients:
            serving.quiet.clear()
            await serving.quiet.wait()


async def test_a_client_that_does_not_read_holds_up_nobody_and_gets_the_newest_later(serving: Serving) -> None:
    slow, slow_writer = await serving.connect()
    await read(slow)
    slow_writer.write(b'{"id":1,"watch":true}\n')
    await read(slow)
    fast, fast_writer = await serving.connect()
    await read(fast)
    # Far more than fits into any buffer, and the slow one reads nothing of it.
    for number in range(300):
        text = f"{number} " + "x" * 20_000
        command = {"command": "MessageAgent", "agent_id": "a0", "text": text}
        fast_writer.write(json.dumps({"id": 1, "command": command}).encode() + b"\n")
        assert (await read(fast))["answer"]["text"] == "told a0"
    await is_well(serving)
    slow_writer.close()
    fast_writer.close()


def run_folder(tmp_path: Path, socket: Path) -> RunFolder:
    """A run whose engine is this process."""
    mark = ProcessMark.of(os.getpid())
    assert mark is not None
    folder = tmp_path / "261121-094217-k3"
    folder.mkdir()
    (folder / "engine.json").write_text(json.dumps({**mark.to_json(), "socket": str(socket)}))
    return RunFolder(folder)


async def test_an_answer_comes_although_the_updates_are_not_read(serving: Serving, tmp_path: Path) -> None:
    connection = await Connection.open(run_folder(tmp_path, serving.path))
    updates = connection.updates()
    async with asyncio.timeout(PATIENCE):
        first = await anext(updates)
        assert first.whole
        for number in range(60):  # each of them changes something that is told, and nobody listens
            answer = await connection.submit(MessageAgent(ORCHESTRATOR, f"{number}"))
            assert answer.text == "told a0"
            await asyncio.sleep(0.01)
        result = await connection.result()
        assert isinstance(result, RunResult)
        async for update in updates:
            if update.agents and update.agents[0] == agent_view(serving.state, serving.state.agents[ORCHESTRATOR]):
                break
    await connection.close()


async def test_an_engine_that_goes_away_is_an_error_for_who_asks_and_an_end_for_who_watches(
    serving: Serving, tmp_path: Path
) -> None:
    connection = await Connection.open(run_folder(tmp_path, serving.path))
    seen = [update async for update in _closing(connection, serving)]
    assert seen
    with pytest.raises(EngineGoneError):
        await connection.result()
    await connection.close()


async def _closing(connection: Connection, serving: Serving) -> AsyncIterator[Update]:
    async with asyncio.timeout(PATIENCE):
        async for update in connection.updates():
            yield update
            await serving.server.close()


@pytest.mark.parametrize("word", [b"", b"nonsense\n", b'{"protocol":9}\n', b"{"])
async def test_a_server_that_is_no_engine_of_ours_is_told_in_one_sentence(tmp_path: Path, word: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(word)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_unix_server(answer, tmp_path / "s")
    with pytest.raises(EngineGoneError, match=r"261121-094217-k3 (does not answer|speaks protocol 9)"):
        await Connection.open(run_folder(tmp_path, tmp_path / "s"))
    server.close()


async def test_an_engine_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "HELLO_SECONDS", 0.05)
    gone = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    server = await asyncio.start_unix_server(hang, tmp_path / "s")
    with pytest.raises(EngineGoneError, match="has not answered"):
        await Connection.open(run_folder(tmp_path, tmp_path / "s"))
    async with asyncio.timeout(PATIENCE):
        await gone.wait()
    server.close()


def test_updates_that_come_faster_than_they_are_read_become_one(tmp_path: Path) -> None:
    picture = tell(tmp_path)
    first, second, *_ = picture.agents.values()
    whole = Update(picture.run, (first, second), tuple(picture.questions.values()), whole=True)
    changed = Update(agents=(second,))
    both = merged(whole, changed)
    assert (both.whole, both.run, both.agents) == (True, picture.run, (first, second))
    assert merged(changed, whole) is whole
