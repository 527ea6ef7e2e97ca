"""Orders on the emulated Binance spot: what is taken in, what it leads to, what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.emulator.customer import Client, command, question, trading_venue
from tests.emulator.scripted_market import ScriptedMarket

CLOSED = (400, -1013, "Market is closed.")
UNKNOWN = (400, -2011, "Unknown order sent.")


@pytest.fixture
def market() -> ScriptedMarket:
    return ScriptedMarket()


@pytest.fixture
def client(market: ScriptedMarket) -> Client:
    return Client(trading_venue(market)[0])


# Placing.


def test_a_limit_order_that_meets_nobody_rests_and_holds_its_cost(client: Client) -> None:
    said = client.place(newClientOrderId="mine")
    assert (said["orderId"], said["clientOrderId"], said["status"], said["fills"]) == (1, "mine", "NEW", [])
    assert said["transactTime"] == said["workingTime"] == round(client.now * 1000)
    assert client.balance("USDT") == ("999902.00000000", "98.00000000")


def test_an_order_that_meets_the_book_is_filled_at_the_books_prices(client: Client) -> None:
    said = client.place(price="102", quantity="1.5")
    assert (said["status"], said["executedQty"], said["cummulativeQuoteQty"]) == (
        "FILLED",
        "1.50000000",
        "152.00000000",
    )
    assert [(fill["price"], fill["qty"]) for fill in said["fills"]] == [
        ("101.00000000", "1.00000000"),
        ("102.00000000", "0.50000000"),
    ]
    assert client.balance("USDT") == ("999848.00000000", "0.00000000")
    assert client.balance("BTC") == ("11.49850000", "0.00000000")


def test_the_fee_is_a_thousandth_of_what_the_trade_brings(client: Client) -> None:
    (bought,) = client.place(price="101")["fills"]
    (sold,) = client.place(side="SELL", price="99")["fills"]
    assert (bought["commission"], bought["commissionAsset"]) == ("0.00100000", "BTC")
    assert (sold["commission"], sold["commissionAsset"]) == ("0.09900000", "USDT")


def test_fees_in_the_venues_token_are_discounted(client: Client) -> None:
    command(
        client.venue, "fee_plan", account="hmac", maker="0.001", taker="0.001", token="BNB", discount="0.25"
    )
    (fill,) = client.place(price="101")["fills"]
    # A thousandth of 101 USDT, a quarter off, at 580 USDT a BNB: what it is worth where no market tells.
    assert (fill["commission"], fill["commissionAsset"]) == ("0.00013060", "BNB")
    assert client.balance("BNB")[0] == "99.99986940"
    assert client.call("GET", "account/commission", symbol="BTCUSDT")["discount"] == {
        "enabledForAccount": True,
        "enabledForSymbol": True,
        "discountAsset": "BNB",
        "discount": "0.75000000",
    }


def test_a_market_order_takes_what_there_is_and_the_rest_expires(client: Client) -> None:
    said = client.place(type="MARKET", quantity="7", price=None, timeInForce=None)
    assert (said["status"], said["origQty"], said["executedQty"]) == ("EXPIRED", "7.00000000", "5.00000000")
    assert (said["price"], said["timeInForce"]) == ("0.00000000", "GTC")
    assert client.order(orderId=said["orderId"])["expiryReason"] == "INSUFFICIENT_LIQUIDITY"


def test_a_market_order_by_quote_buys_as_much_as_that_makes(client: Client) -> None:
    said = client.place(type="MARKET", quoteOrderQty="152", quantity=None, price=None, timeInForce=None)
    assert (said["status"], said["executedQty"], said["origQuoteOrderQty"]) == (
        "FILLED",
        "1.50000000",
        "152.00000000",
    )


@pytest.mark.parametrize(
    ("time_in_force", "executed", "reason"),
    [
        ("IOC", "5.00000000", "UNFILLED_IOC_QUANTITY_EXPIRED"),
        ("FOK", "0.00000000", "UNFILLED_FOK_ORDER_EXPIRED"),
    ],
)
def test_what_an_impatient_order_does_not_get_expires(
    client: Client, time_in_force: str, executed: str, reason: str
) -> None:
    said = client.place(price="105", quantity="6", timeInForce=time_in_force)
    assert (said["status"], said["executedQty"]) == ("EXPIRED", executed)
    assert client.order(orderId=1)["expiryReason"] == reason
    assert client.balance("USDT")[1] == "0.00000000"


def test_a_maker_is_refused_where_it_would_take(client: Client) -> None:
    said = client.place(type="LIMIT_MAKER", price="101", timeInForce=None)
    assert client.refused(said) == (400, -2010, "Order would immediately match and take.")
    assert client.place(type="LIMIT_MAKER", price="100", timeInForce=None)["orderId"] == 1


def test_a_resting_order_is_filled_when_its_turn_comes(client: Client, market: ScriptedMarket) -> None:
    client.place(price="99")
    market.happens(2.0, trades=[("99.00", "1.500", False)])
    client.after = 3.0
    found = client.order(orderId=1)
    assert (found["status"], found["executedQty"]) == ("PARTIALLY_FILLED", "0.50000000")
    assert found["updateTime"] == round((client.now - 1.0) * 1000)
    (trade,) = client.call("GET", "myTrades", symbol="BTCUSDT")
    assert (trade["orderId"], trade["isMaker"], trade["isBuyer"], trade["qty"]) == (
        1,
        True,
        True,
        "0.50000000",
    )


@pytest.mark.parametrize(
    ("order_type", "side", "stop", "trade"),
    [
        ("STOP_LOSS", "BUY", "103", "103.50"),
        ("STOP_LOSS", "SELL", "97", "96.50"),
        ("TAKE_PROFIT", "BUY", "97", "96.50"),
        ("TAKE_PROFIT", "SELL", "103", "103.50"),
    ],
)
def test_an_order_with_a_stop_works_once_its_price_trades(
    client: Client, market: ScriptedMarket, order_type: str, side: str, stop: str, trade: str
) -> None:
    said = client.place(side=side, type=order_type, stopPrice=stop, price=None, timeInForce=None)
    assert "status" not in said, "orders with a stop are acknowledged unless more is asked for"
    waiting = client.order(orderId=1)
    assert (waiting["status"], waiting["isWorking"], waiting["workingTime"]) == ("NEW", False, -1)
    assert waiting["stopPrice"] == f"{stop}.00000000"
    market.happens(2.0, trades=[(trade, "0.001", side == "BUY")])
    client.after = 3.0
    done = client.order(orderId=1)
    assert (done["status"], done["isWorking"], done["executedQty"]) == ("FILLED", True, "1.00000000")
    assert done["workingTime"] == round((client.now - 1.0) * 1000)


def test_a_triggered_limit_order_stands_in_the_book(client: Client, market: ScriptedMarket) -> None:
    client.place(type="STOP_LOSS_LIMIT", stopPrice="103", price="100")
    market.happens(2.0, trades=[("103.00", "0.001", True)])
    client.after = 3.0
    found = client.order(orderId=1)
    assert (found["status"], found["isWorking"], found["type"]) == ("NEW", True, "STOP_LOSS_LIMIT")


def test_a_stop_that_is_reached_already_is_refused(client: Client) -> None:
    said = client.place(type="STOP_LOSS_LIMIT", stopPrice="100", price="100")
    assert client.refused(said) == (400, -2010, "Order would trigger immediately.")


@pytest.mark.parametrize(
    "terms", [{"price": "102", "quantity": "20000"}, {"side": "SELL", "quantity": "10.5"}]
)
def test_an_order_beyond_the_funds_is_refused_and_holds_nothing(client: Client, terms: Any) -> None:
    said = client.place(**terms)
    assert client.refused(said) == (400, -2010, "Account has insufficient balance for requested action.")
    assert client.balance("USDT") == ("1000000.00000000", "0.00000000")
    assert client.call("GET", "openOrders") == []


def test_nothing_on_the_other_side_is_told_to_an_order_by_quote(
    client: Client, market: ScriptedMarket
) -> None:
    market.happens(0.5, asks=[(f"{price}.00", "0.000") for price in range(101, 106)])
    said = client.place(type="MARKET", quoteOrderQty="100", quantity=None, price=None, timeInForce=None)
    assert client.refused(said) == (400, -2010, "Order book liquidity is less than symbol minimum quantity.")


@pytest.mark.parametrize(
    ("form", "has_status", "has_fills"),
    [("ACK", False, False), ("RESULT", True, False), ("FULL", True, True)],
)
def test_an_answer_is_as_long_as_it_is_wanted(
    client: Client, form: str, has_status: bool, has_fills: bool
) -> None:
    said = client.place(newOrderRespType=form)
    assert ("status" in said, "fills" in said) == (has_status, has_fills)


def test_what_labels_an_order_is_told_with_it(client: Client) -> None:
    said = client.place(strategyId="12", strategyType="1000001")
    assert (said["strategyId"], said["strategyType"]) == (12, 1000001)
    assert client.order(orderId=1)["strategyId"] == 12


def test_a_test_order_is_checked_and_not_placed(client: Client) -> None:
    good = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "1"}
    assert client.call("POST", "order/test", **good) == {}
    fees = client.call("POST", "order/test", computeCommissionRates="true", **good)
    assert fees["standardCommissionForOrder"] == {"maker": "0.00100000", "taker": "0.00100000"}
    said = client.call("POST", "order/test", **good | {"quantity": "0.0001"})
    assert client.refused(said) == (400, -1013, "Filter failure: LOT_SIZE")
    assert client.call("GET", "allOrders", symbol="BTCUSDT") == []


# Client ids.


def test_an_id_is_taken_while_its_order_is_open_and_free_afterwards(client: Client) -> None:
    client.place(newClientOrderId="one")
    assert client.refused(client.place(newClientOrderId="one")) == (400, -2010, "Duplicate order sent.")
    client.cancel(origClientOrderId="one")
    assert client.place(newClientOrderId="one")["orderId"] == 2
    assert client.order(origClientOrderId="one")["orderId"] == 2


def test_an_id_is_taken_in_one_symbol_and_account_only(client: Client) -> None:
    client.place(newClientOrderId="one")
    assert client.place(symbol="ETHUSDT", price="9", newClientOrderId="one")["orderId"] == 1
    assert Client(client.venue, "ed25519").place(newClientOrderId="one")["orderId"] == 2


def test_an_order_without_an_id_gets_one(client: Client) -> None:
    first, second = (client.place()["clientOrderId"] for _ in range(2))
    assert len(first) == len(second) == 22
    assert first != second


# Cancelling.


def test_a_cancellation_frees_what_the_order_held(client: Client) -> None:
    client.place(newClientOrderId="mine")
    said = client.cancel(orderId=1, newClientOrderId="stop")
    assert (said["origClientOrderId"], said["clientOrderId"], said["status"]) == ("mine", "stop", "CANCELED")
    assert client.balance("USDT") == ("1000000.00000000", "0.00000000")
    assert client.order(orderId=1)["clientOrderId"] == "mine"


@pytest.mark.parametrize(
    "named", [{"orderId": 7}, {"origClientOrderId": "x"}, {"orderId": 1, "origClientOrderId": "x"}]
)
def test_what_is_not_there_cannot_be_cancelled(client: Client, named: Any) -> None:
    client.place(newClientOrderId="mine")
    assert client.refused(client.cancel(**named)) == UNKNOWN
    assert client.order(orderId=1)["status"] == "NEW"


def test_an_order_is_cancelled_once(client: Client) -> None:
    client.place()
    client.cancel(orderId=1)
    assert client.refused(client.cancel(orderId=1)) == UNKNOWN


def test_nobody_cancels_or_sees_another_ones_order(client: Client) -> None:
    client.place()
    other = Client(client.venue, "ed25519")
    assert other.refused(other.cancel(orderId=1)) == UNKNOWN
    assert other.refused(other.order(orderId=1)) == (400, -2013, "Order does not exist.")
    assert other.call("GET", "openOrders") == []


def test_a_cancellation_without_an_order_is_refused(client: Client) -> None:
    assert client.refused(client.cancel()) == (
        400,
        -1102,
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    )


@pytest.mark.parametrize(
    ("restriction", "bought", "is_cancelled"),
    [
        ("ONLY_NEW", "", True),
        ("ONLY_NEW", "0.3", False),
        ("ONLY_PARTIALLY_FILLED", "0.3", True),
        ("ONLY_PARTIALLY_FILLED", "", False),
    ],
)
def test_a_cancellation_may_depend_on_the_orders_state(
    client: Client, restriction: str, bought: str, is_cancelled: bool
) -> None:
    client.place(price="100")
    if bought:
        command(client.venue, "order", symbol="BTCUSDT", fills=1, amount=bought)
    said = client.cancel(orderId=1, cancelRestrictions=restriction)
    if is_cancelled:
        assert said["status"] == "CANCELED"
    else:
        assert client.refused(said) == (400, -2011, "Order was not canceled due to cancel restrictions.")


def test_all_orders_of_a_symbol_end_at_once(client: Client) -> None:
    client.place()
    client.place(type="STOP_LOSS", side="SELL", stopPrice="90", price=None, timeInForce=None)
    client.place(symbol="ETHUSDT", price="9")
    said = client.call("DELETE", "openOrders", symbol="BTCUSDT")
    assert [row["orderId"] for row in said] == [1, 2]
    assert len({row["clientOrderId"] for row in said}) == 1
    assert [row["symbol"] for row in client.call("GET", "openOrders")] == ["ETHUSDT"]
    assert client.refused(client.call("DELETE", "openOrders", symbol="BTCUSDT")) == UNKNOWN


# Amending.


def _amend(client: Client, **terms: Any) -> Any:
    return client.call("PUT", "order/amend/keepPriority", **{"symbol": "BTCUSDT", "orderId": 1} | terms)


def test_an_amended_order_is_smaller_and_keeps_its_place(client: Client, market: ScriptedMarket) -> None:
    client.place(price="99", quantity="2", newClientOrderId="old")
    said = _amend(client, newQty="1.5", newClientOrderId="new")
    amended = said["amendedOrder"]
    assert (amended["origClientOrderId"], amended["clientOrderId"], amended["qty"]) == (
        "old",
        "new",
        "1.50000000",
    )
    assert client.balance("USDT")[1] == "148.50000000"
    assert client.order(origClientOrderId="new")["origQty"] == "1.50000000"
    assert client.refused(client.order(origClientOrderId="old"))[1] == -2013
    # One unit of the crowd stood before it, and still does.
    market.happens(2.0, trades=[("99.00", "1.250", False)])
    client.after = 3.0
    assert client.order(orderId=1)["executedQty"] == "0.25000000"
    (history,) = client.call("GET", "order/amendments", symbol="BTCUSDT", orderId=1)
    assert (history["executionId"], history["origQty"], history["newQty"]) == (
        said["executionId"],
        "2.00000000",
        "1.50000000",
    )


def test_an_amended_order_may_keep_its_id(client: Client) -> None:
    client.place(quantity="2", newClientOrderId="mine")
    assert _amend(client, newQty="1", newClientOrderId="mine")["amendedOrder"]["clientOrderId"] == "mine"
    assert client.order(origClientOrderId="mine")["origQty"] == "1.00000000"


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"newQty": "2"}, "Order amend (quantity increase) is not supported."),
        ({"newQty": "1"}, "The requested action would change no state; rejecting"),
        ({"newQty": "0.0005"}, "Filter failure: LOT_SIZE"),
        ({"newQty": "0.01"}, "Filter failure: NOTIONAL"),
        ({"newQty": "0.3"}, "Filter failure: LOT_SIZE"),
        ({"newQty": "0.5", "orderId": 9}, "Unknown order sent."),
        ({"newQty": "0.5", "newClientOrderId": "other"}, "Duplicate order sent."),
    ],
)
def test_an_amendment_that_is_not_a_reduction_is_refused(client: Client, terms: Any, message: str) -> None:
    client.place(price="100")
    client.place(price="97", newClientOrderId="other")
    command(client.venue, "order", symbol="BTCUSDT", fills=1, amount="0.3")
    assert client.refused(_amend(client, **terms)) == (400, -2038, message)


def test_an_order_is_amended_so_many_times(client: Client) -> None:
    client.place(quantity="2")
    for number in range(10):
        assert "amendedOrder" in _amend(client, newQty=f"1.{9 - number}")
    said = _amend(client, newQty="0.5")
    assert client.refused(said) == (400, -2038, "Filter failure: MAX_NUM_ORDER_AMENDS")


# Symbols that do not trade.


@pytest.mark.parametrize("status", ["HALT", "BREAK", "END_OF_DAY", "CANCEL_ONLY"])
def test_a_symbol_that_does_not_trade_lets_orders_go_and_takes_none(client: Client, status: str) -> None:
    client.place()
    client.place(quantity="2")
    command(client.venue, "symbol_status", symbol="BTCUSDT", status=status)
    (listed,) = client.send("GET", "/api/v3/exchangeInfo", "symbol=BTCUSDT")["symbols"]
    assert listed["status"] == status
    assert client.refused(client.place()) == CLOSED
    assert client.refused(_amend(client, orderId=2, newQty="1")) == CLOSED
    assert client.cancel(orderId=1)["status"] == "CANCELED"
    command(client.venue, "symbol_status", symbol="BTCUSDT", status="TRADING")
    assert client.place()["status"] == "NEW"


def test_a_symbol_without_a_market_takes_no_orders(client: Client) -> None:
    assert client.refused(client.place(symbol="REEFUSDT")) == CLOSED


def test_in_a_halted_symbol_nothing_trades(client: Client, market: ScriptedMarket) -> None:
    client.place(price="100")
    market.happens(2.0, trades=[("99.00", "0.500", False)])
    command(client.venue, "symbol_status", symbol="BTCUSDT", status="HALT", after=1.5)
    client.after = 5.0
    assert client.order(orderId=1)["executedQty"] == "0.00000000"
    command(client.venue, "symbol_status", symbol="BTCUSDT", status="TRADING", after=5.0)
    client.after = 6.0
    found = client.order(orderId=1)
    assert found["executedQty"] == "0.50000000"
    assert found["updateTime"] == round((client.now - 0.5) * 1000)


# Self-trades (faqs/stp_faq.md, STP Examples).


def test_by_default_the_order_in_the_book_gives_way(client: Client) -> None:
    client.place(price="100", quantity="2")
    said = client.place(side="SELL", price="100", quantity="3")
    assert (said["status"], said["fills"]) == ("NEW", [])
    assert said["preventedMatches"] == [
        {
            "preventedMatchId": 0,
            "makerOrderId": 1,
            "price": "100.00000000",
            "makerPreventedQuantity": "2.00000000",
        }
    ]
    gone = client.order(orderId=1)
    assert (gone["status"], gone["preventedMatchId"], gone["preventedQuantity"]) == (
        "EXPIRED_IN_MATCH",
        0,
        "2.00000000",
    )


def test_the_new_order_gives_way_where_it_says_so(client: Client) -> None:
    client.place(price="100", quantity="2")
    said = client.place(side="SELL", price="100", quantity="3", selfTradePreventionMode="EXPIRE_TAKER")
    assert (said["status"], said["preventedQuantity"]) == ("EXPIRED_IN_MATCH", "3.00000000")
    kept = client.order(orderId=1)
    assert (kept["status"], "preventedQuantity" in kept) == ("NEW", False)


def test_both_are_reduced_where_the_order_says_so(client: Client) -> None:
    client.place(price="100", quantity="3")
    said = client.place(side="SELL", price="100", quantity="1", selfTradePreventionMode="DECREMENT")
    assert (said["status"], said["preventedQuantity"]) == ("EXPIRED_IN_MATCH", "1.00000000")
    kept = client.order(orderId=1)
    assert (kept["status"], kept["preventedQuantity"], kept["preventedMatchId"]) == ("NEW", "1.00000000", 0)
    assert client.balance("USDT")[1] == "200.00000000"
    (match,) = client.call("GET", "myPreventedMatches", symbol="BTCUSDT", orderId=1)
    assert (match["takerOrderId"], match["makerOrderId"], match["takerPreventedQuantity"]) == (
        2,
        1,
        "1.00000000",
    )


def test_two_customers_trade_with_each_other(client: Client) -> None:
    client.place(price="100", quantity="2")
    other = Client(client.venue, "ed25519")
    said = other.place(side="SELL", price="100", quantity="3")
    assert (said["status"], said["executedQty"]) == ("PARTIALLY_FILLED", "2.00000000")
    assert client.order(orderId=1)["status"] == "FILLED"


def test_the_money_of_all_customers_adds_up_to_nothing(client: Client, market: ScriptedMarket) -> None:
    command(
        client.venue, "fee_plan", account="rsa", maker="0.001", taker="0.001", token="BNB", discount="0.25"
    )
    other = Client(client.venue, "rsa")
    for number in range(20):
        market.happens(number + 1.5, trades=[(f"{97 + number % 7}.00", "0.700", number % 2 == 0)])
        client.after = other.after = float(number + 1)
        client.place(price=str(96 + number % 8), quantity="0.3")
        other.place(price=str(104 - number % 8), quantity="0.4", side="SELL")
        if number % 3 == 0:
            client.call("DELETE", "openOrders", symbol="BTCUSDT")
    totals = question(client.venue, "totals", after=30.0)
    assert {Decimal(total) for total in totals.values()} == {Decimal(0)}
    assert len(client.call("GET", "myTrades", symbol="BTCUSDT")) > 5
