"""What models cost, against figures worked out by hand from the public price list."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pilothouse.core.adapters.prices import OfflinePrices
from pilothouse.core.money import Price, Tokens

prices = OfflinePrices()


def test_a_known_model_has_its_price() -> None:
    price = prices.price("claude-sonnet-5-5")
    assert price == Price(input=Decimal(2), output=Decimal(10), cache_read=Decimal("0.1"), cache_write=Decimal("2.5"))


def test_a_call_costs_what_the_list_says_to_the_last_digit() -> None:
    tokens = Tokens(input=1_000, output=50, cache_read=300, cache_write=200)
    # 1000 * 2 + 50 * 10 + 300 * 0.1 + 200 * 2.5, per million
    assert prices.cost("claude-sonnet-5-5", tokens) == Decimal("0.00303")


def test_a_dated_name_is_the_same_model() -> None:
    assert prices.price("claude-sonnet-5-5-20261101") == prices.price("claude-sonnet-5-5")


def test_a_model_with_tiers_is_reserved_at_the_dearest() -> None:
    price = prices.price("claude-sonnet-4-5")
    assert price is not None
    assert (price.input, price.output) == (Decimal(6), Decimal("22.5"))
    small, large = Tokens(input=1_000, output=10), Tokens(input=300_000, output=10)
    assert prices.cost("claude-sonnet-4-5", small) == Decimal("0.00315")
    assert prices.cost("claude-sonnet-4-5", large) == price.cost(large)


@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-4-5"])
@pytest.mark.parametrize("size", [1_000, 250_000])
def test_nothing_costs_more_than_its_dearest_tier(model: str, size: int) -> None:
    price = prices.price(model)
    assert price is not None
    for tokens in (Tokens(input=size), Tokens(output=size), Tokens(cache_read=size), Tokens(cache_write=size)):
        assert prices.cost(model, tokens) <= price.cost(tokens)


def test_an_unknown_model_is_never_free() -> None:
    assert prices.price("nobody-knows-1") is None
    with pytest.raises(KeyError):
        prices.cost("nobody-knows-1", Tokens(input=1))


def test_the_dearest_model_is_no_cheaper_than_any_other() -> None:
    dearest = prices.price("*")
    assert dearest is not None
    for model in ("claude-opus-5-5", "claude-fable-5-2", "claude-mythos-5-2", "claude-3-opus-latest"):
        price = prices.price(model)
        assert price is not None
        assert price.output <= dearest.output
