"""A person's project in a temporary folder and the workspaces of one run of it, for the tests of the git adapter."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pilothouse.core.adapters.git.workspaces import GitWorkspaces
from pilothouse.core.ids import AgentId, RunId
from pilothouse.core.outcomes import Conflicted, Merged
from pilothouse.core.ports import Exit, Job, Processes
from pilothouse.core.spec import WorkspaceKind

RUN = RunId("261121-094217-k3")
A1, A2, A3 = AgentId("a1"), AgentId("a2"), AgentId("a3")
CLONE, READ_ONLY = WorkspaceKind.CLONE, WorkspaceKind.READ_ONLY
GIT = shutil.which("git") or "git"
POEM = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    """What the user's own git says, with the user's own configuration."""
    done = subprocess.run(
        [GIT, *arguments], cwd=folder, capture_output=True, text=True, errors="surrogateescape", check=False
    )
    if check and done.returncode:
        raise AssertionError(f"git {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def write(folder: Path, /, **files: str) -> None:
    """Write `files`; a name's double underscore is a dot."""
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)


@dataclass
class Person:
    """Somebody with a project, and a home of their own."""

    folder: Path
    root: Path

    def git(self, *arguments: str) -> str:
        """Their git, in their project."""
        return git(self.root, *arguments)

    def commit(self, message: str = "more", **files: str) -> str:
        """Commit `files` to the project, with all else that is there; the commit."""
        write(self.root, **files)
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        return self.head

    @property
    def head(self) -> str:
        """Where their HEAD stands."""
        return self.git("rev-parse", "HEAD").strip()

    @property
    def status(self) -> str:
        """What `git status` lists, ignored files left out."""
        return self.git("status", "--porcelain")

    def show(self, what: str) -> str:
        """A file or commit, say `main:poem.txt`."""
        return self.git("show", what)

    def ref(self, name: str) -> str:
        """Where a ref stands, empty if there is none."""
        return git(self.root, "rev-parse", "--verify", "--quiet", name, check=False).strip()

    def workspaces(
        self,
        *,
        base: str | None = None,
        branch: str | None = "main",
        processes: Processes | None = None,
        setup: str | None = None,
        share: Sequence[str] = (),
    ) -> GitWorkspaces:
        """The workspaces of a run from `base`; again for the same run as another engine would open them."""
        root = self.folder / "state" / RUN
        return GitWorkspaces(
            self.root,
            RUN,
            base or self.head,
            root,
            branch=branch,
            processes=processes,
            setup=setup,
            share=share,
        )


def make_person(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    """A person with a home, an identity and a project of two commits."""
    home = folder / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Pat\n\temail = pat@example.com\n[init]\n\tdefaultBranch = main\n"
    )
    person = Person(folder, folder / "project")
    template = folder.parent / "git-template"
    if not template.is_dir():
        first = Person(folder, folder / "template")
        first.root.mkdir()
        first.git("init", "-q")
        first.commit("start", **{"poem__txt": POEM, "other__txt": "other\n"})
        first.root.rename(template)
    shutil.copytree(template, person.root)
    person.git("update-index", "-q", "--refresh")
    return person


def merged(outcome: Merged | Conflicted) -> Merged:
    """The outcome, which must be a merge."""
    assert isinstance(outcome, Merged), outcome
    return outcome


def conflicted(outcome: Merged | Conflicted) -> Conflicted:
    """The outcome, which must be a conflict."""
    assert isinstance(outcome, Conflicted), outcome
    return outcome


class PlainProcesses:
    """Runs commands without any sandbox; what they say is kept."""

    level = "S0"

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    async def run(self, job: Job, on_output: Callable[[str], None] | None = None) -> Exit:
        """Run `job` and hand back its end."""
        self.jobs.append(job)
        process = await asyncio.create_subprocess_exec(
            *job.argv, cwd=job.cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await process.communicate()
        return Exit(code=process.returncode or 0, output=output.decode(), ms=1)

    async def close(self) -> None:
        """Nothing runs on."""
