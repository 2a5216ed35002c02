"""The pictures in the README and the docs, and how each is drawn from the story with a stopped clock."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fakes.stage import Stage, StoppedClock, make_app
from fakes.story import NOW, Chapter, tell
from pilothouse.core.face.picture import Picture

NEXT_TAB = "right_square_bracket"
TO_BILLING = ("j", "j", "j", "j")
RENDERER_STYLE = re.compile(r"@font-face \{.*?\}", re.DOTALL)
"""Fonts from the network, which a picture made here must not need."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: a moment of the story, a terminal, and the keys that lead there."""

    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    chapter: Chapter = Chapter.QUESTION
    theme: str = "pilothouse-dark"
    engine_is_gone: bool = False


SHOTS = {
    "supervisor": Shot((132, 34), TO_BILLING),
    "light": Shot((132, 34), TO_BILLING, theme="pilothouse-light"),
    "reply": Shot((132, 34), ("r", "2")),
    "talk": Shot((132, 34), (NEXT_TAB,)),
    "spec": Shot((132, 34), (*TO_BILLING, *(NEXT_TAB,) * 3)),
    "receipt": Shot((132, 36), chapter=Chapter.RECEIPT),
    "engine-gone": Shot((132, 34), TO_BILLING, engine_is_gone=True),
    "keys": Shot((100, 48), ("question_mark",)),
    "80x24": Shot((80, 24), TO_BILLING),
    "60x20": Shot((60, 20), TO_BILLING),
}


async def draw(shot: Shot, folder: Path, story: Callable[[Path, Chapter], Picture] = tell) -> str:
    """`shot` of `story` as SVG; files of the run are laid down in `folder`."""
    clock = StoppedClock()
    app, session = make_app(story(folder, shot.chapter), clock, shot.theme)
    async with app.run_test(size=shot.size) as pilot:
        stage = Stage(app, session, clock, pilot)
        await stage.settle()
        for key in shot.keys:
            await stage.press(key)
            clock.seconds += 1
        if shot.engine_is_gone:
            session.lose(NOW)
            clock.advance(41)
        await stage.settle()
        app.tick()
        await stage.settle()
        svg = app.export_screenshot(title="pilothouse")
    return "\n".join(line.rstrip() for line in RENDERER_STYLE.sub("", svg).split("\n"))
