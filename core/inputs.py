"""Everything that can reach the kernel. Each input is decided at a time `at` in Unix milliseconds."""

from __future__ import annotations

import msgspec

from .commands import AnyCommand
from .events import RunStarted
from .ids import EffectId
from .money import Price
from .outcomes import AnyOutcome


class StartRun(msgspec.Struct, frozen=True):
    """Begin the run; the only input of an empty state."""

    started: RunStarted


class Request(msgspec.Struct, frozen=True):
    """The user's command. (A model's commands come inside `TurnCompleted`.)"""

    command: AnyCommand


class EffectEnded(msgspec.Struct, frozen=True):
    """An effect has ended."""

    effect_id: EffectId
    outcome: AnyOutcome


class Tick(msgspec.Struct, frozen=True):
    """Time has passed; something may be due."""


class EngineRestarted(msgspec.Struct, frozen=True):
    """A new engine has taken over the journal of a run that has not ended; its effects are gone."""


class MachineRead(msgspec.Struct, frozen=True):
    """How the machine is doing."""

    free_bytes: int
    load_per_core: float


class PriceRead(msgspec.Struct, frozen=True):
    """What a model costs; None if nobody knows."""

    model: str
    price: Price | None


Input = StartRun | Request | EffectEnded | Tick | EngineRestarted | MachineRead | PriceRead
