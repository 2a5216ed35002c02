"""How fast a journal is read back and folded, beside `json.loads` of the same lines."""

from __future__ import annotations

import json
import statistics
from time import perf_counter

from fakes.long_journal import long_journal
from fakes.world import folded

AGENTS, EVENTS, ROUNDS = 100, 100_000, 5


def ratio(agents: int = AGENTS, events: int = EVENTS, rounds: int = ROUNDS) -> float:
    """How many times faster folding is than `json.loads`; the median of `rounds`, each of which does both."""
    lines = long_journal(agents, events)
    found = []
    for _ in range(rounds):
        begin = perf_counter()
        for line in lines:
            json.loads(line)
        middle = perf_counter()
        folded(lines)
        found.append((middle - begin) / (perf_counter() - middle))
    return statistics.median(found)


def report() -> None:
    """Print the figure."""
    print(f"\n{'folding a journal':<40} {ratio():>25.2f}x as fast as json.loads of its lines")
