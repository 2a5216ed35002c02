"""Scenarios: what a rehearsal's agents say, as data files that are checked when they are read.

A scenario is a TOML file in `scenarios/`:

    summary = "one line for a list"
    goal = "what the run is for"
    validation = ["python3 -m unittest -q"]      # commands of the run, if any

    [[orchestrator]]                             # steps of the agent whose order starts with `# Goal:`
    [[agents."command line"]]                    # steps of the agent whose order is `# Order: command line`

A step is one message of the model. All fields may be left out:

    think = "..."          thinking, with a signature
    say = "..."            text
    pace = 4               how many times faster than usual it streams
    until = "REGEX"        the step repeats until what the agent was told last matches; at least once
    faults = ["cut"]       how the first attempts at this message fail, one each (see `FAULTS`)
    [[....calls]]          tool calls: `tool` is the name, `repeat` how often, all else is the input
    [[....when]]           alternatives: `match` is a regex on what the agent was told last (with `ever = true`, at
                           any time); the first that matches takes the place of the step's words and calls

Steps are played one after another, one a turn; after the last one the agent finishes. Texts may hold placeholders:

    {ids.TITLE}            the id of the agent that was spawned as TITLE
    {question}             the question asked last            {answer}, {answer|slug}   what was answered
    {n}                    which repetition this is, from 1   {long:N}                  N characters on one line

A list item that is nothing but a placeholder without a value is left out; any other becomes `?`.
Must not know requests, transports or time.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from ...errors import UsageError

DEFAULT_SCENARIO = "default"

FAULTS = ("rate_limit", "overloaded", "overloaded_in_stream", "server", "cut", "drop", "stall")
"""Statuses 429, 529, 529 inside a stream and 500; a stream that ends early, that breaks, and that only sends pings."""


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the model says in one message."""

    think: str = ""
    say: str = ""
    calls: tuple[dict[str, Any], ...] = ()
    pace: float = 1.0


class Alternative(Words, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words for when what the agent was told last matches `match`."""

    match: str
    ever: bool = False
    """Whether anything it was ever told counts."""


class Step(Words, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message, or with `until` the same one again and again."""

    until: str | None = None
    faults: tuple[str, ...] = ()
    when: tuple[Alternative, ...] = ()


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The words of all agents of a run."""

    name: str = ""
    summary: str
    goal: str
    validation: tuple[str, ...] = ()
    orchestrator: tuple[Step, ...]
    agents: dict[str, tuple[Step, ...]] = {}


def names() -> list[str]:
    """The scenarios there are, the default one first."""
    found = (entry.name.removesuffix(".toml") for entry in _folder().iterdir() if entry.name.endswith(".toml"))
    return sorted(found, key=lambda name: (name != DEFAULT_SCENARIO, name))


@cache
def load(name: str = DEFAULT_SCENARIO) -> Scenario:
    """The scenario `name`. Raises `UsageError` with the known names."""
    if name not in names():
        raise UsageError(f"there is no scenario {name!r}; there are {', '.join(names())}")
    return parse(name, _folder().joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def parse(name: str, text: str) -> Scenario:
    """The scenario in `text`. Raises `UsageError` that says what is wrong with it."""
    try:
        scenario = msgspec.convert({**tomllib.loads(text), "name": name}, Scenario)
        for steps in (scenario.orchestrator, *scenario.agents.values()):
            for step in steps:
                _check(step)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, re.error, ValueError) as error:
        raise UsageError(f"the scenario {name!r} cannot be used: {error}") from error
    return scenario


def _check(step: Step) -> None:
    for pattern in (step.until, *(other.match for other in step.when)):
        re.compile(pattern or "")
    if unknown := set(step.faults) - set(FAULTS):
        raise ValueError(f"unknown fault {sorted(unknown)}")
    for call in (call for words in (step, *step.when) for call in words.calls):
        if not isinstance(call.get("tool"), str):
            raise ValueError(f"a call without a tool: {call}")


def _folder() -> Any:
    return files("pilothouse.core.adapters.rehearsal").joinpath("scenarios")
