"""What a rehearsal says: a pure function of the request, in the form of the Messages API."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from pilothouse.core.adapters.rehearsal import manners, wire
from pilothouse.core.adapters.rehearsal.conversation import count, read, usage
from pilothouse.core.adapters.rehearsal.scenario import DEFAULT_SCENARIO, load, names, parse
from pilothouse.core.adapters.rehearsal.script import Scripted, next_message
from pilothouse.core.errors import UsageError

SCENARIO = parse(
    "test",
    r"""
summary = "for tests"
goal = "a goal"

[[orchestrator]]
say = "one"
[[orchestrator.calls]]
tool = "spawn_agent"
spec = { title = "x y", needs = ["{ids.x y}", "kept"] }

[[orchestrator]]
until = 'done'
say = "waiting for {ids.x y} and {ids.nobody}"
[[orchestrator.when]]
match = 'asks q\d+'
say = "passing up {question}"
[[orchestrator.when]]
ever = true
match = 'failed'
say = "something failed"

[[orchestrator]]
say = "three"
[[orchestrator.calls]]
tool = "ask"
question = "which?"

[[orchestrator]]
say = "{answer}, or {answer|slug}"
[[orchestrator.calls]]
tool = "bash"
repeat = 3
command = "echo {n} {long:4}"
""",
)


def conversation(*told: str, heading: str = "# Goal: a goal") -> dict[str, Any]:
    """The request after the agent was told `told`, one text a turn, its own messages as the script has them."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": heading}]
    for text in told:
        message = wire.message({"messages": messages}, said(messages))
        calls = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": call, "content": text} for call in calls]
        messages += [
            {"role": "assistant", "content": message["content"]},
            {"role": "user", "content": results or text},
        ]
    return {
        "model": "m",
        "max_tokens": 100,
        "messages": messages,
        "tools": [{"name": "finish"}, {"name": "await_agents"}],
    }


def said(messages: list[dict[str, Any]]) -> Scripted:
    return next_message(SCENARIO, read({"messages": messages}))


def say(*told: str) -> str:
    """What the orchestrator says after it was told `told`."""
    return said(conversation(*told)["messages"]).say


def test_steps_follow_one_another_a_turn_each() -> None:
    assert say() == "one"
    assert say('spawned a4 "x y" (left: 3)') == "waiting for a4 and ?"


def test_a_step_repeats_until_what_was_told_matches() -> None:
    assert say('spawned a4 "x y"', "not yet") == "waiting for a4 and ?"
    assert say('spawned a4 "x y"', "not yet", "still not") == "waiting for a4 and ?"
    assert say('spawned a4 "x y"', "not yet", "done") == "three"


def test_a_step_whose_outcome_is_unknown_is_played_again() -> None:
    unknown = "outcome unknown: the engine was interrupted while this ran. Look before you do it again."
    assert say(unknown) == "one"
    assert say(unknown, "fine") == say("fine")


def test_a_repeating_step_is_played_at_least_once() -> None:
    assert say("done").startswith("waiting")


def test_an_alternative_answers_what_was_told_last() -> None:
    assert say("ok", 'a4 "x y" asks q7: which?') == "passing up q7"
    assert say("ok", 'a4 "x y" asks q7: which?', "news") == "waiting for ? and ?"


def test_an_alternative_may_remember_what_was_told_at_any_time() -> None:
    assert say("ok", "a4 failed", "news") == "something failed"


def test_the_answer_is_the_first_line_of_the_result_of_ask() -> None:
    words = said(conversation("ok", "done", "Git Hub!\n\n(answered by the user)")["messages"])
    assert words.say == "Git Hub!, or git_hub"
    assert [call.input["command"] for call in words.calls] == [f"echo {n} xxxx" for n in (1, 2, 3)]


def test_items_without_a_value_are_left_out_of_lists() -> None:
    (call,) = said(conversation()["messages"]).calls
    assert call.input["spec"]["needs"] == ["kept"]


def test_a_script_that_is_over_finishes_and_waits_if_that_was_refused() -> None:
    told = ("ok", "done", "GitHub", "ran")
    request = conversation(*told)
    assert [call.tool for call in next_message(SCENARIO, read(request)).calls] == ["finish"]
    message = wire.message(request, next_message(SCENARIO, read(request)))
    refused = {"type": "tool_result", "tool_use_id": message["content"][-1]["id"], "content": "a4 has not ended"}
    request["messages"] += [
        {"role": "assistant", "content": message["content"]},
        {"role": "user", "content": [refused]},
    ]
    assert [call.tool for call in next_message(SCENARIO, read(request)).calls] == ["await_agents"]


@pytest.mark.parametrize("order", ["# Order: nobody knows me", "hello, who are you?"])
def test_whoever_is_not_in_the_scenario_gets_a_plain_end(order: str) -> None:
    with_tools = next_message(SCENARIO, read(conversation(heading=order)))
    assert [call.tool for call in with_tools.calls] == ["finish"]
    bare = {"messages": [{"role": "user", "content": order}]}
    assert next_message(SCENARIO, read(bare)).calls == ()


@pytest.mark.parametrize("name", names())
def test_the_same_request_gets_the_same_reply(name: str) -> None:
    scenario = load(name)
    for heading in ("# Goal: x", *(f"# Order: {title}" for title in scenario.agents)):
        request = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": f"{heading}\n\nDo it."}]}
        before = copy.deepcopy(request)
        first = wire.message(request, next_message(scenario, read(request)))
        second = wire.message(request, next_message(scenario, read(request)))
        assert first == second
        assert request == before
        assert first["content"]


def test_ids_differ_between_conversations_that_say_the_same() -> None:
    one, two = conversation(heading="# Goal: x\n\nYou are a0."), conversation(heading="# Goal: x\n\nYou are a1.")
    ids = [wire.message(request, next_message(SCENARIO, read(request)))["content"][-1]["id"] for request in (one, two)]
    assert len(set(ids)) == 2


def test_what_was_sent_before_comes_from_the_cache() -> None:
    first = {**conversation(), "system": "s" * 4_000, "cache_control": {"type": "ephemeral"}}
    second = {**first, "messages": conversation("ok")["messages"]}
    before, after = usage(first), usage(second)
    assert before["cache_read_input_tokens"] == 0
    assert after["cache_read_input_tokens"] == count(first)
    assert sum(after.values()) == count(second)
    del second["cache_control"]
    assert usage(second)["cache_read_input_tokens"] == 0


def test_the_events_of_a_stream_carry_the_whole_message() -> None:
    words = Scripted(think="hm", say="x" * 1_000, calls=tuple(said(conversation()["messages"]).calls))
    whole = wire.message({**conversation(), "max_tokens": 9_999}, words)
    events = [event for event, _ in wire.events(whole)]
    assert events[0]["type"] == "message_start"
    assert events[-1] == {"type": "message_stop"}
    assert {"type": "ping"} in events
    text = "".join(e["delta"].get("text", "") for e in events if e["type"] == "content_block_delta")
    assert text == "x" * 1_000
    assert events[-2]["usage"]["output_tokens"] == whole["usage"]["output_tokens"] > 250


def test_a_message_never_counts_more_tokens_than_were_asked_for() -> None:
    whole = wire.message(conversation(), Scripted(say="x" * 100_000))
    assert whole["usage"]["output_tokens"] == 100


def test_an_unknown_scenario_is_answered_with_the_known_ones() -> None:
    assert names()[0] == DEFAULT_SCENARIO
    with pytest.raises(UsageError, match=r"default, conflict, faults, hello, hostile, sixty"):
        load("nonsense")
    with pytest.raises(UsageError):
        load("../scenarios/default")


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        'summary = "s"',
        'summary = "s"\ngoal = "g"\nsurprise = 1\n[[orchestrator]]\nsay = "x"',
        'summary = "s"\ngoal = "g"\n[[orchestrator]]\nsays = "x"',
        'summary = "s"\ngoal = "g"\n[[orchestrator]]\nfaults = ["fire"]',
        'summary = "s"\ngoal = "g"\n[[orchestrator]]\nuntil = "("',
        'summary = "s"\ngoal = "g"\n[[orchestrator]]\n[[orchestrator.calls]]\ncommand = "ls"',
    ],
)
def test_a_broken_scenario_is_explained(text: str) -> None:
    with pytest.raises(UsageError, match="'mine' cannot be used"):
        parse("mine", text)


def rules(*messages: dict[str, Any]) -> str | None:
    return manners.objection({"model": "m", "max_tokens": 1, "messages": list(messages)})


def test_a_rehearsal_is_as_strict_about_conversations_as_the_api() -> None:
    user = {"role": "user", "content": "hi"}
    call = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "bash", "input": {}}]}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "ok"}
    text = {"type": "text", "text": "and"}
    assert rules(user, call, {"role": "user", "content": [result, text]}) is None
    assert "without `tool_result`" in (rules(user, call, user) or "")
    assert "without `tool_result`" in (rules(user, call) or "")
    assert "must come first" in (rules(user, call, {"role": "user", "content": [text, result]}) or "")
    assert "unexpected `tool_use_id`" in (rules({"role": "user", "content": [result]}) or "")
    assert "unique" in (rules(user, call, {"role": "user", "content": [result]}, call) or "")
    assert "non-empty" in (rules({"role": "user", "content": ""}) or "")
    assert "not be empty" in (rules(user, {"role": "assistant", "content": []}, user) or "")
    assert "unexpected role" in (rules(call) or "")
    assert "at least one" in (rules() or "")
