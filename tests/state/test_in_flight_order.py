from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.state.order_bench import PAIR, buy, fill, status

from venuekit import errors
from venuekit.model.events import DoubtReason
from venuekit.model.fees import AddedToCostTradeFee
from venuekit.model.order import LimitOrder, NewOrder, OrderState, OrderType, TradeType
from venuekit.model.position import PositionAction
from venuekit.protocol.fence import Question
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_doubt import Doubt

S = OrderState


def order(amount: str = "1", state: OrderState = S.PENDING_CREATE, **more: Any) -> InFlightOrder:
    words: dict[str, Any] = {"price": Decimal(100)}
    return InFlightOrder(
        client_order_id="id-1",
        trading_pair=PAIR,
        order_type=OrderType.LIMIT,
        trade_type=TradeType.BUY,
        amount=Decimal(amount),
        creation_timestamp=1.0,
        initial_state=state,
        **(words | more),
    )


def again(one: InFlightOrder) -> InFlightOrder:
    return InFlightOrder.from_json(json.loads(json.dumps(one.to_json())))


def by_quote(quote: str = "100") -> InFlightOrder:
    terms: dict[str, Any] = {"order_type": OrderType.MARKET, "price": None, "quote_amount": Decimal(quote)}
    return InFlightOrder.of(buy(amount=None, **terms), 1.0)


@pytest.mark.parametrize(
    ("state", "question"),
    [
        (S.PENDING_CREATE, "is_pending_create"),
        (S.PENDING_CANCEL, "is_pending_cancel_confirmation"),
        (S.FAILED, "is_failure"),
        (S.CANCELED, "is_cancelled"),
        (S.FILLED, "is_filled"),
    ],
)
def test_each_question_is_true_in_its_state_only(state: OrderState, question: str) -> None:
    states = [S.PENDING_CREATE, S.OPEN, S.PENDING_CANCEL, S.CANCELED, S.PARTIALLY_FILLED, S.FILLED, S.FAILED]
    assert [each for each in states if getattr(order(state=each), question)] == [state]


@pytest.mark.parametrize("state", [*S])
def test_an_order_is_open_or_done_and_never_both(state: OrderState) -> None:
    if state in {S.PENDING_APPROVAL, S.APPROVED, S.CREATED, S.COMPLETED}:
        with pytest.raises(ValueError, match="no order of a venue with a book"):
            order(state=state)
    else:
        one = order(state=state)
        assert one.is_open is not one.is_done


def test_a_fill_to_the_last_digit_completes_and_one_digit_less_does_not() -> None:
    one = order("0.000000004")
    one.update_with_trade_update(fill("t1", "0.000000001"))
    assert not one.is_filled
    one.update_with_trade_update(fill("t2", "0.000000003"))
    assert one.is_filled


def test_an_amount_of_thirty_digits_is_summed_exactly() -> None:
    one = order("1000000000000.000000000000000003")
    for number in range(3):
        one.update_with_trade_update(fill(f"s{number}", "0.000000000000000001"))
    one.update_with_trade_update(fill("big", "1000000000000"))
    assert one.is_filled
    assert one.executed_amount_base == Decimal("1000000000000.000000000000000003")


def test_the_average_price_weighs_by_base_amount() -> None:
    one = order()
    assert one.average_executed_price is None
    one.update_with_trade_update(fill("t1", "0.25", fill_price=Decimal(100)))
    one.update_with_trade_update(fill("t2", "0.75", fill_price=Decimal(104)))
    assert one.average_executed_price == Decimal(103)


def test_the_fees_of_all_fills_add_up() -> None:
    one = order()
    one.update_with_trade_update(fill("t1", "0.5"))
    one.update_with_trade_update(fill("t2", "0.5", fee=AddedToCostTradeFee(percent=Decimal("0.001"))))
    assert one.cumulative_fee_paid("USDT") == Decimal("0.05") + Decimal("0.05")
    assert one.flat_fees_paid == {"USDT": Decimal("0.05")}


def test_a_fee_without_a_rate_is_an_error_and_not_a_partial_sum() -> None:
    one = order()
    one.update_with_trade_update(fill("t1", "0.5"))
    with pytest.raises(errors.ExchangeRateUnknown):
        one.cumulative_fee_paid("BNB")


def test_an_update_of_another_order_is_refused() -> None:
    one = order(exchange_order_id="77")
    assert not one.update_with_order_update(status(S.OPEN, client_id="id-2", exchange_order_id="78"))
    assert not one.update_with_trade_update(fill(client_id="id-2", exchange_order_id="78"))
    assert one.is_pending_create


def test_either_id_is_enough() -> None:
    one = order(exchange_order_id="77")
    assert one.update_with_order_update(status(S.OPEN, client_id=None))
    assert one.update_with_trade_update(fill(client_id=""))


def test_an_update_tells_whether_it_changed_anything() -> None:
    one = order()
    said = [status(S.OPEN), status(S.OPEN), status(S.OPEN, exchange_order_id="78"), status(S.OPEN)]
    assert [one.update_with_order_update(each) for each in said] == [True, False, True, False]


def test_an_update_without_an_exchange_id_teaches_none() -> None:
    one = order()
    one.update_with_order_update(status(S.OPEN, exchange_order_id=None))
    assert one.exchange_order_id is None


def test_an_amended_price_is_the_price() -> None:
    one = order()
    one.update_with_order_update(status(S.OPEN, price=Decimal(99)))
    assert one.price == Decimal(99)


def test_an_amount_below_the_fills_is_not_believed() -> None:
    one = order()
    one.update_with_trade_update(fill("t1", "0.5"))
    one.update_with_order_update(status(S.OPEN, amount=Decimal("0.4")))
    assert one.amount == Decimal(1)


def test_a_claim_beyond_the_amount_is_cut_to_it() -> None:
    one = order()
    one.update_with_order_update(status(S.PARTIALLY_FILLED, "7"))
    assert one.filled_min == Decimal(1)


def test_bounds_narrow_as_more_is_known() -> None:
    one = order()
    bounds = [(one.filled_min, one.filled_max)]
    for said in (status(S.PARTIALLY_FILLED, "0.3"), status(S.CANCELED, "0.4", at=5.0)):
        one.update_with_order_update(said)
        bounds.append((one.filled_min, one.filled_max))
    assert bounds == [(0, 1), (Decimal("0.3"), 1), (Decimal("0.4"), Decimal("0.4"))]


def test_an_end_without_a_figure_leaves_the_upper_bound_open() -> None:
    one = order()
    one.update_with_order_update(status(S.CANCELED))
    assert (one.filled_max, one.is_short_of_fills) == (Decimal(1), True)


def test_a_fill_in_quarantine_is_in_the_upper_bound() -> None:
    one = order()
    one.update_with_trade_update(fill("t1", "1.5"))
    assert (one.filled_min, one.filled_max) == (Decimal(0), Decimal("2.5"))


def test_an_order_by_quote_amount_has_no_upper_bound_in_base_until_it_ends() -> None:
    one = by_quote()
    assert one.filled_max == Decimal("Infinity")
    one.update_with_order_update(status(S.FILLED, "0.99"))
    assert (one.filled_min, one.filled_max) == (Decimal("0.99"), Decimal("0.99"))


def test_an_order_by_quote_amount_spends_no_more_than_that() -> None:
    one = by_quote("100")
    assert one.update_with_trade_update(fill("t1", "0.9"))
    assert not one.update_with_trade_update(fill("t2", "0.2"))
    assert one.executed_amount_quote == Decimal(90)


def test_an_order_by_quote_amount_is_not_complete_without_a_fill() -> None:
    one = by_quote()
    one.update_with_order_update(status(S.FILLED))
    assert not one.is_end_complete
    one.update_with_trade_update(fill("t1", "0.9"))
    assert one.is_end_complete


def test_the_venue_tells_the_amount_of_an_order_by_quote_amount() -> None:
    one = by_quote()
    one.update_with_order_update(status(S.OPEN, amount=Decimal("0.99")))
    assert one.amount == Decimal("0.99")


def test_two_doubts_end_with_the_later_one() -> None:
    one = order()
    assert one.enter_doubt(Doubt(reason=DoubtReason.PLACE, since=2.0, settles_at=10.0))
    assert not one.enter_doubt(Doubt(reason=DoubtReason.CANCEL, since=3.0, settles_at=12.0))
    assert one.doubt == Doubt(reason=DoubtReason.PLACE, since=2.0, settles_at=12.0)
    assert one.in_doubt_since == 2.0


def test_misses_count_from_the_end_of_the_doubt_only() -> None:
    one = order()
    one.count_miss(Question.ORDER, 20.0)
    one.enter_doubt(Doubt(reason=DoubtReason.PLACE, since=2.0, settles_at=10.0))
    for asked_at in (9.9, 12.0, 10.0, 11.0):
        one.count_miss(Question.ORDER, asked_at)
    assert one.misses == {Question.ORDER: (10.0, 12.0)}


def test_memory_holds_everything() -> None:
    one = InFlightOrder.of(
        buy(trigger_price=Decimal(90), reduce_only=True, leverage=3, position=PositionAction.CLOSE), 1.5
    )
    one.update_with_order_update(status(S.UNTRIGGERED, exchange_order_id="algo-5"))
    one.update_with_order_update(status(S.PENDING_CANCEL, "0.6", at=2.5))
    one.update_with_trade_update(fill("t1", "0.5", is_taker=False))
    one.update_with_trade_update(fill("t2", "5"))
    one.enter_doubt(Doubt(reason=DoubtReason.CANCEL, since=3.0, settles_at=4.0))
    one.count_miss(Question.ORDER, 5.0)
    restored = again(one)
    assert restored.to_json() == one.to_json()
    assert (restored.intent, restored.current_state) == (one.intent, S.PENDING_CANCEL)
    assert restored.exchange_order_ids == ["algo-5", "77"]
    assert not restored.order_fills["t1"].is_taker
    assert (restored.filled_min, restored.filled_max) == (one.filled_min, one.filled_max)
    assert restored.average_executed_price == one.average_executed_price


def test_writing_an_order_down_changes_nothing_and_asks_nobody() -> None:
    one = order()
    one.update_with_trade_update(fill("t1", "0.5"))
    assert one.to_json() == one.to_json()
    assert not any("fee" in key for key in one.to_json())


def test_a_market_order_is_restored_without_a_price() -> None:
    one = by_quote()
    assert again(one).price is None
    assert again(one).intent.quote_amount == Decimal(100)


def shared_words(**more: Any) -> dict[str, Any]:
    """Only what the shared vocabulary writes."""
    words = {
        "client_order_id": "id-1",
        "exchange_order_id": "77",
        "trading_pair": PAIR,
        "order_type": "LIMIT",
        "trade_type": "SELL",
        "price": "100",
        "amount": "1",
        "executed_amount_base": "0",
        "executed_amount_quote": "0",
        "last_state": "1",
        "leverage": "1",
        "position": "NIL",
    }
    return words | more


def test_what_others_wrote_is_read() -> None:
    one = InFlightOrder.from_json(shared_words())
    assert (one.current_state, one.creation_timestamp, one.last_update_timestamp) == (S.OPEN, -1.0, -1.0)
    assert one.is_creation_told
    assert not one.is_end_told


def test_an_end_that_others_wrote_is_an_end() -> None:
    one = InFlightOrder.from_json(shared_words(last_state="3", last_update_timestamp=9.0))
    assert one.is_end_told
    assert one.ended_at == 9.0


def test_a_price_that_is_no_number_is_none() -> None:
    one = InFlightOrder.from_json(shared_words(order_type="MARKET", price="NaN"))
    assert one.price is None


def test_a_pending_cancel_that_others_wrote_keeps_its_fills() -> None:
    fills = {"t1": fill("t1", "0.5").to_json()}
    one = InFlightOrder.from_json(shared_words(last_state="2", order_fills=fills))
    assert (one.current_state, one.life) == (S.PENDING_CANCEL, S.PARTIALLY_FILLED)


def test_an_order_is_handed_around_as_a_limit_order() -> None:
    one = order()
    one.update_with_trade_update(fill("t1", "0.5"))
    assert one.to_limit_order() == LimitOrder(
        "id-1", PAIR, True, "COINX", "USDT", Decimal(100), Decimal(1), Decimal("0.5"), 1_000_000
    )


def test_a_market_order_is_no_limit_order() -> None:
    with pytest.raises(ValueError, match="has no price"):
        by_quote().to_limit_order()


def test_an_order_reads_well_in_a_log() -> None:
    one = order()
    assert repr(one) == "<InFlightOrder id-1 PENDING_CREATE 0/1>"
    one.enter_doubt(Doubt(reason=DoubtReason.PLACE, since=2.0, settles_at=None))
    assert repr(one) == "<InFlightOrder id-1 PENDING_CREATE 0/1 in doubt: the answer to the order is missing>"


def test_orders_are_told_apart_by_identity_and_can_be_keys() -> None:
    one, other = order(), order()
    assert {one: 1, other: 2}[one] == 1


def test_an_intent_is_what_was_meant_even_after_an_amend() -> None:
    one = order()
    one.update_with_order_update(status(S.OPEN, amount=Decimal(2)))
    assert isinstance(one.intent, NewOrder)
    assert (one.intent.amount, one.amount) == (Decimal(1), Decimal(2))


def test_a_fill_counts_once() -> None:
    one = order()
    assert [one.update_with_trade_update(fill("t1", "0.5")) for _ in range(2)] == [True, False]


def test_a_fill_in_quarantine_waits_until_it_fits() -> None:
    one = order()
    one.update_with_trade_update(fill("t1", "1.5"))
    one.update_with_trade_update(fill("t2", "5"))
    one.update_with_order_update(status(S.OPEN, amount=Decimal(2)))
    assert [trade.trade_id for trade in one.release_quarantine()] == ["t1"]
    assert list(one.quarantined_fills) == ["t2"]
