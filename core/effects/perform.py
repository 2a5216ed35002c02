"""Which file carries out which instruction. The engine knows only this."""

from __future__ import annotations

from ..ids import AgentId, EffectId
from ..instructions import (
    AnyInstruction,
    FindCitation,
    LandBranch,
    MergeWork,
    PrepareWorkspace,
    RunChecks,
    StartTool,
    StartTurn,
)
from ..outcomes import AnyOutcome, Cancelled
from . import checkout, citation, landing, merge, tool, validation
from .bench import Bench
from .turn import Turn


class Performance:
    """One instruction being carried out. Cancelling `run` ends it; `cancelled` then says what it cost."""

    def __init__(self, bench: Bench, effect: EffectId, agent_id: AgentId | None, instruction: AnyInstruction) -> None:
        self._bench = bench
        self._effect = effect
        self._agent_id = agent_id
        self._instruction = instruction
        self._turn: Turn | None = None

    async def run(self) -> AnyOutcome:
        """Carry it out."""
        bench, instruction = self._bench, self._instruction
        if isinstance(instruction, LandBranch):
            return await landing.land(bench, instruction)
        assert self._agent_id is not None
        record = bench.state.agents[self._agent_id]
        match instruction:
            case StartTurn():
                self._turn = Turn(bench, record, instruction)
                return await self._turn.run()
            case StartTool():
                return await tool.run_tool(bench, record, self._effect, instruction)
            case PrepareWorkspace():
                return await checkout.prepare(bench, record, instruction)
            case RunChecks():
                return await validation.run_checks(bench, record, self._effect, instruction)
            case MergeWork():
                return await merge.merge(bench, record, instruction)
            case FindCitation():
                return await citation.find(bench, record, instruction)

    def cancelled(self) -> Cancelled:
        """The outcome when it was ended from here."""
        return self._turn.cancelled() if self._turn is not None else Cancelled()
