"""Given, when, then for the kernel: a test hands it outcomes and requests one by one and reads what it decides.

Every state on the way is checked; nothing happens that the test does not say.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from pilothouse.core.commands import AnyCommand
from pilothouse.core.decide import Decision, decide
from pilothouse.core.events import Event, RunEnded
from pilothouse.core.ids import AgentId, CallId, EffectId
from pilothouse.core.inputs import EffectEnded, Input, PriceRead, Request, StartRun, Tick
from pilothouse.core.instructions import (
    AnyInstruction,
    CancelEffect,
    FindCitation,
    MergeWork,
    PrepareWorkspace,
    RunChecks,
    StartEffect,
    StartTool,
    StartTurn,
)
from pilothouse.core.invariants import violations
from pilothouse.core.limits import Limits
from pilothouse.core.money import Price, Tokens
from pilothouse.core.outcomes import (
    AnyOutcome,
    Cancelled,
    CheckResult,
    ChecksFinished,
    CitationChecked,
    Conflicted,
    Merged,
    ModelErrorKind,
    Span,
    StopReason,
    ToolCall,
    ToolFinished,
    TurnCompleted,
    TurnFailed,
    WorkspaceReady,
)
from pilothouse.core.selectors import agent_view
from pilothouse.core.spec import Spec
from pilothouse.core.state import AgentRecord, QuestionRecord, State
from pilothouse.core.views import AgentView

from .world import PRICE, START_AT, Use, order, spawn, started

E = TypeVar("E", bound=Event)
I = TypeVar("I")  # noqa: E741
SPAN_BYTES = 100


class Scenario:
    """One run, taken by the hand."""

    def __init__(self) -> None:
        self.state = State()
        self.now = START_AT
        self.last: Decision | None = None
        self.cost = Decimal("0.01")

    # given

    def given(self, *specs: Spec, limits: Limits | None = None, price: Price | None = PRICE, **start: Any) -> Scenario:
        """A run whose orchestrator has spawned `specs`; all that may start work in their first turn."""
        self.when(StartRun(started(limits=limits, base="base", **start)))
        self.when(PriceRead("claude-sonnet-5-5", price))
        if self.has_open("a0", RunChecks):
            self.checked("a0")
        if self.has_open("a0", PrepareWorkspace):
            self.ready("a0")
        if specs:
            self.says("a0", *(spawn(spec) for spec in specs))
            for record in list(self.state.live.values()):
                if self.has_open(record.id, PrepareWorkspace):
                    self.ready(record.id)
        return self

    def given_agents(self, count: int, **options: Any) -> Scenario:
        """A run with `count` agents of the orchestrator's, titled `one`, `two`, ..."""
        names = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
        return self.given(*(order(name) for name in names[:count]), **options)

    # when

    def when(self, given: AnyCommand | Input, *, after: int = 0) -> Decision:
        """Something reaches the kernel, `after` some milliseconds."""
        self.now += after
        self.last = decide(self.state, given if isinstance(given, Input) else Request(given), self.now)
        assert violations(self.state) == []
        assert self.last.wake_at is None or self.last.wake_at > self.now
        return self.last

    def later(self, ms: int) -> Decision:
        """Time passes."""
        return self.when(Tick(), after=ms)

    def ends(self, agent: str, kind: type[Any], outcome: AnyOutcome, *, after: int = 0) -> Decision:
        """The agent's effect of that kind ends with `outcome`."""
        return self.when(EffectEnded(self._effect(agent, kind), outcome), after=after)

    def says(
        self,
        agent: str,
        *calls: AnyCommand | Use,
        text: str = "hm",
        stop: StopReason | None = None,
        after: int = 0,
        cost: str | None = None,
    ) -> Decision:
        """The agent's turn in flight completes with `calls`."""
        record = self.agent(agent)
        taken = tuple(
            ToolCall(CallId(f"{agent}.{record.turns}.{number}"), call.name, call.brief)
            if isinstance(call, Use)
            else ToolCall(CallId(f"{agent}.{record.turns}.{number}"), type(call).__name__, command=call)
            for number, call in enumerate(calls)
        )
        outcome = TurnCompleted(
            span=self._span(record),
            stop_reason=stop or (StopReason.TOOL_USE if calls else StopReason.END_TURN),
            tokens=Tokens(input=100, output=50),
            cost_usd=Decimal(cost) if cost else self.cost,
            calls=taken,
            text=text,
        )
        return self.ends(agent, StartTurn, outcome, after=after)

    def fails(self, agent: str, kind: ModelErrorKind, *, retry_after_ms: int | None = None) -> Decision:
        """The agent's call in flight fails."""
        return self.ends(agent, StartTurn, TurnFailed(kind, "no", retry_after_ms))

    def used(self, agent: str) -> Decision:
        """The first tool in flight is done."""
        return self.ends(agent, StartTool, ToolFinished(self._span(self.agent(agent))))

    def ready(self, agent: str) -> Decision:
        """The agent's checkout stands."""
        instruction = self.open(agent, PrepareWorkspace)
        owner = instruction.of or agent
        return self.ends(agent, PrepareWorkspace, WorkspaceReady(f"/work/{owner}", instruction.base, f"b/{owner}"))

    def checked(self, agent: str, *, passed: bool = True) -> Decision:
        """The agent's checks have run."""
        commands = self.open(agent, RunChecks).commands
        results = tuple(CheckResult(command, 0 if passed else 1, 5, "" if passed else "boom") for command in commands)
        return self.ends(agent, RunChecks, ChecksFinished(results))

    def merged(self, agent: str) -> Decision:
        """The agent's work is in the run's branch."""
        return self.ends(agent, MergeWork, Merged(f"tip-{agent}-{self.now}", f"commit-{agent}", 1))

    def conflicted(self, agent: str) -> Decision:
        """The agent's work does not merge."""
        return self.ends(agent, MergeWork, Conflicted(("app.py",), "both changed it"))

    def found(self, agent: str, where: str | None) -> Decision:
        """A quotation was looked for."""
        return self.ends(agent, FindCitation, CitationChecked(where))

    def cancelled(self, agent: str) -> None:
        """Everything in flight of the agent that was told to end has ended."""
        for effect in list(self.agent(agent).effects):
            if effect in self.state.effects:
                self.when(EffectEnded(effect, Cancelled()))

    # then

    def agent(self, name: str) -> AgentRecord:
        """The record of that agent."""
        return self.state.agents[AgentId(name)]

    def view(self, name: str) -> AgentView:
        """What the outside sees of that agent."""
        return agent_view(self.state, self.agent(name))

    def status(self, name: str) -> str:
        """How that agent is doing, in a word."""
        return self.view(name).status.value

    def why(self, name: str) -> str:
        """Why that agent is not running, in words."""
        reason = self.view(name).reason
        return reason.words if reason else ""

    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self.state.end is not None

    def end(self) -> RunEnded:
        """How the run ended."""
        assert self.state.end is not None
        return self.state.end

    def question(self, name: str = "q1") -> QuestionRecord:
        """The record of that question."""
        return next(q for q in self.state.questions.values() if q.id == name)

    def open(self, agent: str, kind: type[I]) -> I:
        """The agent's instruction of that kind that is being carried out."""
        return next(e.instruction for e in self.agent(agent).effects.values() if isinstance(e.instruction, kind))

    def has_open(self, agent: str, kind: type[Any]) -> bool:
        """Whether an instruction of that kind is being carried out for the agent."""
        return any(isinstance(e.instruction, kind) for e in self.agent(agent).effects.values())

    def is_thinking(self, agent: str) -> bool:
        """Whether a call of the agent is in flight."""
        return self.has_open(agent, StartTurn)

    @property
    def started(self) -> list[tuple[str, AnyInstruction]]:
        """What the last decision began, and for whom."""
        assert self.last is not None
        return [(i.agent_id or "run", i.instruction) for i in self.last.instructions if isinstance(i, StartEffect)]

    @property
    def cancels(self) -> list[EffectId]:
        """What the last decision ended half-way."""
        assert self.last is not None
        return [i.effect_id for i in self.last.instructions if isinstance(i, CancelEffect)]

    def events(self, kind: type[E], where: Callable[[E], bool] = lambda event: True) -> list[E]:
        """The events of that kind of the last decision."""
        assert self.last is not None
        return [event for event in self.last.events if isinstance(event, kind) and where(event)]

    def results(self, agent: str) -> list[str]:
        """The call results that the agent has not read yet."""
        return [note.text for note in self.agent(agent).inbox if note.call_id is not None]

    def words(self, agent: str) -> list[str]:
        """The words of others that the agent has not read yet."""
        return [note.text for note in self.agent(agent).inbox if note.call_id is None]

    def _effect(self, agent: str, kind: type[Any]) -> EffectId:
        return next(e.id for e in self.agent(agent).effects.values() if isinstance(e.instruction, kind))

    def _span(self, record: AgentRecord) -> Span:
        return Span(sum(span.length for span in record.conversation), SPAN_BYTES, 0)
