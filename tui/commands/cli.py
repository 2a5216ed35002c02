"""The `pilothouse` command: its sub-commands by name, loaded when they are called, and how errors end.

Must stay quick to import: `await`, `status` and `panic` start from here.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from pilothouse.core.errors import ExitCode, PilothouseError

ROOM = "pilothouse.tui.commands"
COMMANDS = {
    "run": "running",
    "demo": "running",
    "resume-run": "running",
    "ls": "looking",
    "status": "looking",
    "tree": "looking",
    "cost": "looking",
    "log": "looking",
    "response": "looking",
    "questions": "looking",
    "await": "waiting",
    "send": "steering",
    "answer": "steering",
    "pause": "steering",
    "resume": "steering",
    "stop": "steering",
    "kill": "steering",
    "merge": "steering",
    "panic": "panicking",
    "trust": "setting",
    "config": "setting",
    "rehearse-server": "setting",
}
"""Which file holds which command; the function is called like the command, with `_` for `-` and after it."""


class Commands(click.Group):
    """The group of all commands. What goes wrong ends in one sentence and the exit code that belongs to it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in the order of the help page."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, loaded now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"{ROOM}.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_") + "_")
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; end with a sentence instead of a traceback."""
        try:
            return super().invoke(ctx)
        except PilothouseError as problem:
            from ..display.sanitize import sanitize

            click.echo(f"pilothouse: {sanitize(str(problem))}", err=True)
            ctx.exit(int(problem.exit_code))
        except KeyboardInterrupt:
            click.echo("", err=True)
            ctx.exit(int(ExitCode.INTERRUPTED))
        except BrokenPipeError:
            # Whoever read us has gone; the interpreter must not try to flush at its end either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(int(ExitCode.FAILED))


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed or skipped, 2 usage, 3 blocked (needs an answer), 4 budget or limit, "
    "5 killed, 6 unverified or empty, 124 timed out, 130 interrupted.",
)
@click.version_option(package_name="pilothouse", message="%(prog)s %(version)s")
@click.pass_context
def pilothouse(ctx: click.Context) -> None:
    """Supervise async AI agents from the terminal. Without a command: this project's live run, or its newest one."""
    if ctx.invoked_subcommand is None:
        from .running import open_newest

        ctx.exit(open_newest())


def main() -> None:
    """Run the command line."""
    pilothouse(prog_name="pilothouse")
