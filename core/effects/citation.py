"""The effect "find a citation": whether the words an agent quotes stand in a file of its checkout."""

from __future__ import annotations

from ..errors import PilothouseError
from ..instructions import FindCitation
from ..outcomes import CitationChecked, EffectFailed
from ..state import AgentRecord
from .bench import Bench


async def find(bench: Bench, record: AgentRecord, instruction: FindCitation) -> CitationChecked | EffectFailed:
    """Look for the words."""
    try:
        return CitationChecked(await bench.workspaces.find(record.id, instruction.cite))
    except PilothouseError as problem:
        return EffectFailed(str(problem))
