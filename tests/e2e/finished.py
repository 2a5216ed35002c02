"""One rehearsal of the default scenario from beginning to end, and what was seen of it on the way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from e2e.shell import SPEED, Done, Shell, finish, over, until

from pilothouse.core.face.folders import RunFolder
from pilothouse.core.face.picture import Picture


@dataclass
class Finished:
    """The run, how the command ended that played it, and what both tellers said at the same moment."""

    shell: Shell
    run: RunFolder
    done: Done
    moments: list[tuple[str, str]] = field(default_factory=list)
    """What the engine said, and what its journal said when no line was added meanwhile."""
    statuses: dict[str, set[str]] = field(default_factory=dict)
    """Every status each agent was seen in."""

    @property
    def result(self) -> dict[str, Any]:
        """What `demo --json` printed."""
        result: dict[str, Any] = json.loads(self.done.out)
        return result

    def agent(self, title: str) -> dict[str, Any]:
        """The agent of that title in the result."""
        return next(agent for agent in self.result["agents"] if agent["title"] == title)


def play(shell: Shell) -> Finished:
    """Play it, and compare engine and journal whenever somebody's status changes."""
    child = shell.start("demo", "--dir", str(shell.project), "--json", "--speed", SPEED)
    assert child.stderr is not None
    while not child.stderr.readline().startswith("run "):
        assert child.poll() is None
    finished = Finished(shell, shell.newest(), Done(-1, "", ""))

    def look(picture: Picture) -> bool:
        changed = False
        for agent in picture.agents.values():
            seen = finished.statuses.setdefault(agent.title, set())
            changed = changed or agent.status.value not in seen
            seen.add(agent.status.value)
        if changed:
            finished.moments += moment(finished.run)
        return over(picture)

    until(finished.run, look)
    finished.done = finish(child)
    return finished


def moment(run: RunFolder) -> list[tuple[str, str]]:
    """What the engine of `run` says and what its journal says; nothing if it went on between."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from pilothouse.core.face.client import Connection
    from pilothouse.core.face.offline import load_result
    from pilothouse.core.views import RunResult
    from pilothouse.tui.commands.common import as_json

    async def ask() -> RunResult:
        connection = await Connection.open(run)
        try:
            return await connection.result()
        finally:
            await connection.close()

    before = run.journal.read_bytes()
    with ThreadPoolExecutor(1) as elsewhere:
        live = elsewhere.submit(asyncio.run, ask()).result()
    folded = load_result(run)
    if run.journal.read_bytes() != before:
        return []
    return [(json.dumps(as_json(live), default=str), json.dumps(as_json(folded), default=str))]
