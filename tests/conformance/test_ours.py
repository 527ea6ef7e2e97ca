"""Our own connectors, held to every card that is theirs."""

from __future__ import annotations

from tests.conformance.orders_only import OrdersOnly

from venuekit.testing.conformance import ConformanceSuite


class TestBinance(ConformanceSuite):
    connector = "binance"


class TestBinancePerpetual(ConformanceSuite):
    connector = "binance_perpetual"


class TestBybit(ConformanceSuite):
    connector = "bybit"


class TestBybitPerpetual(ConformanceSuite):
    connector = "bybit_perpetual"


class TestOrdersOnly(ConformanceSuite):
    connector = OrdersOnly
    dialect = "binance"
