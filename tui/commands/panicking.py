"""`panic`: end everything of this user's runs, without an engine. Standard library and psutil only below this point."""

from __future__ import annotations

import click

from pilothouse.core.errors import ExitCode, RunNotFoundError
from pilothouse.core.ids import RUN_ID
from pilothouse.core.panic import Report, panic
from pilothouse.core.places import live_registry

from ..display.sanitize import one_line


@click.command("panic")
@click.option("--run", "run", metavar="RUN", help="Only this run; without it every run of yours.")
@click.pass_context
def panic_(ctx: click.Context, run: str | None) -> None:
    """End every process of every run of yours, now."""
    report = panic_everything(None if run is None else meant(run))
    for victim in report.died:
        click.echo(f"ended {victim.pid} {one_line(victim.name)}{f' ({victim.agent})' if victim.agent else ''}")
    runs = ", ".join(report.runs) or "no live run"
    click.echo(f"{runs}: {len(report.died)} processes ended", err=True)
    for victim in report.left:
        click.echo(f"pilothouse: {victim.pid} {one_line(victim.name)} could not be ended", err=True)
    ctx.exit(int(ExitCode.FAILED if report.left else ExitCode.DONE))


def meant(run: str) -> str:
    """The run whose id begins with `run`. A whole id is taken as it is, also if no engine of it is known any more."""
    found = sorted(file.stem for file in live_registry().glob("*.json") if file.stem.startswith(run))
    if len(found) > 1:
        raise RunNotFoundError(f"{run} is the beginning of several runs: {', '.join(found)}")
    if not found and not RUN_ID.fullmatch(run):
        raise RunNotFoundError(f"no run that is known to be live begins with {run}; give its whole id, or no --run")
    return found[0] if found else run


def panic_everything(run: str | None = None) -> Report:
    """End what runs; what died."""
    return panic(run_id=run)
