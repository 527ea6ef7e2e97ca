"""What the user data stream says of each thing that happens to an account."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.emulator.scripted_market import BTC, START, ScriptedMarket
from tests.venues.documented import example

from venuekit.emulator.desk import Desk
from venuekit.emulator.dialects.binance_user_events import Pen, user_events
from venuekit.emulator.ledger import FeePlan
from venuekit.emulator.order import (
    OrderKind,
    OrderRequest,
    SelfTrade,
    TimeInForce,
    stop_loss,
    take_profit,
)

PAIR = "BTC-USDT"
PEN = Pen(symbol=lambda pair: pair.replace("-", ""), milliseconds=lambda moment: round(moment * 1000))
NOW = START + 1.0
LATER = NOW + 5.0
# user-data-stream.md, Conditional Fields in Execution Report.
CONDITIONAL = "d D j J v A B u U Cs pl pL pY W b a k uS gP gOT gOV gp eR"
PREVENTION = "v A B u U Cs pl pL pY"


class Ann:
    """One customer of a desk, in a market at 99.00 / 101.00, five levels of 1 BTC a side."""

    def __init__(self, fees: FeePlan | None = None) -> None:
        self.market = ScriptedMarket()
        self.desk = Desk()
        self.desk.open_market(self.market)
        self.desk.open_account("ann", fees)
        for asset, amount in (("BTC", "10"), ("USDT", "10000"), ("BNB", "10")):
            self.desk.deposit("ann", asset, Decimal(amount), START)
        self.feed = self.desk.follow("ann")

    def places(self, is_buy: bool, amount: str | None, price: str | None = None, **more: Any) -> int:
        """Place an order; its id."""
        terms = more.pop("terms", {})
        request = OrderRequest(
            account="ann",
            is_buy=is_buy,
            kind=more.pop("kind", OrderKind.MARKET if price is None else OrderKind.LIMIT),
            amount=None if amount is None else Decimal(amount),
            price=None if price is None else Decimal(price),
            client_order_id=more.pop("client_order_id", "mine"),
            **more,
        )
        return self.desk.place(PAIR, request, NOW, terms).record().order_id

    def hears(self, now: float = LATER) -> list[dict[str, Any]]:
        """What the stream says since the last look."""
        return user_events(self.feed.take(), PEN, now)

    def reports(self) -> list[dict[str, Any]]:
        """The execution reports among it."""
        return [event for event in self.hears() if event["e"] == "executionReport"]


@pytest.fixture
def ann() -> Ann:
    return Ann()


def _fields(reports: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(report[name] for name in names) for report in reports]


@pytest.fixture
def documented(data_path: Callable[[str], Path]) -> Callable[[str], dict[str, Any]]:
    def event(heading: str) -> dict[str, Any]:
        payload = example(data_path, "doc_binance_spot", ":user-data-stream.md", heading)
        found: dict[str, Any] = msgspec.json.decode(payload)["event"]
        return found

    return event


def test_every_report_has_the_documented_fields_and_no_condition_that_does_not_hold(
    ann: Ann, documented: Callable[[str], dict[str, Any]]
) -> None:
    always = set(documented("Order Update")) - set(CONDITIONAL.split())
    resting = ann.places(True, "1", "99")
    ann.places(True, "9", client_order_id="taker")
    ann.desk.cancel(PAIR, resting, NOW)
    reports = ann.reports()
    assert [report["x"] for report in reports] == ["NEW", "NEW", *["TRADE"] * 5, "EXPIRED", "CANCELED"]
    for report in reports:
        expected = always | {"W"} | ({"eR"} if report["x"] == "EXPIRED" else set())
        assert set(report) == expected, report["x"]


def test_balances_have_the_documented_fields(ann: Ann, documented: Callable[[str], dict[str, Any]]) -> None:
    ann.desk.deposit("ann", "BTC", Decimal("0.5"), NOW)
    moved, position = ann.hears()
    assert set(documented("Balance Update")) == set(moved)
    assert set(documented("Account Update")) == set(position)
    assert set(documented("Account Update")["B"][0]) == set(position["B"][0])


def test_the_fields_come_in_the_order_of_the_page(
    ann: Ann, documented: Callable[[str], dict[str, Any]]
) -> None:
    ann.places(True, "1", "99")
    (report,) = ann.reports()
    assert [name for name in documented("Order Update") if name != "v"] == list(report)


def test_a_new_order_is_on_the_book_and_holds_its_price(ann: Ann) -> None:
    order_id = ann.places(True, "0.5", "99")
    report, position = ann.hears()
    assert report == {
        "e": "executionReport",
        "E": round(LATER * 1000),
        "s": "BTCUSDT",
        "c": "mine",
        "S": "BUY",
        "o": "LIMIT",
        "f": "GTC",
        "q": "0.50000000",
        "p": "99.00000000",
        "P": "0.00000000",
        "F": "0.00000000",
        "g": -1,
        "C": "",
        "x": "NEW",
        "X": "NEW",
        "r": "NONE",
        "i": order_id,
        "l": "0.00000000",
        "z": "0.00000000",
        "L": "0.00000000",
        "n": "0",
        "N": None,
        "T": round(NOW * 1000),
        "t": -1,
        "I": report["I"],
        "w": True,
        "m": False,
        "M": False,
        "O": round(NOW * 1000),
        "Z": "0.00000000",
        "Y": "0.00000000",
        "Q": "0.00000000",
        "W": round(NOW * 1000),
        "V": "NONE",
    }
    assert position == {
        "e": "outboundAccountPosition",
        "E": round(LATER * 1000),
        "u": round(NOW * 1000),
        "B": [{"a": "USDT", "f": "9950.50000000", "l": "49.50000000"}],
    }


def test_a_market_order_beyond_the_book_is_told_as_the_page_on_market_orders_tells_it(ann: Ann) -> None:
    """faqs/market_orders_faq.md: new, its trades, expired, then one position for all of them."""
    ann.places(True, "6")
    *reports, position = ann.hears()
    assert _fields(reports, "x", "X", "w", "M", "l", "z", "L") == [
        ("NEW", "NEW", True, False, "0.00000000", "0.00000000", "0.00000000"),
        ("TRADE", "PARTIALLY_FILLED", False, True, "1.00000000", "1.00000000", "101.00000000"),
        ("TRADE", "PARTIALLY_FILLED", False, True, "1.00000000", "2.00000000", "102.00000000"),
        ("TRADE", "PARTIALLY_FILLED", False, True, "1.00000000", "3.00000000", "103.00000000"),
        ("TRADE", "PARTIALLY_FILLED", False, True, "1.00000000", "4.00000000", "104.00000000"),
        ("TRADE", "PARTIALLY_FILLED", False, True, "1.00000000", "5.00000000", "105.00000000"),
        ("EXPIRED", "EXPIRED", False, False, "0.00000000", "5.00000000", "0.00000000"),
    ]
    assert reports[-1]["eR"] == "INSUFFICIENT_LIQUIDITY"
    assert reports[-1]["Z"] == "515.00000000"
    assert position["e"] == "outboundAccountPosition"
    assert {row["a"]: row["f"] for row in position["B"]} == {"BTC": "15.00000000", "USDT": "9485.00000000"}


def test_a_trade_tells_its_fee_its_id_and_its_value() -> None:
    ann = Ann(FeePlan(maker=Decimal("0.001"), taker=Decimal("0.002")))
    ann.places(True, "0.5")
    trade = ann.reports()[1]
    assert (trade["n"], trade["N"], trade["Y"], trade["m"]) == ("0.00100000", "BTC", "50.50000000", False)
    assert trade["t"] == ann.desk.archive.fills("ann")[0].trade_id


def test_a_maker_is_told_so_and_stays_on_the_book_with_its_rest(ann: Ann) -> None:
    ann.places(True, "1", "100")
    ann.hears()
    ann.market.happens(2.0, trades=[("100.00", "0.400", False)])
    list(ann.desk.markets[PAIR].until(START + 2.0))
    trade, position = ann.hears()
    assert (trade["X"], trade["m"], trade["w"], trade["l"]) == ("PARTIALLY_FILLED", True, True, "0.40000000")
    assert trade["T"] == round((START + 2.0) * 1000)
    assert {row["a"]: row["l"] for row in position["B"]}["USDT"] == "60.00000000"


def test_a_cancellation_bears_its_own_id_and_names_the_orders(ann: Ann) -> None:
    order_id = ann.places(True, "1", "99")
    ann.desk.cancel(PAIR, order_id, NOW, "cancel-1")
    cancelled = ann.reports()[-1]
    assert (cancelled["x"], cancelled["X"], cancelled["c"], cancelled["C"], cancelled["w"]) == (
        "CANCELED",
        "CANCELED",
        "cancel-1",
        "mine",
        False,
    )


def test_an_amended_order_is_replaced_under_its_new_id(ann: Ann) -> None:
    """faqs/order_amend_keep_priority.md: `"x": "REPLACED"`; the order id stays."""
    order_id = ann.places(True, "1", "99")
    ann.desk.amend(PAIR, order_id, NOW, amount=Decimal("0.4"), client_order_id="mine-2")
    amended = ann.reports()[-1]
    assert (amended["x"], amended["X"], amended["c"], amended["C"], amended["q"], amended["i"]) == (
        "REPLACED",
        "NEW",
        "mine-2",
        "mine",
        "0.40000000",
        order_id,
    )


@pytest.mark.parametrize(
    ("time_in_force", "reason"),
    [
        (TimeInForce.IOC, "UNFILLED_IOC_QUANTITY_EXPIRED"),
        (TimeInForce.FOK, "UNFILLED_FOK_ORDER_EXPIRED"),
    ],
)
def test_an_order_that_expires_says_why(ann: Ann, time_in_force: TimeInForce, reason: str) -> None:
    ann.places(True, "3", "101", time_in_force=time_in_force)
    last = ann.reports()[-1]
    assert (last["x"], last["X"], last["eR"], last["f"]) == ("EXPIRED", "EXPIRED", reason, time_in_force.name)


@pytest.mark.parametrize(
    ("trigger", "price", "word"),
    [
        (stop_loss(Decimal(103), is_buy=True), None, "STOP_LOSS"),
        (stop_loss(Decimal(103), is_buy=True), "104", "STOP_LOSS_LIMIT"),
        (take_profit(Decimal(97), is_buy=True), None, "TAKE_PROFIT"),
        (take_profit(Decimal(97), is_buy=True), "98", "TAKE_PROFIT_LIMIT"),
    ],
)
def test_an_order_with_a_trigger_waits_off_the_book(
    ann: Ann, trigger: Any, price: str | None, word: str
) -> None:
    ann.places(True, "1", price, trigger=trigger)
    (report,) = ann.reports()
    assert (report["o"], report["X"], report["w"], report["P"]) == (
        word,
        "NEW",
        False,
        f"{trigger.price:.8f}",
    )
    assert "W" not in report, "it works from its trigger on"


def test_a_triggered_order_is_new_again_and_works_from_then_on(ann: Ann) -> None:
    ann.places(True, "1", "102", trigger=stop_loss(Decimal(103), is_buy=True))
    ann.hears()
    ann.market.happens(2.0, trades=[("103.00", "0.100", True)])
    list(ann.desk.markets[PAIR].until(START + 2.0))
    first = ann.reports()[0]
    assert (first["x"], first["w"], first["W"]) == ("NEW", True, round((START + 2.0) * 1000))
    assert first["O"] == round(NOW * 1000)


def test_an_order_by_quote_names_the_quote(ann: Ann) -> None:
    ann.places(True, None, quote_amount=Decimal("50.5"))
    last = ann.reports()[-1]
    assert (last["Q"], last["X"], last["q"], last["Z"]) == (
        "50.50000000",
        "FILLED",
        "0.50000000",
        "50.50000000",
    )


def test_a_strategy_is_named_where_the_order_named_it(ann: Ann) -> None:
    ann.places(True, "1", "99", terms={"strategyId": 7, "strategyType": 1_000_001})
    (report,) = ann.reports()
    assert (report["j"], report["J"]) == (7, 1_000_001)


# user-data-stream.md and faqs/stp_faq.md.
@pytest.mark.parametrize(
    ("mode", "ended"),
    [
        (SelfTrade.EXPIRE_TAKER, ["taker"]),
        (SelfTrade.EXPIRE_MAKER, ["maker"]),
        (SelfTrade.EXPIRE_BOTH, ["maker", "taker"]),
    ],
)
def test_orders_that_would_trade_with_each_other_expire_in_match(
    ann: Ann, mode: SelfTrade, ended: list[str]
) -> None:
    maker = ann.places(True, "1", "100", client_order_id="maker")
    ann.hears()
    taker = ann.places(False, "0.4", "100", client_order_id="taker", self_trade=mode)
    told = [report for report in ann.reports() if report["x"] == "TRADE_PREVENTION"]
    assert [report["c"] for report in told] == ended
    for report in told:
        is_taker = report["c"] == "taker"
        whole = "0.40000000" if is_taker else "1.00000000"
        assert set(report) >= set(PREVENTION.split())
        assert (report["X"], report["l"], report["L"], report["Y"]) == (
            "EXPIRED_IN_MATCH",
            "0.00000000",
            "0.00000000",
            "0.00000000",
        )
        assert (report["A"], report["B"]) == (whole, whole), "all that was left is prevented"
        assert (report["pl"], report["pL"], report["pY"]) == ("0.40000000", "100.00000000", "40.00000000")
        assert (report["U"], report["Cs"], report["u"]) == (maker if is_taker else taker, "BTCUSDT", -1)
        assert "eR" not in report


def test_orders_that_decrement_each_other_both_hear_of_it(ann: Ann) -> None:
    ann.places(True, "1", "100", client_order_id="maker")
    ann.hears()
    ann.places(False, "0.4", "100", client_order_id="taker", self_trade=SelfTrade.DECREMENT)
    told = [report for report in ann.reports() if report["x"] == "TRADE_PREVENTION"]
    assert sorted(_fields(told, "c", "X", "A", "B")) == [
        ("maker", "NEW", "0.40000000", "0.40000000"),
        ("taker", "EXPIRED_IN_MATCH", "0.40000000", "0.40000000"),
    ]


def test_each_step_of_the_market_has_a_position_of_its_own(ann: Ann) -> None:
    ann.places(True, "1", "100")
    ann.hears()
    ann.market.happens(2.0, trades=[("100.00", "0.400", False)])
    ann.market.happens(3.0, trades=[("100.00", "0.600", False)])
    list(ann.desk.markets[PAIR].until(START + 3.0))
    events = ann.hears()
    assert [event["e"] for event in events] == ["executionReport", "outboundAccountPosition"] * 2
    locked = [row["l"] for event in events if "B" in event for row in event["B"] if row["a"] == "USDT"]
    assert locked == ["60.00000000", "0.00000000"], "each as it was then"


def test_what_comes_in_and_goes_out_is_told_with_its_sign(ann: Ann) -> None:
    ann.desk.deposit("ann", "BTC", Decimal("0.5"), NOW)
    ann.desk.withdraw("ann", "USDT", Decimal(100), NOW)
    moved = [(event["a"], event["d"]) for event in ann.hears() if event["e"] == "balanceUpdate"]
    assert moved == [("BTC", "0.50000000"), ("USDT", "-100.00000000")]


def test_execution_ids_grow(ann: Ann) -> None:
    ann.places(True, "2")
    ids = [report["I"] for report in ann.reports()]
    assert ids == sorted(set(ids))


def test_a_refused_order_is_not_told_of(ann: Ann) -> None:
    request = OrderRequest(
        account="ann", is_buy=True, kind=OrderKind.LIMIT, amount=Decimal(1000), price=Decimal(99)
    )
    assert ann.desk.place(PAIR, request, NOW).order is None
    assert ann.hears() == []


def test_the_listed_instrument_is_what_the_tests_think() -> None:
    assert (BTC.price_decimals, BTC.amount_decimals) == (2, 3)
