"""The pictures in the README and the docs, and how each is drawn from the recorded run with a stopped clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fakes.recorded import TITLE, moment, retell
from fakes.stage import Stage, StoppedClock, make_app
from fakes.story import Chapter

NEXT_TAB = "right_square_bracket"
TO_FIXER = ("j",) * 6
RENDERER_STYLE = re.compile(r"@font-face \{.*?\}", re.DOTALL)
"""Fonts from the network, which a picture made here must not need."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: a moment of the run, a terminal, and the keys that lead there."""

    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    chapter: Chapter = Chapter.QUESTION
    theme: str = "pilothouse-dark"
    engine_is_gone: bool = False


SHOTS = {
    "supervisor": Shot((132, 34), TO_FIXER),
    "light": Shot((132, 34), TO_FIXER, theme="pilothouse-light"),
    "reply": Shot((132, 34), ("r", "2")),
    "talk": Shot((132, 34), (NEXT_TAB,)),
    "spec": Shot((132, 34), (*TO_FIXER, *(NEXT_TAB,) * 3)),
    "receipt": Shot((132, 36), chapter=Chapter.RECEIPT),
    "engine-gone": Shot((132, 34), TO_FIXER, engine_is_gone=True),
    "keys": Shot((100, 48), ("question_mark",)),
    "80x24": Shot((80, 24), TO_FIXER),
    "60x20": Shot((60, 20), TO_FIXER),
}


async def draw(shot: Shot, folder: Path) -> str:
    """`shot` of the recorded run as SVG; files of the run are laid down in `folder`."""
    clock = StoppedClock(moment(shot.chapter))
    app, session = make_app(retell(folder, shot.chapter), clock, shot.theme, title=TITLE)
    async with app.run_test(size=shot.size) as pilot:
        stage = Stage(app, session, clock, pilot)
        await stage.settle()
        for key in shot.keys:
            await stage.press(key)
            clock.seconds += 1
        if shot.engine_is_gone:
            session.lose(clock.at)
            clock.advance(41)
        await stage.settle()
        app.tick()
        await stage.settle()
        svg = app.export_screenshot(title="pilothouse")
    return "\n".join(line.rstrip() for line in RENDERER_STYLE.sub("", svg).split("\n"))
