"""What the connector asks Binance spot about an account, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.signing_keys import credentials
from tests.venues.documented import DataPath, example

from venuekit import errors
from venuekit.connector.registry import find_setting
from venuekit.model.account import BalanceChannel
from venuekit.model.order import NewOrder, OrderState, OrderType, TimeInForce, TradeType, TriggerDirection
from venuekit.protocol.endpoint import Endpoint, parameters
from venuekit.protocol.fence import IdReuse, Question
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.venues.binance import wire as family
from venuekit.venues.binance.auth import BinanceAuth
from venuekit.venues.binance.spot import wire
from venuekit.venues.binance.spot.exchange import BinanceExchange
from venuekit.web.auth import KeyType
from venuekit.web.departure import Departure

FILE, REST = "doc_binance_spot", "rest-api.md"
PAIR, CREATED = "BTC-USDT", 1_700_000_000.0
D = Decimal

Asked = tuple[str, dict[str, str]]


class Venue:
    """Answers calls one by one, and keeps what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Asked] = []
        self.options: list[dict[str, Any]] = []

    async def call(self, endpoint: Endpoint[Any, Any], query: Any, **options: Any) -> Any:
        assert isinstance(query, endpoint.query)
        self.asked.append((endpoint.name, parameters(query)))
        self.options.append(options)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        body = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
        return msgspec.json.decode(body, type=endpoint.answer)


class Exchange(BinanceExchange):
    """The connector without a network: questions go to one `Venue`, commands to another."""

    def __init__(self, *pairs: str, asked: Venue, told: Venue | None = None, bnb: str = "0") -> None:
        super().__init__(pairs, setting=find_setting("binance"))
        for pair in (*pairs, "ETH-USDT"):
            self._symbols.add(pair, pair.replace("-", ""))
        self._web = asked  # type: ignore[assignment]
        self._commands = told or Venue()  # type: ignore[assignment]
        self.bnb = D(bnb)
        self.last_price = D(100)

    def get_available_balance(self, currency: str) -> Decimal:
        assert currency == "BNB"
        return self.bnb

    async def get_last_traded_prices(self, trading_pairs: Sequence[str]) -> dict[str, Decimal]:
        return dict.fromkeys(trading_pairs, self.last_price)


def order(exchange_order_id: str | None = None, **said: Any) -> InFlightOrder:
    terms: dict[str, Any] = {
        "client_order_id": "x1", "trading_pair": PAIR, "trade_type": TradeType.BUY, "amount": D(2),
        "price": D(10),
    }  # fmt: skip
    made = InFlightOrder.of(NewOrder(**(terms | said)), CREATED)
    if exchange_order_id is not None:
        made.bind(exchange_order_id)
    return made


def row(number: int, client_order_id: str = "other", **said: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT", "orderId": number, "clientOrderId": client_order_id, "price": "10",
        "origQty": "2", "executedQty": "0", "status": "NEW", "type": "LIMIT", "side": "BUY", "time": 1,
        "updateTime": 2,
    } | said  # fmt: skip


def trade(number: int, **said: Any) -> dict[str, Any]:
    return {
        "id": number, "orderId": 7, "price": "10", "qty": "0.001", "quoteQty": "0.01", "commission": "0",
        "commissionAsset": "BNB", "time": 1_700_000_000_000, "isBuyer": True, "isMaker": True,
    } | said  # fmt: skip


async def leaving(_departure: Departure) -> None:
    """Nobody keeps a journal here."""


# Commands.


async def test_an_order_leaves_through_the_commands_and_its_answer_comes_back(data_path: DataPath) -> None:
    told = Venue(example(data_path, FILE, REST, "New order (TRADE)", 2))
    answer = await Exchange(PAIR, asked=Venue(), told=told).place_order(order(), leaving)
    assert told.asked == [
        (
            "POST /api/v3/order",
            {
                "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "2",
                "price": "10", "newClientOrderId": "x1", "newOrderRespType": "FULL",
            },
        )
    ]  # fmt: skip
    assert told.options == [{"leaving": leaving}]
    assert answer.update is not None
    assert (answer.update.new_state, len(answer.fills)) == (OrderState.FILLED, 5)


@pytest.mark.parametrize(("trigger", "kind"), [("101", "STOP_LOSS_LIMIT"), ("99", "TAKE_PROFIT_LIMIT")])
async def test_a_trigger_without_a_side_gets_it_from_the_price_of_the_moment(trigger: str, kind: str) -> None:
    told = Venue(row(7))
    exchange = Exchange(PAIR, asked=Venue(), told=told)
    await exchange.place_order(order(trigger_price=D(trigger)), leaving)
    assert told.asked[0][1]["type"] == kind


async def test_a_trigger_with_a_side_asks_for_no_price() -> None:
    told = Venue(row(7))
    exchange = Exchange(PAIR, asked=Venue(), told=told)
    exchange.last_price = D(0)
    said = order(trigger_price=D(99), trigger_direction=TriggerDirection.FALLING)
    await exchange.place_order(said, leaving)
    assert told.asked[0][1]["type"] == "TAKE_PROFIT_LIMIT"


async def test_an_order_that_the_venue_does_not_have_is_not_sent() -> None:
    told = Venue()
    with pytest.raises(errors.Unsupported):
        await Exchange(PAIR, asked=Venue(), told=told).place_order(order(reduce_only=True), leaving)
    assert told.asked == []


@pytest.mark.parametrize(
    ("exchange_order_id", "named"), [("7", {"orderId": "7"}), (None, {"origClientOrderId": "x1"})]
)
async def test_a_cancel_is_a_cancel_to_the_rate_limits_and_names_one_id(
    exchange_order_id: str | None, named: dict[str, str]
) -> None:
    told = Venue(row(7, "x1-c", origClientOrderId="x1", status="CANCELED", transactTime=5000))
    answer = await Exchange(PAIR, asked=Venue(), told=told).cancel_order(order(exchange_order_id), leaving)
    sent = {"symbol": "BTCUSDT", "newClientOrderId": "x1-c"} | named
    assert told.asked == [("DELETE /api/v3/order", sent)]
    assert told.options == [{"leaving": leaving, "is_cancel": True}]
    assert answer.update is not None
    assert (answer.update.client_order_id, answer.update.new_state, answer.update.update_timestamp) == (
        "x1", OrderState.CANCELED, 5.0,
    )  # fmt: skip


async def test_an_amend_keeps_the_orders_client_id(data_path: DataPath) -> None:
    told = Venue(example(data_path, FILE, REST, "Order Amend Keep Priority (TRADE)", 0))
    answer = await Exchange(PAIR, asked=Venue(), told=told).amend_order(order("33"), D(1), None, leaving)
    assert told.asked == [
        (
            "PUT /api/v3/order/amend/keepPriority",
            {"symbol": "BTCUSDT", "newClientOrderId": "x1", "newQty": "1", "orderId": "33"},
        )
    ]
    assert told.options == [{"leaving": leaving}]
    assert answer.update is not None
    assert answer.update.amount == D(5)


async def test_an_amend_to_the_same_price_is_one_of_the_amount() -> None:
    told = Venue(
        {"transactTime": 1, "amendedOrder": row(7, origClientOrderId="x1", qty="1", preventedQty="0")}
    )
    await Exchange(PAIR, asked=Venue(), told=told).amend_order(order("7"), D(1), D("10.0"), leaving)
    assert len(told.asked) == 1


async def test_an_amend_to_another_price_is_not_sent() -> None:
    told = Venue()
    with pytest.raises(errors.Unsupported, match="amounts only"):
        await Exchange(PAIR, asked=Venue(), told=told).amend_order(order("7"), D(1), D(11), leaving)
    assert told.asked == []


# Questions about one order.


@pytest.mark.parametrize(
    ("exchange_order_id", "named"), [("7", {"orderId": "7"}), (None, {"origClientOrderId": "x1"})]
)
async def test_a_status_is_asked_for_by_one_id(exchange_order_id: str | None, named: dict[str, str]) -> None:
    asked = Venue(row(7, "x1"))
    told = await Exchange(PAIR, asked=asked).order_status(order(exchange_order_id))
    assert asked.asked == [("GET /api/v3/order", {"symbol": "BTCUSDT"} | named)]
    assert (told.client_order_id, told.exchange_order_id) == ("x1", "7")


async def test_an_order_that_the_venue_does_not_know_stays_unknown() -> None:
    asked = Venue(errors.OrderNotFound("Order does not exist.", status=400, code=-2013))
    with pytest.raises(errors.OrderNotFound):
        await Exchange(PAIR, asked=asked).order_status(order())


async def test_the_history_is_asked_for_one_row_where_the_id_is_known() -> None:
    asked = Venue([row(7)])
    await Exchange(PAIR, asked=asked).order_status(order("7"), Question.HISTORY)
    assert asked.asked == [("GET /api/v3/allOrders", {"symbol": "BTCUSDT", "orderId": "7", "limit": "1"})]


@pytest.mark.parametrize("page", [[], [row(8)]])
async def test_the_history_from_an_id_on_may_begin_with_another_order(page: list[dict[str, Any]]) -> None:
    with pytest.raises(errors.OrderNotFound):
        await Exchange(PAIR, asked=Venue(page)).order_status(order("7"), Question.HISTORY)


async def test_the_history_is_read_page_by_page_until_our_id_is_there() -> None:
    # The order was cancelled, and has the cancel's client id.
    asked = Venue(
        [row(number) for number in range(1000, 2000)], [row(2000), row(2001, "x1-c", status="CANCELED")]
    )
    told = await Exchange(PAIR, asked=asked).order_status(order(), Question.HISTORY)
    assert (told.client_order_id, told.exchange_order_id, told.new_state) == (
        "x1", "2001", OrderState.CANCELED,
    )  # fmt: skip
    start = str(int(CREATED * 1000) - 10_000)
    assert [query for _, query in asked.asked] == [
        {"symbol": "BTCUSDT", "startTime": start, "limit": "1000"},
        {"symbol": "BTCUSDT", "orderId": "2000", "limit": "1000"},
    ]


async def test_a_history_that_ends_without_our_id_does_not_hold_the_order() -> None:
    asked = Venue([row(number) for number in range(1000)], [])
    with pytest.raises(errors.OrderNotFound, match="x1"):
        await Exchange(PAIR, asked=asked).order_status(order(), Question.HISTORY)
    assert len(asked.asked) == 2


@pytest.mark.parametrize("question", [Question.ALGO_ORDER, Question.OPEN_ORDERS, Question.EXECUTIONS])
async def test_a_question_that_settles_nothing_here_is_not_asked(question: Question) -> None:
    with pytest.raises(errors.Unsupported):
        await Exchange(PAIR, asked=Venue()).order_status(order(), question)
    assert question not in BinanceExchange.fence.questions


# Trades.


async def test_an_orders_trades_carry_our_id() -> None:
    asked = Venue([trade(1), trade(2)])
    told = await Exchange(PAIR, asked=asked).order_fills(order("7"))
    assert asked.asked == [("GET /api/v3/myTrades", {"symbol": "BTCUSDT", "orderId": "7", "limit": "1000"})]
    assert [(each.trade_id, each.client_order_id) for each in told] == [("1", "x1"), ("2", "x1")]


async def test_an_order_without_the_venues_id_is_asked_for_it_first() -> None:
    asked = Venue(row(7, "x1"), [trade(1)])
    await Exchange(PAIR, asked=asked).order_fills(order())
    assert [name for name, _ in asked.asked] == ["GET /api/v3/order", "GET /api/v3/myTrades"]
    assert asked.asked[1][1]["orderId"] == "7"


@pytest.mark.parametrize(
    ("ask", "first"),
    [
        ("order", {"orderId": "7"}),
        ("since", {"startTime": "1700000000123"}),
    ],
)
async def test_trades_go_on_behind_the_last_one_until_a_page_is_not_full(
    ask: str, first: dict[str, str]
) -> None:
    # All of the first page in one millisecond: paging by time would lose some or repeat some.
    asked = Venue(
        [trade(number) for number in range(1, 1001)], [trade(number) for number in range(1001, 2001)], []
    )
    exchange = Exchange(PAIR, asked=asked)
    told = await (
        exchange.order_fills(order("7")) if ask == "order" else exchange.fills(PAIR, CREATED + 0.1239)
    )
    assert [each.trade_id for each in told] == [str(number) for number in range(1, 2001)]
    plain = {"symbol": "BTCUSDT", "limit": "1000"}
    kept = first if ask == "order" else {}
    assert [query for _, query in asked.asked] == [
        plain | first, plain | kept | {"fromId": "1001"}, plain | kept | {"fromId": "2001"},
    ]  # fmt: skip


async def test_a_page_that_is_not_full_is_the_last() -> None:
    asked = Venue([trade(1)])
    (told,) = await Exchange(PAIR, asked=asked).fills(PAIR, CREATED)
    assert (told.trading_pair, told.client_order_id, told.exchange_order_id) == (PAIR, "", "7")
    assert len(asked.asked) == 1


# The account.


async def test_open_orders_are_asked_for_pair_by_pair_while_that_is_cheaper() -> None:
    asked = Venue([row(7)], [row(8, symbol="ETHUSDT")])
    told = await Exchange(PAIR, asked=asked).open_orders([PAIR, "ETH-USDT"])
    assert [query for _, query in asked.asked] == [{"symbol": "BTCUSDT"}, {"symbol": "ETHUSDT"}]
    assert [(each.row.trading_pair, each.update.exchange_order_id) for each in told] == [
        (PAIR, "7"), ("ETH-USDT", "8"),
    ]  # fmt: skip


async def test_open_orders_of_many_pairs_are_one_list_and_the_rest_of_it_is_left_out() -> None:
    pairs = [f"A{number}-USDT" for number in range(14)]
    asked = Venue([row(1, symbol="A3USDT"), row(2, symbol="NOSUCH")])
    told = await Exchange(*pairs, asked=asked).open_orders(pairs)
    assert asked.asked == [("GET /api/v3/openOrders", {})]
    assert [each.row.trading_pair for each in told] == ["A3-USDT"]


async def test_the_list_of_all_is_asked_for_as_soon_as_it_is_cheaper() -> None:
    for count in range(1, 20):
        pairs = [f"A{number}-USDT" for number in range(count)]
        asked = Venue(*([] for _ in pairs))
        await Exchange(*pairs, asked=asked).open_orders(pairs)
        (charge,) = wire.OPEN_ORDERS.charges
        weight = sum(charge.of(wire.OpenOrdersQuery(symbol=query.get("symbol"))) for _, query in asked.asked)
        assert weight == min(6 * count, 80)


async def test_balances_are_asked_for_without_the_empty_ones(data_path: DataPath) -> None:
    asked = Venue(example(data_path, FILE, REST, "Account information (USER_DATA)"))
    told = await Exchange(PAIR, asked=asked).balances()
    assert asked.asked == [("GET /api/v3/account", {"omitZeroBalances": "true"})]
    assert (told.is_complete, [each.asset for each in told.balances]) == (True, ["BTC", "LTC"])


@pytest.mark.parametrize(("bnb", "token"), [("0", None), ("0.5", "BNB")])
async def test_the_discount_counts_only_for_who_holds_something_to_pay_it_with(
    data_path: DataPath, bnb: str, token: str | None
) -> None:
    asked = Venue(example(data_path, FILE, REST, "Query Commission Rates (USER_DATA)"))
    told = await Exchange(PAIR, asked=asked, bnb=bnb).trading_fees(PAIR)
    assert asked.asked == [("GET /api/v3/account/commission", {"symbol": "BTCUSDT"})]
    assert told.percent_fee_token == token


# Facts.


def test_the_fence_is_what_the_pages_add_up_to() -> None:
    fence = BinanceExchange.fence
    assert fence.end_of_doubt(1000.0) == 1000.0 + 5 + 10 + fence.replica_lag
    assert fence.questions == (Question.ORDER, Question.HISTORY)
    assert fence.answers_kept == 90 * 86_400
    assert fence.client_id_reuse is IdReuse.AFTER_CLOSE
    assert fence.receive_window == BinanceAuth(credentials(KeyType.HMAC)).receive_window


def test_what_orders_of_the_venue_can_be() -> None:
    kind = BinanceExchange
    assert kind.order_types == (OrderType.LIMIT, OrderType.MARKET, OrderType.LIMIT_MAKER)
    assert set(kind.times_in_force) == set(TimeInForce)
    assert (kind.has_triggers, kind.has_quote_amounts, kind.has_amend) == (True, True, True)
    assert kind.balance_channel is BalanceChannel.FREE_AND_LOCKED


def test_every_call_on_the_account_is_signed_and_only_questions_may_be_asked_again() -> None:
    rows = [value for value in vars(wire).values() if isinstance(value, Endpoint)]
    signed = {each.name: each.reads for each in rows if each.signed}
    assert {name for name, reads in signed.items() if not reads} == {
        "POST /api/v3/order", "DELETE /api/v3/order", "PUT /api/v3/order/amend/keepPriority",
    }  # fmt: skip
    assert all((each.socket_method is not None) is each.signed for each in rows)
    assert {each.name for each in rows if not each.signed} == {
        "GET /api/v3/time", "GET /api/v3/exchangeInfo", "GET /api/v3/depth", "GET /api/v3/ticker/price",
    }  # fmt: skip


def test_a_refusal_is_read_from_the_documented_body(data_path: DataPath) -> None:
    body = example(data_path, FILE, "errors.md", "Error codes for Binance")
    problem = family.read_problem(400, body)
    assert problem is not None
    assert (problem.code, problem.message) == (-1121, "Invalid symbol.")
