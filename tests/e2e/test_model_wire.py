"""The model adapter against a server on loopback that breaks in every way we know of, over both transports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from fakes.fault_server import (
    PING,
    Answer,
    chunk,
    error_body,
    fault_server,
    head,
    message_end,
    message_start,
    plain,
    raw,
    sse,
    streamed,
    text_block,
    tool_block,
)
from pilothouse.core.adapters.anthropic_model import AnthropicModel
from pilothouse.core.money import Tokens
from pilothouse.core.outcomes import ModelErrorKind as Kind
from pilothouse.core.outcomes import StopReason
from pilothouse.core.ports import ModelError, Reply, TurnRequest

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

pytestmark = pytest.mark.e2e

STALL_SECONDS = 0.3
"""For what is meant to stall."""
PATIENCE = 30.0
"""Seconds for everything else, however busy the machine is."""


@dataclass
class Heard:
    """What was told while the call ran."""

    texts: list[tuple[str, str]] = field(default_factory=list)
    tokens: list[Tokens] = field(default_factory=list)

    def text(self, kind: str, delta: str) -> None:
        self.texts.append((kind, delta))

    def used(self, tokens: Tokens) -> None:
        self.tokens.append(tokens)


@pytest.fixture(params=["aiohttp", "httpx2"])
def client_for(request: pytest.FixtureRequest) -> Callable[[str], AsyncAnthropic]:
    """Makes a client over one transport or the other."""

    def make(url: str) -> AsyncAnthropic:
        import httpx2
        from anthropic import AsyncAnthropic, DefaultAioHttpClient, DefaultAsyncHttpxClient

        transport = DefaultAioHttpClient if request.param == "aiohttp" else DefaultAsyncHttpxClient
        timeout = httpx2.Timeout(None, connect=2)
        http = transport(timeout=timeout, verify=False)  # no TLS here, and reading all certificates takes longest
        return AsyncAnthropic(api_key="k", base_url=url, max_retries=0, timeout=timeout, http_client=http)

    return make


def turn(text: str = "hi", messages: list[dict[str, Any]] | None = None) -> TurnRequest:
    """A request."""
    messages = messages or [{"role": "user", "content": text}]
    return TurnRequest(model="m", max_tokens=100, system="be brief", messages=messages, tools=[])


async def attempt(
    answer: Answer, client_for: Callable[[str], AsyncAnthropic], stall_seconds: float = PATIENCE
) -> tuple[Reply | ModelError, Heard]:
    """What one call against `answer` comes to. Nothing stays open."""
    heard = Heard()
    async with fault_server(answer) as wire:
        model = AnthropicModel(lambda: client_for(wire.url), stall_seconds=stall_seconds)
        try:
            result: Reply | ModelError = await model.take_turn(turn(), heard)
        except ModelError as error:
            result = error
        finally:
            await model.close()
    return result, heard


async def until(holds: Callable[[], bool]) -> None:
    """Let the loop run until something holds, ten seconds at most."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 (nobody signals what is waited for)
            await asyncio.sleep(0.001)


GOOD = [message_start(), PING, *text_block(0, "hel", "lo"), *message_end()]
BODY = sse(*GOOD)
CHUNKED = head(transfer_encoding="chunked")
WHOLE_MESSAGE = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "hello"}]}

HARMLESS: dict[str, Answer] = {
    "a sound stream": streamed(BODY),
    "tiny pieces": streamed(BODY, 60),
    "line ends of two characters, comments and no event names": streamed(
        b": hello\r\n\r\n" + sse(*GOOD, newline="\r\n", named=False)
    ),
    "a body that ends with the connection": raw(head() + BODY),
    "no blank line at the end": raw(head() + BODY.rstrip()),
    "a wrong content type": raw(head(content_type="application/json") + BODY),
    "a whole message instead of a stream": plain(200, {**WHOLE_MESSAGE, "stop_reason": "end_turn", "usage": None}),
    "a whole message said to be a stream": raw(
        head()
        + b'{"type":"message","role":"assistant","content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn"}'
    ),
    "no usage at all": streamed(
        sse(
            {"type": "message_start", "message": {"role": "assistant", "content": []}},
            *text_block(0, "hello"),
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
            {"type": "message_stop"},
        )
    ),
    "events and fields nobody knows": streamed(
        sse(*GOOD[:-2], {"type": "weather_report", "sun": 1}, *message_end(), {"type": "afterword"})
    ),
    "OpenAI's end mark": streamed(BODY + b"data: [DONE]\n\n"),
}


@pytest.mark.parametrize("answer", HARMLESS.values(), ids=HARMLESS.keys())
async def test_harmless_differences_are_taken(answer: Answer, client_for: Callable[[str], AsyncAnthropic]) -> None:
    reply, _ = await attempt(answer, client_for)
    assert isinstance(reply, Reply), reply
    assert reply.content == [{"type": "text", "text": "hello"}]
    assert reply.stop_reason is StopReason.END_TURN


def stream_of(*events: dict[str, Any]) -> Answer:
    return streamed(sse(message_start(), *events))


async def only_pings(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(CHUNKED + chunk(sse(message_start())))
    for _i in range(200):
        writer.write(chunk(sse(PING)))
        await writer.drain()
        await asyncio.sleep(0.02)


async def redirects(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 302 Found\r\nlocation: /v1/messages\r\ncontent-length: 0\r\n\r\n")


FAULTS: dict[str, tuple[Answer, Kind]] = {
    "a stream cut cleanly between events": (streamed(sse(*GOOD[:-2])), Kind.INCOMPLETE),
    "a stream without message_stop": (streamed(sse(*GOOD[:-1])), Kind.INCOMPLETE),
    "a stream without a stop reason": (stream_of(*text_block(0, "x"), *message_end(None)), Kind.INCOMPLETE),
    "a stop reason nobody knows": (stream_of(*text_block(0, "x"), *message_end("tired")), Kind.INCOMPLETE),
    "a body that ends early": (raw(head() + BODY[:-40]), Kind.INCOMPLETE),
    "a page of HTML with status 200": (plain(200, "<html>hello"), Kind.INCOMPLETE),
    "nothing with status 200": (plain(200, ""), Kind.INCOMPLETE),
    "a chunk cut in the middle": (raw(CHUNKED + chunk(BODY[:300]) + b"200\r\nabc"), Kind.CONNECTION),
    "a length that is not reached": (raw(head(content_length="9999") + BODY[:300]), Kind.CONNECTION),
    "a reset in the middle": (raw(CHUNKED + chunk(BODY[:300]), reset=True), Kind.CONNECTION),
    "a broken chunk header": (raw(CHUNKED + chunk(BODY[:300]) + b"zzz\r\nabc\r\n"), Kind.CONNECTION),
    "a connection closed without an answer": (raw(b""), Kind.CONNECTION),
    "a reset without an answer": (raw(b"", reset=True), Kind.CONNECTION),
    "an answer that is not HTTP": (raw(b"\x00\x01\x02 hello\r\n\r\n"), Kind.CONNECTION),
    "an event that is not JSON": (streamed(b'event: message_start\ndata: {"type": \n\n'), Kind.MALFORMED),
    "an event that is no object": (streamed(b"data: [1]\n\n"), Kind.MALFORMED),
    "bytes that are not UTF-8": (streamed(b'event: x\ndata: {"a\xff\xfe":1}\n\n'), Kind.MALFORMED),
    "a body that is not gzip": (raw(head(content_encoding="gzip") + BODY), Kind.MALFORMED),
    "JSON of another API": (plain(200, {"choices": []}), Kind.MALFORMED),
    "a whole message cut short": (raw(head(content_type="application/json") + b'{"type":"mess'), Kind.MALFORMED),
    "a delta before its block": (
        stream_of({"type": "content_block_delta", "index": 3, "delta": {"type": "text_delta", "text": "x"}}),
        Kind.MALFORMED,
    ),
    "a tool call with half its input": (
        stream_of(*tool_block(0, "bash", '{"com'), *message_end("tool_use")),
        Kind.MALFORMED,
    ),
    "a tool call whose input is a list": (
        stream_of(*tool_block(0, "bash", "[1]"), *message_end("tool_use")),
        Kind.MALFORMED,
    ),
    "silence from the start": (raw(b"", hang=True), Kind.STALLED),
    "silence in the middle": (raw(CHUNKED + chunk(BODY[:300]), hang=True), Kind.STALLED),
    "nothing but pings": (only_pings, Kind.STALLED),
    "too many requests": (plain(429, error_body("rate_limit_error", "slow")), Kind.RATE_LIMIT),
    "too many requests, without JSON": (plain(429, "slow down"), Kind.RATE_LIMIT),
    "too many requests, in the stream": (stream_of(error_body("rate_limit_error", "slow")), Kind.RATE_LIMIT),
    "a spend limit behind a 429": (
        plain(429, error_body("rate_limit_error", "x", details={"error_code": "enforced_spend_limit_reached"})),
        Kind.BILLING,
    ),
    "overload": (plain(529, error_body("overloaded_error", "Overloaded")), Kind.OVERLOADED),
    "overload inside a stream of status 200": (
        stream_of(error_body("overloaded_error", "Overloaded")),
        Kind.OVERLOADED,
    ),
    "an error in the stream": (stream_of(error_body("api_error", "x")), Kind.SERVER),
    "an error in the stream without JSON": (
        streamed(sse(message_start()) + b"event: error\ndata: boom\n\n"),
        Kind.SERVER,
    ),
    "an error body with status 200": (plain(200, error_body("overloaded_error", "Overloaded")), Kind.OVERLOADED),
    "a server error": (plain(500, error_body("api_error", "x")), Kind.SERVER),
    "a gateway's page": (plain(502, "<h1>Bad gateway"), Kind.SERVER),
    "a timeout of a gateway": (plain(504, error_body("timeout_error", "x")), Kind.SERVER),
    "a proxy's code": (plain(520, "<h1>?"), Kind.SERVER),
    "a bad key": (plain(401, error_body("authentication_error", "invalid x-api-key")), Kind.AUTHENTICATION),
    "no permission": (plain(403, error_body("permission_error", "no")), Kind.PERMISSION),
    "an unknown model": (plain(404, error_body("not_found_error", "model: m")), Kind.NOT_FOUND),
    "payment required": (plain(402, error_body("billing_error", "x")), Kind.BILLING),
    "no credit, as a plain 400": (
        plain(400, error_body("invalid_request_error", "Your credit balance is too low to access the Anthropic API.")),
        Kind.BILLING,
    ),
    "a usage limit, as a plain 400": (
        plain(400, error_body("invalid_request_error", "You have reached your specified API usage limits.")),
        Kind.BILLING,
    ),
    "a prompt too long, as a plain 400": (
        plain(400, error_body("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum")),
        Kind.TOO_LONG,
    ),
    "input and max_tokens beyond the context": (
        plain(
            400, error_body("invalid_request_error", "input length and `max_tokens` exceed context limit: 1 + 2 > 2")
        ),
        Kind.TOO_LONG,
    ),
    "a request too large": (plain(413, error_body("request_too_large", "big")), Kind.TOO_LONG),
    "a request too large for a proxy": (plain(413, "<h1>Payload too large"), Kind.TOO_LONG),
    "an invalid request": (plain(400, error_body("invalid_request_error", "messages: bad")), Kind.INVALID),
    "a teapot": (plain(418, ""), Kind.INVALID),
    "redirects without an end": (redirects, Kind.INVALID),
}


@pytest.mark.parametrize(("answer", "kind"), FAULTS.values(), ids=FAULTS.keys())
async def test_every_fault_has_its_kind(
    answer: Answer, kind: Kind, client_for: Callable[[str], AsyncAnthropic]
) -> None:
    error, _ = await attempt(answer, client_for, STALL_SECONDS if kind is Kind.STALLED else PATIENCE)
    assert isinstance(error, ModelError), error
    assert (error.kind, error.message) == (kind, error.message)
    assert error.message.strip()
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://127.0.0.1:1", Kind.CONNECTION),
        ("http://nowhere.invalid", Kind.CONNECTION),
        ("ftp://127.0.0.1", Kind.INVALID),
    ],
)
async def test_a_request_that_never_left_is_known_to_be_free(
    url: str, kind: Kind, client_for: Callable[[str], AsyncAnthropic]
) -> None:
    model = AnthropicModel(lambda: client_for(url))
    with pytest.raises(ModelError) as caught:
        await model.take_turn(turn(), Heard())
    await model.close()
    assert (caught.value.kind, caught.value.reached, caught.value.tokens) == (kind, False, Tokens())


@pytest.mark.parametrize("answer", [raw(b""), raw(b"", reset=True)], ids=["closed", "reset"])
async def test_a_request_that_may_have_arrived_is_not_taken_for_free(
    answer: Answer, client_for: Callable[[str], AsyncAnthropic]
) -> None:
    error, _ = await attempt(answer, client_for)
    assert isinstance(error, ModelError)
    assert (error.reached, error.tokens) == (True, None)


async def test_a_refusal_by_status_has_used_nothing(client_for: Callable[[str], AsyncAnthropic]) -> None:
    error, _ = await attempt(plain(529, error_body("overloaded_error", "x")), client_for)
    assert isinstance(error, ModelError)
    assert (error.reached, error.tokens) == (True, Tokens())


async def test_what_was_used_before_a_failure_is_told(client_for: Callable[[str], AsyncAnthropic]) -> None:
    start = message_start(input_tokens=3, cache_read_input_tokens=500, cache_creation_input_tokens=20, output_tokens=1)
    cut = streamed(sse(start, *text_block(0, "héllo")))
    error, heard = await attempt(cut, client_for)
    assert isinstance(error, ModelError)
    assert error.tokens == Tokens(input=3, output=1, cache_read=500, cache_write=20)
    assert error.text_bytes == 6
    assert heard.texts == [("say", "héllo")]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry_after": "3600"}, 3_600_000),
        ({"retry_after": "0.5"}, 500),
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1_500),
        ({"retry_after": "soon"}, None),
        ({}, None),
    ],
)
async def test_what_the_server_asks_to_wait_is_handed_on_uncapped(
    headers: dict[str, str], expected: int | None, client_for: Callable[[str], AsyncAnthropic]
) -> None:
    error, _ = await attempt(plain(429, error_body("rate_limit_error", "slow"), **headers), client_for)
    assert isinstance(error, ModelError)
    assert error.retry_after_ms == expected


async def test_one_attempt_is_one_request(client_for: Callable[[str], AsyncAnthropic]) -> None:
    async with fault_server(plain(500, "")) as wire:
        model = AnthropicModel(lambda: client_for(wire.url))
        with pytest.raises(ModelError):
            await model.take_turn(turn(), Heard())
        await model.close()
        assert len(wire.requests) == 1


async def test_the_request_holds_the_history_and_asks_for_caching(client_for: Callable[[str], AsyncAnthropic]) -> None:
    history: list[dict[str, Any]] = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": "s"}]},
        {"role": "user", "content": "more"},
    ]
    async with fault_server(streamed(BODY)) as wire:
        model = AnthropicModel(lambda: client_for(wire.url))
        await model.take_turn(turn(messages=history), Heard())
        await model.close()
    sent = wire.requests[0]
    assert sent["messages"] == history
    assert (sent["stream"], sent["system"], sent["cache_control"]) == (True, "be brief", {"type": "ephemeral"})
    assert "tools" not in sent


async def test_connections_are_used_again(client_for: Callable[[str], AsyncAnthropic]) -> None:
    async with fault_server(streamed(BODY)) as wire:
        model = AnthropicModel(lambda: client_for(wire.url))
        for _ in range(5):
            await model.take_turn(turn(), Heard())
        await model.close()
        assert (len(wire.requests), wire.connections) == (5, 1)


async def test_a_cancelled_call_ends_at_once_and_leaves_nothing_open(
    client_for: Callable[[str], AsyncAnthropic],
) -> None:
    heard = Heard()
    async with fault_server(raw(CHUNKED + chunk(sse(*GOOD[:-2])), hang=True)) as wire:
        model = AnthropicModel(lambda: client_for(wire.url))
        call = asyncio.create_task(model.take_turn(turn(), heard))
        await until(lambda: len(heard.texts) == 2)
        began = time.perf_counter()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert time.perf_counter() - began < 1
        await until(lambda: not wire.open_connections)
        await model.close()


async def test_a_call_cancelled_before_the_answer_ends_at_once(client_for: Callable[[str], AsyncAnthropic]) -> None:
    async with fault_server(raw(b"", hang=True)) as wire:
        model = AnthropicModel(lambda: client_for(wire.url))
        call = asyncio.create_task(model.take_turn(turn(), Heard()))
        await until(lambda: bool(wire.requests))
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await model.close()


async def test_slow_progress_is_no_stall(client_for: Callable[[str], AsyncAnthropic]) -> None:
    async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED)
        for event in GOOD:
            writer.write(chunk(sse(event)))
            await writer.drain()
            await asyncio.sleep(0.2)
        writer.write(chunk(b""))

    assert len(GOOD) * 0.2 > 1.2
    reply, _ = await attempt(slow, client_for, 1.2)
    assert isinstance(reply, Reply), reply


async def test_the_naive_use_of_the_sdk_takes_a_cut_stream_for_success(
    client_for: Callable[[str], AsyncAnthropic],
) -> None:
    """The negative control: why completeness is our own rule."""
    async with fault_server(streamed(sse(*GOOD[:-2]))) as wire:
        client = client_for(wire.url)
        async with client.messages.stream(
            model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]
        ) as stream:
            message = await stream.get_final_message()
        await client.close()
    assert message.stop_reason is None
    assert message.content[0].type == "text"


async def test_the_naive_use_of_the_sdk_runs_a_tool_call_that_was_cut(
    client_for: Callable[[str], AsyncAnthropic],
) -> None:
    """The negative control: a call cut by max_tokens looks like a call without input."""
    cut = stream_of(*tool_block(0, "bash"), *message_end("max_tokens"))
    async with fault_server(cut) as wire:
        client = client_for(wire.url)
        async with client.messages.stream(
            model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}]
        ) as stream:
            message = await stream.get_final_message()
        await client.close()
    assert message.content[0].type == "tool_use"
    assert message.content[0].input == {}
    reply, _ = await attempt(cut, client_for)
    assert isinstance(reply, Reply)
    assert (reply.content, reply.stop_reason) == ([], StopReason.MAX_TOKENS)


async def test_a_hundred_calls_at_once_share_one_client(client_for: Callable[[str], AsyncAnthropic]) -> None:
    async with fault_server(streamed(BODY, 5)) as wire:
        model = AnthropicModel(lambda: client_for(wire.url))
        replies = await asyncio.gather(*(model.take_turn(turn(), Heard()) for _ in range(100)))
        await model.close()
    assert len(replies) == len(wire.requests) == 100
