"""What the run took and what it saved. Times in milliseconds, from the journal alone."""

from __future__ import annotations

from .state import State


def wall_ms(state: State, at: int | None = None) -> int:
    """How long the run has taken until `at`, without the time in which everything waited for a person."""
    if not state.started_at:
        return 0
    end = state.ended_at or at or state.at
    stalled = state.stalled_ms + (end - state.stalled_since if state.stalled_since is not None else 0)
    return end - state.started_at - stalled


def busy_ms(state: State) -> int:
    """The running time of all agents, added up: how long one after another would have taken."""
    return sum(
        record.running_ms + (state.at - record.running_since if record.running_since is not None else 0)
        for record in state.agents.values()
    )


def speedup(state: State) -> float | None:
    """busy / wall, to two places: an estimate of what running side by side saved. None before anything ran."""
    wall = wall_ms(state)
    return round(busy_ms(state) / wall, 2) if wall > 0 else None
