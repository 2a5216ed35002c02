"""A session without an engine: tests push updates, and see which commands were submitted.

It carries the simplest commands out on its own picture, so that the screen can be tried by hand against it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import msgspec

from pilothouse.core.commands import (
    AnswerQuestion,
    AnyCommand,
    KillAgent,
    LandRun,
    PauseAgent,
    ResumeAgent,
    StopAgent,
)
from pilothouse.core.errors import EngineGoneError
from pilothouse.core.face.picture import Picture, Update
from pilothouse.core.face.session import Answer
from pilothouse.core.status import Pause, Reason, Status
from pilothouse.core.views import LandingView


class FakeSession:
    """A run that changes only when it is told to."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._news: asyncio.Queue[Update] = asyncio.Queue()
        self.commands: list[AnyCommand] = []
        self.gone = False
        self.closed = False

    @property
    def picture(self) -> Picture:
        return self._picture

    async def watch(self) -> AsyncGenerator[Update]:
        picture = self._picture
        yield Update(
            run=picture.run,
            agents=tuple(picture.agents.values()),
            questions=tuple(picture.questions.values()),
            whole=True,
        )
        while True:
            yield await self._news.get()

    def push(self, update: Update) -> None:
        """Let the engine say `update`."""
        self._picture.apply(update)
        self._news.put_nowait(update)

    def lose(self, seen_at: int) -> None:
        """Let the engine fall silent."""
        self.gone = True
        self._picture.connected = False
        self._picture.seen_at = seen_at
        self._news.put_nowait(Update())

    async def submit(self, command: AnyCommand) -> Answer:
        if self.gone:
            raise EngineGoneError("the engine does not answer; `pilothouse resume-run` starts it again")
        self.commands.append(command)
        match command:
            case PauseAgent(agent_id):
                self._change(agent_id, paused=True, pause=Pause.PAUSED, reason=Reason("paused", "paused by you"))
                return Answer(f"{agent_id or 'the run'} pauses")
            case ResumeAgent(agent_id):
                self._change(agent_id, paused=False, pause=Pause.NONE, reason=None)
                return Answer(f"{agent_id or 'the run'} goes on")
            case StopAgent(agent_id):
                self._change(agent_id, status=Status.STOPPING, reason=Reason("stop", "stopped by you"))
                return Answer(f"{agent_id or 'the run'} stops")
            case KillAgent(agent_id):
                self._change(agent_id, status=Status.KILLED, reason=Reason("kill", "killed by you"))
                return Answer(f"{agent_id or 'the run'} is killed")
            case AnswerQuestion(question_id, text):
                return self._answer(question_id, text)
            case LandRun():
                return self._land()
        return Answer("done")

    async def close(self) -> None:
        self.closed = True

    def change(self, agent_id: str, **changes: object) -> None:
        """Let one agent change."""
        self.push(Update(agents=(msgspec.structs.replace(self._picture.agents[agent_id], **changes),)))

    def _change(self, agent_id: str | None, **changes: object) -> None:
        """Change an agent and everything below it that has not ended; None is all."""
        agents = self._picture.agents
        chosen = {agent_id} if agent_id is not None else set(agents)
        for agent in agents.values():
            if agent.parent in chosen:
                chosen.add(agent.id)
        alive = [agents[each] for each in agents if each in chosen and not agents[each].status.is_terminal]
        self.push(Update(agents=tuple(msgspec.structs.replace(agent, **changes) for agent in alive)))

    def _answer(self, question_id: str, text: str) -> Answer:
        question = self._picture.questions[question_id]
        if question.answer is not None:
            return Answer(f"{question_id} has been answered already", refused=True)
        answered = msgspec.structs.replace(question, answer=text, answered_by="user", answered_at=question.asked_at + 1)
        freed = [
            msgspec.structs.replace(self._picture.agents[agent], status=Status.RUNNING, reason=None)
            for agent in question.agents
        ]
        self.push(Update(questions=(answered,), agents=tuple(freed)))
        return Answer(f"{question_id} is answered")

    def _land(self) -> Answer:
        run = self._picture.run
        assert run is not None
        if run.ended_at is None:
            return Answer("the run has not ended yet", refused=True)
        landing = LandingView(branch=run.base_branch or "", commit=run.tip, before=run.base, at=run.ended_at + 40_000)
        self.push(Update(run=msgspec.structs.replace(run, landing=landing)))
        return Answer(f"landed in {landing.branch}")
