"""Spawning: what is refused, in which order and with which numbers left; sixty at once; who starts when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.scenario import Scenario
from fakes.world import ask, await_agents, finish, order, spawn
from pilothouse.core.commands import AnswerQuestion, RetryAgent, StopAgent
from pilothouse.core.events import AgentSpawned, CallAnswered, SpawnRefused
from pilothouse.core.ids import AgentId, QuestionId
from pilothouse.core.inputs import MachineRead
from pilothouse.core.instructions import PrepareWorkspace, RunChecks, StartTurn
from pilothouse.core.limits import Limits

GIB = 1024**3


def test_a_spawn_returns_an_id_at_once_and_tells_what_is_left(run: Scenario) -> None:
    run.given().says("a0", spawn(order("login")))
    assert run.events(AgentSpawned)[0].agent_id == "a1"
    assert run.agent("a0").turns == 1
    assert run.is_thinking("a0")


def test_a_spawn_without_outcome_is_refused_in_words_a_model_can_act_on(run: Scenario) -> None:
    run.given().says("a0", spawn(replace(order("login"), outcome=" ")))
    (refused,) = run.events(SpawnRefused)
    assert refused.code == "spec"
    assert "say in a sentence or two" in refused.words


def test_a_spawn_without_acceptance_is_refused(run: Scenario) -> None:
    run.given().says("a0", spawn(replace(order("login"), acceptance=())))
    assert run.events(SpawnRefused)[0].code == "spec"
    assert not run.events(AgentSpawned)


def test_a_spawn_below_the_depth_limit_is_refused(run: Scenario) -> None:
    run.given(order("one"), limits=Limits(max_depth=1)).says("a1", spawn(order("helper")))
    (refused,) = run.events(SpawnRefused)
    assert refused.code == "depth"
    assert "depth 2 is beyond the limit of 1" in refused.words


def test_the_most_helpful_reason_comes_first(run: Scenario) -> None:
    """Depth can never be cured, too many children only by somebody else, too many agents by nobody below."""
    limits = Limits(max_depth=1, max_children=1, max_agents=2)
    run.given(order("one"), limits=limits).says("a1", spawn(order("helper")))
    assert run.events(SpawnRefused)[0].code == "depth"
    run.says("a0", spawn(order("two")))
    assert run.events(SpawnRefused)[0].code == "children"


@pytest.mark.parametrize(
    ("limits", "spawned", "code"),
    [
        (Limits(), 12, "children"),
        (Limits(max_children=100), 31, "agents"),
        (Limits(max_children=5, max_agents=4), 3, "agents"),
        (Limits(max_depth=0), 0, "depth"),
    ],
)
def test_sixty_spawns_in_one_turn_end_at_the_caps(run: Scenario, limits: Limits, spawned: int, code: str) -> None:
    run.given(limits=limits).says("a0", *(spawn(order(f"helper {n}")) for n in range(60)))
    assert len(run.events(AgentSpawned)) == spawned
    refusals = run.events(SpawnRefused)
    assert len(refusals) == 60 - spawned
    assert {refusal.code for refusal in refusals} == {code}


def test_each_refusal_tells_the_numbers_left(run: Scenario) -> None:
    run.given(limits=Limits(max_children=1)).says("a0", spawn(order("one")), spawn(order("two")))
    *_, last = (event.text for event in run.events(CallAnswered))
    assert last == "refused: a0 has 1 of at most 1 children (0 left) (left: 0 children, 30 agents in the run, 2 levels)"


def test_nobody_spawns_while_it_is_being_stopped(run: Scenario) -> None:
    run.given()
    run.when(StopAgent())
    run.says("a0", spawn(order("late")))
    assert list(run.state.agents) == ["a0"]


def test_needs_are_named_by_title_or_id(run: Scenario) -> None:
    run.given().says("a0", spawn(order("one")), spawn(order("two", needs=("one",))), spawn(order("x", needs=("a1",))))
    assert [run.agent(name).spec.needs for name in ("a2", "a3")] == [("a1",), ("a1",)]


def test_a_need_that_nobody_is_called_is_refused(run: Scenario) -> None:
    run.given().says("a0", spawn(order("two", needs=("nobody",))))
    (refused,) = run.events(SpawnRefused)
    assert (refused.code, refused.words.partition(";")[0]) == ("needs", "nobody is called nobody")


def test_needing_the_one_that_spawns_is_a_cycle(run: Scenario) -> None:
    run.given(order("one")).says("a1", spawn(order("helper", needs=("a1",))))
    assert run.events(SpawnRefused)[0].code == "cycle"


def test_needing_one_that_waits_for_the_spawner_is_a_cycle(run: Scenario) -> None:
    run.given(order("one"), order("two", needs=("one",))).says("a1", spawn(order("helper", needs=("a2",))))
    assert run.events(SpawnRefused)[0].code == "cycle"


def test_an_agent_starts_the_moment_what_it_needs_is_merged(run: Scenario) -> None:
    run.given(order("one"), order("two", needs=("one",)))
    assert (run.status("a2"), run.why("a2")) == ("queued", "needs a1")
    run.says("a1", finish())
    assert not run.has_open("a2", PrepareWorkspace)
    run.merged("a1")
    assert run.open("a2", PrepareWorkspace).base == run.state.tip


def test_what_needs_a_failed_agent_is_skipped_and_what_needs_that_too(run: Scenario) -> None:
    run.given(order("one"), order("two", needs=("one",)), order("three", needs=("two",)))
    run.when(StopAgent(AgentId("a1")))
    run.says("a1")
    assert [run.status(name) for name in ("a1", "a2", "a3")] == ["killed", "skipped", "skipped"]


def test_an_empty_result_meets_no_need(run: Scenario) -> None:
    run.given(order("one", reads=True), order("two", needs=("one",))).says("a1", finish(""))
    assert run.view("a1").verdict == "empty"
    assert run.status("a2") == "skipped"


def test_slots_are_never_exceeded_and_the_rest_is_queued(run: Scenario) -> None:
    run.given_agents(4, limits=Limits(max_running=3))
    assert sum(run.is_thinking(name) for name in ("a0", "a1", "a2")) == 3
    assert (run.status("a3"), run.why("a3")) == ("queued", "slots 3/3")


def test_one_at_work_whose_slot_was_taken_waits_for_the_next(run: Scenario) -> None:
    run.given(order("one"), order("two"), limits=Limits(max_running=2))
    run.says("a1", ask("Which?"))
    run.ready("a2")
    run.when(AnswerQuestion(QuestionId("q1"), "this"))
    assert (run.status("a1"), run.why("a1")) == ("queued", "slots 2/2")
    run.says("a2", finish())
    assert run.is_thinking("a1")


def test_a_finished_wait_goes_before_new_agents(run: Scenario) -> None:
    run.given(order("one", reads=True), order("two"), limits=Limits(max_running=1))
    run.says("a0", await_agents("a1"))
    run.ready("a1")
    run.says("a1", finish())
    assert run.is_thinking("a0")
    assert run.status("a2") == "queued"


def test_the_longest_remaining_path_starts_first(run: Scenario) -> None:
    specs = (order("short"), order("long"), order("after", needs=("long",)), order("later", needs=("after",)))
    run.given(limits=Limits(max_running=2)).says("a0", *(spawn(spec) for spec in specs))
    assert [name for name, do in run.started if isinstance(do, PrepareWorkspace)] == ["a2"]


def test_a_checkout_being_made_counts_as_the_slot_it_will_want(run: Scenario) -> None:
    run.given(limits=Limits(max_running=3)).says("a0", *(spawn(order(name)) for name in "abcd"))
    assert [name for name, do in run.started if isinstance(do, PrepareWorkspace)] == ["a1", "a2"]


def test_merges_and_checkouts_hold_no_slot(run: Scenario) -> None:
    run.given(order("one"), limits=Limits(max_running=1))
    run.says("a0", await_agents())
    run.ready("a1")
    run.says("a1", finish())
    assert run.state.running == 0


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (MachineRead(GIB // 4, 0.1), "0.2 GB free < 0.5 GB"),
        (MachineRead(8 * GIB, 3.5), "load 3.5 per core > 2.0"),
    ],
)
def test_new_agents_wait_while_the_machine_is_short_of_room(run: Scenario, reading: MachineRead, words: str) -> None:
    run.given()
    run.when(reading)
    run.says("a0", spawn(order("one")))
    assert (run.status("a1"), run.why("a1")) == ("queued", words)
    assert run.is_thinking("a0"), "who is at work goes on"
    run.when(MachineRead(8 * GIB, 0.1))
    assert run.has_open("a1", PrepareWorkspace)


def test_a_busy_machine_lets_one_agent_in_at_a_time(run: Scenario) -> None:
    run.given()
    run.when(MachineRead(8 * GIB, 3.5))
    run.says("a0", spawn(order("one")), spawn(order("two")))
    run.says("a0", await_agents())
    assert (run.status("a1"), run.status("a2")) == ("starting", "queued")


def test_a_machine_without_memory_lets_nobody_in(run: Scenario) -> None:
    run.given()
    run.when(MachineRead(8 * GIB, 3.5))
    run.when(MachineRead(GIB // 4, 3.5))
    run.says("a0", spawn(order("one")))
    run.says("a0", await_agents())
    assert run.status("a1") == "queued"


def test_a_retry_is_a_new_agent_with_the_same_order(run: Scenario) -> None:
    run.given(order("one"))
    run.when(StopAgent(AgentId("a1")))
    run.says("a1")
    run.when(RetryAgent(AgentId("a1")))
    assert run.agent("a2").spec == run.agent("a1").spec
    assert any("a1 once more" in word for word in run.words("a0"))


def test_a_living_agent_is_not_retried(run: Scenario) -> None:
    decision = run.given(order("one")).when(RetryAgent(AgentId("a1")))
    assert decision.refused
    assert not decision.events


def test_the_orchestrator_begins_with_the_validation_of_the_base(run: Scenario) -> None:
    run.given(validation=("make test",))
    assert run.state.base_checks is not None
    assert run.has_open("a0", StartTurn)
    assert not run.has_open("a0", RunChecks)
