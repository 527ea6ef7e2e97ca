"""The connector's questions against the emulated Binance, which was written from the same pages by others."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from tests.emulator.scripted_market import START
from tests.emulator.socket_client import SocketClient, customer, trading_venue

from venuekit import errors
from venuekit.connector.registry import find_setting
from venuekit.emulator.answer import Request
from venuekit.emulator.dialects.binance_spot import BinanceSpotDialect
from venuekit.model.account import BalanceReport
from venuekit.model.decimals import CONTEXT
from venuekit.model.order import NewOrder, OrderState, OrderType, TimeInForce, TradeType
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.protocol.endpoint import NoQuery
from venuekit.protocol.fence import Question
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.rate_ledger import RateLedger
from venuekit.testing.virtual_clock import VirtualClock
from venuekit.venues.binance.auth import BinanceAuth
from venuekit.venues.binance.spot import wire
from venuekit.venues.binance.spot.exchange import BinanceExchange
from venuekit.venues.binance.spot.user_stream import BinanceUserStreamDataSource
from venuekit.web.assistant import WebAssistant
from venuekit.web.auth import Credentials, Secret
from venuekit.web.command_route import CommandRoute
from venuekit.web.departure import Departure
from venuekit.web.rate_gate import RateGate
from venuekit.web.transport import HttpAnswer

PAIR = "BTC-USDT"
D = Decimal
QUESTIONS = (Question.ORDER, Question.HISTORY)


class Line:
    """A transport that ends at a dialect in this process."""

    def __init__(self, venue: BinanceSpotDialect, clock: VirtualClock) -> None:
        self.venue = venue
        self.clock = clock

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float | None = None,
    ) -> HttpAnswer:
        where = urlsplit(url)
        asked = Request(
            method=method,
            path=where.path,
            query=tuple(parse_qsl(where.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in headers.items()},
            body=body or b"",
            raw_query=where.query,
        )
        answer = self.venue.request(asked, self.clock.time())
        told = {name.lower(): value for name, value in answer.headers}
        return HttpAnswer(status=answer.status, headers=told, body=answer.body)

    async def connect(self, url: str) -> NoReturn:
        raise errors.ConnectFailed(url)

    async def close(self) -> None:
        """Nothing is open."""


class Desk:
    """One customer of the venue: the connector's questions, and the account's stream."""

    def __init__(self) -> None:
        self.venue = trading_venue()
        self.clock = VirtualClock(START)
        member = customer(self.venue)
        auth = BinanceAuth(Credentials(member.api_key, secret=Secret(member.api_secret or "")))
        gate = RateGate(RateLedger(wire.REST.pools), self.clock, self.clock.time)
        line = Line(self.venue, self.clock)
        self.web = WebAssistant(
            "http://venue", wire.REST, transport=line, gate=gate, clock=self.clock, auth=auth
        )
        setting = find_setting("binance@emulator", "http://127.0.0.1:1")
        self.exchange = BinanceExchange([PAIR], setting=setting)
        self.exchange._web = self.web
        self.exchange._commands = CommandRoute(self.web)
        self.symbols = self.exchange._symbols
        self._source = BinanceUserStreamDataSource(self.symbols, auth, self.clock.time)
        self._client = SocketClient(self.venue)
        self._orders = 0

    async def open(self) -> Desk:
        """Learn the symbols, hear the account, and have the last price known."""
        said = await self.web.call(wire.EXCHANGE_INFO, NoQuery())
        for rule in self.exchange.trading_rules_of(said):
            self.symbols.add(rule.trading_pair, rule.symbol)
        answer = self._client.send(self._source.subscription(self._source.channels, 1))
        assert answer["status"] == 200
        return self

    def heard(self) -> list[Any]:
        """What the stream said since the last look."""
        frames = [msgspec.json.encode(frame) for frame in self._client.frames()]
        return [said for frame in frames for said in self._source.parse(frame)]

    def order(self, **said: Any) -> InFlightOrder:
        """A limit buy that rests, with what a test is about."""
        self._orders += 1
        terms: dict[str, Any] = {
            "client_order_id": f"vk{self._orders:030}", "trading_pair": PAIR, "trade_type": TradeType.BUY,
            "amount": D("0.5"), "price": D("98.00"),
        }  # fmt: skip
        return InFlightOrder.of(NewOrder(**(terms | said)), self.clock.time())

    async def placed(self, **said: Any) -> InFlightOrder:
        """An order as the answer to it left it."""
        order = self.order(**said)
        answer = await self.exchange.place_order(order, leaving)
        assert answer.update is not None
        order.update_with_order_update(answer.update)
        for fill in answer.fills:
            order.update_with_trade_update(fill)
        return order


async def leaving(_departure: Departure) -> None:
    """Nobody keeps a journal here."""


@pytest.fixture
async def desk() -> Desk:
    return await Desk().open()


MARKET = {"order_type": OrderType.MARKET, "price": None}


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({}, OrderState.OPEN),
        ({"order_type": OrderType.LIMIT_MAKER}, OrderState.OPEN),
        ({"time_in_force": TimeInForce.GTX}, OrderState.OPEN),
        ({"time_in_force": TimeInForce.IOC}, OrderState.EXPIRED),
        ({"time_in_force": TimeInForce.FOK}, OrderState.EXPIRED),
        ({"price": D("101.00"), "time_in_force": TimeInForce.FOK}, OrderState.FILLED),
        (MARKET, OrderState.FILLED),
        (MARKET | {"trade_type": TradeType.SELL}, OrderState.FILLED),
        (MARKET | {"amount": None, "quote_amount": D(60)}, OrderState.FILLED),
        ({"price": D("101.00"), "amount": D("1.5")}, OrderState.PARTIALLY_FILLED),
    ],
)
async def test_each_kind_of_order_is_taken_and_told_alike_by_answer_question_and_history(
    desk: Desk, said: dict[str, Any], state: OrderState
) -> None:
    order = await desk.placed(**said)
    assert order.current_state is state
    told = [await desk.exchange.order_status(order, question) for question in QUESTIONS]
    assert [each.new_state for each in told] == [state, state]
    assert {each.filled_amount for each in told} == {order.executed_amount_base}
    assert {(each.client_order_id, each.exchange_order_id) for each in told} == {
        (order.client_order_id, order.exchange_order_id)
    }
    last = [each for each in desk.heard() if isinstance(each, OrderUpdate)][-1]
    assert (last.new_state, last.client_order_id) == (state, order.client_order_id)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"order_type": OrderType.LIMIT_MAKER, "price": D("101.00")}, errors.WouldTake),
        ({"time_in_force": TimeInForce.GTX, "price": D("101.00")}, errors.WouldTake),
        ({"amount": D("0.0001")}, errors.RuleViolated),
        ({"amount": D("8000"), "price": D("140.00")}, errors.OrderRefused),
        ({"trade_type": TradeType.SELL, "amount": D(11), "price": D("101.00")}, errors.InsufficientBalance),
    ],
)
async def test_a_refused_order_says_why(
    desk: Desk, said: dict[str, Any], error: type[errors.VenuekitError]
) -> None:
    with pytest.raises(error):
        await desk.exchange.place_order(desk.order(**said), leaving)


async def test_an_id_that_lives_is_not_taken_a_second_time(desk: Desk) -> None:
    order = await desk.placed()
    with pytest.raises(errors.OrderAlreadyExists):
        await desk.exchange.place_order(order, leaving)


async def test_a_fill_is_the_same_fill_wherever_it_is_told(desk: Desk) -> None:
    order = await desk.placed(**(MARKET | {"amount": D("2.5")}))
    answered = list(order.order_fills.values())
    streamed = [each for each in desk.heard() if isinstance(each, TradeUpdate)]
    asked = await desk.exchange.order_fills(order)
    listed = await desk.exchange.fills(PAIR, START - 1)
    assert len(answered) == 3
    assert answered == streamed == list(asked)
    assert [
        msgspec.structs.replace(each, client_order_id=order.client_order_id) for each in listed
    ] == answered
    assert order.is_filled


async def test_what_the_fills_charge_is_what_the_account_pays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.exchange, "get_available_balance", lambda _asset: D(0))
    schema = await desk.exchange.trading_fees(PAIR)
    order = await desk.placed(**MARKET)
    share = CONTEXT.multiply(order.executed_amount_base, schema.taker_percent_fee_decimal)
    assert schema.buy_percent_fee_deducted_from_returns
    assert order.flat_fees_paid == {"BTC": share}


async def test_balances_streamed_and_asked_for_agree_to_the_last_digit(desk: Desk) -> None:
    before = {each.asset: each for each in (await desk.exchange.balances()).balances}
    await desk.placed()
    order = await desk.placed(**MARKET)
    streamed = {
        each.asset: each
        for report in desk.heard()
        if isinstance(report, BalanceReport)
        for each in report.balances
    }
    after = {each.asset: each for each in (await desk.exchange.balances()).balances}
    assert before | streamed == after
    assert after["USDT"].available == after["USDT"].total - D("49.00")
    received = order.executed_amount_base - order.flat_fees_paid["BTC"]
    assert after["BTC"].total == before["BTC"].total + received


async def test_a_cancelled_order_is_still_found_by_our_id_alone(desk: Desk) -> None:
    order = await desk.placed()
    answer = await desk.exchange.cancel_order(order, leaving)
    assert answer.update is not None
    assert (answer.update.new_state, answer.update.client_order_id) == (
        OrderState.CANCELED, order.client_order_id,
    )  # fmt: skip
    assert [each.client_order_id for each in desk.heard() if isinstance(each, OrderUpdate)] == [
        order.client_order_id
    ] * 2
    order.exchange_order_ids.clear()  # as after a lost answer
    told = await desk.exchange.order_status(order, Question.HISTORY)
    assert (told.new_state, told.client_order_id) == (OrderState.CANCELED, order.client_order_id)


async def test_a_cancel_by_our_id_alone_finds_the_order(desk: Desk) -> None:
    order = await desk.placed()
    order.exchange_order_ids.clear()
    answer = await desk.exchange.cancel_order(order, leaving)
    assert answer.update is not None
    assert answer.update.new_state is OrderState.CANCELED


async def test_a_cancel_of_what_is_over_finds_nothing(desk: Desk) -> None:
    order = await desk.placed(**MARKET)
    with pytest.raises(errors.OrderNotFound):
        await desk.exchange.cancel_order(order, leaving)


@pytest.mark.parametrize("question", QUESTIONS)
async def test_an_order_that_never_was_is_in_no_answer(desk: Desk, question: Question) -> None:
    await desk.placed()
    with pytest.raises(errors.OrderNotFound):
        await desk.exchange.order_status(desk.order(), question)


async def test_an_amend_makes_an_order_smaller_and_nothing_else(desk: Desk) -> None:
    order = await desk.placed()
    answer = await desk.exchange.amend_order(order, D("0.2"), None, leaving)
    ((row,), told) = await desk.exchange.open_orders([PAIR]), desk.heard()
    streamed = [each for each in told if isinstance(each, OrderUpdate)][-1]
    assert answer.update is not None
    for update in (answer.update, row.update, streamed):
        assert (update.client_order_id, update.exchange_order_id, update.amount, update.new_state) == (
            order.client_order_id, order.exchange_order_id, D("0.2"), OrderState.OPEN,
        )  # fmt: skip
    with pytest.raises(errors.OrderRefused):
        await desk.exchange.amend_order(order, D("0.3"), None, leaving)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"trigger_price": D("105.00")}, "STOP_LOSS_LIMIT"),
        ({"trigger_price": D("90.00")}, "TAKE_PROFIT_LIMIT"),
        ({"trigger_price": D("90.00"), "trade_type": TradeType.SELL} | MARKET, "STOP_LOSS"),
        ({"trigger_price": D("105.00"), "trade_type": TradeType.SELL} | MARKET, "TAKE_PROFIT"),
    ],
)
async def test_a_conditional_order_waits_outside_the_book_on_its_side(
    desk: Desk, said: dict[str, Any], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def last_prices(_pairs: object) -> dict[str, Decimal]:
        return {PAIR: D("100.00")}

    monkeypatch.setattr(desk.exchange, "get_last_traded_prices", last_prices)
    order = await desk.placed(**said)
    (row,) = await desk.exchange.open_orders([PAIR])
    assert order.current_state is row.update.new_state is OrderState.UNTRIGGERED
    streamed = [each for each in desk.heard() if isinstance(each, OrderUpdate)]
    assert [each.new_state for each in streamed] == [OrderState.UNTRIGGERED]
    (stored,) = (
        each for each in await desk.web.call(wire.OPEN_ORDERS, wire.OpenOrdersQuery(symbol="BTCUSDT"))
    )
    assert stored.type == word


async def test_prevention_of_a_trade_with_oneself_expires_with_its_amount_told(desk: Desk) -> None:
    await desk.placed(price=D("100.00"))
    desk.heard()
    taker = await desk.placed(trade_type=TradeType.SELL, price=D("100.00"))
    told = [each for each in desk.heard() if isinstance(each, OrderUpdate)]
    expired = [each for each in told if each.new_state is OrderState.EXPIRED]
    assert [dict(each.misc_updates or {}) for each in expired] == [
        {"expiry_reason": "EXPIRED_IN_MATCH", "prevented_amount": "0.50000000"}
    ]
    assert not taker.order_fills
