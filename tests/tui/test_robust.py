"""Nothing an agent says and no size of the terminal breaks the screen."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from textual.geometry import Size

from fakes.stage import Stage, on_stage
from fakes.story import Chapter, agent
from pilothouse.core.face.picture import Update
from pilothouse.core.status import Reason, Status
from pilothouse.tui.display.sanitize import is_inert

HOSTILE = [
    "\x1b]52;c;ZXZpbA==\x07 clipboard",
    "\x1b]0;title\x07 title",
    "\x1b[2J\x1b[31m colour",
    "\x9b31m C1",
    "\x1bPq#0;2\x1b\\ DCS",
    "[/x] [bold]markup[/bold] [@click=app.quit]link[/]",
    "\u202eright to left\u202c",
    "line one\nline two\r\nline three\rback",
    "tab\tseparated",
    "日本語の長い文 🚀🚀🚀 e\u0301\u0301\u0301\u0301\u0301\u0301",
    "\ud800 surrogate",
]
SIZES = [(1, 1), (2, 2), (5, 3), (20, 5), (40, 10), (60, 24), (79, 24), (80, 24), (119, 30), (120, 40), (500, 120)]


def infest(stage: Stage, text: str) -> None:
    """Put `text` wherever text of an agent, a tool or a repo can come from."""
    picture = stage.session.picture
    victim = agent(
        "a3",
        text,
        activity=text,
        summary=text,
        evidence=text,
        branch=text,
        path=text,
        model=text,
        workspace=text,
        status=Status.BLOCKED,
        reason=Reason("question", text, ("q1",)),
    )
    question = picture.questions["q1"]
    hostile = msgspec.structs.replace(question, text=text, why=text, options=(text, "two"), default=text)
    run = picture.run
    assert run is not None
    stage.session.push(
        Update(
            run=msgspec.structs.replace(run, goal=text, rehearsal=text, branch=text, tip=text),
            agents=(victim,),
            questions=(hostile,),
        )
    )
    folder = picture.folder / "agents" / "a3"
    clean = text.encode("utf-8", "replace").decode()
    (folder / "log.jsonl").write_bytes(msgspec.json.encode({"at": 1, "kind": clean[:9], "text": clean}) + b"\n")
    picture.response_path("a3").write_bytes(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("text", [" ".join(HOSTILE), "x" * 1_000_000], ids=["all", "megabyte"])
async def test_hostile_text_is_inert_in_every_widget(tmp_path: Path, text: str) -> None:
    async with on_stage(tmp_path, size=(120, 30)) as stage:
        infest(stage, text)
        stage.tree.go_to("a3")
        await stage.settle()
        seen = [stage.text()]
        for keys in (("w",), ("x",), *[("right_square_bracket",)] * 4, ("r",), ("escape",), ("colon",), ("escape",)):
            await stage.press(*keys)
            seen.append(stage.text())
        stage.screen.action_land()
        run = stage.session.picture.run
        assert run is not None
        stage.session.push(Update(run=msgspec.structs.replace(run, status="failed", ended_at=run.at)))
        await stage.settle()
        seen.append(stage.text())
        for shown in seen:
            assert is_inert(shown.replace("\n", ""))


@pytest.mark.parametrize("chapter", list(Chapter))
async def test_nothing_breaks_at_any_size(tmp_path: Path, chapter: Chapter) -> None:
    async with on_stage(tmp_path, chapter, size=(100, 30)) as stage:
        for size in SIZES:
            await stage.pilot.resize_terminal(*size)
            await stage.settle()
            assert stage.app.screen.size == Size(*size)
            assert len(stage.text().split("\n")) == size[1]


async def test_a_reply_can_be_given_at_20_by_5(tmp_path: Path) -> None:
    async with on_stage(tmp_path, size=(20, 5)) as stage:
        await stage.open_card()
        await stage.press("2")
        assert "2  Google" in stage.text()
        await stage.press("enter")
        assert len(stage.session.commands) == 1


async def test_a_storm_of_resizes_while_the_run_goes_on(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as stage:
        await stage.press("j", "j", "j", "j")
        for number in range(25):
            stage.session.change("a4", activity=f"step {number}")
            await stage.pilot.resize_terminal(1 + number * 37 % 200, 1 + number * 23 % 60)
            if number % 10 == 0:
                await asyncio.sleep(0)
        await stage.pilot.resize_terminal(140, 40)
        await stage.settle()
        assert "step 24" in stage.text()


async def test_narrow_terminals_show_the_detail_when_it_is_opened(tmp_path: Path) -> None:
    async with on_stage(tmp_path, size=(70, 24)) as stage:
        assert not stage.shows_detail()
        await stage.press("j", "j", "j", "j", "enter")
        assert stage.shows_detail()
        assert "FAIL: test_total" in stage.text()
        await stage.press("escape")
        assert not stage.shows_detail()


async def test_the_ascii_set_draws_no_other_character(tmp_path: Path) -> None:
    async with on_stage(tmp_path, ascii_only=True) as stage:
        assert [line for line in stage.text().split("\n") if not line.isascii()] == []
