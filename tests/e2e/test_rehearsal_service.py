"""The rehearsal behind the real SDK client and on loopback, with its pace and its faults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from pilothouse.core.adapters.anthropic_model import AnthropicModel
from pilothouse.core.adapters.rehearsal.scenario import Scenario, load, parse
from pilothouse.core.adapters.rehearsal.server import serve
from pilothouse.core.adapters.rehearsal.service import Answer, Rehearsal
from pilothouse.core.adapters.rehearsal.transport import rehearsal_client
from pilothouse.core.money import Tokens
from pilothouse.core.outcomes import ModelErrorKind as Kind
from pilothouse.core.outcomes import StopReason
from pilothouse.core.ports import ModelError, TurnRequest

pytestmark = pytest.mark.e2e

FAULTY = """
summary = "s"
goal = "g"
[[orchestrator]]
faults = ["rate_limit", "overloaded", "overloaded_in_stream", "server", "cut", "drop", "stall"]
think = "long enough to be cut somewhere in the middle of it all"
say = "at last"
"""


class Nobody:
    """Does not listen."""

    def text(self, kind: str, delta: str) -> None: ...

    def used(self, tokens: Tokens) -> None: ...


class Clock:
    """Sleeps without waiting and adds up how long it would have been."""

    def __init__(self) -> None:
        self.slept = 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        await asyncio.sleep(0)


def request(text: str = "# Goal: g", **changes: Any) -> TurnRequest:
    messages = [{"role": "user", "content": text}]
    fields: dict[str, Any] = {"model": "claude-sonnet-5-5", "max_tokens": 99, "system": "s", "tools": [], **changes}
    return TurnRequest(messages=messages, **fields)


def rehearsed(scenario: Scenario, clock: Clock | None = None, speed: float = 1.0) -> Rehearsal:
    return Rehearsal(scenario, speed=speed, sleep=(clock or Clock()).sleep)


@pytest.fixture(params=["inside the process", "on loopback"])
async def take(request: pytest.FixtureRequest) -> AsyncIterator[Callable[[Rehearsal], AnthropicModel]]:
    """Makes a model out of a rehearsal, reached in one way or the other."""
    import anthropic

    models: list[AnthropicModel] = []
    servers: list[Any] = []

    def keep(model: AnthropicModel) -> AnthropicModel:
        models.append(model)
        return model

    if request.param == "inside the process":
        yield lambda rehearsal: keep(AnthropicModel(lambda: rehearsal_client(rehearsal), stall_seconds=1.5))
    else:
        box: dict[str, Rehearsal] = {}

        class Proxy(Rehearsal):
            async def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
                return await box["rehearsal"].answer(method, path, headers, body)

        server = serve(Proxy(load("hello")))
        url = await server.__aenter__()
        servers.append(server)

        def reached(rehearsal: Rehearsal) -> AnthropicModel:
            box["rehearsal"] = rehearsal
            make = lambda: anthropic.AsyncAnthropic(  # noqa: E731
                api_key="k", base_url=url, max_retries=0, http_client=anthropic.DefaultAioHttpClient(verify=False)
            )
            return keep(AnthropicModel(make, stall_seconds=1.5))

        yield reached
    for model in models:
        await model.close()
    for server in servers:
        await server.__aexit__(None, None, None)


async def test_a_turn_goes_through_the_real_client(take: Callable[[Rehearsal], AnthropicModel]) -> None:
    reply = await take(rehearsed(load("hello"))).take_turn(request(), Nobody())
    assert [block["type"] for block in reply.content] == ["thinking", "text", "tool_use"]
    assert reply.content[0]["signature"]
    assert reply.stop_reason is StopReason.TOOL_USE
    assert reply.tokens.output > 20
    assert reply.tokens.cache_write > 0
    assert reply.request_id


async def test_faults_come_once_each_and_then_the_message(take: Callable[[Rehearsal], AnthropicModel]) -> None:
    model = take(rehearsed(parse("faulty", FAULTY), speed=1_000))
    kinds = []
    for _ in range(7):
        with pytest.raises(ModelError) as caught:
            await model.take_turn(request(), Nobody())
        kinds.append(caught.value.kind)
    assert kinds == [
        Kind.RATE_LIMIT,
        Kind.OVERLOADED,
        Kind.OVERLOADED,
        Kind.SERVER,
        Kind.INCOMPLETE,
        Kind.CONNECTION,
        Kind.STALLED,
    ]
    reply = await model.take_turn(request(), Nobody())
    assert reply.content[-1]["text"] == "at last"


async def test_a_rate_limit_says_how_long_to_wait(take: Callable[[Rehearsal], AnthropicModel]) -> None:
    with pytest.raises(ModelError) as caught:
        await take(rehearsed(parse("faulty", FAULTY), speed=2)).take_turn(request(), Nobody())
    assert caught.value.retry_after_ms == 500


async def test_models_are_listed(take: Callable[[Rehearsal], AnthropicModel]) -> None:
    models = await take(rehearsed(load("hello"))).models()
    assert models[0].id == "claude-sonnet-5-5"
    assert models[0].max_output == 64_000


async def test_bad_manners_are_refused_as_the_api_does(take: Callable[[Rehearsal], AnthropicModel]) -> None:
    with pytest.raises(ModelError) as caught:
        await take(rehearsed(load("hello"))).take_turn(request(""), Nobody())
    assert caught.value.kind is Kind.INVALID


async def test_speed_divides_the_time() -> None:
    slept = []
    for speed in (1.0, 4.0):
        clock = Clock()
        model = AnthropicModel(lambda c=clock, s=speed: rehearsal_client(rehearsed(load("default"), c, s)))  # type: ignore[misc]
        await model.take_turn(request("# Order: sessions"), Nobody())
        await model.close()
        slept.append(clock.slept)
    assert slept[0] == pytest.approx(4 * slept[1], rel=0.05)
    assert 0.5 < slept[0] < 3


async def test_a_cancelled_turn_ends_at_once_and_closes_the_stream() -> None:
    rehearsal = Rehearsal(load("default"))
    model = AnthropicModel(lambda: rehearsal_client(rehearsal))
    call = asyncio.create_task(model.take_turn(request("# Order: sessions"), Nobody()))
    await asyncio.sleep(0.6)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await model.close()


async def ask(url: str, method: str, path: str, headers: dict[str, str], body: object = None) -> tuple[int, Any]:
    import httpx2

    async with httpx2.AsyncClient(base_url=url, verify=False) as client:
        answer = await client.request(method, path, headers=headers, json=body)
        return answer.status_code, answer.json() if answer.content else None


async def test_foreign_clients_are_served_too() -> None:
    old = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
    new = {"authorization": "Bearer k", "anthropic-version": "2026-10-21"}
    body = {"model": "anything", "max_tokens": 5, "messages": [{"role": "user", "content": "hello there"}]}
    counted = {"model": "anything", "messages": body["messages"]}
    async with serve(rehearsed(load("default"))) as url:
        assert (await ask(url, "HEAD", "/", {}))[0] == 200
        assert (await ask(url, "POST", "/v1/messages", {}, body))[0] == 401
        for headers in (old, new):
            status, message = await ask(url, "POST", "/v1/messages?beta=true", headers, body)
            assert (status, message["stop_reason"], message["role"]) == (200, "end_turn", "assistant")
        status, count = await ask(url, "POST", "/v1/messages/count_tokens", old, counted)
        assert (status, list(count)) == (200, ["input_tokens"])
        assert (await ask(url, "GET", "/v1/models/claude-opus-5-5", new))[1]["id"] == "claude-opus-5-5"
        assert (await ask(url, "GET", "/v1/models/nobody", new))[0] == 404
        assert (await ask(url, "GET", "/v1/files", new))[0] == 404
        assert (await ask(url, "POST", "/v1/messages", new, [1]))[0] == 400
        assert (await ask(url, "POST", "/v1/messages", new, {"model": "m", "max_tokens": 1, "messages": ["x"]}))[
            0
        ] == 400


async def test_a_port_that_is_taken_is_an_error_of_the_system() -> None:
    rehearsal = rehearsed(load("hello"))
    async with serve(rehearsal) as url:
        with pytest.raises(OSError, match="in use"):
            await serve(rehearsal, port=int(url.rpartition(":")[2])).__aenter__()
