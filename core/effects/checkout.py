"""The effect "prepare a workspace": the agent's own checkout, or a fixer's place in that of the agent it fixes."""

from __future__ import annotations

import contextlib

from ..errors import PilothouseError
from ..instructions import PrepareWorkspace
from ..outcomes import WorkspaceFailed, WorkspaceReady
from ..state import AgentRecord
from .bench import RESPONSES, Bench


async def prepare(bench: Bench, record: AgentRecord, instruction: PrepareWorkspace) -> WorkspaceReady | WorkspaceFailed:
    """Make the checkout."""
    try:
        if instruction.of is None:
            checkout = await bench.workspaces.prepare(record.id, instruction.kind, instruction.base)
            with contextlib.suppress(FileExistsError):
                (checkout.path / RESPONSES).symlink_to(bench.responses)
            return WorkspaceReady(str(checkout.path), checkout.base, checkout.branch)
        if instruction.merge is not None:
            paths = await bench.workspaces.stage_merge(instruction.of, instruction.merge)
            bench.log.write(record.id, "note", f"conflicts marked in {', '.join(paths) or 'no file'}")
    except PilothouseError as problem:
        return WorkspaceFailed(str(problem))
    shared = bench.state.agents[instruction.of].checkout
    assert shared is not None
    return WorkspaceReady(shared.path, shared.base, shared.branch)
