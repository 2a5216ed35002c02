"""The main states of the screen over a recorded run, as pictures (`make test ARGS=--snapshot-update` renews them)."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import pytest
from textual.app import App
from textual.pilot import Pilot

from fakes.recorded import TITLE, moment, retell
from fakes.stage import Stage, StoppedClock, make_app
from fakes.story import Chapter
from pilothouse.tui.widgets.reply_card import GRACE

WIDE, STACKED, NARROW = (140, 40), (100, 30), (70, 24)
Play = Callable[[Stage], Awaitable[None]]


class Compare(Protocol):
    """What pytest-textual-snapshot offers."""

    def __call__(
        self, app: App[None], *, terminal_size: tuple[int, int], run_before: Callable[[Pilot[None]], Awaitable[None]]
    ) -> bool: ...


async def look(stage: Stage) -> None:
    await stage.press("j", "j", "j", "j")


async def reply(stage: Stage) -> None:
    await stage.press("r")
    stage.clock.advance(GRACE + 0.1)
    await stage.press("2")


async def write(stage: Stage) -> None:
    await stage.press("r")
    stage.clock.advance(GRACE + 0.1)
    await stage.press("i", *"GitHub", "space", *"first")


async def pause(stage: Stage) -> None:
    await stage.press("P")


async def lose(stage: Stage) -> None:
    stage.session.lose(stage.clock.at - 41_000)
    await stage.settle()


async def talk(stage: Stage) -> None:
    await stage.press("right_square_bracket")


async def spec(stage: Stage) -> None:
    await stage.press("j", "left_square_bracket")


async def stop(stage: Stage) -> None:
    await stage.press("x")


async def keys(stage: Stage) -> None:
    await stage.press("question_mark")


async def nothing(stage: Stage) -> None:
    await stage.settle()


@pytest.mark.parametrize(
    ("play", "chapter", "size", "theme"),
    [
        pytest.param(look, Chapter.QUESTION, WIDE, "dark", id="running-wide"),
        pytest.param(look, Chapter.QUESTION, STACKED, "dark", id="running-stacked"),
        pytest.param(look, Chapter.QUESTION, NARROW, "dark", id="running-narrow"),
        pytest.param(look, Chapter.QUESTION, WIDE, "light", id="running-light"),
        pytest.param(reply, Chapter.QUESTION, WIDE, "dark", id="reply-wide"),
        pytest.param(reply, Chapter.QUESTION, NARROW, "dark", id="reply-narrow"),
        pytest.param(write, Chapter.QUESTION, STACKED, "dark", id="own-words"),
        pytest.param(pause, Chapter.QUESTION, WIDE, "dark", id="paused"),
        pytest.param(lose, Chapter.QUESTION, WIDE, "dark", id="lost"),
        pytest.param(talk, Chapter.QUESTION, WIDE, "dark", id="talk"),
        pytest.param(nothing, Chapter.RECEIPT, STACKED, "dark", id="receipt-stacked"),
        pytest.param(spec, Chapter.QUESTION, WIDE, "dark", id="spec"),
        pytest.param(stop, Chapter.QUESTION, STACKED, "dark", id="stop"),
        pytest.param(keys, Chapter.QUESTION, STACKED, "dark", id="keys"),
        pytest.param(nothing, Chapter.RECEIPT, WIDE, "dark", id="receipt-wide"),
        pytest.param(nothing, Chapter.RECEIPT, WIDE, "light", id="receipt-light"),
        pytest.param(nothing, Chapter.QUESTION, (20, 5), "dark", id="tiny"),
    ],
)
def test_the_screen_looks_as_it_did(
    snap_compare: Compare, tmp_path: Path, play: Play, chapter: Chapter, size: tuple[int, int], theme: str
) -> None:
    clock = StoppedClock(moment(chapter))
    app, session = make_app(retell(tmp_path, chapter), clock, f"pilothouse-{theme}", title=TITLE)

    async def run_before(pilot: Pilot[None]) -> None:
        stage = Stage(app, session, clock, pilot)
        await stage.settle()
        await play(stage)

    assert snap_compare(app, terminal_size=size, run_before=run_before)
