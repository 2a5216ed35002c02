"""The rehearsal as a service: requests of the Messages API in, answers out, at the pace of a model.

What is said is a pure function of the request. The only thing kept is how often a request was tried, so that a fault
of the script passes; forgetting it (a restart) brings the fault back once. Must not know sockets or the SDK.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import wire
from .conversation import BYTES_PER_TOKEN, count, read
from .manners import objection
from .scenario import Scenario
from .script import Scripted, next_message

Sleep = Callable[[float], Awaitable[object]]

TOKENS_PER_SECOND = 60.0
"""How fast a model speaks at speed 1."""
FIRST_TOKEN_SECONDS = 0.4
"""How long it takes to begin at speed 1."""
BREATH_SECONDS = 0.015
"""Shorter waits are gathered, and pieces are made longer instead: a timer a letter would cost more than the demo."""
PING_SECONDS = 0.25

MODELS = ("claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-5-5")
"""What the rehearsal says it offers; it takes any other name too."""


class BrokenStreamError(Exception):
    """The script wants the connection to break here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a body that is there, or one that streams."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None


class Rehearsal:
    """Answers requests out of a scenario. `speed` 2 is twice as fast as a model; `sleep` takes seconds."""

    def __init__(self, scenario: Scenario, *, speed: float = 1.0, sleep: Sleep = asyncio.sleep) -> None:
        self._scenario = scenario
        self._speed = speed
        self._sleep = sleep
        self._tries: Counter[str] = Counter()

    async def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to a request. `path` is without the query, `headers` have lower-case names."""
        if method == "HEAD":
            return Answer(200)
        if "authorization" not in headers and "x-api-key" not in headers:
            return _json(401, wire.error("authentication_error", "no key: send Authorization or x-api-key"))
        if method == "GET" and path.startswith("/v1/models"):
            return _models(path.removeprefix("/v1/models").strip("/"))
        if method != "POST" or path not in ("/v1/messages", "/v1/messages/count_tokens"):
            return _json(404, wire.error("not_found_error", f"{method} {path} is not rehearsed"))
        request: dict[str, Any] = {}
        try:
            request = json.loads(body)
            wrong = objection({"max_tokens": 1, **request} if path.endswith("count_tokens") else request)
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            wrong = f"the body cannot be read: {error!r}"
        if wrong is not None:
            return _json(400, wire.error("invalid_request_error", wrong))
        if path.endswith("count_tokens"):
            return _json(200, {"input_tokens": count(request)})
        return await self._message(request)

    async def _message(self, request: dict[str, Any]) -> Answer:
        words = next_message(self._scenario, read(request))
        whole = wire.message(request, words)
        fault = self._fault(request, words)
        if refusal := self._refusal(fault):
            await self._sleep(FIRST_TOKEN_SECONDS / self._speed)
            return refusal
        if request.get("stream"):
            headers = {"content-type": "text/event-stream; charset=utf-8", "request-id": f"req_{whole['id'][4:]}"}
            return Answer(200, headers, stream=self._stream(whole, words.pace, fault))
        await self._sleep(FIRST_TOKEN_SECONDS / self._speed + whole["usage"]["output_tokens"] / self._rate(words.pace))
        return _json(200, whole)

    def _fault(self, request: dict[str, Any], words: Scripted) -> str | None:
        """How this attempt at the message fails, if it does."""
        if not words.faults:
            return None
        digest = hashlib.sha256(json.dumps(request["messages"], sort_keys=True).encode()).hexdigest()
        self._tries[digest] += 1
        tries = self._tries[digest]
        return words.faults[tries - 1] if tries <= len(words.faults) else None

    def _refusal(self, fault: str | None) -> Answer | None:
        wait = {"retry-after": f"{max(1.0 / self._speed, 0.05):.2f}"}
        match fault:
            case "rate_limit":
                return _json(429, wire.error("rate_limit_error", "This request would exceed your rate limit"), wait)
            case "overloaded":
                return _json(529, wire.error("overloaded_error", "Overloaded"), wait)
            case "server":
                return _json(500, wire.error("api_error", "Internal server error"))
            case _:
                return None

    async def _stream(self, whole: dict[str, Any], pace: float, fault: str | None) -> AsyncIterator[bytes]:
        """The message as a stream at its pace; with a fault, only the first half of it and then what the fault is."""
        rate = self._rate(pace)
        piece = max(wire.PIECE_CHARACTERS, round(rate * BYTES_PER_TOKEN * BREATH_SECONDS))
        all_events = list(wire.events(whole, piece))
        owed = FIRST_TOKEN_SECONDS / self._speed
        for event, characters in all_events[: len(all_events) // 2] if fault else all_events:
            owed += characters / BYTES_PER_TOKEN / rate
            if owed >= BREATH_SECONDS:
                await self._sleep(owed)
                owed = 0.0
            yield wire.encode(event)
        if fault == "overloaded_in_stream":
            yield wire.encode(wire.error("overloaded_error", "Overloaded"))
        elif fault == "drop":
            raise BrokenStreamError
        while fault == "stall":
            yield wire.encode({"type": "ping"})
            await self._sleep(PING_SECONDS)

    def _rate(self, pace: float) -> float:
        """Tokens per second."""
        return TOKENS_PER_SECOND * self._speed * pace


def _json(status: int, body: object, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, {"content-type": "application/json", **(headers or {})}, json.dumps(body).encode())


def _models(wanted: str) -> Answer:
    models = [
        {
            "type": "model",
            "id": name,
            "display_name": f"{name} (rehearsal)",
            "created_at": "2026-01-01T00:00:00Z",
            "lifecycle": "active",
            "max_input_tokens": 200_000,
            "max_tokens": 64_000,
        }
        for name in MODELS
    ]
    if not wanted:
        return _json(200, {"data": models, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]})
    found = [model for model in models if model["id"] == wanted]
    return _json(200, found[0]) if found else _json(404, wire.error("not_found_error", f"model: {wanted}"))
