"""Orders among a recorded market's, on the emulated Binance spot."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from tests.emulator.customer import Client, question
from tests.emulator.scripted_market import START, ask, json_of

from venuekit.emulator.factory import make_dialect
from venuekit.protocol.recording import Record, read_recording
from venuekit.seams import disk

RECORDING = "binance_spot/hft_btcusdt_20240808.gz"


@pytest.fixture(scope="module")
def records(data_path: Callable[[str], Path]) -> list[Record]:
    return list(read_recording(disk.lines(data_path(RECORDING)), RECORDING))


@pytest.fixture
def client(records: list[Record]) -> Client:
    venue = make_dialect("binance", seed=1, instruments=(), replay=records, start_time=START)
    return Client(venue, after=5.0)


def _best(client: Client) -> tuple[str, str]:
    book = json_of(ask(client.venue, "/api/v3/depth?symbol=BTCUSDT&limit=5", after=client.after))
    return book["bids"][0][0], book["asks"][0][0]


def test_an_order_takes_what_the_recording_offers(client: Client) -> None:
    _, best_ask = _best(client)
    said = client.place(price=best_ask, quantity="0.001")
    assert [(fill["price"], fill["qty"]) for fill in said["fills"]] == [
        (f"{Decimal(best_ask):.8f}", "0.00100000")
    ]


def test_an_order_that_waits_is_filled_by_recorded_trades_when_its_turn_comes(client: Client) -> None:
    orders = []
    for _ in range(20):
        best_bid, _ = _best(client)
        orders.append(client.place(price=best_bid, quantity="0.5")["orderId"])
        client.after += 10.0
    client.after += 100.0
    fills = question(client.venue, "fills", after=client.after, account="hmac")
    assert {fill["is_maker"] for fill in fills} == {True}
    assert any(Decimal(fill["amount"]) < Decimal("0.5") for fill in fills)
    assert {row["status"] for row in question(client.venue, "orders", after=client.after)} >= {"FILLED"}
    assert {Decimal(total) for total in question(client.venue, "totals", after=client.after).values()} == {
        Decimal(0)
    }
