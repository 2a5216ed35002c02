"""The engine without its shell: inputs in the order of a virtual clock, decisions, a journal, restarts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from heapq import heappop, heappush
from typing import Any

import msgspec

from pilothouse.core.commands import AnswerQuestion, AnyCommand
from pilothouse.core.decide import Decision, decide
from pilothouse.core.events import AnyEvent, RunStarted
from pilothouse.core.ids import EffectId, RunId
from pilothouse.core.inputs import EffectEnded, EngineRestarted, Input, PriceRead, Request, StartRun, Tick
from pilothouse.core.instructions import PrepareWorkspace, StartEffect, StartTurn
from pilothouse.core.invariants import violations
from pilothouse.core.limits import Limits
from pilothouse.core.money import ZERO, Price
from pilothouse.core.needs import unmet
from pilothouse.core.outcomes import AnyOutcome, Cancelled
from pilothouse.core.reducer import fold
from pilothouse.core.selectors import run_result
from pilothouse.core.state import EffectRecord, QuestionRecord, State
from pilothouse.core.views import RunResult

from .disk import Disk, Files
from .effects import Faults, Manners, passes, plan
from .script import Script

START_AT = 1_795_261_320_000
"""2026-11-21 11:42:00 UTC."""
PRICE = Price(Decimal(2), Decimal(10), Decimal("0.2"), Decimal("2.5"))
CANCEL_MS = 5
DURATIONS = {"StartTurn": 3_000, "StartTool": 1_000, "PrepareWorkspace": 200, "RunChecks": 2_000}
SHORT_MS = 100

Durations = Callable[[str, str, int], int]
"""How long the work of that kind takes the agent of that title, for the n-th time. Milliseconds."""
Answers = Callable[[QuestionRecord], tuple[int, str] | None]
"""What the user answers, and after how many milliseconds; None: nothing."""


class Line(msgspec.Struct, frozen=True):
    """One decision in the journal."""

    at: int
    events: tuple[AnyEvent, ...]


_DECODER = msgspec.json.Decoder(Line)


@dataclass(frozen=True, slots=True)
class Action:
    """Something the user or the machine does at a moment, in milliseconds after the start."""

    after: int
    given: AnyCommand | Input


@dataclass(frozen=True, slots=True)
class Cut:
    """What a crash leaves after one line of the journal."""

    lines: int
    at: int
    disk: Disk


def started(
    goal: str = "make it so",
    *,
    validation: tuple[str, ...] = (),
    limits: Limits | None = None,
    land: bool = False,
    overhead_bytes: int = 4_000,
    base: str = "",
    model: str = "claude-sonnet-5-5",
) -> RunStarted:
    """The first event of a run."""
    return RunStarted(
        run_id=RunId("261121-114200-k3"),
        goal=goal,
        project="/home/me/shop",
        base=base,
        base_branch="main",
        limits=limits or Limits(),
        model=model,
        validation=validation,
        land=land,
        overhead_bytes=overhead_bytes,
    )


def steady(title: str, kind: str, number: int) -> int:
    """Work of one kind always takes the same time."""
    return DURATIONS.get(kind, SHORT_MS)


@dataclass(slots=True, kw_only=True)
class World:
    """One run and everything around it."""

    scripts: Mapping[str, Script]
    files: Files = field(default_factory=dict)
    start: RunStarted = field(default_factory=started)
    answers: Answers = lambda question: None
    actions: Iterable[Action] = ()
    durations: Durations = steady
    faults: Faults = lambda title, turn, attempt: None
    prices: Mapping[str, Price | None] = field(default_factory=dict)
    """What models cost that do not cost `PRICE`."""
    checks_fail: Callable[[str, Files], bool] = lambda command, files: not passes(command, files)
    thirst: float = 0.3
    output_tokens: int = 0
    """How many tokens every reply makes at least, if it may."""
    early: bool = False
    """Whether effects take place when they begin, and not when they are reported."""
    watch: bool = True
    """Whether every state is checked for violations."""
    limit: int = 20_000

    state: State = field(default_factory=State)
    disk: Disk = field(default_factory=Disk)
    journal: list[bytes] = field(default_factory=list)
    cuts: list[Cut] | None = None
    """What a crash after each line would leave, if that is wanted."""
    decisions: list[Decision] = field(default_factory=list)
    now: int = START_AT
    _heap: list[tuple[int, int, Any]] = field(default_factory=list)
    _count: int = 0
    _wake_at: int | None = None
    _pending: dict[EffectId, AnyOutcome | Callable[[], AnyOutcome]] = field(default_factory=dict)
    _heard: set[str] = field(default_factory=set)
    _manners: Manners | None = None

    def run(self) -> RunResult:
        """Play from the start until nothing more happens."""
        self.disk.tip = self.disk.commit(dict(self.files))
        base = msgspec.structs.replace(self.start, base=self.disk.tip)
        for action in self.actions:
            self._plan_action(action)
        self._decide(StartRun(base))
        return self.play()

    def play(self) -> RunResult:
        """Play on until nothing more happens."""
        rounds = 0
        while (moment := self._next()) is not None:
            rounds += 1
            assert rounds < self.limit, "the run does not come to rest"
            self.now = max(self.now, moment)
            self._decide(self._take() if self._heap and self._heap[0][0] <= moment else Tick())
        return self.result

    def restarted(self, cut: Cut, *, down_ms: int = 0, durations: Durations | None = None) -> World:
        """Another engine over what a crash leaves, already told that it has taken over."""
        world = World(
            scripts=self.scripts,
            start=self.start,
            answers=self.answers,
            durations=durations or self.durations,
            faults=self.faults,
            prices=self.prices,
            checks_fail=self.checks_fail,
            thirst=self.thirst,
            output_tokens=self.output_tokens,
            early=self.early,
            watch=self.watch,
            disk=cut.disk.copy(),
            journal=self.journal[: cut.lines],
            now=cut.at + down_ms,
        )
        world.state = folded(world.journal)
        for agent_id, record in world.state.agents.items():
            world.disk.truncate(agent_id, max((s.offset + s.length for s in record.conversation), default=0))
        for action in self.actions:
            if START_AT + action.after > cut.at:
                world._plan_action(action)
        world._decide(EngineRestarted())
        return world

    @property
    def result(self) -> RunResult:
        """What the outside sees."""
        return run_result(self.state)

    @property
    def events(self) -> list[AnyEvent]:
        """Everything that has happened, as the journal tells it."""
        return [event for line in self.journal for event in _DECODER.decode(line).events]

    def submit(self, given: AnyCommand | Input, after: int = 0) -> Decision:
        """Let somebody ask for something now, or `after` some milliseconds."""
        self.now += after
        return self._decide(given if isinstance(given, Input) else Request(given))

    def _plan_action(self, action: Action) -> None:
        given = action.given if isinstance(action.given, Input) else Request(action.given)
        self._push(START_AT + action.after, given)

    def _push(self, at: int, given: Input | EffectId) -> None:
        self._count += 1
        heappush(self._heap, (at, self._count, given))

    def _next(self) -> int | None:
        moments = [self._heap[0][0]] if self._heap else []
        if self._wake_at is not None and (self._heap or self._may_still_move()):
            moments.append(self._wake_at)
        return min(moments, default=None)

    def _may_still_move(self) -> bool:
        """Whether anything but the end of the run's time is still due: nobody wants to wait for that."""
        return self.state.end is None

    def _take(self) -> Input:
        _, _, given = heappop(self._heap)
        if not isinstance(given, str):
            assert isinstance(given, Input)
            return given
        effect = EffectId(given)
        outcome = self._pending.pop(effect, None)
        if effect in self.state.effects:
            self.disk.begun.pop(_work(self.state, self.state.effects[effect]), None)
        if outcome is None:
            return Tick()
        return EffectEnded(effect, outcome() if callable(outcome) else outcome)

    def _decide(self, given: Input) -> Decision:
        decision = decide(self.state, given, self.now)
        self.decisions.append(decision)
        self._wake_at = decision.wake_at
        # A refusal changes nothing, so what is due at this very moment is still to come.
        at_once = decision.wake_at is not None and decision.wake_at <= self.now and not decision.refused
        assert not at_once, f"woken again at once after {given}"
        if decision.events:
            if self.cuts is not None and self.early:
                self.cuts.append(Cut(len(self.journal), self.now, self.disk.copy()))
            self.journal.append(msgspec.json.encode(Line(self.state.at, tuple(decision.events))))
            if self.cuts is not None and not self.early:
                self.cuts.append(Cut(len(self.journal), self.now, self.disk.copy()))
        else:
            assert not decision.instructions, f"{given} leads to work that nobody has noted"
        if self.watch:
            wrong = [*violations(self.state), *self._gates_passed(given, decision)]
            assert not wrong, f"after {given}: {wrong}"
        for instruction in decision.instructions:
            if isinstance(instruction, StartEffect):
                self._begin(instruction)
            elif instruction.effect_id in self._pending:
                self._cancel(instruction.effect_id)
        self._look_up_prices()
        self._answer_questions()
        return decision

    def _gates_passed(self, given: Input, decision: Decision) -> Iterator[str]:
        """Work that was opened for an agent that may not have any; a new engine only takes up what was open."""
        for start in decision.instructions:
            if not isinstance(start, StartEffect) or start.agent_id is None or isinstance(given, EngineRestarted):
                continue
            record = self.state.agents[start.agent_id]
            if record.paused:
                yield f"{record.id} is paused and starts {start.instruction}"
            if record.kill is not None or record.stop is not None:
                yield f"{record.id} is stopping and starts {start.instruction}"
            if isinstance(start.instruction, PrepareWorkspace) and unmet(self.state, record):
                yield f"{record.id} starts before what it needs"

    def _begin(self, start: StartEffect) -> None:
        if self._manners is None:
            self._manners = Manners(self.scripts, self.faults, self.thirst, self.output_tokens, self.checks_fail)
        record = self.state.agents[start.agent_id] if start.agent_id is not None else None
        happen = plan(self._manners, self.state, self.disk, record, start.instruction)
        self._pending[start.effect_id] = happen() if self.early else happen
        work = _work(self.state, self.state.effects[start.effect_id])
        first = self.disk.begun.setdefault(work, self.now)
        self._push(max(self.now, first + self.durations(*work)), start.effect_id)

    def _cancel(self, effect: EffectId) -> None:
        """Most effects end early when they are cancelled; what has happened has happened."""
        if not self.early:
            instruction = self.state.effects[effect].instruction
            cost = instruction.reserved_usd / 2 if isinstance(instruction, StartTurn) else ZERO
            self._pending[effect] = Cancelled(cost_usd=cost, estimated=cost > 0)
        self._push(self.now + CANCEL_MS, effect)

    def _look_up_prices(self) -> None:
        if self.state.run is None:
            return
        for model in {self.state.started.model, *(r.model for r in self.state.live.values())} - set(self.state.prices):
            self._decide(PriceRead(model, self.prices.get(model, PRICE)))

    def _answer_questions(self) -> None:
        for question in list(self.state.questions.values()):
            if not question.is_with_user or question.id in self._heard:
                continue
            self._heard.add(question.id)
            reply = self.answers(question)
            if reply is not None:
                at = max(self.now, question.asked_at + reply[0])
                self._push(at, Request(AnswerQuestion(question.id, reply[1])))


def _work(state: State, effect: EffectRecord) -> tuple[str, str, int]:
    """What `effect` is about; the same after a crash, when it has to be begun again."""
    title = state.agents[effect.agent_id].spec.title if effect.agent_id is not None else "run"
    turn = isinstance(effect.instruction, StartTurn) and effect.agent_id is not None
    number = state.agents[effect.agent_id].turns if turn and effect.agent_id else int(effect.id[1:])
    return title, type(effect.instruction).__name__, number


def folded(journal: list[bytes]) -> State:
    """The state that the lines of a journal tell."""
    state = State()
    for raw in journal:
        line = _DECODER.decode(raw)
        fold(state, line.events, line.at)
    return state


__all__ = ["PRICE", "START_AT", "Action", "Cut", "Line", "World", "folded", "started", "steady"]
