"""The single writer over fakes: nothing is done or told before it is durable, and what is opened is closed."""

from __future__ import annotations

import asyncio

import pytest

from fakes.ports import FINISH, Stand, reply
from pilothouse.core import decide as kernel
from pilothouse.core.commands import KillAgent, MessageAgent, PauseAgent
from pilothouse.core.engine import engine as engine_module
from pilothouse.core.errors import PilothouseError
from pilothouse.core.events import AgentTold, EffectClosed, EffectOpened, RunEnded
from pilothouse.core.ids import ORCHESTRATOR, AgentId, EffectId
from pilothouse.core.inputs import EffectEnded, Request, Tick
from pilothouse.core.outcomes import Cancelled, Conflicted, EffectFailed
from pilothouse.core.ports import Live, Reply, TurnRequest
from pilothouse.core.status import Status


async def stuck(request: TurnRequest, live: Live) -> Reply:
    """A model that never answers."""
    await asyncio.Event().wait()
    raise AssertionError


async def turns(times: int = 20) -> None:
    """Let everything that can happen happen."""
    for _ in range(times):
        await asyncio.sleep(0)


async def test_a_run_plays_to_its_end() -> None:
    stand = Stand(reply(("glob", {"pattern": "*"})), reply(FINISH))
    await stand.to_the_end()
    assert stand.state.end is not None
    assert stand.state.end.status is Status.SUCCEEDED
    assert not stand.errors


async def test_what_is_told_is_what_is_journalled_in_its_order() -> None:
    stand = Stand()
    await stand.to_the_end()
    assert stand.told == [event for line in stand.journal.lines for event in line]
    opened = [event.effect_id for event in stand.told if isinstance(event, EffectOpened)]
    closed = [event.effect_id for event in stand.told if isinstance(event, EffectClosed)]
    assert sorted(opened) == sorted(closed)
    assert isinstance(stand.told[-1], RunEnded)


async def test_nothing_is_answered_told_or_begun_before_it_is_durable() -> None:
    stand = Stand(stuck, at_once=False)
    stand.begin()
    answer = stand.engine.submit(Request(MessageAgent(ORCHESTRATOR, "hello")))
    refusal = stand.engine.submit(Request(KillAgent(AgentId("a9"))))
    await turns()
    # Decided, also for what is decided next, but not done. Not even the refusal, which builds on the others.
    assert stand.state.agents[ORCHESTRATOR].inbox
    assert (answer.done(), refusal.done(), stand.told, stand.model.requests) == (False, False, [], [])
    stand.journal.sync()
    async with asyncio.timeout(20):
        assert (await answer).text == "told a0"
        assert (await refusal).refused
    assert any(isinstance(event, AgentTold) for event in stand.told)
    await stand.close()


async def test_it_says_how_it_stands_only_when_that_is_durable() -> None:
    stand = Stand(stuck, at_once=False)
    stand.begin()
    asking = asyncio.create_task(stand.engine.settled())
    await turns()
    assert not asking.done()
    stand.journal.sync()
    async with asyncio.timeout(20):
        await asking
    await stand.close()


@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), OSError(5, "Input/output error")])
async def test_a_journal_that_fails_halts_the_engine_and_acknowledges_nothing(problem: OSError) -> None:
    stand = Stand(stuck, at_once=False)
    stand.begin()
    answer = stand.engine.submit(Request(PauseAgent()))
    stand.journal.failure = problem
    stand.journal.sync()
    with pytest.raises(asyncio.CancelledError):
        await answer
    await turns()
    (error,) = stand.errors
    assert isinstance(error, PilothouseError)
    assert str(error) == f"the journal cannot be written ({problem.strerror}); the run is halted"
    assert (stand.told, stand.model.requests) == ([], [])
    later = stand.engine.submit(Request(PauseAgent()))
    assert later.cancelled()
    with pytest.raises(PilothouseError, match="halted"):
        await stand.engine.settled()
    await stand.close()


async def test_a_fault_of_the_kernel_halts_it_and_what_was_half_decided_is_in_no_journal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand = Stand(stuck)
    stand.begin()
    await stand.until(lambda: bool(stand.model.requests))
    lines = len(stand.journal.lines)

    def fail(*_: object) -> kernel.Decision:
        raise KeyError("a bug")

    monkeypatch.setattr(engine_module, "decide", fail)
    assert stand.engine.submit(Tick()).cancelled()
    await turns()
    assert [type(error) for error in stand.errors] == [KeyError]
    assert len(stand.journal.lines) == lines
    await stand.close()


async def test_an_effect_that_is_cancelled_before_its_first_step_is_closed_all_the_same() -> None:
    stand = Stand(at_once=False)
    stand.begin()
    stand.engine.submit(Request(KillAgent()))
    stand.journal.sync()  # opened and cancelled in one group: the task never runs a line of its own
    stand.journal.at_once = True
    await stand.until(lambda: stand.state.end is not None)
    closed = [event.outcome for event in stand.told if isinstance(event, EffectClosed)]
    assert closed == [Cancelled()]
    assert stand.model.requests == []
    await stand.close()


async def test_what_ends_after_the_engine_was_shut_stays_open_for_the_next_one() -> None:
    stand = Stand(stuck)
    stand.begin()
    await stand.until(lambda: bool(stand.model.requests))
    open_before = set(stand.state.effects)
    lines = len(stand.journal.lines)
    await stand.close()
    await turns()
    assert set(stand.state.effects) == open_before != set()
    assert len(stand.journal.lines) == lines
    assert stand.engine.submit(Tick()).cancelled()


async def test_an_outcome_of_an_effect_that_is_not_open_is_ignored() -> None:
    stand = Stand(stuck)
    stand.begin()
    await stand.until(lambda: bool(stand.model.requests))
    lines = len(stand.journal.lines)
    await stand.engine.submit(EffectEnded(EffectId("e999"), Cancelled()))
    assert len(stand.journal.lines) == lines
    await stand.close()


async def test_an_effect_that_breaks_is_an_outcome_in_words(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(request: TurnRequest, live: Live) -> Reply:
        raise ZeroDivisionError("oops")

    stand = Stand(broken)
    await stand.to_the_end()
    closed = [event.outcome for event in stand.told if isinstance(event, EffectClosed)]
    assert EffectFailed("ZeroDivisionError: oops") in closed
    assert "an effect failed" in caplog.text


def test_names_of_files_that_are_no_utf8_can_be_journalled() -> None:
    outcome = Conflicted(("fine.txt", b"caf\xe9".decode(errors="surrogateescape")), "both changed it")
    told = engine_module._encodable(outcome)
    assert told == Conflicted(("fine.txt", "caf?"), "both changed it")
    assert engine_module._encodable(told) is told
