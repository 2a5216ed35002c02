"""What time it is. Everything on the screen takes it from here, so that tests and pictures can stop it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two readings: the time of day, and one that never jumps."""

    def now(self) -> int:
        """Unix milliseconds."""

    def monotonic(self) -> float:
        """Seconds since some moment; for intervals between key presses."""


class SystemClock:
    """The machine's."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()
