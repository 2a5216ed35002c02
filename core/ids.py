"""Names of things. All are strings; the types keep them apart."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NewType

RunId = NewType("RunId", str)
AgentId = NewType("AgentId", str)
QuestionId = NewType("QuestionId", str)
EffectId = NewType("EffectId", str)
CallId = NewType("CallId", str)
"""The id the model gave to one of its tool calls."""

ORCHESTRATOR = AgentId("a0")

RUN_ID = re.compile(r"\d{6}-\d{6}-[a-z0-9]{2}")
_SUFFIX = "0123456789abcdefghijklmnopqrstuvwxyz"


def agent_id(number: int) -> AgentId:
    """The id of the run's agent number `number`; 0 is the orchestrator."""
    return AgentId(f"a{number}")


def question_id(number: int) -> QuestionId:
    """The id of the run's question number `number`, counted from 1."""
    return QuestionId(f"q{number}")


def effect_id(number: int) -> EffectId:
    """The id of the run's effect number `number`, counted from 1."""
    return EffectId(f"e{number}")


def run_id(at: int, entropy: int) -> RunId:
    """The id of a run started at `at` (Unix milliseconds): UTC to the second, then two characters of `entropy`."""
    moment = datetime.fromtimestamp(at / 1000, UTC).strftime("%y%m%d-%H%M%S")
    low, high = entropy % 36, entropy // 36 % 36
    return RunId(f"{moment}-{_SUFFIX[high]}{_SUFFIX[low]}")
