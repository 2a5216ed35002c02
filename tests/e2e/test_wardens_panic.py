"""Panic ends a hostile run from outside, and hits nothing else."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e.survivors import HERE, HOSTILE, PYTHON, marked_token, survivors

from pilothouse.core.adapters.wardens.marks import ProcessMark
from pilothouse.core.panic import GATE, panic

pytestmark = pytest.mark.e2e


@pytest.fixture
def token() -> Iterator[str]:
    with marked_token() as token:
        yield token


@pytest.fixture
def folder(tmp_path: Path, token: str) -> Path:
    """The folder of a run whose id nobody else on this machine has."""
    folder = tmp_path / f"run-{token}"
    folder.mkdir()
    return folder


def start(*command: str | Path, **environment: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, start_new_session=True, env={**os.environ, **environment}
    )


def first_line(process: "subprocess.Popen[bytes]") -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def mark_of(pid: int) -> dict[str, Any]:
    mark = ProcessMark.of(pid)
    assert mark is not None
    return {**mark.to_json()}


@pytest.mark.parametrize("level", ["S3", "S0"])
def test_panic_ends_the_engine_its_wardens_and_a_hostile_tree(level: str, folder: Path, token: str) -> None:
    with start(sys.executable, HERE / "wardens_engine.py", folder, level, token) as engine:
        wardens = json.loads(first_line(engine))
        report = panic(folder.parent)
        assert survivors(token) == []
        assert engine.wait() == -9
    assert report.runs == (folder.name,)
    assert report.left == ()
    assert {engine.pid, *wardens} <= {victim.pid for victim in report.died}
    assert (folder / GATE).exists()


def test_panic_finds_a_run_in_the_registry_of_the_user(
    folder: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder.parent))
    registry = folder.parent / "pilothouse" / "live"
    registry.mkdir(parents=True)
    with start("sleep", "1000") as engine, start("sleep", "1000") as other:
        (registry / f"{folder.name}.json").write_text(json.dumps({**mark_of(engine.pid), "folder": str(folder)}))
        (registry / "another-run.json").write_text(json.dumps({**mark_of(other.pid), "folder": str(folder)}))
        report = panic(run_id=folder.name)
        assert engine.wait() == -9
        assert other.poll() is None
        other.kill()
    assert [victim.name for victim in report.died] == ["sleep"]
    assert (folder / GATE).exists()


def test_panic_ends_what_wears_the_mark_of_a_run_without_an_engine(folder: Path, token: str) -> None:
    marks = {"PILOTHOUSE_RUN": folder.name, "PILOTHOUSE_AGENT": "a7"}
    with start("sh", "-c", f"sleep 1000; : {token}", **marks) as stray, start("sleep", "1000") as bystander:
        report = panic(run_id=folder.name)
        assert stray.wait() == -9
        assert bystander.poll() is None
        bystander.kill()
    assert survivors(token) == []
    assert {victim.agent for victim in report.died} == {"a7"}


def test_panic_ends_a_tool_that_pretends_to_be_a_warden(
    folder: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pilothouse.core.panic.WARDEN_SECONDS", 0.2)
    marks = {"PILOTHOUSE_RUN": folder.name, "PILOTHOUSE_WARDEN": "1"}
    with start(*PYTHON, HOSTILE, token, "stay", **marks) as tree:
        first_line(tree)
        report = panic(run_id=folder.name)
        assert tree.wait() == -9
    assert tree.pid in {victim.pid for victim in report.died}


@pytest.mark.parametrize("wrong", [{"start_time": 1}, {"boot_id": "another boot"}])
def test_panic_never_hits_a_pid_that_was_used_again(folder: Path, wrong: dict[str, Any]) -> None:
    with start("sleep", "1000") as innocent:
        (folder / "engine.json").write_text(json.dumps({**mark_of(innocent.pid), **wrong}))
        report = panic(folder.parent)
        assert innocent.poll() is None
        innocent.kill()
    assert report.died == ()


def test_panic_spares_itself_and_everything_above_it(folder: Path) -> None:
    call = f"from pilothouse.core.panic import panic; panic(run_id={folder.name!r}); print('panicked')"
    with start("sh", "-c", '"$0" -c "$1"; echo alive', sys.executable, call, PILOTHOUSE_RUN=folder.name) as shell:
        assert shell.communicate()[0] == b"panicked\nalive\n"


@pytest.mark.parametrize("content", ["", "[]", '{"pid": "1"}', '{"pid": 1, "start_time": 0, "boot_id": ""}'])
def test_panic_closes_the_gate_even_if_the_mark_of_an_engine_cannot_be_read(folder: Path, content: str) -> None:
    (folder / "engine.json").write_text(content)
    assert panic(folder.parent).runs == (folder.name,)
    assert (folder / GATE).exists()


def test_panic_imports_no_event_loop_and_nothing_from_outside_of_the_standard_library() -> None:
    script = "import sys; import pilothouse.core.panic; print(*{name.partition('.')[0] for name in sys.modules})"
    probe = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"asyncio", "pydantic", "msgspec", "psutil", "anthropic", "textual"} & set(probe.stdout.split())
