"""The screen before there is a run."""

from collections.abc import AsyncIterator

import pytest
from textual.pilot import Pilot

from fakes.stage import StoppedClock
from fakes.story import ago
from pilothouse.core.status import Verdict
from pilothouse.tui.screens.start import Choice, RecentRun
from pilothouse.tui.start import StartApp

RUNS = [
    RecentRun("261121-114200-k3", "Add sign-in\x1b[2J to the shop", "succeeded", Verdict.VERIFIED, "2.38", ago(900)),
    RecentRun("261120-090000-aa", "Tidy up [/x]", "failed", None, "0.41", ago(90_000)),
]


def app_with(runs: list[RecentRun]) -> StartApp:
    return StartApp("shop", runs, clock=StoppedClock())


@pytest.fixture
async def pilot() -> AsyncIterator[Pilot[Choice]]:
    async with app_with(RUNS).run_test(size=(100, 20)) as pilot:
        await pilot.pause()
        yield pilot


def text(pilot: Pilot[Choice]) -> str:
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())


async def test_it_shows_the_runs_with_outcome_and_cost(pilot: Pilot[Choice]) -> None:
    shown = text(pilot)
    for part in (
        "what is to be done in shop?",
        "✓ verified",
        "15m ago",
        "$2.38",
        "Add sign-in to the shop",
        "✗ failed",
    ):
        assert part in shown
    assert "Tidy up [/x]" in shown


async def test_a_goal_is_typed_and_chosen(pilot: Pilot[Choice]) -> None:
    await pilot.press(*"do it", "enter")
    assert pilot.app.return_value == Choice(goal="do it")


async def test_an_empty_goal_starts_nothing(pilot: Pilot[Choice]) -> None:
    await pilot.press("enter")
    assert pilot.app.is_running


async def test_a_run_is_opened(pilot: Pilot[Choice]) -> None:
    await pilot.press("tab", "j", "enter")
    assert pilot.app.return_value == Choice(run="261120-090000-aa")


async def test_the_rehearsal_is_one_key_away(pilot: Pilot[Choice]) -> None:
    await pilot.press("tab", "d")
    assert pilot.app.return_value == Choice(rehearsal=True)


async def test_q_leaves_without_a_choice(pilot: Pilot[Choice]) -> None:
    await pilot.press("tab", "q")
    assert pilot.app.return_value is None


async def test_it_says_so_when_there_is_no_run_and_fits_anywhere() -> None:
    async with app_with([]).run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        assert "no run here yet" in text(pilot)
        for size in ((1, 1), (20, 5), (200, 60)):
            await pilot.resize_terminal(*size)
        await pilot.press("tab", "enter")
        assert pilot.app.is_running
