"""What is live and never journalled: the text of calls while it comes. Finished lines go to the log."""

from __future__ import annotations

import asyncio

from ..ids import AgentId
from ..money import Tokens
from ..ports import Log
from ..views import Activity

SHOWN = 400
"""Characters of unfinished text that a screen gets."""


class LiveText:
    """The text of one call. Part of the ports: `text` and `used` are called for every piece and must stay cheap."""

    def __init__(self, stage: Stage, agent_id: AgentId, log: Log) -> None:
        self._stage = stage
        self._agent_id = agent_id
        self._log = log
        self._kind = ""
        self._pieces: list[str] = []
        self._tokens = 0

    def text(self, kind: str, delta: str) -> None:
        """More text of `kind` has come."""
        if kind != self._kind:
            self._flush()
            self._kind = kind
        self._pieces.append(delta)
        if kind != "tool" and "\n" in delta:
            finished, _, rest = "".join(self._pieces).rpartition("\n")
            self._log.write(self._agent_id, kind, finished)
            self._pieces = [rest] if rest else []
        self._stage.note(self._agent_id)

    def used(self, tokens: Tokens) -> None:
        """What the call has used so far."""
        self._tokens = tokens.context + tokens.output

    def _flush(self) -> None:
        """Put what is unfinished into the log. The input of a tool call is shown as the call itself instead."""
        rest = "".join(self._pieces)
        if rest and self._kind != "tool":
            self._log.write(self._agent_id, self._kind, rest)
        self._pieces = []

    def close(self) -> None:
        """The call is over."""
        self._flush()
        self._stage.current.pop(self._agent_id, None)
        self._stage.note(self._agent_id)

    def activity(self) -> Activity:
        """How it stands."""
        return Activity(self._agent_id, self._kind, "".join(self._pieces)[-SHOWN:], self._tokens)


class Stage:
    """The live text of all agents. `changed` is emptied by whoever shows it, who waits for `wanted`."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.current: dict[AgentId, LiveText] = {}
        self.changed: set[AgentId] = set()
        self.wanted = asyncio.Event()

    def note(self, agent_id: AgentId) -> None:
        """The live text of an agent has changed."""
        self.changed.add(agent_id)
        self.wanted.set()

    def activity(self, agent_id: AgentId) -> Activity:
        """What is live of an agent now; without text if nothing is."""
        text = self.current.get(agent_id)
        return text.activity() if text is not None else Activity(agent_id, "", "", 0)

    def live(self, agent_id: AgentId) -> LiveText:
        """The live text of an agent."""
        text = self.current.get(agent_id)
        if text is None:
            text = self.current[agent_id] = LiveText(self, agent_id, self._log)
        return text
