"""The state of a run: one record an agent, question and effect. Only the reducer changes it.

Everything an agent waits for stands here; between effects an agent is nothing but its record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from .events import BlockerCause, FinishClaimed, QuestionKind, RunEnded, RunStarted, Voice
from .ids import AgentId, CallId, EffectId, QuestionId
from .instructions import AnyInstruction
from .money import ZERO, Price, Tokens
from .outcomes import CheckResult, Landed, Span, ToolCall
from .spec import Spec
from .status import Reason, Status, Verdict
from .views import MergeView, RefusalView


class EffectRecord(msgspec.Struct):
    """An effect that has been opened and not closed. (A struct, as most of a journal is their coming and going.)"""

    id: EffectId
    agent_id: AgentId | None
    instruction: AnyInstruction
    opened_at: int


@dataclass(frozen=True, slots=True)
class Note:
    """Something for an agent to read with its next turn: a call's result (with `call_id`) or words of `voice`."""

    text: str
    call_id: CallId | None = None
    is_error: bool = False
    voice: Voice = Voice.ENGINE
    wakes: bool = False
    """Whether it ends a wait for other agents."""


@dataclass(frozen=True, slots=True)
class Await:
    """A tool call that waits until `count` of `agent_ids` have ended."""

    call_id: CallId
    agent_ids: tuple[AgentId, ...]
    count: int
    deadline: int | None


@dataclass(frozen=True, slots=True)
class Blocker:
    """What stands in an agent's way."""

    cause: BlockerCause
    evidence: str
    key: str
    """Two with the same key are the same blocker: a conflict with another state of the branch is another one."""


@dataclass(frozen=True, slots=True)
class End:
    """How an agent ended."""

    status: Status
    reason: Reason
    verdict: Verdict | None
    summary: str
    at: int


@dataclass(slots=True)
class Checkout:
    """An agent's workspace as the kernel knows it."""

    path: str
    base: str
    branch: str | None
    owner: AgentId
    """Whose checkout it is; a fixer works in that of the agent it fixes."""


@dataclass(slots=True)
class AgentRecord:
    """One agent."""

    id: AgentId
    parent: AgentId | None
    depth: int
    spec: Spec
    model: str
    spawned_at: int
    fixes: AgentId | None = None
    children: list[AgentId] = field(default_factory=list)

    # what it works in and on
    checkout: Checkout | None = None
    conversation: list[Span] = field(default_factory=list)
    inbox: list[Note] = field(default_factory=list)
    calls: dict[CallId, ToolCall] = field(default_factory=dict)
    """Tool calls of its last message that have no result yet."""
    waiting: Await | None = None
    asking: dict[CallId, QuestionId] = field(default_factory=dict)
    effects: dict[EffectId, EffectRecord] = field(default_factory=dict)
    last_text: str = ""

    # how it ends
    claim: FinishClaimed | None = None
    checks: tuple[CheckResult, ...] | None = None
    """The last validation since the last change of its work; None if it has to run (again)."""
    merged: bool = False
    blocker: Blocker | None = None
    """What a fixer or a person is dealing with now."""
    advice: str = ""
    """What the user said when asked about the blocker."""
    fixer: AgentId | None = None
    question: QuestionId | None = None
    """The engine's own open question about it (blocker, budget, start)."""
    tried: set[str] = field(default_factory=set)
    """The blockers (their keys) that have had their one fixer and were granted no other by a person."""
    given_up: Reason | None = None
    nudged: bool = False
    end: End | None = None

    # control
    paused: bool = False
    stop: AgentId | str | None = None
    """Who asked it to stop, `user` for a person."""
    kill: AgentId | str | None = None

    # money and time
    budget_usd: Decimal | None = None
    cost_usd: Decimal = ZERO
    subtree_usd: Decimal = ZERO
    reserved_usd: Decimal = ZERO
    """Set aside for calls in flight, of this agent and everything below it."""
    estimated: bool = False
    tokens: Tokens = field(default_factory=Tokens)
    context_tokens: int = 0
    """Input and output of the last settled call: what the next one sends again."""
    context_spans: int = 0
    """How many spans of the conversation those tokens cover."""
    turns: int = 0
    attempts: int = 0
    tries: int = 0
    """Failed attempts of the present call in a row."""
    retry_at: int | None = None
    retry_code: str = ""
    running_ms: int = 0
    running_since: int | None = None
    slots: int = 0
    """Open effects that hold its slot."""
    since: int = 0
    """When it began what it is doing now."""

    @property
    def is_live(self) -> bool:
        """Whether it has not ended."""
        return self.end is None

    @property
    def holds_slot(self) -> bool:
        """Whether it holds one of the run's slots."""
        return self.slots > 0

    @property
    def is_ending(self) -> bool:
        """Whether it is settled that it does no more of its own, so that what still comes in is only charged."""
        failed = self.claim is not None and self.claim.failed
        return failed or self.kill is not None or self.stop is not None or self.given_up is not None

    @property
    def has_unread_words(self) -> bool:
        """Whether somebody has told it something that no turn of it has read."""
        return any(note.call_id is None for note in self.inbox)


@dataclass(slots=True)
class QuestionRecord:
    """One question."""

    id: QuestionId
    kind: QuestionKind
    asked_at: int
    text: str
    options: tuple[str, ...]
    why: str
    default: str | None
    holder: AgentId | None
    askers: list[tuple[AgentId, CallId | None]]
    passed_by: AgentId | None = None
    answer: str | None = None
    answered_by: AgentId | None = None
    cite: str | None = None
    answered_at: int | None = None
    dropped: bool = False
    after_effect: int = 0
    """The number of the last effect opened before it was asked: a later turn of the holder has read it."""

    @property
    def is_open(self) -> bool:
        """Whether an answer is still wanted."""
        return self.answer is None and not self.dropped

    @property
    def is_with_user(self) -> bool:
        """Whether it stands in the user's inbox."""
        return self.is_open and self.holder is None


@dataclass(slots=True)
class State:
    """A whole run. `at` is the time of the last decision, in Unix milliseconds."""

    run: RunStarted | None = None
    at: int = 0
    started_at: int = 0
    agents: dict[AgentId, AgentRecord] = field(default_factory=dict)
    live: dict[AgentId, AgentRecord] = field(default_factory=dict)
    questions: dict[QuestionId, QuestionRecord] = field(default_factory=dict)
    effects: dict[EffectId, EffectRecord] = field(default_factory=dict)
    prices: dict[str, Price | None] = field(default_factory=dict)
    merges: list[MergeView] = field(default_factory=list)
    refusals: list[RefusalView] = field(default_factory=list)
    tip: str = ""
    base_checks: tuple[CheckResult, ...] | None = None
    base_accepted: bool = False
    landing: tuple[Landed, int] | None = None
    landing_refused: str | None = None
    end: RunEnded | None = None
    ended_at: int | None = None
    gate_until: int | None = None
    """No model call starts before this: a rate limit or an overload."""
    gate_code: str = ""
    shortage: str | None = None
    """What the machine lacks, in words."""
    trickles: bool = False
    """Whether one agent at a time may start in spite of it: a busy machine is slow, one without memory is lost."""
    max_cost_usd: Decimal = ZERO
    last_effect: int = 0
    last_question: int = 0
    running: int = 0
    """Agents that hold a slot."""
    open_questions: int = 0
    """Questions with the user."""
    paused: int = 0
    """Live agents whose gate is closed."""
    stalled_since: int | None = None
    """Since when everything waits for a person."""
    stalled_ms: int = 0
    user_words: list[str] = field(default_factory=list)
    """What the user has said in this run: the goal, messages, answers."""
    touched: set[str] = field(default_factory=set)
    """Agents and questions changed since the engine last looked; not part of the state proper."""

    @property
    def started(self) -> RunStarted:
        """The run's first event. Only to be asked once there is one."""
        assert self.run is not None
        return self.run

    def ancestors(self, agent_id: AgentId | None) -> list[AgentRecord]:
        """The agent and everything above it, from the agent upwards."""
        found: list[AgentRecord] = []
        while agent_id is not None:
            record = self.agents[agent_id]
            found.append(record)
            agent_id = record.parent
        return found

    def subtree(self, agent_id: AgentId) -> list[AgentRecord]:
        """The agent and everything below it, parents before children."""
        found = [self.agents[agent_id]]
        for record in found:
            found.extend(self.agents[child] for child in record.children)
        return found
