"""Looks for a verbatim quotation in the files of a checkout. Follows no links, reads no huge files, runs nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

FILE_LIMIT = 1024 * 1024
"""Bytes. Larger files are data, not what somebody would quote."""
TOTAL_LIMIT = 256 * 1024 * 1024
"""Bytes read for one quotation."""
_BINARY_PROBE = 8192


def fold(text: str) -> str:
    """`text` with every run of white space as one blank."""
    return " ".join(text.split())


def find_quotation(top: Path, paths: Sequence[str], text: str, is_cancelled: Callable[[], bool]) -> str | None:
    """The first of `paths` whose file holds `text`, white space folded. None if no file does or `text` is blank."""
    wanted = fold(text)
    if not wanted:
        return None
    left = TOTAL_LIMIT
    folder = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        for path in paths:
            if is_cancelled() or left <= 0:
                return None
            content = _read(folder, path)
            left -= len(content)
            if b"\0" not in content[:_BINARY_PROBE] and wanted in fold(content.decode(errors="replace")):
                return path
    finally:
        os.close(folder)
    return None


def _read(top: int, path: str) -> bytes:
    """The file at `path` below the folder `top`, walked name by name; empty if it is no regular file of a fair size."""
    opened: list[int] = []
    try:
        *folders, name = path.split("/")
        at = top
        for part in folders:
            at = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            opened.append(at)
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
        opened.append(file)
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_size > FILE_LIMIT:
            return b""
        return os.read(file, FILE_LIMIT)
    except OSError:
        return b""
    finally:
        for descriptor in reversed(opened):
            os.close(descriptor)
