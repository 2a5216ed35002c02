"""Questions: to the parent first, answered only with a quotation, else passed up; the first answer wins."""

from __future__ import annotations

import pytest

from fakes.scenario import Scenario
from fakes.world import Use, answer, ask, await_agents, escalate, finish, order, spawn
from pilothouse.core.commands import AnswerQuestion, KillAgent, MessageAgent, PauseAgent, ResumeAgent, StopAgent
from pilothouse.core.events import QuestionDropped, QuestionJoined, QuestionPassedUp
from pilothouse.core.ids import AgentId, QuestionId
from pilothouse.core.instructions import FindCitation
from pilothouse.core.outcomes import EffectFailed, StopReason

GOAL = "Add sign-in, with GitHub if in doubt"
QUESTION = "Which provider?"


@pytest.fixture
def asked(run: Scenario) -> Scenario:
    """a0 waits for a1 and a2; a1 has asked q1, and a0 reads that in its turn in flight."""
    run.given(order("login", context="The redirect goes to /callback."), order("other"), goal=GOAL)
    run.says("a0", await_agents())
    run.says("a1", ask(QUESTION, "GitHub", "Google", why="the scopes differ", default="GitHub"))
    return run


def user_answers(run: Scenario, text: str, name: str = "q1") -> str:
    """What the user is told when they answer."""
    return run.when(AnswerQuestion(QuestionId(name), text)).answer


def test_a_question_goes_to_the_parent_first(asked: Scenario) -> None:
    assert asked.question().holder == "a0"
    assert (asked.status("a1"), asked.why("a1")) == ("waiting", f"asks a0: {QUESTION}")
    assert not asked.agent("a1").holds_slot


def test_the_asker_reads_the_answer_on_its_first_line(asked: Scenario) -> None:
    user_answers(asked, "Google")
    assert asked.results("a1")[0].splitlines()[0] == "Google"
    assert asked.is_thinking("a1")


def test_the_others_go_on(asked: Scenario) -> None:
    assert asked.is_thinking("a2")


def test_the_orchestrators_question_is_for_the_user(run: Scenario) -> None:
    run.given().says("a0", ask(QUESTION))
    assert run.question().is_with_user
    assert (run.status("a0"), run.why("a0")) == ("blocked", f"asks q1: {QUESTION}")


@pytest.mark.parametrize(
    "cite",
    [
        "with GitHub if in doubt",
        "The redirect   goes to\n/callback",
    ],
)
def test_the_parent_answers_with_the_users_words_or_an_order(asked: Scenario, cite: str) -> None:
    asked.says("a0", answer("q1", "GitHub", cite))
    assert (asked.question().answer, asked.question().answered_by) == ("GitHub", "a0")
    assert "answered by a0, who quotes" in asked.results("a1")[0]


def test_what_the_user_said_meanwhile_can_be_quoted(asked: Scenario) -> None:
    asked.when(MessageAgent(AgentId("a0"), "take Google everywhere"))
    asked.says("a0", Use("read"))
    asked.used("a0")
    asked.says("a0", answer("q1", "Google", "take Google everywhere"))
    assert asked.question().answer == "Google"


def test_words_that_stand_in_no_order_are_looked_for_in_the_files(asked: Scenario) -> None:
    asked.says("a0", answer("q1", "Google", "provider = google"))
    assert asked.open("a0", FindCitation).cite == "provider = google"
    assert asked.question().holder == "a0"
    asked.found("a0", "config.toml")
    assert asked.question().cite == "provider = google (config.toml)"
    assert asked.is_thinking("a1")


def test_words_that_stand_nowhere_pass_the_question_up(asked: Scenario) -> None:
    asked.says("a0", answer("q1", "Google", "it is surely Google"))
    asked.found("a0", None)
    assert asked.question().is_with_user
    assert asked.question().passed_by == "a0"
    assert "stand nowhere" in asked.results("a0")[0]


def test_an_answer_without_a_quotation_is_refused(asked: Scenario) -> None:
    asked.says("a0", answer("q1", "Google"))
    assert asked.question().answer is None
    assert "the exact words" in asked.results("a0")[0]


def test_a_search_that_fails_leaves_the_question_where_it_is(asked: Scenario) -> None:
    asked.says("a0", answer("q1", "Google", "provider = google"))
    asked.ends("a0", FindCitation, EffectFailed("no checkout"))
    assert asked.question().holder == "a0"
    assert asked.results("a0") == ["no checkout"]


def test_a_turn_that_ends_without_an_answer_has_passed_the_question_up(asked: Scenario) -> None:
    asked.says("a0", await_agents())
    assert asked.question().is_with_user
    assert asked.status("a1") == "blocked"


def test_a_turn_in_flight_when_it_was_asked_has_not_read_it(run: Scenario) -> None:
    run.given(order("login")).says("a1", ask(QUESTION))
    run.says("a0", Use("bash"))
    assert run.question().holder == "a0"


def test_looking_for_the_answer_keeps_the_question(asked: Scenario) -> None:
    asked.says("a0", Use("grep", "provider"))
    assert asked.question().holder == "a0"
    asked.used("a0")
    asked.says("a0", Use("bash"))
    assert asked.question().is_with_user


def test_a_message_that_was_cut_has_not_ended_the_turn(asked: Scenario) -> None:
    asked.says("a0", stop=StopReason.MAX_TOKENS)
    assert asked.question().holder == "a0"


def test_a_parent_may_pass_a_question_up(asked: Scenario) -> None:
    asked.says("a0", escalate("q1"), await_agents())
    assert asked.question().is_with_user
    assert asked.status("a0") == "waiting"


def test_the_user_may_answer_what_a_parent_holds(asked: Scenario) -> None:
    assert user_answers(asked, "Google") == "answered q1: Google"


def test_the_first_answer_wins(asked: Scenario) -> None:
    asked.says("a0", answer("q1", "GitHub", "with GitHub if in doubt"))
    refusal = asked.when(AnswerQuestion(QuestionId("q1"), "Google"))
    assert refusal.refused
    assert refusal.answer == "q1 was already answered by a0: GitHub"


def test_an_answer_that_comes_while_the_words_are_looked_for_wins(asked: Scenario) -> None:
    asked.says("a0", answer("q1", "GitHub", "provider = github"))
    user_answers(asked, "Google")
    asked.found("a0", "config.toml")
    assert asked.question().answer == "Google"
    assert asked.results("a0") == ["q1 is already answered: Google"]


@pytest.mark.parametrize(("typed", "meant"), [("2", "Google"), ("google", "Google"), ("neither", "neither")])
def test_the_user_names_an_option_by_number_or_word_or_says_something_else(
    asked: Scenario, typed: str, meant: str
) -> None:
    user_answers(asked, typed)
    assert asked.question().answer == meant


def test_an_empty_answer_is_refused(asked: Scenario) -> None:
    assert asked.when(AnswerQuestion(QuestionId("q1"), "  ")).refused


def test_equal_questions_are_one(asked: Scenario) -> None:
    asked.says("a2", ask("which  PROVIDER?", "github", "google"))
    assert len(asked.events(QuestionJoined)) == 1
    assert len(asked.state.questions) == 1
    user_answers(asked, "Google")
    assert asked.is_thinking("a1")
    assert asked.is_thinking("a2")


def test_other_options_make_another_question(asked: Scenario) -> None:
    asked.says("a2", ask(QUESTION, "GitHub", "GitLab"))
    assert len(asked.state.questions) == 2


def test_a_question_joined_from_outside_its_holders_team_goes_to_the_user(run: Scenario) -> None:
    run.given(order("one"), order("two")).says("a1", spawn(order("helper")), await_agents())
    run.ready("a3")
    run.says("a3", ask(QUESTION))
    assert run.question().holder == "a1"
    run.says("a2", ask(QUESTION))
    assert run.question().is_with_user


def test_a_holder_that_asks_the_same_does_not_wait_for_itself(run: Scenario) -> None:
    run.given(order("one")).says("a1", spawn(order("helper")), await_agents())
    run.ready("a2")
    run.says("a2", ask(QUESTION))
    run.says("a1", ask(QUESTION))
    assert run.question().is_with_user


def test_a_parent_that_cannot_answer_is_left_out(run: Scenario) -> None:
    run.given(order("one")).says("a1", spawn(order("helper")), await_agents())
    run.ready("a2")
    run.when(PauseAgent(AgentId("a1")))
    run.when(ResumeAgent(AgentId("a2")))
    run.says("a2", ask(QUESTION))
    assert run.question().holder == "a0"


def test_a_question_whose_asker_is_killed_is_dropped(asked: Scenario) -> None:
    asked.when(KillAgent(AgentId("a1")))
    assert len(asked.events(QuestionDropped)) == 1
    assert asked.when(AnswerQuestion(QuestionId("q1"), "Google")).answer == "q1 is no longer asked"


def test_a_question_that_somebody_else_asks_too_is_kept(asked: Scenario) -> None:
    asked.says("a2", ask(QUESTION, "GitHub", "Google"))
    asked.when(KillAgent(AgentId("a1")))
    assert asked.question().is_open


def test_a_holder_that_ends_passes_its_questions_up(run: Scenario) -> None:
    run.given(order("one")).says("a1", spawn(order("helper")), await_agents())
    run.ready("a2")
    run.says("a2", ask(QUESTION))
    run.when(StopAgent(AgentId("a1")))
    run.says("a1")
    assert not run.question().is_open, "the asker was stopped with its parent"


def test_a_holder_out_of_time_passes_its_questions_up_before_it_ends(run: Scenario) -> None:
    run.given(order("one")).says("a1", spawn(order("helper")), await_agents())
    run.ready("a2")
    run.says("a2", ask(QUESTION))
    run.later(15 * 60_000)
    assert len(run.events(QuestionPassedUp)) == 1


def test_one_that_asks_itself_keeps_nobody_elses_question(run: Scenario) -> None:
    run.given(order("one")).says("a1", spawn(order("helper")))
    run.ready("a2")
    run.says("a2", ask(QUESTION))
    assert run.question("q1").holder == "a1"
    run.says("a1", ask("Something else?"))
    assert run.question("q1").is_with_user


def test_a_default_is_never_taken(asked: Scenario) -> None:
    asked.says("a0", escalate("q1"), await_agents())
    asked.says("a2", finish())
    asked.merged("a2")
    asked.later(100 * 3_600_000)
    assert asked.question().is_open


def test_the_time_in_which_all_wait_for_the_user_does_not_count(asked: Scenario) -> None:
    asked.says("a0", escalate("q1"), await_agents("a1"))
    asked.says("a2", finish())
    asked.merged("a2")
    before = asked.view("a1").seconds
    user_answers_after(asked, 100 * 3_600_000)
    assert not asked.is_over()
    assert asked.view("a1").seconds == before
    assert asked.state.stalled_ms == 100 * 3_600_000


def user_answers_after(run: Scenario, ms: int) -> None:
    """The user comes back late."""
    run.when(AnswerQuestion(QuestionId("q1"), "Google"), after=ms)
