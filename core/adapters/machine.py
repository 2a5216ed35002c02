"""How much room the machine has: free memory, and how many processes want a core right now.

The load average of the system remembers a minute and more; what ran before a run must not hold it up, so this one looks
at the processes that are runnable each second and forgets within ten.
"""

from __future__ import annotations

import os
from pathlib import Path

import psutil

STEP_SECONDS = 1.0
"""How often to look."""
MEMORY_SECONDS = 10.0
"""How long a reading counts."""
_STAT = Path("/proc/stat")


class Machine:
    """Readings of this machine, smoothed."""

    def __init__(self) -> None:
        self._cores = os.cpu_count() or 1
        self._running: float | None = None

    def read(self) -> tuple[int, float]:
        """Free memory in bytes, and runnable processes per core. To be called every `STEP_SECONDS`."""
        now = self._runnable()
        share = STEP_SECONDS / MEMORY_SECONDS
        self._running = now if self._running is None else self._running + (now - self._running) * share
        return psutil.virtual_memory().available, self._running / self._cores

    def _runnable(self) -> float:
        """Processes that run or want to, this one left out; where the kernel does not tell, the load average."""
        try:
            text = _STAT.read_text(encoding="ascii")
        except OSError:
            return os.getloadavg()[0]
        running = next(line for line in text.splitlines() if line.startswith("procs_running"))
        return max(0.0, float(running.split()[1]) - 1)
