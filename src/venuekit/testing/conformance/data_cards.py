"""Cards about life, rules and books."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from functools import partial
from typing import Any

from msgspec.structs import replace

from venuekit import errors
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.emulator.act import Act
from venuekit.emulator.faults import FaultKind
from venuekit.model.book import BookStatus
from venuekit.testing.conformance.card import Card, CardFailed, Group, Trait, check
from venuekit.testing.conformance.stage import CALM, WATCHFUL, Stage

__all__ = ["DATA_CARDS"]

_NOBODY = "NOPE-USDT"
_ON_ITS_WAY = 0.2
"""Seconds in which the venue hears what was sent before."""
_OBSERVED = 0.4
"""Seconds in which somebody who does not keep quiet would be heard."""


# --- life


async def _starts_and_stops(stage: Stage) -> None:
    before = stage.tasks()
    connector = stage.connector()
    async with connector:
        missing = [name for name, is_there in connector.status_dict.items() if not is_there]
        check(connector.ready and not missing, f"it says that it is ready, and lacks {missing}")
        check(len(stage.tasks()) > len(before), "it runs without a task")
    check(not connector.ready, "it is ready after its stop")
    await stage.nothing_is_left(before)


async def _readiness_names_what_is_missing(stage: Stage) -> None:
    good, bad = stage.pairs[:2]
    stage.venue.breaks(FaultKind.SUBSCRIPTION_REFUSED, pair=bad, times=None)
    exchange = stage.exchange((good, bad))
    await exchange.start()
    try:
        await stage.until(lambda: exchange.get_order_book(good).is_live, f"the book of {good}")
        check(not exchange.ready, f"it is ready without the book of {bad}")
        said = await _refusal(exchange.wait_until_ready(0.0), errors.NotReady)
        check(bad in said and good not in said, f"it says that this is missing: {said}")
        stage.venue.clears()
        await stage.until(lambda: exchange.ready, "readiness, once nothing stands in its way")
    finally:
        await exchange.stop()


async def _refusal(call: Any, kind: type[errors.VenuekitError]) -> str:
    """The words of the error that a call must raise."""
    try:
        await call
    except kind as error:
        return str(error)
    raise CardFailed(f"{kind.__name__} was not raised")


async def _rules_are_of_what_trades(stage: Stage) -> None:
    async with stage.exchange() as exchange:
        listed = sorted(exchange.all_trading_pairs())
        check(listed == sorted(stage.venue.pairs), f"these trade by its word: {listed}")
        for pair in listed:
            rule, truth = exchange.trading_rule(pair), stage.venue.instrument(pair)
            check(
                (rule.min_price_increment, rule.min_base_amount_increment)
                == (Decimal(truth.tick_size), Decimal(truth.step_size)),
                f"the steps of {pair}: {rule.min_price_increment}, {rule.min_base_amount_increment}",
            )
    await stage.does_not_start(stage.exchange((_NOBODY,)), errors.UnknownPair)


async def _measures_the_clock(stage: Stage) -> None:
    stage.venue.dialect.skew = 10.0
    async with stage.connector() as connector:
        await stage.until(lambda: connector.offset.is_known, "the clock to be measured")
        # Half the round trip, and what a venue loses that tells milliseconds.
        wrong = abs(connector.offset.offset - 10.0)
        check(wrong <= connector.offset.error + 0.001, f"the venue's clock is taken to be {wrong} s off")


async def _keeps_quiet_while_it_is_refused(stage: Stage) -> None:
    # Without credentials, and without spare budget for deeper books, nobody asks anything in between.
    alone: dict[str, Any] = {"tracker_policy": replace(CALM, spare_share=0.0), "credentials": None}
    async with stage.exchange(**alone) as exchange:
        await stage.sleep(stage.breath)
        await _is_refused_and_waits(stage, exchange, FaultKind.RATE_LIMITED)
        # A venue that names no time is given one by the connector, which may be minutes.
        if _banned(exchange) is None:
            await _is_refused_and_waits(stage, exchange, FaultKind.BANNED)


async def _is_refused_and_waits(stage: Stage, exchange: ExchangeBase, kind: FaultKind) -> None:
    stage.venue.breaks(kind, act=Act.PRICES, seconds=0.5 if kind is FaultKind.RATE_LIMITED else 60.0)
    await _refusal(exchange.get_last_traded_prices([stage.pair]), errors.RateLimited)
    until = _banned(exchange)
    await stage.sleep(_ON_ITS_WAY)
    requests = stage.venue.dialect.counters["requests"]
    if until is None:
        raise CardFailed("it does not know that it is shut out")
    waiting = asyncio.ensure_future(exchange.get_last_traded_prices([stage.pair]))
    try:
        await asyncio.wait([waiting], timeout=_OBSERVED)
        sent = stage.venue.dialect.counters["requests"] - requests
        is_over = _banned(exchange) is None
        check(is_over or (not sent and not waiting.done()), f"it sent {sent} requests while it was shut out")
        if until - exchange.venue_time() < stage.patience / 2:
            prices = await asyncio.wait_for(waiting, stage.patience)
            check(stage.pair in prices, "the request that waited was not answered")
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


def _banned(exchange: ExchangeBase) -> float | None:
    return exchange.web.gate.banned_until()


# --- books


async def _books_are_the_venues(stage: Stage) -> None:
    async with stage.exchange() as exchange:
        for pair in stage.pairs:
            await stage.follows(exchange, pair)
        await stage.books_agree(exchange)


async def _prices_are_the_venues(stage: Stage) -> None:
    async with stage.exchange() as exchange:
        await stage.books_agree(exchange)
        stage.venue.pause()
        told = await exchange.get_last_traded_prices(stage.pairs)
        for pair in stage.pairs:
            true = Decimal(stage.venue.market(pair).last_price)
            check(told.get(pair) == true, f"the last price of {pair} is {true}, told was {told.get(pair)}")
            best = [stage.venue.best(pair, is_bid=is_bid)[0] for is_bid in (False, True)]
            await stage.until(
                partial(_has_best, exchange, pair, best), f"the best prices of {pair} to be {best}"
            )
        await _refusal(exchange.get_last_traded_prices([_NOBODY]), errors.UnknownPair)


def _has_best(exchange: ExchangeBase, pair: str, best: list[Decimal]) -> bool:
    return [exchange.get_price(pair, is_buy) for is_buy in (True, False)] == best


async def _a_gap_heals_its_own_pair(stage: Stage) -> None:
    hit, other = stage.pairs[:2]
    async with stage.exchange() as exchange:
        await stage.follows(exchange, hit)
        before = len(stage.story.statuses(other))
        since = len(stage.story.statuses(hit))
        stage.venue.breaks(FaultKind.GAP, pair=hit)
        await stage.lost_and_live(exchange, hit, since)
        await stage.books_agree(exchange)
        check(len(stage.story.statuses(other)) == before, f"{other} was disturbed by the gap of {hit}")


async def _a_disconnect_heals(stage: Stage) -> None:
    async with stage.exchange() as exchange:
        since = len(stage.story.statuses(stage.pair))
        connections = stage.venue.dialect.counters["connections"]
        stage.venue.breaks(FaultKind.DISCONNECT)
        await stage.lost_and_live(exchange, stage.pair, since)
        check(
            stage.story.statuses(stage.pair)[since] is BookStatus.STALE,
            "a book whose line is gone did not say that it is stale",
        )
        check(stage.venue.dialect.counters["connections"] > connections, "no new connection was made")
        await stage.books_agree(exchange)


async def _an_old_snapshot_is_not_joined(stage: Stage) -> None:
    struck = stage.venue.breaks(FaultKind.STALE_SNAPSHOT, pair=stage.pair, times=2, count=500)
    async with stage.exchange((stage.pair,)) as exchange:
        check(struck() > 0, "no snapshot was asked for")
        await stage.follows(exchange, stage.pair)
        await stage.books_agree(exchange)


async def _a_crossed_book_heals(stage: Stage) -> None:
    async with stage.exchange((stage.pair,)) as exchange:
        await stage.follows(exchange, stage.pair)
        since = len(stage.story.statuses(stage.pair))
        stage.venue.breaks(FaultKind.CROSSED, pair=stage.pair)
        await stage.lost_and_live(exchange, stage.pair, since)
        await stage.books_agree(exchange)


async def _a_silent_stream_is_found(stage: Stage) -> None:
    async with stage.exchange((stage.pair,), tracker_policy=WATCHFUL) as exchange:
        await stage.follows(exchange, stage.pair)
        since = len(stage.story.statuses(stage.pair))
        struck = stage.venue.breaks(FaultKind.SILENCE, pair=stage.pair, times=None)
        await stage.until(lambda: struck() > 0, "the stream to fall silent")
        await stage.until(lambda: len(stage.story.statuses(stage.pair)) > since, "the silence to be noticed")
        stage.venue.clears()
        await stage.until(lambda: exchange.get_order_book(stage.pair).is_live, "the book to be live again")
        await stage.books_agree(exchange)


async def _pairs_come_and_go(stage: Stage) -> None:
    first, second = stage.pairs[:2]
    async with stage.exchange((first,)) as exchange:
        before = len(stage.story.statuses(first))
        check(await exchange.add_trading_pair(second), "a new pair was said to be followed already")
        check(not await exchange.add_trading_pair(second), "a pair was added twice")
        await stage.until(lambda: exchange.ready, "the new pair's book")
        await stage.books_agree(exchange)
        check(len(stage.story.statuses(first)) == before, f"{first} was disturbed when {second} was added")
        await _refusal(exchange.add_trading_pair(_NOBODY), errors.UnknownPair)
        check(await exchange.remove_trading_pair(second), "the pair could not be removed")
        check(exchange.trading_pairs == (first,), f"it follows {exchange.trading_pairs}")
        check(exchange.ready, "it is not ready without the pair that was removed")


_BOOKS = (Trait.BOOKS,)

DATA_CARDS: tuple[Card, ...] = (
    Card(
        number=1,
        group=Group.SESSIONS,
        title="start and stop",
        precondition="a venue in good weather",
        stimulus="the connector is started, becomes ready, and is stopped",
        expected="`ready` and every part of `status_dict`; afterwards no task and no connection is left",
        needs=(),
        play=_starts_and_stops,
    ),
    Card(
        number=2,
        group=Group.DATA,
        title="readiness names what is missing",
        precondition="the venue refuses the subscriptions of one pair of two",
        stimulus="the connector is started; later the refusals end",
        expected="the other book is live; `NotReady` names the pair that is missing; then it becomes ready",
        needs=_BOOKS,
        play=_readiness_names_what_is_missing,
    ),
    Card(
        number=3,
        group=Group.DATA,
        title="rules of what trades",
        precondition="a venue that lists pairs which do not trade beside those that do",
        stimulus="the pairs and their rules are read; a connector for an unknown pair is started",
        expected="disabled pairs are left out, steps are the venue's; `UnknownPair`, and nothing is left",
        needs=_BOOKS,
        play=_rules_are_of_what_trades,
    ),
    Card(
        number=4,
        group=Group.SESSIONS,
        title="the venue's clock",
        precondition="the venue's clock is ten seconds ahead of this machine's",
        stimulus="the connector is started",
        expected="the offset is measured, as exactly as the round trip allows",
        needs=(),
        play=_measures_the_clock,
    ),
    Card(
        number=5,
        group=Group.SESSIONS,
        title="quiet while refused",
        precondition="a running connector",
        stimulus="a question is answered with 429, and later one with a ban",
        expected="`RateLimited`; nothing at all is sent until the time that the venue named",
        needs=(Trait.BOOKS, Act.PRICES),
        play=_keeps_quiet_while_it_is_refused,
    ),
    Card(
        number=6,
        group=Group.DATA,
        title="live books are the venue's",
        precondition="two pairs whose books change many times a second",
        stimulus="the markets are stopped",
        expected="each book is live, and equal to the venue's level by level as deep as it vouches",
        needs=_BOOKS,
        play=_books_are_the_venues,
    ),
    Card(
        number=7,
        group=Group.DATA,
        title="prices",
        precondition="markets that stand still",
        stimulus="last prices and best prices are asked for, and the price of an unknown pair",
        expected="they are the venue's; `UnknownPair`",
        needs=_BOOKS,
        play=_prices_are_the_venues,
    ),
    Card(
        number=8,
        group=Group.DATA,
        title="a gap heals its own pair",
        precondition="two live books",
        stimulus="one difference of one book is not sent",
        expected="that book says that it is not live, and heals; the other does not notice",
        needs=_BOOKS,
        play=_a_gap_heals_its_own_pair,
    ),
    Card(
        number=9,
        group=Group.DATA,
        title="a disconnect heals",
        precondition="live books",
        stimulus="the venue closes every connection",
        expected="the books are stale at once, and live and equal again on a new connection",
        needs=_BOOKS,
        play=_a_disconnect_heals,
    ),
    Card(
        number=10,
        group=Group.DATA,
        title="an old snapshot",
        precondition="the venue answers with snapshots from before the first difference, twice",
        stimulus="the connector is started",
        expected="the old ones are not joined; the book is live and equal",
        needs=(Trait.BOOKS, Trait.SNAPSHOTS),
        play=_an_old_snapshot_is_not_joined,
    ),
    Card(
        number=11,
        group=Group.DATA,
        title="a crossed book heals",
        precondition="a live book",
        stimulus="a difference bids above the best ask",
        expected="the book says that it is not live, and is live and equal again",
        needs=_BOOKS,
        play=_a_crossed_book_heals,
    ),
    Card(
        number=12,
        group=Group.DATA,
        title="a silent stream is found",
        precondition="a live book of a market that moves",
        stimulus="the stream goes on answering pings, and tells nothing more",
        expected="the book says that it is not live; when the stream speaks again it is live and equal",
        needs=_BOOKS,
        play=_a_silent_stream_is_found,
    ),
    Card(
        number=13,
        group=Group.DATA,
        title="pairs come and go",
        precondition="a running connector with one pair",
        stimulus="a pair is added, added again, and removed; an unknown one is added",
        expected="its book is live and equal, the first pair does not notice; `UnknownPair`",
        needs=_BOOKS,
        play=_pairs_come_and_go,
    ),
)
