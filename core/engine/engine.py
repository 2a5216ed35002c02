"""The single writer: every input is decided here, journalled, and only once it is durable acted upon.

It knows no socket and no screen; whoever watches is told through `on_change` after each durable group.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from ..decide import Decision, decide
from ..effects.bench import Bench
from ..effects.perform import Performance
from ..errors import PilothouseError
from ..events import AnyEvent
from ..ids import EffectId
from ..inputs import EffectEnded, Input, PriceRead, Tick
from ..instructions import CancelEffect, StartEffect
from ..money import DEAREST
from ..outcomes import AnyOutcome, EffectFailed
from ..ports import Clock, Prices
from ..state import State
from ..tasks import Tasks

_ENCODER = msgspec.json.Encoder()


class JournalWriter(Protocol):
    """What the engine needs of the journal."""

    def append(self, events: list[AnyEvent], at: int) -> int:
        """Queue one decision; its sequence number."""

    async def write(self, on_durable: Callable[[int], None]) -> None:
        """Write what is queued, and say up to which number it is durable."""

    def close(self) -> None:
        """Let `write` end."""


class Watcher(Protocol):
    """Who is told what has become durable."""

    def decided(self, events: list[AnyEvent]) -> None:
        """These events are durable. Called in their order."""

    def changed(self, names: set[str]) -> None:
        """The records of these agents and questions have changed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a command, once it is durable."""

    text: str
    refused: bool


@dataclass(slots=True)
class _Pending:
    seq: int
    decision: Decision
    touched: set[str]
    reply: asyncio.Future[Reply]


class Engine:
    """One run being carried out."""

    def __init__(
        self, state: State, journal: JournalWriter, clock: Clock, prices: Prices, watcher: Watcher, tasks: Tasks
    ) -> None:
        self.state = state
        self.failed: BaseException | None = None
        """Why nothing is decided any more: the journal could not be written."""
        self.bench: Bench | None = None
        self._journal = journal
        self._clock = clock
        self._prices = prices
        self._watcher = watcher
        self._tasks = tasks
        self._pending: deque[_Pending] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._asked_prices: set[str] = set()
        self._drained = asyncio.Event()
        self._drained.set()
        self._shut = False

    async def write_journal(self) -> None:
        """Run the journal until it is closed. If it fails, nothing is acted upon any more."""
        try:
            await self._journal.write(self._durable)
        except OSError as problem:
            why = f"the journal cannot be written ({problem.strerror or problem}); the run is halted"
            self._halt(problem, why)
            raise PilothouseError(why) from problem
        except Exception as problem:
            self._halt(problem, "what was decided cannot be written or told; the run is halted")
            raise

    def _halt(self, problem: BaseException, why: str) -> None:
        """Decide and carry out nothing any more: the state is ahead of what is durable, and stays so."""
        self.failed = problem
        logging.getLogger(__name__).error("%s", why)
        self.shut()
        while self._pending:
            self._pending.popleft().reply.cancel()
        self._drained.set()

    async def settled(self) -> None:
        """Return as soon as the state is what is durable; until the next `await` of the caller it stays so.

        Raises `PilothouseError` if the engine is halted, as its state is then ahead of the journal for ever.
        """
        while self._pending:
            await self._drained.wait()
        if self.failed is not None:
            raise PilothouseError("the engine is halted and cannot say how the run stands; its journal can")

    def submit(self, given: Input) -> asyncio.Future[Reply]:
        """Decide about `given` now; the future is done once that is durable."""
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        if self.failed is not None or self._shut:
            reply.cancel()
            return reply
        try:
            decision = decide(self.state, given, self._clock.now())
        except Exception as problem:
            # Events that are folded and in no journal must never be acted upon; the next engine starts without them.
            logging.getLogger(__name__).exception("no decision about %r", type(given).__name__)
            self._halt(problem, "the run is halted by a fault in its engine")
            self._tasks.start("halt", _raise(problem))
            reply.cancel()
            return reply
        touched = set(self.state.touched)
        self.state.touched.clear()
        seq = 0
        if decision.events:
            seq = self._journal.append(decision.events, decision.at)
        elif self._pending:
            seq = self._pending[-1].seq
        pending = _Pending(seq, decision, touched, reply)
        if seq and (decision.events or self._pending):
            self._pending.append(pending)
            self._drained.clear()
        else:
            self._act(pending)
        self._set_timer(decision.wake_at)
        self._ask_prices()
        return reply

    def _durable(self, seq: int) -> None:
        while self._pending and self._pending[0].seq <= seq:
            self._act(self._pending.popleft())
        if not self._pending:
            self._drained.set()

    def _act(self, pending: _Pending) -> None:
        """Carry out what was decided: the events are durable now."""
        decision = pending.decision
        if decision.events:
            self._watcher.decided(decision.events)
        for instruction in decision.instructions:
            match instruction:
                case StartEffect():
                    self._start(instruction)
                case CancelEffect(effect_id=effect):
                    self._tasks.cancel(effect)
        if pending.touched or decision.events:
            self._watcher.changed(pending.touched)
        if not pending.reply.done():
            pending.reply.set_result(Reply(decision.answer, decision.refused))

    def _start(self, effect: StartEffect) -> None:
        if effect.effect_id not in self.state.effects:
            return
        assert self.bench is not None
        performance = Performance(self.bench, effect.effect_id, effect.agent_id, effect.instruction)
        task = self._tasks.start(effect.effect_id, self._perform(performance))
        task.add_done_callback(lambda done: self._ended(effect.effect_id, performance, done))

    async def _perform(self, performance: Performance) -> AnyOutcome:
        """Carry an instruction out; what goes wrong is an outcome too."""
        try:
            return _encodable(await performance.run())
        except PilothouseError as problem:
            return EffectFailed(str(problem))
        except Exception as problem:
            logging.getLogger(__name__).exception("an effect failed")
            return EffectFailed(f"{type(problem).__name__}: {problem}")

    def _ended(self, effect: EffectId, performance: Performance, task: asyncio.Task[AnyOutcome]) -> None:
        """Every outcome is an input again. (A task that is cancelled before its first step runs no line of its own.)"""
        if not self._shut:
            self.submit(EffectEnded(effect, performance.cancelled() if task.cancelled() else task.result()))

    def _set_timer(self, wake_at: int | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if wake_at is not None:
            delay = max(0, wake_at - self._clock.now()) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.submit(Tick())

    def _ask_prices(self) -> None:
        """Tell the kernel what the models cost that its agents use."""
        models = {DEAREST, *(record.model for record in self.state.live.values())} - self._asked_prices
        for model in models:
            self._asked_prices.add(model)
            self.submit(PriceRead(model, self._prices.price(model)))

    def shut(self) -> None:
        """Take no more inputs: what is open now is open for the next engine."""
        self._shut = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def _raise(problem: BaseException) -> None:
    raise problem


def _encodable(outcome: AnyOutcome) -> AnyOutcome:
    """`outcome` as it can be journalled: names of files may hold bytes that are no UTF-8, as lone surrogates."""
    try:
        _ENCODER.encode(outcome)
    except UnicodeEncodeError:
        return msgspec.convert(_without_surrogates(msgspec.to_builtins(outcome)), type(outcome))
    return outcome


def _without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case dict():
            return {_without_surrogates(key): _without_surrogates(each) for key, each in value.items()}
        case list() | tuple():
            return [_without_surrogates(each) for each in value]
        case _:
            return value
