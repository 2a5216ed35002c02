"""`kill -9` of the engine: the journal opens, no process of the run is left, and the run goes on to the same end."""

from __future__ import annotations

import random

import pytest
from e2e.finished import Finished
from e2e.shell import Shell, asks, kill_engine, nothing_left, over, until
from e2e.test_demo import STORY

from pilothouse.core.face.offline import load_result
from pilothouse.core.face.picture import Picture

pytestmark = pytest.mark.e2e


def crash_and_resume(shell: Shell, like: dict[str, object], seed: int) -> None:
    """Play the default scenario, kill its engine at a random place of its journal, resume it and compare."""
    run = shell.demo()
    place = random.Random(seed).randrange(2, 190)  # the story makes about 200 decisions

    def is_there(picture: Picture) -> bool:
        return run.journal.read_bytes().count(b"\n") >= place or over(picture)

    picture = until(run, lambda picture: is_there(picture) or asks(picture))
    if not is_there(picture):
        answer(shell)
        until(run, is_there)
    kill_engine(run)
    nothing_left(run)
    assert load_result(run).run.goal == like["goal"]
    done = shell.run("resume-run", run.run_id, "--headless")
    if done.code == 3:
        answer(shell)
        until(run, over)
    else:
        assert done.code == 0, done.err + (run.path / "engine.log").read_text()
    result = shell.run("status", "--json").json()
    assert {agent["title"]: agent["verdict"] for agent in result["agents"]} == STORY
    merged = [merge["agent"] for merge in result["merges"]]
    titles = {agent["id"]: agent["title"] for agent in result["agents"]}
    assert sorted(titles[name] for name in merged) == [
        "budget alerts", "command line", "export", "login", "reports", "sessions",
    ]  # fmt: skip
    assert shell.git("rev-parse", f"{result['branch']}^{{tree}}") == like["tree"]


def answer(shell: Shell) -> None:
    """Answer the one question there is."""
    (question,) = shell.run("questions", "--json").json()
    assert shell.run("answer", question["id"], "GitHub").code == 0


@pytest.fixture
def like(finished: Finished) -> dict[str, object]:
    """What an undisturbed run comes to."""
    branch = finished.result["branch"]
    return {"goal": finished.result["goal"], "tree": finished.shell.git("rev-parse", f"{branch}^{{tree}}")}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_whose_engine_is_killed_ends_like_one_that_was_left_alone(
    shell: Shell, like: dict[str, object], seed: int
) -> None:
    crash_and_resume(shell, like, seed)


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(100, 130))
def test_a_run_whose_engine_is_killed_anywhere_ends_like_one_that_was_left_alone(
    shell: Shell, like: dict[str, object], seed: int
) -> None:
    crash_and_resume(shell, like, seed)
