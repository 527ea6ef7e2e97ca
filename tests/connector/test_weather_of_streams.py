"""Bad weather in streams: each ends in a book equal to the venue's, and never in a wrong one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from tests.connector.emulated import (
    BTC,
    CALM,
    ETH,
    LIVE,
    PATIENT,
    QUICK,
    SOL,
    Diary,
    House,
    followed,
    house,
    lost_and_healed,
    tracked,
    tracker,
    until,
)
from tests.web.raw_server import Proxy, serving

from venuekit import errors
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.tracked_pair import TrackedPair
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.model.book import BookStatus
from venuekit.model.events import BookStatusEvent
from venuekit.state.order_book_keeper import Trouble
from venuekit.venues.binance.spot.streams import BinanceOrderBookDataSource

STALE, RESYNCING = BookStatus.STALE, BookStatus.RESYNCING
BOTH = pytest.mark.parametrize("name", ["binance", "binance_perpetual"])
TEMPERS = pytest.mark.parametrize("name", ["binance", "bybit"])


LOSES_THE_BOOK = {
    "gap": Fault(kind=FaultKind.GAP),
    "reordering": Fault(kind=FaultKind.SWAP),
    "crossed": Fault(kind=FaultKind.CROSSED),
    "not json": Fault(kind=FaultKind.FRAME_NOT_JSON),
    "not utf-8": Fault(kind=FaultKind.FRAME_NOT_UTF8),
    "5 MB": Fault(kind=FaultKind.OVERSIZED_FRAME),
    "truncated": Fault(kind=FaultKind.TRUNCATED_FRAME),
    "unknown": Fault(kind=FaultKind.UNKNOWN_FRAME),
    "clean close": Fault(kind=FaultKind.DISCONNECT, code=1000),
    "abort": Fault(kind=FaultKind.ABORT),
}


def _on_its_book(exchange: ExchangeBase, fault: Fault) -> Fault:
    """The fault on the pair's book channel; one of the connection is what it is."""
    if fault.kind in (FaultKind.DISCONNECT, FaultKind.ABORT):
        return fault
    channel = tracker(exchange).data_source.book_channel(BTC)
    return msgspec.structs.replace(fault, symbol="BTCUSDT", path=channel.name)


async def _loses_and_heals(name: str, fault: Fault) -> None:
    async with house(name) as venue, venue.exchange(BTC) as exchange:
        await followed(exchange)
        async with Diary(exchange) as diary:
            venue.dialect.faults.add(_on_its_book(exchange, fault))
            await lost_and_healed(exchange)
            await venue.agrees(exchange)
        statuses = diary.statuses(BTC)
        assert statuses[-1] is LIVE
        assert STALE in statuses or RESYNCING in statuses


@pytest.mark.parametrize("fault", LOSES_THE_BOOK.values(), ids=LOSES_THE_BOOK.keys())
async def test_a_book_that_missed_something_says_so_and_heals(fault: Fault) -> None:
    await _loses_and_heals("binance", fault)


@pytest.mark.parametrize("name", ["binance_perpetual", "bybit"])
@pytest.mark.parametrize("what", ["gap", "reordering", "not json", "abort"])
async def test_books_of_every_temper_heal(name: str, what: str) -> None:
    await _loses_and_heals(name, LOSES_THE_BOOK[what])


HARMLESS = {
    "duplicate": Fault(kind=FaultKind.DUPLICATE),
    "binary": Fault(kind=FaultKind.BINARY_FRAME),
    "unknown trade frame": Fault(kind=FaultKind.UNKNOWN_FRAME, path="btcusdt@trade"),
}


@pytest.mark.parametrize("fault", HARMLESS.values(), ids=HARMLESS.keys())
async def test_what_says_nothing_new_leaves_the_book_live(fault: Fault) -> None:
    async with house() as venue, venue.exchange(BTC, policy=CALM) as exchange:
        venue.dialect.faults.add(msgspec.structs.replace(fault, symbol="BTCUSDT"))
        await venue.struck()
        await venue.agrees(exchange)
        assert tracked(exchange).keeper.resyncs == 0


async def test_frames_that_cannot_be_read_are_counted() -> None:
    async with house() as venue, venue.exchange(BTC) as exchange:
        venue.break_(FaultKind.FRAME_NOT_JSON, BTC, times=3)
        await until(lambda: tracker(exchange).unreadable == 3, "three unreadable frames")


async def test_a_recorder_that_dies_costs_no_frame_and_is_not_called_again() -> None:
    calls = 0

    def dies(frame: bytes, received: float) -> None:
        nonlocal calls
        calls += 1
        if calls == 20:
            raise OSError("no space left on device")

    async with house() as venue, venue.exchange(BTC, capture=dies) as exchange:
        await until(lambda: calls == 20, "the recorder to die")
        frames = tracker(exchange).frames
        await until(lambda: tracker(exchange).frames > frames + 20, "the stream to go on")
        assert calls == 20
        assert [seat.stream.connects for seat in tracker(exchange).seats] == [1]
        assert tracked(exchange).keeper.resyncs == 0
        health = exchange.health["recorder"]
        assert (health.total, health.last_error) == (1, "OSError: no space left on device")
        await venue.agrees(exchange)


async def test_an_unreadable_last_word_of_a_book_that_falls_quiet_is_found_by_asking() -> None:
    policy = msgspec.structs.replace(QUICK, suspect_after=0.5, longest_check=60.0)
    async with house() as venue, venue.exchange(BTC, policy=policy) as exchange:
        state = tracked(exchange)
        # A quiet book that has been asked about so often that the next question is far away.
        venue.break_(FaultKind.TRUNCATED_FRAME, path="btcusdt@depth@100ms", times=None)
        await venue.struck()
        venue.dialect.pause(time.time())
        state.checks = 7
        venue.dialect.resume(time.time())
        await until(lambda: state.keeper.resyncs >= 1, "the loss to be found")
        venue.dialect.faults.clear()
        await lost_and_healed(exchange)
        await venue.agrees(exchange)


@TEMPERS
async def test_one_refused_subscription_of_many_holds_only_its_own_pair_back(name: str) -> None:
    async with house(name) as venue:
        venue.break_(FaultKind.SUBSCRIPTION_REFUSED, ETH, times=4)
        exchange = venue.exchange(BTC, ETH, SOL)
        await exchange.start()
        try:
            books = exchange.order_books
            await until(lambda: books[BTC].is_live and books[SOL].is_live, "the others")
            await exchange.wait_until_ready(30.0)
            await venue.agrees(exchange)
        finally:
            await exchange.stop()


async def test_a_refused_subscription_is_told_and_asked_for_again() -> None:
    async with house() as venue:
        venue.break_(FaultKind.SUBSCRIPTION_REFUSED, BTC, path="btcusdt@depth@100ms", times=2)
        exchange = venue.exchange(BTC)
        await exchange.start()
        try:
            await until(lambda: "refused" in tracked(exchange).trouble, "the refusal")
            assert not exchange.ready
            await exchange.wait_until_ready(30.0)
            await venue.agrees(exchange)
        finally:
            await exchange.stop()


async def test_a_book_whose_subscription_is_refused_later_is_not_believed_any_more() -> None:
    async with house() as venue, venue.exchange(BTC) as exchange:
        venue.break_(FaultKind.SUBSCRIPTION_REFUSED, BTC)
        for seat in tracker(exchange).seats:
            seat.stream.resubscribe([tracker(exchange).data_source.book_channel(BTC)])
        await until(lambda: tracked(exchange).book.status is STALE, "the book to be doubted")
        await lost_and_healed(exchange)
        await venue.agrees(exchange)


async def test_a_subscription_that_is_not_answered_is_tried_on_another_connection() -> None:
    async with house() as venue:
        venue.break_(FaultKind.NO_ACKNOWLEDGEMENT)
        async with venue.exchange(BTC, stream={"acknowledged_within": 2.0}) as exchange:
            assert venue.dialect.counters["connections"] == 2
            await venue.agrees(exchange)


async def test_a_late_acknowledgement_is_waited_for() -> None:
    async with house() as venue:
        venue.break_(FaultKind.LATE_ACKNOWLEDGEMENT, seconds=0.3)
        async with venue.exchange(BTC) as exchange:
            assert venue.dialect.counters["connections"] == 1
            await venue.agrees(exchange)


async def test_s25_a_book_channel_silent_from_the_start_is_found_by_asking() -> None:
    async with house() as venue:
        venue.break_(FaultKind.ACKNOWLEDGED_SILENT, BTC)
        async with venue.exchange(BTC) as exchange, Diary(exchange) as diary:
            await lost_and_healed(exchange)
            await until(lambda: tracked(exchange).keeper.applied > 2, "differences")
            await venue.agrees(exchange)
        assert diary.statuses(BTC)[0] is STALE


async def test_s25_a_stream_that_owes_its_first_snapshot_is_asked_anew() -> None:
    async with house("bybit") as venue:
        venue.break_(FaultKind.ACKNOWLEDGED_SILENT, BTC)
        async with venue.exchange(BTC) as exchange:
            assert venue.fired() == 1
            await venue.agrees(exchange)


@TEMPERS
async def test_a_book_channel_that_falls_silent_is_stale_and_then_heals(name: str) -> None:
    async with (
        house(name) as venue,
        venue.exchange(BTC, ETH, policy=PATIENT) as exchange,
        Diary(exchange) as diary,
    ):
        await followed(exchange)
        silence = Fault(kind=FaultKind.SILENCE, times=None)
        venue.dialect.faults.add(_on_its_book(exchange, silence))
        await until(lambda: STALE in diary.statuses(BTC), "the silence to be noticed")
        venue.dialect.faults.clear()
        await lost_and_healed(exchange)
        await venue.agrees(exchange)
        assert STALE not in diary.statuses(ETH)


async def test_a_silent_book_that_cannot_be_checked_either_is_not_believed_for_long() -> None:
    async with house() as venue, venue.exchange(BTC) as exchange, Diary(exchange) as diary:
        await followed(exchange)
        venue.break_(FaultKind.SILENCE, BTC, times=None)
        venue.break_(FaultKind.SERVER_ERROR, path="/api/v3/depth", times=None)
        await until(lambda: STALE in diary.statuses(BTC), "the book to be doubted")
        reasons = [event.reason for event in diary.entries if isinstance(event, BookStatusEvent)]
        assert Trouble.UNCHECKED.value in reasons
        venue.dialect.faults.clear()
        await lost_and_healed(exchange)
        await venue.agrees(exchange)


async def test_s24_a_connection_that_only_answers_pings_is_left_for_another() -> None:
    async with house() as venue, venue.exchange(BTC) as exchange:
        venue.break_(FaultKind.SILENCE, times=None)
        await until(lambda: tracked(exchange).silences >= 2, "a second silence")
        await until(lambda: venue.dialect.counters["connections"] >= 2, "another connection")
        venue.dialect.faults.clear()
        await lost_and_healed(exchange, times=2)
        await venue.agrees(exchange)


async def test_a_book_is_not_believed_again_before_its_new_subscription_is_taken() -> None:
    async with house() as venue, venue.exchange(BTC) as exchange, Diary(exchange) as diary:
        venue.break_(FaultKind.SILENCE, BTC, times=None)
        venue.break_(FaultKind.LATE_ACKNOWLEDGEMENT, BTC, seconds=5.0)
        await until(lambda: STALE in diary.statuses(BTC), "the silence to be noticed")
        await asyncio.sleep(0.3)
        assert diary.statuses(BTC)[-1] is STALE


async def test_a_quiet_pair_stays_live_and_is_asked_less_and_less_often() -> None:
    async with house() as venue:
        venue.dialect.pause(time.time())
        async with venue.exchange(BTC, facts={"network_interval": 60.0}) as exchange:
            state = tracked(exchange)
            asked = [await _asked_at(state, time_of_asking) for time_of_asking in (1, 2, 3)]
            waits = [after - before for before, after in pairwise(asked)]
            assert all(
                wait >= QUICK.suspect_after * longer for wait, longer in zip(waits, (2, 4), strict=True)
            )
            assert state.keeper.resyncs == 0
            assert exchange.ready


async def _asked_at(state: TrackedPair, times: int) -> float:
    """When a silent pair was asked about for the so-manieth time."""
    await until(lambda: state.checks >= times, "the next question")
    return state.checked_at


@pytest.mark.parametrize("from_start", [True, False])
async def test_a_trade_channel_that_does_not_tell_is_subscribed_to_anew(*, from_start: bool) -> None:
    policy = msgspec.structs.replace(QUICK, quiet_trades_after=0.2)
    async with house() as venue:
        kind = FaultKind.ACKNOWLEDGED_SILENT if from_start else FaultKind.SILENCE
        silence = Fault(kind=kind, path="btcusdt@trade", times=1 if from_start else None)
        if from_start:
            # One request for both channels: the book's is silent too, and wakes by its own check.
            venue.dialect.faults.add(silence)
        async with venue.exchange(BTC, policy=policy) as exchange:
            state = tracked(exchange)
            if not from_start:
                await until(lambda: state.trades > 0, "a trade")
                venue.dialect.faults.add(silence)
                sent = venue.dialect.counters["messages_received"]
                await until(lambda: venue.dialect.counters["messages_received"] >= sent + 2, "a new try")
                venue.dialect.faults.clear()
            heard = state.trades
            await until(lambda: state.trades > heard, "trades to come back")


class _WithoutEther(BinanceOrderBookDataSource):
    """A venue that has delisted a pair and refuses whole questions that name it."""

    async def last_traded_prices(self, trading_pairs: Sequence[str]) -> dict[str, Decimal]:
        if ETH in trading_pairs:
            raise errors.BadSymbol("Invalid symbol.", status=400, code=-1121)
        return await super().last_traded_prices(trading_pairs)


async def test_a_pair_that_is_delisted_keeps_no_other_from_its_last_price() -> None:
    policy = msgspec.structs.replace(QUICK, quiet_trades_after=0.2)
    facts = {"data_source_class": _WithoutEther}
    async with house() as venue:
        venue.dialect.faults.add(Fault(kind=FaultKind.SILENCE, path="trade", times=None))
        async with venue.exchange(BTC, ETH, policy=policy, facts=facts) as exchange:
            book = tracked(exchange).book
            await until(lambda: book.last_trade_price is not None, "the last price by REST")


@pytest.mark.parametrize("name", ["binance", "binance_perpetual", "bybit"])
async def test_a_server_that_shuts_down_is_left_without_a_resync_or_a_trade_lost(name: str) -> None:
    async with house(name, rate=400.0) as venue, venue.exchange(BTC, ETH, policy=PATIENT) as exchange:
        async with Diary(exchange) as diary:
            await until(lambda: len(diary.trade_ids(BTC)) > 3, "trades")
            connections = venue.dialect.counters["connections"]
            if name == "binance":
                venue.break_(FaultKind.SHUTDOWN, seconds=30.0)
            else:  # this product announces nothing; the move itself is the same
                for seat in tracker(exchange).seats:
                    seat.stream.move()
            await until(lambda: all(seat.moves for seat in _moves(exchange)), "the move")
            assert venue.dialect.counters["connections"] == connections + len(tracker(exchange).seats)
            heard = len(diary.trade_ids(BTC))
            await until(lambda: len(diary.trade_ids(BTC)) > heard + 3, "trades after the move")
            await venue.agrees(exchange)
        _assert_untroubled(venue, exchange, diary)


class _Moves:
    """Whether a seat's stream stands on a later connection than its first, and only on that one."""

    def __init__(self, connects: int, state: str) -> None:
        self.moves = connects > 1 and state == "live"


def _moves(exchange: ExchangeBase) -> list[_Moves]:
    return [_Moves(seat.stream.connects, seat.stream.state) for seat in tracker(exchange).seats]


def _assert_untroubled(venue: House, exchange: ExchangeBase, diary: Diary) -> None:
    assert diary.statuses(BTC) == []
    assert diary.statuses(ETH) == []
    assert sum(each.keeper.resyncs for each in tracker(exchange).tracked.values()) == 0
    for pair in (BTC, ETH):
        ids = diary.trade_ids(pair)
        tape = [str(each.trade_id) for each in venue.dialect.markets[pair.replace("-", "")].trades]
        if exchange.name.startswith("binance@"):  # the others number their trades in a way of their own
            begin = tape.index(str(ids[0]))
            assert [str(each) for each in ids] == tape[begin : begin + len(ids)], (
                "a trade was lost or doubled"
            )
        assert len({str(each) for each in ids}) == len(ids), "a trade was doubled"


async def test_a_lifetime_that_ends_is_forestalled_without_a_resync() -> None:
    async with (
        house() as venue,
        venue.exchange(BTC, ETH, policy=PATIENT, stream={"lifetime": 2.2}) as exchange,
    ):
        async with Diary(exchange) as diary:
            await until(lambda: tracker(exchange).seats[0].stream.connects >= 2, "the move")
            await until(lambda: tracker(exchange).seats[0].stream.state == "live", "the move's end")
            await venue.agrees(exchange)
        _assert_untroubled(venue, exchange, diary)


async def test_the_old_connection_dying_while_the_new_one_warms_up_is_survived() -> None:
    async with house() as venue, venue.exchange(BTC, ETH) as exchange:
        venue.break_(FaultKind.LATE_ACKNOWLEDGEMENT, seconds=2.0)
        venue.break_(FaultKind.SHUTDOWN, seconds=0.1)
        await until(lambda: tracker(exchange).seats[0].stream.connects >= 2, "the move")
        await lost_and_healed(exchange)
        await lost_and_healed(exchange, ETH)
        await venue.agrees(exchange)


async def test_a_refused_handshake_is_tried_again() -> None:
    async with house() as venue:
        venue.break_(FaultKind.CONNECT_REFUSED, times=1, status=503)
        async with venue.exchange(BTC) as exchange:
            await venue.agrees(exchange)


async def test_resubscription_after_a_loss_keeps_the_venues_pace() -> None:
    pairs = (BTC, ETH, SOL)
    # One channel a request: six requests, of which the venue takes no more than five in a second.
    async with (
        house() as venue,
        venue.exchange(*pairs, policy=CALM, stream={"channels_per_request": 1}) as exchange,
    ):
        venue.break_(FaultKind.ABORT)
        await lost_and_healed(exchange)
        await lost_and_healed(exchange, SOL)
        await venue.agrees(exchange)
        assert venue.dialect.counters["connections"] == 2, "it was not closed for flooding"


async def test_s26_a_subscription_lost_with_its_connection_is_made_on_the_next() -> None:
    async with house() as venue, venue.exchange(BTC) as exchange:
        venue.break_(FaultKind.NO_ACKNOWLEDGEMENT)
        venue.break_(FaultKind.ABORT)
        await until(lambda: venue.dialect.counters["connections"] >= 2, "a new connection")
        venue.break_(FaultKind.ABORT)
        await lost_and_healed(exchange)
        await until(lambda: tracked(exchange).keeper.is_joined, "differences")
        await venue.agrees(exchange)


async def test_books_and_streams_go_through_a_proxy() -> None:
    proxy = Proxy()
    async with (
        house() as venue,
        serving(proxy.talk) as port,
        venue.exchange(BTC, proxy=f"http://127.0.0.1:{port}") as exchange,
    ):
        await venue.agrees(exchange)
    assert any("/api/v3/exchangeInfo" in line for line in proxy.seen)
    assert any("/stream" in line for line in proxy.seen)


async def test_s20_a_gap_in_one_of_thirty_books_resyncs_only_that_one() -> None:
    from venuekit.emulator.instruments import instruments  # noqa: PLC0415 - for this one alone

    listed = instruments(30)
    pairs = [each.trading_pair for each in listed]
    async with house(listed=listed) as venue:
        async with venue.exchange(*pairs, policy=CALM) as exchange, Diary(exchange) as diary:
            await followed(exchange, ETH)
            venue.break_(FaultKind.GAP, ETH)
            await lost_and_healed(exchange, ETH)
            await venue.agrees(exchange)
        resyncs = {pair: each.keeper.resyncs for pair, each in tracker(exchange).tracked.items()}
        # The end of the connector is a loss of every book, so what counts is what was told before.
        assert [pair for pair in pairs if RESYNCING in diary.statuses(pair)] == [ETH]
        assert resyncs[ETH] == 2


async def test_s21_a_resynchronised_book_keeps_no_old_level() -> None:
    async with house() as venue, venue.exchange(BTC) as exchange:
        # A level that the venue never had, as a lost deletion would leave it.
        book = tracked(exchange).book
        book.apply_diffs([("1.23", "7")], [], book.update_id)
        tracker(exchange).resync(BTC)
        await lost_and_healed(exchange)
        assert "1.23" not in [price for price, _ in book.as_is.texts()[0]]
        await venue.agrees(exchange)


async def test_s22_no_book_frame_is_published_before_its_book_is_valid() -> None:
    from venuekit.model.events import OrderBookDataSourceEvent  # noqa: PLC0415

    async with house() as venue:
        venue.break_(FaultKind.DELAY, path="/api/v3/depth", seconds=0.3)
        exchange = venue.exchange(BTC)
        statuses: list[BookStatus] = []

        def note(frame: object) -> None:
            statuses.append(exchange.get_order_book(BTC).status)

        for tag in (OrderBookDataSourceEvent.DIFF_EVENT, OrderBookDataSourceEvent.SNAPSHOT_EVENT):
            exchange.add_listener(tag, note)
        async with exchange:
            await until(lambda: len(statuses) > 3, "frames")
        assert set(statuses) == {LIVE}
