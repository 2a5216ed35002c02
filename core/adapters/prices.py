"""The port `Prices` over genai-prices: its bundled data, exact decimals, no update over the network.

Must not know budgets or conversations. Importing it does not import genai-prices.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ..money import DEAREST, Price, Tokens

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice, TieredPrices

PROVIDER = "anthropic"
"""Whose price list a model name is looked up in first; servers that speak the Messages API may offer others."""


class OfflinePrices:
    """What models cost, by the price list that came with the installed genai-prices."""

    def price(self, model: str) -> Price | None:
        """The dearest tier of `model`, or None if it is not known or its price is not complete.

        Cache writes are those for five minutes, the only ones we ask for. The name `*` stands for the dearest of all
        models that are listed.
        """
        if model == DEAREST:
            listed = (self.price(name) for name in _names())
            return max((price for price in listed if price is not None), key=lambda price: price.output)
        try:
            prices = _prices(model)
        except LookupError:
            return None
        if prices.input_mtok is None or prices.output_mtok is None:
            return None
        read = _dearest(prices.input_mtok)
        return Price(
            input=read,
            output=_dearest(prices.output_mtok),
            cache_read=read if prices.cache_read_mtok is None else _dearest(prices.cache_read_mtok),
            cache_write=read if prices.cache_write_mtok is None else _dearest(prices.cache_write_mtok),
        )

    def cost(self, model: str, tokens: Tokens) -> Decimal:
        """What a call cost, in dollars: at the tier it falls into, cache writes for five minutes as we ask for them.

        Raises `KeyError` for an unknown model: it is never counted as free.
        """
        from genai_prices import Usage

        usage = Usage(
            input_tokens=tokens.context,
            output_tokens=tokens.output,
            cache_read_tokens=tokens.cache_read,
            cache_write_tokens=tokens.cache_write,
        )
        try:
            prices = _prices(model)
        except LookupError as error:
            raise KeyError(model) from error
        return prices.calc_price(usage)["total_price"]


def _prices(model: str) -> ModelPrice:
    """Today's price list of `model`. Raises `LookupError`."""
    from datetime import UTC, datetime

    from genai_prices.data_snapshot import get_snapshot

    snapshot = get_snapshot()
    try:
        _, info = snapshot.find_provider_model(model, None, PROVIDER, None)
    except LookupError:
        _, info = snapshot.find_provider_model(model, None, None, None)
    return info.get_prices(datetime.now(UTC))


def _names() -> list[str]:
    from genai_prices.data_snapshot import get_snapshot

    return [model.id for provider in get_snapshot().providers if provider.id == PROVIDER for model in provider.models]


def _dearest(price: Decimal | TieredPrices) -> Decimal:
    if isinstance(price, Decimal):
        return price
    return max([price.base, *(tier.price for tier in price.tiers)])
