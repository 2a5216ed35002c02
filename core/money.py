"""Prices, tokens and the arithmetic between them. Exact: decimals all the way, US dollars."""

from __future__ import annotations

from decimal import Decimal

import msgspec

ZERO = Decimal(0)
DEAREST = "*"
"""Stands for the dearest known model: what one without a known price is counted as, once a person agrees."""
PER = Decimal(1_000_000)
"""Prices are quoted per this many tokens."""


class Tokens(msgspec.Struct, frozen=True):
    """What a model call used, by kind. `input` leaves out what the cache gave or took."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
        )

    @property
    def context(self) -> int:
        """How many tokens the model read, from wherever they came."""
        return self.input + self.cache_read + self.cache_write


class Price(msgspec.Struct, frozen=True):
    """What a model costs at its dearest tier, in dollars per million tokens; for reserving, never for settling."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal

    def cost(self, tokens: Tokens) -> Decimal:
        """What `tokens` cost at these prices."""
        return (
            self.input * tokens.input
            + self.output * tokens.output
            + self.cache_read * tokens.cache_read
            + self.cache_write * tokens.cache_write
        ) / PER


def usd(amount: Decimal) -> str:
    """`amount` as a plain decimal string without an exponent or trailing zeros, with at least two decimals."""
    text = f"{amount:f}"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0'):0<2}"
