"""Every key of the run's screen, pressed in a running app over a fake session."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from fakes.stage import Stage, on_stage
from fakes.story import NOW, Chapter, agent
from pilothouse.core.commands import (
    AnswerQuestion,
    KillAgent,
    LandRun,
    MessageAgent,
    PauseAgent,
    ResumeAgent,
    RetryAgent,
    StopAgent,
)
from pilothouse.core.face.picture import Update
from pilothouse.core.ids import AgentId, QuestionId
from pilothouse.core.status import Reason, Status
from pilothouse.tui.screens.confirm import ConfirmScreen
from pilothouse.tui.screens.help import HelpScreen
from pilothouse.tui.screens.receipt import ReceiptScreen
from pilothouse.tui.widgets.detail import Tab

A3, A4, A7 = AgentId("a3"), AgentId("a4"), AgentId("a7")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with on_stage(tmp_path) as stage:
        yield stage


# looking around


async def test_the_screen_shows_the_run(stage: Stage) -> None:
    shown = stage.text()
    for part in ("shop", "REHEARSAL", "$1.83/$5.00", "orchestrator", "a8 invoice numbers", "needs you (1)", "r reply"):
        assert part in shown


async def test_the_cursor_moves_and_the_log_follows_it(stage: Stage) -> None:
    await stage.press("j", "j", "j", "j")
    assert stage.tree.chosen == "a4"
    assert "FAIL: test_total_rounds_half_even" in stage.text()
    await stage.press("k")
    assert stage.tree.chosen == "a3"
    await stage.press("G")
    assert stage.tree.chosen == "a9"
    await stage.press("g")
    assert stage.tree.chosen == "a0"
    await stage.press("down", "ctrl+d", "ctrl+u", "up")
    assert stage.tree.chosen == "a0"


async def test_collapse_expand_parent_and_child(stage: Stage) -> None:
    stage.tree.go_to("a8")
    await stage.press("h")
    assert stage.tree.chosen == "a4"
    await stage.press("h")
    assert "a8 invoice" not in stage.text()
    assert "a4 billing +1" in stage.text()
    await stage.press("l")
    assert "a8 invoice" in stage.text()
    await stage.press("l")
    assert stage.tree.chosen == "a8"


async def test_a_row_keeps_its_place_under_the_cursor_when_agents_appear_above(tmp_path: Path) -> None:
    async with on_stage(tmp_path, size=(140, 14)) as stage:
        await stage.press("G")
        tree = stage.tree
        place = (tree.cursor_line() or 0) - tree.top
        stage.session.push(Update(agents=(agent("a10", "late", "a4"), agent("a11", "later", "a4"))))
        await stage.settle()
        assert tree.chosen == "a9"
        assert (tree.cursor_line() or 0) - tree.top == place


async def test_n_goes_round_the_agents_that_need_you(stage: Stage) -> None:
    stage.session.change("a8", status=Status.BLOCKED, reason=Reason("budget", "the money does not reach"))
    await stage.settle()
    await stage.press("n")
    assert stage.tree.chosen == "a3"
    await stage.press("n")
    assert stage.tree.chosen == "a8"
    await stage.press("n")
    assert stage.tree.chosen == "a3"
    await stage.press("N")
    assert stage.tree.chosen == "a8"


async def test_n_says_so_when_nothing_needs_you(stage: Stage) -> None:
    stage.session.change("a3", status=Status.RUNNING, reason=None)
    await stage.press("n")
    assert stage.toasts() == ["nothing else needs you"]


async def test_minus_goes_back_to_the_last_agent(stage: Stage) -> None:
    await stage.press("G", "minus")
    assert stage.tree.chosen == "a0"
    await stage.press("minus")
    assert stage.tree.chosen == "a9"


async def test_zones_by_tab_and_by_number(stage: Stage) -> None:
    assert stage.tree.has_focus
    await stage.press("tab")
    assert stage.detail.log_view.has_focus
    await stage.press("tab", "tab")
    assert stage.tree.has_focus
    await stage.press("shift+tab")
    assert stage.screen.query_one("#inbox").has_focus
    await stage.press("2")
    assert stage.detail.log_view.has_focus
    await stage.press("3")
    assert stage.screen.query_one("#inbox").has_focus
    await stage.press("1")
    assert stage.tree.has_focus


async def test_tabs_of_the_detail(stage: Stage) -> None:
    await stage.press("right_square_bracket")
    assert stage.tab() is Tab.TALK
    assert "a3 login asks" in stage.text()
    await stage.press("j", "right_square_bracket")
    assert stage.tab() is Tab.OUTPUT
    assert "plain dataclasses" in stage.text()
    await stage.press("right_square_bracket")
    assert "The models part works" in stage.text()
    await stage.press("right_square_bracket")
    assert stage.tab() is Tab.LOG
    await stage.press("left_square_bracket")
    assert stage.tab() is Tab.SPEC


async def test_zoom_open_and_back(stage: Stage) -> None:
    await stage.press("z")
    assert not stage.shows_detail()
    await stage.press("z")
    assert stage.shows_detail()
    await stage.press("enter")
    assert stage.detail.log_view.has_focus
    assert "a9 front page" not in stage.text()
    await stage.press("escape")
    assert stage.tree.has_focus
    assert "a9 front page" in stage.text()


async def test_why(stage: Stage) -> None:
    await stage.press("G", "w")
    assert stage.toasts() == ["a9 ← needs a3, a4, a5 ← a3: blocked on q1 ← you, 1 min 42 s"]


async def test_help_shows_the_keys_and_goes_away(stage: Stage) -> None:
    await stage.press("question_mark")
    assert isinstance(stage.app.screen, HelpScreen)
    assert "one line down" in stage.text()
    await stage.press("escape")
    assert stage.tree.has_focus


async def test_the_palette_has_the_actions(stage: Stage) -> None:
    await stage.press("j", "j", "j", "j", "colon", *"pause", "enter")
    await stage.settle()
    assert stage.session.commands == [PauseAgent(A4)]


async def test_the_theme_changes(stage: Stage) -> None:
    await stage.press("T")
    assert stage.app.theme == "pilothouse-light"
    await stage.press("T")
    assert stage.app.theme == "pilothouse-dark"


# in a log


async def test_follow_wrap_and_times(stage: Stage) -> None:
    await stage.press("2")
    assert "follow on · wrap on" in stage.text()
    assert "11:42:08" in stage.text()
    await stage.press("w", "f", "c")
    assert "follow off · wrap off" in stage.text()
    assert "11:42:08" not in stage.text()


async def test_a_log_streams_and_keeps_its_place_when_told_to(tmp_path: Path) -> None:
    async with on_stage(tmp_path, size=(140, 20)) as stage:
        path = stage.session.picture.log_path("a0")
        await stage.press("2", "g")
        with path.open("ab") as file:
            for number in range(50):
                file.write(msgspec.json.encode({"at": NOW, "kind": "say", "text": f"line {number}"}) + b"\n")
        stage.screen.poll()
        await stage.settle()
        assert "11:42:00 told" in stage.text()
        assert "line 49" not in stage.text()
        await stage.press("G")
        assert "line 49" in stage.text()
        with path.open("ab") as file:
            file.write(msgspec.json.encode({"at": NOW, "kind": "say", "text": "and one more"}) + b"\n")
        stage.screen.poll()
        await stage.settle()
        assert "and one more" in stage.text()


async def test_unfinished_text_is_shown_below_the_log(stage: Stage) -> None:
    stage.tree.go_to("a6")
    await stage.settle()
    assert "The callback has to compare the state" in stage.text()


# steering


async def test_pause_and_resume(stage: Stage) -> None:
    stage.tree.go_to("a4")
    await stage.press("p", "p")
    assert stage.session.commands == [PauseAgent(A4), ResumeAgent(A4)]


async def test_pause_and_resume_everything(stage: Stage) -> None:
    await stage.press("P")
    await stage.press("P")
    assert stage.session.commands == [PauseAgent(), ResumeAgent()]


async def test_stop_of_a_leaf_asks_nothing(stage: Stage) -> None:
    stage.tree.go_to("a7")
    await stage.press("x")
    assert stage.session.commands == [StopAgent(A7)]


async def test_stop_of_an_agent_with_children_asks_and_names_them(stage: Stage) -> None:
    stage.tree.go_to("a4")
    await stage.press("x")
    assert isinstance(stage.app.screen, ConfirmScreen)
    assert "Stop a4 billing and the 1 below it?" in stage.text()
    assert "a8 invoice numbers" in stage.text()
    await stage.press("n")
    assert stage.session.commands == []
    await stage.press("x", "y")
    assert stage.session.commands == [StopAgent(A4)]


async def test_kill_takes_two_presses_within_two_seconds(stage: Stage) -> None:
    stage.tree.go_to("a4")
    await stage.press("X")
    assert stage.session.commands == []
    assert stage.toasts() == ["press X again within 2 s to kill a4 billing and the 1 below it"]
    stage.clock.advance(2.1)
    await stage.press("X")
    assert stage.session.commands == []
    stage.clock.advance(1.0)
    await stage.press("X")
    assert stage.session.commands == [KillAgent(A4)]


async def test_the_second_press_on_another_agent_kills_nobody(stage: Stage) -> None:
    stage.tree.go_to("a4")
    await stage.press("X")
    stage.tree.go_to("a7")
    await stage.press("X")
    assert stage.session.commands == []


async def test_what_has_ended_cannot_be_steered(stage: Stage) -> None:
    stage.tree.go_to("a1")
    await stage.press("p", "x", "X", "R")
    assert stage.session.commands == []
    assert stage.toasts()[0] == "a1 has ended"


async def test_retry_of_an_agent_that_failed(stage: Stage) -> None:
    stage.session.change("a7", status=Status.FAILED, reason=Reason("tests", "tests failed"))
    stage.tree.go_to("a7")
    await stage.press("R")
    assert stage.session.commands == [RetryAgent(A7)]


async def test_a_refusal_and_a_silent_engine_are_told(stage: Stage) -> None:
    stage.session.lose(NOW - 41_000)
    stage.tree.go_to("a4")
    await stage.press("p")
    assert "the engine does not answer" in stage.toasts()[0]
    assert "ENGINE GONE, as of 41s ago" in stage.text()


# replying


async def test_replying_takes_three_keys(stage: Stage) -> None:
    await stage.open_card()
    await stage.press("2", "enter")
    assert stage.session.commands == [AnswerQuestion(QuestionId("q1"), "Google")]
    assert stage.tree.has_focus
    assert "needs you (0)" in stage.text()


async def test_a_card_takes_no_keys_in_its_first_half_second(stage: Stage) -> None:
    await stage.press("r", "2", "enter", "i")
    assert stage.session.commands == []
    assert "one moment" in stage.text()
    stage.clock.advance(0.6)
    await stage.press("enter")
    assert stage.session.commands == []


async def test_a_question_never_takes_the_focus(stage: Stage) -> None:
    question = msgspec.structs.replace(stage.session.picture.questions["q1"], id="q2", text="Another one?")
    stage.session.push(Update(questions=(question,)))
    await stage.settle()
    assert stage.tree.has_focus
    assert "needs you (2)" in stage.text()
    await stage.press("2", "y", "a", "enter", "escape")
    assert stage.session.commands == []


async def test_no_key_goes_past_an_open_card(stage: Stage) -> None:
    await stage.open_card()
    await stage.press("x", "X", "X", "p", "P", "q", "Q", "m", "n")
    assert stage.session.commands == []
    assert stage.screen.has_class("-replying")


async def test_own_words_are_kept_as_a_draft_and_sent(stage: Stage) -> None:
    await stage.open_card()
    await stage.press("i", *"both", "escape", "escape")
    assert stage.tree.has_focus
    await stage.open_card()
    assert "draft: both" in stage.text()
    await stage.press("i", "space", *"now", "enter")
    assert stage.session.commands == [AnswerQuestion(QuestionId("q1"), "both now")]


async def test_an_option_is_chosen_by_moving_too(stage: Stage) -> None:
    await stage.open_card()
    await stage.press("j", "j", "k", "enter")
    assert stage.session.commands == [AnswerQuestion(QuestionId("q1"), "GitHub")]


async def test_a_card_closes_when_somebody_else_answers(stage: Stage) -> None:
    await stage.open_card()
    question = stage.session.picture.questions["q1"]
    stage.session.push(Update(questions=(msgspec.structs.replace(question, answer="Google", answered_by="a0"),)))
    await stage.settle()
    assert not stage.screen.has_class("-replying")
    assert stage.toasts() == ["q1 has been answered: Google"]


async def test_enter_in_the_inbox_replies_to_its_question(stage: Stage) -> None:
    question = stage.session.picture.questions["q1"]
    second = msgspec.structs.replace(question, id="q2", text="Another one?", agents=("a4",), asked_at=NOW)
    stage.session.push(Update(questions=(second,)))
    await stage.settle()
    await stage.press("3", "j", "enter")
    stage.clock.advance(1)
    await stage.press("1", "enter")
    assert stage.session.commands == [AnswerQuestion(QuestionId("q2"), "GitHub")]


async def test_r_writes_to_the_agent_when_nothing_is_asked(stage: Stage) -> None:
    question = stage.session.picture.questions["q1"]
    stage.session.push(Update(questions=(msgspec.structs.replace(question, answer="x", answered_by="user"),)))
    stage.tree.go_to("a4")
    await stage.press("r", *"hi", "enter")
    assert stage.session.commands == [MessageAgent(A4, "hi")]


async def test_s_says_something_to_the_orchestrator_from_anywhere(stage: Stage) -> None:
    stage.tree.go_to("a4")
    await stage.press("s", *"faster", "enter")
    assert stage.session.commands == [MessageAgent(AgentId("a0"), "faster")]


async def test_everything_goes_on_while_a_reply_is_written(stage: Stage) -> None:
    await stage.open_card()
    stage.session.change("a4", activity="bash make everything")
    await stage.settle()
    assert "bash make everything" in stage.text()
    assert stage.card.has_focus_within


# the end


async def test_a_run_ends_on_its_receipt_and_m_lands_it(tmp_path: Path) -> None:
    async with on_stage(tmp_path, Chapter.RECEIPT) as stage:
        assert isinstance(stage.app.screen, ReceiptScreen)
        assert "m lands it in main" in stage.text()
        await stage.press("m")
        assert stage.session.commands == [LandRun()]
        assert "landed in main" in stage.text()
        await stage.press("escape")
        assert stage.tree.has_focus
        await stage.press("m")
        assert isinstance(stage.app.screen, ReceiptScreen)


async def test_m_before_the_end_says_that_there_is_nothing_to_land(stage: Stage) -> None:
    await stage.press("m")
    assert stage.session.commands == []
    assert "nothing to land yet" in stage.toasts()[0]


async def test_the_end_does_not_interrupt_a_reply(stage: Stage) -> None:
    await stage.press("s", *"wait")
    run = stage.session.picture.run
    assert run is not None
    stage.session.push(Update(run=msgspec.structs.replace(run, status="succeeded", ended_at=NOW)))
    await stage.settle()
    assert stage.card.has_focus_within
    assert stage.toasts() == ["the run has ended: m shows its receipt"]


async def test_q_leaves_and_the_agents_go_on(stage: Stage) -> None:
    await stage.press("q")
    assert stage.session.commands == []
    assert stage.app.return_code == 0


async def test_shift_q_stops_all_after_asking(stage: Stage) -> None:
    await stage.press("Q")
    assert "Stop all 8 agents and quit?" in stage.text()
    await stage.press("n")
    assert stage.session.commands == []
    await stage.press("Q", "y")
    assert stage.session.commands == [StopAgent()]


async def test_ctrl_c_says_how_to_leave(stage: Stage) -> None:
    await stage.press("ctrl+c")
    assert stage.toasts() == ["q leaves, the agents go on · Q stops all agents and quits"]


async def test_ages_stand_still_while_the_engine_is_gone(stage: Stage) -> None:
    stage.session.lose(NOW)
    await stage.settle()
    stage.clock.advance(3600)
    stage.app.tick()
    await stage.pilot.pause()
    assert " 12s " in stage.text()
    assert "ENGINE GONE, as of 1h00 ago" in stage.text()
