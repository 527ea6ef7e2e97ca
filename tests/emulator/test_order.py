"""What can be asked for at all."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from venuekit.emulator.order import OrderKind, OrderRequest, TimeInForce, stop_loss

ONE = Decimal(1)


def request(**asked: Any) -> OrderRequest:
    return OrderRequest(account="ann", is_buy=True, **asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": OrderKind.LIMIT, "amount": ONE},
        {"kind": OrderKind.MARKET, "amount": ONE, "price": ONE},
    ],
)
def test_only_limit_orders_have_a_price(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needs a price"):
        request(**asked)


@pytest.mark.parametrize("amounts", [{}, {"amount": ONE, "quote_amount": ONE}])
def test_an_order_names_one_amount(amounts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either its amount"):
        request(kind=OrderKind.MARKET, **amounts)


def test_a_limit_order_names_its_amount_in_base() -> None:
    with pytest.raises(ValueError, match="only a market order"):
        request(kind=OrderKind.LIMIT, price=ONE, quote_amount=ONE)


@pytest.mark.parametrize("asked", [{"kind": OrderKind.MARKET}, {"kind": OrderKind.LIMIT_MAKER, "price": ONE}])
def test_only_limit_orders_have_a_time_in_force(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="time in force"):
        request(amount=ONE, time_in_force=TimeInForce.IOC, **asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": OrderKind.LIMIT_MAKER, "amount": ONE, "price": ONE},
        {"kind": OrderKind.MARKET, "quote_amount": ONE},
    ],
)
def test_an_order_with_a_trigger_takes_a_known_amount(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="trigger"):
        request(trigger=stop_loss(ONE, is_buy=True), **asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": OrderKind.LIMIT, "amount": Decimal(0), "price": ONE},
        {"kind": OrderKind.LIMIT, "amount": ONE, "price": Decimal(-1)},
        {"kind": OrderKind.MARKET, "quote_amount": Decimal(0)},
        {"kind": OrderKind.MARKET, "amount": ONE, "trigger": stop_loss(Decimal(0), is_buy=True)},
    ],
)
def test_numbers_are_positive(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="positive"):
        request(**asked)
