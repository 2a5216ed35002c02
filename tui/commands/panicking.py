"""`panic`: end everything of this user's runs, without an engine. Standard library and psutil only below this point."""

from __future__ import annotations

import click

from pilothouse.core.errors import ExitCode
from pilothouse.core.panic import Report, panic

from ..display.sanitize import one_line


@click.command("panic")
@click.option("--run", "run", metavar="RUN", help="Only this run; without it every run of yours.")
@click.pass_context
def panic_(ctx: click.Context, run: str | None) -> None:
    """End every process of every run of yours, now."""
    report = panic_everything(run)
    for victim in report.died:
        click.echo(f"ended {victim.pid} {one_line(victim.name)}{f' ({victim.agent})' if victim.agent else ''}")
    runs = ", ".join(report.runs) or "no live run"
    click.echo(f"{runs}: {len(report.died)} processes ended", err=True)
    for victim in report.left:
        click.echo(f"pilothouse: {victim.pid} {one_line(victim.name)} could not be ended", err=True)
    ctx.exit(int(ExitCode.FAILED if report.left else ExitCode.DONE))


def panic_everything(run: str | None = None) -> Report:
    """End what runs; what died."""
    return panic(run_id=run)
