"""A run without its engine: the journal folded again. What comes out is what the engine would say."""

from __future__ import annotations

from ..adapters import journal
from ..adapters.journal import Contents
from ..errors import JournalDamagedError
from ..reducer import fold
from ..selectors import run_result
from ..state import State
from ..views import RunResult
from .folders import RunFolder


def load_state(run: RunFolder) -> State:
    """The state that the journal holds. Raises `JournalDamagedError` if it holds no run."""
    state = State()
    fold_contents(state, journal.read(run.journal))
    if state.run is None:
        raise JournalDamagedError(f"the journal of {run.run_id} holds no run: {run.journal}")
    return state


def fold_contents(state: State, contents: Contents) -> list[str]:
    """Fold what a journal holds into `state`; what a person should know of what could not be used, a sentence each.

    What builds on a damaged line cannot be folded either. Raises `JournalDamagedError` if it is not for damage.
    """
    notes = [f"a damaged line of the journal was skipped (byte {damage.offset})" for damage in contents.damaged]
    for line in contents.lines:
        try:
            fold(state, line.events, line.at)
        except (AssertionError, LookupError, ValueError) as problem:
            if not notes:
                raise JournalDamagedError(
                    f"decision {line.seq} of the journal makes no sense: {problem!r}"
                ) from problem
            notes.append(f"decision {line.seq} of the journal builds on a damaged line and was skipped")
    return notes


def load_result(run: RunFolder) -> RunResult:
    """Everything there is to see of the run."""
    return run_result(load_state(run))
