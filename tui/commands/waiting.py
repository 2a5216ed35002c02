"""`await`: wait for agents to end, with the screen open or closed, from a shell or from an agent's bash."""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing

import click

from pilothouse.core.errors import ExitCode, UsageError
from pilothouse.core.face.client import LiveSession
from pilothouse.core.face.folders import RunFolder
from pilothouse.core.face.picture import Picture
from pilothouse.core.status import Status
from pilothouse.core.views import AgentView

from . import endings
from .common import chosen, json_option, note, print_json, run_option, say

UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


@click.command("await")
@click.argument("agents", nargs=-1, required=True, metavar="ID...")
@click.option("--any", "any_", is_flag=True, help="Until one of them has ended.")
@click.option("--min", "least", type=click.IntRange(min=1), metavar="K", help="Until K of them have ended.")
@click.option("--timeout", metavar="10m", help="Wait at most that long (s, m or h); then end with 124.")
@run_option
@json_option
@click.pass_context
def await_(
    ctx: click.Context,
    agents: tuple[str, ...],
    any_: bool,
    least: int | None,
    timeout: str | None,
    run: str | None,
    as_json: bool,
) -> None:
    """Wait until agents have ended. Ends with the worst of their exit codes, or with 3 once only a person can help."""
    wanted = 1 if any_ else min(least or len(agents), len(agents))
    code = asyncio.run(_wait(chosen(run), agents, wanted, _seconds(timeout), as_json))
    ctx.exit(int(code))


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h|)", text.strip())
    if match is None:
        raise UsageError(f"--timeout {text} is no duration; write 30s, 10m or 2h")
    return float(match[1]) * UNITS[match[2]]


async def _wait(run: RunFolder, names: tuple[str, ...], wanted: int, seconds: float | None, as_json: bool) -> ExitCode:
    session = LiveSession(run)
    try:
        async with asyncio.timeout(seconds), aclosing(session.watch()) as updates:
            async for _ in updates:
                code = _look(session.picture, names, wanted)
                if code is not None:
                    _print(session.picture, names, as_json)
                    return code
    except TimeoutError:
        note(f"pilothouse: {', '.join(names)} had not ended after {seconds:g} s")
        _print(session.picture, names, as_json)
        return ExitCode.TIMED_OUT
    finally:
        await session.close()
    return ExitCode.FAILED


def _look(picture: Picture, names: tuple[str, ...], wanted: int) -> ExitCode | None:
    """The exit code once the wait is over; None while it is not."""
    unknown = [name for name in names if name not in picture.agents]
    if unknown:
        raise UsageError(f"there is no agent {', '.join(unknown)} in this run; `pilothouse tree` shows them")
    agents = [picture.agents[name] for name in names]
    ended = [agent for agent in agents if agent.status.is_terminal]
    if len(ended) >= wanted:
        return endings.worst(code for agent in ended if (code := endings.of_agent(agent)) is not None)
    if all(_is_stuck(picture, agent, set()) for agent in agents if not agent.status.is_terminal):
        return ExitCode.BLOCKED
    if not picture.connected:
        note("pilothouse: the engine is gone; `pilothouse resume-run` takes the run up again")
        return ExitCode.FAILED
    return None


def _is_stuck(picture: Picture, agent: AgentView, seen: set[str]) -> bool:
    """Whether an agent cannot go on without a person: it is blocked, or all it waits for is."""
    if agent.id in seen:
        return True
    if agent.status is Status.BLOCKED:
        return True
    reason = agent.reason
    if reason is None or reason.code not in ("await", "children", "needs", "fixer"):
        return False
    others = [picture.agents[name] for name in reason.ids if name in picture.agents]
    return bool(others) and all(_is_stuck(picture, other, seen | {agent.id}) for other in others)


def _print(picture: Picture, names: tuple[str, ...], as_json: bool) -> None:
    agents = [picture.agents[name] for name in names if name in picture.agents]
    if as_json:
        print_json(agents)
        return
    for agent in agents:
        verdict = f" {agent.verdict.value}" if agent.verdict else ""
        say(f"{agent.id} {agent.status.value}{verdict}")
