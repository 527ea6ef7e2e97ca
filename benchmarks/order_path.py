"""How long an order takes from `buy()` until its bytes are handed to the transport.

python benchmarks/order_path.py [ORDERS]

Everything is real but the network and the venue's half of the call: the connector runs against an emulated
Binance spot on this machine, and what would send a new order answers at once, that it expired. So the time
is that of the check, the journal, the rate limits, the signature and the frame. Order limits are lifted.

Twice each: as the wall clock has it, and the processor time of the one thread that does it all, which leaves
out what other programs on a busy machine take, and the wait for a disk.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec

from venuekit.connector.account import AccountOptions
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.registry import connector_class, find_setting
from venuekit.connector.trading_policy import OrderEntry, TradingPolicy
from venuekit.emulator.factory import make_dialect
from venuekit.emulator.instruments import DEFAULT_INSTRUMENTS
from venuekit.emulator.server import EmulatorServer
from venuekit.journal.writer import Durability
from venuekit.model.events import MarketEvent
from venuekit.model.order import OrderType, TimeInForce
from venuekit.protocol.rates import Scope
from venuekit.web.auth import Credentials, Secret
from venuekit.web.transport import AiohttpTransport, HttpAnswer, WsConnection

PAIR = "BTC-USDT"
WARM_UP = 200
PLACE = b'"method":"order.place"'


def expired(client_id: str, number: int) -> dict[str, Any]:
    """The venue's answer to an order that filled nothing at once."""
    return {
        "symbol": "BTCUSDT",
        "orderId": number,
        "orderListId": -1,
        "clientOrderId": client_id,
        "transactTime": round(time.time() * 1000),
        "price": "60000.00000000",
        "origQty": "0.00100000",
        "executedQty": "0.00000000",
        "origQuoteOrderQty": "0.00000000",
        "cummulativeQuoteQty": "0.00000000",
        "status": "EXPIRED",
        "timeInForce": "IOC",
        "type": "LIMIT",
        "side": "BUY",
        "fills": [],
    }


class Moment(NamedTuple):
    """A moment by two clocks, in nanoseconds."""

    wall: int
    worked: int

    @classmethod
    def now(cls) -> Moment:
        """This moment."""
        return cls(time.perf_counter_ns(), time.thread_time_ns())


class Line:
    """A WebSocket that answers new orders itself."""

    def __init__(self, line: WsConnection, left: Callable[[], int]) -> None:
        self._line = line
        self._left = left
        self._answers: deque[bytes] = deque()
        self._came = asyncio.Event()
        self._receiving: asyncio.Task[bytes | None] | None = None

    async def send(self, frame: bytes) -> None:
        """Send a frame."""
        if PLACE not in frame:
            await self._line.send(frame)
            return
        number = self._left()
        asked = msgspec.json.decode(frame)
        result = expired(asked["params"]["newClientOrderId"], number)
        self._answers.append(msgspec.json.encode({"id": asked["id"], "status": 200, "result": result}))
        self._came.set()

    async def receive(self) -> bytes | None:
        """The next frame: an answer of ours, or the venue's."""
        while not self._answers:
            self._came.clear()
            came = asyncio.ensure_future(self._came.wait())
            self._receiving = self._receiving or asyncio.ensure_future(self._line.receive())
            await asyncio.wait((came, self._receiving), return_when=asyncio.FIRST_COMPLETED)
            came.cancel()
            if self._receiving.done():
                frame, self._receiving = self._receiving.result(), None
                return frame
        return self._answers.popleft()

    async def ping(self) -> None:
        """Ask for a sign of life."""
        await self._line.ping()

    async def close(self) -> None:
        """Close it."""
        if self._receiving is not None:
            self._receiving.cancel()
        await self._line.close()


class Wire(AiohttpTransport):
    """A transport that notes when a new order was handed to it, and answers it itself."""

    def __init__(self) -> None:
        super().__init__()
        self.left_at: list[Moment] = []

    def left(self) -> int:
        """An order's bytes are here."""
        self.left_at.append(Moment.now())
        return len(self.left_at)

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float | None = None,
    ) -> HttpAnswer:
        """Send a request."""
        where = urlsplit(url)
        if (method, where.path) != ("POST", "/api/v3/order"):
            return await super().request(method, url, headers, body, seconds)
        number = self.left()
        said = dict(parse_qsl(where.query))
        answer = msgspec.json.encode(expired(said["newClientOrderId"], number))
        return HttpAnswer(status=200, headers={}, body=answer)

    async def connect(self, url: str) -> WsConnection:
        """Open a WebSocket."""
        return Line(await super().connect(url), self.left)


def without_order_limits(kind: type[ExchangeBase]) -> type[ExchangeBase]:
    """The connector of a venue that lets an account place as many orders as it likes."""
    pools = tuple(
        msgspec.structs.replace(pool, limit=10**9) if pool.scope is Scope.ACCOUNT else pool
        for pool in kind.rest.pools
    )
    return type(kind.__name__, (kind,), {"rest": msgspec.structs.replace(kind.rest, pools=pools)})


class Way:
    """One way to place orders: what is measured of it."""

    def __init__(self, name: str, entry: OrderEntry, key: str, durability: Durability) -> None:
        self.name = name
        self.policy = TradingPolicy(order_entry=entry)
        self.key = key
        self.durability = durability


WAYS = (
    Way("WebSocket, HMAC", OrderEntry.AUTO, "hmac", Durability.PROCESS),
    Way("WebSocket, Ed25519", OrderEntry.AUTO, "ed25519", Durability.PROCESS),
    Way("REST, HMAC", OrderEntry.REST, "hmac", Durability.PROCESS),
    Way("WebSocket, HMAC, journal synced", OrderEntry.AUTO, "hmac", Durability.POWER),
)


async def measure(way: Way, orders: int) -> None:
    """Print what one way costs."""
    dialect = make_dialect(
        "binance", seed=7, instruments=DEFAULT_INSTRUMENTS[:1], start_time=time.time(), rate=1.0
    )
    with tempfile.TemporaryDirectory() as folder:
        async with EmulatorServer(dialect, 0) as server:
            said = next(each for each in dialect.customers.values() if each.name == way.key).credentials()
            secret, pem = said["api_secret"], said["private_key_pem"]
            wire = Wire()
            exchange = without_order_limits(connector_class("binance"))(
                (PAIR,),
                setting=find_setting("binance@emulator", server.rest_url),
                credentials=Credentials(
                    said["api_key"],
                    secret=None if secret is None else Secret(secret),
                    private_key=None if pem is None else Secret(pem),
                ),
                account=AccountOptions(journals=Path(folder), durability=way.durability),
                trading=way.policy,
                transport=wire,
            )
            async with exchange:
                await settled(exchange, way)
                dialect.pause(time.time())
                await run(way, exchange, wire, orders)


async def settled(exchange: ExchangeBase, way: Way) -> None:
    """Wait until commands go the way that is meant."""
    socket = exchange.commands.socket
    while way.policy.order_entry is OrderEntry.AUTO and not (  # noqa: ASYNC110 - nobody announces it
        socket is not None and socket.is_ready
    ):
        await asyncio.sleep(0.01)


async def run(way: Way, exchange: ExchangeBase, wire: Wire, orders: int) -> None:
    """Place orders one after the other, and print what they took."""
    over = asyncio.Event()
    exchange.add_listener(MarketEvent.OrderExpired, lambda _: over.set())
    moments: list[tuple[Moment, Moment, Moment, Moment]] = []
    price = exchange.get_mid_price(PAIR) * Decimal("0.97")
    gc.collect()
    for number in range(orders + WARM_UP):
        over.clear()
        began = Moment.now()
        exchange.buy(PAIR, Decimal("0.001"), OrderType.LIMIT, price, time_in_force=TimeInForce.IOC)
        returned = Moment.now()
        await over.wait()
        if number >= WARM_UP:
            moments.append((began, returned, wire.left_at[-1], Moment.now()))
    for clock in Moment._fields:
        columns = "  ".join(
            spread([getattr(each[stage], clock) - getattr(each[0], clock) for each in moments])
            for stage in (1, 2, 3)
        )
        print(f"{way.name if clock == 'wall' else '  processor time':34} {columns}")


def spread(nanoseconds: list[int]) -> str:
    """How long half of them take at most, and 99 in 100, in microseconds."""
    ordered = sorted(nanoseconds)
    half, most = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return f"{half / 1_000:7,.0f} {most / 1_000:7,.0f}"


def main() -> None:
    """Measure every way."""
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    print(f"{'µs, p50 and p99':34} {'buy() returns':15}  {'bytes are there':15}  {'its end is told':15}")
    for way in WAYS:
        asyncio.run(measure(way, orders))


if __name__ == "__main__":
    main()
