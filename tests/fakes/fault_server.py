"""A server on loopback that answers with exactly the bytes a test wants, however broken they are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Wire:
    """Where the server listens, what it was sent, and how many connections it holds."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    open_connections: int = 0
    connections: int = 0


@asynccontextmanager
async def fault_server(answer: Answer) -> AsyncIterator[Wire]:
    """Serve `answer` to every request until the end of the block."""
    wire = Wire("")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire.open_connections += 1
        wire.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = [line.partition(":") for line in head.decode().lower().split("\r\n")]
                length = next((int(value) for name, _, value in lines if name == "content-length"), 0)
                body = await reader.readexactly(length)
                wire.requests.append(json.loads(body) if body else {})
                await answer(reader, writer)
                await writer.drain()
                if writer.is_closing():
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            wire.open_connections -= 1
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wire
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def head(status: int = 200, content_type: str = "text/event-stream", **headers: str) -> bytes:
    """The head of an answer whose body ends with the connection, unless `headers` say otherwise."""
    lines = [f"HTTP/1.1 {status} Whatever", f"content-type: {content_type}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; an empty one ends it."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def sse(*events: dict[str, Any], newline: str = "\n", named: bool = True) -> bytes:
    """`events` as server-sent events."""
    parts = []
    for event in events:
        name = f"event: {event['type']}{newline}" if named else ""
        parts.append(f"{name}data: {json.dumps(event)}{newline}{newline}")
    return "".join(parts).encode()


def streamed(body: bytes, pieces: int = 1) -> Answer:
    """A sound chunked answer that carries `body` in `pieces`."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head(transfer_encoding="chunked", request_id="req_1"))
        size = -(-len(body) // pieces)
        for start in range(0, len(body), size):
            writer.write(chunk(body[start : start + size]))
            if pieces > 1:
                await writer.drain()
                await asyncio.sleep(0)
        writer.write(chunk(b""))

    return answer


def plain(status: int, body: object, **headers: str) -> Answer:
    """An answer in JSON, or in text if `body` is a string."""
    text = body if isinstance(body, str) else json.dumps(body)
    content_type = "text/html" if isinstance(body, str) else "application/json"

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = text.encode()
        writer.write(head(status, content_type, content_length=str(len(data)), **headers) + data)

    return answer


def raw(data: bytes, *, reset: bool = False, hang: bool = False) -> Answer:
    """Exactly `data`; then silence, a reset, or the end of the connection."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if hang:
            await reader.read()
        if reset:
            writer.transport.abort()
        writer.close()

    return answer


def error_body(kind: str, message: str, **error: object) -> dict[str, Any]:
    """An error as the API words it."""
    return {"type": "error", "error": {"type": kind, "message": message, **error}}


def message_start(**usage: object) -> dict[str, Any]:
    """The first event of a message."""
    usage = usage or {"input_tokens": 10, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    return {"type": "message_start", "message": message}


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    """All events of a whole content block."""
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text_block(index: int, *texts: str) -> list[dict[str, Any]]:
    """A block of text in pieces."""
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": text} for text in texts))


def tool_block(index: int, name: str, *pieces: str, call_id: str = "toolu_1") -> list[dict[str, Any]]:
    """A tool call whose input comes in pieces."""
    start = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
    return block(index, start, *({"type": "input_json_delta", "partial_json": piece} for piece in pieces))


def message_end(stop_reason: str | None = "end_turn", **usage: object) -> list[dict[str, Any]]:
    """The last two events of a message."""
    usage = usage or {"output_tokens": 5}
    return [
        {"type": "message_delta", "delta": {"stop_reason": stop_reason, "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]


PING: dict[str, Any] = {"type": "ping"}
