"""A journal is folded about as fast as it is read, however long it is."""

from __future__ import annotations

import json
from time import perf_counter

from fakes.long_journal import long_journal
from fakes.world import folded
from pilothouse.core.invariants import violations

SLOWEST = 4
"""Times as slow as `json.loads`, at which folding would do something it should not. (Measured: faster than it.)"""


def test_folding_a_long_journal_takes_no_more_than_a_few_times_as_long_as_reading_it() -> None:
    lines = long_journal(agents=50, events=20_000)
    begin = perf_counter()
    for line in lines:
        json.loads(line)
    middle = perf_counter()
    state = folded(lines)
    assert perf_counter() - middle < SLOWEST * (middle - begin)
    assert violations(state) == []


def test_folding_takes_the_same_time_for_each_line_of_a_longer_journal() -> None:
    def seconds(events: int) -> float:
        lines = long_journal(agents=50, events=events)
        begin = perf_counter()
        folded(lines)
        return (perf_counter() - begin) / len(lines)

    assert seconds(40_000) < 3 * seconds(10_000)
