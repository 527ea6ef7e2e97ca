"""What a venue can still be asked about."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from venuekit.emulator.order import OrderKind, OrderRequest, OrderState, OrderStatus
from venuekit.emulator.order_archive import OrderArchive
from venuekit.emulator.order_record import OrderRecord

PAIR = "BTC-USDT"


def _state(
    order_id: int, client_id: str = "", status: OrderStatus = OrderStatus.NEW, filled: str = "0"
) -> OrderState:
    return OrderState(
        order_id=order_id,
        trading_pair=PAIR,
        request=OrderRequest(
            account="ann",
            is_buy=True,
            kind=OrderKind.LIMIT,
            amount=Decimal(2),
            price=Decimal(10),
            client_order_id=client_id,
        ),
        status=status,
        amount=Decimal(2),
        price=Decimal(10),
        filled=Decimal(filled),
        quote_filled=Decimal(0),
        prevented=Decimal(0),
        placed_at=0.0,
        updated_at=0.0,
    )


def _placed(archive: OrderArchive, order_id: int, now: float, client_id: str = "") -> None:
    archive.add(
        OrderRecord(
            state=_state(order_id, client_id), client_order_id=client_id, placed_at=now, updated_at=now
        )
    )


def _became(archive: OrderArchive, now: float, state: OrderState, **more: Any) -> None:
    archive.change(state, {"state": state, "updated_at": now} | more)


def test_an_order_can_be_seen_as_it_was() -> None:
    archive = OrderArchive()
    _placed(archive, 1, 10.0)
    _became(archive, 20.0, _state(1, filled="1", status=OrderStatus.PARTIALLY_FILLED))
    _became(archive, 30.0, _state(1, filled="1", status=OrderStatus.CANCELLED))
    seen = {moment: archive.order(PAIR, 1, as_of=moment) for moment in (9.9, 10.0, 25.0, 30.0)}
    statuses = {moment: record and record.state.status for moment, record in seen.items()}
    assert statuses == {
        9.9: None,
        10.0: OrderStatus.NEW,
        25.0: OrderStatus.PARTIALLY_FILLED,
        30.0: OrderStatus.CANCELLED,
    }
    assert [len(archive.open_orders("ann", as_of=moment)) for moment in (9.9, 25.0, 30.0)] == [0, 1, 0]
    assert archive.open_orders("ann") == []


def test_a_client_id_names_the_newest_order_that_has_it() -> None:
    archive = OrderArchive()
    _placed(archive, 1, 1.0, "x")
    _became(archive, 2.0, _state(1, "x", OrderStatus.CANCELLED))
    _placed(archive, 2, 3.0, "x")
    _became(archive, 4.0, _state(2, "x"), client_order_id="y")
    assert archive.by_client_id("ann", PAIR, "x") is None
    found = archive.by_client_id("ann", PAIR, "y")
    assert found is not None
    assert found.order_id == 2
    assert archive.by_client_id("bob", PAIR, "y") is None


def test_memory_is_bounded_and_open_orders_are_never_forgotten() -> None:
    archive = OrderArchive()
    _placed(archive, 1, 0.5, "open")
    for number in range(2, 10_052):
        _placed(archive, number, float(number), f"id{number}")
        _became(archive, number + 0.5, _state(number, f"id{number}", OrderStatus.CANCELLED))
    kept = archive.orders("ann", PAIR)
    assert len(kept) == 10_001
    assert [record.order_id for record in kept[:2]] == [1, 52]
    assert archive.order(PAIR, 51) is None
    assert archive.by_client_id("ann", PAIR, "id51") is None
    assert archive.by_client_id("ann", PAIR, "id52") is not None
