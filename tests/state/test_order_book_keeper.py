from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pytest
from tests.state.keepers import (
    ARRIVAL,
    CHAIN,
    INCREASING,
    LIVE,
    NEXT,
    ONLY,
    PAIR,
    RANGE,
    RESYNCING,
    STALE,
    SYNCING,
    D,
    S,
    best_bid_amount,
    keeper_of,
    levels,
    said,
)

from venuekit import errors
from venuekit.model.book import BookDiff, BookSnapshot, BookStatus, Levels
from venuekit.protocol.book_feed import BookFeed, LevelText, Sequencing, SnapshotSource
from venuekit.state.order_book_keeper import (
    ConnectionSequence,
    Remedy,
    Trouble,
    VerdictKind,
)


class Case(NamedTuple):
    name: str
    feed: BookFeed
    frames: Sequence[BookSnapshot | BookDiff]
    said: Sequence[str]
    status: BookStatus
    known_id: int
    applied: int
    stale: int = 0


RANGE_CASES = (
    Case("snapshot before", RANGE, [S(10), D(12, 11)], ["applied", "applied"], LIVE, 12, 1),
    Case("snapshot after", RANGE, [D(11, 10), D(12), S(10)], ["waiting", "waiting", "applied"], LIVE, 12, 2),
    Case("snapshot between", RANGE, [D(9, 8), D(11, 10), S(10), D(12)],
         ["waiting", "waiting", "applied", "applied"], LIVE, 12, 2, 1),
    Case("snapshot covers all that waits", RANGE, [D(9, 8), S(10), D(12, 9)],
         ["waiting", "applied", "applied"], LIVE, 12, 1, 1),
    Case("snapshot older than the first", RANGE, [D(15, 12), S(10), S(11)],
         ["waiting", "waiting: TOO_OLD", "applied"], LIVE, 15, 1),
    Case("duplicate", RANGE, [S(10), D(11), D(11)], ["applied", "applied", "stale"], LIVE, 11, 1, 1),
    Case("late one", RANGE, [S(10), D(12, 11), D(11)], ["applied", "applied", "stale"], LIVE, 12, 1, 1),
    Case("overlapping", RANGE, [S(10), D(12, 11), D(14, 12)], ["applied"] * 3, LIVE, 14, 2),
    Case("gap", RANGE, [S(10), D(13, 12)], ["applied", "gap: MISSING"], RESYNCING, 10, 0),
    Case("swapped pair", RANGE, [S(10), D(12), D(11), S(12), D(13)],
         ["applied", "gap: MISSING", "waiting", "applied", "applied"], LIVE, 13, 1, 2),
    Case("gap healed", RANGE, [S(10), D(13, 12), D(14), S(12)],
         ["applied", "gap: MISSING", "waiting", "applied"], LIVE, 14, 2),
    Case("gap while recovering from a gap", RANGE, [S(10), D(13, 12), D(16, 15), S(12), S(15)],
         ["applied", "gap: MISSING", "waiting", "gap: MISSING", "applied"], LIVE, 16, 2),
)  # fmt: skip

CHAIN_CASES = (
    Case("snapshot before", CHAIN, [S(10), D(15, 8, 7), D(20, 17, 15)], ["applied"] * 3, LIVE, 20, 2),
    Case("snapshot after", CHAIN, [D(15, 8, 7), D(20, 17, 15), S(10)],
         ["waiting", "waiting", "applied"], LIVE, 20, 2),
    Case("snapshot between", CHAIN, [D(7, 5, 4), D(15, 8, 7), S(10), D(20, 17, 15)],
         ["waiting", "waiting", "applied", "applied"], LIVE, 20, 2, 1),
    Case("first ends at the snapshot", CHAIN, [S(10), D(10, 8, 7), D(15, 12, 10)],
         ["applied"] * 3, LIVE, 15, 2),
    Case("first follows the snapshot", CHAIN, [S(10), D(15, 12, 10)], ["applied"] * 2, LIVE, 15, 1),
    Case("snapshot older than the first", CHAIN, [D(15, 12, 11), S(10), S(12)],
         ["waiting", "waiting: TOO_OLD", "applied"], LIVE, 15, 1),
    Case("duplicate", CHAIN, [S(10), D(15, 8, 7), D(15, 8, 7)], ["applied", "applied", "stale"],
         LIVE, 15, 1, 1),
    Case("gap", CHAIN, [S(10), D(15, 8, 7), D(25, 21, 20)], ["applied", "applied", "gap: MISSING"],
         RESYNCING, 15, 1),
    Case("ids that overlap without a chain", CHAIN, [S(10), D(15, 8, 7), D(25, 14, 13)],
         ["applied", "applied", "gap: MISSING"], RESYNCING, 15, 1),
    Case("swapped pair", CHAIN, [S(10), D(25, 21, 20), D(20, 9, 7), S(25), D(30, 27, 25)],
         ["applied", "gap: MISSING", "waiting", "applied", "applied"], LIVE, 30, 2, 1),
    Case("gap while recovering from a gap", CHAIN,
         [S(10), D(25, 21, 20), D(40, 31, 30), S(22), S(35)],
         ["applied", "gap: MISSING", "waiting", "gap: MISSING", "applied"], LIVE, 40, 2),
    # A venue that starts its count anew sends one successor whose id is smaller than its predecessor's.
    Case("count begun anew", CHAIN, [S(10), D(3, None, 10), D(5, None, 3), D(9, None, 8)],
         ["applied", "applied", "applied", "gap: MISSING"], RESYNCING, 5, 2),
)  # fmt: skip

NEXT_CASES = (
    Case("snapshot before", NEXT, [S(10), D(11), D(12)], ["applied"] * 3, LIVE, 12, 2),
    Case("differences before the snapshot are old", NEXT, [D(11), D(12), S(10), D(11)],
         ["waiting", "waiting", "applied", "applied"], LIVE, 11, 1, 2),
    Case("duplicate", NEXT, [S(10), D(11), D(11)], ["applied", "applied", "stale"], LIVE, 11, 1, 1),
    Case("gap", NEXT, [S(10), D(12)], ["applied", "gap: MISSING"], RESYNCING, 10, 0),
    Case("swapped pair", NEXT, [S(10), D(12), D(11), S(12)],
         ["applied", "gap: MISSING", "waiting", "applied"], LIVE, 12, 0, 2),
    Case("snapshot of a service that began anew", NEXT, [S(10), D(11), S(1), D(2)],
         ["applied"] * 4, LIVE, 2, 2),
    Case("repeated snapshot", NEXT, [S(10), D(11), S(11), D(12)], ["applied"] * 4, LIVE, 12, 2),
)  # fmt: skip

INCREASING_CASES = (
    Case("snapshot before", INCREASING, [S(10), D(17), D(18)], ["applied"] * 3, LIVE, 18, 2),
    Case("snapshot after", INCREASING, [D(9), D(17), S(10)], ["waiting", "waiting", "applied"],
         LIVE, 17, 1, 1),
    Case("snapshot older than the first", INCREASING, [D(17), S(10)], ["waiting", "applied"], LIVE, 17, 1),
    Case("duplicate", INCREASING, [S(10), D(17), D(17)], ["applied", "applied", "stale"], LIVE, 17, 1, 1),
    Case("swapped pair", INCREASING, [S(10), D(18), D(17)], ["applied", "applied", "stale"], LIVE, 18, 1, 1),
)  # fmt: skip

ARRIVAL_CASES = (
    Case("snapshot before", ARRIVAL, [S(None), D(None), D(None)], ["applied"] * 3, LIVE, 3, 2),
    Case("differences before the snapshot are old", ARRIVAL, [D(None), S(None), D(None)],
         ["waiting", "applied", "applied"], LIVE, 3, 1, 1),
    Case("repeated snapshot", ARRIVAL, [S(None), D(None), S(None)], ["applied"] * 3, LIVE, 3, 1),
)  # fmt: skip

ONLY_CASES = (Case("each frame is the book", ONLY, [S(10), S(11), S(3)], ["applied"] * 3, LIVE, 3, 0),)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=f"{case.feed.rule.value}, {case.name}")
        for case in (
            *RANGE_CASES,
            *CHAIN_CASES,
            *NEXT_CASES,
            *INCREASING_CASES,
            *ARRIVAL_CASES,
            *ONLY_CASES,
        )
    ],
)
def test_each_frame_is_worth_what_the_rule_says(case: Case) -> None:
    keeper = keeper_of(case.feed)
    verdicts = [said(keeper.feed_frame(frame, 0.0)) for frame in case.frames]
    assert verdicts == list(case.said)
    assert (keeper.status, keeper.known_id) == (case.status, case.known_id)
    assert (keeper.applied, keeper.stale) == (case.applied, case.stale)


@pytest.mark.parametrize(
    ("feed", "frames"),
    [
        (RANGE, [D(11, 10), D(12), S(10), D(13, 13)]),
        (CHAIN, [D(12, 8, 7), S(10), D(13, 13, 12)]),
        (NEXT, [S(12), D(13)]),
    ],
)
def test_a_joined_book_holds_the_last_amount(
    feed: BookFeed, frames: Sequence[BookSnapshot | BookDiff]
) -> None:
    assert best_bid_amount(keeper_of(feed, *frames)) == "13"


@pytest.mark.parametrize(
    ("feed", "remedy"),
    [(RANGE, Remedy.SNAPSHOT), (NEXT, Remedy.RESUBSCRIBE), (ONLY, Remedy.NONE)],
)
def test_the_remedy_follows_from_where_snapshots_come_from(feed: BookFeed, remedy: Remedy) -> None:
    assert keeper_of(feed, S(10)).lose(Trouble.MISSING).remedy is remedy


def test_a_snapshot_that_is_too_old_asks_for_another() -> None:
    keeper = keeper_of(RANGE, D(15, 12))
    assert keeper.feed_snapshot(S(10), 0.0).remedy is Remedy.SNAPSHOT


def test_a_snapshot_without_an_id_does_not_join_numbered_differences() -> None:
    keeper = keeper_of(RANGE, D(15, 12))
    assert said(keeper.feed_snapshot(S(None), 0.0)) == "waiting: TOO_OLD"


def test_buffered_differences_count_in_the_verdict_of_the_snapshot() -> None:
    keeper = keeper_of(RANGE, D(9), D(10), D(11), D(12), D(13))
    verdict = keeper.feed_snapshot(S(10), 0.0)
    assert (verdict.applied, verdict.stale) == (3, 2)


def test_differences_that_a_stream_snapshot_replaces_count_in_its_verdict() -> None:
    keeper = keeper_of(NEXT, D(11), D(12))
    assert keeper.feed_snapshot(S(10), 0.0).stale == 2


def test_a_gap_among_buffered_differences_reports_what_was_applied_before_it() -> None:
    keeper = keeper_of(RANGE, D(10), D(11), D(13))
    verdict = keeper.feed_snapshot(S(10), 0.0)
    assert (said(verdict), verdict.applied, verdict.stale) == ("gap: MISSING", 1, 1)


def test_after_a_gap_levels_and_id_stay_those_of_the_last_good_state() -> None:
    keeper = keeper_of(RANGE, S(10), D(11), D(13))
    assert (best_bid_amount(keeper), keeper.known_id) == ("11", 11)


def test_differences_after_a_gap_wait_and_are_neither_applied_nor_stale() -> None:
    keeper = keeper_of(RANGE, S(10), D(11), D(13), D(14), D(15))
    assert (keeper.buffered, keeper.applied, keeper.stale) == (3, 1, 0)


def test_a_book_with_a_gap_refuses_to_be_read() -> None:
    keeper = keeper_of(RANGE, S(10), D(13))
    with pytest.raises(errors.BookNotLive, match="RESYNCING"):
        keeper.book.get_price(is_buy=True)


def test_each_gap_is_counted_once() -> None:
    keeper = keeper_of(RANGE, S(10), D(13), D(16), S(12))
    assert (keeper.gaps, keeper.resyncs) == (2, 2)


def test_the_book_knows_when_it_was_last_changed() -> None:
    keeper = keeper_of(RANGE)
    keeper.feed_snapshot(S(10), 5.0)
    keeper.feed_diff(D(11), 7.5)
    assert keeper.book.age(10.0) == 2.5


def test_a_watcher_hears_each_applied_difference_once_buffered_ones_included() -> None:
    heard: list[int | None] = []
    keeper = keeper_of(RANGE)
    keeper.watch = lambda frame: heard.append(frame.last_update_id)
    for frame in (D(10), D(11), S(10), D(11), D(12), D(14)):
        keeper.feed_frame(frame, 0.0)
    assert heard == [11, 12]


def test_a_watcher_does_not_hear_a_difference_that_crosses_the_book() -> None:
    heard: list[BookDiff] = []
    keeper = keeper_of(RANGE, S(10))
    keeper.watch = heard.append
    keeper.feed_diff(D(11, bids=[("101", "1")]), 0.0)
    assert heard == []


# Contradictions.


@pytest.mark.parametrize("price", ["101", "101.5"])
@pytest.mark.parametrize("feed", [RANGE, NEXT])
def test_a_crossed_book_begins_anew(feed: BookFeed, price: str) -> None:
    keeper = keeper_of(feed, S(10))
    assert said(keeper.feed_diff(D(11, bids=[(price, "1")]), 0.0)) == "gap: CROSSED"
    assert (keeper.status, keeper.resyncs, keeper.gaps) == (RESYNCING, 1, 0)


@pytest.mark.parametrize("feed", [RANGE, NEXT])
def test_a_crossed_snapshot_is_not_believed(feed: BookFeed) -> None:
    keeper = keeper_of(feed)
    assert said(keeper.feed_snapshot(S(10, bids=[("101", "1")]), 0.0)) == "gap: CROSSED"
    assert keeper.status is RESYNCING


def test_a_book_that_crosses_while_joining_says_so() -> None:
    keeper = keeper_of(RANGE, D(11), D(12, bids=[("103", "1")]), D(13))
    verdict = keeper.feed_snapshot(S(10), 0.0)
    assert (said(verdict), verdict.applied, keeper.buffered) == ("gap: CROSSED", 1, 1)


def test_a_crossed_book_heals_with_a_newer_snapshot() -> None:
    keeper = keeper_of(RANGE, S(10), D(11, bids=[("101", "1")]), D(12), S(11))
    assert (keeper.status, keeper.known_id) == (LIVE, 12)


@pytest.mark.parametrize("feed", [RANGE, NEXT])
@pytest.mark.parametrize(
    "unreadable",
    [
        Levels(b'[["100"]]'),
        Levels(b'{"no": "list"}'),
        Levels(b'[["100","1"'),
        Levels(b'[["1\xff","1"]]'),
        levels(("100", "-1")),
        levels(("100", "NaN")),
        levels(("100", "one")),
        levels(("0", "1")),
    ],
)
def test_levels_that_cannot_be_read_begin_the_book_anew(feed: BookFeed, unreadable: Levels) -> None:
    keeper = keeper_of(feed, S(10))
    frame = BookDiff(trading_pair=PAIR, bids=levels(("99", "7")), asks=unreadable, last_update_id=11)
    assert said(keeper.feed_diff(frame, 0.0)) == "gap: UNREADABLE"
    assert keeper.book.as_is.texts() == ([("100", "1"), ("99", "1")], [("101", "1"), ("102", "1")])


@pytest.mark.parametrize("feed", [RANGE, NEXT])
def test_a_snapshot_that_cannot_be_read_leaves_the_book_as_it_was(feed: BookFeed) -> None:
    keeper = keeper_of(feed, S(10), D(13))
    assert said(keeper.feed_snapshot(S(13, asks=[("101", "x")]), 0.0)) == "gap: UNREADABLE"
    assert (keeper.known_id, best_bid_amount(keeper)) == (10, "1")


def by_count(bids: Sequence[LevelText], asks: Sequence[LevelText]) -> int:
    """A checksum for tests: the sum of the best amounts."""
    return sum(int(amount) for _, amount in (*bids, *asks))


CHECKED = BookFeed(rule=Sequencing.NEXT, snapshot=SnapshotSource.STREAM, checksum=by_count, checksum_depth=1)


def test_a_right_checksum_is_accepted() -> None:
    keeper = keeper_of(CHECKED, S(10, checksum=2))
    assert said(keeper.feed_diff(D(11, checksum=12), 0.0)) == "applied"


def test_a_wrong_checksum_begins_the_book_anew() -> None:
    keeper = keeper_of(CHECKED, S(10))
    assert said(keeper.feed_diff(D(11, checksum=13), 0.0)) == "gap: CHECKSUM"
    assert keeper.status is RESYNCING


def test_a_snapshot_with_a_wrong_checksum_is_not_believed() -> None:
    assert keeper_of(CHECKED, S(10, checksum=3)).status is RESYNCING


def test_a_frame_without_a_checksum_is_not_checked() -> None:
    assert keeper_of(CHECKED, S(10), D(11)).status is LIVE


def test_a_checksum_that_the_feed_does_not_know_is_passed_over() -> None:
    assert keeper_of(NEXT, S(10, checksum=1), D(11, checksum=1)).status is LIVE


# What the world says.


@pytest.mark.parametrize(
    ("trouble", "status"),
    [(Trouble.DISCONNECTED, STALE), (Trouble.SILENT, STALE), (Trouble.ASKED, RESYNCING)],
)
def test_a_lost_book_keeps_its_levels(trouble: Trouble, status: BookStatus) -> None:
    keeper = keeper_of(RANGE, S(10), D(11))
    verdict = keeper.lose(trouble)
    assert (verdict.kind, verdict.trouble, keeper.status) == (VerdictKind.GAP, trouble, status)
    assert (best_bid_amount(keeper), keeper.book.reason) == ("11", trouble.value)


def test_a_book_that_never_was_live_is_not_stale_when_disconnected() -> None:
    keeper = keeper_of(RANGE, D(11))
    keeper.lose(Trouble.DISCONNECTED)
    assert (keeper.status, keeper.buffered, keeper.resyncs) == (SYNCING, 0, 0)


def test_being_disconnected_twice_is_one_resync() -> None:
    keeper = keeper_of(RANGE, S(10))
    keeper.lose(Trouble.DISCONNECTED)
    keeper.lose(Trouble.DISCONNECTED)
    assert keeper.resyncs == 1


def test_a_new_connection_drops_what_the_old_one_left() -> None:
    keeper = keeper_of(RANGE, S(10), D(13))
    assert keeper.restart() is Remedy.SNAPSHOT
    assert (keeper.status, keeper.buffered, keeper.book.reason) == (RESYNCING, 0, "connected again")


def test_a_new_connection_leaves_a_book_without_a_snapshot_synchronising() -> None:
    keeper = keeper_of(NEXT)
    assert (keeper.restart(), keeper.status) == (Remedy.RESUBSCRIBE, SYNCING)


def test_a_book_lives_again_after_a_new_connection() -> None:
    keeper = keeper_of(RANGE, S(10))
    keeper.lose(Trouble.DISCONNECTED)
    keeper.restart()
    for frame in (D(21, 20), D(22), S(20)):
        keeper.feed_frame(frame, 0.0)
    assert (keeper.status, keeper.known_id) == (LIVE, 22)


def test_what_waited_before_a_hole_is_not_joined_across_it() -> None:
    # The feed cannot see gaps by itself: the world (a connection's count) reports the hole after 11.
    keeper = keeper_of(INCREASING, D(11))
    keeper.lose(Trouble.MISSING)
    keeper.feed_diff(D(13), 0.0)
    keeper.feed_snapshot(S(12), 0.0)
    assert (keeper.applied, keeper.stale) == (1, 0)


# The sequence of a connection.


@pytest.mark.parametrize(
    ("numbers", "gaps"),
    [
        ([0, 1, 2], [False, False, False]),
        ([7, 8], [False, False]),
        ([0, 2, 3], [False, True, False]),
        ([0, 1, 1], [False, False, True]),
        ([1, 0], [False, True]),
    ],
)
def test_a_connection_misses_what_its_numbers_skip(numbers: list[int], gaps: list[bool]) -> None:
    sequence = ConnectionSequence()
    assert [sequence.feed(number) for number in numbers] == gaps


def test_a_new_connection_counts_anew() -> None:
    sequence = ConnectionSequence()
    sequence.feed(57)
    sequence.restart()
    assert not sequence.feed(0)


def test_a_rule_reads_a_missing_id_as_older_than_any() -> None:
    keeper = keeper_of(RANGE, S(10))
    assert said(keeper.feed_diff(D(None), 0.0)) == "stale"
