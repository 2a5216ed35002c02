"""Whether a run may start in a project: each obstacle is one sentence, before any money is spent."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e.git_project import RUN, Person, git, make_person, write

from pilothouse.core.adapters.git import project as project_module
from pilothouse.core.adapters.git.project import inspect, read_committed, workspaces_root
from pilothouse.core.errors import UsageError

pytestmark = pytest.mark.e2e


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    return make_person(tmp_path, monkeypatch)


async def test_a_clean_project_tells_its_root_head_and_branch_from_any_folder_in_it(person: Person) -> None:
    (person.root / "deep").mkdir()
    write(person.root / "deep", file="x\n")
    person.commit()
    found = await inspect(person.root / "deep", run_id=RUN)
    assert (found.root, found.head, found.branch) == (person.root, person.head, "main")
    assert found.git_dir == person.root / ".git"
    assert (found.dirty, found.untracked, found.notes) == ((), (), ())


async def test_no_git_is_said(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(person.folder))
    with pytest.raises(UsageError, match=r"git was not found on the PATH: install git 2\.38"):
        await inspect(person.root)


async def test_an_old_git_is_said(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project_module, "OLDEST_GIT", (99, 0))
    with pytest.raises(UsageError, match=r"git 2\.\d+ is too old: pilothouse needs git 99\.0"):
        await inspect(person.root)


async def test_no_repository_is_said(person: Person) -> None:
    elsewhere = person.folder / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(UsageError, match="is in no git repository: make one with `git init`"):
        await inspect(elsewhere)
    with pytest.raises(UsageError, match="is no folder"):
        await inspect(elsewhere / "nothing")


async def test_no_commits_are_said(person: Person) -> None:
    fresh = person.folder / "fresh"
    fresh.mkdir()
    git(fresh, "init", "-q")
    with pytest.raises(UsageError, match="has no commits yet: commit something first"):
        await inspect(fresh)


async def test_a_bare_repository_is_said(person: Person) -> None:
    bare = person.folder / "bare.git"
    git(person.folder, "clone", "-q", "--bare", str(person.root), str(bare))
    with pytest.raises(UsageError, match="is a bare repository without files"):
        await inspect(bare)
    with pytest.raises(UsageError, match="is inside a git directory"):
        await inspect(person.root / ".git")


async def test_uncommitted_changes_are_refused_with_their_names_or_left_out_on_request(person: Person) -> None:
    person.commit(**{"a b.txt": "x\n", "gone": "x\n", "old": "renamed\n" * 9})
    write(person.root, **{"a b.txt": "y\n", "untracked": "x\n"})
    (person.root / "gone").unlink()
    person.git("mv", "old", "new")
    with pytest.raises(UsageError, match=r"uncommitted changes in .*gone.*, which agents .* --allow-dirty"):
        await inspect(person.root)
    found = await inspect(person.root, allow_dirty=True)
    assert set(found.dirty) == {"new", "a b.txt", "gone"}
    assert found.untracked == ("untracked",)
    assert found.notes == (
        f"agents start from the last commit and do not see your changes in {', '.join(found.dirty)}",
        "agents do not see what is in no commit: untracked",
    )


async def test_a_detached_head_is_fine_and_noted(person: Person) -> None:
    person.git("switch", "-q", "--detach")
    found = await inspect(person.root)
    assert found.branch is None
    assert found.notes == ("no branch is checked out, so the result can only be landed after you switch to one",)


async def test_a_linked_worktree_is_a_project_of_its_own(person: Person) -> None:
    linked = person.folder / "linked"
    person.git("worktree", "add", "-q", "-b", "topic", str(linked))
    found = await inspect(linked)
    assert (found.root, found.branch) == (linked, "topic")
    assert found.location.common_dir == person.root / ".git"
    assert found.location.objects == person.root / ".git" / "objects"
    assert found.git_dir == person.root / ".git" / "worktrees" / "linked"


@pytest.mark.parametrize(
    ("left", "words"),
    [
        ("MERGE_HEAD", "a merge is under way here: finish it with `git merge --continue`"),
        ("rebase-merge", "a rebase is under way"),
        ("CHERRY_PICK_HEAD", "a cherry-pick is under way"),
        ("REVERT_HEAD", "a revert is under way"),
    ],
)
async def test_half_done_work_is_said(person: Person, left: str, words: str) -> None:
    (person.root / ".git" / left).mkdir()
    with pytest.raises(UsageError, match=words):
        await inspect(person.root)


@pytest.mark.parametrize("name", ["pilothouse", f"pilothouse/{RUN}"])
async def test_a_branch_in_the_way_of_ours_is_said(person: Person, name: str) -> None:
    person.git("branch", name)
    with pytest.raises(
        UsageError, match=f"a branch named {name} stands in the way .*`git branch -m {name} OTHER-NAME`"
    ):
        await inspect(person.root, run_id=RUN)
    with pytest.raises(Exception, match="stands in the way"):
        await person.workspaces().open()


async def test_submodules_are_noted(person: Person) -> None:
    person.commit(__gitmodules='[submodule "lib"]\n\tpath = lib\n\turl = ./lib\n')
    assert (await inspect(person.root)).notes == (
        "submodules are empty folders in the agents' checkouts and keep the commits they are at",
    )


async def test_a_repository_of_somebody_else_is_said(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setattr("pilothouse.core.adapters.git.repository._PASSED_ON", ("GIT_TEST_ASSUME_DIFFERENT_OWNER",))
    with pytest.raises(UsageError, match=r"`git config --global --add safe\.directory "):
        await inspect(person.root)


async def test_settings_are_read_from_the_commit_and_not_from_the_files(person: Person) -> None:
    person.commit(pilothouse__toml="committed\n", big="x" * 2_000_000)
    (person.root / "link").symlink_to("pilothouse.toml")
    person.commit()
    write(person.root, pilothouse__toml="edited\n")
    found = await inspect(person.root, allow_dirty=True)
    assert await read_committed(found, "pilothouse.toml") == b"committed\n"
    for name in ("nothing.toml", "link", "big", "../project/pilothouse.toml", ".", ":(glob)*.toml"):
        assert await read_committed(found, name) is None


def test_each_project_and_run_has_a_folder_of_its_own(tmp_path: Path) -> None:
    first = workspaces_root(tmp_path, Path("/home/pat/shop"), RUN)
    assert first.parent.parent == tmp_path / "pilothouse" / "workspaces"
    assert first.parent.name.startswith("shop-")
    assert first != workspaces_root(tmp_path, Path("/home/kim/shop"), RUN)
