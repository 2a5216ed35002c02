"""Questions to the user and answers from another shell, with the agents waiting or gone on meanwhile."""

from __future__ import annotations

import pytest
from e2e.model_server import model_server
from e2e.shell import Shell, asks, finish, kill_engine, over, until

from pilothouse.core.status import Status

pytestmark = pytest.mark.e2e

ASKS = """
summary = "one agent that asks"
goal = "Choose"
[[orchestrator]]
[[orchestrator.calls]]
tool = "spawn_agent"
spec = { title = "chooser", outcome = "It is chosen.", acceptance = ["$ test -f choice"] }
[[orchestrator]]
until = '(?m)^(\\d+) of \\1 have ended|nobody to wait for'
[[orchestrator.calls]]
tool = "await_agents"
ids = []
[[agents.chooser]]
[[agents.chooser.calls]]
tool = "ask"
question = "Tea or coffee?"
options = ["tea", "coffee"]
why = "Both cannot be had."
default = "tea"
[[agents.chooser]]
[[agents.chooser.calls]]
tool = "bash"
command = "echo {answer} > choice"
"""


def test_a_headless_real_run_takes_no_default_and_goes_on_once_it_is_answered(shell: Shell) -> None:
    shell.make_project()
    with model_server(ASKS) as model:
        done = shell.run("run", "Choose", "--headless", variables=model.variables)
        assert done.code == 3
        assert "pilothouse answer QUESTION TEXT" in done.err
        run = shell.newest()
        (question,) = shell.run("questions", "--json").json()
        assert (question["text"], question["options"], question["answer"]) == (
            "Tea or coffee?",
            ["tea", "coffee"],
            None,
        )
        assert "Tea or coffee?  (tea / coffee)" in shell.run("questions").out
        assert shell.run("status", "--line").out.startswith("(1) blocked")
        # Waiting for it says that only a person can help.
        assert shell.run("await", "a1").code == 3
        assert (run.path / "agent-responses" / "await").exists()
        first = shell.run("answer", question["id"], "2")
        assert (first.code, first.out) == (0, "answered q1: coffee\n")
        assert shell.run("await", "a1").code == 0
        picture = until(run, over)
        assert picture.agents["a1"].status is Status.SUCCEEDED
        assert shell.git("show", f"{picture.run.branch if picture.run else ''}:choice") == "coffee"
        second = shell.run("answer", question["id"], "tea")
        assert (second.code, second.err) == (1, "pilothouse: q1 was already answered by you: coffee\n")


def test_of_two_answers_at_once_one_wins_and_the_other_hears_who_was_first(shell: Shell) -> None:
    shell.make_project()
    with model_server(ASKS) as model:
        run = shell.detach("run", "Choose", variables=model.variables)
        until(run, asks)
        both = [finish(child) for child in [shell.start("answer", "q1", text) for text in ("tea", "coffee")]]
        assert sorted(done.code for done in both) == [0, 1]
        (loser,) = [done for done in both if done.code]
        assert "already answered by you" in loser.err
        until(run, over)


def test_an_open_question_survives_the_engine(shell: Shell) -> None:
    shell.make_project()
    with model_server(ASKS) as model:
        assert shell.run("run", "Choose", "--headless", variables=model.variables).code == 3
        run = shell.newest()
        kill_engine(run)
        assert [question["id"] for question in shell.run("questions", "--json").json()] == ["q1"]
        gone = shell.run("answer", "q1", "tea")
        assert gone.code == 1
        assert "pilothouse resume-run" in gone.err
        again = shell.run("resume-run", "--headless", variables=model.variables)
        assert again.code == 3, again.err
        assert shell.run("answer", "q1", "tea").code == 0
        until(run, over)
        assert shell.run("status", "--json").json()["status"] == "succeeded"


def test_what_the_user_says_reaches_an_agent_with_its_next_turn(shell: Shell) -> None:
    shell.make_project()
    with model_server(ASKS) as model:
        run = shell.detach("run", "Choose", variables=model.variables)
        until(run, asks)
        assert shell.run("send", "a1", "Take what is left.").out == "told a1\n"
        assert shell.run("answer", "q1", "tea").code == 0
        until(run, over)
        assert "Take what is left." in (run.path / "agents" / "a1" / "transcript.jsonl").read_text()
        assert "Take what is left." in shell.run("log", "a1").out
        late = shell.run("send", "a1", "Too late.")
        assert (late.code, late.err) == (1, "pilothouse: a1 has ended and reads no more\n")
