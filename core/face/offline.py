"""A run without its engine: the journal folded again. What comes out is what the engine would say."""

from __future__ import annotations

from ..adapters import journal
from ..errors import JournalDamagedError
from ..reducer import fold
from ..selectors import run_result
from ..state import State
from ..views import RunResult
from .folders import RunFolder


def load_state(run: RunFolder) -> State:
    """The state that the journal holds. Raises `JournalDamagedError` if it holds no run."""
    state = State()
    for line in journal.read(run.journal).lines:
        fold(state, line.events, line.at)
    if state.run is None:
        raise JournalDamagedError(f"the journal of {run.run_id} holds no run: {run.journal}")
    return state


def load_result(run: RunFolder) -> RunResult:
    """Everything there is to see of the run."""
    return run_result(load_state(run))
