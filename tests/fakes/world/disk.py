"""What survives the engine: transcripts, checkouts and commits. Contents are immutable, so that a copy is cheap.

A file is named `path` or `path#place`; two sides that change different places of a file merge, the same place not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha1

from pilothouse.core.ids import AgentId, CallId
from pilothouse.core.outcomes import Conflicted, Merged, Span

from .script import Use

Files = Mapping[str, str]

CONFLICT = "<<< both >>>"
"""What stands in a place that two sides have changed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A piece of a transcript: a turn with what was read before it and its tool calls, or one tool's result."""

    offset: int
    length: int
    texts: tuple[str, ...]
    is_turn: bool = False
    uses: Mapping[CallId, Use] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tree:
    """A checkout: its files and the commit they are compared with when they are merged."""

    files: Files
    base: str


@dataclass(slots=True)
class Disk:
    """Everything that is durable. `begun` is when each piece of work began for the first time."""

    transcripts: dict[AgentId, tuple[Entry, ...]] = field(default_factory=dict)
    trees: dict[AgentId, Tree] = field(default_factory=dict)
    commits: dict[str, Files] = field(default_factory=dict)
    tip: str = ""
    landed: str | None = None
    begun: dict[tuple[str, str, int], int] = field(default_factory=dict)

    def copy(self) -> Disk:
        """The disk as it is now, for ever."""
        return replace(
            self,
            transcripts=dict(self.transcripts),
            trees=dict(self.trees),
            commits=dict(self.commits),
            begun=dict(self.begun),
        )

    def append(self, agent: AgentId, texts: tuple[str, ...], uses: Mapping[CallId, Use] | None = None) -> Span:
        """Write one piece of `agent`'s transcript; with `uses` it is a turn."""
        entries = self.transcripts.get(agent, ())
        offset = entries[-1].offset + entries[-1].length if entries else 0
        length = sum(40 + len(text.encode()) for text in texts) or 40
        self.transcripts[agent] = (*entries, Entry(offset, length, texts, uses is not None, uses or {}))
        return Span(offset, length, 0)

    def truncate(self, agent: AgentId, end: int) -> None:
        """Set aside what stands in a transcript beyond the last byte that the journal names."""
        self.transcripts[agent] = tuple(e for e in self.transcripts.get(agent, ()) if e.offset < end)

    def read(self, agent: AgentId, spans: list[Span]) -> tuple[Entry, ...]:
        """The pieces at `spans`, in their order."""
        pieces = {entry.offset: entry for entry in self.transcripts.get(agent, ())}
        found = tuple(pieces[span.offset] for span in spans)
        assert all(entry.length == span.length for entry, span in zip(found, spans, strict=True))
        return found

    def commit(self, files: Files) -> str:
        """The name of `files` as a commit; the same files have the same name."""
        name = sha1(repr(sorted(files.items())).encode(), usedforsecurity=False).hexdigest()[:12]
        self.commits[name] = files
        return name

    def prepare(self, agent: AgentId, base: str) -> Tree:
        """The agent's checkout at `base`, or the one that is there."""
        return self.trees.setdefault(agent, Tree(self.commits[base], base))

    def stage(self, agent: AgentId, commit: str) -> None:
        """Merge `commit` into a checkout and leave conflicts in its files."""
        tree = self.trees[agent]
        if tree.base == commit:
            return
        base, theirs = self.commits[tree.base], self.commits[commit]
        merged = dict(tree.files)
        for name in _changed(base, theirs):
            mine = name in _changed(base, tree.files) and tree.files.get(name) != theirs[name]
            merged[name] = CONFLICT if mine else theirs[name]
        self.trees[agent] = Tree(merged, commit)

    def write(self, agent: AgentId, writes: Mapping[str, str]) -> None:
        """Change a checkout."""
        tree = self.trees[agent]
        self.trees[agent] = replace(tree, files={**tree.files, **writes})

    def merge(self, agent: AgentId, tip: str) -> Merged | Conflicted:
        """Merge a checkout into the run's branch; done twice, it is the same as once."""
        tree = self.trees[agent]
        base = self.commits[tree.base]
        changed = _changed(base, tree.files)
        target = {**self.commits[tip], **{name: tree.files[name] for name in changed}}
        done = self.commit(target)
        if self.tip == done and done != tip:
            return Merged(done, done, len(changed))
        assert self.tip == tip, f"the branch is at {self.tip}, not at {tip}"
        theirs = self.commits[tip]
        clash = tuple(n for n in changed if n in _changed(base, theirs) and theirs[n] != tree.files[n])
        if clash:
            return Conflicted(clash, f"both changed {', '.join(clash)}")
        if done == tip:
            return Merged(tip)
        self.tip = done
        return Merged(done, done, len(changed), insertions=len(changed))


def _changed(base: Files, files: Files) -> list[str]:
    return [name for name, words in files.items() if base.get(name) != words]
