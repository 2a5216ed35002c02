"""Keeps other processes of the same user out of this one's memory.

Must not know what is worth hiding there.
"""

from __future__ import annotations

import ctypes
import sys

_SET_DUMPABLE = 4


def hide_memory() -> bool:
    """Forbid debuggers, core dumps and /proc/PID/{mem,environ} for this process; whether that was possible.

    Holds against processes of the same user, not against root, and until this process executes another program. What it
    starts is not affected.
    """
    return sys.platform == "linux" and int(ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)) == 0
