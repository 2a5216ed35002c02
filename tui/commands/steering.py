"""Steering a run: `send`, `answer`, `pause`, `resume`, `stop`, `kill`, `merge`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import click

from pilothouse.core.commands import (
    AnswerQuestion,
    AnyCommand,
    KillAgent,
    LandRun,
    MessageAgent,
    PauseAgent,
    ResumeAgent,
    StopAgent,
)
from pilothouse.core.errors import ExitCode, UsageError
from pilothouse.core.face.client import LiveSession
from pilothouse.core.face.folders import RunFolder
from pilothouse.core.ids import AgentId, QuestionId

from .common import chosen, note, order, run_option, say


@click.command("send")
@click.argument("agent")
@click.argument("text")
@run_option
def send_(agent: str, text: str, run: str | None) -> None:
    """Tell an agent something; `a0` is the orchestrator."""
    order(chosen(run), MessageAgent(AgentId(agent), text))


@click.command("answer")
@click.argument("question")
@click.argument("text")
@run_option
def answer_(question: str, text: str, run: str | None) -> None:
    """Answer a question; an option's number will do."""
    order(chosen(run), AnswerQuestion(QuestionId(question), text))


def _subtree_command(name: str, text: str, make: Callable[[AgentId | None], AnyCommand]) -> click.Command:
    """A command that is done to an agent and everything below it, or with `--all` to the run."""

    @click.command(name, help=text)
    @click.argument("agent", required=False)
    @click.option("--all", "everything", is_flag=True, help="The whole run.")
    @run_option
    def command(agent: str | None, everything: bool, run: str | None) -> None:
        if (agent is None) == (not everything):
            raise UsageError(f"say which agent, or --all: `pilothouse {name} a3`")
        order(chosen(run), make(AgentId(agent) if agent is not None else None))

    return command


pause_ = _subtree_command("pause", "Let an agent and everything below it stand still.", PauseAgent)
resume_ = _subtree_command("resume", "Let what was paused go on.", ResumeAgent)
stop_ = _subtree_command("stop", "End an agent and everything below it after what is in flight.", StopAgent)
kill_ = _subtree_command("kill", "End an agent and everything below it now, with all its processes.", KillAgent)


@click.command("merge")
@click.argument("run", required=False, metavar="[RUN]")
@click.pass_context
def merge_(ctx: click.Context, run: str | None) -> None:
    """Bring the run's branch into yours (fast-forward through your checkout), or say why not."""
    ctx.exit(asyncio.run(_land(chosen(run))))


async def _land(run: RunFolder) -> int:
    session = LiveSession(run)
    try:
        async with aclosing(session.watch()) as updates:
            async for _ in updates:
                if session.picture.run is not None:
                    break
            answer = await session.submit(LandRun())
            if answer.refused:
                note(f"pilothouse: {answer.text}")
                return ExitCode.FAILED
            async for _ in updates:
                view = session.picture.run
                if view is not None and view.landing is not None and view.landing.commit == view.tip:
                    landing = view.landing
                    say(f"{landing.branch} is now at {landing.commit[:10]} (it was at {landing.before[:10]})")
                    return ExitCode.DONE
                if view is not None and view.landing_refused is not None:
                    note(f"pilothouse: {view.landing_refused}")
                    return ExitCode.FAILED
    finally:
        await session.close()
    return ExitCode.FAILED
