"""What must hold of every state, whatever happened. Each scenario of the tests ends with this check."""

from __future__ import annotations

from collections.abc import Iterator

from .instructions import MergeWork, StartTurn
from .money import ZERO
from .standing import next_due
from .state import AgentRecord, State
from .status import Status, Verdict


def violations(state: State) -> list[str]:
    """What is wrong with `state`, in words; empty if nothing is."""
    if state.run is None:
        return []
    return [
        *_limits(state),
        *_effects(state),
        *_money(state),
        *_questions(state),
        *_agents(state),
        *_blockers(state),
        *_liveness(state),
    ]


def _limits(state: State) -> Iterator[str]:
    limits = state.started.limits
    if len(state.agents) > limits.max_agents:
        yield f"{len(state.agents)} agents exist, {limits.max_agents} may"
    paused = sum(record.paused for record in state.live.values())
    if paused != state.paused:
        yield f"{paused} live agents are paused, {state.paused} are counted"
    holding = sum(1 for record in state.agents.values() if record.holds_slot)
    if holding != state.running:
        yield f"{holding} agents hold a slot, {state.running} are counted"
    if state.running > limits.max_running:
        yield f"{state.running} agents hold a slot, {limits.max_running} may"
    for record in state.agents.values():
        spawned = [c for c in record.children if state.agents[c].fixes is None]
        if len(spawned) > limits.max_children:
            yield f"{record.id} has {len(spawned)} children"
        if record.fixes is None and record.depth > limits.max_depth:
            yield f"{record.id} is at depth {record.depth}"


def _effects(state: State) -> Iterator[str]:
    owned = [name for record in state.agents.values() for name in record.effects]
    loose = [effect.id for effect in state.effects.values() if effect.agent_id is None]
    if sorted(owned + loose) != sorted(state.effects):
        yield "the effects of the agents are not the effects of the run"
    if sum(isinstance(effect.instruction, MergeWork) for effect in state.effects.values()) > 1:
        yield "two merges are under way"
    for record in state.agents.values():
        if record.end is not None and record.effects:
            yield f"{record.id} has ended with {len(record.effects)} effects open"
        if sum(isinstance(effect.instruction, StartTurn) for effect in record.effects.values()) > 1:
            yield f"{record.id} takes two turns at once"


def _money(state: State) -> Iterator[str]:
    for record in state.agents.values():
        below = [state.agents[child] for child in record.children]
        if record.subtree_usd != record.cost_usd + sum((child.subtree_usd for child in below), ZERO):
            yield f"own and children's cost of {record.id} are not its subtree's"
        open_here = sum(
            (e.instruction.reserved_usd for e in record.effects.values() if isinstance(e.instruction, StartTurn)), ZERO
        )
        if record.reserved_usd != open_here + sum((child.reserved_usd for child in below), ZERO):
            yield f"what is set aside for {record.id} is not what its calls set aside"
        if record.budget_usd is not None and record.subtree_usd + record.reserved_usd > record.budget_usd:
            yield f"{record.id} and those below it cost {record.subtree_usd}, {record.budget_usd} was allowed"
        if record.parent is None and record.subtree_usd + record.reserved_usd > state.max_cost_usd:
            yield f"the run cost {record.subtree_usd}, {state.max_cost_usd} was allowed"


def _questions(state: State) -> Iterator[str]:
    with_user = sum(1 for question in state.questions.values() if question.is_with_user)
    if with_user != state.open_questions:
        yield f"{with_user} questions are with the user, {state.open_questions} are counted"
    for record in state.live.values():
        for name in record.asking.values():
            if not state.questions[name].is_open:
                yield f"{record.id} still waits for {name}, which is settled"
    for question in state.questions.values():
        if question.is_open and not any(state.agents[asker].is_live for asker, _ in question.askers):
            yield f"{question.id} is asked by nobody alive"


def _blockers(state: State) -> Iterator[str]:
    for record in state.live.values():
        if record.claim is not None and (record.calls or record.waiting is not None):
            yield f"{record.id} has claimed to be done and has calls to carry out"
        if record.blocker is None:
            continue
        if record.fixes is not None:
            yield f"{record.id} is a fixer and has a blocker of its own"
        if record.claim is None:
            yield f"{record.id} has a blocker and has claimed nothing"


def _liveness(state: State) -> Iterator[str]:
    """Something is under way or due, or a person, the machine or a price is waited for: else nothing more happens."""
    if state.end is not None or state.effects or state.stalled_since is not None or state.shortage is not None:
        return
    priced = all(record.model in state.prices for record in state.live.values())
    if priced and state.agents and next_due(state, state.at) is None:
        yield "nothing will ever happen again"


def _agents(state: State) -> Iterator[str]:
    for record in state.agents.values():
        if (record.id in state.live) != record.is_live:
            yield f"{record.id} is on the wrong list"
        if record.end is not None:
            yield from _ended(state, record)
        elif state.end is not None:
            yield f"the run has ended and {record.id} has not"
        elif record.parent is not None and not state.agents[record.parent].is_live:
            yield f"{record.id} lives below {record.parent}, which has ended"


def _ended(state: State, record: AgentRecord) -> Iterator[str]:
    end = record.end
    assert end is not None
    if not end.status.is_terminal:
        yield f"{record.id} ended as {end.status}"
    if (end.status is Status.SUCCEEDED) != (end.verdict is not None):
        yield f"{record.id} is {end.status} with the verdict {end.verdict}"
    if end.verdict is Verdict.VERIFIED and not all(result.passed for result in record.checks or ()):
        yield f"{record.id} is verified with a failed check"
