"""Landlock through ctypes: from here on this process and all it starts may write only below given folders.

Standard library only; runs between fork and exec in the warden's child, so it must stay small and must not know
anything else. It needs no privileges and cannot be undone. See https://docs.kernel.org/userspace-api/landlock.html.

What it cannot do: take a folder back out of a writable one, hide sockets, or give a private /tmp.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable, Iterator

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System calls, the same number on every architecture."""
_PATH_BENEATH = 1
_ASK_VERSION = 1
_NO_NEW_PRIVS = 38

_WRITE_FILE, _READ_FILE = 1 << 1, 1 << 2
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_CHANGE_FOLDERS = 0b1_1111_1111 << 4
"""Remove and make folders, files, devices, sockets, pipes and links."""
_ON_FILES = _WRITE_FILE | _READ_FILE | _TRUNCATE
"""The rights that a rule on something other than a folder may name."""

_SCOPES = 0b11
"""No abstract Unix sockets and no signals to processes outside (version 6)."""
_SCOPE_VERSION = 6


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    result = int(_library().syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def version() -> int:
    """Which Landlock the kernel speaks; 0 if none."""
    try:
        return _call(_CREATE_RULESET, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def forbid_new_privileges() -> None:
    """From here on no set-uid program gives more rights to this process or what it starts."""
    if _library().prctl(_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs was refused")


def restrict(writable: Iterable[str], hidden: Iterable[str] = ()) -> None:
    """Let this process change files only below `writable` and read everything but what is below `hidden`.

    Paths that do not exist are passed over. Raises `OSError` where the kernel has no Landlock.
    """
    abi = version()
    change = _WRITE_FILE | _CHANGE_FOLDERS | (_REFER if abi >= 2 else 0) | (_TRUNCATE if abi >= 3 else 0)
    secret = {os.path.realpath(path) for path in hidden}
    handled = change | (_READ_FILE if secret else 0)
    scoped = _SCOPES if abi >= _SCOPE_VERSION else 0
    size = 24 if abi >= _SCOPE_VERSION else 8
    ruleset = _call(_CREATE_RULESET, struct.pack("=QQQ", handled, 0, scoped), size, 0)
    if secret:
        for path in _beside("/", secret):
            _allow(ruleset, path, _READ_FILE)
    for path in writable:
        _allow(ruleset, os.path.realpath(path), handled)
    forbid_new_privileges()
    _call(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _beside(folder: str, hidden: set[str]) -> Iterator[str]:
    """What stands in `folder`, with folders on the way to something hidden replaced by what stands in them.

    Rules only ever give, so a hole is made by naming everything around it.
    """
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        path = os.path.join(folder, name)
        if path in hidden or os.path.islink(path):
            continue
        if any(other.startswith(path + "/") for other in hidden):
            yield from _beside(path, hidden)
        else:
            yield path


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = rights if os.path.isdir(path) else rights & _ON_FILES
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)
