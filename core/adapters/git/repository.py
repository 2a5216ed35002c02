"""A repository that commands are run against, and the only configuration they are allowed to see.

Two ways of reading configuration: the engine's repositories see none but ours; the user's see the user's own, because
their filters and identities are theirs, but never hooks, monitors or anything that reaches out. The git directory is
always named, never searched for, so that no `.git` an agent made is ever entered.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .runner import Answer, run_git, search_path

AUTHOR = ("pilothouse", "pilothouse@localhost")

_SAFE_CONFIG = {
    "advice.detachedHead": "false",
    "core.alternateRefsCommand": "",
    "core.editor": ":",
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.quotePath": "false",
    "core.sshCommand": "false",
    "credential.helper": "",
    "diff.ignoreSubmodules": "all",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "submodule.recurse": "false",
}
"""Wins over every configuration file. `core.protect*` refuses `.git` in the spellings of other file systems."""

_PASSED_ON = ("TZ", "TMPDIR")
_PASSED_ON_TO_USERS_GIT = ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")


def environment(*, is_users: bool, home: Path) -> dict[str, str]:
    """Everything a git process of ours is told by its environment, but for the repository."""
    passed = _PASSED_ON + (_PASSED_ON_TO_USERS_GIT if is_users else ())
    told = {name: os.environ[name] for name in passed if name in os.environ}
    told |= {
        "PATH": search_path(),
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_AUTHOR_NAME": AUTHOR[0],
        "GIT_AUTHOR_EMAIL": AUTHOR[1],
        "GIT_COMMITTER_NAME": AUTHOR[0],
        "GIT_COMMITTER_EMAIL": AUTHOR[1],
        "GIT_CONFIG_COUNT": str(len(_SAFE_CONFIG)),
    }
    for number, (key, value) in enumerate(_SAFE_CONFIG.items()):
        told |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    if not is_users:
        # HOME matters too: without a configuration git reads ignore and attribute files from there.
        told |= {
            "HOME": str(home),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_DEFAULT_REF_FORMAT": "files",
        }
    return told


@dataclass(frozen=True, slots=True)
class Repository:
    """A git directory, and the files and the index to use with it."""

    git_dir: Path
    work_tree: Path | None = None
    index: Path | None = None
    is_users: bool = False
    """Whether the user's own global configuration counts."""

    def over(self, work_tree: Path, index: Path | None) -> Repository:
        """The same git directory with other files."""
        return replace(self, work_tree=work_tree, index=index)

    async def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        allowed: Sequence[int] = (0,),
        extra: Mapping[str, str] | None = None,
    ) -> Answer:
        """Run a git command here. Raises `GitFailedError` unless it ends with one of the `allowed` codes."""
        told = environment(is_users=self.is_users, home=self.git_dir) | {"GIT_DIR": str(self.git_dir)}
        if self.work_tree is not None:
            told["GIT_WORK_TREE"] = str(self.work_tree)
        if self.index is not None:
            told["GIT_INDEX_FILE"] = str(self.index)
        where = self.work_tree or self.git_dir
        return await run_git(arguments, cwd=where, environment=told | dict(extra or {}), stdin=stdin, allowed=allowed)

    async def text(self, *arguments: str) -> str:
        """What a command prints, as one word."""
        return (await self.run(*arguments)).text

    async def items(self, *arguments: str) -> list[str]:
        """What a command with `-z` prints."""
        return (await self.run(*arguments)).items

    async def tree_of(self, commit: str) -> str:
        """The tree of `commit`."""
        return await self.text("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{tree}}")

    async def has_ancestor(self, commit: str, ancestor: str) -> bool:
        """Whether `ancestor` is `commit` or one of those before it."""
        return (await self.run("merge-base", "--is-ancestor", ancestor, commit, allowed=(0, 1))).code == 0
