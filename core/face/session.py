"""What a front end sees of a run: watch it, ask something of it. The screen and the command line know only this."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

import msgspec

from ..commands import AnyCommand
from .picture import Picture, Update


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of a command: `text` says it in one sentence; `refused` means nothing has happened."""

    text: str
    refused: bool = False


class Session(Protocol):
    """A connection to one run, live or over."""

    @property
    def picture(self) -> Picture:
        """The newest views."""

    def watch(self) -> AsyncGenerator[Update]:
        """Updates, already applied to `picture`, at most 30 a second; also when the connection is lost or back."""

    async def submit(self, command: AnyCommand) -> Answer:
        """Ask the engine to carry out `command`. Raises `EngineGoneError` if it does not answer."""

    async def close(self) -> None:
        """Let go of the engine; the run goes on."""
