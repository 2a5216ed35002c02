"""Text made to harm a terminal, from a model and from a tool: whatever prints it prints it inert."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from e2e.shell import PROGRAM, Shell

from pilothouse.tui.display.sanitize import is_inert

pytestmark = pytest.mark.e2e


def test_no_command_prints_what_a_terminal_could_act_on(shell: Shell) -> None:
    demo = ["demo", "hostile", "--dir", str(shell.project), "--speed", "50", "--answer", "plain"]
    done = shell.run(*demo, "--validate", "printf '\\033]0;x\\007'", cwd=shell.home)
    assert done.code == 0, done.err
    assert "the rehearsal answers: plain (--answer)" in done.err
    assert "This is a rehearsal" in done.err
    assert "REHEARSAL" in done.out
    run = shell.newest()
    raw = (run.path / "journal.jsonl").read_text()
    assert not is_inert(raw)  # the harm is in there
    printed = [done]
    for command in (
        "status", "status --json", "status --line", "tree", "tree --json", "cost", "cost --json", "questions", "ls",
        "ls --json", "log a0", "log a0 --json", "log a1", "log a2", "log a2 --json", "response a0", "response a1",
        "response a2", "await a1 a2", "await a1 a2 --json", "resume-run --headless", "send a1 x", "merge",
    ):  # fmt: skip
        printed.append(shell.run(*command.split()))
        assert printed[-1].code in (0, 1, 6), (command, printed[-1].err)
        if "--json" in command and "log" not in command:
            json.loads(printed[-1].out)
    for each in printed:
        assert is_inert(each.out), each
        assert is_inert(each.err), each
    told = json.loads(shell.run("tree", "--json").out)
    assert told[1]["title"].startswith("\x1b]52;")  # as data it is what it was


def test_a_path_that_would_harm_a_terminal_is_told_inert(shell: Shell) -> None:
    folder = shell.home / "\x1b]0;owned\x07"
    folder.mkdir()
    for command in (["status"], ["run", "Say hello", "--rehearse", "hello"], ["config"]):
        done = shell.run(*command, cwd=folder)
        assert (done.code, is_inert(done.err)) == (2, True), done


def test_a_reader_that_goes_away_ends_the_command_quietly(shell: Shell) -> None:
    shell.make_project()
    assert shell.run("run", "Say hello", "--rehearse", "hello", "--headless").code == 6
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*PROGRAM, "status", "--json"],
        cwd=shell.project,
        env=shell.variables,
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert done.stderr == b""
    assert done.returncode == 1
