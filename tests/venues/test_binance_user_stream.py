"""What Binance spot's account stream documents, and what venuekit makes of it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests import signing_keys
from tests.signing_keys import API_KEY, credentials
from tests.venues.documented import DataPath, example

from venuekit import errors
from venuekit.model.account import AssetBalance, BalanceMove, BalanceReport, MoveCause
from venuekit.model.fees import AddedToCostTradeFee, DeductedFromReturnsTradeFee, TokenAmount
from venuekit.model.order import NewOrder, OrderState, TradeType
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.protocol.domain import Domain
from venuekit.protocol.stream import Acknowledged, Leaving, Refusal
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.symbol_map import SymbolMap
from venuekit.venues.binance.auth import BinanceAuth
from venuekit.venues.binance.spot.orders import cancel_id
from venuekit.venues.binance.spot.user_stream import BinanceUserStreamDataSource
from venuekit.web.auth import KeyType

FILE, PAGE, SOCKET = "doc_binance_spot", "user-data-stream.md", "web-socket-api.md"
NOW = 1747385641.636
D = Decimal

TRADE = {
    "x": "TRADE", "X": "PARTIALLY_FILLED", "t": 77, "l": "0.25", "L": "0.1", "Y": "0.025", "z": "0.25",
    "n": "0.00025", "N": "ETH", "m": True,
}  # fmt: skip


def made(key_type: KeyType = KeyType.HMAC) -> BinanceUserStreamDataSource:
    symbols = SymbolMap()
    symbols.add("ETH-BTC", "ETHBTC")
    symbols.add("LTC-BTC", "LTCBTC")
    return BinanceUserStreamDataSource(symbols, BinanceAuth(credentials(key_type)), lambda: NOW)


@pytest.fixture
def source() -> BinanceUserStreamDataSource:
    return made()


@pytest.fixture
def report(data_path: DataPath) -> Any:
    """The documented report of an order, with what a test changes."""

    def changed(**said: Any) -> bytes:
        frame = json.loads(example(data_path, FILE, PAGE, "Order Update"))
        frame["event"] |= said
        return json.dumps(frame).encode()

    return changed


# Asking for it.


def test_it_lives_on_the_socket_interface(source: BinanceUserStreamDataSource) -> None:
    domain = Domain(name="main", rest_url="https://a", ws_url="wss://b", ws_api_url="wss://c/ws-api/v3")
    assert source.url(domain) == "wss://c/ws-api/v3"
    with pytest.raises(errors.InvalidConfiguration, match="no WebSocket API"):
        source.url(Domain(name="main", rest_url="https://a", ws_url="wss://b"))


@pytest.mark.parametrize("key_type", [KeyType.RSA, KeyType.ED25519])
def test_the_subscription_is_signed_with_a_key_of_any_type(data_path: DataPath, key_type: KeyType) -> None:
    sent = json.loads(made(key_type).subscription(BinanceUserStreamDataSource.channels, 3))
    shown = json.loads(
        example(
            data_path, FILE, SOCKET,
            "Subscribe to User Data Stream through signature subscription (USER_STREAM)",
        )
    )  # fmt: skip
    assert (sent["id"], sent["method"]) == (3, shown["method"])
    assert set(sent["params"]) == {*shown["params"], "recvWindow"}
    assert sent["params"]["timestamp"] == 1747385641636
    payload = f"apiKey={API_KEY}&recvWindow=5000&timestamp=1747385641636"
    signing_keys.verify(key_type, sent["params"]["signature"], payload.encode())


def test_the_end_of_it_names_no_key(source: BinanceUserStreamDataSource, data_path: DataPath) -> None:
    sent = json.loads(source.unsubscription(source.channels, 4))
    shown = json.loads(example(data_path, FILE, SOCKET, "Unsubscribe from User Data Stream"))
    assert sent == {"id": 4, "method": shown["method"], "params": {}}


def test_a_documented_success_acknowledges(source: BinanceUserStreamDataSource, data_path: DataPath) -> None:
    heading = "Subscribe to User Data Stream through signature subscription (USER_STREAM)"
    answer = json.loads(example(data_path, FILE, SOCKET, heading, 1)) | {"id": 3}
    assert tuple(source.parse(json.dumps(answer).encode())) == (Acknowledged(request_id=3),)


def test_a_documented_failure_refuses(source: BinanceUserStreamDataSource, data_path: DataPath) -> None:
    frame = example(data_path, FILE, SOCKET, "Authenticate after connection")
    assert tuple(source.parse(frame)) == (
        Refusal(request_id=None, message="Invalid API-key, IP, or permissions for action.", code=-2015),
    )


# Orders.


def test_the_documented_report_is_an_open_order(
    source: BinanceUserStreamDataSource, data_path: DataPath
) -> None:
    assert tuple(source.parse(example(data_path, FILE, PAGE, "Order Update"))) == (
        OrderUpdate(
            "ETH-BTC", 1499405658.657, OrderState.OPEN, "mUvoqJxFIILMdfAW5iGSOW", "4293153",
            filled_amount=D("0E-8"), amount=D("1.00000000"), price=D("0.10264410"),
        ),
    )  # fmt: skip


def test_a_trade_comes_before_the_state_that_it_leads_to(
    source: BinanceUserStreamDataSource, report: Any
) -> None:
    trade, state = source.parse(report(**TRADE))
    assert trade == TradeUpdate(
        trade_id="77", client_order_id="mUvoqJxFIILMdfAW5iGSOW", exchange_order_id="4293153",
        trading_pair="ETH-BTC", fill_timestamp=1499405658.657, fill_price=D("0.1"),
        fill_base_amount=D("0.25"), fill_quote_amount=D("0.025"), is_taker=False,
        fee=DeductedFromReturnsTradeFee(flat_fees=(TokenAmount("ETH", D("0.00025")),)),
    )  # fmt: skip
    assert isinstance(state, OrderUpdate)
    assert (state.new_state, state.filled_amount) == (OrderState.PARTIALLY_FILLED, D("0.25"))


def test_a_fee_in_a_third_token_is_charged_beside_the_trade(
    source: BinanceUserStreamDataSource, report: Any
) -> None:
    trade, _ = source.parse(report(**(TRADE | {"N": "BNB"})))
    assert isinstance(trade, TradeUpdate)
    assert trade.fee == AddedToCostTradeFee(flat_fees=(TokenAmount("BNB", D("0.00025")),))


def test_a_trade_without_a_fee_has_none(source: BinanceUserStreamDataSource, report: Any) -> None:
    trade, _ = source.parse(report(**(TRADE | {"n": "0", "N": None})))
    assert isinstance(trade, TradeUpdate)
    assert trade.fee.flat_fees == ()


@pytest.mark.parametrize(
    ("said", "state", "misc"),
    [
        ({"x": "CANCELED", "X": "CANCELED"}, OrderState.CANCELED, None),
        (
            {"x": "EXPIRED", "X": "EXPIRED", "eR": "UNFILLED_IOC_QUANTITY_EXPIRED"},
            OrderState.EXPIRED,
            {"expiry_reason": "UNFILLED_IOC_QUANTITY_EXPIRED"},
        ),
        (
            {"x": "TRADE_PREVENTION", "X": "EXPIRED_IN_MATCH", "A": "1.00000000", "B": "1.00000000"},
            OrderState.EXPIRED,
            {"expiry_reason": "EXPIRED_IN_MATCH", "prevented_amount": "1.00000000"},
        ),
        (
            {"x": "REJECTED", "X": "REJECTED", "r": "INSUFFICIENT_BALANCES"},
            OrderState.FAILED,
            {"error_type": "InsufficientBalance", "error_message": "INSUFFICIENT_BALANCES"},
        ),
        (
            {"x": "REJECTED", "X": "REJECTED", "r": "WOULD_MATCH_IMMEDIATELY"},
            OrderState.FAILED,
            {"error_type": "WouldTake", "error_message": "WOULD_MATCH_IMMEDIATELY"},
        ),
        ({"x": "NEW", "X": "NEW", "o": "STOP_LOSS_LIMIT", "w": False}, OrderState.UNTRIGGERED, None),
        ({"x": "NEW", "X": "NEW", "o": "STOP_LOSS_LIMIT", "w": True}, OrderState.OPEN, None),
        ({"x": "NEW", "X": "PENDING_NEW", "w": False}, OrderState.UNTRIGGERED, None),
        ({"x": "SUSPENDED", "X": "SUSPENDED"}, OrderState.PENDING_CREATE, {"status": "SUSPENDED"}),
        ({"x": "A_NEW_ONE", "X": "NEW"}, OrderState.OPEN, None),
    ],
)
def test_each_kind_of_report_is_one_state(
    source: BinanceUserStreamDataSource,
    report: Any,
    said: dict[str, Any],
    state: OrderState,
    misc: dict[str, str] | None,
) -> None:
    (update,) = source.parse(report(**said))
    assert isinstance(update, OrderUpdate)
    assert (update.new_state, update.misc_updates) == (state, misc)


def test_prevention_that_leaves_an_order_alive_makes_it_smaller(
    source: BinanceUserStreamDataSource, report: Any
) -> None:
    said = {"x": "TRADE_PREVENTION", "X": "NEW", "A": "0.40000000", "B": "0.40000000"}
    (update,) = source.parse(report(**said))
    assert isinstance(update, OrderUpdate)
    assert (update.new_state, update.amount) == (OrderState.OPEN, D("0.60000000"))


def test_an_amend_keeps_the_id_that_we_know_and_brings_the_new_amount(
    source: BinanceUserStreamDataSource, report: Any
) -> None:
    said = {"x": "REPLACED", "X": "NEW", "c": "web_new", "C": "x1", "q": "0.50000000"}
    (update,) = source.parse(report(**said))
    assert isinstance(update, OrderUpdate)
    assert (update.client_order_id, update.new_state, update.amount) == ("x1", OrderState.OPEN, D("0.5"))


@pytest.mark.parametrize(("c", "original"), [("web_9f3", "x1"), (cancel_id("x1"), "x1"), ("x1", "")])
def test_a_cancel_of_anybodys_ends_the_order_that_it_names(
    source: BinanceUserStreamDataSource, report: Any, c: str, original: str
) -> None:
    meant = NewOrder(
        client_order_id="x1", trading_pair="ETH-BTC", trade_type=TradeType.BUY, amount=D(1), price=D(1)
    )
    order = InFlightOrder.of(meant, 0.0)
    (update,) = source.parse(report(x="CANCELED", X="CANCELED", c=c, C=original))
    assert isinstance(update, OrderUpdate)
    assert update.client_order_id == "x1"
    order.update_with_order_update(update)
    assert order.is_cancelled


def test_a_market_order_has_no_price(source: BinanceUserStreamDataSource, report: Any) -> None:
    (update,) = source.parse(report(o="MARKET", p="0.00000000"))
    assert isinstance(update, OrderUpdate)
    assert update.price is None


@pytest.mark.parametrize("symbol", ["NOSUCH", "LTCBTC_261225"])
def test_an_order_on_a_symbol_that_nobody_knows_says_nothing(
    source: BinanceUserStreamDataSource, report: Any, symbol: str
) -> None:
    assert tuple(source.parse(report(s=symbol))) == ()


def test_an_order_on_a_symbol_that_two_pairs_claim_says_nothing(
    source: BinanceUserStreamDataSource, report: Any
) -> None:
    source.symbols.add("ETHB-TC", "ETHBTC")
    assert tuple(source.parse(report())) == ()


# Balances, and the session.


def test_the_documented_balances_are_true_of_the_accounts_last_update(
    source: BinanceUserStreamDataSource, data_path: DataPath
) -> None:
    assert tuple(source.parse(example(data_path, FILE, PAGE, "Account Update"))) == (
        BalanceReport(
            balances=(AssetBalance(asset="ETH", total=D("10000.000000"), available=D("10000.000000")),),
            observed_at=1564034571.073,
        ),
    )


def test_the_documented_balances_hold_what_is_locked(
    source: BinanceUserStreamDataSource, data_path: DataPath
) -> None:
    (report,) = source.parse(example(data_path, FILE, SOCKET, "Event format"))
    assert isinstance(report, BalanceReport)
    assert report.balances == (
        AssetBalance(asset="BTC", total=D(12000), available=D(11818)),
        AssetBalance(asset="USDT", total=D(10650), available=D(10580)),
    )


def test_the_documented_move_names_no_cause(source: BinanceUserStreamDataSource, data_path: DataPath) -> None:
    assert tuple(source.parse(example(data_path, FILE, PAGE, "Balance Update"))) == (
        BalanceMove(asset="BTC", amount=D("100.00000000"), timestamp=1573200697.068, cause=MoveCause.OTHER),
    )


@pytest.mark.parametrize(
    ("page", "heading"), [(PAGE, "Event Stream Terminated"), (SOCKET, "Server Shutdown")]
)
def test_the_documented_ends_of_a_session_move_us_on(
    source: BinanceUserStreamDataSource, data_path: DataPath, page: str, heading: str
) -> None:
    assert tuple(source.parse(example(data_path, FILE, page, heading))) == (Leaving(),)


@pytest.mark.parametrize("heading", ["External Lock Update", "Order Reject Reason"])
def test_documented_events_of_no_interest_say_nothing(
    source: BinanceUserStreamDataSource, data_path: DataPath, heading: str
) -> None:
    assert tuple(source.parse(example(data_path, FILE, PAGE, heading))) == ()


@pytest.mark.parametrize(
    "frame", [b'{"event":{"e":"somethingNew","E":1}}', b'{"event":{}}', b"{}", b'{"subscriptionId":0}']
)
def test_what_is_not_known_says_nothing(source: BinanceUserStreamDataSource, frame: bytes) -> None:
    assert tuple(source.parse(frame)) == ()


@pytest.mark.parametrize(
    "frame",
    [
        b"", b"[]", b'{"event":1}', b'{"event":{"e":"executionReport"}}',
        b'{"event":{"e":"balanceUpdate","a":"BTC","d":"much","T":1}}',
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_to_be_so(source: BinanceUserStreamDataSource, frame: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        tuple(source.parse(frame))
