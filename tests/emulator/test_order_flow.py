from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from statistics import mean, median, pstdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venuekit.emulator.instruments import DEFAULT_INSTRUMENTS, instruments
from venuekit.emulator.order_flow import FlowShape, SyntheticMarket
from venuekit.emulator.step import Instrument, MarketStep
from venuekit.emulator.venue_book import BookChanges, VenueBook

BITCOIN = DEFAULT_INSTRUMENTS[0]
START = 1_700_000_000.0


def market(seed: int = 1, rate: float = 300.0, depth: int = 200) -> SyntheticMarket:
    return SyntheticMarket(BITCOIN, seed, START, rate=rate, depth=depth)


def sliced(source: SyntheticMarket, slice_tenths: int, tenths: int) -> list[MarketStep]:
    edges = [*range(slice_tenths, tenths, slice_tenths), tenths]
    return [step for edge in edges for step in source.until(START + edge / 10)]


def opened(source: SyntheticMarket) -> VenueBook:
    book = VenueBook(source.instrument)
    book.apply(source.opening())
    return book


def publications(source: SyntheticMarket, seconds: int) -> Iterator[tuple[VenueBook, BookChanges]]:
    """The book before each tenth of a second, and what changed in it."""
    before, after = opened(source), opened(source)
    log = after.follow()
    for tenth in range(1, seconds * 10 + 1):
        steps = list(source.until(START + tenth / 10))
        for step in steps:
            after.apply(step)
        if changes := log.take_changes():
            yield before, changes
        for step in steps:
            before.apply(step)


@pytest.mark.parametrize("slice_tenths", [1, 70])
def test_slicing_time_does_not_change_what_happens(slice_tenths: int) -> None:
    assert sliced(market(), slice_tenths, 300) == list(market().until(START + 30))


def test_a_slice_abandoned_midway_goes_on_where_it_stopped() -> None:
    source = market()
    first = next(source.until(START + 5))
    assert [first, *source.until(START + 5)] == list(market().until(START + 5))


def test_another_seed_is_another_market() -> None:
    assert list(market(1).until(START + 1)) != list(market(2).until(START + 1))


def test_two_instruments_of_one_seed_do_not_move_together() -> None:
    bitcoin, ether = (SyntheticMarket(each, 1, START) for each in DEFAULT_INSTRUMENTS[:2])
    assert [step.time for step in bitcoin.until(START + 1)] != [step.time for step in ether.until(START + 1)]


def test_the_opening_is_the_same_after_steps_have_happened() -> None:
    source = market()
    first = source.opening()
    list(source.until(START + 5))
    assert source.opening() == first


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(),
    chosen=st.sampled_from(instruments(60)),
    rate=st.sampled_from([5.0, 100.0, 1000.0]),
    depth=st.integers(11, 400),
)
def test_no_book_is_ever_crossed_or_empty_on_a_side(
    seed: int, chosen: Instrument, rate: float, depth: int
) -> None:
    source = SyntheticMarket(chosen, seed, START, rate=rate, depth=depth)
    book = opened(source)
    spreads = []
    for step in source.until(START + 500 / rate):
        book.apply(step)
        bid, ask = book.best_bid, book.best_ask
        assert bid is not None
        assert ask is not None
        spreads.append(Decimal(ask[0]) - Decimal(bid[0]))
    assert min(spreads, default=1) > 0


def test_ids_are_without_gaps() -> None:
    source = market()
    steps = [source.opening(), *source.until(START + 30)]
    assert all(later.first_id == earlier.last_id + 1 for earlier, later in pairwise(steps))


def test_trade_ids_are_without_gaps() -> None:
    trades = [trade.trade_id for step in market().until(START + 60) for trade in step.trades]
    assert trades == list(range(1, len(trades) + 1))


def test_time_never_goes_back() -> None:
    times = [START, *(step.time for step in market().until(START + 30))]
    assert all(earlier <= later for earlier, later in pairwise(times))


def test_a_step_of_a_trade_takes_from_the_levels_what_it_traded() -> None:
    source = market(rate=1000)
    book = opened(source)
    for step in source.until(START + 20):
        if step.trades:
            _, bids, asks = book.snapshot()
            held = dict(asks if step.trades[0].taker_is_buyer else bids)
            traded = sum(Decimal(trade.amount) for trade in step.trades)
            taken = sum(Decimal(held[change.price]) - Decimal(change.amount) for change in step.changes)
            assert taken == traded
        book.apply(step)


def test_a_deletion_names_a_level_that_the_venue_holds() -> None:
    source = market(depth=60)
    book = opened(source)
    for step in source.until(START + 10):
        _, bids, asks = book.snapshot()
        held = {True: dict(bids), False: dict(asks)}
        assert all(
            change.price in held[change.is_bid] for change in step.changes if not Decimal(change.amount)
        )
        book.apply(step)


def test_the_price_stays_near_its_start_for_a_day() -> None:
    source = SyntheticMarket(BITCOIN, 5, START, rate=2, depth=50)
    book = opened(source)
    for step in source.until(START + 86_400):
        book.apply(step)
    bid = book.best_bid
    assert bid is not None
    assert abs(Decimal(bid[0]) / Decimal(BITCOIN.start_price) - 1) < Decimal("0.12")


def test_a_strayed_price_is_drawn_back() -> None:
    far = FlowShape(wander=5.0, move_size=3.0)
    source = SyntheticMarket(BITCOIN, 5, START, rate=500, depth=50, shape=far)
    book = opened(source)
    prices = []
    for second in range(1, 201):
        for step in source.until(START + second):
            book.apply(step)
        prices.append(float((book.best_bid or ("0", ""))[0]))
    # Without the pull, 200 s of jumps of 3 ten-thousandths each stray 38 of them.
    assert max(abs(price / 64_000 - 1) for price in prices) < 0.0025


@pytest.mark.parametrize(("rate", "depth"), [(0.0, 100), (1.0, 10)])
def test_a_flow_that_could_not_live_is_refused(rate: float, depth: int) -> None:
    with pytest.raises(ValueError, match="a flow needs"):
        market(rate=rate, depth=depth)


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    """What a minute of the generated market measures: to be like the table of the module."""
    source = SyntheticMarket(BITCOIN, 11, START)
    counts, ranks, deleted, unknown, amounts = [], [], 0, 0, []
    for before, changes in publications(source, 60):
        _, bids, asks = before.snapshot()
        for held, rows in ((bids, changes.bids), (asks, changes.asks)):
            known = {price: rank for rank, (price, _) in enumerate(held)}
            ranks += [known[price] for price, _ in rows if price in known]
            gone = [price for price, amount in rows if not Decimal(amount)]
            deleted += len(gone)
            unknown += sum(price not in known for price in gone)
            amounts += [float(amount) for _, amount in rows if float(amount)]
        counts.append(len(changes.bids) + len(changes.asks))
    amounts.sort()
    centred = [count - mean(counts) for count in counts]
    return {
        "median levels": median(counts),
        "burstiness": pstdev(counts) / mean(counts),
        "memory": sum(a * b for a, b in pairwise(centred)) / sum(a * a for a in centred),
        "median rank": median(ranks),
        "deleted share": deleted / sum(counts),
        "unknown share": unknown / deleted,
        "amounts' 99 % over median": amounts[len(amounts) * 99 // 100] / median(amounts),
    }


@pytest.mark.parametrize(
    ("figure", "least", "most"),
    [
        ("median levels", 10, 30),  # 16 spot, 17 perpetual
        ("burstiness", 1.0, 3.5),  # 2.0, 1.3
        ("memory", 0.4, 0.85),  # 0.61, 0.57
        ("median rank", 60, 300),  # 85, 296
        ("deleted share", 0.4, 0.55),  # 0.48, 0.12
        ("unknown share", 0.12, 0.25),  # 0.19, 0.16
        ("amounts' 99 % over median", 30, 2500),  # 107, 2383
    ],
)
def test_a_figure_is_like_the_measured_one(
    figures: dict[str, float], figure: str, least: float, most: float
) -> None:
    assert least <= figures[figure] <= most


def test_trades_come_in_runs_and_walk_levels() -> None:
    takers = [step for step in SyntheticMarket(BITCOIN, 11, START).until(START + 120) if step.trades]
    walking = sum(len(step.changes) > 1 for step in takers) / len(takers)
    same = mean(
        earlier.trades[0].taker_is_buyer == later.trades[0].taker_is_buyer
        for earlier, later in pairwise(takers)
    )
    assert 0.04 < walking < 0.2  # 0.14 spot, 0.05 perpetual
    assert 0.55 < same < 0.8  # 0.68, 0.59
