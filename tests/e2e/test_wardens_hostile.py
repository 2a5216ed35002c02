"""Nothing survives its warden, however hostile, and however it comes to its end.

Each proof has the control beside it: what a process group kill leaves of the same tree.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from e2e.survivors import HERE, HOSTILE, PYTHON, hostile, marked_token, survivors, wait_until_gone

from pilothouse.core.adapters.wardens.processes import WardenProcesses

pytestmark = pytest.mark.e2e

LEVELS = ["S3", "S2", "S0"]


@pytest.fixture
def token() -> Iterator[str]:
    with marked_token() as token:
        yield token


@pytest.fixture(params=LEVELS)
async def processes(request: pytest.FixtureRequest) -> AsyncIterator[WardenProcesses]:
    processes = WardenProcesses("test-hostile", maximum=request.param, background=False)
    if await processes.self_test() != request.param:
        await processes.close()
        pytest.skip(f"{request.param} does not work on this machine")
    yield processes
    await processes.close()


def test_a_group_kill_leaves_survivors(token: str) -> None:
    command = [*PYTHON, str(HOSTILE), token, "stay"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as tree:
        assert tree.stdout is not None
        assert tree.stdout.readline() == b"ready\n"
        os.killpg(tree.pid, signal.SIGKILL)
        tree.wait()
        assert survivors(token)


async def test_nothing_survives_the_normal_end_of_a_command(
    processes: WardenProcesses, token: str, tmp_path: Path
) -> None:
    exit = await processes.run(hostile(token, tmp_path, "leave"))
    assert (exit.code, exit.output) == (0, "ready\n")
    assert survivors(token) == []


async def test_nothing_survives_the_time_limit(processes: WardenProcesses, token: str, tmp_path: Path) -> None:
    exit = await processes.run(hostile(token, tmp_path, "stay", timeout_ms=700))
    assert exit.timed_out
    assert exit.code == 124
    assert survivors(token) == []


async def test_nothing_survives_cancelling(processes: WardenProcesses, token: str, tmp_path: Path) -> None:
    ready = asyncio.Event()
    running = asyncio.create_task(processes.run(hostile(token, tmp_path, "stay"), lambda text: ready.set()))
    await ready.wait()
    assert survivors(token)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert survivors(token) == []


async def test_nothing_survives_closing(processes: WardenProcesses, token: str, tmp_path: Path) -> None:
    ready = asyncio.Event()
    running = asyncio.create_task(processes.run(hostile(token, tmp_path, "stay"), lambda text: ready.set()))
    await ready.wait()
    await processes.close()
    assert survivors(token) == []
    assert processes.live() == []
    assert (await running).code == 137


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_survives_an_engine_that_is_killed_with_9(level: str, token: str, tmp_path: Path) -> None:
    engine = [sys.executable, str(HERE / "wardens_engine.py"), str(tmp_path), level, token]
    with subprocess.Popen(engine, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        wardens = json.loads(process.stdout.readline())
        alive = survivors(token)
        process.kill()
        wait_until_gone(wardens)
    assert alive
    assert survivors(token) == []


async def test_nothing_survives_a_kill_in_its_first_milliseconds(
    processes: WardenProcesses, token: str, tmp_path: Path
) -> None:
    await first_moments(processes, token, tmp_path, trials=10, step_ms=8)


@pytest.mark.prove
async def test_nothing_survives_hundreds_of_kills_in_the_first_milliseconds(
    processes: WardenProcesses, token: str, tmp_path: Path
) -> None:
    await first_moments(processes, token, tmp_path, trials=300, step_ms=1)


async def first_moments(processes: WardenProcesses, token: str, folder: Path, trials: int, step_ms: int) -> None:
    """Cancel the hostile tree after 0, 1, ... 100 ms. Here the time itself is what is tried."""
    for trial in range(trials):
        running = asyncio.create_task(processes.run(hostile(token, folder, "stay")))
        await asyncio.wait([running], timeout=trial * step_ms % 100 / 1000)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert survivors(token) == []


@pytest.mark.parametrize("level", ["S3", "S0"])
async def test_what_a_killed_warden_leaves_is_ended_by_its_mark(level: str, token: str, tmp_path: Path) -> None:
    processes = WardenProcesses("test-hostile", maximum=level, standby=0, background=False)
    await processes.self_test()
    ready = asyncio.Event()
    command = hostile(token, tmp_path, "stay")
    running = asyncio.create_task(processes.run(command, lambda text: ready.set()))
    await ready.wait()
    (warden,) = processes.live()
    os.kill(warden.pid, signal.SIGKILL)
    with pytest.raises(Exception, match="guarded a command was killed"):
        await running
    left = survivors(token)
    assert left == [] if level == "S3" else len(left) <= 1, "only what shed its environment, and only without a sandbox"
    await processes.close()
