"""`kill -9` of the engine: the journal opens, no process of the run is left, and the run goes on to the same end."""

from __future__ import annotations

import random

import pytest
from e2e.finished import Finished
from e2e.model_server import model_server
from e2e.shell import Shell, asks, finish, kill_engine, nothing_left, over, until
from e2e.test_control import TWO_AGENTS
from e2e.test_demo import STORY

from pilothouse.core.face.folders import RunFolder
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


@pytest.mark.parametrize("seed", [1])
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


def test_a_disk_that_is_full_halts_the_run_and_loses_nothing_that_was_told(shell: Shell) -> None:
    shell.make_project()
    with model_server(TWO_AGENTS) as model:
        # A limit on the size of files is what a full disk is to the engine; it inherits it from the command.
        limited = shell.start("run", "Look around", "--headless", variables=model.variables, file_bytes=8_000)
        done = finish(limited)
        halted = "the journal cannot be written (File too large); the run is halted"
        assert (done.code, f"is gone ({halted}); `pilothouse resume-run`" in done.err) == (1, True), done
        run = shell.newest()
        nothing_left(run)
        told = [line.split(":")[0].strip() for line in done.err.splitlines() if ": unverified" in line]
        known = [f"{agent.id} {agent.title}" for agent in load_result(run).agents if agent.verdict == "unverified"]
        assert set(told) <= set(known)
        assert len(known) < 3
        assert shell.run("resume-run", "--headless", variables=model.variables).code == 6
        assert {agent.verdict for agent in load_result(run).agents} == {"unverified"}


def test_a_run_with_a_damaged_journal_is_reported_and_still_opens(finished: Finished, shell: Shell) -> None:
    folder = shell.home / "copy" / ".pilothouse" / "runs" / finished.run.run_id
    folder.mkdir(parents=True)
    lines = finished.run.journal.read_bytes().splitlines(keepends=True)
    for place in range(1, len(lines), 7):
        damaged = [*lines[:place], b"x" * 40 + b"\n", *lines[place + 1 :]]
        (folder / "journal.jsonl").write_bytes(b"".join(damaged) + b'{"v":1,"se')
        result = load_result(RunFolder(folder))
        assert result.run.goal == finished.result["goal"]
    (folder / "journal.jsonl").write_bytes(b"".join([b"\n", *lines[1:]]))
    done = shell.run("status", cwd=shell.home / "copy")
    assert (done.code, "holds no run" in done.err) == (1, True), done
