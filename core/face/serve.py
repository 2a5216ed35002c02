"""The engine as a process of its own: `python -m pilothouse.core.face.serve RUN_FOLDER`, an order on stdin.

Says on stdout in one line whether it stands, then needs nobody: it lives until its run is over and nobody has watched
for a while, or until it is told to end. An empty order takes up the run that the folder holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ..adapters.clock import WallClock
from ..adapters.journal import NAME, Journal
from ..adapters.logs import FileLog
from ..adapters.machine import STEP_SECONDS, Machine
from ..adapters.prices import OfflinePrices
from ..adapters.responses import Responses
from ..adapters.transcripts import FileTranscripts
from ..adapters.wardens.hardening import hide_memory
from ..adapters.wardens.processes import WardenProcesses
from ..effects.bench import Bench
from ..engine.chronicle import Chronicle
from ..engine.engine import Engine
from ..engine.stage import Stage
from ..errors import ExitCode, PilothouseError
from ..events import AnyEvent
from ..ids import RunId
from ..inputs import EngineRestarted, Input, MachineRead, StartRun
from ..panic import GATE
from ..prompts import instructions
from ..selectors import role
from ..state import State
from ..tasks import Tasks
from ..tools.toolbox import Toolbox
from . import house
from .folders import RunFolder
from .hub import Hub
from .offline import fold_contents
from .projector import Projector
from .server import Server
from .signing import sign, sign_off, socket_path
from .start import RunOrder

CLOSING_SECONDS = 5.0
"""How long what is decided may take to reach the disk when the engine ends; what does not is not acknowledged."""
LINGER_SECONDS = 10.0
"""How long the engine of a run that is over waits for somebody to look at it."""


class House:
    """One engine with all that belongs to it, from its first breath to its last."""

    def __init__(self, folder: Path) -> None:
        self.run = RunFolder(folder)
        self.state = State()
        self.clock = WallClock()
        self.tasks = Tasks(self._task_failed)
        self.over = asyncio.Event()
        self.processes: WardenProcesses | None = None
        self.toolbox = Toolbox()
        self._linger: asyncio.TimerHandle | None = None
        self._signed: bool | None = None
        """What the last signature said of the run's end."""

    def _task_failed(self, name: str, problem: BaseException) -> None:
        self.over.set()

    async def open(self, order: RunOrder | None) -> list[str]:
        """Take the journal, get everything ready, begin or go on. What a person should know comes back."""
        folder = self.run.path
        self.journal = Journal.open(folder / NAME)
        notes = fold_contents(self.state, self.journal.take_contents())
        self.state.touched.clear()
        given: Input
        if order is not None:
            prepared = await house.prepare(order, RunId(self.run.run_id), self.toolbox)
            started, given = prepared.started, StartRun(prepared.started)
            processes = prepared.processes
            notes += prepared.notes
        else:
            if self.state.run is None:
                raise PilothouseError(f"{folder} holds no run that could be taken up")
            started, given = self.state.run, EngineRestarted()
            processes = await house.take_up(started)
            (folder / GATE).unlink(missing_ok=True)
        self.processes = processes
        log = FileLog(folder / "agents", self.clock)
        stage = Stage(log)
        transcripts = FileTranscripts(folder / "agents")
        for record in self.state.agents.values():
            named = max((span.offset + span.length for span in record.conversation), default=0)
            transcripts.set_aside(record.id, named)
        responses = Responses(folder)
        responses.prepare()
        prices = OfflinePrices()
        self.model = house.make_model(started)
        self.workspaces = house.make_workspaces(started, processes)
        self.engine = Engine(self.state, self.journal, self.clock, prices, self, self.tasks)
        self.hub = Hub(self.state, stage, self.engine.settled)
        self.projector = Projector(self.state, Chronicle(self.state, log), responses, self.hub)
        self.engine.bench = Bench(
            folder=folder,
            readable=await self.workspaces.readable(),
            state=self.state,
            model=self.model,
            prices=prices,
            processes=processes,
            workspaces=self.workspaces,
            transcripts=transcripts,
            log=log,
            clock=self.clock,
            stage=stage,
            toolbox=self.toolbox,
            instructions=lambda record: instructions(role(record), started.instructions),
        )
        self.log = log
        self.server = Server(self.engine, self.hub, self._look_whether_over)
        await self.server.start(socket_path(folder))
        self._sign()
        gc.freeze()
        self._writers = [
            self.tasks.start("write the journal", self.engine.write_journal()),
            self.tasks.start("write the logs", log.run()),
        ]
        self.tasks.start("write the responses", self.projector.write_responses())
        self.tasks.start("follow the stage", self.hub.follow_stage())
        self.tasks.start("read the machine", self._read_machine())
        # A run that is over may have left a landing open.
        if self.state.end is None or self.state.effects:
            await self.engine.submit(given)
        self.projector.changed(set(self.state.agents))
        self._look_whether_over()
        return notes

    def decided(self, events: list[AnyEvent]) -> None:
        """Part of `Watcher`."""
        self.projector.decided(events)

    def changed(self, names: set[str]) -> None:
        """Part of `Watcher`."""
        self.projector.changed(names)
        if self.state.end is not None:
            self._sign()
            self._look_whether_over()

    def _look_whether_over(self) -> None:
        """End after a while once the run is over, nothing is open and nobody watches."""
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        if self.state.end is not None and not self.state.effects and not self.server.clients:
            self._linger = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._leave)

    def _leave(self) -> None:
        if self.server.clients or self.state.effects:
            self._look_whether_over()
        else:
            self.over.set()

    async def _read_machine(self) -> None:
        machine = Machine()
        while True:
            self.engine.submit(MachineRead(*machine.read()))
            await asyncio.sleep(STEP_SECONDS)

    def _sign(self) -> None:
        """Say who runs this run, where to reach it, and whether it is over."""
        ended = self.state.end is not None
        if ended != self._signed:
            self._signed = ended
            sign(self.run, ended=ended)

    async def close(self) -> None:
        """End everything that runs and leave the journal as it is: what is open now is open for the next engine."""
        if hasattr(self, "engine"):
            self.engine.shut()
        if hasattr(self, "server"):
            await self.server.close()
            sign_off(self.run)
            self.journal.close()
            self.log.close()
            await asyncio.wait(self._writers, timeout=CLOSING_SECONDS)
            with contextlib.suppress(PilothouseError, TimeoutError):
                async with asyncio.timeout(CLOSING_SECONDS):
                    await self.projector.flush()
        await self.tasks.close()
        if self.processes is not None:
            await self.processes.close()
        if hasattr(self, "workspaces"):
            await self.workspaces.close()
            await self.model.close()


@contextlib.contextmanager
def word_to_parent() -> Iterator[None]:
    """Say on stdout why it failed, in a line that `start` reads, should what is inside raise."""
    try:
        yield
    except PilothouseError as problem:
        print(json.dumps({"error": str(problem), "exit_code": int(problem.exit_code)}), flush=True)
        raise SystemExit(1) from problem
    except Exception as problem:
        logging.getLogger(__name__).exception("the engine did not start")
        word = f"the engine did not start: {type(problem).__name__}: {problem}"
        print(json.dumps({"error": word, "exit_code": int(ExitCode.FAILED)}), flush=True)
        raise SystemExit(1) from problem


async def serve(folder: Path, order: RunOrder | None) -> None:
    """Be the engine of `folder` until it is over."""
    keeper = House(folder)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, keeper.over.set)
    try:
        with word_to_parent():
            notes = await keeper.open(order)
        print(json.dumps({"notes": notes}), flush=True)
        quiet = os.open(os.devnull, os.O_RDWR)
        os.dup2(quiet, sys.stdout.fileno())
        os.close(quiet)
        await keeper.over.wait()
    finally:
        await keeper.close()


def main() -> None:
    """Read the order and be the engine."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # it notes every request
    hide_memory()
    folder = Path(sys.argv[1])
    raw = sys.stdin.buffer.read()
    with word_to_parent():
        order = msgspec.json.decode(raw, type=RunOrder) if raw else None
    asyncio.run(serve(folder, order))


if __name__ == "__main__":
    main()
