"""What the engine must do, imperative. Each one that takes time is opened and closed by an event."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from .ids import AgentId, CallId, EffectId, QuestionId
from .spec import WorkspaceKind


class Instruction(msgspec.Struct, frozen=True, tag_field="do", tag=True, omit_defaults=True):
    """Base of all instructions that become effects; the class name is the tag."""

    holds_slot = False
    """Whether the agent must hold a slot while this runs."""
    can_be_cancelled = True
    """Whether it may be ended half-way. If not, whoever is killed ends after it."""


class StartTurn(Instruction, frozen=True):
    """Call the model once with the agent's conversation and the first `notes` of its inbox."""

    model: str
    max_tokens: int
    notes: int
    reserved_usd: Decimal
    """What was set aside for this call; an outcome that cannot be known settles at it."""
    attempt: int = 1

    holds_slot = True


class StartTool(Instruction, frozen=True):
    """Carry out one tool call of the agent's last message. The input stands in its transcript."""

    call_id: CallId
    name: str
    brief: str
    """The call in a few words, for a person."""

    holds_slot = True


class PrepareWorkspace(Instruction, frozen=True):
    """Make the agent's checkout at commit `base`, or with `of` let it share that agent's one.

    With `merge`, that commit is merged into the shared checkout first and conflicts are left marked in its files.
    """

    kind: WorkspaceKind
    base: str
    of: AgentId | None = None
    merge: str | None = None


class CheckPlace(StrEnum):
    """What commands are checked against."""

    BASE = "base"
    """The commit the run started from, untouched."""
    WORKSPACE = "workspace"
    """The agent's workspace."""
    RUN = "run"
    """The tip of the run's branch."""


class RunChecks(Instruction, frozen=True):
    """Run `commands` one after another (a validation)."""

    place: CheckPlace
    commands: tuple[str, ...]
    commit: str | None = None
    """What to check out, unless it is a workspace."""

    holds_slot = True


class MergeWork(Instruction, frozen=True):
    """Commit the agent's workspace and merge it into the run's branch, whose tip must be `tip`.

    Carried out again after a crash it reports the merge that is already there.
    """

    tip: str
    title: str

    can_be_cancelled = False


class FindCitation(Instruction, frozen=True):
    """Look for the words `cite` in the files of the agent that answers."""

    question_id: QuestionId
    call_id: CallId
    text: str
    cite: str


class LandBranch(Instruction, frozen=True):
    """Fast-forward the user's branch to `tip` through their checkout, or say why not."""

    tip: str


AnyInstruction = StartTurn | StartTool | PrepareWorkspace | RunChecks | MergeWork | FindCitation | LandBranch


class CancelEffect(msgspec.Struct, frozen=True):
    """End an effect now. Its outcome still comes, as `Cancelled`."""

    effect_id: EffectId


class StartEffect(msgspec.Struct, frozen=True):
    """Carry out an instruction whose opening has been journalled."""

    effect_id: EffectId
    agent_id: AgentId | None
    instruction: AnyInstruction
