"""A recorded market, replayed in the time it was recorded in or faster."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from math import gcd
from typing import Protocol, TypeAlias

import msgspec

from venuekit import errors
from venuekit.emulator.digits import decimals_of, text_of, units_of
from venuekit.emulator.step import Instrument, LevelChange, MarketStep, MarketTrade
from venuekit.protocol.book_feed import LevelText
from venuekit.protocol.frozen import Frozen
from venuekit.protocol.recording import Record

__all__ = [
    "FrameReader",
    "Recorded",
    "RecordedBook",
    "RecordedChanges",
    "RecordedListing",
    "RecordedMarket",
    "RecordedTrade",
    "recorded_markets",
]


class RecordedBook(Frozen):
    """A whole book. `symbol` is None where the answer names none: it is the file's only one then.

    `always_replaces` is for books sent in the stream: they count whatever their id is.
    """

    symbol: str | None
    last_id: int
    bids: Sequence[LevelText]
    asks: Sequence[LevelText]
    always_replaces: bool = False


class RecordedChanges(Frozen):
    """New absolute amounts of levels; `previous_id` is its predecessor's last id where the venue chains."""

    symbol: str
    first_id: int
    last_id: int
    bids: Sequence[LevelText]
    asks: Sequence[LevelText]
    previous_id: int | None = None


class RecordedTrade(Frozen):
    """A trade, or several in one where `is_aggregate`; numbered in order of arrival without a `trade_id`.

    `name` is the venue's own id where that is no number.
    """

    symbol: str
    price: str
    amount: str
    taker_is_buyer: bool
    trade_id: int | None = None
    name: str = ""
    is_aggregate: bool = False


class RecordedListing(Frozen):
    """What the venue's list of instruments says about a symbol."""

    symbol: str
    base: str
    quote: str
    tick_size: str
    step_size: str


Recorded: TypeAlias = RecordedBook | RecordedChanges | RecordedTrade | RecordedListing


class FrameReader(Protocol):
    """How to read one venue's frames and answers: supplied by its dialect."""

    def read(self, record: Record) -> Iterable[Recorded]:
        """What a record tells about markets, which may be nothing.

        Raises:
            msgspec.DecodeError: the record is not what the venue sends.
        """
        ...

    def assets(self, symbol: str) -> tuple[str, str]:
        """Base and quote of a symbol that the recording lists nowhere.

        Raises:
            ValueError: the symbol ends in no quote that the venue is known for.
        """
        ...


class RecordedMarket:
    """A market source that gives recorded steps at their times; the first step is the opening.

    After the last step the market stands still: `until` yields nothing and `is_over` is true.
    """

    def __init__(self, instrument: Instrument, steps: Sequence[MarketStep]) -> None:
        if not steps:
            raise ValueError("a recorded market needs at least its opening")
        self.instrument = instrument
        self._steps = steps
        self._given = 1

    @property
    def is_over(self) -> bool:
        """Whether every recorded step has been given."""
        return self._given == len(self._steps)

    def opening(self) -> MarketStep:
        """The step that builds the first book."""
        return self._steps[0]

    def next_time(self) -> float:
        """When the next step comes; infinity after the last one."""
        return math.inf if self.is_over else self._steps[self._given].time

    def until(self, now: float) -> Iterator[MarketStep]:
        """The steps after the last one given, up to and including the time `now` (seconds)."""
        while not self.is_over and self._steps[self._given].time <= now:
            self._given += 1
            yield self._steps[self._given - 1]


def recorded_markets(
    records: Iterable[Record],
    reader: FrameReader,
    start_time: float,
    speed: float = 1.0,
    *,
    name: str = "recording",
) -> dict[str, RecordedMarket]:
    """The markets of a recording by trading pair, those for which it holds a whole book.

    The first record happens at `start_time` (seconds), the others `speed` times faster than they came. Times
    are those of arrival, because only they are in order across streams; a trade's time is its step's.

    Raises:
        RecordingCorrupt: a record cannot be read, or no book can be built; it names the line.
        ValueError: `speed` is not positive.
    """
    if speed <= 0:
        raise ValueError(f"a recording cannot be replayed at speed {speed}")
    read = list(_read(records, reader, name))
    if not read:
        raise errors.RecordingCorrupt(name, 1, "nothing in it is about a market")
    only = _only_symbol(read)
    began = read[0].received
    replays: dict[str, _Replay] = {}
    for told in _without_doubled_trades(read):
        symbol = told.item.symbol or only
        if symbol is None:
            raise errors.RecordingCorrupt(name, told.line, "a book without symbol among several symbols")
        if isinstance(told.item, RecordedListing):
            continue
        replay = replays.setdefault(symbol, _Replay(start_time))
        try:
            replay.take(start_time + (told.received - began) / speed, told.item)
        except ValueError as error:
            raise errors.RecordingCorrupt(name, told.line, str(error)) from None
    replays = {symbol: replay for symbol, replay in replays.items() if replay.steps}
    if not replays:
        raise errors.RecordingCorrupt(name, read[-1].line, "no whole book up to the end")
    listings = {told.item.symbol: told.item for told in read if isinstance(told.item, RecordedListing)}
    markets = {}
    for symbol, replay in replays.items():
        try:
            listing = listings.get(symbol) or _guessed_listing(symbol, replay, reader)
        except ValueError as error:
            raise errors.RecordingCorrupt(name, read[-1].line, str(error)) from None
        market = RecordedMarket(_instrument(listing, replay), replay.steps)
        markets[market.instrument.trading_pair] = market
    return markets


class _Told(Frozen):
    received: float
    line: int
    item: Recorded


def _read(records: Iterable[Record], reader: FrameReader, name: str) -> Iterator[_Told]:
    for record in records:
        try:
            for item in reader.read(record):
                yield _Told(received=record.received, line=record.line, item=item)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise errors.RecordingCorrupt(name, record.line, f"not what the venue sends ({error})") from None


def _only_symbol(read: Iterable[_Told]) -> str | None:
    symbols = dict.fromkeys(
        told.item.symbol for told in read if isinstance(told.item, RecordedChanges | RecordedTrade)
    )
    return next(iter(symbols)) if len(symbols) == 1 else None


def _without_doubled_trades(read: Sequence[_Told]) -> Iterator[_Told]:
    """All but the aggregates of symbols whose single trades were recorded too."""
    single = {
        told.item.symbol
        for told in read
        if isinstance(told.item, RecordedTrade) and not told.item.is_aggregate
    }
    for told in read:
        item = told.item
        if not (isinstance(item, RecordedTrade) and item.is_aggregate and item.symbol in single):
            yield told


class _Replay:
    """Joins one symbol's books and changes by their ids, as a client that missed nothing would."""

    def __init__(self, start_time: float) -> None:
        self.steps: list[MarketStep] = []
        self.price_decimals = 0
        self.amount_decimals = 0
        self._start_time = start_time
        self._last_id: int | None = None
        self._shift = 0
        self._is_joined = False
        self._waiting: list[tuple[float, RecordedChanges | RecordedTrade]] = []
        self._held: dict[tuple[bool, str], str] = {}
        self._trades = 0

    def take(self, time: float, item: RecordedBook | RecordedChanges | RecordedTrade) -> None:
        """Turn what was told into a step, or keep it until a whole book comes.

        Raises:
            ValueError: a price or an amount is no number.
        """
        if isinstance(item, RecordedBook):
            self._replace(time, item)
        elif not self._is_joined:
            self._waiting.append((time, item))
        elif isinstance(item, RecordedTrade):
            self._trade(time, item)
        else:
            self._change(time, item)

    def _replace(self, time: float, book: RecordedBook) -> None:
        last_id = book.last_id + self._shift
        if self._last_id is not None and last_id <= self._last_id:
            if not book.always_replaces:
                return
            # A stream that begins anew counts from 1 again; the replayed book's ids go on.
            self._shift += self._last_id + 1 - last_id
            last_id = self._last_id + 1
        new = {(is_bid, price): amount for is_bid, price, amount in self._levels(book.bids, book.asks)}
        gone = {level: "0" for level in self._held if level not in new}
        changed = {level: amount for level, amount in new.items() if self._held.get(level) != amount}
        opens = self._last_id is None
        self._held = new
        self._step(
            self._start_time if opens else time,
            last_id if opens else (self._last_id or 0) + 1,
            last_id,
            tuple(
                LevelChange(is_bid=is_bid, price=price, amount=amount)
                for (is_bid, price), amount in (gone | changed).items()
            ),
        )
        self._is_joined = True
        waiting, self._waiting = self._waiting, []
        for earlier, item in waiting:
            self.take(max(earlier, self.steps[-1].time), item)

    def _change(self, time: float, changes: RecordedChanges) -> None:
        known = self._last_id or 0
        first_id, last_id = changes.first_id + self._shift, changes.last_id + self._shift
        if last_id <= known:
            return
        chained = changes.previous_id is not None and changes.previous_id + self._shift == known
        if first_id > known + 1 and not chained:
            # Something between was not recorded: the market stands still until the next whole book.
            self._is_joined = False
            self._waiting.append((time, changes))
            return
        levels = tuple(self._levels(changes.bids, changes.asks))
        for is_bid, price, amount in levels:
            if amount.strip("0."):
                self._held[is_bid, price] = amount
            else:
                self._held.pop((is_bid, price), None)
        self._step(
            time,
            max(first_id, known + 1),
            last_id,
            tuple(LevelChange(is_bid=is_bid, price=price, amount=amount) for is_bid, price, amount in levels),
        )

    def _trade(self, time: float, trade: RecordedTrade) -> None:
        if not trade.amount.strip("0."):
            return
        known = self._last_id or 0
        self._trades += 1
        number = self._trades if trade.trade_id is None else trade.trade_id
        self._note(trade.price, trade.amount)
        told = MarketTrade(
            trade_id=number,
            name=trade.name,
            price=trade.price,
            amount=trade.amount,
            taker_is_buyer=trade.taker_is_buyer,
            time=time,
        )
        self._step(time, known + 1, known, (), (told,))

    def _step(
        self,
        time: float,
        first_id: int,
        last_id: int,
        changes: tuple[LevelChange, ...],
        trades: tuple[MarketTrade, ...] = (),
    ) -> None:
        self._last_id = last_id
        self.steps.append(
            MarketStep(time=time, first_id=first_id, last_id=last_id, changes=changes, trades=trades)
        )

    def _levels(
        self, bids: Sequence[LevelText], asks: Sequence[LevelText]
    ) -> Iterator[tuple[bool, str, str]]:
        for is_bid, rows in ((True, bids), (False, asks)):
            for price, amount in rows:
                self._note(price, amount)
                yield is_bid, price, amount

    def _note(self, price: str, amount: str) -> None:
        self.price_decimals = max(self.price_decimals, _written_decimals(price))
        self.amount_decimals = max(self.amount_decimals, _written_decimals(amount))


def _written_decimals(text: str) -> int:
    whole, _, fraction = text.partition(".")
    if not (whole + fraction).isdecimal() or not text.isascii():
        raise ValueError(f"not a number: {text!r}")
    return len(fraction)


def _guessed_listing(symbol: str, replay: _Replay, reader: FrameReader) -> RecordedListing:
    """What the recorded numbers have in common, where the venue's list was not recorded."""
    base, quote = reader.assets(symbol)
    changes = [change for step in replay.steps for change in step.changes]
    return RecordedListing(
        symbol=symbol,
        base=base,
        quote=quote,
        tick_size=_common([change.price for change in changes], replay.price_decimals),
        step_size=_common([change.amount for change in changes], replay.amount_decimals),
    )


def _instrument(listing: RecordedListing, replay: _Replay) -> Instrument:
    opening = replay.steps[0].changes
    return Instrument(
        trading_pair=f"{listing.base}-{listing.quote}",
        base=listing.base,
        quote=listing.quote,
        tick_size=listing.tick_size,
        step_size=listing.step_size,
        price_decimals=max(replay.price_decimals, decimals_of(listing.tick_size)),
        amount_decimals=max(replay.amount_decimals, decimals_of(listing.step_size)),
        start_price=opening[0].price if opening else listing.tick_size,
    )


def _common(texts: Iterable[str], decimals: int) -> str:
    """The largest step that all these numbers are multiples of."""
    step = 0
    for text in texts:
        step = gcd(step, units_of(text, decimals))
    return text_of(step or 1, decimals)
