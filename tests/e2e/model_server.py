"""The rehearsal's model as a server of its own, for real runs against it: it counts requests and can hold them back."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from pilothouse.core.adapters.rehearsal.conversation import read
from pilothouse.core.adapters.rehearsal.scenario import Scenario, load, parse
from pilothouse.core.adapters.rehearsal.server import serve
from pilothouse.core.adapters.rehearsal.service import Answer, Rehearsal


class CountingRehearsal(Rehearsal):
    """Notes whose request came, and answers it as soon as nobody holds it back."""

    def __init__(self, scenario: Scenario, model: ModelServer) -> None:
        super().__init__(scenario, speed=200)
        self._model = model

    async def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Part of `Rehearsal`."""
        if method == "POST" and path == "/v1/messages":
            conversation = read(json.loads(body))
            who = "orchestrator" if conversation.is_orchestrator else conversation.title or "?"
            self._model.came(who)
            while who in self._model.held:  # noqa: ASYNC110 - a test in another thread holds it
                await asyncio.sleep(0.01)
        return await super().answer(method, path, headers, body)


@dataclass
class ModelServer:
    """What a test sees of it."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    """The title of the agent behind each request, in their order."""
    held: set[str] = field(default_factory=set)
    """Whose requests get no answer for now."""
    _news: threading.Condition = field(default_factory=threading.Condition)

    @property
    def variables(self) -> dict[str, str]:
        """What points a real run here."""
        return {"ANTHROPIC_BASE_URL": self.url, "ANTHROPIC_API_KEY": "x"}

    def came(self, who: str) -> None:
        """A request has come."""
        with self._news:
            self.requests.append(who)
            self._news.notify_all()

    def wait_for(self, who: str, count: int = 1, seconds: float = 60) -> None:
        """Block until `who` has sent `count` requests."""
        with self._news:
            assert self._news.wait_for(lambda: self.requests.count(who) >= count, seconds), self.requests


@contextmanager
def model_server(scenario: str) -> Iterator[ModelServer]:
    """Serve `scenario`, a name or the text of one, from a thread."""
    model = ModelServer()
    words = parse("test", scenario) if "\n" in scenario else load(scenario)
    loop = asyncio.new_event_loop()
    over, started = asyncio.Event(), threading.Event()

    async def run() -> None:
        async with serve(CountingRehearsal(words, model)) as url:
            model.url = url
            started.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), name="model server")
    thread.start()
    try:
        assert started.wait(30)
        yield model
    finally:
        model.held.clear()
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
