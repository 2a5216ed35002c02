"""Work of agents becomes commits on the run's branch: clean, conflicting, cut by a crash, of every kind of file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from e2e.git_project import A1, A2, A3, CLONE, POEM, RUN, Person, conflicted, git, make_person, merged, write

from pilothouse.core.adapters.git import merging, snapshot
from pilothouse.core.adapters.git.publishing import Publisher
from pilothouse.core.adapters.git.workspaces import GitWorkspaces
from pilothouse.core.errors import WorkspaceError
from pilothouse.core.outcomes import Merged

pytestmark = pytest.mark.e2e

FIRST_LINE = POEM.replace("one", "ONE")
LAST_LINE = POEM.replace("seven", "SEVEN")


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    return make_person(tmp_path, monkeypatch)


@pytest.fixture
def workspaces(person: Person) -> GitWorkspaces:
    return person.workspaces()


async def test_the_first_work_becomes_the_tip_of_the_run(person: Person, workspaces: GitWorkspaces) -> None:
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    write(checkout.path, poem__txt=FIRST_LINE, new__txt="a\nb\n")
    (checkout.path / "other.txt").unlink()
    outcome = merged(await workspaces.merge(A1, "Shout \033[31mfirst\n\nline", person.head))
    assert (outcome.files, outcome.insertions, outcome.deletions) == (3, 3, 2)
    assert outcome.tip == outcome.commit == person.ref(f"pilothouse/{RUN}/run") == person.ref(f"pilothouse/{RUN}/a1")
    assert person.git("log", "-1", "--format=%an <%ae>|%cn <%ce>|%B", outcome.tip) == (
        "pilothouse <pilothouse@localhost>|pilothouse <pilothouse@localhost>|"
        f"Shout \\x1b[31mfirst line\n\nPilothouse-Run: {RUN}\nPilothouse-Agent: a1\n\n"
    )
    assert person.git("ls-tree", "--name-only", outcome.tip).split() == ["new.txt", "poem.txt"]
    assert person.status == ""
    assert person.ref("main") == person.head != outcome.tip


async def test_two_agents_in_the_same_file_merge_where_they_touch_different_lines(
    person: Person, workspaces: GitWorkspaces
) -> None:
    first, second = [await workspaces.prepare(agent, CLONE, person.head) for agent in (A1, A2)]
    write(first.path, poem__txt=FIRST_LINE)
    write(second.path, poem__txt=LAST_LINE)
    one = merged(await workspaces.merge(A1, "First", person.head))
    two = merged(await workspaces.merge(A2, "Last", one.tip))
    assert person.show(f"{two.tip}:poem.txt") == FIRST_LINE.replace("seven", "SEVEN")
    assert person.git("rev-parse", f"{two.tip}^1", f"{two.tip}^2").split() == [one.tip, two.commit]
    assert person.ref(f"pilothouse/{RUN}/a2") == two.commit
    assert (two.files, two.insertions, two.deletions) == (1, 1, 1)


async def test_two_agents_in_the_same_line_conflict_and_nothing_changes(
    person: Person, workspaces: GitWorkspaces
) -> None:
    first, second = [await workspaces.prepare(agent, CLONE, person.head) for agent in (A1, A2)]
    write(first.path, poem__txt=FIRST_LINE)
    write(second.path, poem__txt=POEM.replace("one", "uno"))
    one = merged(await workspaces.merge(A1, "First", person.head))
    two = conflicted(await workspaces.merge(A2, "Other", one.tip))
    assert two.paths == ("poem.txt",)
    assert two.detail == "CONFLICT (content): Merge conflict in poem.txt"
    assert person.ref(f"pilothouse/{RUN}/run") == one.tip
    assert person.ref(f"pilothouse/{RUN}/a2") == ""
    assert (second.path / "poem.txt").read_text() == POEM.replace("one", "uno")


async def test_a_fixer_gets_marks_and_its_merge_has_both_parents(person: Person, workspaces: GitWorkspaces) -> None:
    first, second = [await workspaces.prepare(agent, CLONE, person.head) for agent in (A1, A2)]
    write(first.path, poem__txt=FIRST_LINE, added__txt="added\n")
    write(second.path, poem__txt=POEM.replace("one", "uno"), mine__txt="mine\n")
    one = merged(await workspaces.merge(A1, "First", person.head))
    conflicted(await workspaces.merge(A2, "Other", one.tip))
    assert await workspaces.stage_merge(A2, one.tip) == ("poem.txt",)
    assert (second.path / "poem.txt").read_text().startswith("<<<<<<< a2\nuno\n=======\nONE\n>>>>>>> run\ntwo\n")
    assert (second.path / "added.txt").read_text() == "added\n"
    again = person.workspaces()
    still = conflicted(await again.merge(A2, "Other", one.tip))
    assert (still.paths, still.detail) == (("poem.txt",), "conflict marks are still in poem.txt")
    assert await again.stage_merge(A2, one.tip) == ("poem.txt",)
    assert (second.path / "poem.txt").read_text().count("<<<<<<<") == 1
    write(second.path, poem__txt=POEM.replace("one", "ONE (uno)"))
    two = merged(await again.merge(A2, "Both", one.tip))
    assert two.tip == two.commit
    assert person.git("rev-parse", f"{two.tip}^2").strip() == one.tip
    assert person.git("ls-tree", "--name-only", two.tip).split() == ["added.txt", "mine.txt", "other.txt", "poem.txt"]
    assert merged(await again.merge(A2, "Nothing more", two.tip)) == Merged(tip=two.tip)


async def test_a_fixer_may_take_the_other_side_whole(person: Person, workspaces: GitWorkspaces) -> None:
    first, second = [await workspaces.prepare(agent, CLONE, person.head) for agent in (A1, A2)]
    write(first.path, poem__txt=FIRST_LINE)
    write(second.path, poem__txt=POEM.replace("one", "uno"))
    one = merged(await workspaces.merge(A1, "First", person.head))
    await workspaces.stage_merge(A2, one.tip)
    write(second.path, poem__txt=FIRST_LINE)
    two = merged(await workspaces.merge(A2, "Theirs", one.tip))
    assert two.tip != one.tip
    assert two.files == 0


async def test_staging_again_on_a_newer_tip_keeps_what_was_staged(person: Person, workspaces: GitWorkspaces) -> None:
    first, second, third = [await workspaces.prepare(agent, CLONE, person.head) for agent in (A1, A2, A3)]
    write(first.path, poem__txt=FIRST_LINE)
    write(second.path, poem__txt=POEM.replace("one", "uno"))
    write(third.path, other__txt="third\n")
    one = merged(await workspaces.merge(A1, "First", person.head))
    await workspaces.stage_merge(A2, one.tip)
    three = merged(await workspaces.merge(A3, "Third", one.tip))
    assert await workspaces.stage_merge(A2, three.tip) == ("poem.txt",)
    assert (second.path / "other.txt").read_text() == "third\n"
    assert conflicted(await workspaces.merge(A2, "Too early", three.tip)).paths == ("poem.txt",)
    write(second.path, poem__txt=FIRST_LINE)
    assert merged(await workspaces.merge(A2, "Second", three.tip)).files == 0


async def test_staging_what_is_there_already_changes_nothing(person: Person, workspaces: GitWorkspaces) -> None:
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    write(checkout.path, poem__txt=FIRST_LINE)
    assert await workspaces.stage_merge(A1, person.head) == ()
    assert merged(await workspaces.merge(A1, "First", person.head)).insertions == 1


async def test_conflicts_other_than_in_lines_are_told(person: Person, workspaces: GitWorkspaces) -> None:
    base = person.commit(**{"data.bin": "\0one", "gone.txt": POEM})
    workspaces = person.workspaces(base=base)
    first, second = [await workspaces.prepare(agent, CLONE, base) for agent in (A1, A2)]
    write(first.path, **{"data.bin": "\0two", "gone.txt": FIRST_LINE})
    write(second.path, **{"data.bin": "\0three"})
    (second.path / "gone.txt").unlink()
    one = merged(await workspaces.merge(A1, "First", base))
    assert one.insertions == 1
    two = conflicted(await workspaces.merge(A2, "Second", one.tip))
    assert two.paths == ("data.bin", "gone.txt")
    assert two.detail.startswith("CONFLICT (content): Merge conflict in data.bin\nCONFLICT (modify/delete): gone.txt")
    assert "deleted in a2 and modified in run" in two.detail
    assert await workspaces.stage_merge(A2, one.tip) == ("data.bin", "gone.txt")
    assert (second.path / "gone.txt").read_text() == FIRST_LINE
    (second.path / "gone.txt").unlink()
    assert merged(await workspaces.merge(A2, "Second", one.tip)).files == 2


async def test_an_agent_may_go_on_after_its_work_was_merged(person: Person, workspaces: GitWorkspaces) -> None:
    first, second = [await workspaces.prepare(agent, CLONE, person.head) for agent in (A1, A2)]
    write(first.path, poem__txt=FIRST_LINE)
    write(second.path, other__txt="changed\n")
    one = merged(await workspaces.merge(A1, "One", person.head))
    two = merged(await workspaces.merge(A2, "Two", one.tip))
    write(first.path, poem__txt=FIRST_LINE + "eight\n")
    three = merged(await workspaces.merge(A1, "Three", two.tip))
    assert (three.files, three.insertions, three.deletions) == (1, 1, 0)
    assert person.show(f"{three.tip}:other.txt") == "changed\n"


async def test_a_wrong_tip_is_refused(person: Person, workspaces: GitWorkspaces) -> None:
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    write(checkout.path, poem__txt=FIRST_LINE)
    with pytest.raises(WorkspaceError, match=r"the run's branch stands at .* so nothing was merged"):
        await workspaces.merge(A1, "First", person.commit("elsewhere", other__txt="x\n"))


async def test_a_merge_that_was_not_heard_of_has_the_same_outcome_again(
    person: Person, workspaces: GitWorkspaces
) -> None:
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    write(checkout.path, poem__txt=FIRST_LINE)
    once = await workspaces.merge(A1, "First", person.head)
    person.git("update-ref", "-d", f"refs/heads/pilothouse/{RUN}/run")
    write(checkout.path, poem__txt=LAST_LINE)
    assert await person.workspaces().merge(A1, "First", person.head) == once
    assert person.ref(f"pilothouse/{RUN}/run") == merged(once).tip


@pytest.mark.parametrize("died_at", ["copying", "branches", "remembering"])
@pytest.mark.parametrize("goes_on_writing", [False, True])
async def test_a_merge_cut_at_any_step_is_done_once(
    person: Person, workspaces: GitWorkspaces, monkeypatch: pytest.MonkeyPatch, died_at: str, goes_on_writing: bool
) -> None:
    base = person.head
    first, second = [await workspaces.prepare(agent, CLONE, base) for agent in (A1, A2)]
    write(first.path, poem__txt=FIRST_LINE)
    write(second.path, poem__txt=LAST_LINE)
    tip = merged(await workspaces.merge(A1, "First", base)).tip

    async def die(*_: object) -> None:
        raise asyncio.CancelledError

    publish = merging._publish

    async def publish_and_die(*arguments: Any) -> None:
        await publish(*arguments)
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        if died_at == "copying":
            patch.setattr(Publisher, "_copy", die)
        elif died_at == "branches":
            patch.setattr(Publisher, "_update", die)
        else:
            patch.setattr(merging, "_publish", publish_and_die)
        with pytest.raises(asyncio.CancelledError):
            await workspaces.merge(A2, "Last", tip)
    if goes_on_writing:
        write(second.path, other__txt="later\n")
    again = person.workspaces()
    outcome = merged(await again.merge(A2, "Last", tip))
    assert person.ref(f"pilothouse/{RUN}/run") == outcome.tip
    assert person.ref(f"pilothouse/{RUN}/a2") == outcome.commit
    subjects = person.git("log", "--format=%s", f"{base}..{outcome.tip}").splitlines()
    assert sorted(subjects) == ["First", "Last", "Merge a2: Last"]
    assert merged(await again.merge(A2, "Last", tip)) == outcome


async def test_a_staging_cut_half_way_is_finished_before_anything_else(
    person: Person, workspaces: GitWorkspaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = [await workspaces.prepare(agent, CLONE, person.head) for agent in (A1, A2)]
    write(first.path, poem__txt=FIRST_LINE, added__txt="added\n")
    write(second.path, poem__txt=POEM.replace("one", "uno"))
    one = merged(await workspaces.merge(A1, "First", person.head))

    async def die(*_: object) -> None:
        write(second.path, added__txt="half")
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(merging, "move_files", die)
        with pytest.raises(asyncio.CancelledError):
            await workspaces.stage_merge(A2, one.tip)
    again = person.workspaces()
    assert await again.stage_merge(A2, one.tip) == ("poem.txt",)
    assert (second.path / "added.txt").read_text() == "added\n"
    assert (second.path / "poem.txt").read_text().count("<<<<<<<") == 1
    assert conflicted(await again.merge(A2, "Other", one.tip)).paths == ("poem.txt",)


async def test_every_kind_of_file_and_name_is_merged_as_it_is(person: Person, workspaces: GitWorkspaces) -> None:
    names = ["with blank", "line\nbreak", "tab\t\"quoted'", "ünïcödé 🚀", ":(glob)*", "-rf", "back\\slash"]
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    for name in names:
        (checkout.path / name).write_text(name)
    (checkout.path / os.fsdecode(b"not utf-8 \xff")).write_text("bytes")
    (checkout.path / "binary").write_bytes(bytes(range(256)))
    (checkout.path / "run.sh").write_text("#!/bin/sh\n")
    (checkout.path / "run.sh").chmod(0o755)
    (checkout.path / "poem.txt").unlink()
    (checkout.path / "poem.txt").symlink_to("/etc/passwd")
    (checkout.path / "crlf").write_bytes(b"a\r\nb\n")
    (checkout.path / "empty folder").mkdir()
    (checkout.path / "deep" / "er").mkdir(parents=True)
    (checkout.path / "deep" / "er" / "file").touch()
    tip = merged(await workspaces.merge(A1, "Files", person.head)).tip
    listed = person.git("ls-tree", "-r", "-z", tip).split("\0")[:-1]
    modes = {entry.partition("\t")[2]: entry.split()[0] for entry in listed}
    assert {"run.sh": "100755", "poem.txt": "120000", "binary": "100644"}.items() <= modes.items()
    assert set(names) <= set(modes)
    assert "deep/er/file" in modes
    landed = await workspaces.land(tip)
    assert landed.commit == tip
    assert (person.root / "binary").read_bytes() == bytes(range(256))
    assert (person.root / "crlf").read_bytes() == b"a\r\nb\n"
    assert (person.root / "line\nbreak").read_text() == "line\nbreak"
    assert os.access(person.root / "run.sh", os.X_OK)
    assert person.status == ""


async def test_files_and_folders_may_change_places(person: Person, workspaces: GitWorkspaces) -> None:
    (person.root / "folder").mkdir()
    write(person.root / "folder", inside="x\n")
    base = person.commit()
    workspaces = person.workspaces(base=base)
    checkout = await workspaces.prepare(A1, CLONE, base)
    (checkout.path / "folder" / "inside").unlink()
    (checkout.path / "folder").rmdir()
    write(checkout.path, folder="now a file\n")
    (checkout.path / "poem.txt").unlink()
    (checkout.path / "poem.txt").mkdir()
    write(checkout.path / "poem.txt", verse="now in a folder\n")
    tip = merged(await workspaces.merge(A1, "Swap", base)).tip
    assert person.git("ls-tree", "-r", "--name-only", tip).split() == ["folder", "other.txt", "poem.txt/verse"]
    await workspaces.land(tip)
    assert person.status == ""


async def test_ignored_files_and_our_own_folders_are_left_out(person: Person) -> None:
    (person.folder / "home" / ".config" / "git").mkdir(parents=True)
    (person.folder / "home" / ".config" / "git" / "ignore").write_text("*.swp\n")
    (person.root / ".git" / "info" / "exclude").write_text("private\n")
    base = person.commit(__gitignore="*.log\n!agent-responses\n!.pilothouse\n")
    workspaces = person.workspaces(base=base)
    checkout = await workspaces.prepare(A1, CLONE, base)
    for folder in (".pilothouse", "agent-responses"):
        (checkout.path / folder).mkdir()
        write(checkout.path / folder, file="ours\n")
    write(checkout.path, **{"a.log": "x", "b.swp": "x", "private": "x", "kept.txt": "x"})
    tip = merged(await workspaces.merge(A1, "Work", base)).tip
    assert person.git("diff", "--name-only", base, tip).split() == ["kept.txt"]


async def test_a_file_too_large_to_be_meant_is_a_conflict_that_can_be_fixed(
    person: Person, workspaces: GitWorkspaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "FILE_LIMIT", 1000)
    checkout = await workspaces.prepare(A1, CLONE, person.head)
    write(checkout.path, **{"core.1234": "x" * 1001, "fine.txt": "x" * 1000})
    outcome = conflicted(await workspaces.merge(A1, "Work", person.head))
    assert outcome.paths == ("core.1234",)
    assert "remove them or name them in .gitignore" in outcome.detail
    write(checkout.path, __gitignore="core.*\n")
    assert merged(await workspaces.merge(A1, "Work", person.head)).files == 2


async def test_a_branch_that_a_person_moved_or_stands_on_is_left_alone(
    person: Person, workspaces: GitWorkspaces
) -> None:
    base = person.head
    checkout = await workspaces.prepare(A1, CLONE, base)
    person.git("switch", "-q", f"pilothouse/{RUN}/run")
    write(checkout.path, poem__txt=FIRST_LINE)
    one = merged(await workspaces.merge(A1, "One", base))
    assert person.ref(f"pilothouse/{RUN}/run") == base
    assert person.ref(f"refs/pilothouse/{RUN}/tip") == one.tip
    assert person.status == ""
    own = person.commit("their own", mine__txt="mine\n")
    person.git("switch", "-q", "main")
    write(checkout.path, poem__txt=LAST_LINE)
    two = merged(await workspaces.merge(A1, "Two", one.tip))
    assert person.ref(f"pilothouse/{RUN}/run") == own
    assert person.ref(f"pilothouse/{RUN}/a1") == two.commit


async def test_a_hundred_files_of_a_large_project_merge_without_a_copy_of_it(
    person: Person, workspaces: GitWorkspaces
) -> None:
    base = person.commit(**{f"file{number:04}": f"{number}\n" for number in range(2000)})
    workspaces = person.workspaces(base=base)
    checkout = await workspaces.prepare(A1, CLONE, base)
    write(checkout.path, **{f"file{number:04}": "changed\n" for number in range(100)})
    outcome = merged(await workspaces.merge(A1, "Many", base))
    assert outcome.files == 100
    stored = [path for path in (checkout.path.parent / "engine.git" / "objects").rglob("*") if path.is_file()]
    assert len(stored) < 10
    assert git(checkout.path, "count-objects").startswith("0 objects")
