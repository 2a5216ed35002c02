"""Checkouts of agents: made, kept, lost, refreshed, quoted from, removed."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from e2e.git_project import (
    A1,
    A2,
    CLONE,
    POEM,
    READ_ONLY,
    RUN,
    Person,
    PlainProcesses,
    git,
    make_person,
    merged,
    write,
)

from pilothouse.core.errors import UsageError, WorkspaceError
from pilothouse.core.ids import agent_id
from pilothouse.core.ports import Workspaces

pytestmark = pytest.mark.e2e


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    return make_person(tmp_path, monkeypatch)


async def test_a_clone_holds_the_files_of_its_base_and_works_with_git_of_its_own(person: Person) -> None:
    workspaces = person.workspaces()
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    assert (checkout.path / "poem.txt").read_text() == POEM
    assert (checkout.base, checkout.branch) == (person.head, f"pilothouse/{RUN}/a1")
    assert git(checkout.path, "status", "--porcelain") == ""
    assert git(checkout.path, "log", "--format=%s") == "start\n"
    write(checkout.path, new__txt="new\n")
    git(checkout.path, "add", "-A")
    git(checkout.path, "commit", "-qm", "by the agent itself")
    git(checkout.path, "gc", "-q", "--prune=now")
    assert person.status == ""


def test_the_adapter_is_what_the_port_asks_for(person: Person) -> None:
    port: Workspaces = person.workspaces()
    assert port


@pytest.mark.parametrize("kind", ["sha256", "shallow"])
async def test_unusual_repositories_work_as_well(person: Person, kind: str) -> None:
    unusual = Person(person.folder, person.folder / kind)
    person.commit("second", other__txt="second\n")
    if kind == "shallow":
        git(person.folder, "clone", "-q", "--depth", "1", f"file://{person.root}", kind)
    else:
        git(person.folder, "init", "-q", "--object-format=sha256", kind)
        unusual.commit("start", poem__txt=POEM)
    base = unusual.head
    workspaces = unusual.workspaces()
    first, second = [await workspaces.prepare(agent, CLONE, base) for agent in (A1, A2)]
    write(first.path, poem__txt=POEM + "eight\n")
    (second.path / "poem.txt").rename(second.path / "song.txt")
    tip = merged(await workspaces.merge(A1, "First", base)).tip
    tip = merged(await workspaces.merge(A2, "Second", tip)).tip
    await workspaces.land(tip)
    assert (unusual.root / "song.txt").read_text() == POEM + "eight\n"
    assert unusual.status == git(first.path, "diff", "--stat", "HEAD", "HEAD") == ""


async def test_preparing_again_gives_back_the_checkout_with_the_work_in_it(person: Person) -> None:
    first = await person.workspaces().prepare(A1, CLONE, person.head)
    write(first.path, poem__txt="changed\n")
    again = await person.workspaces().prepare(A1, CLONE, person.commit(later__txt="later\n"))
    assert again == first
    assert (again.path / "poem.txt").read_text() == "changed\n"


async def test_a_checkout_that_an_engine_died_over_is_made_anew(person: Person) -> None:
    workspaces = person.workspaces()
    run = await workspaces.open()
    half = run.layout.checkout(A1)
    half.mkdir()
    write(half, rubbish__txt="half\n")
    (half / "closed").mkdir()
    write(half / "closed", file="x")
    (half / "closed").chmod(0)
    run.layout.index(A1).with_suffix(".lock").write_text("")
    (run.layout.engine / "index.lock").write_text("")
    checkout = await person.workspaces().prepare(A1, CLONE, person.head)
    assert sorted(path.name for path in checkout.path.iterdir()) == [".git", "other.txt", "poem.txt"]


async def test_forty_checkouts_are_made_at_once(person: Person) -> None:
    workspaces = person.workspaces()
    checkouts = await asyncio.gather(
        *(workspaces.prepare(agent_id(number), CLONE, person.head) for number in range(1, 41))
    )
    for number, checkout in enumerate(checkouts, start=1):
        write(checkout.path, **{f"file{number}": "x\n"})
    tip = person.head
    for number in range(1, 41, 10):
        tip = merged(await workspaces.merge(agent_id(number), f"Work {number}", tip)).tip
    assert person.git("ls-tree", "--name-only", tip).split() == [
        "file1", "file11", "file21", "file31", "other.txt", "poem.txt",
    ]  # fmt: skip


async def test_a_read_only_checkout_has_no_branch_and_moves_with_refresh(person: Person) -> None:
    workspaces = person.workspaces()
    checkout = await workspaces.prepare(A1, READ_ONLY, person.head)
    assert checkout.branch is None
    newer = person.commit("newer", poem__txt="newer\n", added__txt="added\n")
    await workspaces.refresh(A1, newer)
    assert (checkout.path / "poem.txt").read_text() == "newer\n"
    assert git(checkout.path, "rev-parse", "HEAD").strip() == newer
    assert git(checkout.path, "status", "--porcelain") == ""
    assert await workspaces.merge(A1, "Nothing", person.ref(f"pilothouse/{RUN}/run")) is not None


async def test_what_somebody_wrote_into_a_read_only_checkout_is_rescued_by_a_refresh(person: Person) -> None:
    workspaces = person.workspaces()
    checkout = await workspaces.prepare(A1, READ_ONLY, person.head)
    write(checkout.path, poem__txt="mine\n", added__txt="mine\n")
    await workspaces.refresh(A1, person.commit("newer", added__txt="theirs\n"))
    assert (checkout.path / "added.txt").read_text() == "theirs\n"
    assert person.show(f"refs/pilothouse/{RUN}/rescue/a1:added.txt") == "mine\n"


async def test_a_writer_is_not_moved_under_its_hands(person: Person) -> None:
    workspaces = person.workspaces()
    await workspaces.prepare(A1, CLONE, person.head)
    with pytest.raises(WorkspaceError, match="a1 writes in its workspace"):
        await workspaces.refresh(A1, person.head)


async def test_a_lost_workspace_is_an_error_and_never_the_users_tree(person: Person) -> None:
    workspaces = person.workspaces()
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    shutil.rmtree(checkout.path)
    for call in (
        workspaces.merge(A1, "Work", person.head),
        workspaces.stage_merge(A1, person.head),
        workspaces.find(A1, "three four"),
        workspaces.prepare(A1, CLONE, person.head),
        workspaces.remove(A1),
    ):
        with pytest.raises(WorkspaceError, match="the workspace of a1 is gone"):
            await call
    checkout.path.symlink_to(person.root)
    with pytest.raises(WorkspaceError, match="the workspace of a1 is gone"):
        await workspaces.merge(A1, "Work", person.head)
    with pytest.raises(WorkspaceError, match="a2 has no workspace"):
        await workspaces.merge(A2, "Work", person.head)


async def test_a_scratch_checkout_comes_and_goes(person: Person) -> None:
    workspaces = person.workspaces()
    scratch = await workspaces.scratch(person.head)
    assert (scratch / "poem.txt").read_text() == POEM
    assert git(scratch, "rev-parse", "HEAD").strip() == person.head
    await workspaces.discard(scratch)
    assert not scratch.exists()
    left = await workspaces.scratch(person.head)
    await workspaces.close()
    assert not left.exists()
    with pytest.raises(WorkspaceError, match="is no scratch checkout"):
        await workspaces.discard(person.root)
    assert person.root.exists()


async def test_the_set_up_command_runs_once_in_each_fresh_checkout(person: Person) -> None:
    person.commit(__gitignore="built/\n")
    processes = PlainProcesses()
    workspaces = person.workspaces(processes=processes, setup="mkdir built && echo ready > built/it")
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    await workspaces.prepare(A1, CLONE, person.head)
    scratch = await workspaces.scratch(person.head)
    assert (checkout.path / "built" / "it").read_text() == (scratch / "built" / "it").read_text() == "ready\n"
    assert [job.cwd for job in processes.jobs] == [checkout.path, scratch]
    assert processes.jobs[0].writable == (checkout.path,)
    assert merged(await workspaces.merge(A1, "Nothing", person.head)).commit is None


async def test_what_the_set_up_command_makes_is_not_the_agents_work_until_the_agent_changes_it(person: Person) -> None:
    setup = "echo made > lock.txt; echo made > made.txt; echo set-up >> other.txt"
    workspaces = person.workspaces(processes=PlainProcesses(), setup=setup)
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    assert merged(await workspaces.merge(A1, "Nothing", person.head)).commit is None
    write(checkout.path, lock__txt="changed\n", poem__txt="changed\n")
    tip = merged(await person.workspaces().merge(A1, "Something", person.head)).tip
    assert person.git("diff", "--name-only", "main", tip).split() == ["lock.txt", "poem.txt"]
    assert (checkout.path / "made.txt").exists()


async def test_a_failing_set_up_command_says_what_it_said_and_can_be_tried_again(person: Person) -> None:
    flag = person.folder / "works-now"
    setup = f"echo trying; test -e {flag} || {{ echo 'no \033[31mregistry' >&2; exit 7; }}"
    workspaces = person.workspaces(processes=PlainProcesses(), setup=setup)
    with pytest.raises(WorkspaceError, match=r"the set-up command .* ended with 7; it said: trying / no \\x1b\[31mreg"):
        await workspaces.prepare(A1, CLONE, person.head)
    with pytest.raises(WorkspaceError, match="ended with 7"):
        await workspaces.scratch(person.head)
    assert list((person.folder / "state" / RUN).glob("scratch-*")) == []
    flag.touch()
    assert (await workspaces.prepare(A1, CLONE, person.head)).path.exists()


async def test_shared_folders_are_seen_and_never_committed(person: Person) -> None:
    person.commit(__gitignore="node_modules/\n")
    (person.root / "node_modules").mkdir()
    write(person.root / "node_modules", left__js="pad\n")
    workspaces = person.workspaces(share=["node_modules", "not-installed"])
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    assert (checkout.path / "node_modules" / "left.js").read_text() == "pad\n"
    assert workspaces.shared == (person.root / "node_modules",)
    assert git(checkout.path, "status", "--porcelain") == ""
    write(checkout.path, __gitignore="!node_modules\n")
    tip = merged(await workspaces.merge(A1, "Work", person.head)).tip
    assert "node_modules" not in person.git("ls-tree", "-r", "--name-only", tip)


@pytest.mark.parametrize("name", ["/etc", "../elsewhere", ".", ".git", "a/../../b", "poem.txt"])
async def test_only_ignored_folders_inside_the_project_are_shared(person: Person, name: str) -> None:
    with pytest.raises(UsageError, match="share ="):
        await person.workspaces(share=[name]).open()


async def test_a_quotation_is_found_with_white_space_folded_and_only_in_tracked_text(person: Person) -> None:
    person.commit(**{"über uns.md": "the  quick\n\tbrown fox\n", "binary": "quick\0brown"})
    workspaces = person.workspaces()
    checkout = await workspaces.prepare(A1, READ_ONLY, person.head)
    secret = person.folder / "secret.txt"
    secret.write_text("launch code 1234\n")
    (checkout.path / "poem.txt").unlink()
    (checkout.path / "poem.txt").symlink_to(secret)
    write(checkout.path, untracked__txt="only just written\n")
    assert await workspaces.find(A1, "quick brown\nfox") == "über uns.md"
    assert await workspaces.find(A1, "launch code 1234") is None
    assert await workspaces.find(A1, "only just written") is None
    assert await workspaces.find(A1, "quick\0brown") is None
    assert await workspaces.find(A1, "quick red fox") is None
    assert await workspaces.find(A1, " \n") is None


async def test_removing_a_checkout_saves_what_was_not_merged(person: Person) -> None:
    workspaces = person.workspaces()
    first = await workspaces.prepare(A1, CLONE, person.head)
    second = await workspaces.prepare(A2, CLONE, person.head)
    write(first.path, poem__txt="unmerged\n")
    (first.path / "closed").mkdir(mode=0o500)
    saved = await workspaces.remove(A1)
    assert saved == person.ref(f"refs/pilothouse/{RUN}/rescue/a1")
    assert person.show(f"{saved}:poem.txt") == "unmerged\n"
    assert await workspaces.remove(A2) is None
    assert not first.path.exists()
    assert not second.path.exists()


async def test_a_second_rescue_keeps_the_first(person: Person) -> None:
    workspaces = person.workspaces()
    for text in ("first\n", "second\n"):
        checkout = await workspaces.prepare(A1, CLONE, person.head)
        write(checkout.path, poem__txt=text)
        await workspaces.remove(A1)
    pin = f"refs/pilothouse/{RUN}/rescue/a1"
    assert person.show(f"{pin}:poem.txt") == "second\n"
    assert person.show(f"{pin}^2:poem.txt") == "first\n"


async def test_releasing_a_run_removes_its_folders_and_keeps_branches_and_rescues(person: Person) -> None:
    workspaces = person.workspaces()
    first = await workspaces.prepare(A1, CLONE, person.head)
    second = await workspaces.prepare(A2, CLONE, person.head)
    write(first.path, poem__txt="merged\n")
    write(second.path, poem__txt="unmerged\n")
    tip = merged(await workspaces.merge(A1, "Work", person.head)).tip
    assert person.ref(f"refs/pilothouse/{RUN}/base") == person.head
    await workspaces.release()
    assert not first.path.parent.exists()
    assert person.ref(f"refs/pilothouse/{RUN}/base") == ""
    assert person.ref(f"pilothouse/{RUN}/run") == tip
    assert person.show(f"refs/pilothouse/{RUN}/rescue/a2:poem.txt") == "unmerged\n"


async def test_a_garbage_collection_of_the_user_takes_nothing_that_checkouts_need(person: Person) -> None:
    person.commit("only a branch has this", poem__txt="base\n")
    base = person.head
    workspaces = person.workspaces(base=base)
    checkout = await workspaces.prepare(A1, CLONE, base)
    person.git("reset", "-q", "--hard", "HEAD~1")
    person.git("reflog", "expire", "--expire=now", "--all")
    person.git("gc", "-q", "--prune=now")
    write(checkout.path, poem__txt="agent\n")
    tip = merged(await workspaces.merge(A1, "Work", base)).tip
    person.git("gc", "-q", "--prune=now")
    assert person.show(f"{tip}:poem.txt") == "agent\n"
    assert git(checkout.path, "fsck", "--connectivity-only", "--no-dangling") == ""


async def test_folders_of_another_run_are_not_touched(person: Person) -> None:
    await person.workspaces().open()
    record = person.folder / "state" / RUN / "record.json"
    record.write_text(record.read_text().replace(RUN, "261121-094217-zz"))
    with pytest.raises(WorkspaceError, match="does not hold the checkouts of run"):
        await person.workspaces().open()
    record.write_text("{")
    with pytest.raises(WorkspaceError, match="cannot be read"):
        await person.workspaces().open()


async def test_a_base_that_is_no_commit_is_refused(person: Person) -> None:
    with pytest.raises(UsageError, match="is no commit of"):
        await person.workspaces(base="0" * 40).open()


async def test_a_cancelled_prepare_leaves_nothing_running_and_can_be_repeated(person: Person) -> None:
    workspaces = person.workspaces()
    for turns in range(12):
        task = asyncio.create_task(workspaces.prepare(A1, CLONE, person.head))
        for _ in range(turns * 2):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    assert git(checkout.path, "status", "--porcelain") == ""
