"""Sixty agents asked for at once: the caps hold, the refusals can be read, and the machine keeps breathing."""

from __future__ import annotations

import pytest
from e2e.shell import Shell, over, processes_of, until

from pilothouse.core.face.picture import Picture

pytestmark = pytest.mark.e2e


def test_sixty_spawns_in_one_turn_end_at_the_caps_with_readable_refusals(shell: Shell) -> None:
    run = shell.demo("sixty", "--max-running", "3", "--max-agents", "9")
    most = {"running": 0, "processes": 0}

    def look(picture: Picture) -> bool:
        assert picture.run is not None
        most["running"] = max(most["running"], picture.run.running)
        most["processes"] = max(most["processes"], len(processes_of(run)))
        return over(picture)

    until(run, look)
    result = shell.run("status", "--json").json()
    assert (result["status"], len(result["agents"])) == ("succeeded", 9)
    refusals = result["refusals"]
    assert len(refusals) == 60 - 8
    assert {refusal["words"] for refusal in refusals} == {"the run has 9 of at most 9 agents (0 left)"}
    assert most["running"] <= 3
    # Each tool has its warden, sandbox and shell, each check-out its git; two wardens stand by.
    assert 0 < most["processes"] <= 3 * 5 + 4


def test_children_of_one_agent_are_capped_by_default(shell: Shell) -> None:
    run = shell.demo("sixty")
    picture = until(run, over)
    assert picture.run is not None
    assert len(picture.agents) == 13
    assert {refusal.code for refusal in picture.run.refusals} == {"children"}
    assert len(picture.run.refusals) == 48
