"""Trades that came before anybody knew whose they are."""

from __future__ import annotations

from venuekit.model.order_update import TradeUpdate

__all__ = ["StrayTrades"]

_IDS_KEPT = 1_000
"""Most strays are somebody else's for ever; ours are claimed within one round trip."""
_TRADES_PER_ID = 100


class StrayTrades:
    """Trades by exchange id and pair, until an order turns out to have this id; the oldest ids are dropped.

    A trade of ours that is dropped is not lost: the order's status claims it, and it is fetched.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], list[TradeUpdate]] = {}

    def keep(self, trade: TradeUpdate) -> None:
        """Keep one, if its exchange id is known: without one nobody can claim it."""
        if not trade.exchange_order_id:
            return
        trades = self._kept.setdefault((trade.exchange_order_id, trade.trading_pair), [])
        if len(trades) < _TRADES_PER_ID:
            trades.append(trade)
        if len(self._kept) > _IDS_KEPT:
            del self._kept[next(iter(self._kept))]

    def claim(self, exchange_order_id: str, trading_pair: str) -> list[TradeUpdate]:
        """Hand out the trades of an id, in the order they came."""
        return self._kept.pop((exchange_order_id, trading_pair), [])
