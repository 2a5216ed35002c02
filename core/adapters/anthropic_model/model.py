"""The port `Model`: one streamed call of the Messages API, our own way.

Raw server-sent events, because the SDK's typed events cost twice and its `stream` helper five times as much. No
retries: every attempt is one call of `take_turn`. Must not know agents, money or files.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import msgspec

from ...outcomes import ModelErrorKind
from ...ports import Live, Message, ModelError, Reply, TurnRequest
from .client import KnownModel, connect
from .errors import WireError, explain, explain_body
from .stream import MessageBuilder

if TYPE_CHECKING:
    import httpx2
    from anthropic import AsyncAnthropic

STALL_SECONDS = 120.0
"""How long a call may go without progress. Pings are no progress."""
DRAIN_SECONDS = 0.05
"""How long the end of the body may take after the end of the message; then the connection is not used again."""
BODY_BYTES = 64 * 1024 * 1024
"""The longest answer taken that is not a stream."""


class AnthropicModel:
    """Takes turns through a client made by `make_client` on first use."""

    def __init__(
        self, make_client: Callable[[], AsyncAnthropic] = connect, *, stall_seconds: float = STALL_SECONDS
    ) -> None:
        self._make_client = make_client
        self._stall_seconds = stall_seconds
        self._client: AsyncAnthropic | None = None
        self._connecting = asyncio.Lock()

    async def take_turn(self, request: TurnRequest, live: Live) -> Reply:
        """The whole message. Raises `ModelError` and nothing else; cancelled, it closes the stream first."""
        builder = MessageBuilder(live)
        watchdog = asyncio.timeout(None)
        try:
            client = await self._connected()
            async with watchdog:
                return await self._receive(client, request, builder, watchdog)
        except TimeoutError as error:
            if watchdog.expired():
                failure = WireError(ModelErrorKind.STALLED, f"no progress for {self._stall_seconds:g} s")
                raise explain(failure, tokens=builder.tokens, text_bytes=builder.text_bytes) from error
            raise explain(error, tokens=builder.tokens, text_bytes=builder.text_bytes) from error
        except Exception as error:
            raise explain(error, tokens=builder.tokens, text_bytes=builder.text_bytes) from error

    async def models(self) -> tuple[KnownModel, ...]:
        """The models the server offers, newest first, retired ones left out. Raises `ModelError`."""
        try:
            client = await self._connected()
            async with asyncio.timeout(self._stall_seconds):
                found = [model async for model in await client.models.list(limit=100)]
            return tuple(
                KnownModel(
                    model.id,
                    getattr(model, "display_name", None) or model.id,
                    getattr(model, "max_input_tokens", None),
                    getattr(model, "max_tokens", None),
                )
                for model in found
                if getattr(model, "lifecycle", None) != "retired"
            )
        except Exception as error:
            raise explain(error, tokens=None, text_bytes=0) from error

    async def close(self) -> None:
        """Give back connections. The next call would connect again."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _connected(self) -> AsyncAnthropic:
        async with self._connecting:
            if self._client is None:
                # The import takes about a second: not on the thread of the event loop.
                await asyncio.to_thread(importlib.import_module, "anthropic.resources.messages")
                self._client = self._make_client()
            return self._client

    async def _receive(
        self, client: AsyncAnthropic, request: TurnRequest, builder: MessageBuilder, watchdog: asyncio.Timeout
    ) -> Reply:
        loop = asyncio.get_running_loop()
        stall, slack = self._stall_seconds, self._stall_seconds / 8
        due = loop.time() + stall
        watchdog.reschedule(due)
        async with client.messages.with_streaming_response.create(**_arguments(request)) as response:
            body = _Body(response.http_response)
            if await body.is_json():
                builder.feed_whole(await body.json())
            else:
                async for event in _events(body):
                    # Moving the deadline costs more than reading the clock: only when it is worth it.
                    if builder.feed(event) and (now := loop.time()) + stall > due + slack:
                        due = now + stall
                        watchdog.reschedule(due)
                    if builder.is_stopped:
                        watchdog.reschedule(None)
            request_id = response.headers.get("request-id")
        return builder.reply(set(_call_ids(request.messages)), request_id)


def _arguments(request: TurnRequest) -> dict[str, Any]:
    """The request in the SDK's words. The top-level cache control caches all that has been said so far."""
    arguments: dict[str, Any] = {
        "model": request.model,
        "max_tokens": request.max_tokens,
        "messages": list(request.messages),
        "cache_control": {"type": "ephemeral"},
        "stream": True,
    }
    if request.system:
        arguments["system"] = request.system
    if request.tools:
        arguments["tools"] = list(request.tools)
    return arguments


class _Body:
    """The bytes of an answer. Its first byte tells whether it is a stream: content types are not to be trusted."""

    def __init__(self, response: httpx2.Response) -> None:
        self._chunks = response.aiter_bytes()
        self._first = b""

    async def is_json(self) -> bool:
        """Whether this is one JSON object and not a stream of events."""
        while not self._first.strip():
            try:
                self._first += await anext(self._chunks)
            except StopAsyncIteration:
                break
        return self._first.lstrip().startswith(b"{")

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        """All of it, and the blank line at the end that some servers forget."""
        yield self._first
        async for chunk in self._chunks:
            yield chunk
        yield b"\n\n"

    async def json(self) -> dict[str, Any]:
        """The whole body as an object."""
        whole = bytearray()
        async for chunk in self.aiter_bytes():
            whole += chunk
            if len(whole) > BODY_BYTES:
                raise WireError(ModelErrorKind.MALFORMED, f"the server's answer is longer than {BODY_BYTES} bytes")
        message = msgspec.json.decode(bytes(whole))
        if not isinstance(message, dict):
            raise WireError(ModelErrorKind.MALFORMED, "the server answered with JSON that is no message")
        return message


async def _events(body: _Body) -> AsyncIterator[dict[str, Any]]:
    """The events of a stream, read to the end of the body so that the connection can be used again."""
    from anthropic import AsyncStream

    stream = AsyncStream.raw_events(cast("httpx2.Response", body))
    decode = msgspec.json.decode
    async for sse in stream:
        data = sse.data
        if not data or data == "[DONE]":
            continue
        try:
            event = decode(data)
        except msgspec.DecodeError as error:
            if sse.event == "error":
                raise explain_body(data) from error
            raise WireError(ModelErrorKind.MALFORMED, f"the server sent an event that is no JSON: {error}") from error
        if not isinstance(event, dict):
            raise WireError(ModelErrorKind.MALFORMED, "the server sent an event that is no object")
        if sse.event == "error":
            event["type"] = "error"
        elif "type" not in event and sse.event:
            event["type"] = sse.event
        yield event
        if event.get("type") == "message_stop":
            with suppress(Exception):
                async with asyncio.timeout(DRAIN_SECONDS):
                    async for _ in stream:
                        break
            return


def _call_ids(messages: Sequence[Message]) -> Iterator[str]:
    """The ids of all tool calls in `messages`."""
    for message in messages:
        if message["role"] == "assistant" and isinstance(message["content"], list):
            for block in message["content"]:
                if block.get("type") == "tool_use":
                    yield block["id"]


__all__ = ["STALL_SECONDS", "AnthropicModel", "ModelError"]
