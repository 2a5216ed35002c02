"""Money set aside before a call, so that no budget can be overrun whatever the call turns out to cost.

Input bound: the last settled input and output, the bytes of what was added since (a token is at least a byte), and a
fixed allowance, at the dearest of the input and cache-write prices. Output bound: `max_tokens`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .ids import AgentId
from .money import PER, Price
from .orders import order_text
from .state import AgentRecord, State

ALLOWANCE_TOKENS = 512
"""For what the server adds around the messages."""
NOTE_BYTES = 64
"""JSON around one note."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a call may use."""

    max_tokens: int
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Shortfall:
    """The money does not reach. `scope` is whose budget it is, None for the run's."""

    scope: AgentId | None
    limit_usd: Decimal
    spent_usd: Decimal
    needed_usd: Decimal
    may_pass: bool
    """Whether other calls in flight may leave enough when they settle."""


@dataclass(frozen=True, slots=True)
class PriceUnknown:
    """Nobody knows what the model costs."""

    model: str


def input_bound(state: State, record: AgentRecord) -> int:
    """The most input tokens the next call of `record` can have."""
    added = sum(NOTE_BYTES + len(note.text.encode()) for note in record.inbox)
    if not record.context_tokens:
        added += state.started.overhead_bytes + len(order_text(state, record).encode())
        added += sum(span.length for span in record.conversation)
    else:
        added += sum(span.length for span in record.conversation[record.context_spans :])
    return record.context_tokens + added + ALLOWANCE_TOKENS


def reserve(state: State, record: AgentRecord) -> Reservation | Shortfall | PriceUnknown:
    """What to set aside for the next call of `record`, or why it cannot be."""
    price = state.prices.get(record.model)
    if price is None:
        return PriceUnknown(record.model)
    limits = state.started.limits
    bound = input_bound(state, record)
    worst = _cost(price, bound, limits.max_output_tokens)
    shortfall = _shortfall(state, record, worst)
    if shortfall is None:
        return Reservation(limits.max_output_tokens, worst)
    floor = min(limits.min_output_tokens, limits.max_output_tokens)
    least = _cost(price, bound, floor)
    shortfall = _shortfall(state, record, least)
    if shortfall is not None:
        return shortfall
    room = _room(state, record)
    fitting = int((room - _cost(price, bound, 0)) * PER / price.output) if price.output else limits.max_output_tokens
    max_tokens = max(floor, min(limits.max_output_tokens, fitting))
    return Reservation(max_tokens, _cost(price, bound, max_tokens))


def _cost(price: Price, input_tokens: int, output_tokens: int) -> Decimal:
    return (max(price.input, price.cache_write) * input_tokens + price.output * output_tokens) / PER


def _budgets(state: State, record: AgentRecord) -> list[tuple[AgentId | None, Decimal, Decimal, Decimal]]:
    """Every budget a call of `record` counts against: scope, limit, spent, reserved; the run's comes last."""
    above = state.ancestors(record.id)
    found: list[tuple[AgentId | None, Decimal, Decimal, Decimal]] = [
        (agent.id, agent.budget_usd, agent.subtree_usd, agent.reserved_usd)
        for agent in above
        if agent.budget_usd is not None
    ]
    root = above[-1]
    found.append((None, state.max_cost_usd, root.subtree_usd, root.reserved_usd))
    return found


def _room(state: State, record: AgentRecord) -> Decimal:
    return min(limit - spent - reserved for _, limit, spent, reserved in _budgets(state, record))


def _shortfall(state: State, record: AgentRecord, amount: Decimal) -> Shortfall | None:
    for scope, limit, spent, reserved in _budgets(state, record):
        if spent + reserved + amount > limit:
            may_pass = reserved > 0 and spent + amount <= limit
            return Shortfall(scope, limit, spent, amount, may_pass)
    return None
