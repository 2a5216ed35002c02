"""Turns: what a message sets going, what a failed call leads to, and the money set aside for each."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fakes.scenario import Scenario
from fakes.world import PRICE, Use, await_agents, finish, order, spawn, started
from pilothouse.core.commands import AnswerQuestion
from pilothouse.core.escrow import input_bound
from pilothouse.core.events import BudgetRaised, PriceLearned, QuestionAsked, QuestionJoined, RetryScheduled
from pilothouse.core.ids import CallId, QuestionId
from pilothouse.core.inputs import EffectEnded, PriceRead, StartRun
from pilothouse.core.instructions import StartTool, StartTurn
from pilothouse.core.limits import Limits
from pilothouse.core.money import Price, Tokens
from pilothouse.core.outcomes import EffectFailed, ModelErrorKind, Span, StopReason, ToolCall, TurnCompleted

TRANSIENT = [kind for kind in ModelErrorKind if kind.is_transient]
HOPELESS = [kind for kind in ModelErrorKind if not kind.is_transient and kind is not ModelErrorKind.TOO_LONG]
MODEL = "claude-sonnet-5-5"


def user_says(run: Scenario, text: str, name: str = "q1") -> None:
    """The user answers."""
    run.when(AnswerQuestion(QuestionId(name), text))


def tools(run: Scenario, agent: str) -> list[str]:
    """The tools in flight of an agent."""
    effects = run.agent(agent).effects.values()
    return [e.instruction.name for e in effects if isinstance(e.instruction, StartTool)]


# tools


def test_harmless_calls_run_side_by_side_and_the_others_in_order(run: Scenario) -> None:
    run.given().says("a0", Use("read"), Use("grep"), Use("bash"), Use("read"))
    assert tools(run, "a0") == ["read", "grep"]
    run.used("a0")
    assert tools(run, "a0") == ["grep"]
    run.used("a0")
    assert tools(run, "a0") == ["bash"]
    run.used("a0")
    assert tools(run, "a0") == ["read"]
    run.used("a0")
    assert run.is_thinking("a0")


def test_the_next_turn_waits_for_every_call(run: Scenario) -> None:
    run.given(order("one")).says("a0", Use("bash"), await_agents())
    run.used("a0")
    assert not run.is_thinking("a0")


def test_a_tool_that_breaks_is_an_error_that_the_model_reads(run: Scenario) -> None:
    run.given().says("a0", Use("bash"))
    run.ends("a0", StartTool, EffectFailed("the warden is gone"))
    assert run.results("a0") == ["the warden is gone"]
    assert run.is_thinking("a0")


def test_a_call_that_cannot_be_read_is_answered_with_the_reason(run: Scenario) -> None:
    run.given()
    calls = (ToolCall(CallId("c1"), "bash", error="`command` is missing"),)
    (effect,) = run.agent("a0").effects
    run.when(EffectEnded(effect, TurnCompleted(Span(0, 9, 0), StopReason.TOOL_USE, Tokens(1), run.cost, calls)))
    assert run.results("a0") == ["`command` is missing"]
    assert run.is_thinking("a0")


@pytest.mark.parametrize("stop", [StopReason.MAX_TOKENS, StopReason.PAUSE_TURN])
def test_a_message_that_has_more_to_come_is_gone_on_with(run: Scenario, stop: StopReason) -> None:
    run.given().says("a0", stop=stop)
    assert run.is_thinking("a0")
    assert not run.agent("a0").nudged


# failures of the wire


@pytest.mark.parametrize("kind", TRANSIENT)
def test_a_failure_that_passes_is_tried_again_after_a_while(run: Scenario, kind: ModelErrorKind) -> None:
    run.given().fails("a0", kind)
    assert not run.is_thinking("a0")
    assert run.last is not None
    assert run.last.wake_at is not None
    assert 1_000 <= run.last.wake_at - run.now <= 1_250
    run.later(run.last.wake_at - run.now)
    assert run.open("a0", StartTurn).attempt == 2


def test_the_waits_double_up_to_a_minute(run: Scenario) -> None:
    run.given()
    waits = []
    for _ in range(7):
        run.fails("a0", ModelErrorKind.SERVER)
        waits.append(run.events(RetryScheduled)[0].until - run.now)
        run.later(waits[-1])
    bounds = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000]
    assert all(low <= wait <= min(low * 1.25, 60_000) for low, wait in zip(bounds, waits, strict=True))


@pytest.mark.parametrize("kind", TRANSIENT)
def test_after_eight_tries_the_user_is_asked_and_no_agent_fails(run: Scenario, kind: ModelErrorKind) -> None:
    run.given()
    for _ in range(8):
        assert not run.state.questions
        run.fails("a0", kind)
        run.later(61_000)
    assert "cannot be reached" in run.question().text
    assert run.agent("a0").attempts == 8
    user_says(run, "retry")
    assert run.open("a0", StartTurn).attempt == 1


@pytest.mark.parametrize("kind", HOPELESS)
def test_a_failure_that_only_a_person_can_cure_is_asked_about_at_once(run: Scenario, kind: ModelErrorKind) -> None:
    run.given().fails("a0", kind)
    assert run.question().is_with_user
    assert run.status("a0") == "blocked"
    user_says(run, "give up")
    assert run.is_over()


def test_agents_that_fail_alike_ask_one_question(run: Scenario) -> None:
    run.given(order("one"), order("two")).fails("a1", ModelErrorKind.BILLING)
    run.fails("a2", ModelErrorKind.BILLING)
    assert len(run.state.questions) == 1
    assert len(run.events(QuestionJoined)) == 1
    user_says(run, "retry")
    assert run.is_thinking("a1")
    assert run.is_thinking("a2")


def test_a_conversation_that_is_too_long_is_a_failure(run: Scenario) -> None:
    run.given(order("one")).fails("a1", ModelErrorKind.TOO_LONG)
    assert run.agent("a2").fixes == "a1"


@pytest.mark.parametrize("kind", [ModelErrorKind.RATE_LIMIT, ModelErrorKind.OVERLOADED])
def test_one_limit_parks_every_caller_until_it_has_passed(run: Scenario, kind: ModelErrorKind) -> None:
    run.given(order("one"), order("two")).fails("a1", kind, retry_after_ms=20_000)
    run.says("a2", Use("read"))
    run.used("a2")
    assert not run.is_thinking("a2")
    assert (run.status("a2"), run.status("a1")) == ("waiting", "waiting")
    assert run.why("a2") == f"{kind.value.replace('_', ' ')}, tries again"
    assert run.last is not None
    run.later((run.last.wake_at or 0) - run.now)
    assert run.is_thinking("a1")
    assert run.is_thinking("a2")


def test_a_server_that_asks_for_an_hour_gets_a_minute(run: Scenario) -> None:
    run.given().fails("a0", ModelErrorKind.RATE_LIMIT, retry_after_ms=3_600_000)
    assert run.events(RetryScheduled)[0].until == run.now + 60_000


def test_a_second_limit_never_shortens_the_first(run: Scenario) -> None:
    run.given(order("one"), order("two")).fails("a1", ModelErrorKind.RATE_LIMIT, retry_after_ms=50_000)
    until = run.state.gate_until
    run.fails("a2", ModelErrorKind.RATE_LIMIT, retry_after_ms=1_000)
    assert run.state.gate_until == until


def test_a_success_forgets_the_tries_before(run: Scenario) -> None:
    run.given().fails("a0", ModelErrorKind.SERVER)
    run.later(2_000)
    run.says("a0", Use("bash"))
    assert run.agent("a0").tries == 0
    assert run.view("a0").attempts == 2


# money


def test_the_worst_case_is_set_aside_all_the_way_up_and_freed_when_it_settles(run: Scenario) -> None:
    run.given(order("one"))
    turn = run.open("a1", StartTurn)
    both = turn.reserved_usd + run.open("a0", StartTurn).reserved_usd
    assert run.agent("a1").reserved_usd == turn.reserved_usd
    assert run.agent("a0").reserved_usd == both
    run.says("a1", finish())
    assert run.agent("a1").reserved_usd == 0
    assert run.agent("a0").subtree_usd == run.agent("a0").cost_usd + run.cost


def test_the_bound_is_the_dearest_input_and_all_of_the_output(run: Scenario) -> None:
    run.given()
    turn, state = run.open("a0", StartTurn), run.state
    bound = input_bound(state, run.agent("a0"))
    assert turn.reserved_usd == (PRICE.cache_write * bound + PRICE.output * turn.max_tokens) / 1_000_000
    assert bound > state.started.overhead_bytes


def test_a_later_bound_is_what_was_read_and_written_and_the_bytes_since(run: Scenario) -> None:
    run.given().says("a0", Use("bash"))
    run.used("a0")
    assert input_bound(run.state, run.agent("a0")) == 100 + 50 + 100 + 512


def test_what_does_not_fit_is_asked_for_with_less_output(run: Scenario) -> None:
    run.given(limits=Limits(max_cost_usd=Decimal("0.10")))
    turn = run.open("a0", StartTurn)
    assert 4_096 <= turn.max_tokens < 16_384
    assert turn.reserved_usd <= Decimal("0.10")


def test_it_waits_while_others_may_leave_enough(run: Scenario) -> None:
    run.given(order("one"), limits=Limits(max_cost_usd=Decimal("0.22")))
    assert not run.is_thinking("a1")
    assert "set aside for calls in flight" in run.why("a1")
    assert not run.state.questions
    run.says("a0", await_agents())
    assert run.is_thinking("a1")


def test_when_nothing_can_be_left_over_the_user_is_asked(run: Scenario) -> None:
    run.given(limits=Limits(max_cost_usd=Decimal("0.01")))
    question = run.question()
    assert question.options == ("raise to $0.02", "finish with what there is", "stop")
    assert "the run's budget of $0.01" in question.text
    assert run.status("a0") == "blocked"
    assert run.agent("a0").attempts == 0


def test_a_raise_lets_it_go_on(run: Scenario) -> None:
    run.given(limits=Limits(max_cost_usd=Decimal("0.01")))
    user_says(run, "raise to $3")
    assert run.events(BudgetRaised)[0].max_cost_usd == 3
    assert run.is_thinking("a0")


def test_a_raise_that_is_not_enough_is_asked_about_again(run: Scenario) -> None:
    run.given(limits=Limits(max_cost_usd=Decimal("0.01")))
    user_says(run, "raise to $0.02")
    assert run.events(QuestionAsked)


def test_finishing_with_what_there_is_ends_it_with_its_last_words(run: Scenario) -> None:
    run.given(order("one"), limits=Limits(max_cost_usd=Decimal("0.22")))
    run.says("a0", await_agents())
    run.says("a1", Use("bash"), text="half of it", cost="0.17")
    run.used("a1")
    user_says(run, "finish with what there is")
    assert run.agent("a1").claim is not None
    assert run.view("a1").summary == "half of it"


def test_stopping_fails_it(run: Scenario) -> None:
    run.given(limits=Limits(max_cost_usd=Decimal("0.01")))
    user_says(run, "stop")
    assert run.end().reason.code == "budget"


def test_an_answer_that_says_nothing_clear_is_refused(run: Scenario) -> None:
    run.given(limits=Limits(max_cost_usd=Decimal("0.01")))
    refusal = run.when(AnswerQuestion(QuestionId("q1"), "hm, go on I guess"))
    assert refusal.refused
    assert "an amount in dollars" in refusal.answer


def test_an_agents_own_budget_holds_its_children_too(run: Scenario) -> None:
    run.given(order("one", budget="0.25")).says("a1", spawn(order("two")), await_agents(), cost="0.2")
    run.ready("a2")
    assert "a1's budget of $0.25" in run.question().text
    user_says(run, "raise to $1")
    assert run.agent("a1").budget_usd == 1
    assert run.is_thinking("a2")


def test_several_that_run_dry_ask_one_question_and_one_raise_is_enough(run: Scenario) -> None:
    run.given(order("one"), order("two"), limits=Limits(max_cost_usd=Decimal("0.5")))
    run.says("a1", Use("bash"), cost="0.15")
    run.says("a2", Use("bash"), cost="0.15")
    run.says("a0", await_agents(), cost="0.17")
    run.used("a1")
    run.used("a2")
    assert len([q for q in run.state.questions.values() if q.is_open]) == 1
    user_says(run, "raise to $5")
    assert len(run.events(BudgetRaised)) == 1
    assert run.is_thinking("a1")
    assert run.is_thinking("a2")


def test_a_model_without_a_known_price_is_asked_about_and_never_free(run: Scenario) -> None:
    run.given(price=None)
    assert "No price is known" in run.question().text
    assert not run.is_thinking("a0")
    user_says(run, "$30")
    assert run.events(PriceLearned)[0].price == Price(*[Decimal(30)] * 4)
    assert run.is_thinking("a0")


def test_the_dearest_known_price_is_offered_where_there_is_one(run: Scenario) -> None:
    run.when(StartRun(started(base="base")))
    run.when(PriceRead("*", PRICE))
    run.when(PriceRead(MODEL, None))
    run.ready("a0")
    assert run.question().options == ("count it as the dearest known model", "stop")
    user_says(run, "1")
    assert run.state.prices[MODEL] == PRICE


def test_a_price_is_learned_once(run: Scenario) -> None:
    run.given()
    assert run.when(PriceRead(MODEL, None)).events == []
    assert run.state.prices[MODEL] == PRICE


def test_no_turn_starts_before_the_price_is_known(run: Scenario) -> None:
    run.given(order("one", model="other-model"))
    assert run.has_open("a1", StartTurn) is False
    run.when(PriceRead("other-model", PRICE))
    assert run.open("a1", StartTurn).model == "other-model"
