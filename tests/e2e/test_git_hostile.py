"""Nothing that an agent plants in its checkout or its work is run, read or followed by git on the host.

Each attack is first tried on git as a careless program would use it, where it must succeed: else it proves nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from e2e.git_project import A1, A2, CLONE, POEM, READ_ONLY, RUN, Person, git, make_person, merged, write

from pilothouse.core.adapters.git import runner
from pilothouse.core.errors import WorkspaceError

pytestmark = pytest.mark.e2e

COMMIT = ("add -A", "commit -qm work")


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    return make_person(tmp_path, monkeypatch)


def script(path: Path, *lines: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)
    return path


def plant_hooks(checkout: Path, alarm: str) -> None:
    for name in ("pre-commit", "post-index-change", "post-checkout", "post-merge", "reference-transaction"):
        script(checkout / ".git" / "hooks" / name, alarm)


def plant_hooks_path(checkout: Path, alarm: str) -> None:
    script(checkout / "hooks" / "pre-commit", alarm)
    git(checkout, "config", "core.hooksPath", "hooks")


def plant_monitor(checkout: Path, alarm: str) -> None:
    git(checkout, "config", "core.fsmonitor", f"{alarm};false")


def plant_filter(checkout: Path, alarm: str) -> None:
    write(checkout, __gitattributes="* filter=evil\n")
    git(checkout, "config", "filter.evil.clean", f"{alarm}; cat")
    git(checkout, "config", "filter.evil.smudge", f"{alarm}; cat")


def plant_diff_driver(checkout: Path, alarm: str) -> None:
    write(checkout, __gitattributes="* diff=evil\n")
    git(checkout, "config", "diff.evil.command", alarm)
    git(checkout, "config", "diff.evil.textconv", alarm)


def plant_merge_driver(checkout: Path, alarm: str) -> None:
    write(checkout, __gitattributes="* merge=evil\n", poem__txt=POEM.replace("one", "uno"))
    git(checkout, "config", "merge.evil.driver", f"{alarm}; false")


def plant_include(checkout: Path, alarm: str) -> None:
    write(checkout, innocent=f"[core]\n\tfsmonitor = {alarm}\n")
    git(checkout, "config", "include.path", "../innocent")


def plant_other_git_dir(checkout: Path, alarm: str) -> None:
    shutil.move(checkout / ".git", checkout / "elsewhere")
    write(checkout, __git="gitdir: elsewhere\n")
    with (checkout / "elsewhere" / "config").open("a") as config:
        config.write(f"[core]\n\tfsmonitor = {alarm}\n")


def plant_embedded_repository(checkout: Path, alarm: str) -> None:
    (checkout / "inner").mkdir()
    git(checkout / "inner", "init", "-q")
    write(checkout / "inner", file="inner\n")
    git(checkout / "inner", "add", "-A")
    git(checkout / "inner", "commit", "-qm", "inner")
    git(checkout / "inner", "config", "core.fsmonitor", f"{alarm};false")


def plant_program(checkout: Path, alarm: str) -> None:
    script(checkout / "git", alarm, "exit 1")


@dataclass(frozen=True)
class Attack:
    """What is planted, and the careless use of git that falls for it."""

    plant: Callable[[Path, str], None]
    careless: tuple[str, ...] = COMMIT


ATTACKS = {
    "hooks": Attack(plant_hooks),
    "hooks path": Attack(plant_hooks_path),
    "fsmonitor": Attack(plant_monitor),
    "filter": Attack(plant_filter),
    "diff driver": Attack(plant_diff_driver, (*COMMIT, "show")),
    "merge driver": Attack(plant_merge_driver, (*COMMIT, "merge -q --no-edit theirs")),
    "include": Attack(plant_include),
    "other git directory": Attack(plant_other_git_dir),
    "embedded repository": Attack(plant_embedded_repository, ("add -A", "status")),
    "program in a relative PATH": Attack(plant_program, ("status",)),
}


def use_carelessly(folder: Path, attack: Attack) -> None:
    """Through a shell in the folder, so that the PATH counts from there."""
    for command in attack.careless:
        subprocess.run(["/bin/sh", "-c", f"git {command}"], cwd=folder, capture_output=True, check=False)


@pytest.mark.parametrize("name", ATTACKS)
async def test_what_an_agent_plants_runs_for_careless_git_and_not_for_ours(
    person: Person, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}")
    attack, flag, base = ATTACKS[name], person.folder / "FIRED", person.head
    workspaces = person.workspaces()
    other = await workspaces.prepare(A2, CLONE, base)
    write(other.path, poem__txt=POEM.replace("one", "ONE"))
    tip = merged(await workspaces.merge(A2, "Theirs", base)).tip
    checkout = await workspaces.prepare(A1, CLONE, base)
    git(checkout.path, "branch", "theirs", tip)
    write(checkout.path, other__txt="changed\n")
    attack.plant(checkout.path, f"touch '{flag}'")

    control = person.folder / "control"
    shutil.copytree(checkout.path, control, symlinks=True)
    use_carelessly(control, attack)
    assert flag.exists(), "the control does not fall for it"
    flag.unlink()

    await workspaces.stage_merge(A1, tip)
    await workspaces.find(A1, "three four five")
    write(checkout.path, poem__txt=POEM.replace("one", "resolved"))
    outcome = merged(await workspaces.merge(A1, "Work", tip))
    (await workspaces.prepare(A2, READ_ONLY, base))
    scratch = await workspaces.scratch(outcome.tip)
    await workspaces.discard(scratch)
    await workspaces.land(outcome.tip)
    write(checkout.path, other__txt="more\n")
    await workspaces.remove(A1)
    assert not flag.exists()
    assert person.show("main:other.txt") == "changed\n"
    assert person.status == ""


async def test_files_of_an_embedded_repository_are_merged_as_files(person: Person) -> None:
    workspaces = person.workspaces()
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    write(checkout.path, __gitignore="*.log\n")
    for folder in ("app", "app/deeper", "empty", "with spaces/x"):
        (checkout.path / folder).mkdir(parents=True)
        git(checkout.path / folder, "init", "-q")
    for folder in ("app", "app/deeper", "with spaces/x"):
        write(checkout.path / folder, **{"main.py": "x\n", "a.log": "x\n"})
    git(checkout.path / "app", "add", "main.py")
    git(checkout.path / "app", "commit", "-qm", "inner")
    tip = merged(await workspaces.merge(A1, "An app", person.head)).tip
    added = person.git("diff", "--raw", "main", tip).splitlines()
    assert [line.split("\t")[1] for line in added] == [
        ".gitignore", "app/deeper/main.py", "app/main.py", "with spaces/x/main.py",
    ]  # fmt: skip
    assert not any("160000" in line for line in added)
    write(checkout.path / "app", **{"second.py": "y\n"})
    again = merged(await workspaces.merge(A1, "More", tip))
    assert person.git("diff", "--name-only", tip, again.tip).split() == ["app/second.py"]


async def test_a_submodule_stays_at_its_commit_whatever_is_put_in_its_place(person: Person) -> None:
    library = person.folder / "library"
    library.mkdir()
    git(library, "init", "-q")
    write(library, lib__py="x\n")
    git(library, "add", "-A")
    git(library, "commit", "-qm", "library")
    person.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "lib")
    base = person.commit("with a submodule")
    workspaces = person.workspaces(base=base)
    checkout = await workspaces.prepare(A1, CLONE, base)
    assert list((checkout.path / "lib").iterdir()) == []
    plant_embedded_repository(checkout.path, "false")
    shutil.move(checkout.path / "inner" / ".git", checkout.path / "lib" / ".git")
    write(checkout.path / "lib", lib__py="changed\n")
    write(checkout.path, poem__txt="changed\n")
    tip = merged(await workspaces.merge(A1, "Work", base)).tip
    assert person.git("diff", "--name-only", base, tip).split() == ["inner/file", "poem.txt"]
    await workspaces.land(tip)
    assert person.status == ""


async def test_no_git_directory_gets_into_a_commit_in_any_spelling(person: Person) -> None:
    workspaces = person.workspaces()
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    for name in (".GIT", ".git ", "git~1", ".g\u200cit", "deep/.Git"):
        folder = checkout.path / name
        folder.mkdir(parents=True)
        write(folder, config="[core]\n")
    write(checkout.path, fine="x\n")
    tip = merged(await workspaces.merge(A1, "Work", person.head)).tip
    assert person.git("diff", "--name-only", "main", tip).split() == ["fine"]


async def test_a_link_in_place_of_a_folder_is_taken_up_as_a_link(person: Person) -> None:
    secret = person.folder / "secret"
    secret.mkdir()
    write(secret, file="secret\n")
    (person.root / "folder").mkdir()
    write(person.root / "folder", file="open\n")
    base = person.commit()
    workspaces = person.workspaces(base=base)
    checkout = await workspaces.prepare(A1, CLONE, base)
    shutil.rmtree(checkout.path / "folder")
    (checkout.path / "folder").symlink_to(secret)
    assert await workspaces.find(A1, "secret") is None
    tip = merged(await workspaces.merge(A1, "Work", base)).tip
    assert person.git("ls-tree", tip, "folder").startswith("120000 blob")
    assert "folder/" not in person.git("ls-tree", "-r", "--name-only", tip)


async def test_nothing_is_written_through_a_link_when_a_checkout_moves(person: Person) -> None:
    outside = person.folder / "outside"
    outside.mkdir()
    workspaces = person.workspaces()
    reader = await workspaces.prepare(A1, READ_ONLY, person.head)
    writer = await workspaces.prepare(A2, CLONE, person.head)
    (person.root / "folder").mkdir()
    write(person.root / "folder", file="x\n")
    newer = person.commit()
    for checkout in (reader, writer):
        (checkout.path / "folder").symlink_to(outside)
    shutil.rmtree(reader.path / ".git")
    (reader.path / ".git").symlink_to(outside)
    with pytest.raises(WorkspaceError, match=r"\.git is not as the engine made it"):
        await workspaces.refresh(A1, newer)
    await workspaces.stage_merge(A2, newer)
    assert list(outside.iterdir()) == []


async def test_what_is_no_file_is_no_work(person: Person) -> None:
    workspaces = person.workspaces()
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    (checkout.path / "poem.txt").unlink()
    os.mkfifo(checkout.path / "poem.txt")
    os.mkfifo(checkout.path / "pipe")
    tip = merged(await workspaces.merge(A1, "Work", person.head)).tip
    assert person.git("ls-tree", "--name-only", tip).split() == ["other.txt"]


async def test_a_file_that_never_ends_costs_its_agent_the_merge_and_nobody_else(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspaces = person.workspaces()
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    other = await workspaces.prepare(A2, CLONE, person.head)
    os.mkfifo(checkout.path / ".gitignore")
    with monkeypatch.context() as patch:
        patch.setattr(runner, "TIME_LIMIT", 0.5)
        with pytest.raises(WorkspaceError, match=r"took more than 0\.5 s"):
            await workspaces.merge(A1, "Work", person.head)
    write(other.path, poem__txt="other\n")
    assert merged(await workspaces.merge(A2, "Work", person.head)).files == 1


async def test_a_cancelled_git_process_is_gone_and_leaves_no_lock(person: Person) -> None:
    workspaces = person.workspaces()
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    os.mkfifo(checkout.path / ".gitignore")
    merging = asyncio.create_task(workspaces.merge(A1, "Work", person.head))
    async with asyncio.timeout(20):
        while not (children := _blocked()):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    merging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await merging
    assert not set(children) & {child.pid for child in psutil.Process().children(recursive=True)}
    (checkout.path / ".gitignore").unlink()
    assert merged(await workspaces.merge(A1, "Work", person.head)).commit is None


async def test_what_the_agents_own_git_says_plays_no_part(person: Person) -> None:
    workspaces = person.workspaces()
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    write(checkout.path, poem__txt="real\n")
    git(checkout.path, "update-index", "--assume-unchanged", "poem.txt", "other.txt")
    git(checkout.path, "symbolic-ref", "HEAD", "refs/heads/elsewhere")
    shutil.rmtree(checkout.path / ".git")
    tip = merged(await workspaces.merge(A1, "Work", person.head)).tip
    assert person.git("diff", "--name-only", "main", tip).split() == ["poem.txt"]
    assert person.ref(f"pilothouse/{RUN}/a1") == tip


async def test_what_the_users_environment_says_of_git_does_not_mislead_us(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag = person.folder / "FIRED"
    monkeypatch.setenv("GIT_DIR", str(person.folder / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(person.folder / "index"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", f"touch {flag}")
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'core.fsmonitor=touch {flag}'")
    workspaces = person.workspaces(base=_head(person))
    checkout = await workspaces.prepare(A1, CLONE, _head(person))
    write(checkout.path, poem__txt="x\n")
    assert merged(await workspaces.merge(A1, "Work", _head(person))).files == 1
    assert not flag.exists()


def _head(person: Person) -> str:
    environment = {"PATH": os.environ["PATH"]}
    said = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=person.root, env=environment, capture_output=True, check=True
    )
    return said.stdout.decode().strip()


def _blocked() -> list[int]:
    """The git processes of ours that wait for somebody to write into the FIFO."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "--others" in child.cmdline() and child.status() == psutil.STATUS_SLEEPING:
                found.append(child.pid)
    return found
