"""A recorded rehearsal, folded again: the journal and the logs in `tests/histories/`, as a picture at a chosen moment.

The default scenario was recorded at normal pace, with the question left open for a while; nothing in it is made up.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from fakes.story import Chapter
from pilothouse.core.adapters import journal
from pilothouse.core.adapters.journal import Line
from pilothouse.core.events import QuestionAnswered, RunEnded
from pilothouse.core.face.picture import Picture, Update
from pilothouse.core.reducer import fold
from pilothouse.core.selectors import run_result
from pilothouse.core.state import State

HISTORY = Path(__file__).parents[1] / "histories" / "ledgerline"
TITLE = "ledgerline"


def lines_of(chapter: Chapter) -> list[Line]:
    """The decisions up to the moment: before the user answers, or when the run is over."""
    wanted = QuestionAnswered if chapter is Chapter.QUESTION else RunEnded
    found: list[Line] = []
    for line in journal.read(HISTORY / journal.NAME).lines:
        happens = any(isinstance(event, wanted) for event in line.events)
        if happens and chapter is Chapter.QUESTION:
            break
        found.append(line)
        if happens:
            break
    return found


def moment(chapter: Chapter) -> int:
    """When the picture is taken, in Unix milliseconds: a second after its last decision."""
    return lines_of(chapter)[-1].at + 1000


def retell(folder: Path, chapter: Chapter = Chapter.QUESTION) -> Picture:
    """The picture of the recorded run at `chapter`; its logs up to then are laid down below `folder`."""
    state = State()
    for line in lines_of(chapter):
        fold(state, line.events, line.at)
    now = moment(chapter)
    result = run_result(state)
    picture = Picture(folder=folder, connected=True, seen_at=now)
    picture.apply(Update(result.run, result.agents, result.questions, whole=True))
    for recorded in sorted((HISTORY / "agents").glob("*/log.jsonl")):
        log = folder / "agents" / recorded.parent.name / "log.jsonl"
        log.parent.mkdir(parents=True)
        with recorded.open(encoding="utf-8") as source:
            log.write_text("".join(raw for raw in source if json.loads(raw)["at"] <= now), encoding="utf-8")
    shutil.copytree(HISTORY / "agent-responses", folder / "agent-responses")
    return picture
