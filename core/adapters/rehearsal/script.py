"""Which words come next: a pure function of a scenario and a request.

The place in a script is found by playing the whole conversation again, so that a restarted engine, another process or
another server gets the same reply. Must not know transports, time or attempts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .conversation import Conversation
from .scenario import Alternative, Scenario, Step, Words

_PLACEHOLDER = re.compile(r"\{(?:ids\.([^{}]+)|(question|answer|answer\|slug|n)|long:(\d+))\}")

_INTERRUPTED = "outcome unknown: the engine was interrupted"
"""A result that says so: the message is said again, calls and all, as nothing in a script does harm twice."""


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call of a scripted message."""

    tool: str
    input: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scripted:
    """A scripted message, its placeholders filled in."""

    think: str = ""
    say: str = ""
    calls: tuple[Call, ...] = ()
    pace: float = 1.0
    faults: tuple[str, ...] = field(default=())
    """How the first attempts at it fail."""


def next_message(scenario: Scenario, conversation: Conversation) -> Scripted:
    """What the agent of `conversation` says now."""
    steps = _steps(scenario, conversation)
    if steps is None:
        return _unscripted(conversation)
    place, was_played = 0, False
    for told in conversation.told:
        until = steps[place].until if place < len(steps) else None
        if was_played and _INTERRUPTED not in told and (until is None or re.search(until, told)):
            place += 1
        if place >= len(steps):
            return _unscripted(conversation)
        was_played = True
    step = steps[place]
    words: Words = next((other for other in step.when if _is_for(other, conversation)), step)
    return Scripted(
        think=_filled(words.think, conversation),
        say=_filled(words.say, conversation),
        calls=tuple(_calls(words, conversation)),
        pace=words.pace,
        faults=step.faults,
    )


def _is_for(other: Alternative, conversation: Conversation) -> bool:
    told = conversation.told if other.ever else conversation.told[-1:]
    return any(re.search(other.match, text) for text in told)


def _steps(scenario: Scenario, conversation: Conversation) -> Sequence[Step] | None:
    if conversation.is_orchestrator:
        return scenario.orchestrator
    return scenario.agents.get(conversation.title or "")


def _calls(words: Words, conversation: Conversation) -> list[Call]:
    calls = []
    for call in words.calls:
        fields = {name: value for name, value in call.items() if name not in ("tool", "repeat")}
        for number in range(1, call.get("repeat", 1) + 1):
            calls.append(Call(call["tool"], _fill(fields, conversation, number)))
    return calls


def _fill(value: Any, conversation: Conversation, number: int) -> Any:
    """`value` with all placeholders in its texts filled in, however deep they are."""
    if isinstance(value, str):
        return _filled(value, conversation, number)
    if isinstance(value, dict):
        return {name: _fill(inner, conversation, number) for name, inner in value.items()}
    if isinstance(value, list):
        return [_fill(item, conversation, number) for item in value if not _is_void(item, conversation)]
    return value


def _filled(text: str, conversation: Conversation, number: int = 1) -> str:
    def value(match: re.Match[str]) -> str:
        found = _value(match, conversation, number)
        return "?" if found is None else found

    return _PLACEHOLDER.sub(value, text)


def _is_void(item: object, conversation: Conversation) -> bool:
    match = _PLACEHOLDER.fullmatch(item) if isinstance(item, str) else None
    return match is not None and _value(match, conversation, 1) is None


def _value(match: re.Match[str], conversation: Conversation, number: int) -> str | None:
    title, name, length = match.groups()
    if title is not None:
        return conversation.ids.get(title)
    if length is not None:
        return "x" * int(length)
    answer = conversation.answer
    slug = re.sub(r"[^a-z0-9]+", "_", (answer or "").lower()).strip("_")
    return {"question": conversation.question, "answer": answer, "answer|slug": slug or None, "n": str(number)}[name]


def _unscripted(conversation: Conversation) -> Scripted:
    """For those the scenario does not know, and for the end of a script: finish, or wait first if that was refused."""
    if conversation.finished_before and "await_agents" in conversation.tools:
        return Scripted(say="Waiting for the others first.", calls=(Call("await_agents", {"ids": []}),))
    text = "This is a rehearsal: nothing is scripted for this, so there is nothing more to do."
    if "finish" not in conversation.tools:
        return Scripted(say=text)
    return Scripted(say=text, calls=(Call("finish", {"outcome": "Nothing more to do.", "evidence": text}),))
