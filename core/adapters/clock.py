"""The wall clock."""

from __future__ import annotations

import time


class WallClock:
    """The port `Clock`: Unix milliseconds of this machine."""

    def now(self) -> int:
        """Unix milliseconds."""
        return time.time_ns() // 1_000_000
