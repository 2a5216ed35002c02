"""Conversations are put together as the API wants them, in whatever order results came in."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from pilothouse.core.adapters.rehearsal.manners import objection
from pilothouse.core.effects.conversation import SILENCE, assemble, note_blocks, said, unique_calls
from pilothouse.core.ids import CallId
from pilothouse.core.state import Note


def call(name: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": name, "name": "read", "input": {}}


def result(name: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": name, "content": name}]}


def words(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


ASKED = {"role": "assistant", "content": [words("three"), call("c1"), call("c2"), call("c3")]}
NEWS = {"role": "user", "content": [words("news")]}


@pytest.mark.parametrize("order", list(permutations(("c1", "c2", "c3"))))
@pytest.mark.parametrize("news", [0, 1, 2, 3])
def test_results_come_in_the_order_of_the_calls_before_any_words(order: tuple[str, ...], news: int) -> None:
    came = [result(name) for name in order]
    came.insert(news, NEWS)
    messages = assemble([{"role": "user", "content": [words("go")]}, ASKED, *came])
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    blocks = messages[-1]["content"]
    assert [block.get("tool_use_id", "words") for block in blocks] == ["c1", "c2", "c3", "words"]
    request = {"model": "m", "max_tokens": 1, "messages": messages, "tools": [{"name": "read", "input_schema": {}}]}
    assert objection(request) is None


def test_what_was_given_is_not_changed() -> None:
    given = [{"role": "user", "content": [words("go")]}, ASKED, result("c2"), result("c1"), result("c3")]
    before = repr(given)
    assemble(given)
    assert repr(given) == before


def test_notes_become_results_and_words_and_never_nothing() -> None:
    notes = [Note("fine", CallId("c1")), Note("", CallId("c2"), is_error=True), Note("")]
    assert note_blocks(notes) == [
        {"type": "tool_result", "tool_use_id": "c1", "content": "fine"},
        {"type": "tool_result", "tool_use_id": "c2", "content": SILENCE, "is_error": True},
        {"type": "text", "text": SILENCE},
    ]


def test_calls_of_one_name_or_none_get_names_of_their_own() -> None:
    calls = [call("x"), call("x"), words("x"), call("x"), call("")]
    assert [block.get("id") for block in unique_calls(calls)] == ["x", "x_", None, "x__", "call"]


def test_what_was_said_is_the_text_alone() -> None:
    assert said([words("one"), call("c"), words("  "), words("two")]) == "one\n\ntwo"
