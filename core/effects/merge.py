"""The effect "merge work": an agent's checkout into the run's branch, and the orchestrator's view after it."""

from __future__ import annotations

from ..errors import PilothouseError
from ..ids import ORCHESTRATOR
from ..instructions import MergeWork
from ..outcomes import Conflicted, EffectFailed, Merged
from ..spec import WorkspaceKind
from ..state import AgentRecord
from .bench import Bench


async def merge(bench: Bench, record: AgentRecord, instruction: MergeWork) -> Merged | Conflicted | EffectFailed:
    """Commit and merge; a conflict changes nothing."""
    try:
        done = await bench.workspaces.merge(record.id, instruction.title, instruction.tip)
        root = bench.state.agents[ORCHESTRATOR]
        follows = root.checkout is not None and root.spec.workspace is WorkspaceKind.READ_ONLY
        if isinstance(done, Merged) and done.commit is not None and follows:
            await bench.workspaces.refresh(ORCHESTRATOR, done.tip)
    except PilothouseError as problem:
        return EffectFailed(str(problem))
    return done
