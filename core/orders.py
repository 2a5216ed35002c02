"""What an agent reads first: its order, in words. Pure, so that the kernel can tell how long it is."""

from __future__ import annotations

from .ids import AgentId
from .spec import Spec
from .state import AgentRecord, State


def order_text(state: State, record: AgentRecord) -> str:
    """The first message of `record`'s conversation."""
    spec = record.spec
    if record.parent is None:
        lines = [f"# Goal: {spec.outcome}", ""]
    else:
        lines = [f"# Order: {spec.title}", "", "## Outcome", spec.outcome]
    lines += ["", "## Acceptance", *(f"- {item}" for item in spec.acceptance)]
    if state.started.validation and spec.is_writer:
        lines += ["", "The engine also runs, on what you leave:", *(f"- $ {c}" for c in state.started.validation)]
    if spec.context:
        lines += ["", "## Context", spec.context]
    if spec.paths:
        lines += ["", "## Paths", *(f"- {path}" for path in spec.paths)]
    if spec.needs:
        lines += ["", "## Built on", *_needs(state, spec)]
    lines += ["", f"You are {record.id}" + (f", at work for {record.parent}." if record.parent else ".")]
    return "\n".join(lines)


def _needs(state: State, spec: Spec) -> list[str]:
    found = []
    for need in spec.needs:
        other = state.agents[AgentId(need)]
        found.append(
            f"- {other.id} {other.spec.title!r}: its work is in your workspace; read_response({other.id!r}) tells more"
        )
    return found
