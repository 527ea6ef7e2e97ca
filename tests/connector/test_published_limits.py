"""What a venue says today about its limits counts for more than what our tables say."""

from __future__ import annotations

from venuekit import connect
from venuekit.testing.network_mocking_assistant import NetworkMockingAssistant
from venuekit.testing.virtual_clock import VirtualClock
from venuekit.venues.binance.spot import wire


async def test_a_limit_that_the_venue_publishes_replaces_the_tables() -> None:
    limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 1200}
    # Without credentials nobody counts an account's orders.
    orders = {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100}
    clock = VirtualClock()
    async with NetworkMockingAssistant(clock) as network:
        network.set_default_http_response("GET /api/v3/time", json={"serverTime": 1})
        network.set_default_http_response(
            "GET /api/v3/exchangeInfo", json={"symbols": [], "rateLimits": [limit, orders]}
        )
        exchange = connect("binance", transport=network, clock=clock)
        await clock.run(exchange.start())
        assert exchange.web.gate.usage()[wire.WEIGHT].limit == 1200
        await clock.run(exchange.stop())
