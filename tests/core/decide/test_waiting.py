"""Waiting for other agents: all, some, for a time; and everything that ends a wait early."""

from __future__ import annotations

import pytest

from fakes.scenario import Scenario
from fakes.world import Use, ask, await_agents, fail, finish, message, order, spawn
from pilothouse.core.commands import CheckAgents, MessageAgent, PauseAgent, ResumeAgent
from pilothouse.core.events import AwaitStarted, CallAnswered
from pilothouse.core.ids import AgentId

A0 = AgentId("a0")


def finished(run: Scenario, *names: str) -> None:
    """Let those agents end well."""
    for name in names:
        run.says(name, finish(f"{name} is done"))
        run.merged(name)


def test_a_wait_holds_no_slot_and_costs_nothing(run: Scenario) -> None:
    run.given_agents(2).says("a0", await_agents())
    assert (run.status("a0"), run.why("a0")) == ("waiting", "waits for a1, a2")
    assert not run.agent("a0").holds_slot


def test_all_are_waited_for(run: Scenario) -> None:
    run.given_agents(2).says("a0", await_agents())
    finished(run, "a1")
    assert not run.is_thinking("a0")
    assert run.why("a0") == "waits for a2 (1 of 2 done)"
    finished(run, "a2")
    assert run.is_thinking("a0")
    assert "2 of 2 have ended" in run.results("a0")[0]
    assert "a1 is done" in run.results("a0")[0]


@pytest.mark.parametrize(("count", "enough"), [(1, 1), (2, 2), (0, 1), (9, 3)])
def test_some_of_them_are_enough(run: Scenario, count: int, enough: int) -> None:
    run.given_agents(3).says("a0", await_agents("a1", "a2", "a3", count=count))
    for number, name in enumerate(("a1", "a2", "a3"), 1):
        assert run.is_thinking("a0") is (number > enough)
        finished(run, name)
    assert run.is_thinking("a0")


def test_a_wait_that_is_over_does_not_say_that_the_rest_has_ended(run: Scenario) -> None:
    run.given_agents(2).says("a0", await_agents("a1", "a2", count=1))
    finished(run, "a2")
    assert "Not ended yet:\na1" in run.results("a0")[0]


def test_a_wait_times_out(run: Scenario) -> None:
    run.given_agents(2).says("a0", await_agents(timeout_ms=60_000))
    assert run.last is not None
    assert run.last.wake_at == run.now + 60_000
    run.later(59_999)
    assert not run.is_thinking("a0")
    run.later(1)
    assert run.results("a0")[0].startswith("The wait timed out.")


def test_the_user_ends_a_wait(run: Scenario) -> None:
    run.given_agents(1).says("a0", await_agents())
    run.when(MessageAgent(A0, "and the billing page?"))
    assert run.is_thinking("a0")
    assert run.results("a0")[0].startswith("The wait ended early")
    assert run.words("a0") == ["The user says: and the billing page?"]


def test_a_childs_question_ends_a_wait(run: Scenario) -> None:
    run.given_agents(1).says("a0", await_agents())
    run.says("a1", ask("GitHub or Google?"))
    assert run.is_thinking("a0")


def test_what_was_said_during_the_turn_that_waits_ends_the_wait_at_once(run: Scenario) -> None:
    """Else the parent would wait for a child that waits for the parent, and for ever."""
    run.given_agents(1).says("a1", ask("GitHub or Google?"))
    run.says("a0", await_agents())
    assert run.is_thinking("a0")


def test_a_wait_that_ends_early_hands_over_who_has_ended_meanwhile(run: Scenario) -> None:
    run.given_agents(2).says("a0", await_agents())
    finished(run, "a1")
    run.when(MessageAgent(A0, "hello"))
    assert "a1 is done" in run.results("a0")[0]


def test_an_end_that_nobody_waits_for_is_news_and_wakes_nobody(run: Scenario) -> None:
    run.given_agents(2).says("a0", await_agents("a2"))
    finished(run, "a1")
    assert not run.is_thinking("a0")
    assert run.words("a0")[0].startswith('News: a1 "one", succeeded')


def test_one_that_ends_its_turn_while_children_live_hears_of_each(run: Scenario) -> None:
    run.given_agents(2).says("a0", text="I listen.")
    assert (run.status("a0"), run.why("a0")) == ("waiting", "hears from a1, a2")
    finished(run, "a1")
    assert run.is_thinking("a0")


def test_waiting_for_nobody_is_an_error(run: Scenario) -> None:
    run.given().says("a0", await_agents())
    assert run.results("a0") == ["there is nobody to wait for"]


def test_two_that_would_wait_for_each_other_do_not(run: Scenario) -> None:
    run.given_agents(2).says("a1", await_agents("a2"))
    run.says("a2", await_agents("a1"))
    assert run.results("a2") == ["a1 itself waits for a2: neither would ever end"]


def test_a_child_cannot_wait_for_its_parent(run: Scenario) -> None:
    run.given_agents(1).says("a1", await_agents("a0"))
    assert "neither would ever end" in run.results("a1")[0]


def test_two_waits_in_one_message_are_one_too_many(run: Scenario) -> None:
    run.given_agents(2).says("a0", await_agents("a1"), await_agents("a2"))
    assert len(run.events(AwaitStarted)) == 1
    assert run.events(CallAnswered)[0].is_error


def test_a_wait_beside_a_tool_counts_once_the_tool_is_done(run: Scenario) -> None:
    run.given_agents(1).says("a0", await_agents(timeout_ms=10), Use("bash"))
    run.later(50)
    assert not run.results("a0")
    run.used("a0")
    assert run.results("a0")[0].startswith("The wait timed out.")


def test_what_a_paused_waiter_is_told_is_kept(run: Scenario) -> None:
    run.given_agents(1).says("a0", await_agents())
    run.when(PauseAgent(A0))
    run.when(MessageAgent(A0, "hello"))
    assert not run.is_thinking("a0")
    run.when(ResumeAgent())
    assert run.is_thinking("a0")


def test_checking_does_not_wait(run: Scenario) -> None:
    run.given_agents(2).says("a0", CheckAgents())
    assert run.is_thinking("a0")
    assert run.results("a0")[0].splitlines()[0].startswith('a1 "one", running')


def test_finish_is_refused_while_children_live(run: Scenario) -> None:
    run.given_agents(1).says("a0", finish())
    assert run.results("a0") == ["a1 have not ended: await them or stop them first"]
    assert run.is_thinking("a0")


def test_finish_is_refused_while_something_is_unread(run: Scenario) -> None:
    run.given()
    run.when(MessageAgent(A0, "one more thing"))
    run.says("a0", finish())
    assert "have not read" in run.results("a0")[0]
    run.says("a0", finish())
    assert run.is_over()


def test_finish_stands_alone_in_its_message(run: Scenario) -> None:
    run.given().says("a0", finish(), Use("bash"))
    assert run.agent("a0").claim is None


def test_who_ends_without_finishing_is_told_once_how_to(run: Scenario) -> None:
    run.given().says("a0", text="That was it.")
    assert run.is_thinking("a0")
    assert "without calling finish" in run.words("a0")[0]


def test_and_the_second_time_its_last_words_are_its_result(run: Scenario) -> None:
    run.given().says("a0", text="That was it.")
    run.says("a0", text="Really.")
    assert run.is_over()
    assert (run.view("a0").verdict, run.view("a0").summary) == ("unverified", "Really.")


def test_a_result_of_nothing_is_empty(run: Scenario) -> None:
    run.given(order("one", reads=True)).says("a1", finish("  "))
    assert (run.view("a1").status, run.view("a1").verdict, run.why("a1")) == (
        "succeeded",
        "empty",
        "ended without a result",
    )


def test_a_parent_is_handed_the_beginning_of_a_long_result(run: Scenario) -> None:
    run.given(order("one", reads=True)).says("a0", await_agents())
    run.says("a1", finish("x" * 10_000))
    (result,) = run.results("a0")
    assert len(result) < 4_500
    assert "[5904 more bytes: read_response('a1')]" in result


def test_agents_write_to_each_other(run: Scenario) -> None:
    run.given_agents(2).says("a1", message("a2", "I take the models"))
    assert run.words("a2") == ['a1 "one" says: I take the models']


def test_nobody_writes_to_one_that_reads_no_more(run: Scenario) -> None:
    run.given_agents(2).says("a2", finish())
    run.says("a1", message("a2", "wait"))
    assert run.results("a1") == ["a2 has finished and reads no more"]


def test_a_parent_hears_of_a_failed_child_only_when_nobody_helped(run: Scenario) -> None:
    run.given_agents(1).says("a0", await_agents())
    run.says("a1", fail("no way"))
    assert not run.is_thinking("a0")
    assert run.agent("a2").fixes == "a1"


def test_agents_of_agents_are_spawned_and_waited_for(run: Scenario) -> None:
    run.given_agents(1).says("a1", spawn(order("helper")), await_agents())
    assert run.agent("a2").depth == 2
    assert run.why("a1") == "waits for a2"
