"""A world for the kernel: it carries out instructions from a script, on a virtual clock, and can die at any line.

What stands on its disk (transcripts, checkouts, commits) survives the engine; effects in flight do not.
"""

from .disk import CONFLICT, Disk
from .script import (
    Fault,
    Reply,
    Script,
    Seen,
    Use,
    answer,
    ask,
    asked,
    await_agents,
    escalate,
    fail,
    finish,
    message,
    order,
    spawn,
    steps,
    write,
)
from .world import PRICE, START_AT, Action, Cut, Line, World, folded, started, steady

__all__ = [
    "CONFLICT",
    "PRICE",
    "START_AT",
    "Action",
    "Cut",
    "Disk",
    "Fault",
    "Line",
    "Reply",
    "Script",
    "Seen",
    "Use",
    "World",
    "answer",
    "ask",
    "asked",
    "await_agents",
    "escalate",
    "fail",
    "finish",
    "folded",
    "message",
    "order",
    "spawn",
    "started",
    "steady",
    "steps",
    "write",
]
