"""Brings the engine's commits into the user's repository and keeps pilothouse's refs there.

Two kinds of refs: `refs/pilothouse/<run>/...` are the engine's, pin objects and are always where the engine says;
`refs/heads/pilothouse/<run>/...` are branches for a person to use, and one that a person has moved, or has checked
out, is left alone. No hook runs. Knows no checkouts of agents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass

from ...errors import WorkspaceError
from .repository import Repository
from .runner import GitFailedError

_PACK_HEADER = 12
"""Bytes: `PACK`, version, number of objects."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """The way from the engine's git directory into the user's."""

    engine: Repository
    user: Repository
    run_id: str

    def pin(self, name: str) -> str:
        """The engine's own ref `name` of this run."""
        return f"refs/pilothouse/{self.run_id}/{name}"

    def branch(self, name: str) -> str:
        """The short name of the branch `name` of this run."""
        return f"pilothouse/{self.run_id}/{name}"

    async def publish(
        self,
        pins: Mapping[str, str],
        branches: Mapping[str, str] | None = None,
        *,
        put: MutableMapping[str, str] | None = None,
        known: Iterable[str] = (),
        may_replace: Iterable[str] = (),
    ) -> None:
        """Copy what `pins` and `branches` (commits by name) need, then set them.

        `put` says where each branch was last put, and is brought up to date. `known` are commits the user's repository
        has. A branch moves only from where it was put, or from one of `may_replace`.
        """
        branches, put = branches or {}, {} if put is None else put
        await self._copy([*pins.values(), *branches.values()], known)
        lines = [f"update {self.pin(name)} {commit}" for name, commit in pins.items()]
        moved: dict[str, str] = {}
        standing = await self._standing() if branches else {}
        for name, commit in branches.items():
            current, is_checked_out = standing.get(name, (None, False))
            if current is None:
                lines.append(f"create refs/heads/{self.branch(name)} {commit}")
            elif current != commit and not is_checked_out and current in {put.get(name), *may_replace}:
                lines.append(f"update refs/heads/{self.branch(name)} {commit} {current}")
            elif current != commit:
                continue
            moved[name] = commit
        await self._update(lines)
        put.update(moved)

    async def unpin(self, *names: str) -> None:
        """Let go of the engine's refs `names`."""
        await self._update([f"delete {self.pin(name)}" for name in names])

    async def read(self, name: str) -> str | None:
        """Where the engine's ref `name` stands in the user's repository."""
        answer = await self.user.run("rev-parse", "--verify", "--quiet", self.pin(name), allowed=(0, 1, 128))
        return answer.text or None

    async def _copy(self, commits: Iterable[str], known: Iterable[str]) -> None:
        wanted = "".join(f"{commit}\n" for commit in dict.fromkeys(commits))
        had = "".join(f"^{commit}\n" for commit in dict.fromkeys(known))
        pack = await self.engine.run(
            "pack-objects", "--revs", "--stdout", "--quiet", "--delta-base-offset", stdin=(wanted + had).encode()
        )
        if int.from_bytes(pack.out[8:_PACK_HEADER], "big"):
            await self.user.run("unpack-objects", "-q", "--strict", stdin=pack.out)

    async def _standing(self) -> dict[str, tuple[str, bool]]:
        """Where the branches of this run stand, and whether one is checked out somewhere."""
        prefix = f"refs/heads/{self.branch('')}"
        said = await self.user.run("for-each-ref", "--format=%(refname)%00%(objectname)%00%(worktreepath)", prefix)
        found: dict[str, tuple[str, bool]] = {}
        for line in said.out.decode(errors="replace").splitlines():
            name, commit, path = line.split("\0")
            found[name.removeprefix(prefix)] = (commit, bool(path))
        return found

    async def _update(self, lines: list[str]) -> None:
        if not lines:
            return
        try:
            await self.user.run("update-ref", "--stdin", stdin="".join(f"{line}\n" for line in lines).encode())
        except GitFailedError as error:
            raise WorkspaceError(_why_no_refs(self.branch(""), error)) from error


def _why_no_refs(prefix: str, error: GitFailedError) -> str:
    if "exists; cannot create" in error.stderr:
        return f"a branch stands in the way of the branches {prefix}...: rename it, then try again ({error})"
    if ".lock" in error.stderr:
        return f"another git process holds the refs of the repository: wait for it, or remove its lock file ({error})"
    return f"the branches {prefix}... cannot be written: {error}"
