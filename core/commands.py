"""Requests from outside the kernel, imperative: what a person or a model's tool call asks for.

A command may be refused; then the refusal says why and nothing has happened. `origin` (see `inputs`) says who asks.
"""

from __future__ import annotations

import msgspec

from .ids import AgentId, QuestionId
from .spec import Spec


class Command(msgspec.Struct, frozen=True, tag_field="command", tag=True, omit_defaults=True):
    """Base of all commands; the class name is the tag."""


class SpawnAgent(Command, frozen=True):
    """Start an agent that works in the background under the one that asks."""

    spec: Spec


class AwaitAgents(Command, frozen=True):
    """Wait until `count` of `agent_ids` (all when None) have ended.

    Also returns early when the user writes or a child asks. An empty `agent_ids` means all living children.
    """

    agent_ids: tuple[AgentId, ...] = ()
    count: int | None = None
    timeout_ms: int | None = None


class CheckAgents(Command, frozen=True):
    """Say how `agent_ids` (all children when empty) are doing, without waiting."""

    agent_ids: tuple[AgentId, ...] = ()


class MessageAgent(Command, frozen=True):
    """Tell an agent something; it reads it with its next turn."""

    agent_id: AgentId
    text: str


class PauseAgent(Command, frozen=True):
    """Close the gate of an agent and everything below it; None is the whole run."""

    agent_id: AgentId | None = None


class ResumeAgent(Command, frozen=True):
    """Open the gate again; None is the whole run."""

    agent_id: AgentId | None = None


class StopAgent(Command, frozen=True):
    """End an agent and everything below it after what is in flight; None is the whole run."""

    agent_id: AgentId | None = None


class KillAgent(Command, frozen=True):
    """End an agent and everything below it now, with all its processes; None is the whole run."""

    agent_id: AgentId | None = None


class RetryAgent(Command, frozen=True):
    """Spawn a new agent with the spec of one that ended without success."""

    agent_id: AgentId


class AskQuestion(Command, frozen=True):
    """Ask the parent, and through it the user. The asking call stays pending until it is answered."""

    text: str
    options: tuple[str, ...] = ()
    why: str = ""
    default: str | None = None


class AnswerQuestion(Command, frozen=True):
    """Answer a question. An agent must `cite` word for word where the answer stands; the user need not."""

    question_id: QuestionId
    text: str
    cite: str | None = None


class EscalateQuestion(Command, frozen=True):
    """Pass a question up to the user."""

    question_id: QuestionId


class FinishAgent(Command, frozen=True):
    """Claim that the outcome holds (or, with `failed`, that it cannot be reached), with the evidence."""

    outcome: str
    evidence: str = ""
    failed: bool = False


class LandRun(Command, frozen=True):
    """Bring the run's branch into the user's branch."""


AnyCommand = (
    SpawnAgent
    | AwaitAgents
    | CheckAgents
    | MessageAgent
    | PauseAgent
    | ResumeAgent
    | StopAgent
    | KillAgent
    | RetryAgent
    | AskQuestion
    | AnswerQuestion
    | EscalateQuestion
    | FinishAgent
    | LandRun
)
