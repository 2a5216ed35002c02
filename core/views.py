"""What the outside sees of a run: `status --json`, the live screen, replay and the receipt all show these.

Views are pure functions of the folded journal (see `selectors`): timestamps in Unix milliseconds, no ages. Money is
a decimal string, the record's own unless it says subtree.
"""

from __future__ import annotations

import msgspec

from .money import Tokens
from .spec import Spec
from .status import Pause, Reason, Status, Verdict


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """One agent."""

    id: str
    title: str
    parent: str | None
    status: Status
    verdict: Verdict | None
    reason: Reason | None
    """Why it is not running; None while it runs."""
    paused: bool
    """Whether its gate is closed and nothing of it is in flight any more."""
    pause: Pause
    """The same with the way there."""
    needs: tuple[str, ...]
    cost_usd: str
    tokens: Tokens
    seconds: float
    """Running time."""
    turns: int
    attempts: int
    """Model calls made, failed ones among them."""
    depth: int
    children: tuple[str, ...]
    fixes: str | None
    """The agent whose blocker this one is there to mitigate."""
    activity: str
    """What it does right now, in a few words; its result's first line once it has ended."""
    since: int
    """When it came into its present status."""
    spawned_at: int
    ended_at: int | None
    subtree_cost_usd: str
    model: str
    workspace: str
    path: str | None
    branch: str | None
    spec: Spec
    checks: tuple[CheckView, ...] = ()
    """The commands of its last validation and how they ended."""
    summary: str = ""
    evidence: str = ""


class CheckView(msgspec.Struct, frozen=True):
    """One command of a validation."""

    command: str
    passed: bool
    exit_code: int
    seconds: float
    tail: str


class QuestionView(msgspec.Struct, frozen=True, kw_only=True):
    """One question, open or answered."""

    id: str
    kind: str
    agents: tuple[str, ...]
    """Who asks; the first one asked first."""
    text: str
    options: tuple[str, ...]
    why: str
    default: str | None
    holder: str | None
    """The agent that may answer first; None when it is with the user."""
    passed_by: str | None
    """The agent that passed it up."""
    holds: tuple[str, ...]
    """Other agents that cannot go on until it is answered."""
    asked_at: int
    answer: str | None
    answered_by: str | None
    """An agent's id or `user`; None while it is open."""
    cite: str | None
    answered_at: int | None


class MergeView(msgspec.Struct, frozen=True):
    """One agent's work in the run's branch."""

    agent: str
    commit: str
    files: int
    insertions: int
    deletions: int
    at: int


class RefusalView(msgspec.Struct, frozen=True):
    """One spawn that was refused."""

    parent: str
    title: str
    code: str
    words: str
    at: int


class LandingView(msgspec.Struct, frozen=True):
    """The run's result in the user's branch."""

    branch: str
    commit: str
    before: str
    at: int


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """The run as a whole, without its agents and questions."""

    run: str
    goal: str
    status: str
    """`running`, `blocked` (nothing can go on without a person), `paused`, or a terminal agent status."""
    verdict: Verdict | None
    reason: Reason | None
    cost_usd: str
    tokens: Tokens
    wall_seconds: float
    """Without the time in which all waited on a person."""
    busy_seconds: float
    """The running time of all agents, added up."""
    speedup: float | None
    """busy / wall: an estimate of how much longer one agent after another would have taken."""
    merges: tuple[MergeView, ...]
    refusals: tuple[RefusalView, ...]
    branch: str
    base: str
    base_branch: str | None
    tip: str
    project: str
    model: str
    rehearsal: str | None
    sandbox: str
    max_cost_usd: str
    max_running: int
    max_agents: int
    running: int
    """Slots held."""
    spawned: int
    started_at: int
    ended_at: int | None
    at: int
    """When the last thing happened that is shown here."""
    landing: LandingView | None
    landing_refused: str | None = None
    """Why the result could not be landed, last time it was tried."""
    checks: tuple[CheckView, ...] = ()
    """The run's own validation, last time it ran."""


class RunResult(msgspec.Struct, frozen=True):
    """Everything: what `status --json` prints is `run` with `agents` and `questions` inside it."""

    run: RunView
    agents: tuple[AgentView, ...]
    questions: tuple[QuestionView, ...]


class Activity(msgspec.Struct, frozen=True):
    """What is live and never journalled: the unfinished text of an agent and the tokens of its call so far."""

    agent: str
    kind: str
    """`think`, `say` or `tool`."""
    text: str
    tokens: int
