"""A journal as long as one likes: many agents that take turns and use tools, line by line as an engine writes them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import cycle

import msgspec

from pilothouse.core.events import AgentSpawned, AnyEvent, EffectClosed, EffectOpened
from pilothouse.core.ids import ORCHESTRATOR, AgentId, CallId, agent_id, effect_id
from pilothouse.core.instructions import PrepareWorkspace, StartTool, StartTurn
from pilothouse.core.limits import Limits
from pilothouse.core.money import Tokens
from pilothouse.core.outcomes import Span, StopReason, ToolCall, ToolFinished, TurnCompleted, WorkspaceReady
from pilothouse.core.spec import WorkspaceKind

from .world import START_AT, Line, order, started

MANY = 1_000_000
COST = Decimal("0.01234")
RESERVED = Decimal("0.1745")


def long_journal(agents: int, events: int) -> list[bytes]:
    """The lines of a journal with about that many events."""
    lines: list[bytes] = []
    count = 0
    for number, decision in enumerate(_decisions(agents)):
        lines.append(msgspec.json.encode(Line(START_AT + 37 * number, decision)))
        count += len(decision)
        if count >= events:
            break
    return lines


def _decisions(agents: int) -> Iterator[tuple[AnyEvent, ...]]:
    limits = Limits(max_agents=MANY, max_children=MANY, max_running=MANY, max_cost_usd=Decimal(MANY))
    yield (
        started(limits=limits, base="base"),
        AgentSpawned(agent_id=ORCHESTRATOR, parent=None, depth=0, spec=order("orchestrator")),
    )
    names = [agent_id(number) for number in range(agents)]
    effect = 0
    for number, name in enumerate(names):
        if number:
            spec = order(f"agent {number}", context="what it has to know " * 10)
            yield (AgentSpawned(agent_id=name, parent=ORCHESTRATOR, depth=1, spec=spec),)
        effect += 1
        yield (EffectOpened(effect_id(effect), PrepareWorkspace(WorkspaceKind.CLONE, "base"), name),)
        yield (EffectClosed(effect_id(effect), WorkspaceReady(f"/work/{name}", "base", f"pilothouse/run/{name}")),)
    offset = 0
    for name in cycle(names):
        yield from _turn(name, effect, offset)
        effect, offset = effect + 3, offset + 1_900


def _turn(name: AgentId, effect: int, offset: int) -> Iterator[tuple[AnyEvent, ...]]:
    """One turn with two tool calls: seven events in four lines, as they come live."""
    turn, read, test = (effect_id(effect + number) for number in (1, 2, 3))
    calls = (
        ToolCall(CallId(f"toolu_{effect}_0"), "read", "read app/main.py"),
        ToolCall(CallId(f"toolu_{effect}_1"), "bash", "bash make test"),
    )
    yield (EffectOpened(turn, StartTurn("claude-sonnet-5-5", 16_384, 0, RESERVED), name),)
    said = TurnCompleted(
        Span(offset, 900, 123_456_789),
        StopReason.TOOL_USE,
        Tokens(40, 210, 9_000, 300),
        COST,
        calls,
        "Looking at the parser and its tests first, then the change.",
    )
    yield (
        EffectClosed(turn, said),
        EffectOpened(read, StartTool(calls[0].call_id, "read", calls[0].brief), name),
    )
    yield (
        EffectClosed(read, ToolFinished(Span(offset + 900, 500, 987_654_321))),
        EffectOpened(test, StartTool(calls[1].call_id, "bash", calls[1].brief), name),
    )
    yield (EffectClosed(test, ToolFinished(Span(offset + 1_400, 500, 192_837_465))),)
