"""Who may come in: whether a spawn is allowed, and whether a new agent may start now.

The order of the checks is the order in which a person would want to hear them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .ids import AgentId
from .instructions import PrepareWorkspace
from .needs import resolve, waits_for
from .spec import Spec
from .state import State


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something may not be, as a code and in words that say what is left to do."""

    code: str
    words: str


def admit(state: State, parent: AgentId, spec: Spec) -> Spec | Refusal:
    """`spec` with its needs as ids, or why it may not be spawned under `parent` now."""
    above = state.agents[parent]
    limits = state.started.limits
    if not spec.outcome.strip():
        return Refusal("spec", "the spec has no outcome; say in a sentence or two what is true when it is done")
    if not any(item.strip() for item in spec.acceptance):
        return Refusal("spec", "the spec has no acceptance; give sentences, or `$ COMMAND` items that the engine runs")
    if above.stop is not None or above.kill is not None or state.end is not None:
        return Refusal("stopping", f"{parent} is being stopped")
    depth, children, total = above.depth + 1, len(above.children), len(state.agents)
    if depth > limits.max_depth:
        return Refusal(
            "depth", f"depth {depth} is beyond the limit of {limits.max_depth}; do the work yourself (0 levels left)"
        )
    if children >= limits.max_children:
        return Refusal("children", f"{parent} has {children} of at most {limits.max_children} children (0 left)")
    if total >= limits.max_agents:
        return Refusal("agents", f"the run has {total} of at most {limits.max_agents} agents (0 left)")
    needs, unknown = resolve(state, parent, spec.needs)
    if unknown:
        return Refusal(
            "needs", f"nobody is called {', '.join(unknown)}; needs are ids (or titles) of agents already spawned"
        )
    for need in needs:
        if waits_for(state, (need,), parent):
            return Refusal("cycle", f"{need} cannot end before {parent} does, so what needs it would wait for ever")
    return replace(spec, needs=tuple(needs))


def numbers_left(state: State, parent: AgentId) -> str:
    """What `parent` may still spawn, in words."""
    limits, above = state.started.limits, state.agents[parent]
    levels = limits.max_depth - above.depth
    children = limits.max_children - len(above.children)
    total = limits.max_agents - len(state.agents)
    return f"left: {max(children, 0)} children, {max(total, 0)} agents in the run, {max(levels, 0)} levels"


def may_start(state: State) -> bool:
    """Whether a new agent may start: the machine has room and a slot is not wanted by one that is already at work.

    An agent that is being prepared counts as if it already held the slot that it will want. A machine that is only
    busy lets in one at a time, so that a run goes on whatever else happens there.
    """
    preparing = sum(isinstance(effect.instruction, PrepareWorkspace) for effect in state.effects.values())
    busy = state.running + preparing
    room = state.shortage is None or (state.trickles and busy == 0)
    return room and busy < state.started.limits.max_running
