"""One turn over a fake model: what is sent, what is kept, and what is charged however it ends."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from fakes.ports import FINISH, TOKENS, Stand, reply
from fakes.world import PRICE, started
from pilothouse.core.commands import KillAgent
from pilothouse.core.events import EffectClosed, EffectOpened
from pilothouse.core.inputs import Request
from pilothouse.core.instructions import StartTurn
from pilothouse.core.limits import Limits
from pilothouse.core.money import ZERO, Tokens
from pilothouse.core.outcomes import Cancelled, ModelErrorKind, StopReason, TurnCompleted, TurnFailed
from pilothouse.core.ports import Live, ModelError, Reply, TurnRequest

ONCE = started(limits=Limits(max_attempts=1))


async def first_outcome(stand: Stand) -> TurnCompleted | TurnFailed | Cancelled:
    """How the first turn ends."""

    def turns() -> list[TurnCompleted | TurnFailed | Cancelled]:
        kinds = (TurnCompleted, TurnFailed, Cancelled)
        return [e.outcome for e in stand.told if isinstance(e, EffectClosed) and isinstance(e.outcome, kinds)]

    stand.begin()
    await stand.until(lambda: bool(turns()))
    await stand.close()
    return turns()[0]


def reserved(stand: Stand) -> Decimal:
    opened = [e.instruction for e in stand.told if isinstance(e, EffectOpened)]
    return next(i.reserved_usd for i in opened if isinstance(i, StartTurn))


async def test_a_whole_message_is_charged_exactly_and_kept() -> None:
    stand = Stand(reply(FINISH))
    outcome = await first_outcome(stand)
    assert isinstance(outcome, TurnCompleted)
    assert (outcome.tokens, outcome.cost_usd) == (TOKENS, PRICE.cost(TOKENS))
    assert [call.name for call in outcome.calls] == ["finish"]
    asked, said = stand.transcripts.messages[outcome.span]
    assert (asked["role"], said["role"]) == ("user", "assistant")
    assert "# Goal: make it so" in asked["content"][0]["text"]


@pytest.mark.parametrize(
    ("error", "cost", "estimated"),
    [
        (ModelError(ModelErrorKind.RATE_LIMIT, "slow down"), ZERO, False),
        (ModelError(ModelErrorKind.OVERLOADED, "later"), ZERO, False),
        (ModelError(ModelErrorKind.AUTHENTICATION, "who?"), ZERO, False),
        (ModelError(ModelErrorKind.INVALID, "what?"), ZERO, False),
        (ModelError(ModelErrorKind.CONNECTION, "no route", reached=False), ZERO, False),
        (ModelError(ModelErrorKind.CONNECTION, "broke off"), None, True),
        (ModelError(ModelErrorKind.STALLED, "silence"), None, True),
        (ModelError(ModelErrorKind.UNKNOWN, "odd"), None, True),
        (ModelError(ModelErrorKind.INCOMPLETE, "cut", tokens=TOKENS), PRICE.cost(TOKENS), True),
        (
            # What came is counted dear where the server has not counted it yet.
            ModelError(ModelErrorKind.CONNECTION, "cut", tokens=Tokens(input=100), text_bytes=1_000),
            PRICE.cost(Tokens(input=100, output=500)),
            True,
        ),
        (
            # But never beyond what was asked for.
            ModelError(ModelErrorKind.CONNECTION, "cut", tokens=Tokens(input=100), text_bytes=10**9),
            PRICE.cost(Tokens(input=100, output=Limits().max_output_tokens)),
            True,
        ),
    ],
)
async def test_every_failure_is_charged(error: ModelError, cost: Decimal | None, estimated: bool) -> None:
    stand = Stand(error, run=ONCE)
    outcome = await first_outcome(stand)
    assert isinstance(outcome, TurnFailed)
    assert outcome.error is error.kind
    assert outcome.cost_usd == (reserved(stand) if cost is None else cost)
    assert outcome.estimated is estimated
    assert outcome.cost_usd <= reserved(stand)


async def test_a_message_that_cannot_be_kept_is_charged_exactly_and_does_not_count() -> None:
    stand = Stand(reply(FINISH), run=ONCE)
    stand.transcripts.failure = OSError(28, "No space left on device")
    outcome = await first_outcome(stand)
    assert isinstance(outcome, TurnFailed)
    assert (outcome.cost_usd, outcome.estimated) == (PRICE.cost(TOKENS), False)
    assert "No space left" in outcome.message


async def test_a_model_without_a_price_in_the_list_costs_what_was_agreed() -> None:
    stand = Stand(reply(FINISH))
    stand.prices.unknown.add(stand.run.model)
    outcome = await first_outcome(stand)
    assert isinstance(outcome, TurnCompleted)
    assert outcome.cost_usd == PRICE.cost(TOKENS)


@pytest.mark.parametrize(
    ("when", "cost"),
    [
        ("before anything is known", None),
        ("after the start", PRICE.cost(Tokens(input=100, output=5))),
        ("in the middle", PRICE.cost(Tokens(input=100, output=150))),
    ],
)
async def test_a_call_that_is_ended_from_here_is_charged(when: str, cost: Decimal | None) -> None:
    begun = asyncio.Event()

    async def never(request: TurnRequest, live: Live) -> Reply:
        if when != "before anything is known":
            live.used(Tokens(input=100, output=5))
        if when == "in the middle":
            live.text("say", "x" * 300)
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    stand = Stand(never)
    stand.begin()
    async with asyncio.timeout(20):
        await begun.wait()
    stand.engine.submit(Request(KillAgent()))
    await stand.until(lambda: stand.state.end is not None)
    await stand.close()
    record = stand.state.agents[next(iter(stand.state.agents))]
    assert record.cost_usd == (reserved(stand) if cost is None else cost)
    assert record.estimated
    assert record.reserved_usd == 0


@pytest.mark.parametrize("stop", [StopReason.MAX_TOKENS, StopReason.END_TURN, StopReason.REFUSAL])
async def test_calls_of_a_message_that_was_not_for_tools_are_not_run(stop: StopReason) -> None:
    whole = reply(("bash", {"command": "rm -rf /"}))
    stand = Stand(Reply(content=whole.content, stop_reason=stop, tokens=TOKENS))
    outcome = await first_outcome(stand)
    assert isinstance(outcome, TurnCompleted)
    assert [call.error for call in outcome.calls] == [f"not run: the message ended with {stop.value}"]


async def test_an_empty_message_is_kept_as_something_the_api_takes_back() -> None:
    stand = Stand(Reply(content=[], stop_reason=StopReason.END_TURN, tokens=TOKENS))
    outcome = await first_outcome(stand)
    assert isinstance(outcome, TurnCompleted)
    assert stand.transcripts.messages[outcome.span][-1]["content"] == [{"type": "text", "text": "(nothing)"}]


async def test_the_next_turn_sends_the_whole_conversation_with_results_in_order() -> None:
    calls = reply(("glob", {"pattern": "*"}), ("check_agents", {}), ("bash", {"command": "true"}))
    stand = Stand(calls, reply(FINISH))
    await stand.to_the_end()
    assert not stand.errors
    second = stand.model.requests[1]
    assert [message["role"] for message in second.messages] == ["user", "assistant", "user"]
    assert [block["tool_use_id"] for block in second.messages[-1]["content"]] == ["c0", "c1", "c2"]
    assert second.system == "be brief"
