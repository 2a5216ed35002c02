"""What the commands share: which run is meant, how JSON is printed, and talking to its engine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from pilothouse.core.commands import AnyCommand
from pilothouse.core.errors import EngineGoneError, ExitCode
from pilothouse.core.face.folders import RunFolder, find_run, project_of
from pilothouse.core.face.session import Answer
from pilothouse.core.views import RunResult

from ..display.sanitize import is_inert, sanitize

Function = TypeVar("Function", bound=Callable[..., Any])


def run_option(function: Function) -> Function:
    """`--run RUN`."""
    text = "The run, by the beginning of its id; without it the live one, else the newest."
    return click.option("--run", "run", metavar="RUN", help=text)(function)


def json_option(function: Function) -> Function:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def project() -> Path:
    """The project of the current folder."""
    return project_of(Path.cwd())


def chosen(run: str | None) -> RunFolder:
    """The run that is meant."""
    return find_run(project(), run)


def print_json(value: Any) -> None:
    """Print `value` as JSON on stdout; what a terminal could act on stands there as `\\uXXXX`."""
    click.echo(escaped(msgspec.json.format(msgspec.json.encode(value), indent=2).decode()))


def escaped(text: str) -> str:
    """JSON `text` that says the same and holds nothing a terminal could act on."""
    if is_inert(text):
        return text
    return "".join(char if is_inert(char) else json.dumps(char)[1:-1] for char in text)


def say(text: str) -> None:
    """Print what may hold anybody's words on stdout, without what could steer a terminal."""
    click.echo(sanitize(text))


def note(text: str) -> None:
    """Tell the person something, on stderr."""
    click.echo(sanitize(text), err=True)


def result_of(run: RunFolder) -> RunResult:
    """All there is to see of `run`: what its engine says, else what its journal says. They are the same."""
    if run.is_live():
        from pilothouse.core.face.client import Connection

        async def ask() -> RunResult:
            connection = await Connection.open(run)
            try:
                return await connection.result()
            finally:
                await connection.close()

        try:
            return asyncio.run(ask())
        except EngineGoneError:
            pass
    from pilothouse.core.face.offline import load_result

    return load_result(run)


def as_json(result: RunResult) -> dict[str, Any]:
    """A run in the form that `--json` prints: the run's own fields, with its agents and questions inside."""
    run: dict[str, Any] = msgspec.to_builtins(result.run)
    return {**run, "agents": msgspec.to_builtins(result.agents), "questions": msgspec.to_builtins(result.questions)}


def submit(run: RunFolder, command: AnyCommand) -> Answer:
    """Ask the engine of `run` for a command."""
    from pilothouse.core.face.client import Connection

    async def ask() -> Answer:
        connection = await Connection.open(run)
        try:
            return await connection.submit(command)
        finally:
            await connection.close()

    return asyncio.run(ask())


def order(run: RunFolder, command: AnyCommand) -> None:
    """Ask for `command` and end with what came of it."""
    answer = submit(run, command)
    if answer.refused:
        note(f"pilothouse: {answer.text}")
        raise click.exceptions.Exit(int(ExitCode.FAILED))
    say(answer.text)
