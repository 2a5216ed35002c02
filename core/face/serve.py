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
import tempfile
from collections.abc import Iterator
from hashlib import sha256
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
from ..adapters.wardens.marks import ProcessMark
from ..adapters.wardens.processes import WardenProcesses
from ..effects.bench import Bench
from ..engine.chronicle import Chronicle
from ..engine.engine import Engine
from ..engine.stage import Stage
from ..errors import ExitCode, PilothouseError
from ..events import AnyEvent
from ..ids import AgentId, RunId
from ..inputs import EngineRestarted, Input, MachineRead, StartRun
from ..places import live_registry
from ..prompts import instructions
from ..reducer import fold
from ..selectors import agent_view, role
from ..state import State
from ..tasks import Tasks
from ..tools.toolbox import Toolbox
from . import house
from .folders import ENGINE, RunFolder
from .hub import Hub
from .server import Server
from .start import RunOrder

LINGER_SECONDS = 10.0
"""How long the engine of a run that is over waits for somebody to look at it."""


class Projector:
    """Tells the log, the response files and the watchers what has become durable."""

    def __init__(self, state: State, chronicle: Chronicle, responses: Responses, hub: Hub) -> None:
        self._state = state
        self._chronicle = chronicle
        self._responses = responses
        self._hub = hub
        self._stale: set[AgentId] = set()
        self.wanted = asyncio.Event()

    def decided(self, events: list[AnyEvent]) -> None:
        """These events are durable."""
        self._chronicle.decided(events)

    def changed(self, names: set[str]) -> None:
        """These records have changed."""
        self._stale |= {AgentId(name) for name in names if name.startswith("a")}
        self.wanted.set()
        self._hub.changed(names)

    async def write_responses(self) -> None:
        """Keep the response files as the records are, until cancelled."""
        while True:
            await self.wanted.wait()
            self.wanted.clear()
            await self.flush()

    async def flush(self) -> None:
        """Write the files of what has changed."""
        stale, self._stale = self._stale, set()
        for name in stale:
            record = self._state.agents[name]
            if record.turns or record.end is not None:
                await self._responses.write(agent_view(self._state, record))


class House:
    """One engine with all that belongs to it, from its first breath to its last."""

    def __init__(self, folder: Path) -> None:
        self.run = RunFolder(folder)
        self.state = State()
        self.clock = WallClock()
        self.tasks = Tasks(self._task_failed)
        self.over = asyncio.Event()
        self.processes = WardenProcesses(folder.name)
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
        for line in self.journal.contents.lines:
            fold(self.state, line.events, line.at)
        self.state.touched.clear()
        damaged = self.journal.contents.damaged
        notes = [f"a damaged line of the journal was skipped (byte {damage.offset})" for damage in damaged]
        given: Input
        if order is not None:
            prepared = await house.prepare(order, RunId(self.run.run_id), self.processes, self.toolbox)
            started, given = prepared.started, StartRun(prepared.started)
            notes += prepared.notes
        else:
            if self.state.run is None:
                raise PilothouseError(f"{folder} holds no run that could be taken up")
            started, given = self.state.run, EngineRestarted()
            await self.processes.self_test()
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
        self.workspaces = house.make_workspaces(started, self.processes)
        self.hub = Hub(self.state, stage)
        self.projector = Projector(self.state, Chronicle(self.state, log), responses, self.hub)
        self.engine = Engine(self.state, self.journal, self.clock, prices, self, self.tasks)
        self.engine.bench = Bench(
            folder=folder,
            readable=await self.workspaces.readable(),
            state=self.state,
            model=self.model,
            prices=prices,
            processes=self.processes,
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
        self.tasks.start("write the journal", self.engine.write_journal())
        self.tasks.start("write the logs", log.run())
        self.tasks.start("write the responses", self.projector.write_responses())
        self.tasks.start("follow the stage", self.hub.follow_stage())
        self.tasks.start("read the machine", self._read_machine())
        if self.state.end is None or order is not None:
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
        mark = ProcessMark.of(os.getpid())
        assert mark is not None
        ended = self.state.end is not None
        if ended == self._signed:
            return
        self._signed = ended
        place = {"socket": str(socket_path(self.run.path)), "run": self.run.run_id, "folder": str(self.run.path)}
        word = {**mark.to_json(), **place, "ended": ended}
        replace(self.run.path / ENGINE, json.dumps(word))
        live_registry().mkdir(parents=True, exist_ok=True)
        replace(live_registry() / f"{self.run.run_id}.json", json.dumps(word))

    async def close(self) -> None:
        """End everything that runs and leave the journal as it is: what is open now is open for the next engine."""
        if hasattr(self, "engine"):
            self.engine.shut()
        if hasattr(self, "server"):
            await self.server.close()
            socket_path(self.run.path).unlink(missing_ok=True)
            (live_registry() / f"{self.run.run_id}.json").unlink(missing_ok=True)
            self.journal.close()
            with contextlib.suppress(Exception):
                await self.projector.flush()
            self.log.close()
        await self.tasks.close()
        await self.processes.close()
        if hasattr(self, "workspaces"):
            await self.workspaces.close()
            await self.model.close()


def replace(path: Path, text: str) -> None:
    """Put `text` at `path` at once."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    os.replace(fresh, path)


def socket_path(folder: Path) -> Path:
    """Where the engine of `folder` listens: short, because a socket's path may have 108 bytes, and private.

    Raises `PilothouseError` if somebody else owns the folder it would be in.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    base = Path(runtime) if runtime and os.path.isdir(runtime) else Path(tempfile.gettempdir())
    private = base / f"pilothouse-{os.geteuid()}"
    private.mkdir(mode=0o700, exist_ok=True)
    status = private.lstat()
    if status.st_uid != os.geteuid() or not private.is_dir() or private.is_symlink():
        raise PilothouseError(f"{private} belongs to somebody else; set XDG_RUNTIME_DIR to a folder of your own")
    private.chmod(0o700)
    return private / f"{sha256(os.fsencode(folder)).hexdigest()[:16]}.sock"


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
    hide_memory()
    folder = Path(sys.argv[1])
    raw = sys.stdin.buffer.read()
    with word_to_parent():
        order = msgspec.json.decode(raw, type=RunOrder) if raw else None
    asyncio.run(serve(folder, order))


if __name__ == "__main__":
    main()
