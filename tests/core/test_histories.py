"""Journals of the past are read for ever: each must fold to the run it was, with every invariant kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilothouse.core.adapters import journal
from pilothouse.core.invariants import violations
from pilothouse.core.reducer import fold
from pilothouse.core.selectors import run_result
from pilothouse.core.state import State
from pilothouse.core.status import Status, Verdict

HISTORIES = Path(__file__).parents[1] / "histories"


def load(name: str) -> State:
    contents = journal.read(HISTORIES / name / journal.NAME)
    assert not contents.damaged
    state = State()
    for line in contents.lines:
        fold(state, line.events, line.at)
        assert violations(state) == []
    return state


@pytest.mark.parametrize("name", sorted(path.name for path in HISTORIES.iterdir()))
def test_a_history_folds_with_every_invariant_kept(name: str) -> None:
    assert load(name).run is not None


def test_the_recorded_rehearsal_is_the_run_it_was() -> None:
    result = run_result(load("ledgerline"))
    assert result.run.verdict is Verdict.VERIFIED
    assert result.run.landing is not None
    assert {agent.title: agent.verdict for agent in result.agents if agent.verdict is not Verdict.VERIFIED} == {
        "survey": Verdict.UNVERIFIED
    }
    assert all(agent.status is Status.SUCCEEDED for agent in result.agents)
    assert len(result.run.refusals) == 60
    assert [question.answer for question in result.questions] == ["GitHub"]
