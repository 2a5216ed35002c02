"""The team tools: how a model spawns, awaits and talks. Each call becomes a command that the kernel decides on.

The schemas come from the signatures and docstrings, through the SDK. Nothing here carries anything out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from ..commands import (
    AnswerQuestion,
    AnyCommand,
    AskQuestion,
    AwaitAgents,
    CheckAgents,
    EscalateQuestion,
    FinishAgent,
    MessageAgent,
    PauseAgent,
    ResumeAgent,
    SpawnAgent,
    StopAgent,
)
from ..ids import AgentId, QuestionId
from ..spec import Spec

if TYPE_CHECKING:
    from anthropic.lib.tools import BetaAsyncFunctionTool


async def spawn_agent(spec: Spec) -> AnyCommand:
    """Start an agent that works in the background. Returns its id at once; it starts as soon as what it needs is done.

    Args:
        spec: The complete order. The agent sees nothing of your conversation.
    """
    return SpawnAgent(spec)


async def await_agents(
    ids: tuple[str, ...] = (),
    mode: Literal["all", "any"] | int = "all",
    timeout: float | None = None,  # noqa: ASYNC109 - a tool's parameter
) -> AnyCommand:
    """Wait until agents have ended, and get their results. Waiting costs nothing.

    Returns early when the user writes or one of your agents asks something.

    Args:
        ids: The agents to wait for; all your living ones when left out.
        mode: `all`, `any`, or how many of them must have ended.
        timeout: Seconds to wait at most.
    """
    count = {"all": None, "any": 1}[mode] if isinstance(mode, str) else mode
    milliseconds = None if timeout is None else round(timeout * 1000)
    return AwaitAgents(tuple(map(AgentId, ids)), count, milliseconds)


async def check_agents(ids: tuple[str, ...] = ()) -> AnyCommand:
    """See how agents are doing, without waiting.

    Args:
        ids: The agents to look at; all your children when left out.
    """
    return CheckAgents(tuple(map(AgentId, ids)))


async def message_agent(id: str, text: str) -> AnyCommand:
    """Tell an agent something; it reads it with its next turn.

    Args:
        id: The agent.
        text: What to tell it.
    """
    return MessageAgent(AgentId(id), text)


async def pause_agent(id: str) -> AnyCommand:
    """Let an agent of yours and everything below it stand still until it is resumed.

    Args:
        id: The agent.
    """
    return PauseAgent(AgentId(id))


async def resume_agent(id: str) -> AnyCommand:
    """Let a paused agent of yours go on.

    Args:
        id: The agent.
    """
    return ResumeAgent(AgentId(id))


async def stop_agent(id: str) -> AnyCommand:
    """End an agent of yours and everything below it after what is in flight.

    Args:
        id: The agent.
    """
    return StopAgent(AgentId(id))


async def ask(question: str, options: tuple[str, ...] = (), why: str = "", default: str | None = None) -> AnyCommand:
    """Ask what you cannot find out and must not guess. Goes to your parent, then to the user; the result is the answer.

    Args:
        question: One question, short, that can be answered without knowing your conversation.
        options: The possible answers, two to four, in a few words each.
        why: What depends on it.
        default: The option you would take.
    """
    return AskQuestion(question, options, why, default)


async def answer(question_id: str, text: str, cite: str = "") -> AnyCommand:
    """Answer a question of an agent below you, if it is settled already.

    Args:
        question_id: The question.
        text: The answer; one of the options where there are any.
        cite: The exact words of your order, of a file, or of the user that settle it. They are looked up.
    """
    return AnswerQuestion(QuestionId(question_id), text, cite or None)


async def escalate(question_id: str) -> AnyCommand:
    """Pass a question of an agent below you on to the user.

    Args:
        question_id: The question.
    """
    return EscalateQuestion(QuestionId(question_id))


async def finish(outcome: str, evidence: str = "", failed: bool = False) -> AnyCommand:
    """Claim that your order is carried out. The engine then runs the acceptance commands and merges your work.

    Call it alone, when everything is done and none of your agents is alive.

    Args:
        outcome: What is true now; the first line is what your parent and the user see.
        evidence: What you ran or looked at, acceptance item by acceptance item.
        failed: True if the outcome cannot be reached; say why in `outcome`.
    """
    return FinishAgent(outcome, evidence, failed)


FUNCTIONS = (
    spawn_agent,
    await_agents,
    check_agents,
    message_agent,
    pause_agent,
    resume_agent,
    stop_agent,
    ask,
    answer,
    escalate,
    finish,
)


def team_tools() -> list[BetaAsyncFunctionTool[Any]]:
    """The team tools as the SDK knows tools. Imports the SDK."""
    from anthropic import beta_async_tool

    # The SDK wants functions that return what the model reads; ours return commands, and it never calls them.
    return [beta_async_tool(cast(Any, function)) for function in FUNCTIONS]
