from __future__ import annotations

from decimal import Decimal

import pytest
from tests.state.order_bench import fill

from venuekit.state.order_fills import OrderFills


def test_nothing_is_filled_at_first() -> None:
    fills = OrderFills()
    assert (fills.base, fills.quote) == (Decimal(0), Decimal(0))
    assert fills.average_price() is None


def test_counted_fills_add_up() -> None:
    fills = OrderFills()
    for number in range(3):
        fills.count(fill(f"t{number}", "0.1"))
    assert (fills.base, fills.quote) == (Decimal("0.3"), Decimal("30.0"))
    assert fills.fees_in("USDT", None) == fills.flat_fees()["USDT"] == Decimal("0.15")


@pytest.mark.parametrize(
    ("amount", "base_limit", "quote_limit", "fits"),
    [
        ("1", "1", None, True),
        ("1.1", "1", None, False),
        ("1", None, "100", True),
        ("1.1", None, "100", False),
        ("1", None, None, True),
        ("0", None, None, False),
        ("-1", None, None, False),
    ],
)
def test_a_fill_fits_within_both_limits(
    amount: str, base_limit: str | None, quote_limit: str | None, fits: bool
) -> None:
    limits = [None if limit is None else Decimal(limit) for limit in (base_limit, quote_limit)]
    assert OrderFills().fits(fill("t1", amount), *limits) is fits


def test_a_fill_in_quarantine_leaves_it_when_it_counts() -> None:
    fills = OrderFills()
    fills.quarantined["t1"] = fill("t1")
    assert fills.has_seen("t1")
    fills.count(fill("t1"))
    assert (list(fills.counted), list(fills.quarantined)) == (["t1"], [])
