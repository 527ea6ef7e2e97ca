"""Our own connectors, held to every card that is theirs; `bybit` is the example of docs/TESTING.md."""

from __future__ import annotations

from tests.conformance.orders_only import OrdersOnly

from venuekit.testing.conformance import ConformanceSuite


class TestBinance(ConformanceSuite):
    connector = "binance"


class TestBinancePerpetual(ConformanceSuite):
    connector = "binance_perpetual"


class TestBybitPerpetual(ConformanceSuite):
    connector = "bybit_perpetual"


class TestOrdersOnly(ConformanceSuite):
    connector = OrdersOnly
    dialect = "binance"
