"""`run`, `demo`, `resume-run` and the bare `pilothouse`: what starts or opens a run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pilothouse.core.errors import ExitCode, UsageError
from pilothouse.core.face.folders import find_run, runs_of
from pilothouse.core.face.start import RunOrder, ensure_engine, start_run

from .common import chosen, note, project
from .opening import choose, has_screen, open_screen, show

PLAIN_SPEED = 5.0
"""How fast a rehearsal plays when nobody watches it."""

Function = TypeVar("Function", bound=Callable[..., Any])


def run_options(function: Function) -> Function:
    """The options of everything that starts a run."""
    options = [
        click.option("--headless", is_flag=True, help="No screen: progress on stderr, the receipt on stdout."),
        click.option("--json", "as_json_", is_flag=True, help="Headless, and the result as JSON on stdout."),
        click.option("--detach", is_flag=True, help="Start it, print its id and return."),
        click.option("--model", metavar="M", help="The model agents use."),
        click.option("--max-cost", metavar="USD", help="Dollars the run may cost."),
        click.option("--max-agents", metavar="N", help="Agents the run may have."),
        click.option("--max-running", metavar="N", help="Agents that may work at once."),
        click.option("--max-depth", metavar="N", help="How deep agents may nest."),
        click.option("--validate", multiple=True, metavar="CMD", help="A command that must pass; may be given again."),
        click.option("--land", is_flag=True, help="Bring a verified result into your branch at the end."),
        click.option("--allow-dirty", is_flag=True, help="Start from the last commit although there are changes."),
        click.option("--speed", type=click.FloatRange(min=0.01), help="How fast a rehearsal plays."),
        click.option("--answer", multiple=True, metavar="TEXT", help="An answer for the rehearsal's next question."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@click.command("run")
@click.argument("goal")
@click.option(
    "--rehearse", is_flag=False, flag_value="default", metavar="[SCENARIO]", help="Offline, with scripted words."
)
@run_options
@click.pass_context
def run_(ctx: click.Context, /, goal: str, rehearse: str | None, **options: Any) -> None:
    """Start a run for GOAL and open it."""
    if not goal.strip():
        raise UsageError("the goal is empty; say in a sentence or two what is to be true when the run is done")
    ctx.exit(begin(goal, project(), rehearse, **options))


@click.command("demo")
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Where the project is laid down; a new folder.")
@click.argument("scenario", default="default")
@run_options
@click.pass_context
def demo_(ctx: click.Context, /, folder: Path | None, scenario: str, **options: Any) -> None:
    """The rehearsal: a real run of a small project, offline, without a key and without cost."""
    ctx.exit(rehearse(scenario, folder, **options))


@click.command("resume-run")
@click.argument("run", required=False, metavar="[RUN]")
@click.option("--headless", is_flag=True, help="No screen: progress on stderr, the receipt on stdout.")
@click.option("--detach", is_flag=True, help="Take it up and return.")
@click.pass_context
def resume_run_(ctx: click.Context, run: str | None, headless: bool, detach: bool) -> None:
    """Take up a run whose engine is gone."""
    folder = chosen(run)
    for line in ensure_engine(folder):
        note(line)
    if detach:
        click.echo(folder.run_id)
        ctx.exit(0)
    ctx.exit(show(folder, headless=headless, as_json_=False, answers=()))


def rehearse(scenario: str, folder: Path | None = None, **options: Any) -> int:
    """Lay the rehearsal's project down and start its run there; the exit code."""
    from pilothouse.core.face.rehearsal import goal_of, lay_down

    goal = goal_of(scenario)
    place = folder or Path(tempfile.mkdtemp(prefix="pilothouse-demo-")) / "ledgerline"
    lay_down(place)
    note(f"This is a rehearsal: the words are scripted, everything else is real. The project: {place}")
    return begin(goal, place, scenario, **options)


def begin(
    goal: str,
    place: Path,
    scenario: str | None,
    *,
    headless: bool = False,
    as_json_: bool = False,
    detach: bool = False,
    land: bool = False,
    allow_dirty: bool = False,
    speed: float | None = None,
    answer: tuple[str, ...] = (),
    validate: tuple[str, ...] = (),
    **limits: str | None,
) -> int:
    """Start a run and show it; the exit code."""
    headless = headless or as_json_ or not has_screen()
    if scenario is None and (speed is not None or answer):
        raise UsageError("--speed and --answer are for rehearsals; add --rehearse, or use `pilothouse demo`")
    flags: dict[str, Any] = {key: value for key, value in limits.items() if value is not None}
    if validate:
        flags["validation"] = list(validate)
    started, notes = start_run(
        RunOrder(
            goal=goal,
            project=str(place.resolve()),
            flags=flags,
            rehearsal=scenario,
            speed=speed or (PLAIN_SPEED if headless else 1.0),
            land=land,
            allow_dirty=allow_dirty,
        )
    )
    for line in notes:
        note(f"note: {line}")
    if detach:
        click.echo(started.run_id)
        return ExitCode.DONE
    return show(started, headless=headless, as_json_=as_json_, answers=answer, rehearses=scenario is not None)


def open_newest() -> int:
    """The bare `pilothouse`: this project's live run, else the start screen (without a screen, the newest run)."""
    if not has_screen():
        return show(find_run(project(), None), headless=True, as_json_=False, answers=())
    if any(run.is_going() for run in runs_of(project())):
        return open_screen(find_run(project(), None))
    choice = choose(project())
    if choice is None:
        return ExitCode.DONE
    if choice.run:
        return open_screen(find_run(project(), choice.run))
    if choice.rehearsal:
        return rehearse("default")
    return begin(choice.goal, project(), None)
