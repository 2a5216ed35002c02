"""What the user's keys ask of the engine, as sentences for a toast. Knows the session and the clock, no widgets."""

from __future__ import annotations

from dataclasses import dataclass

from pilothouse.core.commands import (
    AnswerQuestion,
    AnyCommand,
    KillAgent,
    LandRun,
    MessageAgent,
    PauseAgent,
    ResumeAgent,
    RetryAgent,
    StopAgent,
)
from pilothouse.core.errors import PilothouseError
from pilothouse.core.face.session import Answer
from pilothouse.core.ids import AgentId, QuestionId
from pilothouse.core.status import Pause, Status
from pilothouse.core.views import AgentView

from .display.sanitize import one_line
from .live import LiveRun

KILL_WINDOW = 2.0
"""Seconds in which the second press of the kill key counts."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an action, in one sentence; refused means that nothing has happened."""

    text: str
    refused: bool = False


class Steering:
    """Turns actions into commands. Each returns what to tell the user."""

    def __init__(self, live: LiveRun) -> None:
        self._live = live
        self._kill_armed: tuple[str, float] | None = None

    async def pause_or_resume(self, agent: AgentView) -> Outcome:
        """Pause an agent and what is below it, or open its gate again."""
        if agent.status.is_terminal:
            return Outcome(f"{agent.id} has ended", refused=True)
        agent_id = AgentId(agent.id)
        return await self._submit(PauseAgent(agent_id) if agent.pause is Pause.NONE else ResumeAgent(agent_id))

    async def pause_or_resume_all(self) -> Outcome:
        """Pause everything, or resume everything when all that lives is paused."""
        alive = [agent for agent in self._live.picture.agents.values() if not agent.status.is_terminal]
        if not alive:
            return Outcome("no agent is alive", refused=True)
        all_paused = all(agent.pause is not Pause.NONE for agent in alive)
        return await self._submit(ResumeAgent() if all_paused else PauseAgent())

    async def stop(self, agent: AgentView) -> Outcome:
        """End an agent and what is below it after what is in flight."""
        if agent.status.is_terminal:
            return Outcome(f"{agent.id} has ended", refused=True)
        return await self._submit(StopAgent(AgentId(agent.id)))

    async def kill(self, agent: AgentView, below: int) -> Outcome:
        """End an agent and what is below it now; the first press only says so."""
        if agent.status.is_terminal:
            return Outcome(f"{agent.id} has ended", refused=True)
        now = self._live.clock.monotonic()
        armed, self._kill_armed = self._kill_armed, (agent.id, now + KILL_WINDOW)
        if armed is None or armed[0] != agent.id or now > armed[1]:
            rest = f" and the {below} below it" if below else ""
            return Outcome(
                f"press X again within 2 s to kill {agent.id} {one_line(agent.title, 40)}{rest}", refused=True
            )
        self._kill_armed = None
        return await self._submit(KillAgent(AgentId(agent.id)))

    async def retry(self, agent: AgentView) -> Outcome:
        """Spawn a new agent with the spec of one that ended without success."""
        if not agent.status.is_terminal or agent.status is Status.SUCCEEDED:
            return Outcome(
                f"{agent.id} did not fail: only an agent that ended without success is retried", refused=True
            )
        return await self._submit(RetryAgent(AgentId(agent.id)))

    async def answer(self, question_id: str, text: str) -> Outcome:
        """Answer a question."""
        return await self._submit(AnswerQuestion(QuestionId(question_id), text))

    async def say(self, agent_id: str, text: str) -> Outcome:
        """Tell an agent something."""
        return await self._submit(MessageAgent(AgentId(agent_id), text))

    async def land(self) -> Outcome:
        """Bring the run's branch into the user's branch."""
        return await self._submit(LandRun())

    async def stop_all(self) -> Outcome:
        """End every agent after what is in flight."""
        return await self._submit(StopAgent())

    async def _submit(self, command: AnyCommand) -> Outcome:
        try:
            answer: Answer = await self._live.session.submit(command)
        except PilothouseError as error:
            return Outcome(one_line(str(error)), refused=True)
        return Outcome(one_line(answer.text), refused=answer.refused)
