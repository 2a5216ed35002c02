"""Which process exactly: its pid together with when it was started, so that a reused pid is never taken for it.

Standard library only. It must not know asyncio, wardens or runs: the engine, `panic` and the front ends all use it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass

from . import proctree


def boot_id() -> str:
    """Names the time since the machine was started; empty where the kernel does not tell."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """One process, unmistakably: `start_time` is in clock ticks since the boot that `boot_id` names."""

    pid: int
    start_time: int
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> ProcessMark | None:
        """The mark of a process that exists now, else None."""
        found = proctree.row(pid)
        return None if found is None else cls(pid, found[2], boot_id())

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> ProcessMark | None:
        """The mark in a file's object, whatever else that holds; None if it is not one."""
        pid, start_time, boot = value.get("pid"), value.get("start_time"), value.get("boot_id")
        if isinstance(pid, int) and isinstance(start_time, int) and isinstance(boot, str) and pid > 1:
            return cls(pid, start_time, boot)
        return None

    def to_json(self) -> dict[str, int | str]:
        """What `from_json` reads."""
        return {"pid": self.pid, "start_time": self.start_time, "boot_id": self.boot_id}

    def is_alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        found = proctree.row(self.pid)
        return found is not None and found[1] not in "ZX" and found[2] == self.start_time and boot_id() == self.boot_id

    def signal(self, *numbers: signal.Signals) -> bool:
        """Send signals to this very process; False if it is gone.

        The descriptor is opened before the identity is checked, so the pid cannot change hands in between.
        """
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:
            return False
        try:
            if not self.is_alive():
                return False
            for number in numbers:
                signal.pidfd_send_signal(descriptor, number)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True
