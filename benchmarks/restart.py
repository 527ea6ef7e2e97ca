"""How soon a trader that was killed is ready again.

python benchmarks/restart.py [STARTS]

First what memory costs: reading a full journal of 4 MiB and rebuilding its orders. Then whole processes: a
trader on an emulated Binance spot on this machine places 40 orders, is killed with SIGKILL, started again,
and killed again as soon as it is ready; the process's own start, imports included, is in the figure.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from venuekit import connect
from venuekit.connector.account import AccountOptions
from venuekit.journal.recall import recall
from venuekit.journal.record import AccountName, Stopped
from venuekit.journal.recorded_tracker import RecordedTracker
from venuekit.journal.rotation import Rotation
from venuekit.journal.writer import open_journal
from venuekit.model.fees import AddedToCostTradeFee, TokenAmount
from venuekit.model.order import NewOrder, OrderState, OrderType, TradeType
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.protocol.fence import Fence, IdReuse, Question
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.web.auth import Credentials

PAIR, ORDERS = "BTC-USDT", 40
ACCOUNT = AccountName(company="benchmark", domain="main", key="none")
FENCE = Fence(
    receive_window=5.0,
    engine_seconds=10.0,
    questions=(Question.ORDER,),
    answers_kept=3 * 86_400.0,
    client_id_reuse=IdReuse.AFTER_CLOSE,
    page="https://venue.example/rest#timing",
)


def full_journal(path: Path) -> tuple[int, int]:
    """Write one until it is about to give way to a new file; orders and bytes."""
    orders = 0
    now = 1.7e9
    with open_journal(path, ACCOUNT, now=now)[0] as journal:
        tracker = RecordedTracker(recall([], "benchmark", FENCE), journal.append, lambda: now)
        while path.stat().st_size < Rotation().size * 0.95:
            for _ in range(100):
                live(tracker, journal.ids.take(now), orders, now)
                orders += 1
                now += 0.1
        journal.append(Stopped(at=now))
    return orders, path.stat().st_size


def live(tracker: RecordedTracker, client_id: str, number: int, now: float) -> None:
    """One order from its intent to its only fill."""
    amount, price, exchange_id = Decimal("0.01"), Decimal(60_000), str(number)
    intent = NewOrder(
        client_order_id=client_id, trading_pair=PAIR, trade_type=TradeType.BUY, amount=amount, price=price
    )
    tracker.start(InFlightOrder.of(intent, now))
    tracker.sending(client_id, now, path="WebSocket order.place", receive_window=5.0)
    tracker.answered(client_id, ids={"order": exchange_id})
    tracker.process_order_update(
        OrderUpdate(
            trading_pair=PAIR,
            update_timestamp=now,
            new_state=OrderState.OPEN,
            client_order_id=client_id,
            exchange_order_id=exchange_id,
        )
    )
    tracker.process_trade_update(
        TradeUpdate(
            trade_id=exchange_id,
            client_order_id=client_id,
            exchange_order_id=exchange_id,
            trading_pair=PAIR,
            fill_timestamp=now,
            fill_price=price,
            fill_base_amount=amount,
            fill_quote_amount=amount * price,
            fee=AddedToCostTradeFee(flat_fees=(TokenAmount("USDT", Decimal("0.6")),)),
        )
    )


def memory() -> None:
    """Print what reading a full journal costs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "full.journal"
        orders, size = full_journal(path)
        best = float("inf")
        for _ in range(5):
            began = time.process_time()
            journal, history = open_journal(path, ACCOUNT, now=0.0)
            recalled = recall(history.entries, "benchmark", FENCE)
            best = min(best, time.process_time() - began)
            journal.close()
            assert len(recalled.tracker.watched_orders) == orders
    print(f"a journal of {size / 2**20:.1f} MiB, {orders:,} orders, read and rebuilt: {best:.2f} s of work")


async def trade(url: str, folder: str) -> None:
    """The trader: says when it is ready, places the orders that are not there, and never ends by itself."""
    began = time.perf_counter()
    credentials = Credentials.from_environment("binance")
    account = AccountOptions(journals=Path(folder))
    async with connect("binance@emulator", [PAIR], url=url, credentials=credentials, account=account) as it:
        print(time.perf_counter() - began, flush=True)
        price = it.get_mid_price(PAIR) * Decimal("0.97")
        for _ in range(ORDERS - len(it.in_flight_orders)):
            it.buy(PAIR, Decimal("0.001"), OrderType.LIMIT, price)
        for order in it.in_flight_orders.values():
            while order.is_pending_create:  # noqa: ASYNC110 - the event was told, or will be
                await asyncio.sleep(0.01)
        print(len(it.in_flight_orders), flush=True)
        await asyncio.Event().wait()


async def killed_again_and_again(starts: int) -> None:
    """Print how soon a killed trader is ready."""
    # Not above: the trader would wait for these imports, too.
    from venuekit.emulator.factory import make_dialect  # noqa: PLC0415
    from venuekit.emulator.instruments import DEFAULT_INSTRUMENTS  # noqa: PLC0415
    from venuekit.emulator.server import EmulatorServer  # noqa: PLC0415

    dialect = make_dialect(
        "binance", seed=7, instruments=DEFAULT_INSTRUMENTS[:1], start_time=time.time(), rate=20.0
    )
    with tempfile.TemporaryDirectory() as folder:
        async with EmulatorServer(dialect, 0) as server:
            said = next(each for each in dialect.customers.values() if each.name == "hmac").credentials()
            environment = {
                **os.environ,
                "VENUEKIT_BINANCE_API_KEY": said["api_key"] or "",
                "VENUEKIT_BINANCE_API_SECRET": said["api_secret"] or "",
            }
            times = [await one_life(server.rest_url, folder, environment) for _ in range(starts + 1)]
    for name, place in (("its own start", 0), ("the process's start", 1)):
        ordered = sorted(each[place] for each in times[1:])
        middle = ordered[len(ordered) // 2]
        print(
            f"ready with {ORDERS} open orders, seconds from {name:20}"
            f"least {ordered[0]:.2f}, middle {middle:.2f}, most {ordered[-1]:.2f}"
        )


async def one_life(url: str, folder: str, environment: dict[str, str]) -> tuple[float, float]:
    """Start the trader and kill it; seconds until it was ready, by itself and as a process."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--trade", url, folder, stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert process.stdout is not None
    own = float(await process.stdout.readline())
    whole = time.perf_counter() - began
    assert int(await process.stdout.readline()) == ORDERS
    process.kill()
    await process.communicate()
    return own, whole


def main() -> None:
    """Measure, or be the trader."""
    if sys.argv[1:2] == ["--trade"]:
        asyncio.run(trade(*sys.argv[2:4]))
        return
    memory()
    asyncio.run(killed_again_and_again(int(sys.argv[1]) if len(sys.argv) > 1 else 20))


if __name__ == "__main__":
    main()
