"""The folder of one checkout: its files, and a `.git` of its own that its agent may use as it likes.

The engine's git directory and index for it lie elsewhere; nothing is ever read back from the `.git` made here. Knows
no merges and no user's repository.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import WorkspaceError
from .cancelling import in_thread
from .repository import AUTHOR, Repository
from .snapshot import OURS

_CONFIG = f"[core]\n\tbare = false\n[user]\n\tname = {AUTHOR[0]}\n\temail = {AUTHOR[1]}\n"
"""What is added to the configuration of a new git directory; agents' own commits need a name."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things lie in the folder of one run."""

    root: Path

    @property
    def engine(self) -> Path:
        """The engine's git directory."""
        return self.root / "engine.git"

    @property
    def template(self) -> Path:
        """What every checkout's own `.git` starts as."""
        return self.root / "template.git"

    @property
    def record(self) -> Path:
        """What the engine remembers."""
        return self.root / "record.json"

    def checkout(self, name: str) -> Path:
        """The checkout `name`, the only folder here that its agent may write to."""
        return self.root / name

    def index(self, name: str) -> Path:
        """The engine's index of the checkout `name`."""
        return self.root / "indexes" / name


async def make_engine(layout: Layout, objects: Path, object_format: str, shallow: bytes | None, ignored: str) -> None:
    """The git directory that the engine commits through, and the template of the checkouts' own ones.

    Objects of the user's repository are read where they are. `ignored` is what the user ignores beside `.gitignore`.
    """
    engine, template = Repository(layout.engine), Repository(layout.template)
    for folder in (layout.engine, layout.template, layout.root / "indexes"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for repository, alternate in ((engine, objects), (template, layout.engine / "objects")):
        await repository.run("init", "--quiet", "--template=", f"--object-format={object_format}")
        _fill(repository.git_dir, alternate, shallow, ignored)


def _fill(git_dir: Path, alternate: Path, shallow: bytes | None, ignored: str) -> None:
    (git_dir / "objects" / "info").mkdir(parents=True, exist_ok=True)
    (git_dir / "objects" / "info" / "alternates").write_text(f"{alternate}\n")
    with (git_dir / "config").open("a") as config:
        config.write(_CONFIG)
    (git_dir / "info").mkdir(exist_ok=True)
    (git_dir / "info" / "exclude").write_text(ignored, errors="surrogateescape")
    if shallow is not None:
        (git_dir / "shallow").write_bytes(shallow)


def exclude_lines(share: Sequence[str]) -> str:
    """The lines of `info/exclude` for what is not the agent's."""
    return "".join(f"/{name}\n" for name in (*OURS, *share))


async def lay_out(
    layout: Layout, name: str, commit: str, branch: str | None, links: Sequence[tuple[Path, str]]
) -> None:
    """Make the checkout `name` at `commit`, on `branch` in its own repository, with `links` to shared folders.

    What an earlier try left there is removed first.
    """
    path, index = layout.checkout(name), layout.index(name)
    await in_thread(lambda _: remove_tree(path))
    index.unlink(missing_ok=True)
    path.mkdir(mode=0o700)
    await Repository(layout.engine, path, index).run("read-tree", "--reset", "-u", commit)
    shutil.copytree(layout.template, path / ".git")
    if branch is None:
        point_at(path, commit, index)
    else:
        point_at(path, f"ref: refs/heads/{branch}", index)
        reference = path / ".git" / "refs" / "heads" / branch
        reference.parent.mkdir(parents=True, exist_ok=True)
        reference.write_text(commit + "\n")
    for target, place in links:
        _link(path, target, place)


async def move_files(repository: Repository, old: str, new: str) -> None:
    """Bring the files of a checkout from the tree or commit `old`, at which its index stands, to `new`.

    Files that git does not know stay, unless `new` has something in their place.
    """
    gently = await repository.run("read-tree", "-m", "-u", old, new, allowed=(0, 128))
    if gently.code:
        await repository.run("read-tree", "--reset", "-u", new)


def point_at(checkout: Path, head: str, index: Path) -> None:
    """Let the checkout's own repository stand at `head`, its index like the engine's. Follows no link on the way."""
    try:
        with _opened(checkout) as top, _opened(".git", top) as git_dir:
            _replace(git_dir, "HEAD", f"{head}\n".encode())
            _replace(git_dir, "index", index.read_bytes())
    except OSError as error:
        raise WorkspaceError(f"{checkout / '.git'} is not as the engine made it: {error.strerror}") from error


@contextlib.contextmanager
def _opened(path: Path | str, parent: int | None = None) -> Iterator[int]:
    folder = os.open(path, _FOLDER, dir_fd=parent)
    try:
        yield folder
    finally:
        os.close(folder)


def _replace(folder: int, name: str, content: bytes) -> None:
    new = f"{name}.pilothouse"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new, dir_fd=folder)
    with open(os.open(new, _NEW_FILE, 0o600, dir_fd=folder), "wb") as file:
        file.write(content)
    os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)


def _link(checkout: Path, target: Path, place: str) -> None:
    """A link at `place` in a fresh checkout to the user's `target`; no way through a link that the project holds."""
    folder = checkout
    for part in Path(place).parts[:-1]:
        folder = folder / part
        folder.mkdir(exist_ok=True)
        if folder.is_symlink():
            raise WorkspaceError(f"{place} cannot be shared: {folder.name} is a symbolic link in this project")
    link = checkout / place
    if not os.path.lexists(link):
        link.symlink_to(target)


def is_there(checkout: Path) -> bool:
    """Whether the checkout is a folder, and no link to one."""
    try:
        return stat.S_ISDIR(checkout.lstat().st_mode)
    except OSError:
        return False


def remove_tree(path: Path) -> None:
    """Remove a folder whatever modes its owner gave to what is in it. Follows no link. Nothing there is fine."""

    def unlock(_remove: Callable[..., object], name: str, _error: object) -> None:
        # The name is handed to us as a path; only its parent's mode can have been in the way, or its own if a folder.
        for folder in (os.path.dirname(name), name):
            with contextlib.suppress(OSError):
                if not os.path.islink(folder) and os.path.isdir(folder):
                    os.chmod(folder, 0o700, follow_symlinks=True)

    if path.is_symlink():
        path.unlink()
        return
    for _ in range(_REMOVAL_TRIES):
        if not os.path.lexists(path):
            return
        shutil.rmtree(path, onerror=unlock)
    if os.path.lexists(path):
        raise WorkspaceError(f"{path} could not be removed; remove it by hand")


_REMOVAL_TRIES = 64
"""Each round opens at least one level of folders that were closed."""
