"""The blocker protocol: one fixer for each blocker, then a question with what was tried, never a second silent try."""

from __future__ import annotations

import pytest

from fakes.scenario import Scenario
from fakes.world import Use, fail, finish, order, spawn, started
from pilothouse.core.commands import AnswerQuestion, KillAgent
from pilothouse.core.events import AgentSpawned, BlockerCause, BlockerFound
from pilothouse.core.ids import AgentId, QuestionId
from pilothouse.core.inputs import StartRun
from pilothouse.core.instructions import MergeWork, PrepareWorkspace, RunChecks, StartTurn
from pilothouse.core.limits import Limits
from pilothouse.core.outcomes import EffectFailed, StopReason, WorkspaceFailed


def user_says(run: Scenario, text: str, name: str = "q1") -> None:
    """The user answers."""
    run.when(AnswerQuestion(QuestionId(name), text))


def red(run: Scenario) -> Scenario:
    """a1 has finished and its checks fail; a2 is there to fix it."""
    run.given(order("one", "$ make test"))
    run.says("a1", finish("one is done"))
    run.checked("a1", passed=False)
    return run


def fixed(run: Scenario, fixer: str, *, well: bool = True) -> None:
    """The fixer works and its own checks pass, or not."""
    run.ready(fixer)
    run.says(fixer, finish("mended"))
    run.checked(fixer, passed=well)


def test_failed_checks_get_one_fixer_in_the_same_workspace(run: Scenario) -> None:
    red(run)
    (spawned,) = run.events(AgentSpawned)
    assert (spawned.fixes, spawned.parent, spawned.spec.title) == ("a1", "a1", "fix one")
    assert run.open("a2", PrepareWorkspace).of == "a1"
    assert "exit code 1\nboom" in spawned.spec.context
    assert (run.status("a1"), run.why("a1")) == ("waiting", "a2 fixes its validation")


def test_the_original_takes_the_fixers_result_and_is_merged(run: Scenario) -> None:
    fixed(red(run), "a2")
    assert run.status("a2") == "succeeded"
    assert run.has_open("a1", MergeWork)
    run.merged("a1")
    assert (run.view("a1").status, run.view("a1").verdict) == ("succeeded", "verified")


def test_a_fixer_that_fails_is_followed_by_a_question_with_what_was_tried(run: Scenario) -> None:
    fixed(red(run), "a2", well=False)
    assert run.status("a2") == "failed"
    question = run.question()
    assert (question.options, question.is_with_user) == (("retry", "give up"), True)
    assert 'Tried: a2 "fix one": mended' in question.why
    assert "boom" in question.why
    assert run.status("a1") == "blocked"


def test_there_is_never_a_second_silent_try(run: Scenario) -> None:
    fixed(red(run), "a2", well=False)
    run.later(10 * 3_600_000)
    assert list(run.state.agents) == ["a0", "a1", "a2"]


def test_a_fixer_that_was_killed_did_not_help_either(run: Scenario) -> None:
    red(run).when(KillAgent(AgentId("a2")))
    run.cancelled("a2")
    assert run.question().is_with_user


def test_a_retry_is_another_fixer_with_the_users_advice(run: Scenario) -> None:
    fixed(red(run), "a2", well=False)
    user_says(run, "look at the clock")
    assert run.agent("a3").fixes == "a1"
    assert "The user says: look at the clock" in run.agent("a3").spec.context
    fixed(run, "a3")
    assert run.has_open("a1", MergeWork)


def test_a_retry_grants_one_try_and_no_more(run: Scenario) -> None:
    fixed(red(run), "a2", well=False)
    user_says(run, "retry")
    fixed(run, "a3", well=False)
    assert run.question("q2").is_with_user
    assert run.question("q2").why.count("Tried:") == 2


def test_giving_up_fails_the_agent_and_skips_what_needs_it(run: Scenario) -> None:
    run.given(order("one", "$ make test"), order("two", needs=("one",)))
    run.says("a1", finish())
    run.checked("a1", passed=False)
    fixed(run, "a3", well=False)
    user_says(run, "give up")
    assert (run.status("a1"), run.why("a1")) == ("failed", "given up by you")
    assert run.status("a2") == "skipped"


def test_an_agent_that_says_it_failed_gets_a_fixer(run: Scenario) -> None:
    run.given(order("one")).says("a1", fail("the library is missing"))
    assert run.events(BlockerFound)[0].cause is BlockerCause.FAILURE
    assert "the library is missing" in run.agent("a2").spec.context
    run.ready("a2")
    run.says("a2", finish("found another library"))
    run.merged("a1")
    assert run.view("a1").summary == "found another library"


@pytest.mark.parametrize("stop", [StopReason.REFUSAL, StopReason.CONTEXT_FULL])
def test_a_model_that_cannot_go_on_has_failed(run: Scenario, stop: StopReason) -> None:
    run.given(order("one")).says("a1", stop=stop)
    assert run.agent("a2").fixes == "a1"


def test_a_conflict_gets_a_fixer_with_the_other_side_merged_in(run: Scenario) -> None:
    run.given(order("one"), order("two")).says("a1", finish())
    run.merged("a1")
    run.says("a2", finish())
    run.conflicted("a2")
    assert run.open("a3", PrepareWorkspace).merge == run.state.tip
    assert run.open("a3", PrepareWorkspace).of == "a2"
    assert run.why("a2") == "a3 fixes its conflict"


def test_after_a_conflict_the_checks_of_the_fixer_count(run: Scenario) -> None:
    run.given(order("one", "$ make test")).says("a1", finish())
    run.checked("a1")
    run.conflicted("a1")
    fixed(run, "a2")
    assert run.has_open("a1", MergeWork)


def test_a_conflict_with_what_came_later_is_another_blocker(run: Scenario) -> None:
    run.given(order("one"), order("two")).says("a1", finish())
    run.says("a2", finish())
    run.conflicted("a1")
    run.merged("a2")
    fixed_without_checks(run, "a3")
    run.conflicted("a1")
    assert run.agent("a4").fixes == "a1"


def test_a_conflict_with_the_same_is_asked_about(run: Scenario) -> None:
    run.given(order("one")).says("a1", finish())
    run.conflicted("a1")
    fixed_without_checks(run, "a2")
    run.conflicted("a1")
    assert run.question().is_with_user


def fixed_without_checks(run: Scenario, fixer: str) -> None:
    """A fixer ends well that has nothing to run."""
    run.ready(fixer)
    run.says(fixer, finish("mended"))


def test_a_fixers_own_conflict_is_its_failure(run: Scenario) -> None:
    """The orchestrator's fixer has a checkout of its own and merges it itself."""
    run.given(validation=("make test",)).says("a0", finish())
    run.checked("a0", passed=False)
    fixed(run, "a1")
    run.conflicted("a1")
    assert run.status("a1") == "failed"
    assert run.question().askers[0][0] == "a0"


def test_the_runs_validation_is_mended_on_the_runs_branch_and_run_again(run: Scenario) -> None:
    run.given(validation=("make test",)).says("a0", finish())
    run.checked("a0", passed=False)
    assert run.open("a1", PrepareWorkspace).of is None
    fixed(run, "a1")
    run.merged("a1")
    assert run.open("a0", RunChecks).commit == run.state.tip
    run.checked("a0")
    assert run.end().verdict == "verified"


def test_a_checkout_that_cannot_be_made_is_a_failure_that_a_fixer_gets_around(run: Scenario) -> None:
    run.given().says("a0", spawn(order("one", "$ make test")))
    run.ends("a1", PrepareWorkspace, WorkspaceFailed("disk full"))
    assert run.open("a2", PrepareWorkspace).of is None
    fixed(run, "a2")
    run.merged("a2")
    assert (run.view("a1").status, run.view("a1").verdict) == ("succeeded", "verified")


@pytest.mark.parametrize("kind", [RunChecks, MergeWork, StartTurn])
def test_work_that_cannot_be_carried_out_is_a_failure_and_not_tried_for_ever(run: Scenario, kind: type) -> None:
    run.given(order("one", "$ make test"))
    if kind is not StartTurn:
        run.says("a1", finish())
    if kind is MergeWork:
        run.checked("a1")
    run.ends("a1", kind, EffectFailed("git broke"))
    assert run.agent("a2").fixes == "a1"
    assert not run.has_open("a1", kind)


def test_a_turn_whose_outcome_nobody_knows_is_charged_at_what_was_set_aside(run: Scenario) -> None:
    run.given(order("one"))
    reserved = run.open("a1", StartTurn).reserved_usd
    run.ends("a1", StartTurn, EffectFailed("the transcript is damaged"))
    assert run.agent("a1").cost_usd == reserved
    assert run.agent("a1").estimated


def test_the_orchestrator_has_no_fixer_for_its_own_failure(run: Scenario) -> None:
    run.given().says("a0", fail("I give up"))
    assert (run.end().status, run.end().reason.words) == ("failed", "I give up")


def test_without_room_for_a_fixer_the_user_is_asked_at_once(run: Scenario) -> None:
    run.given(order("one"), limits=Limits(max_agents=2)).says("a1", fail())
    assert "No fixer could be started" in run.question().why


def test_a_fixer_may_go_below_the_depth_limit(run: Scenario) -> None:
    run.given(order("one"), limits=Limits(max_depth=1)).says("a1", fail())
    assert run.agent("a2").depth == 2


def test_a_red_base_is_asked_about_before_anything_is_spent(run: Scenario) -> None:
    run.when(StartRun(started(validation=("make test",), base="base")))
    run.checked("a0", passed=False)
    assert run.question().options == ("go on", "stop")
    assert run.question().why == "boom"
    assert run.agent("a0").attempts == 0
    assert not run.agent("a0").effects
    user_says(run, "perhaps")
    assert run.question().is_open
    user_says(run, "go on")
    assert run.has_open("a0", PrepareWorkspace)


def test_a_red_base_may_end_the_run(run: Scenario) -> None:
    run.when(StartRun(started(validation=("make test",), base="base")))
    run.checked("a0", passed=False)
    user_says(run, "stop")
    assert run.end().status == "killed"


def test_after_the_checks_nothing_of_the_agent_runs_any_more(run: Scenario) -> None:
    run.given(order("one", "$ make test")).says("a1", Use("bash"))
    run.used("a1")
    run.says("a1", finish())
    run.checked("a1")
    assert not run.is_thinking("a1")
