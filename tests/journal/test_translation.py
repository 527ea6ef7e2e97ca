from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.journal.story import intent as old_intent
from tests.state.order_bench import PAIR, buy, fill, status

from venuekit.journal import record, translation
from venuekit.journal.record import Body
from venuekit.model.events import DoubtReason
from venuekit.model.fees import AddedToCostTradeFee, DeductedFromReturnsTradeFee, TokenAmount, TradeFee
from venuekit.model.order import (
    Command,
    NewOrder,
    OrderState,
    OrderType,
    TimeInForce,
    TradeType,
    TriggerBy,
    TriggerDirection,
)
from venuekit.model.order_update import Evidence
from venuekit.model.position import PositionAction
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_doubt import Doubt

ORDERS = {
    "limit": buy(amount="0.00000003", price=Decimal("60000.10")),
    "market by quote amount": buy(
        amount=None, quote_amount=Decimal("10.50"), order_type=OrderType.MARKET, price=None
    ),
    "conditional": buy(
        trigger_price=Decimal("90.50"),
        trigger_by=TriggerBy.MARK,
        trigger_direction=TriggerDirection.FALLING,
        reduce_only=True,
        leverage=20,
        position=PositionAction.CLOSE,
        time_in_force=TimeInForce.IOC,
    ),
}
FEES: list[TradeFee] = [
    AddedToCostTradeFee(),
    AddedToCostTradeFee(percent=Decimal("0.001"), percent_token="BNB"),
    DeductedFromReturnsTradeFee(percent=Decimal("-0.0002")),
    AddedToCostTradeFee(flat_fees=[TokenAmount("BNB", Decimal("3E-8")), TokenAmount("USDT", Decimal(1))]),
]


def through_the_disk(item: Body) -> Any:
    return record.decode(record.encode(item))


@pytest.mark.parametrize("intent", ORDERS.values(), ids=ORDERS)
def test_an_order_that_is_meant_reads_back_with_every_term(intent: NewOrder) -> None:
    order = InFlightOrder.of(intent, 5.25)
    item = through_the_disk(translation.intent_of(order, "north", 6.0))
    assert item.connector == "north"
    assert item.at == 6.0
    assert translation.order_of(item).to_json() == order.to_json()


def test_an_order_that_was_found_at_the_venue_reads_back_as_it_was_found() -> None:
    order = InFlightOrder(
        client_order_id="id-1",
        trading_pair=PAIR,
        order_type=OrderType.LIMIT,
        trade_type=TradeType.SELL,
        amount=Decimal(2),
        creation_timestamp=5.0,
        price=Decimal(100),
        exchange_order_id="77",
        initial_state=OrderState.PENDING_CANCEL,
    )
    item = through_the_disk(translation.intent_of(order, "north", 6.0))
    assert translation.order_of(item).to_json() == order.to_json()


def test_usual_terms_take_no_room() -> None:
    item = translation.intent_of(InFlightOrder.of(buy(), 5.0), "north", 6.0)
    assert list(item.order) == ["order_type", "trade_type", "amount", "price", "creation_timestamp"]


def test_an_intent_of_an_older_release_is_an_order_made_when_it_was_written() -> None:
    order = translation.order_of(old_intent(at=3.0))
    assert order.creation_timestamp == 3.0
    assert order.amount == Decimal("0.02")


@pytest.mark.parametrize(
    "change",
    [{"order_type": "ICEBERG"}, {"trade_type": None}, {"time_in_force": "GTD"}, {"last_state": "x"}],
    ids=str,
)
def test_an_intent_of_a_newer_release_is_not_guessed_at(change: dict[str, Any]) -> None:
    item = translation.intent_of(InFlightOrder.of(buy(), 5.0), "north", 6.0)
    newer = msgspec.structs.replace(item, order=item.order | change)
    with pytest.raises(ValueError, match="id-1"):
        translation.order_of(newer)


def test_a_status_reads_back_whole() -> None:
    update = status(
        OrderState.FAILED,
        "0.10",
        at=7.5,
        amount=Decimal("1.0"),
        price=Decimal("3E-8"),
        observed_at=8.5,
        evidence=Evidence.OPEN_ORDERS,
        misc_updates={"error_message": "no", "error_type": "WouldTake"},
    )
    item = through_the_disk(translation.updated_of(update, "id-1", 9.0))
    assert translation.update_of(item, PAIR) == update


def test_a_status_is_written_under_our_id_whatever_id_found_the_order() -> None:
    update = status(OrderState.OPEN, client_id=None)
    item = through_the_disk(translation.updated_of(update, "id-1", 9.0))
    assert translation.update_of(item, PAIR) == msgspec.structs.replace(update, client_order_id="id-1")


def test_what_else_a_venue_says_is_kept_as_text() -> None:
    update = status(OrderState.OPEN, misc_updates={"code": -2010, "nothing": None})
    assert translation.updated_of(update, "id-1", 9.0).misc == {"code": "-2010"}


@pytest.mark.parametrize("change", [{"state": "DANCING"}, {"source": "stream"}], ids=str)
def test_a_status_of_a_newer_release_is_not_guessed_at(change: dict[str, Any]) -> None:
    item = msgspec.structs.replace(translation.updated_of(status(OrderState.OPEN), "id-1", 9.0), **change)
    with pytest.raises(ValueError, match="id-1"):
        translation.update_of(item, PAIR)


@pytest.mark.parametrize("fee", FEES, ids=str)
def test_a_fill_reads_back_with_its_fee(fee: TradeFee) -> None:
    trade = fill("t1", "0.00000003", at=7.25, fee=fee, is_taker=False)
    item = through_the_disk(translation.filled_of(trade, "id-1", 9.0))
    assert translation.trade_of(item, PAIR) == trade


def test_a_fill_without_ids_reads_back_under_ours() -> None:
    trade = fill("t1", client_id="", exchange_order_id="")
    item = through_the_disk(translation.filled_of(trade, "id-1", 9.0))
    assert translation.trade_of(item, PAIR) == msgspec.structs.replace(trade, client_order_id="id-1")


@pytest.mark.parametrize("settles_at", [None, 12.5])
def test_a_doubt_about_an_order_reads_back(settles_at: float | None) -> None:
    doubt = Doubt(reason=DoubtReason.NOT_FOUND, since=4.5, settles_at=settles_at)
    assert translation.kept_doubt_of(through_the_disk(translation.doubt_of(doubt, "id-1", 9.0))) == doubt


def test_a_doubt_about_a_command_is_another_matter() -> None:
    item = record.Doubt(at=9.0, client_id="id-1", command=record.Command.CANCEL, why="TimedOut")
    assert translation.kept_doubt_of(item) is None


def test_a_doubt_without_its_beginning_began_when_it_was_written() -> None:
    item = record.Doubt(
        at=9.0, client_id="id-1", command=record.Command.PLACE, why="", reason="NOT_FOUND", until=None
    )
    kept = translation.kept_doubt_of(item)
    assert kept is not None
    assert kept.since == 9.0


def test_a_doubt_of_a_newer_release_is_not_guessed_at() -> None:
    item = record.Doubt(at=9.0, client_id="id-1", command=record.Command.PLACE, why="", reason="ECLIPSE")
    with pytest.raises(ValueError, match="id-1"):
        translation.kept_doubt_of(item)


@pytest.mark.parametrize("command", Command)
def test_every_command_has_its_word_in_the_journal(command: Command) -> None:
    assert translation.command_of(translation.recorded(command)) is command
