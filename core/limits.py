"""What a run may use at most. Every figure can be set; a repo's settings may only lower them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

MINUTE = 60_000
"""Milliseconds."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The caps of one run. Money in US dollars, times in milliseconds, sizes in bytes."""

    max_depth: int = 2
    """How deep agents may nest; the orchestrator is at depth 0."""
    max_running: int = 8
    """How many agents may hold a slot at once."""
    max_agents: int = 32
    """How many agents a run may ever have, the orchestrator among them."""
    max_children: int = 12
    """How many agents one agent may spawn."""
    max_cost_usd: Decimal = Decimal(5)
    run_ms: int = 120 * MINUTE
    agent_ms: int = 15 * MINUTE
    """Running time of one agent (not the orchestrator's); waiting does not count."""
    bash_ms: int = 10 * MINUTE
    max_output_tokens: int = 16_384
    """What a model call asks for at most."""
    min_output_tokens: int = 4_096
    """A call that could not be given this many output tokens waits for money instead."""
    result_bytes: int = 4_096
    """How much of a child's result its parent is handed; the rest is in the response file."""
    max_attempts: int = 8
    """How often one model call is tried before its agent fails."""
    min_free_bytes: int = 512 * 1024 * 1024
    """New agents wait while less memory than this is free."""
    max_load_per_core: float = 2.0
    """New agents wait while the one-minute load average is beyond this many times the cores."""
