"""The effect "land": the run's branch into the user's."""

from __future__ import annotations

from ..errors import PilothouseError
from ..instructions import LandBranch
from ..outcomes import EffectFailed, Landed
from .bench import Bench


async def land(bench: Bench, instruction: LandBranch) -> Landed | EffectFailed:
    """Fast-forward the user's branch, or say why not."""
    try:
        return await bench.workspaces.land(instruction.tip)
    except PilothouseError as problem:
        return EffectFailed(str(problem))
