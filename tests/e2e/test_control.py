"""Steering a live run from another shell: pause, resume, stop, kill, panic."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from e2e.model_server import model_server
from e2e.shell import Shell, engine_of, finish, nothing_left, over, until
from e2e.survivors import HERE, marked_token, survivors, wait_until_gone

from pilothouse.core.face.folders import RunFolder
from pilothouse.core.face.picture import Picture
from pilothouse.core.status import Pause, Status

pytestmark = pytest.mark.e2e

TWO_AGENTS = """
summary = "two agents that take several turns each"
goal = "Look around"

[[orchestrator]]
say = "Two of you, please."
[[orchestrator.calls]]
tool = "spawn_agent"
spec = { title = "left", outcome = "Looked left.", acceptance = ["It was."], workspace = "read-only" }
[[orchestrator.calls]]
tool = "spawn_agent"
spec = { title = "right", outcome = "Looked right.", acceptance = ["It was."], workspace = "read-only" }

[[orchestrator]]
until = '(?m)^(\\d+) of \\1 have ended|nobody to wait for'
say = "Waiting."
[[orchestrator.calls]]
tool = "await_agents"
ids = []

[[agents.left]]
say = "First look."
[[agents.left.calls]]
tool = "bash"
command = "echo looking"
[[agents.left]]
say = "Second look."
[[agents.left.calls]]
tool = "glob"
pattern = "*"

[[agents.right]]
say = "First look."
[[agents.right.calls]]
tool = "glob"
pattern = "*"
"""


def agent(picture: Picture, title: str) -> str:
    """The id of the agent of that title."""
    return next(view.id for view in picture.agents.values() if view.title == title)


def start(shell: Shell, variables: dict[str, str]) -> RunFolder:
    shell.make_project()
    return shell.detach("run", "Look around", variables=variables)


def test_no_request_of_a_paused_agent_reaches_the_server_until_it_is_resumed(shell: Shell) -> None:
    with model_server(TWO_AGENTS) as model:
        model.held.add("left")
        run = start(shell, model.variables)
        model.wait_for("left")
        left = agent(until(run, lambda picture: len(picture.agents) == 3), "left")
        done = shell.run("pause", left)
        assert (done.code, done.out) == (0, f"paused {left}\n")
        pausing = until(run, lambda picture: picture.agents[left].pause is Pause.PAUSING)
        assert pausing.agents[left].status is Status.RUNNING  # its call is still in flight
        model.held.clear()
        until(run, lambda picture: picture.agents[left].pause is Pause.PAUSED)
        before = shell.run("status", "--json").json()
        sent = model.requests.count("left")
        # Everything else goes on, to where only the paused one is waited for.
        stalled = until(run, lambda picture: picture.run is not None and picture.run.status == "paused")
        assert stalled.agents[agent(stalled, "right")].status is Status.SUCCEEDED
        assert model.requests.count("left") == sent == 1
        cost = {view["id"]: view["cost_usd"] for view in before["agents"]}
        assert stalled.agents[left].cost_usd == cost[left]
        assert stalled.agents[left].turns == 1
        assert shell.run("resume", left).code == 0
        assert until(run, over).agents[left].status is Status.SUCCEEDED
        assert model.requests.count("left") > sent


def test_a_paused_run_stands_still_and_its_engine_says_what_its_journal_says(shell: Shell) -> None:
    with model_server(TWO_AGENTS) as model:
        model.held |= {"left", "right"}
        run = start(shell, model.variables)
        model.wait_for("left")
        model.wait_for("right")
        assert shell.run("pause", "--all").code == 0
        model.held.clear()
        until(run, lambda picture: all(view.pause is Pause.PAUSED for view in picture.agents.values()))
        sent, journal = len(model.requests), run.journal.read_bytes()
        said = shell.run("status", "--json")
        assert (len(model.requests), run.journal.read_bytes()) == (sent, journal)
        mark = engine_of(run)
        mark.signal(signal.SIGTERM)
        wait_until_gone([mark.pid])
        folded = shell.run("status", "--json")
        assert folded.out == said.out
        nothing_left(run)
        # Another engine keeps the pause.
        assert shell.run("resume-run", "--detach", variables=model.variables).code == 0
        assert shell.run("status", "--line").out.startswith("paused")
        assert shell.run("resume", "--all").code == 0
        until(run, over)
        assert shell.run("status", "--json").json()["status"] == "succeeded"


def one_agent_that(command: str) -> str:
    return f"""
summary = "one agent with one command"
goal = "Run it"
[[orchestrator]]
[[orchestrator.calls]]
tool = "spawn_agent"
spec = {{ title = "worker", outcome = "It ran.", acceptance = ["It did."] }}
[[orchestrator]]
until = '(?m)^(\\d+) of \\1 have ended|nobody to wait for'
[[orchestrator.calls]]
tool = "await_agents"
ids = []
[[agents.worker]]
[[agents.worker.calls]]
tool = "bash"
command = '''{command}'''
"""


@pytest.fixture
def hostile_project(shell: Shell) -> Shell:
    """A project that holds a program that does all it can to survive."""
    shell.make_project(hostile__py=(HERE / "hostile_tree.py").read_text())
    return shell


def wait_until_ready(shell: Shell, run: RunFolder) -> None:
    """Block until the hostile tree has said that all of it lives."""
    until(run, lambda picture: "a1" in picture.agents)
    log = shell.start("log", "-f", "a1")
    assert log.stdout is not None
    assert any(line.split()[1:] == ["result", "ready"] for line in log.stdout)
    log.kill()


@pytest.mark.parametrize("way", ["kill a1", "kill --all", "panic", "kill -9"])
def test_a_hostile_tree_does_not_survive(hostile_project: Shell, way: str) -> None:
    shell = hostile_project
    with marked_token() as token, model_server(one_agent_that(f"python3 -I -S hostile.py {token} stay")) as model:
        run = shell.detach("run", "Run it", variables=model.variables)
        wait_until_ready(shell, run)
        assert survivors(token)
        match way:
            case "kill a1":
                assert shell.run("kill", "a1").code == 0
                picture = until(run, lambda picture: picture.agents["a1"].status.is_terminal)
                assert picture.agents["a1"].status is Status.KILLED
                assert not survivors(token)
                assert shell.run("await", "a1").code == 5
            case "kill --all":
                assert shell.run("kill", "--all").code == 0
                until(run, over)
                assert not survivors(token)
                assert shell.run("resume-run", "--headless", variables=model.variables).code == 5
            case "panic":
                done = shell.run("panic", "--run", run.run_id)
                assert done.code == 0, done.err
                assert "(a1)" in done.out
                assert not survivors(token)
                nothing_left(run)
            case _:
                mark = engine_of(run)
                mark.signal(signal.SIGKILL)
                wait_until_gone([mark.pid])
                nothing_left(run)
                assert not survivors(token)


@pytest.mark.parametrize("command", ["stop", "kill"])
def test_a_headless_run_that_is_ended_from_another_shell_exits_5(shell: Shell, command: str) -> None:
    shell.make_project()
    with model_server(TWO_AGENTS) as model:
        model.held.add("left")
        child = shell.start("run", "Look around", "--headless", variables=model.variables)
        model.wait_for("left")
        run = shell.newest()
        assert shell.run(command, "--all").code == 0
        model.held.clear()
        done = finish(child)
        assert done.code == 5, done.err
        assert f"{'stopped' if command == 'stop' else 'killed'} by you" in done.out
        result = shell.run("status", "--json").json()
        assert {view["status"] for view in result["agents"]} <= {"killed", "succeeded"}
        assert result["status"] == "killed"
        assert over(until(run, over))


def test_a_run_ended_by_panic_says_so_and_can_be_taken_up_again(shell: Shell) -> None:
    shell.make_project()
    with model_server(TWO_AGENTS) as model:
        model.held.add("left")
        child = shell.start("run", "Look around", "--headless", variables=model.variables)
        model.wait_for("left")
        run = shell.newest()
        assert shell.run("panic", "--run", run.run_id[:13]).code == 0
        done = finish(child)
        assert (done.code, "ended by panic" in done.err) == (5, True), done.err
        nothing_left(run)
        model.held.clear()
        assert shell.run("resume-run", "--headless", variables=model.variables).code == 6  # its criteria are words only
        assert not run.was_panicked()


def test_panic_on_a_run_nobody_knows_is_a_usage_error(shell: Shell) -> None:
    done = shell.run("panic", "--run", "nonsense", cwd=shell.home)
    assert done.code == 2
    assert "nonsense" in done.err


def test_stop_of_one_agent_takes_its_subtree_and_nothing_else(shell: Shell) -> None:
    shell.make_project()
    with model_server(TWO_AGENTS) as model:
        model.held.update({"left", "right"})
        run = shell.detach("run", "Look around", variables=model.variables)
        model.wait_for("left")
        left = agent(until(run, lambda picture: len(picture.agents) == 3), "left")
        assert shell.run("stop", left).code == 0
        model.held.clear()
        picture = until(run, over)
        assert picture.agents[left].status is Status.KILLED
        assert picture.agents[agent(picture, "right")].status is Status.SUCCEEDED
        assert picture.agents["a0"].status is Status.SUCCEEDED


def test_steering_needs_an_agent_or_all(shell: Shell) -> None:
    shell.make_project()
    for command in ("pause", "resume", "stop", "kill"):
        done = shell.run(command)
        assert (done.code, f"pilothouse {command} a3" in done.err) == (2, True)


def test_an_agent_nobody_knows_cannot_be_steered(shell: Shell, tmp_path: Path) -> None:
    run = shell.demo("hello")
    until(run, over)
    done = shell.run("kill", "a9")
    assert done.code == 1
    assert "a9" in done.err
