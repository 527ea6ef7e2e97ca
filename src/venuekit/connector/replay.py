"""A recording fed to books by the same data source, keeper and book as live traffic."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

import msgspec

from venuekit import errors
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.order_book_data_source import OrderBookTrackerDataSource
from venuekit.connector.registry import connector_class, find_setting
from venuekit.model.book import BookDiff, BookSnapshot, BookStatus
from venuekit.model.decimals import CONTEXT, plain
from venuekit.model.market import MarketFrame, PublicTrade, StreamNumber
from venuekit.model.trading_rule import TradingRule
from venuekit.protocol.book_feed import LevelText, SnapshotSource
from venuekit.protocol.endpoint import parameters
from venuekit.protocol.frozen import Frozen
from venuekit.protocol.recording import Record, RecordKind, read_recording
from venuekit.protocol.stream import SessionFrame
from venuekit.seams import disk
from venuekit.state.order_book import OrderBook
from venuekit.state.order_book_keeper import ConnectionSequence, OrderBookKeeper, Trouble
from venuekit.state.symbol_map import SymbolMap

__all__ = ["Checkpoint", "PairReplay", "RecordedFile", "ReplayResult", "replay"]

Checkpoint: TypeAlias = tuple[int | None, str | None, str | None, str | None, str | None]
"""(update id, bid, bid amount, ask, ask amount) after an applied difference; None on an empty side."""

_SHOWN_LEVELS = 10


class PairReplay(Frozen):
    """Where one pair's book and tape ended.

    Ids, prices and amounts are as the venue wrote them; `bids` and `asks` are the ten best. `applied`,
    `stale` and `gaps` count differences, `trades` single trades of every kind, aggregates left out.
    """

    status: BookStatus
    last_update_id: int | None
    applied: int
    stale: int
    gaps: int
    bids: list[LevelText]
    asks: list[LevelText]
    trades: int
    first_trade_id: int | str | None
    last_trade_id: int | str | None
    trade_amount_sum: str
    checkpoints: list[Checkpoint]


class ReplayResult(Frozen):
    """Every pair of a recording, in order of appearance."""

    pairs: dict[str, PairReplay]


class RecordedFile:
    """A file of records that can be read again and again; a name ending in `.gz` is unpacked on the way.

    Raises, while it is read:
        errors.UsageError: there is no such file, or it may not be read.
        errors.RecordingCorrupt: it is not what its name says, is cut off, or holds a line that is no record.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path

    def __iter__(self) -> Iterator[Record]:
        return read_recording(self._lines(), self.name)

    def _lines(self) -> Iterator[bytes]:
        number = 0
        try:
            for line in disk.lines(self._path):
                number += 1
                yield line
        except (EOFError, zlib.error) as error:
            raise errors.RecordingCorrupt(self.name, number + 1, f"the file is damaged ({error})") from None
        except OSError as error:
            if error.errno is None:
                # gzip.BadGzipFile: the system had no objection to reading it.
                raise errors.RecordingCorrupt(self.name, number + 1, str(error)) from None
            raise errors.UsageError(f"{self.name}: {error.strerror}") from None


def replay(
    venue: str,
    recordings: Sequence[Iterable[Record]],
    *,
    trading_pair: str | None = None,
    checkpoint_every: int | None = None,
) -> ReplayResult:
    """Feed recordings of one venue, one after the other, and say where each pair ended.

    Each of `recordings` is read twice: a list of instruments counts wherever it stands. Without one a
    symbol is split at the venue's longest known quote asset. A REST answer without URL belongs to the only
    pair of its recording. `trading_pair` limits the result, `checkpoint_every` asks for a checkpoint after
    every so-manieth applied difference.

    Raises:
        errors.UnknownVenue: no such connector is installed.
        errors.UnknownPair: the recording holds nothing about `trading_pair`.
        errors.RecordingCorrupt: a record cannot be read or belongs to nobody; it names the line.
    """
    engine = _Replay(venue, checkpoint_every)
    for recording in recordings:
        for record in recording:
            engine.learn(record)
    engine.list_symbols()
    for recording in recordings:
        engine.begin(getattr(recording, "name", "recording"))
        for record in recording:
            engine.feed(record)
    return engine.result(trading_pair)


class _ListedSymbols(SymbolMap):
    """Symbols that a recorded list of instruments gives to another contract kind are not split by guess."""

    def __init__(self, quotes: Sequence[str]) -> None:
        super().__init__(quotes=quotes)
        self._elsewhere: dict[str, None] = {}

    def list_rules(self, rules: Sequence[TradingRule], connector: type[ExchangeBase]) -> None:
        """Learn a list of instruments of all kinds."""
        own = [rule for rule in rules if rule.contract_kind is connector.contract_kind]
        for rule in own:
            self.add(rule.trading_pair, rule.symbol)
        followed = {rule.symbol for rule in own if rule.trading_pair in self}
        self._elsewhere = {rule.symbol: None for rule in rules if rule.symbol not in followed}

    def pair(self, symbol: str) -> str:
        """The pair of a venue's word."""
        if symbol in self._elsewhere:
            raise errors.UnknownPair(f"{symbol!r} is of another kind, or claims a pair together with another")
        return super().pair(symbol)


class _Pair:
    """One pair's book, keeper and tape."""

    def __init__(self, trading_pair: str, source: OrderBookTrackerDataSource, every: int | None) -> None:
        self.book = OrderBook(trading_pair)
        self.keeper = OrderBookKeeper(self.book, source.book_feed)
        self._checkpoints: list[Checkpoint] = []
        self._trades = 0
        self._first_trade_id: int | str | None = None
        self._last_trade_id: int | str | None = None
        self._trade_amount_sum = Decimal(0)
        if every is not None:
            self.keeper.watch = partial(self._check, every)

    def take(self, frame: BookDiff | BookSnapshot | PublicTrade, now: float) -> None:
        """A frame, or the snapshot in an answer."""
        if isinstance(frame, PublicTrade):
            self._count(frame)
            return
        self.keeper.feed_frame(frame, now)
        if self.book.status is BookStatus.LIVE:
            # Nobody recorded when a snapshot was asked for: one of a LIVE book may come at any time.
            self.keeper.expect_snapshot()

    def _count(self, trade: PublicTrade) -> None:
        if trade.is_aggregate:
            return
        if self._trades == 0:
            self._first_trade_id = trade.trade_id
        self._trades += 1
        self._last_trade_id = trade.trade_id
        self._trade_amount_sum = CONTEXT.add(self._trade_amount_sum, trade.amount)

    def _check(self, every: int, diff: BookDiff) -> None:
        if self.keeper.applied % every == 0:
            bid, ask = (side.best or (None, None, None) for side in (self.book.bids, self.book.asks))
            self._checkpoints.append((diff.last_update_id, *bid[:2], *ask[:2]))

    def result(self) -> PairReplay:
        """Where it stands."""
        book, keeper = self.book, self.keeper
        bids, asks = book.as_is.texts(_SHOWN_LEVELS)
        # A price beyond the snapshot's range: the best levels may be others, and nothing vouches for these.
        has_expired = book.status is BookStatus.LIVE and book.is_expired
        return PairReplay(
            status=BookStatus.STALE if has_expired else book.status,
            last_update_id=book.update_id,
            applied=keeper.applied,
            stale=keeper.stale,
            gaps=keeper.gaps,
            bids=bids,
            asks=asks,
            trades=self._trades,
            first_trade_id=self._first_trade_id,
            last_trade_id=self._last_trade_id,
            trade_amount_sum=plain(self._trade_amount_sum),
            checkpoints=self._checkpoints,
        )


class _Words:
    """How a connector names things in addresses: learnt by asking it about its example pair."""

    def __init__(self, venue: str, connector: type[ExchangeBase]) -> None:
        pair = find_setting(venue.partition("@")[0]).example_pair
        symbol = pair.replace("-", "")
        source = connector.data_source_class(SymbolMap([TradingRule(pair, symbol=symbol)]))
        self.routes = tuple(dict.fromkeys(channel.route for channel in source.channels(pair)))
        self.snapshot_path = source.snapshot_endpoint.path
        self.rules_path = connector.rules_endpoint.path
        depth = (*source.book_feed.depths, 1)[0]
        asked = {value: name for name, value in parameters(source.snapshot_query(pair, depth)).items()}
        self._symbol_name = asked[symbol]
        self._depth_name = asked.get(str(depth), "")

    def is_ours(self, address: str | None) -> bool:
        """Whether a frame of this connection can be this connector's.

        A recording may hold connections of several products, or of a time when a route was shorter.
        """
        path = urlsplit(address or "").path
        return not path or any(route.endswith(path) for route in self.routes)

    def asked_symbol(self, url: str) -> str:
        """The symbol a snapshot was asked for, empty where the address names none."""
        return parse_qs(urlsplit(url).query).get(self._symbol_name, [""])[0]

    def asked_depth(self, url: str) -> int | None:
        """How many levels a snapshot was asked for, None where the address does not tell."""
        depth = parse_qs(urlsplit(url).query).get(self._depth_name, [""])[0]
        return int(depth) if depth.isdigit() else None


class _Replay:
    """Takes records in order and keeps a `_Pair` for each pair they are about."""

    def __init__(self, venue: str, checkpoint_every: int | None) -> None:
        self._connector = connector_class(venue)
        self._venue = venue
        self._words = _Words(venue, self._connector)
        self._symbols = _ListedSymbols(self._connector.known_quotes)
        self._source = self._connector.data_source_class(self._symbols)
        self._every = checkpoint_every
        self._snapshot = msgspec.json.Decoder(self._source.snapshot_endpoint.answer)
        self._rules = msgspec.json.Decoder(self._connector.rules_endpoint.answer)
        self._listed: list[TradingRule] = []
        self._pairs: dict[str, _Pair] = {}
        self._sequences: dict[str | None, ConnectionSequence] = {}
        self._name = "recording"
        self._line = 1
        self._told: dict[str, None] = {}
        self._bare: Record | None = None
        self._held: list[tuple[Record, Any]] = []

    # First reading.

    def learn(self, record: Record) -> None:
        """Take note of a list of instruments; everything else waits for the second reading."""
        if record.kind is RecordKind.ANSWER and self._may_be(record, self._words.rules_path):
            try:
                answer = self._rules.decode(record.data)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return
            self._listed.extend(self._connector.trading_rules_of(answer))

    def list_symbols(self) -> None:
        """The first reading is over."""
        self._symbols.list_rules(self._listed, self._connector)

    # Second reading.

    def begin(self, name: str) -> None:
        """A recording follows; it has pairs and connections of its own."""
        self._name = name
        self._told = {}
        self._bare = None
        self._sequences = {}

    def feed(self, record: Record) -> None:
        """Take a record."""
        self._line = record.line
        if record.kind is RecordKind.FRAME:
            if self._words.is_ours(record.url):
                self._feed_frame(record)
        elif self._may_be(record, self._words.snapshot_path):
            self._feed_answer(record)

    def _feed_frame(self, record: Record) -> None:
        try:
            for said in self._source.parse(record.data):
                self._hear(said, record)
        except errors.UnknownPair:
            return
        except (msgspec.DecodeError, ValueError) as error:
            raise self._corrupt(record, f"not what {self._venue} documents ({error})") from None

    def _hear(self, said: MarketFrame | SessionFrame, record: Record) -> None:
        if isinstance(said, StreamNumber):
            if self._sequences.setdefault(record.url, ConnectionSequence()).feed(said.number):
                for pair in self._pairs.values():
                    pair.keeper.lose(Trouble.MISSING)
        elif isinstance(said, BookDiff | BookSnapshot | PublicTrade):
            self._pair(said.trading_pair, record).take(said, record.received)

    def _feed_answer(self, record: Record) -> None:
        if self._source.book_feed.snapshot is not SnapshotSource.REST:
            # Live, such a book is only ever compared with an answer; without URL it may yet be a frame.
            if record.url is None:
                self._feed_frame(record)
            return
        try:
            answer = self._snapshot.decode(record.data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._feed_other(record, error)
            return
        symbol = self._words.asked_symbol(record.url or "")
        if not symbol:
            self._feed_bare(record, answer)
            return
        try:
            trading_pair = self._symbols.pair(symbol)
        except errors.UnknownPair:
            return
        self._take_snapshot(self._pair(trading_pair, record), record, answer)

    def _feed_other(self, record: Record, error: Exception) -> None:
        """An answer that is no snapshot: the venue's refusal, or without URL a frame of another channel."""
        if isinstance(error, msgspec.ValidationError):
            if record.url is None:
                self._feed_frame(record)
                return
            if self._is_refusal(record):
                return
        raise self._corrupt(record, f"not what {self._venue} documents ({error})")

    def _is_refusal(self, record: Record) -> bool:
        try:
            return self._connector.rest.read_problem(400, record.data) is not None
        except msgspec.DecodeError:
            return False

    def _feed_bare(self, record: Record, answer: Any) -> None:
        """A snapshot of the recording's only pair, which may not have been heard of yet."""
        self._bare = self._bare or record
        self._check_bare()
        if self._told:
            self._take_snapshot(self._pairs[next(iter(self._told))], record, answer)
        else:
            self._held.append((record, answer))

    def _take_snapshot(self, pair: _Pair, record: Record, answer: Any) -> None:
        depth = self._words.asked_depth(record.url or "")
        pair.take(self._source.book_snapshot(pair.book.trading_pair, answer, depth), record.received)

    def _pair(self, trading_pair: str, record: Record) -> _Pair:
        if trading_pair not in self._told:
            self._told[trading_pair] = None
            self._check_bare()
        pair = self._pairs.get(trading_pair)
        if pair is None:
            pair = self._pairs[trading_pair] = _Pair(trading_pair, self._source, self._every)
        if self._held and record.kind is RecordKind.FRAME:
            held, self._held = self._held, []
            for earlier, answer in held:
                self._take_snapshot(pair, earlier, answer)
        return pair

    def _check_bare(self) -> None:
        if self._bare is not None and len(self._told) > 1:
            raise self._corrupt(
                self._bare,
                f"a snapshot without URL, in a recording of several pairs ({', '.join(self._told)})",
            )

    def _may_be(self, record: Record, path: str) -> bool:
        return record.url is None or urlsplit(record.url).path == path

    def _corrupt(self, record: Record, why: str) -> errors.RecordingCorrupt:
        return errors.RecordingCorrupt(self._name, record.line, why)

    def result(self, trading_pair: str | None) -> ReplayResult:
        """Where every pair, or one of them, ended."""
        if self._held:
            only = trading_pair or (next(iter(self._pairs)) if len(self._pairs) == 1 else None)
            if only is None:
                raise self._corrupt(
                    self._held[0][0], "a snapshot without URL, and nothing says of which pair"
                )
            self._pair(only, Record(kind=RecordKind.FRAME, received=0.0, data=b""))
        if not self._pairs:
            raise errors.RecordingCorrupt(
                self._name, self._line, f"up to here nothing is about a market of {self._venue}"
            )
        if trading_pair is None:
            return ReplayResult(pairs={name: pair.result() for name, pair in self._pairs.items()})
        if trading_pair not in self._pairs:
            raise errors.UnknownPair(f"no {trading_pair} in the recording, only {', '.join(self._pairs)}")
        return ReplayResult(pairs={trading_pair: self._pairs[trading_pair].result()})
