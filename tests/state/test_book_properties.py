"""The book beside a dictionary that does the same the slow way."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from venuekit.model.book import Levels
from venuekit.protocol.book_feed import LevelText
from venuekit.state.order_book import OrderBook

ONE_MILLION = 1_000_000


class NaiveSide:
    """Levels by their exact price, sorted when they are asked for."""

    def __init__(self, *, is_bid: bool) -> None:
        self.is_bid = is_bid
        self.levels: dict[Decimal, LevelText] = {}

    def apply(self, rows: Iterable[LevelText]) -> None:
        for price, amount in rows:
            if Decimal(amount) == 0:
                self.levels.pop(Decimal(price), None)
            else:
                self.levels[Decimal(price)] = (price, amount)

    def texts(self) -> list[LevelText]:
        return [self.levels[price] for price in sorted(self.levels, reverse=self.is_bid)]


class Twins:
    """A book and its naive model, fed alike."""

    def __init__(self) -> None:
        self.book = OrderBook()
        self.book.apply_snapshot(Levels(), Levels(), 0)
        self.bids, self.asks = NaiveSide(is_bid=True), NaiveSide(is_bid=False)
        self.updates = 0

    def apply(self, bids: Sequence[LevelText], asks: Sequence[LevelText]) -> None:
        self.updates += len(bids) + len(asks)
        self.book.apply_diffs(Levels.of(bids), Levels.of(asks), self.updates)
        self.bids.apply(bids)
        self.asks.apply(asks)

    def check(self) -> None:
        assert self.book.texts() == (self.bids.texts(), self.asks.texts())
        for side in (self.book.bids, self.book.asks):
            assert side.ranks == sorted(side.levels)


class Market:
    """Where texts come from: ticks of `step` around a price, some of them spelled longer than others."""

    def __init__(self, chance: random.Random, first: str, step: str, amounts: Sequence[str]) -> None:
        self.chance = chance
        price, tick = Decimal(first), Decimal(step)
        exact = [price + tick * number for number in range(1200)]
        self.prices = [spelling for value in exact for spelling in _spellings(value)]
        # Every third change deletes, as recorded streams have it.
        self.amounts = [*amounts, *(["0", "0.00000000", "0E-8"] * (len(amounts) // 6 + 1))]

    def rows(self, count: int) -> list[LevelText]:
        prices = self.chance.choices(self.prices, k=count)
        return list(zip(prices, self.chance.choices(self.amounts, k=count), strict=True))


def _spellings(value: Decimal) -> tuple[str, str, str]:
    plain = f"{value:f}"
    longer = f"{plain}0" if "." in plain else f"{plain}.0"
    return plain, longer, str(value.normalize())


def test_a_million_updates_leave_the_book_that_a_dictionary_would() -> None:
    chance = random.Random(20_240_808)
    whole = [str(number) for number in range(1, 60)]
    exact = [f"{number}.{number:018d}" for number in chance.sample(range(10**12), 60)]
    markets = [
        Market(chance, "65140", "1", whole),
        Market(chance, "61685.99", "0.01", exact),
        Market(chance, "0.0000000001", "0.0000000001", ["999999999999.999999999999999999", *exact]),
        Market(chance, "99999.5", "0.5", [*exact, "1E-18", "1E+12"]),
    ]
    counted = 0
    for market in markets:
        twins = Twins()
        while twins.updates < ONE_MILLION // len(markets):
            twins.apply(market.rows(125), market.rows(125))
            if twins.updates % 12_500 == 0:
                twins.check()
        twins.check()
        counted += twins.updates
    assert counted == ONE_MILLION


# Prices of few distinct values and all spellings, so that levels meet.
digits = st.integers(min_value=1, max_value=40)
prices = st.builds(
    lambda number, decimals, zeros: _written(number, decimals) + zeros,
    digits,
    st.integers(min_value=0, max_value=18),
    st.sampled_from(["", "0", "000"]),
)
amounts = st.one_of(
    st.sampled_from(["0", "0.000", "-0.0", "0E-18", "1E-18", "1E+12", "7.", ".5"]),
    st.decimals(min_value=0, max_value=10**12, places=18).map(lambda number: f"{number:f}"),
)
rows = st.lists(st.tuples(prices, amounts), max_size=12)


def _written(number: int, decimals: int) -> str:
    text = f"{Decimal(number).scaleb(-decimals):f}"
    return text if "." in text else f"{text}."


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(rows, rows), max_size=8))
def test_whatever_the_venue_writes_comes_out_as_it_went_in(
    frames: list[tuple[list[LevelText], list[LevelText]]],
) -> None:
    twins = Twins()
    for bids, asks in frames:
        twins.apply(bids, asks)
        twins.check()


@settings(max_examples=100, deadline=None)
@given(rows, rows, st.integers(min_value=1, max_value=12))
def test_a_cut_book_is_the_head_of_the_whole_one(
    bids: list[LevelText], asks: list[LevelText], depth: int
) -> None:
    twins = Twins()
    twins.apply(bids, asks)
    whole = twins.book.texts()
    twins.book.cut(depth)
    assert twins.book.texts() == (whole[0][:depth], whole[1][:depth])


@settings(max_examples=100, deadline=None)
@given(rows, rows)
def test_a_loaded_book_differs_from_itself_in_nothing(bids: list[LevelText], asks: list[LevelText]) -> None:
    one, other = OrderBook(), OrderBook()
    one.apply_snapshot(Levels.of(bids), Levels.of(asks), 1)
    loaded = one.texts()
    other.apply_diffs(Levels.of([("0.123456789", "1")]), Levels(), 0)
    other.apply_snapshot(Levels.of(loaded[0]), Levels.of(loaded[1]), 1)
    assert one.differences(other) == 0
