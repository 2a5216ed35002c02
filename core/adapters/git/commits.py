"""Commits and merges in the engine's git directory, without any files. Knows no checkouts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .repository import Repository
from .words import one_line, printable

MARKED = re.compile(rb"^<{7} .*?^={7}\r?$.*?^>{7} ", re.MULTILINE | re.DOTALL)
"""A conflict as git writes it into a file."""


@dataclass(frozen=True, slots=True)
class Combined:
    """Two commits merged into `tree`; where they conflict, the files of `tree` hold git's marks."""

    tree: str
    conflicted: tuple[str, ...]
    detail: str

    @property
    def is_clean(self) -> bool:
        """Whether nothing conflicts."""
        return not self.conflicted and not self.detail


@dataclass(frozen=True, slots=True)
class Side:
    """A commit to merge, and the word for it in marks and messages."""

    label: str
    commit: str


async def combine(engine: Repository, ours: Side, theirs: Side) -> Combined:
    """Merge `theirs` into `ours` without touching any file. Not to be called twice at the same time."""
    # git takes the words from the names it is given, so they are made branches of the engine's own git directory.
    lines = "".join(f"update refs/heads/{side.label} {side.commit}\n" for side in (ours, theirs))
    await engine.run("update-ref", "--stdin", stdin=lines.encode())
    names = (ours.label, theirs.label)
    answer = await engine.run("merge-tree", "--write-tree", "-z", "--name-only", *names, allowed=(0, 1))
    tree, _, rest = answer.out.partition(b"\0")
    if answer.code == 0:
        return Combined(tree.decode(), (), "")
    found, _, messages = (b"\0" + rest).partition(b"\0\0")
    paths = tuple(name.decode(errors="surrogateescape") for name in found.split(b"\0") if name)
    said = [line.decode(errors="replace").strip() for line in messages.split(b"\0") if line.startswith(b"CONFLICT")]
    sentences = [line for line in said if ":" in line] or said
    detail = "\n".join(printable(line) for line in dict.fromkeys(sentences)) or "the merge conflicts"
    return Combined(tree.decode(), tuple(dict.fromkeys(paths)), detail)


async def commit(engine: Repository, tree: str, parents: Sequence[str], message: str) -> str:
    """A new commit of `tree`."""
    options = [word for parent in dict.fromkeys(parents) for word in ("-p", parent)]
    answer = await engine.run("commit-tree", tree, *options, "-F", "-", stdin=message.encode())
    return answer.text


def message(subject: str, run_id: str, agent_id: str) -> str:
    """A commit message that says where it comes from."""
    return f"{one_line(subject) or 'Work'}\n\nPilothouse-Run: {run_id}\nPilothouse-Agent: {agent_id}\n"


async def measure(engine: Repository, old: str, new: str) -> tuple[int, int, int]:
    """Files changed, lines inserted and lines deleted between two commits."""
    said = await engine.text(
        "diff-tree", "-r", "--no-ext-diff", "--no-textconv", "--no-renames", "--shortstat", old, new
    )
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (file|insertion|deletion)", said)}
    return counts.get("file", 0), counts.get("insertion", 0), counts.get("deletion", 0)


async def still_marked(engine: Repository, tree: str, paths: Sequence[str]) -> list[str]:
    """Which files of `tree` at `paths` still hold conflict marks."""
    found: list[str] = []
    for path in paths:
        blob = await engine.run("cat-file", "blob", f"{tree}:{path}", allowed=(0, 128))
        if blob.code == 0 and MARKED.search(blob.out):
            found.append(path)
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs between two trees; an entry is `MODE OBJECT`, or None where there is none."""

    path: str
    old: str | None
    new: str | None


async def changes(repository: Repository, old: str, new: str) -> list[Change]:
    """Every path that differs between two trees or commits."""
    records = await repository.items("diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", old, new)
    found: list[Change] = []
    for header, path in zip(records[::2], records[1::2], strict=True):
        old_mode, new_mode, old_object, new_object, _ = header.removeprefix(":").split(" ")
        found.append(Change(path, _entry(old_mode, old_object), _entry(new_mode, new_object)))
    return found


def _entry(mode: str, name: str) -> str | None:
    return None if mode == "000000" else f"{mode} {name}"
