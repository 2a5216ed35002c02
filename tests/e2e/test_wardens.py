"""Commands under wardens: what comes back of their output, what they see of the machine, how strictly they are held."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from e2e.survivors import PYTHON, job, marked_token, survivors

from pilothouse.core.adapters.wardens.marks import ProcessMark
from pilothouse.core.adapters.wardens.output import HEAD_BYTES, SPILL_BYTES, TAIL_BYTES
from pilothouse.core.adapters.wardens.processes import WardenProcesses
from pilothouse.core.errors import SandboxError, WorkspaceError

pytestmark = pytest.mark.e2e


@pytest.fixture
async def processes() -> AsyncIterator[WardenProcesses]:
    processes = WardenProcesses("test-run", background=False)
    yield processes
    await processes.close()


@pytest.fixture
async def sandboxed(processes: WardenProcesses) -> WardenProcesses:
    if await processes.self_test() != "S3":
        pytest.skip("bubblewrap does not work on this machine")
    return processes


async def at_level(level: str) -> WardenProcesses:
    processes = WardenProcesses("test-run", maximum=level, standby=0, background=False)
    if await processes.self_test() != level:
        pytest.skip(f"{level} does not work on this machine")
    return processes


async def shell(processes: WardenProcesses, folder: Path, script: str) -> str:
    exit = await processes.run(job(folder, "sh", "-c", script))
    assert exit.code == 0, exit.output
    return exit.output


@pytest.mark.parametrize(
    ("script", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137), ("no-such-command", 127)]
)
async def test_exit_codes_are_those_of_a_shell(
    processes: WardenProcesses, tmp_path: Path, script: str, code: int
) -> None:
    assert (await processes.run(job(tmp_path, "sh", "-c", script))).code == code


@pytest.mark.parametrize("level", ["S3", "S2", "S0"])
async def test_a_command_that_is_not_there_fails_with_its_name(level: str, tmp_path: Path) -> None:
    processes = await at_level(level)
    exit = await processes.run(job(tmp_path, "no-such-command"))
    assert exit.code == 127
    assert "no-such-command" in exit.output
    await processes.close()


async def test_both_streams_come_merged_while_the_command_runs(processes: WardenProcesses, tmp_path: Path) -> None:
    heard: list[str] = []
    command = job(tmp_path, "sh", "-c", "echo one; echo two >&2; read line; echo three")
    exit = await processes.run(command, heard.append)
    assert exit.output == "".join(heard) == "one\ntwo\nthree\n"
    assert exit.dropped_bytes == 0


async def test_a_line_of_200_kb_is_kept_at_both_ends_and_whole_in_the_file(
    processes: WardenProcesses, tmp_path: Path
) -> None:
    spill = tmp_path / "output" / "spilled"
    script = "import sys; sys.stdout.write('<' + 'x' * 200_000 + '>')"
    exit = await processes.run(job(tmp_path, *PYTHON, "-c", script, spill=spill))
    assert exit.output.startswith("<xxx")
    assert exit.output.endswith("xxx>")
    assert exit.dropped_bytes == 200_002 - HEAD_BYTES - TAIL_BYTES
    assert f"[... {exit.dropped_bytes} bytes left out; all of it is in {spill} ...]" in exit.output
    assert spill.stat().st_size == 200_002


async def test_short_output_makes_no_file(processes: WardenProcesses, tmp_path: Path) -> None:
    spill = tmp_path / "spilled"
    await processes.run(job(tmp_path, "echo", "short", spill=spill))
    assert not spill.exists()


async def test_a_flood_neither_grows_the_file_nor_stops_the_command(processes: WardenProcesses, tmp_path: Path) -> None:
    spill = tmp_path / "spilled"
    heard: list[int] = []
    exit = await processes.run(
        job(tmp_path, "sh", "-c", "yes | head -c 20000000; echo end", spill=spill),
        lambda text: heard.append(len(text)),
    )
    assert exit.code == 0
    assert exit.output.endswith("y\nend\n")
    assert exit.dropped_bytes == 20_000_004 - HEAD_BYTES - TAIL_BYTES
    assert spill.stat().st_size == SPILL_BYTES
    assert SPILL_BYTES < sum(heard) < SPILL_BYTES + 200


async def test_bytes_that_are_not_utf_8_do_no_harm(processes: WardenProcesses, tmp_path: Path) -> None:
    heard: list[str] = []
    exit = await processes.run(job(tmp_path, "printf", r"a\377b\303\244\303"), heard.append)
    assert exit.output == "".join(heard) == "a\ufffdbä\ufffd"


async def test_a_listener_that_fails_ends_the_command_and_is_heard_of(
    processes: WardenProcesses, tmp_path: Path
) -> None:
    def listen(text: str) -> None:
        raise ValueError(text)

    with marked_token() as token:
        with pytest.raises(ValueError, match=token):
            await processes.run(job(tmp_path, "sh", "-c", f"echo {token}; sleep 1000"), listen)
        assert survivors(token) == []


async def test_a_daemon_that_keeps_the_output_open_does_not_hold_up_the_end(
    processes: WardenProcesses, tmp_path: Path
) -> None:
    with marked_token() as token:
        exit = await processes.run(job(tmp_path, "sh", "-c", f"sh -c 'sleep 1000; : {token}' & echo done"))
        assert exit.output == "done\n"
        assert survivors(token) == []


async def test_standard_input_is_empty_and_there_is_no_terminal(processes: WardenProcesses, tmp_path: Path) -> None:
    script = "cat; tty; (: > /dev/tty) 2>/dev/null || echo none"
    assert await shell(processes, tmp_path, script) == "not a tty\nnone\n"


async def test_tools_in_the_background_step_back_for_everything_else(tmp_path: Path) -> None:
    processes = WardenProcesses("test-run", standby=0)
    script = (
        "import os; print(os.sched_getscheduler(0) == os.SCHED_IDLE, os.nice(0), open('/proc/self/autogroup').read())"
    )
    exit = await processes.run(job(tmp_path, *PYTHON, "-c", script))
    idle, nice, *autogroup = exit.output.split()
    assert (idle, nice) == ("True", "19")
    assert autogroup[1:] in (["nice", "19"], []), "empty where the kernel has no autogroups"
    await processes.close()


async def test_sessions_that_a_tool_starts_step_back_too(tmp_path: Path) -> None:
    if not os.path.exists("/proc/self/autogroup"):  # noqa: ASYNC240
        pytest.skip("this kernel has no autogroups")
    processes = WardenProcesses("test-run", standby=0)
    script = "until grep -q 'nice 19' /proc/self/autogroup; do sleep 0.1; done; cat /proc/self/autogroup"
    exit = await processes.run(job(tmp_path, "setsid", "--wait", "sh", "-c", script))
    assert exit.output.endswith("nice 19\n")
    await processes.close()


async def test_a_sandbox_that_cannot_be_set_up_is_not_the_failure_of_the_command(
    sandboxed: WardenProcesses, tmp_path: Path
) -> None:
    with pytest.raises(SandboxError, match="could not be set up"):
        await sandboxed.run(replace(job(tmp_path, "true"), read_only=(Path("/proc/self/fd"),)))


async def test_the_environment_is_clean(
    processes: WardenProcesses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "GITHUB_TOKEN", "MY_SETTING"):
        monkeypatch.setenv(name, "secret-of-the-user")
    added = {"PILOTHOUSE_AGENT": "a1", "PILOTHOUSE_RUN": "test-run", "DEPLOY_KEY": "secret-of-the-user"}
    exit = await processes.run(replace(job(tmp_path, "env"), environment=added))
    assert "secret-of-the-user" not in exit.output
    lines = exit.output.splitlines()
    assert {"PILOTHOUSE_AGENT=a1", "PILOTHOUSE_RUN=test-run", "TERM=dumb"} <= set(lines)
    assert not any(line == f"HOME={Path.home()}" for line in lines)


@pytest.mark.parametrize("level", ["S3", "S2"])
async def test_a_sandboxed_tool_cannot_write_outside_of_its_folders(level: str, tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    home = Path.home() / f".pilothouse-test-{os.getpid()}"
    script = f"echo 1 > in; echo 1 > {outside}/out; echo 1 > {home}; ln -s {outside} link; echo 1 > link/out; exit 0"
    processes = await at_level(level)
    await shell(processes, inside, script)
    assert (inside / "in").exists()
    assert not home.exists()
    assert list(outside.iterdir()) == []
    await processes.close()


async def test_without_a_sandbox_the_same_tool_writes_outside(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    processes = await at_level("S0")
    await shell(processes, inside, f"echo 1 > {outside}/out")
    assert (outside / "out").exists()
    await processes.close()


async def test_a_read_only_folder_inside_a_writable_one_cannot_be_written(
    sandboxed: WardenProcesses, tmp_path: Path
) -> None:
    (tmp_path / "kept").mkdir()
    command = job(tmp_path, "sh", "-c", "echo 1 > free; echo 1 > kept/file; rm -rf kept; mv kept moved; exit 0")
    command = replace(command, read_only=(tmp_path / "kept",))
    await sandboxed.run(command)
    assert (tmp_path / "free").exists()
    assert list((tmp_path / "kept").iterdir()) == []


async def test_a_sandboxed_tool_sees_no_process_but_its_own(sandboxed: WardenProcesses, tmp_path: Path) -> None:
    script = "for f in /proc/[0-9]*/cmdline; do echo; tr '\\0' ' ' < $f; done"
    programs = [line.split()[0] for line in (await shell(sandboxed, tmp_path, script)).splitlines() if line.strip()]
    assert {Path(program).name for program in programs} == {"bwrap", "sh"}


@pytest.mark.parametrize("level", ["S3", "S2"])
async def test_the_secrets_of_the_user_cannot_be_read(
    level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, work = tmp_path / "home", tmp_path / "home" / "project"
    for folder in (work, home / ".ssh", home / ".config" / "anthropic"):
        folder.mkdir(parents=True)
    for secret in (home / ".ssh" / "id", home / ".config" / "anthropic" / "credentials", home / ".netrc"):
        secret.write_text("secret-of-the-user")
    (home / "notes").write_text("plain")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    processes = await at_level(level)
    command = job(work, "sh", "-c", f"cat {home}/.ssh/id {home}/.config/anthropic/* {home}/.netrc {home}/notes")
    command = replace(command, read_only=(home,))
    exit = await processes.run(command)
    assert "secret-of-the-user" not in exit.output
    assert "plain" in exit.output
    await processes.close()


async def test_a_sandboxed_tool_has_no_privileges_left(sandboxed: WardenProcesses, tmp_path: Path) -> None:
    status = await shell(sandboxed, tmp_path, "cat /proc/self/status")
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status


async def test_without_network_there_is_only_the_loopback(tmp_path: Path) -> None:
    processes = WardenProcesses("test-run", network=False, standby=0, background=False)
    if await processes.self_test() != "S3":
        pytest.skip("bubblewrap does not work on this machine")
    assert (await shell(processes, tmp_path, "ls /sys/class/net > /dev/null; tail -n +3 /proc/net/dev")).count(":") == 1
    await processes.close()


async def test_a_bubblewrap_that_does_not_work_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace'\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr("pilothouse.core.adapters.wardens.selftest.find_bubblewrap", lambda: [broken])
    processes = WardenProcesses("test-run", standby=0)
    assert await processes.self_test() in ("S2", "S0")
    await processes.close()


async def test_a_sandbox_that_hides_nothing_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretender = tmp_path / "bwrap"
    pretender.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n')
    pretender.chmod(0o755)
    monkeypatch.setattr("pilothouse.core.adapters.wardens.selftest.find_bubblewrap", lambda: [pretender])
    processes = WardenProcesses("test-run", standby=0)
    assert await processes.self_test() in ("S2", "S0")
    await processes.close()


async def test_below_the_minimum_level_nothing_runs(tmp_path: Path) -> None:
    processes = WardenProcesses("test-run", minimum="S3", maximum="S0")
    with pytest.raises(SandboxError, match="demand S3"):
        await processes.run(job(tmp_path, "touch", "made"))
    assert not (tmp_path / "made").exists()
    await processes.close()


async def test_a_folder_that_is_gone_is_a_workspace_error(processes: WardenProcesses, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="gone"):
        await processes.run(job(tmp_path / "gone", "true"))


async def test_wardens_stand_by_and_are_gone_after_closing(tmp_path: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    processes = WardenProcesses("test-run", standby=2, background=False)
    await processes.self_test()
    await asyncio.gather(*(processes.run(job(tmp_path, "true")) for _ in range(5)))
    marks = processes.live()
    assert len(marks) == 2
    assert all(mark.is_alive() for mark in marks)
    await processes.close()
    assert processes.live() == []
    assert [ProcessMark.of(mark.pid) for mark in marks] == [None, None]
    assert set(os.listdir("/proc/self/fd")) == before
    with pytest.raises(SandboxError):
        await processes.run(job(tmp_path, "true"))


async def test_an_engine_can_hide_its_memory() -> None:
    script = (
        "import ctypes; from pilothouse.core.adapters.wardens.hardening import hide_memory;"
        "print(hide_memory(), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=subprocess.PIPE)
    output, _ = await process.communicate()
    assert output == b"True 0\n"
