"""Pause, stop, kill, messages, time limits and landing."""

from __future__ import annotations

import pytest

from fakes.scenario import Scenario
from fakes.world import START_AT, Use, answer, ask, await_agents, fail, finish, order, spawn
from pilothouse.core.commands import (
    AnswerQuestion,
    AnyCommand,
    KillAgent,
    LandRun,
    MessageAgent,
    PauseAgent,
    ResumeAgent,
    RetryAgent,
    SpawnAgent,
    StopAgent,
)
from pilothouse.core.events import AgentEnded, AgentPaused, BlockerFound
from pilothouse.core.ids import AgentId, QuestionId
from pilothouse.core.inputs import EffectEnded
from pilothouse.core.instructions import FindCitation, LandBranch, MergeWork, PrepareWorkspace, RunChecks, StartTool
from pilothouse.core.limits import Limits
from pilothouse.core.outcomes import Cancelled, EffectFailed, Landed, Merged
from pilothouse.core.selectors import run_view

A0, A1, A2, A3 = (AgentId(f"a{number}") for number in range(4))


def team(run: Scenario) -> Scenario:
    """a0 waits for a1; a1 waits for a2, its child, that works."""
    run.given(order("one")).says("a0", await_agents())
    run.says("a1", spawn(order("two")), await_agents())
    run.ready("a2")
    return run


def ended(run: Scenario) -> list[str]:
    """Who ended in the last decision, in order."""
    return [event.agent_id for event in run.events(AgentEnded)]


# pause


def test_pausing_closes_the_gate_at_once_and_is_over_when_all_has_settled(run: Scenario) -> None:
    run.given(order("one")).when(PauseAgent(A1))
    assert run.view("a1").pause == "pausing"
    run.says("a1", Use("bash"))
    assert run.view("a1").pause == "paused"
    assert run.agent("a1").cost_usd == run.cost, "what was in flight is charged"
    assert not run.started


def test_a_paused_agent_starts_nothing_whatever_happens(run: Scenario) -> None:
    run.given(order("one")).when(PauseAgent(A1))
    run.says("a1", Use("read"), Use("bash"))
    run.when(MessageAgent(A1, "hello"))
    run.later(1_000)
    assert not run.agent("a1").effects


def test_resuming_goes_on_where_it_stood(run: Scenario) -> None:
    run.given(order("one")).when(PauseAgent(A1))
    run.says("a1", Use("bash"))
    run.when(ResumeAgent(A1))
    assert run.has_open("a1", StartTool)


def test_a_pause_takes_the_subtree(run: Scenario) -> None:
    team(run).when(PauseAgent(A1))
    assert [event.agent_id for event in run.events(AgentPaused)] == ["a1", "a2"]
    assert run.view("a0").pause == "none"


def test_an_agent_spawned_below_a_paused_one_is_paused(run: Scenario) -> None:
    run.given(order("one")).when(PauseAgent(A1))
    run.says("a1", spawn(order("two")))
    assert run.view("a2").pause == "paused"
    assert not run.has_open("a2", PrepareWorkspace)


def test_answers_that_arrive_meanwhile_are_kept(run: Scenario) -> None:
    run.given(order("one")).says("a1", ask("Which?"))
    run.when(PauseAgent(A1))
    run.when(AnswerQuestion(QuestionId("q1"), "this"))
    assert not run.is_thinking("a1")
    run.when(ResumeAgent(A1))
    assert run.is_thinking("a1")
    assert run.agent("a1").inbox[0].text.startswith("this")


def test_a_paused_agent_looks_for_no_quotation(run: Scenario) -> None:
    run.given(order("one")).says("a0", await_agents())
    run.says("a1", ask("Which?"))
    run.when(PauseAgent(A0))
    run.when(ResumeAgent(A1))
    run.says("a0", answer("q1", "this", cite="somewhere"))
    assert not run.has_open("a0", FindCitation)
    run.when(ResumeAgent(A0))
    assert run.has_open("a0", FindCitation)


def test_a_claim_of_a_paused_agent_is_checked_after_it_goes_on(run: Scenario) -> None:
    run.given(order("one", "$ make test")).when(PauseAgent(A1))
    run.says("a1", finish())
    assert not run.has_open("a1", RunChecks)
    run.when(ResumeAgent())
    assert run.has_open("a1", RunChecks)


def test_a_paused_agent_does_not_end_however_done_it_is(run: Scenario) -> None:
    run.given(order("one", reads=True)).when(PauseAgent(A1))
    run.says("a1", finish())
    assert run.view("a1").pause == "paused"
    run.when(ResumeAgent())
    assert run.status("a1") == "succeeded"


def test_a_paused_agent_is_not_nudged_and_gets_no_fixer(run: Scenario) -> None:
    run.given(order("one"), order("two")).when(PauseAgent())
    run.says("a1")
    run.says("a2", fail())
    assert not run.words("a1")
    assert list(run.state.agents) == ["a0", "a1", "a2"]
    run.when(ResumeAgent())
    assert run.words("a1")
    assert run.agent("a3").fixes == "a2"


def test_a_run_that_is_paused_says_so_and_its_time_stands_still(run: Scenario) -> None:
    run.given().when(PauseAgent())
    assert run_view(run.state).status == "running"
    run.says("a0")
    assert run_view(run.state).status == "paused"
    run.later(100 * 3_600_000)
    run.when(ResumeAgent())
    assert run_view(run.state).status == "running"
    assert run_view(run.state).wall_seconds == 0


def test_pausing_twice_does_nothing(run: Scenario) -> None:
    run.given().when(PauseAgent())
    decision = run.when(PauseAgent())
    assert (decision.events, decision.answer) == ([], "a0 is already paused")


def test_agents_pause_and_resume_what_is_below_them(run: Scenario) -> None:
    run.given(order("one"), order("two")).says("a0", PauseAgent(A1))
    assert run.view("a1").pause == "pausing"
    run.says("a0", ResumeAgent(A1))
    assert run.view("a1").pause == "none"


@pytest.mark.parametrize("command", [PauseAgent(A2), StopAgent(A0), KillAgent(A2), StopAgent(), RetryAgent(A2)])
def test_agents_have_no_power_over_others(run: Scenario, command: AnyCommand) -> None:
    run.given(order("one"), order("two")).says("a1", command)
    assert run.agent("a1").inbox[0].is_error or run.is_thinking("a1")
    assert run.status("a2") == "running"
    assert run.view("a2").pause == "none"


# stop and kill


def test_a_stop_lets_finish_what_is_in_flight(run: Scenario) -> None:
    run.given(order("one")).when(StopAgent(A1))
    assert (run.status("a1"), run.cancels) == ("stopping", [])
    run.says("a1", Use("bash"))
    assert run.status("a1") == "killed"
    assert run.why("a1") == "stopped by you"
    assert not run.has_open("a1", StartTool)


def test_a_kill_ends_everything_in_flight_now(run: Scenario) -> None:
    run.given(order("one")).when(KillAgent(A1))
    assert len(run.cancels) == 1
    run.cancelled("a1")
    assert (run.status("a1"), run.why("a1")) == ("killed", "killed by you")


def test_a_kill_takes_the_subtree_and_children_end_before_parents(run: Scenario) -> None:
    team(run).when(KillAgent())
    assert not ended(run)
    run.cancelled("a2")
    assert ended(run) == ["a2", "a1", "a0"]
    assert run.end().status == "killed"


def test_what_a_killed_agent_still_says_is_charged_and_not_done(run: Scenario) -> None:
    run.given(order("one")).when(KillAgent(A1))
    run.says("a1", spawn(order("late")), finish())
    assert run.status("a1") == "killed"
    assert len(run.state.agents) == 2
    assert run.agent("a1").cost_usd == run.cost


def test_a_cancelled_call_is_charged_as_far_as_it_is_known(run: Scenario) -> None:
    run.given(order("one")).when(KillAgent(A1))
    (effect,) = run.agent("a1").effects
    run.when(EffectEnded(effect, Cancelled(cost_usd=run.cost, estimated=True)))
    assert run.agent("a1").estimated
    assert run.agent("a0").subtree_usd == run.agent("a0").cost_usd + run.cost


def test_a_merge_is_never_cut_short(run: Scenario) -> None:
    run.given(order("one")).says("a1", finish())
    run.when(KillAgent(A1))
    assert run.cancels == []
    run.ends("a1", MergeWork, Merged("tip2", "commit", 1))
    assert run.status("a1") == "killed"
    assert run.state.tip == "tip2"


def test_a_killed_agent_wakes_the_one_that_waits_for_it(run: Scenario) -> None:
    run.given(order("one")).says("a0", await_agents())
    run.when(KillAgent(A1))
    run.cancelled("a1")
    assert run.is_thinking("a0")
    assert "killed by you" in run.results("a0")[0]


def test_killing_one_that_waits_kills_at_once(run: Scenario) -> None:
    run.given(order("one"), order("two", needs=("one",))).when(KillAgent(A2))
    assert run.status("a2") == "killed"


def test_a_paused_agent_can_be_stopped(run: Scenario) -> None:
    run.given(order("one")).when(PauseAgent(A1))
    run.says("a1")
    run.when(StopAgent(A1))
    assert run.status("a1") == "killed"


@pytest.mark.parametrize(
    "command", [KillAgent(AgentId("a9")), PauseAgent(AgentId("a9")), MessageAgent(AgentId("a9"), "x")]
)
def test_nobody_of_that_name_is_a_refusal(run: Scenario, command: AnyCommand) -> None:
    decision = run.given().when(command)
    assert (decision.refused, decision.events) == (True, [])
    assert "there is no agent a9" in decision.answer


def test_what_has_ended_is_left_alone(run: Scenario) -> None:
    run.given(order("one")).when(KillAgent(A1))
    run.cancelled("a1")
    assert run.when(PauseAgent(A1)).answer == "a1 has already ended"
    assert run.when(MessageAgent(A1, "hello")).refused


def test_the_user_does_not_spawn(run: Scenario) -> None:
    assert run.given().when(SpawnAgent(order("one"))).refused


def test_an_outcome_of_an_effect_that_is_not_open_is_ignored(run: Scenario) -> None:
    run.given()
    first = next(iter(run.agent("a0").effects))
    run.says("a0", Use("bash"))
    assert run.when(EffectEnded(first, Cancelled())).events == []


# time


def test_running_time_is_limited_and_waiting_does_not_count(run: Scenario) -> None:
    run.given(order("one"), limits=Limits(agent_ms=60_000))
    run.says("a1", ask("Which?"), after=50_000)
    run.when(AnswerQuestion(QuestionId("q1"), "this"), after=3_600_000)
    assert run.last is not None
    assert run.last.wake_at == run.now + 10_000
    run.later(9_999)
    assert not run.cancels
    run.later(1)
    assert len(run.cancels) == 1


def test_an_agent_out_of_time_gets_its_one_fixer(run: Scenario) -> None:
    run.given(order("one"), limits=Limits(agent_ms=60_000)).later(60_000)
    run.says("a1", finish("just in time?"), spawn(order("late")))
    assert run.events(BlockerFound)[0].evidence == "it ran out of running time (1 min)"
    assert run.agent("a2").fixes == "a1"
    run.ready("a2")
    run.says("a2", finish("mended"))
    assert run.has_open("a1", MergeWork), "what it said too late is not in the way"


def test_the_orchestrators_time_is_the_runs(run: Scenario) -> None:
    run.given(limits=Limits(agent_ms=60_000)).later(61_000)
    assert not run.cancels


def test_the_run_ends_at_its_limit_and_takes_everybody_along(run: Scenario) -> None:
    team(run).later(START_AT + Limits().run_ms - run.now)
    assert not run.is_over()
    run.cancelled("a2")
    assert (run.end().status, run.end().reason.words) == ("failed", "the run's 120 min are used up")


def test_the_running_time_of_a_run_and_its_agents_is_counted(run: Scenario) -> None:
    run.given(order("one"), order("two")).says("a0", await_agents())
    run.says("a1", finish(), after=10_000)
    run.says("a2", finish(), after=10_000)
    assert (run.view("a1").seconds, run.view("a2").seconds) == (10.0, 20.0)
    view = run_view(run.state)
    assert (view.wall_seconds, view.busy_seconds, view.speedup) == (20.0, 30.0, 1.5)


# landing


def done(run: Scenario, *, land: bool) -> Scenario:
    """A run that ended verified, with something merged."""
    run.given(order("one"), land=land, validation=("make test",)).says("a1", finish())
    run.checked("a1")
    run.merged("a1")
    run.says("a0", Use("bash"))
    run.used("a0")
    run.says("a0", finish())
    run.checked("a0")
    return run


def landed(run: Scenario) -> None:
    """The user's branch has the result."""
    (effect,) = run.state.effects
    run.when(EffectEnded(effect, Landed("main", run.state.tip, "base")))


def test_a_verified_run_lands_where_that_was_asked_for_before_it_ends(run: Scenario) -> None:
    done(run, land=True)
    assert not run.is_over()
    assert isinstance(run.started[0][1], LandBranch)
    landed(run)
    assert run.is_over()
    assert run_view(run.state).landing is not None


def test_a_landing_that_fails_is_told_and_the_run_ends_all_the_same(run: Scenario) -> None:
    done(run, land=True)
    (effect,) = run.state.effects
    run.when(EffectEnded(effect, EffectFailed("main has moved on")))
    assert run.is_over()
    assert run_view(run.state).landing_refused == "main has moved on"


def test_landing_is_the_users_act_unless_asked_for(run: Scenario) -> None:
    done(run, land=False)
    assert run.is_over()
    assert not run.state.effects
    run.when(LandRun())
    landed(run)
    assert run.when(LandRun()).answer == "the result is already in main"


def test_a_run_that_goes_on_or_has_merged_nothing_does_not_land(run: Scenario) -> None:
    run.given(order("one"))
    assert run.when(LandRun()).answer == "nothing was merged in this run, so there is nothing to land"
    run.says("a1", finish())
    run.merged("a1")
    assert "has not ended" in run.when(LandRun()).answer


def test_an_unverified_run_does_not_land_by_itself(run: Scenario) -> None:
    run.given(order("one"), land=True).says("a1", finish())
    run.merged("a1")
    run.says("a0", Use("bash"))
    run.used("a0")
    run.says("a0", finish())
    assert run.is_over()
    assert run.state.landing is None
