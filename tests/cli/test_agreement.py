"""When a connector and its venue are said to agree."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from venuekit.cli.agreement import AssetAgreement, compare_assets, compare_orders
from venuekit.cli.emulator_process import Ledger
from venuekit.cli.trader_report import Holding, OrderStanding

D = Decimal
MINE = OrderStanding(
    trading_pair="BTC-USDT",
    is_buy=True,
    state="FILLED",
    filled=D("0.30"),
    fills=["7", "8"],
    is_in_doubt=False,
)
ROW = {
    "client_order_id": "a", "trading_pair": "BTC-USDT", "side": "BUY", "status": "FILLED", "filled": "0.3",
}  # fmt: skip
FILLS = [{"client_order_id": "a", "trade_id": number} for number in (7, 8)]
NOTHING = Ledger(orders=[], fills=[], balances={})


def ledger(row: dict[str, Any], fills: list[dict[str, Any]]) -> Ledger:
    return Ledger(orders=[row], fills=fills, balances={})


def test_the_same_state_amount_and_trades_are_agreement() -> None:
    (row,) = compare_orders({"a": MINE}, ledger(ROW, FILLS))
    assert row.is_exact
    assert (row.fills, row.fills_different, row.times_there, row.difference) == (2, 0, 1, D(0))


@pytest.mark.parametrize(
    ("mine", "theirs", "fills"),
    [
        ({"state": "OPEN"}, ROW, FILLS),
        ({"filled": D("0.1")}, ROW, FILLS),
        ({"fills": ["7"]}, ROW, FILLS),
        ({"fills": ["7", "8", "9"]}, ROW, FILLS),
        ({"fills": ["7", "9"]}, ROW, FILLS),
        ({"is_in_doubt": True}, ROW, FILLS),
        ({}, ROW | {"status": "CANCELLED"}, FILLS),
        ({}, ROW | {"filled": "0.2"}, FILLS),
    ],
)
def test_one_thing_that_differs_is_a_difference(
    mine: dict[str, Any], theirs: dict[str, Any], fills: list[dict[str, Any]]
) -> None:
    (row,) = compare_orders({"a": replace(MINE, **mine)}, ledger(theirs, fills))
    assert not row.is_exact


def test_an_order_that_the_venue_has_twice_was_sent_twice() -> None:
    (row,) = compare_orders({"a": MINE}, Ledger(orders=[ROW, ROW], fills=FILLS, balances={}))
    assert (row.times_there, row.is_exact) == (2, False)


def test_an_order_that_only_the_venue_knows_is_a_difference() -> None:
    (row,) = compare_orders({}, ledger(ROW, FILLS))
    assert (row.state, row.difference, row.fills_different, row.is_exact) == ("UNKNOWN", D("-0.3"), 2, False)


@pytest.mark.parametrize(("state", "agrees"), [("FAILED", True), ("CANCELED", True), ("OPEN", False)])
def test_an_order_that_never_reached_the_venue_must_have_ended(state: str, agrees: bool) -> None:
    mine = replace(MINE, state=state, filled=D(0), fills=[])
    (row,) = compare_orders({"a": mine}, NOTHING)
    assert row.is_exact is agrees


def asset(total: str, available: str, free: str, locked: str) -> AssetAgreement:
    ours = [Holding(asset="BTC", total=D(total), available=D(available))]
    balances = {"BTC": {"free": free, "locked": locked}}
    (row,) = compare_assets(ours, Ledger(orders=[], fills=[], balances=balances), {"BTC": D(10)})
    return row


def test_totals_and_what_is_free_are_compared() -> None:
    same = asset("11.00", "10.50", "10.5", "0.5")
    assert (same.is_exact, same.change, same.difference, same.available_difference) == (
        True,
        D(1),
        D(0),
        D(0),
    )
    assert not asset("11", "10.5", "10.5", "0.6").is_exact
    assert not asset("11", "10.5", "10.4", "0.6").is_exact


def test_an_asset_that_one_side_does_not_know_is_none_of_it() -> None:
    (ours,) = compare_assets([Holding(asset="BTC", total=D(1), available=D(1))], NOTHING, {})
    (theirs,) = compare_assets(
        [], Ledger(orders=[], fills=[], balances={"BTC": {"free": "1", "locked": "0"}}), {}
    )
    assert (ours.difference, theirs.difference) == (D(1), D(-1))


def test_programs_read_plain_numbers() -> None:
    written = msgspec.json.encode(asset("100.00000000", "100.00000000", "100", "0.00000000"))
    said = msgspec.json.decode(written)
    assert (said["total"], said["difference"], said["available_difference"]) == ("100", "0", "0")
