"""What goes over the socket: one JSON object a line in each direction, the protocol's number first."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ..commands import AnyCommand
from ..views import RunResult
from .picture import Update
from .session import Answer

PROTOCOL = 1
MAX_ASKED = 1024 * 1024
"""Bytes of the longest line the engine reads."""
MAX_SAID = 256 * 1024 * 1024
"""Bytes of the longest line a client reads: the first update holds the whole run."""


class FromClient(msgspec.Struct, frozen=True, omit_defaults=True):
    """One frame of a client. The first one says `protocol`; each later one asks for one thing under its `id`."""

    id: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] = 0
    protocol: int | None = None
    command: AnyCommand | None = None
    watch: bool = False
    result: bool = False


class FromEngine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One frame of the engine. `id` is that of the frame it answers; updates come without one."""

    id: int = 0
    protocol: int | None = None
    answer: Answer | None = None
    update: Update | None = None
    result: RunResult | None = None


ENCODER = msgspec.json.Encoder()
CLIENT_DECODER = msgspec.json.Decoder(FromClient)
ENGINE_DECODER = msgspec.json.Decoder(FromEngine)


def frame(message: FromClient | FromEngine) -> bytes:
    """`message` as a line."""
    return ENCODER.encode(message) + b"\n"
