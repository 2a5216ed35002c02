"""Setting things up: `trust`, `config`, and the rehearsal as a server."""

from __future__ import annotations

import asyncio

import click

from .common import json_option, note, print_json, project, say


@click.command("trust")
@click.option("--revoke", is_flag=True, help="Take the agreement back.")
@click.option("--yes", is_flag=True, help="Agree without being asked.")
def trust_(revoke: bool, yes: bool) -> None:
    """Agree to the commands that this project's pilothouse.toml names, as committed."""
    from pilothouse.core.face.trusting import named_commands, revoke_trust, trust_commands

    if revoke:
        note("taken back" if revoke_trust(project()) else "there was no agreement")
        return
    commands = named_commands(project())
    if not commands:
        note("this project's pilothouse.toml names no commands; there is nothing to agree to")
        return
    for key, command in commands.items():
        say(f"{key}: {command}")
    if not yes:
        click.confirm("Run these commands, sandboxed, in runs of this project?", abort=True, err=True)
    trust_commands(project(), commands)
    note("agreed; if the commands change you will be asked again")


@click.command("config")
@json_option
def config_(as_json: bool) -> None:
    """The settings that hold here, and where each one comes from."""
    from pilothouse.core.face.trusting import settings_here

    rows = settings_here(project())
    if as_json:
        print_json({key: {"value": value, "from": origin} for key, value, origin in rows})
        return
    for key, value, origin in rows:
        say(f"{key} = {value}  ({origin})")


@click.command("rehearse-server")
@click.argument("scenario", default="default")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--speed", default=1.0, type=click.FloatRange(min=0.01), help="How fast the model speaks.")
def rehearse_server_(scenario: str, port: int, speed: float) -> None:
    """Serve the rehearsal's model on loopback, for any client of the Messages API."""
    from pilothouse.core.face.rehearsal import serve_scenario

    asyncio.run(serve_scenario(scenario, port, speed, note))
