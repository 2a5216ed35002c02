"""`await` from the user's shell and from an agent's bash; several runs in one project."""

from __future__ import annotations

import pytest
from e2e.model_server import model_server
from e2e.shell import Shell, finish, over, until

from pilothouse.core.status import Status

pytestmark = pytest.mark.e2e

PAIR = """
summary = "one waits for the other in its shell"
goal = "Wait"
[[orchestrator]]
[[orchestrator.calls]]
tool = "spawn_agent"
spec = { title = "slow", outcome = "It is slow.", acceptance = ["It was."], workspace = "read-only" }
[[orchestrator.calls]]
tool = "spawn_agent"
spec = { title = "waiter", outcome = "It waited.", acceptance = ["$ test -f code"] }
[[orchestrator]]
until = '(?m)^(\\d+) of \\1 have ended|nobody to wait for'
[[orchestrator.calls]]
tool = "await_agents"
ids = []
[[agents.slow]]
say = "Slow."
[[agents.slow.calls]]
tool = "glob"
pattern = "*"
[[agents.waiter]]
[[agents.waiter.calls]]
tool = "bash"
command = "echo go; ./agent-responses/await --timeout 100s a1; echo $? > code; cat agent-responses/a1.md > /dev/null"
[[agents.waiter]]
[[agents.waiter.calls]]
tool = "bash"
command = "cat code; touch agent-responses/mine"
"""


def test_an_agents_shell_waits_for_another_agent_through_the_response_files(shell: Shell) -> None:
    shell.make_project()
    with model_server(PAIR) as model:
        model.held.add("slow")
        run = shell.detach("run", "Wait", variables=model.variables)
        model.wait_for("slow")
        until(run, lambda picture: len(picture.agents) == 3)
        log = shell.start("log", "-f", "a2")
        assert log.stdout is not None
        assert any(line.split()[1:] == ["result", "go"] for line in log.stdout)
        waiting = shell.start("await", "a1", "a2")
        first = shell.start("await", "a1", "a2", "--any", "--json")
        soon = shell.run("await", "a1", "--timeout", "0.3s")
        assert (soon.code, soon.out) == (124, "a1 running\n")
        assert "a1 had not ended after 0.3 s" in soon.err
        model.held.clear()
        assert finish(first).json()[0]["status"] == "succeeded"
        done = finish(waiting)
        # The words of the first are checked by nobody: unverified is what both come to.
        assert (done.code, done.out) == (6, "a1 succeeded unverified\na2 succeeded verified\n")
        picture = until(run, over)
        assert picture.run is not None
        assert shell.git("show", f"{picture.run.branch}:code") == "6"
        rest = log.stdout.read()
        assert "a1 succeeded unverified" in rest
        assert "Read-only file system" in rest or picture.run.sandbox != "S3"
        assert shell.git("ls-tree", "--name-only", picture.run.branch).split() == ["README.md", "code"]


def test_await_says_what_is_wrong_with_what_it_is_asked(shell: Shell) -> None:
    shell.make_project()
    assert shell.run("run", "Say hello", "--rehearse", "hello", "--headless").code == 6
    for arguments, words in (
        (["a9"], "there is no agent a9"),
        (["a0", "--timeout", "soon"], "no duration"),
        ([], "Missing argument"),
        (["a0", "--min", "0"], "--min"),
    ):
        done = shell.run("await", *arguments)
        assert (done.code, words in done.err) == (2, True), done
    assert shell.run("await", "a0").code == 6


def test_two_runs_live_in_one_project_and_are_told_apart(shell: Shell) -> None:
    shell.make_project()
    with model_server("hello") as model:
        model.held.add("orchestrator")
        first = shell.detach("run", "One", variables=model.variables)
        second = shell.detach("run", "Two", variables=model.variables)
        model.wait_for("orchestrator", 2)
        both = shell.run("status")
        assert both.code == 2
        assert first.run_id in both.err
        assert second.run_id in both.err
        assert "--run" in both.err
        for run, goal in ((first, "One"), (second, "Two")):
            assert shell.run("status", "--json", "--run", run.run_id).json()["goal"] == goal
        assert shell.run("status", "--run", "26").code == 2
        assert shell.run("status", "--run", "99").code == 2
        assert shell.run("kill", "--all", "--run", first.run_id).code == 0
        until(first, over)
        # The only one that goes on is meant now.
        assert shell.run("status", "--json").json()["goal"] == "Two"
        model.held.clear()
        assert until(second, over).agents["a0"].status is Status.SUCCEEDED
        rows = shell.run("ls", "--json").json()
        assert [(row["goal"], row["status"]) for row in rows] == [("Two", "succeeded"), ("One", "killed")]


def test_a_second_engine_on_a_run_is_refused(shell: Shell) -> None:
    shell.make_project()
    with model_server("hello") as model:
        model.held.add("orchestrator")
        run = shell.detach("run", "One", variables=model.variables)
        model.wait_for("orchestrator")
        # As if nobody knew of the first one.
        (run.path / "engine.json").unlink()
        done = shell.run("resume-run", "--detach", variables=model.variables)
        assert done.code == 1
        assert f"another engine runs {run.run_id}" in done.err
        word = (shell.home / "state" / "pilothouse" / "live" / f"{run.run_id}.json").read_text()
        (run.path / "engine.json").write_text(word)
        assert shell.run("kill", "--all").code == 0
