"""A user's shell with a home of its own: runs the installed `pilothouse` and looks at the runs it starts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e.survivors import wait_until_gone

from pilothouse.core.adapters.wardens import proctree
from pilothouse.core.adapters.wardens.marks import ProcessMark
from pilothouse.core.face.client import LiveSession
from pilothouse.core.face.folders import RunFolder, runs_of
from pilothouse.core.face.picture import Picture

PROGRAM = [sys.executable, "-m", "pilothouse.tui"]
PATIENCE = 100.0
"""Seconds for anything, however busy the machine is."""
SPEED = "50"
"""How fast a rehearsal plays; what remains is real work."""

Condition = Callable[[Picture], bool]
Variables = Mapping[str, str] | None
"""What a command sees of the environment besides the user's own."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)


@dataclass
class Shell:
    """One user. `close` ends what is left of their runs."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)
    projects: set[Path] = field(default_factory=set)
    _children: list[subprocess.Popen[str]] = field(default_factory=list)

    @classmethod
    def at(cls, home: Path) -> Shell:
        """A user whose home is `home`."""
        runtime = home / "run"
        runtime.mkdir(parents=True)
        kept = ("PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")
        variables = {name: os.environ[name] for name in kept if name in os.environ}
        variables |= {
            "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_RUNTIME_DIR": str(runtime),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PILOTHOUSE_MAX_LOAD": "10000",
            "PILOTHOUSE_BACKGROUND": "false",
            "TERM": "dumb",
        }
        (home / ".gitconfig").write_text(
            "[user]\n\tname = Pat\n\temail = pat@example.com\n[init]\n\tdefaultBranch = main\n"
        )
        return cls(home, variables)

    @property
    def project(self) -> Path:
        """Where the user's project is, unless a test says otherwise."""
        return self.home / "project"

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """The user's own git."""
        git = shutil.which("git") or "git"
        done = subprocess.run(
            [git, *arguments], cwd=cwd or self.project, env=self.variables, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def make_project(self, **files: str) -> Path:
        """A project with one commit. A double underscore in the name of a file is a dot."""
        self.project.mkdir()
        self.git("init", "-q")
        self.commit(**(files or {"README__md": "A project.\n"}))
        return self.project

    def commit(self, **files: str) -> str:
        """Commit `files` and all else; the commit."""
        for name, content in files.items():
            (self.project / name.replace("__", ".")).write_text(content)
        self.git("add", "-A")
        self.git("commit", "-qm", "more")
        return self.git("rev-parse", "HEAD")

    def run(self, *arguments: str, cwd: Path | None = None, stdin: str = "", variables: Variables = None) -> Done:
        """`pilothouse ARGUMENTS` to its end, without a terminal."""
        where = cwd or self.project
        self.projects.add(where)
        done = subprocess.run(
            [*PROGRAM, *arguments],
            cwd=where if where.is_dir() else self.home,
            env={**self.variables, **(variables or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(
        self,
        *arguments: str,
        cwd: Path | None = None,
        variables: Variables = None,
        file_bytes: int | None = None,
    ) -> subprocess.Popen[str]:
        """`pilothouse ARGUMENTS` in the background; no file it writes may be longer than `file_bytes`."""
        where = cwd or self.project
        self.projects.add(where)
        limit = () if file_bytes is None else ("prlimit", f"--fsize={file_bytes}")
        child = subprocess.Popen(
            [*limit, *PROGRAM, *arguments],
            cwd=where if where.is_dir() else self.home,
            env={**self.variables, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._children.append(child)
        return child

    def detach(self, *arguments: str, cwd: Path | None = None, variables: Variables = None) -> RunFolder:
        """Start a run that goes on by itself."""
        done = self.run(*arguments, "--detach", cwd=cwd, variables=variables)
        assert done.code == 0, done.err
        return self.newest(cwd, done.out.strip())

    def demo(self, scenario: str = "default", *arguments: str, speed: str = SPEED) -> RunFolder:
        """A rehearsal of `scenario` in the user's project, which is made for it, left to itself."""
        return self.detach("demo", scenario, "--dir", str(self.project), "--speed", speed, *arguments)

    def newest(self, project: Path | None = None, run_id: str | None = None) -> RunFolder:
        """The newest run of the project, or the one of that id."""
        runs = runs_of(project or self.project)
        return next(run for run in runs if run_id in (None, run.run_id))

    def close(self) -> None:
        """End the engines of this user's runs and wait until nothing of them is left."""
        for child in self._children:
            if child.poll() is None:
                child.kill()
            child.communicate()
        for project in self.projects | {self.project}:
            for run in runs_of(project):
                mark = ProcessMark.from_json(run.engine())
                if mark is not None and mark.signal(signal.SIGKILL):
                    wait_until_gone([mark.pid])
                nothing_left(run)


def finish(child: subprocess.Popen[str]) -> Done:
    """How a command in the background ends."""
    out, err = child.communicate(timeout=PATIENCE)
    return Done(child.returncode, out, err)


def until(run: RunFolder, condition: Condition, seconds: float = PATIENCE) -> Picture:
    """The first picture of a run for which `condition` holds, as a front end sees it."""

    async def watch() -> Picture:
        session = LiveSession(run)
        try:
            async with asyncio.timeout(seconds), aclosing(session.watch()) as updates:
                async for _ in updates:
                    if session.picture.run is not None and condition(session.picture):
                        return session.picture
        finally:
            await session.close()
        raise AssertionError("the session ended")

    return asyncio.run(watch())


def over(picture: Picture) -> bool:
    """The run has ended."""
    return picture.run is not None and picture.run.ended_at is not None


def asks(picture: Picture) -> bool:
    """Somebody asks the user."""
    return bool(picture.open_questions())


def engine_of(run: RunFolder) -> ProcessMark:
    """The engine that signed last."""
    mark = ProcessMark.from_json(run.engine())
    assert mark is not None
    return mark


def processes_of(run: RunFolder) -> list[int]:
    """The processes that carry the mark of `run` and what descends from its engine."""
    marked = set(proctree.marked("PILOTHOUSE_RUN", run.run_id))
    marks = [engine_of(run)] if run.engine() else []
    below = set(proctree.descendants([mark.pid for mark in marks if mark.is_alive()]))
    return sorted(pid for pid in marked | below if (found := proctree.row(pid)) is not None and found[1] not in "ZX")


def nothing_left(run: RunFolder, seconds: float = 20) -> None:
    """Block until no process of `run` is left (its engine, if it lives, keeps its wardens)."""
    deadline = time.monotonic() + seconds
    while found := processes_of(run):
        assert time.monotonic() < deadline, [proctree.environment(pid) for pid in found]
        with contextlib.suppress(ProcessLookupError):
            wait_until_gone(found, max(0.1, deadline - time.monotonic()))


def kill_engine(run: RunFolder) -> None:
    """`kill -9`."""
    mark = engine_of(run)
    assert mark.signal(signal.SIGKILL)
    wait_until_gone([mark.pid])


def log_of(run: RunFolder, agent: str) -> Iterator[dict[str, Any]]:
    """The lines of an agent's log."""
    for line in (run.path / "agents" / agent / "log.jsonl").read_text().splitlines():
        yield json.loads(line)
