"""Bringing a run's result into the user's branch: with its engine alive or gone, at the end, or not at all."""

from __future__ import annotations

import signal

import pytest
from e2e.model_server import model_server
from e2e.shell import Shell, engine_of, finish, nothing_left, over, until
from e2e.survivors import wait_until_gone

pytestmark = pytest.mark.e2e

WRITES = """
summary = "one agent that writes a file"
goal = "Write it"
[[orchestrator]]
[[orchestrator.calls]]
tool = "spawn_agent"
spec = { title = "writer", outcome = "new.txt is there.", acceptance = ["$ test -f new.txt"] }
[[orchestrator]]
until = '(?m)^(\\d+) of \\1 have ended|nobody to wait for'
[[orchestrator.calls]]
tool = "await_agents"
ids = []
[[agents.writer]]
[[agents.writer.calls]]
tool = "write"
file_path = "new.txt"
content = "new\\n"
"""


def write(shell: Shell, *options: str) -> dict[str, object]:
    """A finished run with one merge; its result."""
    shell.make_project()
    with model_server(WRITES) as model:
        options = ("--validate", "test -f README.md", *options)
        done = shell.run("run", "Write it", "--json", *options, variables=model.variables)
    assert done.code == 0, done.err
    result: dict[str, object] = done.json()
    return result


def test_a_result_lands_while_the_engine_lives(shell: Shell) -> None:
    result = write(shell)
    assert shell.newest().is_live()
    assert not (shell.project / "new.txt").exists()
    done = shell.run("merge")
    assert done.code == 0, done.err
    assert done.out.startswith("main is now at ")
    assert (shell.project / "new.txt").read_text() == "new\n"
    assert shell.git("rev-parse", "HEAD") == result["tip"]
    assert shell.git("status", "--porcelain") == ""
    again = shell.run("merge")
    assert (again.code, again.err) == (1, "pilothouse: the result is already in main\n")


def test_a_result_lands_after_the_engine_has_gone(shell: Shell) -> None:
    result = write(shell)
    run = shell.newest()
    mark = engine_of(run)
    mark.signal(signal.SIGTERM)
    wait_until_gone([mark.pid])
    nothing_left(run)
    done = shell.run("merge", run.run_id[:10])
    assert done.code == 0, done.err
    assert shell.git("rev-parse", "HEAD") == result["tip"]
    landing = shell.run("status", "--json").json()["landing"]
    assert (landing["branch"], landing["commit"], landing["before"]) == ("main", result["tip"], result["base"])


def test_a_branch_that_has_moved_on_is_left_alone_until_it_fits(shell: Shell) -> None:
    result = write(shell)
    moved = shell.commit(other__txt="mine\n")
    done = shell.run("merge")
    assert done.code == 1
    (sentence,) = done.err.splitlines()
    assert "main has moved on since the run started" in sentence
    assert f"git merge {result['branch']}" in sentence
    assert shell.git("rev-parse", "HEAD") == moved
    shell.git("reset", "-q", "--hard", str(result["base"]))
    again = shell.run("merge")
    assert again.code == 0, again.err
    assert shell.git("rev-parse", "HEAD") == result["tip"]


def test_land_lands_at_the_end(shell: Shell) -> None:
    result = write(shell, "--land")
    assert shell.git("rev-parse", "HEAD") == result["tip"]
    assert result["landing"]


def test_a_run_without_merges_has_nothing_to_land(shell: Shell) -> None:
    shell.make_project()
    assert shell.run("run", "Say hello", "--rehearse", "hello", "--headless").code == 6
    done = shell.run("merge")
    assert (done.code, "nothing to land" in done.err) == (1, True)


def test_a_run_that_goes_on_cannot_be_landed_yet(shell: Shell) -> None:
    shell.make_project()
    with model_server(WRITES) as model:
        model.held.add("orchestrator")
        child = shell.start("run", "Write it", "--headless", variables=model.variables)
        model.wait_for("orchestrator")
        done = shell.run("merge")
        assert done.code == 1
        assert shell.run("kill", "--all").code == 0
        model.held.clear()
        assert finish(child).code == 5
        until(shell.newest(), over)
