"""Stand-ins for everything an engine works with, so that it can be tested alone: nothing here leaves the process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fakes.world import PRICE, started
from pilothouse.core.effects.bench import Bench
from pilothouse.core.engine.engine import Engine
from pilothouse.core.engine.stage import Stage
from pilothouse.core.errors import JournalDamagedError
from pilothouse.core.events import AnyEvent, RunStarted
from pilothouse.core.ids import AgentId
from pilothouse.core.inputs import StartRun
from pilothouse.core.money import Price, Tokens
from pilothouse.core.outcomes import Landed, Merged, Span, StopReason
from pilothouse.core.ports import Checkout, Exit, Job, Live, Message, Reply, TurnRequest
from pilothouse.core.spec import WorkspaceKind
from pilothouse.core.state import State
from pilothouse.core.tasks import Tasks
from pilothouse.core.tools.toolbox import Toolbox

TOKENS = Tokens(input=100, output=50)
Answer = Callable[[TurnRequest, Live], Awaitable[Reply]]


def reply(*calls: tuple[str, dict[str, Any]], text: str = "fine") -> Reply:
    """A whole message."""
    blocks = [{"type": "tool_use", "id": f"c{number}", "name": name, "input": given}
              for number, (name, given) in enumerate(calls)]  # fmt: skip
    stop = StopReason.TOOL_USE if calls else StopReason.END_TURN
    return Reply(content=[{"type": "text", "text": text}, *blocks], stop_reason=stop, tokens=TOKENS)


FINISH = ("finish", {"outcome": "done", "evidence": "seen"})


@dataclass
class FakeModel:
    """Answers with the next of `answers`: a reply, an error to raise, or a function."""

    answers: list[Reply | Exception | Answer] = field(default_factory=list)
    requests: list[TurnRequest] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def take_turn(self, request: TurnRequest, live: Live) -> Reply:
        self.requests.append(request)
        self.news.set()
        answer = self.answers.pop(0) if self.answers else reply(FINISH)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else await answer(request, live)

    async def close(self) -> None:
        pass


class FakePrices:
    """One price for everything; `unknown` models have none in the list."""

    def __init__(self) -> None:
        self.unknown: set[str] = set()

    def price(self, model: str) -> Price | None:
        return PRICE

    def cost(self, model: str, tokens: Tokens) -> Decimal:
        if model in self.unknown:
            raise KeyError(model)
        return PRICE.cost(tokens)


class FakeTranscripts:
    """Conversations in memory."""

    def __init__(self) -> None:
        self.messages: dict[Span, list[Message]] = {}
        self.failure: OSError | None = None

    async def append(self, agent_id: AgentId, messages: Sequence[Message]) -> Span:
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        span = Span(len(self.messages), 1, 0)
        self.messages[span] = list(messages)
        return span

    async def load(self, agent_id: AgentId, spans: Sequence[Span]) -> list[Message]:
        await asyncio.sleep(0)
        if any(span not in self.messages for span in spans):
            raise JournalDamagedError("it is damaged")
        return [message for span in spans for message in self.messages[span]]


class FakeWorkspaces:
    """Checkouts that are empty folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def prepare(self, agent_id: AgentId, kind: WorkspaceKind, base: str) -> Checkout:
        path = self._folder / agent_id
        path.mkdir(exist_ok=True)
        return Checkout(path, base, None)

    async def stage_merge(self, agent_id: AgentId, commit: str) -> tuple[str, ...]:
        return ()

    async def refresh(self, agent_id: AgentId, commit: str) -> None:
        pass

    async def scratch(self, commit: str) -> Path:
        return self._folder

    async def discard(self, path: Path) -> None:
        pass

    async def merge(self, agent_id: AgentId, title: str, tip: str) -> Merged:
        return Merged(tip)

    async def find(self, agent_id: AgentId, text: str) -> str | None:
        return None

    async def land(self, tip: str) -> Landed:
        return Landed("main", tip, tip)

    async def readable(self) -> tuple[Path, ...]:
        return ()

    async def close(self) -> None:
        pass


class FakeProcesses:
    """Every command succeeds at once."""

    level = "S0"

    async def run(self, job: Job, on_output: Callable[[str], None] | None = None) -> Exit:
        return Exit(code=0, output="", ms=1)

    async def close(self) -> None:
        pass


@dataclass
class FakeLog:
    """Keeps the lines."""

    lines: list[tuple[str, str, str]] = field(default_factory=list)

    def write(self, agent_id: AgentId, kind: str, text: str) -> None:
        self.lines.append((agent_id, kind, text))


class FakeClock:
    """Moves on by a millisecond whenever it is looked at."""

    def __init__(self) -> None:
        self.at = 1_795_000_000_000

    def now(self) -> int:
        self.at += 1
        return self.at


@dataclass
class FakeJournal:
    """Makes durable what is queued when it is told to, or at once."""

    at_once: bool = True
    lines: list[list[AnyEvent]] = field(default_factory=list)
    failure: Exception | None = None
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)
    _durable: int = 0
    _closed: bool = False

    def append(self, events: list[AnyEvent], at: int) -> int:
        self.lines.append(list(events))
        if self.at_once:
            self._wanted.set()
        return len(self.lines)

    def sync(self) -> None:
        """Make everything durable that is queued."""
        self._wanted.set()

    async def write(self, on_durable: Callable[[int], None]) -> None:
        while not self._closed:
            await self._wanted.wait()
            self._wanted.clear()
            if self.failure is not None:
                raise self.failure
            if len(self.lines) > self._durable:
                self._durable = len(self.lines)
                on_durable(self._durable)

    def close(self) -> None:
        self._closed = True
        self._wanted.set()


class Stand:
    """One engine over fakes. It is also its watcher."""

    def __init__(
        self, *answers: Reply | Exception | Answer, run: RunStarted | None = None, at_once: bool = True
    ) -> None:
        self.run = run or started()
        self.state = State()
        self.model = FakeModel(list(answers))
        self.prices = FakePrices()
        self.transcripts = FakeTranscripts()
        self.log = FakeLog()
        self.journal = FakeJournal(at_once)
        self._folder = TemporaryDirectory()
        self.errors: list[BaseException] = []
        self.tasks = Tasks(lambda name, problem: self.errors.append(problem))
        self.told: list[AnyEvent] = []
        self.news = self.model.news
        self.engine = Engine(self.state, self.journal, FakeClock(), self.prices, self, self.tasks)
        self.engine.bench = Bench(
            folder=Path(self._folder.name),
            readable=(),
            state=self.state,
            model=self.model,
            prices=self.prices,
            processes=FakeProcesses(),
            workspaces=FakeWorkspaces(Path(self._folder.name)),
            transcripts=self.transcripts,
            log=self.log,
            clock=FakeClock(),
            stage=Stage(self.log),
            toolbox=Toolbox(),
            instructions=lambda record: "be brief",
        )

    def decided(self, events: list[AnyEvent]) -> None:
        """Part of `Watcher`."""
        self.told += events
        self.news.set()

    def changed(self, names: set[str]) -> None:
        """Part of `Watcher`."""

    def begin(self) -> None:
        """Start the run."""
        self.tasks.start("write the journal", self.engine.write_journal())
        self.engine.submit(StartRun(self.run))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something that was told, or a request, makes `condition` true."""
        async with asyncio.timeout(20):
            while not condition():
                self.news.clear()
                await self.news.wait()

    async def to_the_end(self) -> None:
        """Play the run to its end."""
        self.begin()
        await self.until(lambda: self.state.end is not None)
        await self.close()

    async def close(self) -> None:
        """End what still runs."""
        self.engine.shut()
        await self.tasks.close()
        self._folder.cleanup()
