"""The result of a run comes into the user's branch by fast-forward, or a sentence says why not and nothing changes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from e2e.git_project import A1, CLONE, POEM, RUN, Person, git, make_person, merged, write

from pilothouse.core.adapters.git.landing import Landing
from pilothouse.core.adapters.git.repository import Repository
from pilothouse.core.adapters.git.runner import GitFailedError
from pilothouse.core.adapters.git.workspaces import GitWorkspaces
from pilothouse.core.errors import WorkspaceError
from pilothouse.core.outcomes import Landed

pytestmark = pytest.mark.e2e

CHANGED = POEM.replace("one", "ONE")


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    return make_person(tmp_path, monkeypatch)


async def work(person: Person, **files: str) -> tuple[GitWorkspaces, str]:
    """A run whose agent wrote `files`, and its tip."""
    workspaces = person.workspaces()
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    for name, content in (files or {"poem__txt": CHANGED, "new__txt": "new\n"}).items():
        path = checkout.path / name.replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(0o755 if content.startswith("#!") else 0o644)
    return workspaces, merged(await workspaces.merge(A1, "Work", person.head)).tip


async def refused(person: Person, workspaces: GitWorkspaces, tip: str, match: str) -> None:
    """Landing says `match`, and neither files, index, branch nor HEAD are touched."""
    before = (person.head, person.status, person.git("diff"), person.git("diff", "--cached"))
    with pytest.raises(WorkspaceError, match=match):
        await workspaces.land(tip)
    assert before == (person.head, person.status, person.git("diff"), person.git("diff", "--cached"))


async def test_landing_moves_branch_and_files_and_remembers_where_they_were(person: Person) -> None:
    before = person.head
    workspaces, tip = await work(person)
    assert await workspaces.land(tip) == Landed("main", tip, before)
    assert person.head == person.ref("main") == tip
    assert person.status == ""
    assert (person.root / "poem.txt").read_text() == CHANGED
    assert "pilothouse: land" in person.git("reflog", "-1", "main")
    person.git("reset", "-q", "--keep", f"refs/pilothouse/{RUN}/before-land")
    assert person.head == before
    assert not (person.root / "new.txt").exists()


async def test_landing_again_is_the_same_landing(person: Person) -> None:
    before = person.head
    workspaces, tip = await work(person)
    once = await workspaces.land(tip)
    assert await person.workspaces(base=before).land(tip) == once


async def test_changes_elsewhere_stay_as_they_are(person: Person) -> None:
    workspaces, tip = await work(person)
    write(person.root, other__txt="mine\n", notes__txt="mine\n", staged__txt="mine\n")
    person.git("add", "staged.txt")
    await workspaces.land(tip)
    assert person.status.splitlines() == [" M other.txt", "A  staged.txt", "?? notes.txt"]
    assert (person.root / "other.txt").read_text() == "mine\n"


async def test_changes_in_the_same_file_are_not_overwritten(person: Person) -> None:
    workspaces, tip = await work(person)
    write(person.root, poem__txt="mine\n")
    await refused(person, workspaces, tip, r"would overwrite your changes in poem\.txt: commit or stash")
    person.git("add", "poem.txt")
    await refused(person, workspaces, tip, r"would overwrite your changes in poem\.txt")
    person.git("checkout", "-q", "HEAD", "poem.txt")
    assert (await workspaces.land(tip)).commit == tip


@pytest.mark.parametrize("name", ["plain", "ignored", "folder", "link"])
async def test_files_in_no_commit_are_not_overwritten(person: Person, name: str) -> None:
    person.commit(__gitignore="secret.env\n")
    files = {"plain": "new.txt", "ignored": "secret.env", "folder": "place", "link": "deep/file"}
    workspaces, tip = await work(person, **{files[name]: "agent\n", "__gitignore": "\n"})
    in_the_way = person.root / files[name]
    if name == "folder":
        in_the_way.mkdir()
        write(in_the_way, mine="mine\n")
    elif name == "link":
        in_the_way = person.root / "deep"
        in_the_way.symlink_to(person.folder)
    else:
        in_the_way.write_text("mine\n")
    await refused(person, workspaces, tip, r"would overwrite files that are in no commit: \S+; move them away")
    in_the_way.rename(person.folder / "moved")
    assert (await workspaces.land(tip)).commit == tip


async def test_a_branch_that_moved_on_is_merged_by_hand(person: Person) -> None:
    workspaces, tip = await work(person)
    person.commit("meanwhile", other__txt="mine\n")
    await refused(person, workspaces, tip, rf"main has moved on .* `git merge pilothouse/{RUN}/run`")
    person.git("merge", "-q", "--no-edit", f"pilothouse/{RUN}/run")
    landed = await workspaces.land(tip)
    assert (landed.branch, landed.commit) == ("main", person.head)


async def test_no_branch_or_another_branch_is_said(person: Person) -> None:
    workspaces, tip = await work(person)
    person.git("switch", "-q", "--detach")
    await refused(person, workspaces, tip, "no branch is checked out")
    person.git("switch", "-q", "-c", "topic")
    await refused(person, workspaces, tip, "started on main, but topic is checked out: `git switch main`")


async def test_a_run_from_a_detached_head_lands_on_the_branch_checked_out_later(person: Person) -> None:
    person.git("switch", "-q", "--detach")
    workspaces, tip = await work(person)
    workspaces = person.workspaces(branch=None)
    person.git("switch", "-q", "-c", "topic")
    assert (await workspaces.land(tip)).branch == "topic"
    assert person.ref("topic") == tip != person.ref("main")


async def test_a_merge_under_way_or_a_busy_repository_is_said(person: Person) -> None:
    workspaces, tip = await work(person)
    lock = person.root / ".git" / "index.lock"
    lock.touch()
    await refused(person, workspaces, tip, r"another git process is using the repository \(\.git/index\.lock\)")
    lock.unlink()
    (person.root / ".git" / "MERGE_HEAD").write_text(person.head)
    await refused(person, workspaces, tip, "a merge is under way here")


async def test_another_tip_than_the_runs_is_refused(person: Person) -> None:
    workspaces, _ = await work(person)
    with pytest.raises(WorkspaceError, match="so nothing was landed"):
        await workspaces.land(person.head)


async def test_landing_works_in_a_linked_worktree(person: Person) -> None:
    linked = person.folder / "linked"
    person.git("worktree", "add", "-q", "-b", "topic", str(linked))
    there = Person(person.folder, linked)
    workspaces, tip = await work(there)
    workspaces = there.workspaces(branch="topic")
    assert (await workspaces.land(tip)).branch == "topic"
    assert there.status == ""
    assert person.ref("main") != tip == person.ref("topic")


async def test_hooks_inside_the_work_tree_run_for_git_merge_and_not_for_landing(person: Person) -> None:
    flag = person.folder / "FIRED"
    alarm = f"#!/bin/sh\ntouch '{flag}'\n"
    person.git("config", "core.hooksPath", ".hooks")
    hooks = {f".hooks/{name}": alarm for name in ("post-merge", "post-index-change", "reference-transaction")}
    workspaces, tip = await work(person, **hooks)
    control = person.folder / "control"
    git(person.folder, "clone", "-q", str(person.root), str(control))
    git(control, "config", "core.hooksPath", ".hooks")
    git(control, "fetch", "-q", "origin", f"pilothouse/{RUN}/run")
    git(control, "merge", "-q", "--ff-only", "FETCH_HEAD")
    assert flag.exists(), "the control does not fall for it"
    flag.unlink()
    warning = await workspaces.warnings(tip)
    await workspaces.land(tip)
    assert not flag.exists()
    assert len(warning) == 1
    assert "your git runs as hooks: read .hooks/post-index-change" in warning[0]


@pytest.mark.parametrize(
    ("key", "value", "planted"),
    [
        ("filter.tidy.smudge", "sh tools/smudge.sh", "tools/smudge.sh"),
        ("filter.tidy.smudge", "{root}/tools/smudge.sh %f", "tools/smudge.sh"),
        ("filter.tidy.process", "python3 -m tools.smudge", "tools/smudge.py"),
        ("include.path", "../.gitconfig", ".gitconfig"),
    ],
)
async def test_what_git_would_run_from_the_work_tree_is_read_before_it_is_landed(
    person: Person, key: str, value: str, planted: str
) -> None:
    workspaces, tip = await work(person, **{planted: "#!/bin/sh\ncat\n", "poem__txt": CHANGED})
    person.git("config", key, value.format(root=person.root))
    await refused(person, workspaces, tip, rf"uses {planted} \({key}\), and the run changed it")
    person.git("config", key, "git-lfs smudge -- %f" if key != "include.path" else "../elsewhere")
    assert (await workspaces.land(tip)).commit == tip


async def test_the_users_own_filters_do_their_work(person: Person) -> None:
    person.git("config", "--global", "filter.shout.smudge", "tr a-z A-Z")
    person.git("config", "--global", "filter.shout.clean", "tr A-Z a-z")
    person.commit(__gitattributes="loud.txt filter=shout\n")
    workspaces, tip = await work(person, loud__txt="quiet\n")
    await workspaces.land(tip)
    assert (person.root / "loud.txt").read_text() == "QUIET\n"
    assert person.status == ""


async def test_files_are_put_back_when_the_update_fails_half_way(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspaces, tip = await work(person)
    run = Repository.run

    async def disk_full(self: Repository, *arguments: str, **options: object) -> object:
        if arguments[:3] == ("read-tree", "-m", "-u"):
            write(person.root, poem__txt="half", new__txt="half")
            raise GitFailedError("read-tree", person.root, 128, "error: unable to write file poem.txt")
        return await run(self, *arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Repository, "run", disk_full)
        await refused(person, workspaces, tip, "are as they were: .*unable to write file")
    assert not (person.root / "new.txt").exists()
    assert (await workspaces.land(tip)).commit == tip


async def test_files_are_put_back_when_the_branch_moves_meanwhile(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspaces, tip = await work(person)
    move = Landing._move_files

    async def move_and_commit(self: Landing, *arguments: object) -> None:
        await move(self, *arguments)  # type: ignore[arg-type]
        other = person.git("commit-tree", "-p", "HEAD", "-m", "meanwhile", "HEAD^{tree}").strip()
        person.git("update-ref", "refs/heads/main", other)

    monkeypatch.setattr(Landing, "_move_files", move_and_commit)
    with pytest.raises(WorkspaceError, match="main was moved while"):
        await workspaces.land(tip)
    assert person.status == ""
    assert (person.root / "poem.txt").read_text() == POEM


async def test_a_landing_cut_between_files_and_branch_is_finished_by_landing_again(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = person.head
    workspaces, tip = await work(person)
    person.git("read-tree", "-m", "-u", "HEAD", tip)
    assert person.status != ""
    assert await workspaces.land(tip) == Landed("main", tip, before)
    assert person.status == ""


async def test_a_cancelled_landing_is_whole_or_has_not_begun(person: Person) -> None:
    workspaces, tip = await work(person)
    landing = asyncio.create_task(workspaces.land(tip))
    for _ in range(40):
        await asyncio.sleep(0.002)
    landing.cancel()
    await asyncio.gather(landing, return_exceptions=True)
    assert person.status == ""
    assert not (person.root / ".git" / "index.lock").exists()
    assert (await workspaces.land(tip)).commit == tip
