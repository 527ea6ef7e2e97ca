"""What Binance spot documents about orders, trades and balances, and what venuekit makes of it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.venues.documented import DataPath, example

from venuekit import errors
from venuekit.model.account import AccountOrder, AssetBalance, BalanceReport, OrderAnswer
from venuekit.model.fees import (
    AddedToCostTradeFee,
    DeductedFromReturnsTradeFee,
    TokenAmount,
    TradeFeeSchema,
)
from venuekit.model.order import (
    NewOrder,
    OpenOrder,
    OrderState,
    OrderType,
    TimeInForce,
    TradeType,
    TriggerBy,
    TriggerDirection,
)
from venuekit.model.order_update import Evidence, OrderUpdate, TradeUpdate
from venuekit.protocol.endpoint import parameters
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.venues.binance.spot import orders, wire

FILE, REST, SOCKET, PREVENTION = "doc_binance_spot", "rest-api.md", "web-socket-api.md", "stp_faq.md"
BUY, SELL = TradeType.BUY, TradeType.SELL
RISING, FALLING = TriggerDirection.RISING, TriggerDirection.FALLING
D = Decimal


def documented(data_path: DataPath, page: str, heading: str, number: int, kind: Any) -> Any:
    """A documented answer as its struct; the result in one of the WebSocket API."""
    payload = example(data_path, FILE, page, heading, number)
    result = msgspec.json.decode(payload)
    if page == SOCKET:
        payload = msgspec.json.encode(result["result"])
    return msgspec.json.decode(payload, type=kind)


def row(**said: Any) -> wire.Order:
    """An order as the venue tells it, with what a test is about."""
    plain = {
        "symbol": "BTCUSDT", "orderId": 7, "clientOrderId": "x1", "price": "10.0", "origQty": "2.0",
        "executedQty": "0.0", "status": "NEW", "type": "LIMIT", "side": "BUY", "time": 1000,
        "updateTime": 2000, "isWorking": True, "workingTime": 1000,
    }  # fmt: skip
    return msgspec.convert(plain | said, wire.Order, strict=False)


def intent(**said: Any) -> NewOrder:
    """A limit buy, with what a test is about."""
    plain: dict[str, Any] = {
        "client_order_id": "x1", "trading_pair": "BTC-USDT", "trade_type": BUY, "amount": D(1),
        "price": D(10),
    }  # fmt: skip
    return NewOrder(**(plain | said))


def update(said: wire.Order) -> OrderUpdate:
    return orders.status_row("BTC-USDT", said)


# Answers to commands.


def test_the_documented_full_answer_is_an_end_and_its_fills(data_path: DataPath) -> None:
    answer = orders.order_answer("BTC-USDT", documented(data_path, REST, "New order (TRADE)", 2, wire.Order))
    assert answer.update == OrderUpdate(
        "BTC-USDT", 1507725176.595, OrderState.FILLED, "6gCrw2kRUAF9CvJDGP16IP", "28",
        filled_amount=D("10.00000000"), amount=D("10.00000000"), price=None,
    )  # fmt: skip
    assert answer.fills[0] == TradeUpdate(
        trade_id="56", client_order_id="6gCrw2kRUAF9CvJDGP16IP", exchange_order_id="28",
        trading_pair="BTC-USDT",
        fill_timestamp=1507725176.595, fill_price=D(4000), fill_base_amount=D(1), fill_quote_amount=D(4000),
        fee=DeductedFromReturnsTradeFee(flat_fees=(TokenAmount("USDT", D("4.00000000")),)), is_taker=True,
    )  # fmt: skip
    assert [fill.trade_id for fill in answer.fills] == ["56", "57", "58", "59", "60"]
    assert sum(fill.fill_base_amount for fill in answer.fills) == answer.update.filled_amount
    assert sum(fill.fill_quote_amount for fill in answer.fills) == D("39983")


def test_the_documented_result_is_the_same_end_without_fills(data_path: DataPath) -> None:
    full, result = (
        orders.order_answer("BTC-USDT", documented(data_path, REST, "New order (TRADE)", number, wire.Order))
        for number in (2, 1)
    )
    assert result == OrderAnswer(update=full.update)


def test_the_documented_acknowledgement_tells_the_id_and_no_state(data_path: DataPath) -> None:
    answer = orders.order_answer("BTC-USDT", documented(data_path, REST, "New order (TRADE)", 0, wire.Order))
    told = OrderUpdate("BTC-USDT", 1507725176.595, OrderState.PENDING_CREATE, "6gCrw2kRUAF9CvJDGP16IP", "28")
    assert answer == OrderAnswer(update=told)


@pytest.mark.parametrize(
    ("number", "state", "filled"),
    [(1, "PENDING_CREATE", None), (2, "OPEN", "0E-8"), (3, "FILLED", "0.00847")],
)
def test_the_documented_answers_of_the_socket_are_the_same_words(
    data_path: DataPath, number: int, state: str, filled: str | None
) -> None:
    said = documented(data_path, SOCKET, "Place new order (TRADE)", number, wire.Order)
    answer = orders.order_answer("BTC-USDT", said)
    assert answer.update is not None
    assert answer.update.new_state is OrderState[state]
    assert answer.update.filled_amount == (None if filled is None else D(filled))


def test_a_documented_market_order_that_found_too_little_expires_with_its_fills(data_path: DataPath) -> None:
    said = documented(data_path, "market_orders_faq.md", "MARKET orders", 0, wire.Order)
    answer = orders.order_answer("LTC-BNB", said)
    assert answer.update is not None
    assert (answer.update.new_state, answer.update.filled_amount, answer.update.amount) == (
        OrderState.EXPIRED, D(4), D(6),
    )  # fmt: skip
    assert answer.update.misc_updates is None
    assert [fill.fee for fill in answer.fills] == [
        AddedToCostTradeFee(flat_fees=(TokenAmount("BNB", D("0.001")),))
    ] * 2


def test_the_documented_cancel_is_of_the_order_and_not_of_its_own_id(data_path: DataPath) -> None:
    said = documented(data_path, REST, "Cancel order (TRADE)", 0, wire.Order)
    assert orders.order_answer("LTC-BTC", said).update == OrderUpdate(
        "LTC-BTC", 1684804350.068, OrderState.CANCELED, "myOrder1", "4",
        filled_amount=D("0E-8"), amount=D("1.00000000"), price=D("2.00000000"),
    )  # fmt: skip


def test_the_documented_cancel_of_a_partly_filled_order_says_how_much(data_path: DataPath) -> None:
    said = documented(data_path, SOCKET, "Cancel order (TRADE)", 1, wire.Order)
    told = orders.order_answer("BTC-USDT", said).update
    assert told is not None
    assert (told.new_state, told.filled_amount) == (OrderState.CANCELED, D("0.00001000"))


@pytest.mark.parametrize(
    ("page", "number", "ids", "state", "amount"),
    [
        (REST, 0, ("5xrgbMyg6z36NzBn2pbT8H", "33"), OrderState.OPEN, "5.00000000"),
        (REST, 1, ("W0fJ9fiLKHOJutovPK3oJp", "9"), OrderState.UNTRIGGERED, "4.00000000"),
        (SOCKET, 1, ("my_test_order1", "12"), OrderState.OPEN, "5.00000000"),
    ],
)
def test_the_documented_amend_is_of_the_id_that_we_know(
    data_path: DataPath, page: str, number: int, ids: tuple[str, str], state: OrderState, amount: str
) -> None:
    said = documented(data_path, page, "Order Amend Keep Priority (TRADE)", number, wire.Amendment)
    told = orders.order_update("BTC-USDT", said.order, said.transaction_time)
    assert (told.client_order_id, told.exchange_order_id) == ids
    assert (told.new_state, told.amount, told.filled_amount) == (state, D(amount), D(0))


# Answers to questions.


@pytest.mark.parametrize(
    ("heading", "is_list"),
    [
        ("Query order (USER_DATA)", False),
        ("Current open orders (USER_DATA)", True),
        ("All orders (USER_DATA)", True),
    ],
)
def test_the_documented_row_of_an_order_is_read_alike_in_each_answer(
    data_path: DataPath, heading: str, is_list: bool
) -> None:
    said = documented(data_path, REST, heading, 0, list[wire.Order] if is_list else wire.Order)
    (told,) = said if is_list else (said,)
    assert orders.account_order("LTC-BTC", told) == AccountOrder(
        update=OrderUpdate(
            "LTC-BTC", 1499827319.559, OrderState.OPEN, "myOrder1", "1",
            filled_amount=D("0.0"), amount=D("1.0"), price=D("0.1"),
        ),
        row=OpenOrder(
            "myOrder1", "LTC-BTC", D("0.1"), D("1.0"), D("0.0"), "NEW", OrderType.LIMIT, True, 1499827319.559,
            "1",
        ),
    )  # fmt: skip


def test_who_asks_sets_evidence_and_moment() -> None:
    assert (update(row()).evidence, update(row()).observed_at) == (Evidence.PRIVATE_STREAM, None)


def test_the_documented_trade_is_exact_and_its_fee_is_as_charged(data_path: DataPath) -> None:
    said = documented(data_path, REST, "Account trade list (USER_DATA)", 0, list[wire.AccountTrade])
    assert [orders.account_trade("BNB-BTC", each, "mine") for each in said] == [
        TradeUpdate(
            trade_id="28457", client_order_id="mine", exchange_order_id="100234", trading_pair="BNB-BTC",
            fill_timestamp=1499865549.59, fill_price=D("4.00000100"), fill_base_amount=D("12.00000000"),
            fill_quote_amount=D("48.000012"), is_taker=True,
            fee=DeductedFromReturnsTradeFee(flat_fees=(TokenAmount("BNB", D("10.10000000")),)),
        )
    ]  # fmt: skip


def test_the_documented_trades_of_a_maker_in_a_third_token(data_path: DataPath) -> None:
    said = documented(data_path, SOCKET, "Account trade history (USER_DATA)", 1, list[wire.AccountTrade])
    told = [orders.account_trade("BTC-USDT", each) for each in said]
    assert [(each.trade_id, each.is_taker, each.client_order_id) for each in told] == [
        ("1650422481", False, ""), ("1650422482", False, ""),
    ]  # fmt: skip
    assert sum(each.fill_quote_amount for each in told) == D("198.33521500")
    assert {type(each.fee) for each in told} == {AddedToCostTradeFee}


@pytest.mark.parametrize(
    ("is_buy", "asset", "kind"),
    [
        (True, "BTC", DeductedFromReturnsTradeFee),
        (True, "USDT", AddedToCostTradeFee),
        (True, "BNB", AddedToCostTradeFee),
        (False, "USDT", DeductedFromReturnsTradeFee),
        (False, "BTC", AddedToCostTradeFee),
        (False, "BNB", AddedToCostTradeFee),
    ],
)
def test_a_fee_is_held_back_only_from_what_is_received(is_buy: bool, asset: str, kind: type) -> None:
    fee = orders.fee_of("BTC-USDT", is_buy, asset, D("0.000123456789012345678901234567890123"))
    assert type(fee) is kind
    assert fee.flat_fees == (TokenAmount(asset, D("0.000123456789012345678901234567890123")),)


def test_a_trade_without_a_fee_has_none() -> None:
    assert orders.fee_of("BTC-USDT", True, None, D(0)).flat_fees == ()


def test_the_documented_balances_are_whole_and_exact(data_path: DataPath) -> None:
    said = documented(data_path, REST, "Account information (USER_DATA)", 0, wire.Account)
    assert orders.balance_report(said) == BalanceReport(
        balances=(
            AssetBalance(asset="BTC", total=D("4723846.89208129"), available=D("4723846.89208129")),
            AssetBalance(asset="LTC", total=D("4763368.68006011"), available=D("4763368.68006011")),
        ),
        observed_at=0.0,
        is_complete=True,
    )


def test_what_is_locked_is_owned_to_the_last_of_thirty_digits() -> None:
    free, locked = D("999999999999.000000000000000001"), D("0.000000000000000001")
    told = orders.balance("SHIB", free, locked)
    assert (told.total, told.available) == (D("999999999999.000000000000000002"), free)


# Commission.


def test_the_documented_commission_sums_role_and_dearer_side(data_path: DataPath) -> None:
    said = documented(data_path, REST, "Query Commission Rates (USER_DATA)", 0, wire.Commission)
    assert orders.has_discount(said)
    # Seller is the dearer side: 0.0000004 + 0.00000116 + 0.04, buyer 0.0000003 + 0.00000118 + 0.03.
    assert orders.fee_schema(said, is_discounted=False) == TradeFeeSchema(
        maker_percent_fee_decimal=D("0.0000001") + D("0.01") + D("0.00000112") + D("0.04000156"),
        taker_percent_fee_decimal=D("0.0000002") + D("0.02") + D("0.00000114") + D("0.04000156"),
        buy_percent_fee_deducted_from_returns=True,
    )


def test_the_documented_arithmetic_of_the_discount(data_path: DataPath) -> None:
    # faqs/commission_faq.md: selling 0.49975 BTC at 35,000 as a taker, 1 BNB at 260 USDT. Its third sum has a
    # slip (0.0600003 for 0.06), so the special commission is reckoned anew here: 17,491.25 * 0.06.
    said = documented(data_path, "commission_faq.md", "How is the commission calculated?", 0, wire.Commission)
    schema = orders.fee_schema(said, is_discounted=True)
    notional = D(35000) * D("0.49975")
    standard, tax, special = D("0.01049475") * D("0.25"), D("0.04022988"), notional * D("0.06")
    share = schema.taker_percent_fee_decimal * notional
    # The page's tax is its own product rounded; hence the tolerance, in USDT.
    assert abs(share - (standard + tax + special)) < D("0.00001")
    assert (schema.percent_fee_token, schema.buy_percent_fee_deducted_from_returns) == ("BNB", False)


@pytest.mark.parametrize(("account", "symbol"), [(False, True), (True, False), (False, False)])
def test_a_discount_needs_both_the_account_and_the_symbol(account: bool, symbol: bool) -> None:
    none = wire.Rates(maker=D(0), taker=D(0), buyer=D(0), seller=D(0))
    discount = wire.Discount(
        is_enabled_for_account=account, is_enabled_for_symbol=symbol, asset="BNB", factor=D("0.75")
    )
    assert not orders.has_discount(wire.Commission(standard=none, special=none, tax=none, discount=discount))


# States.


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("NEW", OrderState.OPEN),
        ("PENDING_NEW", OrderState.UNTRIGGERED),
        ("PARTIALLY_FILLED", OrderState.PARTIALLY_FILLED),
        ("FILLED", OrderState.FILLED),
        ("CANCELED", OrderState.CANCELED),
        ("PENDING_CANCEL", OrderState.PENDING_CANCEL),
        ("REJECTED", OrderState.FAILED),
        ("EXPIRED", OrderState.EXPIRED),
        ("EXPIRED_IN_MATCH", OrderState.EXPIRED),
    ],
)
def test_each_documented_status_has_its_state(word: str, state: OrderState) -> None:
    assert update(row(status=word)).new_state is state


@pytest.mark.parametrize("word", ["", "SUSPENDED", "new", "FILLED_LATER"])
def test_a_status_that_is_not_documented_ends_nothing_and_is_told(word: str) -> None:
    told = update(row(status=word))
    assert told.new_state is OrderState.PENDING_CREATE
    assert told.misc_updates == ({"status": word} if word else None)
    order = InFlightOrder.of(intent(), 0.0)
    order.update_with_order_update(told)
    assert (order.is_done, order.exchange_order_id) == (False, "7")


@pytest.mark.parametrize("kind", ["STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"])
@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"isWorking": False, "workingTime": -1}, OrderState.UNTRIGGERED),
        ({"isWorking": None, "workingTime": -1}, OrderState.UNTRIGGERED),
        ({"isWorking": None, "workingTime": None}, OrderState.UNTRIGGERED),
        ({"isWorking": True}, OrderState.OPEN),
        ({"isWorking": None, "workingTime": 1507725176595}, OrderState.OPEN),
        ({"isWorking": False, "status": "CANCELED"}, OrderState.CANCELED),
    ],
)
def test_a_conditional_order_is_open_once_it_works_on_the_book(
    kind: str, said: dict[str, Any], state: OrderState
) -> None:
    assert update(row(type=kind, **said)).new_state is state


def test_an_ordinary_order_needs_no_word_that_it_works() -> None:
    assert update(row(isWorking=None, workingTime=None)).new_state is OrderState.OPEN


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"expiryReason": "INSUFFICIENT_LIQUIDITY"}, "INSUFFICIENT_LIQUIDITY"),
        ({"expiryReason": "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"}, "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"),
        ({"expiryReason": "A_NEW_ONE"}, "A_NEW_ONE"),
        ({"status": "EXPIRED_IN_MATCH"}, "EXPIRED_IN_MATCH"),
        ({"status": "EXPIRED_IN_MATCH", "expiryReason": "NONE"}, "EXPIRED_IN_MATCH"),
    ],
)
def test_an_expired_order_says_why(said: dict[str, Any], reason: str) -> None:
    assert update(row(**{"status": "EXPIRED", **said})).misc_updates == {"expiry_reason": reason}


@pytest.mark.parametrize("said", [{}, {"expiryReason": "NONE"}])
def test_an_expired_order_of_which_no_reason_is_told_has_none(said: dict[str, Any]) -> None:
    assert update(row(status="EXPIRED", **said)).misc_updates is None


def test_a_living_order_expires_for_no_reason() -> None:
    assert update(row(expiryReason="NONE")).misc_updates is None


# Self-trade prevention.


@pytest.mark.parametrize(
    ("number", "state", "amount", "prevented"),
    [
        (2, OrderState.EXPIRED, "1.2", "1.200000"),  # scenario B, first maker: all of it is taken off
        (5, OrderState.OPEN, "3", None),  # scenario B, taker
        (9, OrderState.EXPIRED, "3", "3.000000"),  # scenario C, taker
        (16, OrderState.OPEN, "4", "2.00000000"),  # scenario G, maker: 2 of 6 can never fill any more
        (17, OrderState.EXPIRED, "2", "2.00000000"),  # scenario G, taker
        (20, OrderState.OPEN, "0.4", "0.20000000"),  # scenario H, maker
    ],
)
def test_the_documented_prevented_quantity_of_a_living_order_is_no_part_of_its_amount(
    data_path: DataPath, number: int, state: OrderState, amount: str, prevented: str | None
) -> None:
    told = update(documented(data_path, PREVENTION, "STP Examples", number, wire.Order))
    assert (told.new_state, told.amount, told.filled_amount) == (state, D(amount), D(0))
    assert (told.misc_updates or {}).get("prevented_amount") == prevented
    is_expired = state is OrderState.EXPIRED
    assert (told.misc_updates or {}).get("expiry_reason") == ("EXPIRED_IN_MATCH" if is_expired else None)


def test_an_order_that_prevention_made_smaller_ends_as_filled_without_that_part() -> None:
    # Of 6, 2 are prevented and 4 fill: the venue calls that FILLED, and no fill is missing.
    order = InFlightOrder.of(intent(amount=D(6)), 0.0)
    said = row(origQty="6", executedQty="4", preventedQuantity="2", status="FILLED", updateTime=3000)
    trade = orders.trade_update(
        "BTC-USDT", trade_id=1, order_id=7, client_order_id="x1", milliseconds=3000, price=D(10), amount=D(4),
        quote_amount=D(40), fee=orders.fee_of("BTC-USDT", True, "BTC", D(0)), is_taker=False,
    )  # fmt: skip
    order.update_with_order_update(update(row(origQty="6", preventedQuantity="2")))
    order.update_with_trade_update(trade)
    order.update_with_order_update(update(said))
    assert (order.is_filled, order.is_short_of_fills, order.is_end_complete) == (True, False, True)


def test_an_amount_is_never_less_than_what_is_filled() -> None:
    # The documented example of order.status has an illustrative prevented quantity beyond its amount.
    told = update(row(origQty="2", executedQty="2", preventedQuantity="5", status="FILLED"))
    assert told.amount == D(2)


# Our orders in their words.

TERMS = {
    "symbol": "BTCUSDT", "side": "BUY", "newClientOrderId": "x1", "newOrderRespType": "FULL", "quantity": "1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "direction", "expected"),
    [
        ({}, None, {"type": "LIMIT", "timeInForce": "GTC", "price": "10"}),
        (
            {"time_in_force": TimeInForce.IOC},
            None,
            {"type": "LIMIT", "timeInForce": "IOC", "price": "10"},
        ),
        (
            {"time_in_force": TimeInForce.FOK, "price": D("1E-8")},
            None,
            {"type": "LIMIT", "timeInForce": "FOK", "price": "0.00000001"},
        ),
        ({"time_in_force": TimeInForce.GTX}, None, {"type": "LIMIT_MAKER", "price": "10"}),
        ({"order_type": OrderType.LIMIT_MAKER}, None, {"type": "LIMIT_MAKER", "price": "10"}),
        ({"order_type": OrderType.MARKET, "price": None}, None, {"type": "MARKET"}),
        (
            {"trigger_price": D(12)},
            RISING,
            {"type": "STOP_LOSS_LIMIT", "timeInForce": "GTC", "price": "10", "stopPrice": "12"},
        ),
        (
            {"trigger_price": D(8)},
            FALLING,
            {"type": "TAKE_PROFIT_LIMIT", "timeInForce": "GTC", "price": "10", "stopPrice": "8"},
        ),
        (
            {"trigger_price": D(12), "trade_type": SELL},
            RISING,
            {
                "side": "SELL", "type": "TAKE_PROFIT_LIMIT", "timeInForce": "GTC", "price": "10",
                "stopPrice": "12",
            },
        ),
        (
            {"trigger_price": D(8), "trade_type": SELL, "order_type": OrderType.MARKET, "price": None},
            FALLING,
            {"side": "SELL", "type": "STOP_LOSS", "stopPrice": "8"},
        ),
        (
            {"trigger_price": D(8), "order_type": OrderType.MARKET, "price": None},
            FALLING,
            {"type": "TAKE_PROFIT", "stopPrice": "8"},
        ),
    ],
)  # fmt: skip
def test_each_kind_of_order_travels_with_the_parameters_that_its_type_demands(
    said: dict[str, Any], direction: TriggerDirection | None, expected: dict[str, str]
) -> None:
    assert parameters(orders.new_order(intent(**said), "BTCUSDT", direction)) == TERMS | expected


def test_a_market_order_by_quote_amount_names_no_quantity() -> None:
    query = orders.new_order(
        intent(order_type=OrderType.MARKET, price=None, amount=None, quote_amount=D("100.5")), "BTCUSDT", None
    )
    sent = parameters(query)
    assert (sent["quoteOrderQty"], "quantity" in sent) == ("100.5", False)


@pytest.mark.parametrize(
    ("said", "direction"),
    [
        ({"reduce_only": True}, None),
        ({"trigger_price": D(12), "trigger_by": TriggerBy.MARK}, RISING),
        ({"trigger_price": D(12), "order_type": OrderType.LIMIT_MAKER}, RISING),
        ({"trigger_price": D(12), "time_in_force": TimeInForce.GTX}, RISING),
        (
            {
                "trigger_price": D(12), "order_type": OrderType.MARKET, "price": None, "amount": None,
                "quote_amount": D(5),
            },
            RISING,
        ),
    ],
)  # fmt: skip
def test_an_order_that_the_venue_does_not_have_is_not_turned_into_another(
    said: dict[str, Any], direction: TriggerDirection | None
) -> None:
    with pytest.raises(errors.Unsupported):
        orders.new_order(intent(**said), "BTCUSDT", direction)


# Ids.


def test_an_order_is_named_by_one_of_its_ids_and_by_the_venues_where_it_is_known() -> None:
    order = InFlightOrder.of(intent(), 0.0)
    assert orders.which_order(order) == {"original_client_order_id": "x1"}
    order.bind("7")
    assert orders.which_order(order) == {"order_id": 7}


@pytest.mark.parametrize("client_order_id", ["x", "x" * 32])
def test_the_id_of_a_cancel_keeps_to_the_rule_and_leads_back_to_the_order(client_order_id: str) -> None:
    cancel = orders.cancel_id(client_order_id)
    # fix-api.md, "Client order ID fields must conform to the regex".
    assert re.fullmatch(r"[a-zA-Z0-9-_]{1,36}", cancel)
    assert cancel != client_order_id
    assert update(row(clientOrderId=cancel, status="CANCELED")).client_order_id == client_order_id


@pytest.mark.parametrize(
    ("said", "is_it"),
    [
        ({"clientOrderId": "x1"}, True),
        ({"clientOrderId": "x1-c"}, True),
        ({"clientOrderId": "x10"}, False),
        ({"clientOrderId": "web_abc", "orderId": 7}, True),
        ({"clientOrderId": "web_abc", "orderId": 8}, False),
    ],
)
def test_a_row_is_of_an_order_by_either_id(said: dict[str, Any], is_it: bool) -> None:
    order = InFlightOrder.of(intent(), 0.0)
    order.bind("7")
    assert orders.is_about(row(**({"orderId": 9} | said)), order) is is_it


def test_a_rejection_has_its_class_and_the_venues_word() -> None:
    assert orders.rejection("INSUFFICIENT_BALANCES") == {
        "error_type": "InsufficientBalance", "error_message": "INSUFFICIENT_BALANCES",
    }  # fmt: skip
    assert orders.rejection("SOMETHING_NEW")["error_type"] == "OrderRefused"
