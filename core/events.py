"""Facts, past tense, small: what the journal holds and the reducer folds. Old journals are read for ever.

Fields may be added with a default; none is ever renamed or given another meaning.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from .ids import AgentId, CallId, EffectId, QuestionId, RunId
from .instructions import AnyInstruction
from .limits import Limits
from .money import Price
from .outcomes import AnyOutcome
from .spec import Spec
from .status import Reason, Status, Verdict


class Event(msgspec.Struct, frozen=True, tag_field="kind", tag=True, omit_defaults=True):
    """Base of all events; the class name is the tag."""


class RunStarted(Event, frozen=True, kw_only=True):
    """A run began. Everything it depends on that is not in the repo stands here."""

    run_id: RunId
    goal: str
    project: str
    base: str
    """The commit it starts from."""
    base_branch: str | None
    """The user's branch, None if their checkout is detached."""
    limits: Limits
    model: str
    validation: tuple[str, ...] = ()
    """Commands that must pass after each writer and before the end."""
    rehearsal: str | None = None
    """The scenario; None for a real model."""
    speed: float = 1.0
    land: bool = False
    """Whether a verified result is brought into the user's branch at the end."""
    setup: str | None = None
    """A command that makes each checkout buildable."""
    share: tuple[str, ...] = ()
    """Ignored paths of the user's checkout that the agents' ones see read-only."""
    sandbox_minimum: str = "S0"
    background: bool = True
    """Whether tools get the processor only when nobody else wants it."""
    instructions: str = ""
    """The project's own instructions to agents (its AGENTS.md or CLAUDE.md)."""
    overhead_bytes: int = 0
    """The size of what goes with every call beside the conversation: instructions and tool schemas."""
    sandbox: str = "S0"
    """The level tools are held at (`evidence`: S3 bubblewrap and warden ... S0 none)."""


class EngineResumed(Event, frozen=True):
    """Another engine took the run over."""


class PriceLearned(Event, frozen=True):
    """What a model costs."""

    model: str
    price: Price | None


class AgentSpawned(Event, frozen=True, kw_only=True):
    """An agent exists. `fixes` names the agent whose blocker it is to mitigate."""

    agent_id: AgentId
    parent: AgentId | None
    depth: int
    spec: Spec
    fixes: AgentId | None = None


class SpawnRefused(Event, frozen=True):
    """An agent was asked for and may not be: `code` is the limit, `words` the numbers."""

    parent: AgentId
    title: str
    code: str
    words: str


class EffectOpened(Event, frozen=True):
    """An effect begins. After a crash it is open, and that is how it is known."""

    effect_id: EffectId
    instruction: AnyInstruction
    agent_id: AgentId | None = None


class EffectClosed(Event, frozen=True):
    """An effect has ended."""

    effect_id: EffectId
    outcome: AnyOutcome


class CallAnswered(Event, frozen=True):
    """A tool call has its result, from the kernel itself."""

    agent_id: AgentId
    call_id: CallId
    text: str
    is_error: bool = False


class AwaitStarted(Event, frozen=True):
    """A tool call waits until `count` of `agent_ids` have ended, at the latest at `deadline`."""

    agent_id: AgentId
    call_id: CallId
    agent_ids: tuple[AgentId, ...]
    count: int
    deadline: int | None = None


class Voice(StrEnum):
    """Who tells an agent something."""

    USER = "user"
    PARENT = "parent"
    CHILD = "child"
    ENGINE = "engine"


class AgentTold(Event, frozen=True):
    """An agent was told something; it reads it with its next turn. `wakes` ends its wait."""

    agent_id: AgentId
    text: str
    voice: Voice
    wakes: bool = True


class QuestionKind(StrEnum):
    """What the answer decides."""

    QUESTION = "question"
    """An agent's own question."""
    BLOCKER = "blocker"
    """One mitigation did not help: retry, or give up."""
    BUDGET = "budget"
    """The money does not reach."""
    START = "start"
    """Something is wrong before anything was spent: go on, or stop."""


class QuestionAsked(Event, frozen=True, kw_only=True):
    """An agent cannot go on without an answer. `holder` is the agent that may answer first; None is the user."""

    question_id: QuestionId
    agent_id: AgentId
    kind_of: QuestionKind
    text: str
    options: tuple[str, ...] = ()
    why: str = ""
    default: str | None = None
    call_id: CallId | None = None
    holder: AgentId | None = None


class QuestionJoined(Event, frozen=True):
    """Another agent asks the same."""

    question_id: QuestionId
    agent_id: AgentId
    call_id: CallId | None = None


class QuestionPassedUp(Event, frozen=True):
    """The question is now in the user's inbox."""

    question_id: QuestionId
    by: AgentId


class QuestionAnswered(Event, frozen=True):
    """The first answer, which wins. `by` None is the user; `cite` is what an agent quoted."""

    question_id: QuestionId
    text: str
    by: AgentId | None = None
    cite: str | None = None


class QuestionDropped(Event, frozen=True):
    """Nobody asks it any more."""

    question_id: QuestionId


class BlockerLifted(Event, frozen=True):
    """The fixer did it: the agent goes on with the fixer's result."""

    agent_id: AgentId
    fixer: AgentId


class TryGranted(Event, frozen=True):
    """A person lets an agent try once more; `advice` is what they said."""

    agent_id: AgentId
    advice: str = ""


class GivenUp(Event, frozen=True):
    """Nobody will help this agent any more; it ends as failed for `reason`."""

    agent_id: AgentId
    reason: Reason


class BaseAccepted(Event, frozen=True):
    """A person wants to go on although the base already fails its validation."""


class AgentPaused(Event, frozen=True):
    """The gate of one agent is closed."""

    agent_id: AgentId
    by: AgentId | None = None


class AgentResumed(Event, frozen=True):
    """The gate of one agent is open."""

    agent_id: AgentId
    by: AgentId | None = None


class StopRequested(Event, frozen=True):
    """An agent is to end after what is in flight. `by` None is the user."""

    agent_id: AgentId
    by: AgentId | None = None


class KillRequested(Event, frozen=True):
    """An agent is to end now."""

    agent_id: AgentId
    by: AgentId | None = None


class FinishClaimed(Event, frozen=True):
    """An agent says it is done; the engine now checks and merges."""

    agent_id: AgentId
    outcome: str
    evidence: str = ""
    failed: bool = False


class BlockerCause(StrEnum):
    """What stands in an agent's way."""

    VALIDATION = "validation"
    CONFLICT = "conflict"
    FAILURE = "failure"


class BlockerFound(Event, frozen=True):
    """An agent's work was found wanting; `evidence` is what a fixer or a person needs to see."""

    agent_id: AgentId
    cause: BlockerCause
    evidence: str


class RetryScheduled(Event, frozen=True):
    """A model call failed and is tried again at `until`; with `gate`, all callers wait for it."""

    agent_id: AgentId
    until: int
    code: str
    gate: bool = False


class Nudged(Event, frozen=True):
    """An agent ended its turn without finishing and was told once how to go on."""

    agent_id: AgentId


class MachineNoted(Event, frozen=True):
    """New agents wait, or no longer wait, for the machine. None: there is room.

    While a shortage `trickles`, one agent may still start when none is at work.
    """

    shortage: str | None = None
    trickles: bool = False


class BudgetRaised(Event, frozen=True):
    """A person gave an agent more money. None is the run."""

    agent_id: AgentId | None
    max_cost_usd: Decimal


class AgentEnded(Event, frozen=True, kw_only=True):
    """An agent is over, for good."""

    agent_id: AgentId
    status: Status
    reason: Reason
    verdict: Verdict | None = None
    summary: str = ""


class RunEnded(Event, frozen=True):
    """The run is over."""

    status: Status
    reason: Reason
    verdict: Verdict | None = None


AnyEvent = (
    RunStarted
    | EngineResumed
    | PriceLearned
    | AgentSpawned
    | SpawnRefused
    | EffectOpened
    | EffectClosed
    | CallAnswered
    | AwaitStarted
    | AgentTold
    | QuestionAsked
    | QuestionJoined
    | QuestionPassedUp
    | QuestionAnswered
    | QuestionDropped
    | AgentPaused
    | AgentResumed
    | StopRequested
    | KillRequested
    | FinishClaimed
    | BlockerFound
    | BlockerLifted
    | TryGranted
    | GivenUp
    | BaseAccepted
    | RetryScheduled
    | Nudged
    | MachineNoted
    | BudgetRaised
    | AgentEnded
    | RunEnded
)
