"""What a new engine does with the effects the old one left open.

Model calls are made again, each attempt charged at what was set aside for it. What can be repeated without harm is
carried out again under the same effect. A tool that may have done something comes back to the model as unknown.
"""

from __future__ import annotations

from ..instructions import StartEffect, StartTool, StartTurn
from ..outcomes import Cancelled, EffectFailed, ModelErrorKind, TurnFailed
from .decision import Decision
from .slots import PARALLEL_TOOLS

UNKNOWN = (
    "outcome unknown: the engine was interrupted while this ran, and what it started was ended. It may have had its "
    "effect, part of it, or none. Look before you do it again."
)


def take_over(d: Decision) -> None:
    """Close or carry out again every effect that is open."""
    for effect in list(d.state.effects.values()):
        record = d.state.agents[effect.agent_id] if effect.agent_id is not None else None
        instruction = effect.instruction
        is_ending = record is not None and record.is_ending
        if isinstance(instruction, StartTurn):
            reserved = instruction.reserved_usd
            message = "the engine was interrupted during the call"
            d.close(effect.id, TurnFailed(ModelErrorKind.CONNECTION, message, cost_usd=reserved, estimated=True))
        elif is_ending and instruction.can_be_cancelled:
            d.close(effect.id, Cancelled())
        elif isinstance(instruction, StartTool) and instruction.name not in PARALLEL_TOOLS:
            d.close(effect.id, EffectFailed(UNKNOWN))
        else:
            d.instructions.append(StartEffect(effect.id, effect.agent_id, instruction))
