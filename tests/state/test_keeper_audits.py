"""Snapshots of a LIVE book, and the depth that they vouch for."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.state.keepers import CHAIN, LIVE, RANGE, RESYNCING, D, S, best_bid_amount, keeper_of, said

from venuekit import errors
from venuekit.model.book import BookDiff
from venuekit.protocol.book_feed import BookFeed, LevelText, Sequencing, SnapshotSource
from venuekit.state.order_book_keeper import (
    OrderBookKeeper,
    Remedy,
)

# Snapshots of a LIVE book.


def audited(*after: BookDiff) -> OrderBookKeeper:
    """A LIVE book at 11 that has asked for a snapshot, and heard `after` since."""
    keeper = keeper_of(RANGE, S(10), D(11))
    keeper.expect_snapshot()
    for frame in after:
        keeper.feed_diff(frame, 0.0)
    return keeper


def test_an_audit_that_finds_the_same_levels_corrects_nothing() -> None:
    keeper = audited(D(12), D(13))
    verdict = keeper.feed_snapshot(S(11, bids=[("100", "11"), ("99", "1")]), 0.0)
    assert (said(verdict), keeper.corrections, keeper.known_id) == ("applied", 0, 13)


def test_an_audit_that_finds_other_levels_counts_and_replaces_them() -> None:
    keeper = audited(D(12))
    keeper.feed_snapshot(S(11, bids=[("100", "11"), ("98", "1")]), 0.0)
    assert keeper.corrections == 2
    assert keeper.book.texts()[0] == [("100", "12"), ("98", "1")]


def test_an_audit_compares_only_what_both_books_vouch_for() -> None:
    keeper = audited()
    keeper.feed_snapshot(S(11, bids=[("100", "11")], asks=[("101", "1")], depth=1), 0.0)
    assert (keeper.corrections, keeper.book.vouched_depth) == (0, (1, 1))


def test_an_audit_keeps_a_book_that_could_not_vouch_any_more_alive() -> None:
    keeper = keeper_of(RANGE, S(10, bids=[("100", "1")], depth=1), D(11, bids=[("100", "0"), ("98", "1")]))
    keeper.feed_snapshot(S(11, bids=[("99", "1"), ("98", "1")], depth=2), 0.0)
    assert keeper.book.get_price(is_buy=False) == 99


def test_an_audit_goes_on_with_the_next_difference() -> None:
    keeper = audited(D(12))
    keeper.feed_snapshot(S(12, bids=[("100", "12"), ("99", "1")]), 0.0)
    assert said(keeper.feed_diff(D(13), 0.0)) == "applied"


def test_a_snapshot_newer_than_the_book_waits_for_it() -> None:
    keeper = audited(D(12))
    verdict = keeper.feed_snapshot(S(14, bids=[("100", "14"), ("98", "1")]), 0.0)
    assert (said(verdict), keeper.is_comparing, keeper.corrections) == ("waiting", True, 0)


def test_a_snapshot_newer_than_the_book_is_compared_at_the_first_common_id() -> None:
    keeper = audited(D(12))
    keeper.feed_snapshot(S(14, bids=[("100", "14"), ("98", "1")]), 0.0)
    keeper.feed_diff(D(13), 0.0)
    keeper.feed_diff(D(16, 14), 0.0)
    assert (keeper.is_comparing, keeper.corrections) == (False, 2)
    assert keeper.book.texts()[0] == [("100", "16"), ("98", "1")]


def test_a_snapshot_that_is_behind_without_retained_differences_says_nothing() -> None:
    keeper = keeper_of(RANGE, S(10), D(11), D(12))
    verdict = keeper.feed_snapshot(S(11, bids=[("98", "1")]), 0.0)
    assert (said(verdict), keeper.corrections, keeper.known_id) == ("stale: TOO_OLD", 0, 12)


def test_a_snapshot_from_before_the_retained_differences_says_nothing() -> None:
    keeper = audited(D(12))
    assert said(keeper.feed_snapshot(S(9), 0.0)) == "stale: TOO_OLD"


@pytest.mark.parametrize("bids", [[("100", "x")], [("105", "1")]])
def test_an_audit_by_a_senseless_snapshot_leaves_the_book_alone(bids: list[LevelText]) -> None:
    keeper = audited()
    assert said(keeper.feed_snapshot(S(11, bids=bids), 0.0)) == "stale: UNREADABLE"
    assert (keeper.status, best_bid_amount(keeper)) == (LIVE, "11")


def test_an_expected_snapshot_can_be_forgotten() -> None:
    keeper = audited()
    keeper.forget_snapshot()
    keeper.feed_diff(D(12), 0.0)
    assert said(keeper.feed_snapshot(S(11), 0.0)) == "stale: TOO_OLD"


def test_the_snapshot_that_joins_a_book_ends_the_expectation() -> None:
    keeper = keeper_of(RANGE, S(10), D(13))
    keeper.expect_snapshot()
    keeper.feed_snapshot(S(13), 0.0)
    keeper.feed_diff(D(14), 0.0)
    assert said(keeper.feed_snapshot(S(13), 0.0)) == "stale: TOO_OLD"


def test_an_audited_book_has_joined_nothing_to_the_newer_snapshot_yet() -> None:
    keeper = audited()
    before = keeper.is_joined
    keeper.feed_snapshot(S(11), 0.0)
    assert (before, keeper.is_joined) == (True, False)


def test_expecting_a_snapshot_twice_keeps_what_was_retained() -> None:
    keeper = audited(D(12))
    keeper.expect_snapshot()
    assert said(keeper.feed_snapshot(S(11, bids=[("100", "11"), ("99", "1")]), 0.0)) == "applied"


def test_a_gap_ends_an_audit() -> None:
    keeper = audited()
    keeper.feed_snapshot(S(14), 0.0)
    keeper.feed_diff(D(20), 0.0)
    assert not keeper.is_comparing


def test_a_difference_that_contradicts_itself_is_not_hidden_by_the_snapshot_that_takes_over() -> None:
    keeper = audited()
    keeper.feed_snapshot(S(14, bids=[("100", "14")]), 0.0)
    # The snapshot has all that this difference can bring, and would replace the crossed levels at once.
    assert said(keeper.feed_diff(D(14, 12, bids=[("101", "1")]), 0.0)) == "gap: CROSSED"
    assert (keeper.status, keeper.resyncs, keeper.corrections, keeper.is_comparing) == (
        RESYNCING,
        1,
        0,
        False,
    )


def test_a_wrong_checksum_is_not_hidden_by_the_snapshot_that_takes_over() -> None:
    feed = replace(RANGE, checksum=lambda bids, asks: len(bids), checksum_depth=10)
    keeper = keeper_of(feed, S(10))
    keeper.feed_snapshot(S(11, bids=[("100", "11"), ("99", "1"), ("98", "1")]), 0.0)
    # It is right for the snapshot's three bids, and wrong for the two of the book.
    assert said(keeper.feed_diff(D(11, checksum=3), 0.0)) == "gap: CHECKSUM"


def test_an_audit_that_loses_the_thread_ends_without_a_word() -> None:
    # The chain of the book is whole; that of the second book, which began at 12, is not.
    keeper = keeper_of(CHAIN, S(10), D(11, 9, 8))
    keeper.feed_snapshot(S(12), 0.0)
    verdict = keeper.feed_diff(D(14, 13, 11), 0.0)
    assert (said(verdict), keeper.is_comparing, keeper.status) == ("applied", False, LIVE)


def test_an_asked_snapshot_replaces_a_book_that_numbers_nothing() -> None:
    feed = BookFeed(rule=Sequencing.ARRIVAL, snapshot=SnapshotSource.REST)
    keeper = keeper_of(feed, D(None), S(None), D(None), S(None, bids=[("98", "2")]))
    assert (keeper.stale, keeper.corrections, best_bid_amount(keeper)) == (1, 0, "2")


# Depth.


def expired() -> OrderBookKeeper:
    """A book of one vouched bid, whose bid has just gone."""
    keeper = keeper_of(RANGE, S(10, bids=[("100", "1")], depth=1))
    keeper.feed_diff(D(11, bids=[("100", "0")]), 0.0)
    return keeper


def test_a_difference_that_uses_up_the_vouched_depth_carries_the_remedy() -> None:
    keeper = keeper_of(RANGE, S(10, bids=[("100", "1")], depth=1))
    verdict = keeper.feed_diff(D(11, bids=[("100", "0")]), 0.0)
    assert (said(verdict), verdict.remedy) == ("applied: EXPIRED", Remedy.SNAPSHOT)


def test_depth_used_up_while_joining_carries_the_remedy() -> None:
    keeper = keeper_of(RANGE, D(11, bids=[("100", "0")]))
    verdict = keeper.feed_snapshot(S(10, bids=[("100", "1")], depth=1), 0.0)
    assert (said(verdict), verdict.remedy, verdict.applied) == ("applied: EXPIRED", Remedy.SNAPSHOT, 1)


def test_a_book_beyond_its_vouched_depth_refuses_to_be_read() -> None:
    with pytest.raises(errors.BookNotLive, match="beyond its vouched depth"):
        expired().book.get_price(is_buy=False)


def test_a_book_beyond_its_vouched_depth_goes_on_applying() -> None:
    keeper = expired()
    keeper.feed_diff(D(12, bids=[("98", "5")]), 0.0)
    assert (keeper.applied, keeper.status, best_bid_amount(keeper)) == (2, LIVE, "5")


def test_a_book_is_readable_again_when_the_price_comes_back() -> None:
    keeper = expired()
    keeper.feed_diff(D(12, bids=[("100.5", "5")]), 0.0)
    assert keeper.book.get_price(is_buy=False) == pytest.approx(100.5)


def test_a_kept_depth_is_cut_after_each_difference() -> None:
    feed = BookFeed(rule=Sequencing.ARRIVAL, snapshot=SnapshotSource.STREAM, kept_depth=2)
    keeper = keeper_of(feed, S(None, depth=2), D(None, bids=[("100.5", "1")], asks=[("103", "1")]))
    assert keeper.book.texts() == ([("100.5", "1"), ("100", "1")], [("101", "1"), ("102", "1")])


def test_a_book_of_kept_depth_never_runs_out() -> None:
    feed = BookFeed(rule=Sequencing.ARRIVAL, snapshot=SnapshotSource.STREAM, kept_depth=2)
    keeper = keeper_of(feed, S(None, depth=2), D(None, bids=[("100", "0"), ("99", "0"), ("98", "1")]))
    assert keeper.book.get_price(is_buy=False) == 98
