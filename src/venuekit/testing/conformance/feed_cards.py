"""Cards about feeds: frames that are missing, twice, unreadable, or rightly absent."""

from __future__ import annotations

from decimal import Decimal

from venuekit.emulator.act import Act
from venuekit.emulator.faults import FaultKind
from venuekit.model.book import BookStatus
from venuekit.model.decimals import CONTEXT
from venuekit.model.events import OrderBookTradeEvent
from venuekit.testing.conformance.card import Card, Group, Trait, check
from venuekit.testing.conformance.stage import WATCHFUL, Stage

__all__ = ["FEED_CARDS", "told_is_the_tape", "told_trades_are_the_tape"]

_SLOW = 0.35
"""Seconds that a snapshot takes: several differences pass meanwhile."""
_SOME = 4
"""Trades that are enough to have an order."""
_QUIET = 1.0
"""Seconds of silence, after which a watchful connector has asked more than once."""
_UNREADABLE = (
    FaultKind.UNKNOWN_FRAME,
    FaultKind.FRAME_NOT_JSON,
    FaultKind.FRAME_NOT_UTF8,
    FaultKind.TRUNCATED_FRAME,
    FaultKind.BINARY_FRAME,
)
_USELESS = (FaultKind.SERVER_ERROR, FaultKind.HTML, FaultKind.TRUNCATED_BODY)


async def _a_gap_during_a_gap(stage: Stage) -> None:
    async with stage.exchange((stage.pair,)) as exchange:
        await stage.follows(exchange, stage.pair)
        since = len(stage.story.statuses(stage.pair))
        if Act.SNAPSHOT in stage.traits.dialect.acts:
            stage.venue.breaks(FaultKind.DELAY, act=Act.SNAPSHOT, seconds=_SLOW, times=2)
        first = stage.venue.breaks(FaultKind.GAP, pair=stage.pair)
        # Two differences later, while the book that heals still waits for what the first gap took.
        second = stage.venue.breaks(FaultKind.GAP, pair=stage.pair, skip=2)
        await stage.until(lambda: first() == second() == 1, "both differences to be left out")
        await stage.lost_and_live(exchange, stage.pair, since)
        await stage.follows(exchange, stage.pair)  # what is missing is missed by the next difference
        await stage.books_agree(exchange)


async def _twice_and_swapped(stage: Stage) -> None:
    async with stage.exchange((stage.pair,)) as exchange:
        await stage.follows(exchange, stage.pair)
        since = len(stage.story.statuses(stage.pair))
        twice = stage.venue.breaks(FaultKind.DUPLICATE, pair=stage.pair, times=2)
        await stage.until(lambda: twice() == 2, "differences to come twice")
        await stage.books_agree(exchange)
        lost = stage.story.statuses(stage.pair)[since:]
        check(not lost, f"a difference that came twice made the book {lost}")
        swapped = stage.venue.breaks(FaultKind.SWAP, pair=stage.pair, times=2)
        await stage.until(lambda: swapped() == 2, "two differences to change places")
        await stage.lost_and_live(exchange, stage.pair, since)
        await stage.books_agree(exchange)


async def _frames_that_cannot_be_read(stage: Stage) -> None:
    async with stage.exchange((stage.pair,)) as exchange:
        await stage.follows(exchange, stage.pair)
        struck = [stage.venue.breaks(kind, pair=stage.pair) for kind in _UNREADABLE]
        await stage.until(lambda: all(count() for count in struck), "all of the frames to come")
        await stage.follows(exchange, stage.pair)
        await stage.books_agree(exchange)
        check(exchange.ready, "it is not ready any more")


async def _snapshots_that_cannot_be_used(stage: Stage) -> None:
    struck = [stage.venue.breaks(kind, act=Act.SNAPSHOT) for kind in _USELESS]
    stage.venue.breaks(FaultKind.DELAY, act=Act.SNAPSHOT, seconds=_SLOW)
    async with stage.exchange((stage.pair,)) as exchange:
        check(all(count() for count in struck), "it did not ask again for a snapshot")
        first = stage.story.statuses(stage.pair)
        check(not first or first[0] is BookStatus.LIVE, f"its first word of the book is {first}")
        await stage.books_agree(exchange)


async def _trades_in_order(stage: Stage) -> None:
    stage.venue.pause()
    async with stage.exchange((stage.pair,)) as exchange:
        begin = len(stage.venue.market(stage.pair).trades)
        await told_trades_are_the_tape(stage, begin)
        check(exchange.ready, "it is not ready any more")


async def told_trades_are_the_tape(stage: Stage, begin: int) -> None:
    """Let the markets go on until some trades were told, stop them, and compare with the venue's tape.

    From trade number `begin` of the tape on; one that venues call aggregate stands for several of the tape.
    """
    stage.venue.resume()
    await stage.until(lambda: len(_trades(stage)) >= _SOME, "trades to be told")
    stage.venue.pause()
    await told_is_the_tape(stage, begin)


async def told_is_the_tape(stage: Stage, begin: int) -> None:
    """Hold what was told of trades against the venue's tape, in a market that stands still."""
    tape = list(stage.venue.market(stage.pair).trades)[begin:]
    wanted = sum((Decimal(trade.amount) for trade in tape), Decimal(0))
    await stage.until(lambda: _amount(stage) >= wanted, f"trades over {wanted} to be told")
    await stage.sleep(stage.breath)
    told = _trades(stage)
    check(_amount(stage) == wanted, f"trades over {wanted} happened, and over {_amount(stage)} were told")
    ids = [trade.trade_id for trade in told]
    check(len({*ids}) == len(ids), "a trade was told twice")
    times = [trade.timestamp for trade in told]
    check(times == sorted(times), "trades were told in another order than they happened")
    first, last = Decimal(tape[0].price), Decimal(tape[-1].price)
    check((told[0].price, told[-1].price) == (first, last), "the first or the last trade is another")


def _trades(stage: Stage) -> list[OrderBookTradeEvent]:
    events: list[OrderBookTradeEvent] = stage.story.of_kind(OrderBookTradeEvent)
    return [event for event in events if event.trading_pair == stage.pair]


def _amount(stage: Stage) -> Decimal:
    total = Decimal(0)
    for trade in _trades(stage):
        total = CONTEXT.add(total, trade.amount)
    return total


async def _a_quiet_pair_stays_live(stage: Stage) -> None:
    async with stage.exchange((stage.pair,), tracker_policy=WATCHFUL) as exchange:
        await stage.books_agree(exchange)
        stage.venue.pause()
        await stage.until(lambda: stage.is_equal(exchange, stage.pair), "the last difference to be heard")
        since, connections = len(stage.story.statuses(stage.pair)), stage.venue.connections
        await stage.sleep(_QUIET)
        told = stage.story.statuses(stage.pair)[since:]
        check(not told, f"nothing happened, and the book said that it is {told}")
        check(stage.is_equal(exchange, stage.pair), "the book is not the venue's")
        check(stage.venue.connections <= connections + 1, "a line was given up because nothing happened")


async def _a_symbol_is_halted(stage: Stage) -> None:
    halted, other = stage.pairs[:2]
    async with stage.exchange(facts={"trading_rules_interval": 0.1}) as exchange:
        await stage.follows(exchange, halted)
        since = len(stage.story.statuses(other))
        stage.venue.halts(halted)
        await stage.until(lambda: halted not in exchange.all_trading_pairs(), f"{halted} to be left out")
        check(halted in exchange.trading_rules, f"the rules of {halted} are gone while it is halted")
        book = exchange.get_order_book(halted)
        await stage.until(lambda: book.is_live, f"the book of {halted}, which stands still")
        stage.venue.reopens(halted)
        await stage.until(lambda: halted in exchange.all_trading_pairs(), f"{halted} to trade again")
        await stage.follows(exchange, halted)
        await stage.books_agree(exchange)
        check(len(stage.story.statuses(other)) == since, f"{other} was disturbed when {halted} was halted")


_BOOKS = (Trait.BOOKS,)

FEED_CARDS: tuple[Card, ...] = (
    Card(
        number=49,
        group=Group.DATA,
        title="a gap during a gap",
        precondition="a live book; snapshots take longer than several differences",
        stimulus="a difference is left out, and another one while the book is being made anew",
        expected="the book says that it is not live, and is live again only when it is the venue's",
        needs=_BOOKS,
        play=_a_gap_during_a_gap,
    ),
    Card(
        number=50,
        group=Group.DATA,
        title="differences twice and swapped",
        precondition="a live book",
        stimulus="differences come twice; later, two come in each other's place",
        expected="the first changes nothing; of the second the book says that it is not live, and heals",
        needs=_BOOKS,
        play=_twice_and_swapped,
    ),
    Card(
        number=51,
        group=Group.DATA,
        title="frames that cannot be read",
        precondition="a live book",
        stimulus="frames come that are unknown, no JSON, no UTF-8, cut off, or binary",
        expected="nothing falls over; the book is live and equal",
        needs=_BOOKS,
        play=_frames_that_cannot_be_read,
    ),
    Card(
        number=52,
        group=Group.DATA,
        title="snapshots that cannot be used",
        precondition="questions for a book are answered with a 503, a page, half an answer, and then late",
        stimulus="the connector is started",
        expected="nothing is told of the book before it is live; then it is equal",
        needs=(Trait.BOOKS, Trait.SNAPSHOTS, Act.SNAPSHOT),
        play=_snapshots_that_cannot_be_used,
    ),
    Card(
        number=53,
        group=Group.DATA,
        title="trades in order",
        precondition="a running connector, before the first trade",
        stimulus="the market trades for a while",
        expected="each trade is told once, in order; together they are the venue's tape",
        needs=_BOOKS,
        play=_trades_in_order,
    ),
    Card(
        number=54,
        group=Group.DATA,
        title="a quiet pair stays live",
        precondition="a live book, watched for silence",
        stimulus="nothing happens in the market",
        expected="the book stays live, however often it is suspected",
        needs=_BOOKS,
        play=_a_quiet_pair_stays_live,
    ),
    Card(
        number=55,
        group=Group.DATA,
        title="a halted symbol",
        precondition="two live books",
        stimulus="one of the symbols is halted, and trades again later",
        expected="it is left out of what trades, then back; its book goes on, and the other does not notice",
        needs=(Trait.BOOKS, Trait.HALTS),
        play=_a_symbol_is_halted,
    ),
)
