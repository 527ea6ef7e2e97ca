"""What a connector has, read from its facts, and which cards that makes its own."""

from __future__ import annotations

from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.trading_connector import TradingConnector
from venuekit.emulator.act import Act
from venuekit.emulator.dialect import Dialect
from venuekit.model.order import OrderType, TimeInForce
from venuekit.protocol.book_feed import SnapshotSource
from venuekit.testing.conformance.card import Card, Trait

__all__ = ["Traits"]

_MOST_ORDERS, _LONGEST = 150, 10.0
"""A limit that a card can reach and wait for: so many orders in so many seconds."""


class Traits:
    """The facts of a connector's class and of its dialect, as far as cards ask for them."""

    def __init__(self, kind: type[TradingConnector], dialect: type[Dialect]) -> None:
        self.kind = kind
        self.dialect = dialect
        trades = kind.auth_class is not None and dialect.has_accounts
        self.has_books = issubclass(kind, ExchangeBase)
        self.short_lived = tuple(
            each for each in (TimeInForce.IOC, TimeInForce.FOK) if each in kind.times_in_force
        )
        has = {
            Trait.BOOKS: self.has_books,
            Trait.SNAPSHOTS: _has_snapshots(kind),
            Trait.ORDERS: trades,
            Trait.STREAM: trades and kind.user_stream_class is not None,
            Trait.MARKET: OrderType.MARKET in kind.order_types,
            Trait.QUOTE_AMOUNTS: kind.has_quote_amounts,
            Trait.SHORT_LIVED: bool(self.short_lived),
            Trait.POST_ONLY: OrderType.LIMIT_MAKER in kind.order_types
            or TimeInForce.GTX in kind.times_in_force,
            Trait.MAKERS: OrderType.LIMIT_MAKER in kind.order_types,
            Trait.TRIGGERS: kind.has_triggers,
            Trait.AMEND: kind.has_amend,
            Trait.ORDER_LIMIT: _is_reachable(dialect.order_burst),
            Trait.HALTS: dialect.trading_and_halted is not None,
            Trait.TWO_DOORS: _has_two_doors(kind, dialect),
        }
        self.missing = tuple(trait for trait, is_there in has.items() if not is_there)

    def objection(self, card: Card) -> str | None:
        """Why a card is not this connector's; None: it is."""
        for need in card.needs:
            if isinstance(need, Act):
                if need not in self.dialect.acts:
                    return f"the dialect {self.dialect.name} names no path by which clients {need.value}"
            elif need in self.missing:
                return need.value
        return None


def _has_snapshots(kind: type[TradingConnector]) -> bool:
    if not issubclass(kind, ExchangeBase):
        return False
    return kind.data_source_class.book_feed.snapshot is SnapshotSource.REST


def _has_two_doors(kind: type[TradingConnector], dialect: type[Dialect]) -> bool:
    takes_requests = issubclass(kind, ExchangeBase) and kind.socket_policy is not None
    return takes_requests and dialect.ws_api_path is not None


def _is_reachable(burst: tuple[int, float] | None) -> bool:
    return burst is not None and burst[0] <= _MOST_ORDERS and burst[1] <= _LONGEST
