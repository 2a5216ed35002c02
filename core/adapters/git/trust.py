"""Which commands that a repository names the user has agreed to run, as direnv does it.

Agreement is to one set of commands in one project: change either, and it has to be given again. Knows no git and no
settings; what the commands are is said by their digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import PilothouseError


def digest_of(commands: Mapping[str, object]) -> str:
    """One word for `commands` (by the setting that names them): the same only for the same commands."""
    return hashlib.sha256(json.dumps(commands, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Trust:
    """The agreements of this user, one small file a project in `folder` (in the user's own configuration)."""

    folder: Path

    def is_trusted(self, project_root: Path, commands_digest: str) -> bool:
        """Whether the user has agreed to exactly these commands in this project."""
        try:
            descriptor = os.open(self._file(project_root), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return False
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            is_ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022
            return is_ours and file.read(_FILE_LIMIT) == _content(project_root, commands_digest)

    def trust(self, project_root: Path, commands_digest: str) -> None:
        """Note that the user agrees to these commands in this project, and to no earlier ones."""
        path = self._file(project_root)
        new = path.with_suffix(".new")
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            new.unlink(missing_ok=True)
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
                file.write(_content(project_root, commands_digest))
            new.replace(path)
        except OSError as error:
            raise PilothouseError(f"the agreement cannot be noted in {self.folder}: {error.strerror}") from error

    def revoke(self, project_root: Path) -> bool:
        """Take the agreement for this project back; whether there was one."""
        try:
            self._file(project_root).unlink()
        except FileNotFoundError:
            return False
        return True

    def _file(self, project_root: Path) -> Path:
        return self.folder / hashlib.sha256(os.fsencode(project_root.resolve())).hexdigest()


_FILE_LIMIT = 64 * 1024


def _content(project_root: Path, commands_digest: str) -> bytes:
    return commands_digest.encode() + b"\n" + os.fsencode(project_root.resolve()) + b"\n"
