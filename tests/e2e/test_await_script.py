"""`agent-responses/await`, with every shell there is: it needs nothing but the response files beside it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pilothouse.core.adapters.responses import Responses

pytestmark = pytest.mark.e2e

SHELLS = [path for name in ("dash", "bash", "busybox") if (path := shutil.which(name))]


@pytest.fixture(params=SHELLS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with the script in it, to be run by one shell or the other."""
    responses = Responses(tmp_path / "a run")
    responses.prepare()
    command = responses.folder / "await"
    shell = "busybox sh" if request.param.endswith("busybox") else request.param
    command.write_text(command.read_text().replace("#!/bin/sh", f"#!/usr/bin/env -S {shell}", 1))
    return responses.folder


def say(folder: Path, agent: str, status: str, verdict: str = "", reason: str = "") -> None:
    text = f"---\nid: {agent}\nstatus: {status}\nverdict: {verdict}\nreason: {reason}\n---\n\nstatus: failed\n"
    (folder / f".{agent}.new").write_text(text)
    (folder / f".{agent}.new").replace(folder / f"{agent}.md")


def wait(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(folder / "await"), *arguments], capture_output=True, text=True, timeout=60, check=False, cwd="/"
    )


@pytest.mark.parametrize(
    ("front", "code"),
    [
        (("succeeded", "verified"), 0),
        (("succeeded", "unverified"), 6),
        (("succeeded", "empty"), 6),
        (("failed",), 1),
        (("failed", "", "budget"), 4),
        (("failed", "", "limit"), 4),
        (("skipped",), 1),
        (("lost",), 1),
        (("killed",), 5),
        (("blocked",), 3),
    ],
)
def test_the_exit_code_says_how_it_ended(folder: Path, front: tuple[str, ...], code: int) -> None:
    say(folder, "a1", *front)
    done = wait(folder, "a1")
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.split()[:2] == ["a1", front[0]]


def test_of_several_the_worst_counts(folder: Path) -> None:
    say(folder, "a1", "succeeded", "verified")
    say(folder, "a2", "succeeded", "unverified")
    say(folder, "a3", "failed", "", "budget")
    say(folder, "a4", "failed")
    say(folder, "a5", "killed")
    for agents, code in (
        (("a1",), 0),
        (("a1", "a2"), 6),
        (("a1", "a3", "a2"), 4),
        (("a3", "a4"), 1),
        (("a4", "a5"), 5),
    ):
        assert wait(folder, *agents).returncode == code


def test_any_returns_with_the_first(folder: Path) -> None:
    say(folder, "a1", "running")
    say(folder, "a2", "succeeded", "verified")
    assert wait(folder, "--any", "a1", "a2", "a3").returncode == 0


def test_it_waits_while_anything_can_go_on_and_no_longer(folder: Path) -> None:
    say(folder, "a1", "blocked")
    say(folder, "a2", "running")
    waiting = subprocess.Popen([str(folder / "await"), "a1", "a2", "a3"], stdout=subprocess.PIPE, text=True)
    say(folder, "a3", "waiting")
    say(folder, "a3", "succeeded", "verified")
    assert waiting.poll() is None
    say(folder, "a2", "succeeded", "verified")
    out, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 3
    assert out.splitlines()[0].split() == ["a1", "blocked"]


@pytest.mark.parametrize("duration", ["0", "0s", "0m", "0h"])
def test_time_is_over(folder: Path, duration: str) -> None:
    say(folder, "a1", "running")
    done = wait(folder, "--timeout", duration, "a1", "a2")
    assert (done.returncode, "not ended after 0 s" in done.stderr) == (124, True)
    assert done.stdout.split() == ["a1", "running"]


@pytest.mark.parametrize(
    "arguments",
    [(), ("--any",), ("--timeout",), ("--timeout", "soon", "a1"), ("--timeout", "s", "a1"), ("--timeout", "1.5", "a1"),
     ("--nonsense", "a1"), ("../a1",), ("a1/../../x",), ("a",), ("b1",), ("a1x",), ("",)],
)  # fmt: skip
def test_a_wrong_call_is_told_at_once(folder: Path, arguments: tuple[str, ...]) -> None:
    say(folder, "a1", "running")
    done = wait(folder, *arguments)
    assert done.returncode == 2
    assert "usage: await" in done.stderr
