"""What a connector believes of an account's money, held against the emulated venue's ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.connector.emulated import until
from tests.connector.trading import WAIT, Floor, Tale, Trader, floor

from venuekit.connector.trading_policy import TradingPolicy
from venuekit.model.account import AccountFrame, AccountNews, BalanceChannel, BalanceReport
from venuekit.state.balance_sheet import FigureKind
from venuekit.venues.binance.spot.user_stream import BinanceUserStreamDataSource

_LONG = 3600.0
NOTHING = (Decimal(0), Decimal(0))
ASK_NO_MORE = TradingPolicy(balance_interval=_LONG, balance_interval_estimated=_LONG, reconciles=False)
"""Balances are asked for at the start, and then when a test does."""


class SilentOnBalances(BinanceUserStreamDataSource):
    """The account's stream of a venue that pushes no balances: everything else is heard."""

    def parse(self, frame: bytes) -> Iterable[AccountFrame]:
        return [said for said in super().parse(frame) if not isinstance(said, BalanceReport)]


ESTIMATED: dict[str, Any] = {"balance_channel": BalanceChannel.NONE, "user_stream_class": SilentOnBalances}
"""The facts of that venue."""


class _Way:
    """A question for balances that takes its time, to the venue or back."""

    def __init__(self, *, is_answer_slow: bool) -> None:
        self.is_answer_slow = is_answer_slow
        self.is_under_way = asyncio.Event()
        self.is_there = asyncio.Event()


class Purse:
    """A trader's money here and at the venue, by asset: all of it, and what is free."""

    def __init__(self, desk: Trader) -> None:
        self.desk = desk
        self.polls = 0
        self._way: _Way | None = None
        self._ask = desk.exchange.balances
        desk.exchange.balances = self._travel  # type: ignore[method-assign]

    async def _travel(self) -> BalanceReport:
        self.polls += 1
        way, self._way = self._way, None
        if way is None:
            return await self._ask()
        if way.is_answer_slow:
            report = await self._ask()
            way.is_under_way.set()
            await way.is_there.wait()
            return report
        way.is_under_way.set()
        await way.is_there.wait()
        return await self._ask()

    @asynccontextmanager
    async def slow_question(self) -> AsyncIterator[None]:
        """Ask for the balances: the venue hears of it, and the answer is taken in, when this ends."""
        async with self._slow(_Way(is_answer_slow=False)):
            yield

    @asynccontextmanager
    async def slow_answer(self) -> AsyncIterator[None]:
        """Ask for the balances: the venue answers at once, and it is taken in when this ends."""
        async with self._slow(_Way(is_answer_slow=True)):
            yield

    @asynccontextmanager
    async def _slow(self, way: _Way) -> AsyncIterator[None]:
        self._way = way
        poll = asyncio.create_task(self.desk.exchange.trading.update_balances())
        await asyncio.wait_for(way.is_under_way.wait(), WAIT)
        try:
            yield
        finally:
            way.is_there.set()
            await poll

    @contextmanager
    def late_stream(self) -> Iterator[list[AccountNews]]:
        """What the account's stream tells is heard when this ends; until then it gathers in a list."""
        trading, gathered = self.desk.exchange.trading, list[AccountNews]()
        take_in = trading.account_news
        trading.account_news = gathered.append  # type: ignore[method-assign, assignment]
        try:
            yield gathered
        finally:
            trading.account_news = take_in  # type: ignore[method-assign]
            for news in gathered:
                take_in(news)

    def kind(self, asset: str) -> FigureKind:
        """Where our figure of an asset comes from."""
        return self.desk.exchange.trading.balances.figure(asset).kind

    @property
    def ours(self) -> dict[str, tuple[Decimal, Decimal]]:
        """What the connector believes."""
        exchange = self.desk.exchange
        assets = {**exchange.get_all_balances(), **self.theirs}
        return {
            asset: (exchange.get_balance(asset), exchange.get_available_balance(asset)) for asset in assets
        }

    @property
    def theirs(self) -> dict[str, tuple[Decimal, Decimal]]:
        """What the ledger has."""
        return self.desk.floor.balances()

    def differences(self) -> list[str]:
        """The orders and assets that differ, with both views."""
        theirs = self.theirs
        return self._orders_differ() + [
            f"{asset}: {mine}, the ledger has {theirs.get(asset)}"
            for asset, mine in self.ours.items()
            if mine != theirs.get(asset, NOTHING)
        ]

    def excesses(self) -> list[str]:
        """The assets of which we believe in more than the ledger has, of all or of what is free."""
        theirs = self.theirs
        return [
            f"{asset}: {mine}, the ledger has {theirs.get(asset)}"
            for asset, mine in self.ours.items()
            if any(here > there for here, there in zip(mine, theirs.get(asset, NOTHING), strict=True))
        ]

    async def agrees(self) -> None:
        """Both are the same to the last digit as soon as all is heard, and nobody asked for balances."""
        polls = self.polls
        await until(lambda: not self.differences(), lambda: "; ".join(self.differences()), WAIT)
        await self.desk.exchange.server_time()  # what was on its way is here when the answer is
        assert self.differences() == []
        assert self.polls == polls

    async def agrees_on_orders(self) -> None:
        """All that happened to orders is heard."""
        await until(lambda: not self._orders_differ(), lambda: "; ".join(self._orders_differ()), WAIT)

    def _orders_differ(self) -> list[str]:
        return self.desk.floor.orders_differ(self.desk.exchange)

    async def agrees_after(self, is_so: Callable[[], bool]) -> None:
        """Never more is shown as free than there is, until something is so; then both are the same."""

        def looked() -> bool:
            assert self.excesses() == []
            return is_so()

        await until(looked, "the end of the doubt", WAIT)
        await self.agrees()

    async def ask(self) -> None:
        """Ask for the balances, and let the moment pass of which it is unsure what the answer has in it."""
        await self.desk.exchange.trading.update_balances()
        await self.pass_moment()

    async def pass_moment(self) -> None:
        """Wait until whatever happens next is certainly later than what was heard up to now."""
        exchange = self.desk.exchange
        heard = exchange.venue_time() + 2 * exchange.clock_error() + 0.001
        await until(lambda: exchange.venue_time() - exchange.clock_error() > heard, "a moment to pass", WAIT)


def fees(at: Floor, maker: str = "0.001", taker: str = "0.001", **terms: str) -> None:
    """Let the customer pay these fees from now on; with a `token` in it."""
    at.ask("POST", "fee_plan", {"maker": maker, "taker": taker, "api_key": at.customer.api_key, **terms})


def move(at: Floor, way: str, asset: str, amount: str) -> None:
    """Deposit or withdraw."""
    at.ask("POST", way, {"asset": asset, "amount": amount, "api_key": at.customer.api_key})


@asynccontextmanager
async def purse(
    at: Floor,
    *pairs: str,
    facts: dict[str, Any] | None = None,
    policy: TradingPolicy | None = ASK_NO_MORE,
    name: str = "binance",
    **more: Any,
) -> AsyncIterator[Purse]:
    """A trader of the floor, with a ready connector; under another `name` it is one of another product."""
    exchange = at.exchange(*pairs, facts=facts or {}, policy=policy, **more)
    exchange.name = name
    tale = Tale(exchange)
    async with exchange:
        found = Purse(Trader(at, exchange, tale))
        await found.pass_moment()
        yield found


@asynccontextmanager
async def estimating(folder: Path, *pairs: str, **options: Any) -> AsyncIterator[Purse]:
    """A floor, and a trader to whom no balances are pushed."""
    async with floor(folder) as at, purse(at, *pairs, facts=ESTIMATED, **options) as found:
        yield found
