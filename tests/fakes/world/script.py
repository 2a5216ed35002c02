"""What the models say: a reply is a pure function of how many turns an agent has had and what it has read so far."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from pilothouse.core import commands as c
from pilothouse.core.ids import AgentId, QuestionId
from pilothouse.core.outcomes import ModelErrorKind, StopReason
from pilothouse.core.spec import Spec, WorkspaceKind


@dataclass(frozen=True, slots=True)
class Seen:
    """What an agent has behind it."""

    turns: int
    texts: tuple[str, ...]

    @property
    def last(self) -> str:
        """Everything it has read since its last reply."""
        return self.texts[-1] if self.texts else ""

    @property
    def unknown(self) -> int:
        """How often it read that the outcome of a call is unknown."""
        return sum("outcome unknown" in text for text in self.texts)


@dataclass(frozen=True, slots=True)
class Use:
    """One call of a tool that is carried out in the world; `writes` is what it leaves in the workspace."""

    name: str
    brief: str = ""
    writes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """One message of a model. Without `stop` it ends as its calls say."""

    text: str = ""
    calls: tuple[c.AnyCommand | Use, ...] = ()
    stop: StopReason | None = None
    output_tokens: int = 200

    @property
    def stop_reason(self) -> StopReason:
        """Why the message ended."""
        return self.stop or (StopReason.TOOL_USE if self.calls else StopReason.END_TURN)


@dataclass(frozen=True, slots=True)
class Fault:
    """A model call that fails. `retry_after_ms` is what the server asks for."""

    kind: ModelErrorKind
    retry_after_ms: int | None = None
    message: str = "the server said no"


Script = Callable[[Seen], Reply]


def steps(*replies: Reply) -> Script:
    """One reply a turn, the last one for ever; what may have been lost with an engine is done again."""

    def script(seen: Seen) -> Reply:
        return replies[min(seen.turns - seen.unknown, len(replies) - 1)]

    return script


def order(
    title: str,
    *acceptance: str,
    outcome: str = "",
    needs: tuple[str, ...] = (),
    reads: bool = False,
    budget: str | None = None,
    model: str | None = None,
    context: str = "",
) -> Spec:
    """A complete spec; its acceptance is a sentence unless something else is given."""
    return Spec(
        title=title,
        outcome=outcome or f"The {title} is done.",
        acceptance=acceptance or (f"The {title} works.",),
        context=context,
        needs=needs,
        budget_usd=Decimal(budget) if budget else None,
        model=model,
        workspace=WorkspaceKind.READ_ONLY if reads else WorkspaceKind.CLONE,
    )


def spawn(spec: Spec) -> c.SpawnAgent:
    """The call that spawns an agent with `spec`."""
    return c.SpawnAgent(spec)


def await_agents(*names: str, count: int | None = None, timeout_ms: int | None = None) -> c.AwaitAgents:
    """The call that waits for `names`, or for all children."""
    return c.AwaitAgents(tuple(AgentId(name) for name in names), count, timeout_ms)


def write(**files: str) -> Use:
    """The call that puts words into files; `__` in a name stands for `#`, which parts a file from a place in it."""
    writes = {name.replace("__", "#"): words for name, words in files.items()}
    return Use("write", ", ".join(writes), writes)


def ask(text: str, *options: str, why: str = "", default: str | None = None) -> c.AskQuestion:
    """The call that asks the parent."""
    return c.AskQuestion(text, options, why, default)


def answer(question: str, text: str, cite: str | None = None) -> c.AnswerQuestion:
    """The call that answers a child's question."""
    return c.AnswerQuestion(QuestionId(question), text, cite)


def escalate(question: str) -> c.EscalateQuestion:
    """The call that passes a child's question up."""
    return c.EscalateQuestion(QuestionId(question))


def message(agent: str, text: str) -> c.MessageAgent:
    """The call that tells another agent something."""
    return c.MessageAgent(AgentId(agent), text)


def finish(outcome: str = "done", evidence: str = "") -> c.FinishAgent:
    """The call that claims the outcome holds."""
    return c.FinishAgent(outcome, evidence)


def fail(outcome: str = "it cannot be done") -> c.FinishAgent:
    """The call that says the outcome cannot be reached."""
    return c.FinishAgent(outcome, failed=True)


_ASKED = re.compile(r'" asks (q\d+):')


def asked(text: str) -> tuple[str, ...]:
    """The ids of the questions that children ask in `text`."""
    return tuple(_ASKED.findall(text))
