"""What a front end needs of the rehearsal: its goals, its project, and its model as a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from ..adapters.rehearsal.lay_down import lay_down_project
from ..adapters.rehearsal.scenario import load


def goal_of(scenario: str) -> str:
    """What the scenario's run is for. Raises `UsageError` with the known names."""
    return load(scenario).goal


def lay_down(place: Path) -> None:
    """Put the rehearsal's project, a git repository with one commit, at `place`."""
    lay_down_project(place)


async def serve_scenario(scenario: str, port: int, speed: float, say: Callable[[str], None]) -> None:
    """Serve the scenario's model on 127.0.0.1 until interrupted; `say` is told the address."""
    from ..adapters.rehearsal.server import serve
    from ..adapters.rehearsal.service import Rehearsal

    async with serve(Rehearsal(load(scenario), speed=speed), port=port) as address:
        say(f"serving the rehearsal {scenario!r}: ANTHROPIC_BASE_URL={address} ANTHROPIC_API_KEY=rehearsal")
        await asyncio.Event().wait()
