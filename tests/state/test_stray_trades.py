from __future__ import annotations

from tests.state.order_bench import PAIR, fill

from venuekit.state.stray_trades import StrayTrades


def test_trades_are_claimed_once_and_in_the_order_they_came() -> None:
    strays = StrayTrades()
    for name in ("t2", "t1"):
        strays.keep(fill(name))
    assert [trade.trade_id for trade in strays.claim("77", PAIR)] == ["t2", "t1"]
    assert strays.claim("77", PAIR) == []


def test_trades_of_another_pair_are_another_orders() -> None:
    strays = StrayTrades()
    strays.keep(fill("t1", trading_pair="OTHER-USDT"))
    assert strays.claim("77", PAIR) == []


def test_a_trade_without_exchange_id_is_not_kept() -> None:
    strays = StrayTrades()
    strays.keep(fill("t1", exchange_order_id=""))
    assert strays.claim("", PAIR) == []
