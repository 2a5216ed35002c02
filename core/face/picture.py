"""The picture of a run that a front end holds: the newest views by id, changed in place by what the engine sends.

It never folds events; it only replaces views. It knows nothing of sockets or screens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ..views import Activity, AgentView, QuestionView, RunView


class Update(msgspec.Struct, frozen=True, omit_defaults=True):
    """What changed since the last one: whole views, newest only. The first one a watcher gets holds everything.

    `activities` holds the live text of agents in a call; an agent with empty text has none any more.
    """

    run: RunView | None = None
    agents: tuple[AgentView, ...] = ()
    questions: tuple[QuestionView, ...] = ()
    activities: tuple[Activity, ...] = ()
    whole: bool = False


def merged(older: Update, newer: Update) -> Update:
    """One update that does what both do, one after the other."""
    if newer.whole:
        return newer
    return Update(
        run=newer.run or older.run,
        agents=tuple({view.id: view for view in (*older.agents, *newer.agents)}.values()),
        questions=tuple({view.id: view for view in (*older.questions, *newer.questions)}.values()),
        activities=tuple({view.agent: view for view in (*older.activities, *newer.activities)}.values()),
        whole=older.whole,
    )


@dataclass(slots=True)
class Picture:
    """The newest views. `agents` is in the order of spawning."""

    folder: Path
    """The run's folder: logs, transcripts and responses are read from there by offset."""
    run: RunView | None = None
    agents: dict[str, AgentView] = field(default_factory=dict)
    questions: dict[str, QuestionView] = field(default_factory=dict)
    activities: dict[str, Activity] = field(default_factory=dict)
    connected: bool = False
    """Whether the engine answers; if not, all this is as of `seen_at`."""
    seen_at: int = 0
    """Unix milliseconds of the last sign of the engine."""

    def apply(self, update: Update) -> None:
        """Take the views of `update` in."""
        if update.whole:
            self.agents.clear()
            self.questions.clear()
            self.activities.clear()
        if update.run is not None:
            self.run = update.run
        for agent in update.agents:
            self.agents[agent.id] = agent
        for question in update.questions:
            self.questions[question.id] = question
        for activity in update.activities:
            if activity.text:
                self.activities[activity.agent] = activity
            else:
                self.activities.pop(activity.agent, None)

    def log_path(self, agent_id: str) -> Path:
        """The log of an agent: JSON lines `{"at": ms, "kind": ..., "text": ...}`."""
        return self.folder / "agents" / agent_id / "log.jsonl"

    def response_path(self, agent_id: str) -> Path:
        """The response file of an agent."""
        return self.folder / "agent-responses" / f"{agent_id}.md"

    def open_questions(self) -> list[QuestionView]:
        """The questions that wait for the user, oldest first."""
        return [q for q in self.questions.values() if q.answer is None and q.holder is None]
