"""Books: one that is LIVE is the venue's at its id, and one that is not says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from venuekit import errors
from venuekit.emulator.venue_book import VenueBook
from venuekit.model.book import BookDiff, BookStatus
from venuekit.model.events import BookStatusEvent, OrderBookTradeEvent
from venuekit.model.order import TradeType
from venuekit.protocol.book_feed import LevelText
from venuekit.sim.invariants.invariant import Complaint, Invariant
from venuekit.sim.occasions import Quiet, Second, Told
from venuekit.sim.scene import Life, Scene
from venuekit.state.order_book import OrderBook

__all__ = ["INVARIANTS", "has_ids"]


def has_ids(life: Life) -> bool:
    """Whether the ids of books are those of the venue's own book."""
    return life.exchange.data_source_class.book_feed.snapshot.name == "REST"


def _numbers(levels: Iterable[LevelText]) -> dict[Decimal, Decimal]:
    return {Decimal(price): Decimal(amount) for price, amount in levels}


def _level(best: tuple[str, str, int | None] | LevelText | None) -> tuple[Decimal, Decimal] | None:
    return None if best is None else (Decimal(best[0]), Decimal(best[1]))


# B1


def _best_is_the_venues(scene: Scene, told: Told) -> Iterator[Complaint]:
    """The best levels at each difference; all of them now and then."""
    life, diff = scene.lives[told.life], told.event
    book = life.order_books().get(diff.trading_pair)
    if book is None or not book.is_live or book.update_id is None or not has_ids(life):
        return
    theirs = scene.books[book.trading_pair].at(book.update_id)
    if theirs is None:
        yield Complaint(book.trading_pair, f"is LIVE at {book.update_id}, an id that the venue's never had")
        return
    mine = book.bids.best, book.asks.best
    for side, ours, best in zip(("bid", "ask"), mine, (theirs.best_bid, theirs.best_ask), strict=True):
        # Mostly the texts are the same; where they are not, the numbers may be.
        if (ours is None or ours[:2] != best) and _level(ours) != _level(best):
            words = f"at {book.update_id} our best {side} is {ours and ours[:2]}, the venue's {best}"
            yield Complaint(book.trading_pair, words)
    if life.book(book.trading_pair).told % scene.patience.compared == 0:
        yield from _differences(book, theirs)


def _all_is_the_venues(scene: Scene, told: Told) -> Iterator[Complaint]:
    event = told.event
    if isinstance(event, BookStatusEvent) and event.status is BookStatus.LIVE:
        yield from _compared(scene, scene.lives[told.life], event.trading_pair)


def _all_are_the_venues(scene: Scene, _: Quiet) -> Iterator[Complaint]:
    if scene.present is not None:
        for pair in scene.present.order_books():
            yield from _compared(scene, scene.present, pair)


def _compared(scene: Scene, life: Life, pair: str) -> Iterator[Complaint]:
    book = life.order_books().get(pair)
    if book is None or not book.is_live or book.update_id is None or not has_ids(life):
        return
    theirs = scene.books[pair].at(book.update_id)
    if theirs is not None:
        yield from _differences(book, theirs)


def _differences(book: OrderBook, theirs: VenueBook) -> Iterator[Complaint]:
    """The levels that differ, as deep as the book vouches."""
    depths = book.vouched_depth
    _, *truths = theirs.snapshot(max(depths))
    sides = zip(("bids", "asks"), book.texts(max(depths)), truths, depths, strict=True)
    for side, ours, levels, depth in sides:
        if ours[:depth] == levels[:depth]:
            continue
        mine, truth = _numbers(ours[:depth]), _numbers(levels[:depth])
        wrong = {
            str(price): (str(mine.get(price)), str(truth.get(price)))
            for price in sorted({**mine, **truth})
            if mine.get(price) != truth.get(price)
        }
        if wrong:
            some = dict(list(wrong.items())[:3])
            words = f"at {book.update_id} {len(wrong)} of {depth} {side} differ (price: ours, theirs): {some}"
            yield Complaint(book.trading_pair, words)


# B2


def _nothing_is_missing(scene: Scene, told: Told) -> Iterator[Complaint]:
    """A LIVE book goes from one id to the next that the venue had for a reader of its stream."""
    diff = told.event
    life = scene.lives[told.life]
    if not isinstance(diff, BookDiff) or diff.first_update_id is None or not has_ids(life):
        return
    known = life.book(diff.trading_pair).id
    if known is None or diff.first_update_id <= known + 1:
        return
    missed = scene.books[diff.trading_pair].next_id(known)
    if missed is not None and missed < diff.first_update_id:
        words = f"goes on from {known} with {diff.first_update_id}, and is LIVE: {missed} is missing"
        yield Complaint(diff.trading_pair, words)


def _is_not_behind(scene: Scene, second: Second) -> Iterator[Complaint]:
    life = scene.present
    if life is None or not has_ids(life):
        return
    for pair in life.order_books():
        since = life.book(pair).behind_since
        if since is not None and second.now - since > scene.patience.book_behind:
            words = f"is LIVE, and behind the venue for {second.now - since:.1f} s without a difference"
            yield Complaint(pair, words)


def _is_not_read(scene: Scene, _: Second | Told) -> Iterator[Complaint]:
    """What is not LIVE gives no price to who does not ask for what there is."""
    life = scene.present
    if life is None:
        return
    for pair, book in life.order_books().items():
        if book.status is BookStatus.LIVE:
            continue
        try:
            price = book.get_price(True)
        except errors.NotReady:
            continue
        yield Complaint(pair, f"is {book.status.value}, and says that the best ask is {price}")


def _is_fed(scene: Scene, _: Second) -> Iterator[Complaint]:
    """What no connection feeds is not LIVE."""
    life = scene.present
    if life is None or not life.order_books():
        return
    tracker = life.exchange.order_book_tracker
    for seat in tracker.seats:
        if seat.stream.state != "reconnecting":
            continue
        for pair, book in life.order_books().items():
            if (
                book.status is BookStatus.LIVE
                and tracker.data_source.book_channel(pair) in seat.stream.channels
            ):
                yield Complaint(pair, f"is LIVE, and its stream is down: {seat.stream.trouble}")


def _is_not_late(scene: Scene, second: Second) -> Iterator[Complaint]:  # noqa: ARG001 - a look's signature
    """Long after healing, what is LIVE keeps up with the venue, and does not only go on."""
    life, healed = scene.present, scene.since_healed()
    if life is None or healed is None or healed <= scene.patience.answers or not has_ids(life):
        return
    for pair, book in life.order_books().items():
        since = None
        if book.is_live and book.update_id is not None:
            since = scene.books[pair].missing_since(book.update_id)
        if since is not None and scene.wall() - since > scene.patience.book_late:
            words = (
                f"is LIVE at {book.update_id}, from which the venue went on {scene.wall() - since:.1f} s ago"
            )
            yield Complaint(pair, words)


# B3


def _is_in_order(scene: Scene, told: Told) -> Iterator[Complaint]:
    diff = told.event
    life = scene.lives[told.life]
    if not isinstance(diff, BookDiff):
        return
    book = life.order_books().get(diff.trading_pair)
    if book is None or book.status is not BookStatus.LIVE:
        return
    bid, ask = _level(book.bids.best), _level(book.asks.best)
    if bid is not None and ask is not None and bid[0] >= ask[0]:
        yield Complaint(diff.trading_pair, f"is LIVE and crossed: {bid[0]} is bid, {ask[0]} asked")
    for best in (bid, ask):
        if best is not None and min(best) <= 0:
            yield Complaint(diff.trading_pair, f"has {best[1]} at {best[0]}")
    known, now = life.book(diff.trading_pair).id, diff.last_update_id
    if known is not None and now is not None and now <= known:
        yield Complaint(diff.trading_pair, f"goes from {known} back to {now}, and is LIVE")


def _does_not_go_back(scene: Scene, _: Second) -> Iterator[Complaint]:
    """While it is LIVE, no snapshot takes it back to where it was."""
    life = scene.present
    if life is None or not has_ids(life):
        return
    for pair, book in life.order_books().items():
        known = life.book(pair).id
        if book.is_live and book.update_id is not None and known is not None and book.update_id < known:
            yield Complaint(pair, f"is LIVE at {book.update_id}, and was at {known}")


def _trade_is_true(scene: Scene, told: Told) -> Iterator[Complaint]:
    event = told.event
    if not isinstance(event, OrderBookTradeEvent) or not isinstance(event.trade_id, int):
        return
    pair, life = event.trading_pair, scene.lives[told.life]
    before = life.book(pair).trade_id
    if before is not None and event.trade_id <= before:
        yield Complaint(pair, f"trade {event.trade_id} is told after {before}")
    trade = scene.books[pair].trades.get(event.trade_id)
    ours = (event.price, event.amount, event.type is TradeType.BUY)
    theirs = None if trade is None else (Decimal(trade.price), Decimal(trade.amount), trade.taker_is_buyer)
    if ours != theirs:
        yield Complaint(pair, f"trade {event.trade_id} is told as {ours}; the venue has {theirs}")


INVARIANTS = (
    Invariant(
        id="B1",
        sentence="A book that is LIVE equals the venue's book at its update id, as deep as it vouches.",
        looks=(
            ((BookDiff,), _best_is_the_venues),
            ((BookStatusEvent,), _all_is_the_venues),
            ((Quiet,), _all_are_the_venues),
        ),
    ),
    Invariant(
        id="B2",
        sentence="A book that missed something is not LIVE until it is synchronised anew, nor is one that is"
        " behind for long.",
        looks=(
            ((BookDiff,), _nothing_is_missing),
            ((Second, BookStatusEvent), _is_not_read),
            ((Second,), _is_fed),
            ((Second,), _is_not_behind),
            ((Second,), _is_not_late),
        ),
    ),
    Invariant(
        id="B3",
        sentence="A LIVE book is never crossed, its levels are above zero and its ids rise; public trades are"
        " the venue's, in order, each once.",
        looks=(
            ((BookDiff,), _is_in_order),
            ((Second,), _does_not_go_back),
            ((OrderBookTradeEvent,), _trade_is_true),
        ),
    ),
)
