from __future__ import annotations

import pytest

from venuekit import errors
from venuekit.protocol.book_feed import LevelText
from venuekit.state.book_side import BookSide, PriceScale


def scale_of(decimals: int) -> PriceScale:
    scale = PriceScale()
    scale.decimals = decimals
    return scale


@pytest.mark.parametrize(
    ("decimals", "text", "whole"),
    [
        (0, "65140", 65140),
        (2, "65140", 6514000),
        (2, "65140.0", 6514000),
        (2, "65140.25", 6514025),
        (2, "65140.250000", 6514025),
        (0, "65140.00", 65140),
        (0, "65140.", 65140),
        (2, ".25", 25),
        (2, "00.25", 25),
        (3, "2.5E-1", 250),
        (0, "1e3", 1000),
        (0, "+5", 5),
        (10, "0.0000000001", 1),
        (18, "1000000000000.000000000000000001", 10**30 + 1),
    ],
)
def test_a_price_is_a_whole_number_of_its_scale(decimals: int, text: str, whole: int) -> None:
    assert scale_of(decimals).whole(text) == whole


@pytest.mark.parametrize(("decimals", "text"), [(0, "65140.5"), (2, "0.001"), (2, "1e-3"), (2, "1.2501")])
def test_a_price_with_more_decimals_than_the_scale_has_no_number(decimals: int, text: str) -> None:
    assert scale_of(decimals).whole(text) is None


@pytest.mark.parametrize(
    "text", ["", ".", "0", "0.00", "-1", "-0", "NaN", "Infinity", "one", "1.2.3", "1,5", "²", "٣", "0x10"]
)
def test_what_is_no_price_above_zero_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a (number|price above zero)|a price of zero"):
        scale_of(2).whole(text)


@pytest.mark.parametrize(
    ("text", "decimals"), [("65140", 0), ("65140.00", 2), ("65140.250", 3), ("1E-10", 10), ("1E+3", 0)]
)
def test_a_price_needs_the_decimals_it_is_written_with(text: str, decimals: int) -> None:
    assert PriceScale().needed(text) == decimals


def side_of(
    *rows: LevelText, is_bid: bool = True, depth: int | None = None, decimals: int = 2
) -> tuple[BookSide, PriceScale]:
    side, scale = BookSide(is_bid=is_bid), scale_of(decimals)
    changes = side.read(list(rows), scale)
    assert changes is not None
    side.load(changes, 1, depth)
    return side, scale


def change(side: BookSide, scale: PriceScale, *rows: LevelText, update_id: int | None = 2) -> None:
    changes = side.read(list(rows), scale)
    assert changes is not None
    side.apply(changes, update_id)


@pytest.mark.parametrize(("is_bid", "prices"), [(True, ["3", "2", "1"]), (False, ["1", "2", "3"])])
def test_a_side_runs_from_its_best_level(is_bid: bool, prices: list[str]) -> None:
    side, _ = side_of(("2", "1"), ("3", "1"), ("1", "1"), is_bid=is_bid)
    assert [price for price, _, _ in side] == prices
    assert side.best == (prices[0], "1", 1)


def test_an_empty_side_has_no_best_level() -> None:
    assert (BookSide(is_bid=True).best, len(BookSide(is_bid=True))) == (None, 0)


@pytest.mark.parametrize("amount", ["2", "0.1", "1E-7", "5.", ".5", "1E+3", "9" * 5000])
def test_an_amount_keeps_its_text(amount: str) -> None:
    side, _ = side_of(("1", amount))
    assert side.best == ("1", amount, 1)


@pytest.mark.parametrize("amount", ["0", "0.00000000", "0E-8", "-0", "0.", "00.0"])
def test_an_amount_of_zero_deletes(amount: str) -> None:
    side, scale = side_of(("2", "1"), ("1", "1"))
    change(side, scale, ("2", amount))
    assert side.best == ("1", "1", 1)


@pytest.mark.parametrize(
    "amount", ["", ".", "-1", "-1E-7", "NaN", "sNaN", "Infinity", "one", "1.2.3", "1,5", "²", "٣"]
)
@pytest.mark.parametrize("price", ["1", "1.25"])
def test_an_amount_that_is_none_is_refused(price: str, amount: str) -> None:
    side, scale = side_of(("1", "1"))
    with pytest.raises(errors.BadAnswer, match="no price and amount"):
        side.read([("1", "5"), (price, amount)], scale)


@pytest.mark.parametrize("price", ["", "0", "-1", "NaN", "x", "²"])
@pytest.mark.parametrize("amount", ["1", "0", "x", "1E-7"])
def test_a_price_that_is_none_is_refused(price: str, amount: str) -> None:
    side, scale = side_of(("1", "1"))
    with pytest.raises(errors.BadAnswer, match="no price and amount"):
        side.read([(price, amount)], scale)


def test_a_price_beyond_the_scale_asks_for_a_wider_one() -> None:
    side, scale = side_of(("1", "1"))
    assert side.read([("1", "2"), ("1.001", "1")], scale) is None


def test_two_spellings_are_one_level_which_keeps_the_last() -> None:
    side, scale = side_of(("65140", "1"))
    change(side, scale, ("65140.0", "2"))
    assert list(side) == [("65140.0", "2", 2)]


def test_deleting_an_unknown_level_is_normal() -> None:
    side, scale = side_of(("2", "1"))
    change(side, scale, ("3", "0"), ("1", "0"))
    assert list(side) == [("2", "1", 1)]


def test_later_changes_of_one_price_count() -> None:
    side, scale = side_of(("2", "1"))
    change(side, scale, ("3", "5"), ("3", "0"), ("2", "0"), ("2", "7"), update_id=None)
    assert list(side) == [("2", "7", None)]


def test_a_level_knows_the_update_that_set_it() -> None:
    side, scale = side_of(("2", "1"), ("1", "1"))
    change(side, scale, ("1", "4"), update_id=9)
    assert [update_id for _, _, update_id in side] == [1, 9]


def test_loading_replaces_everything() -> None:
    side, scale = side_of(("2", "1"), ("1", "1"))
    changes = side.read([("5", "1")], scale)
    assert changes is not None
    side.load(changes, 2, None)
    assert list(side) == [("5", "1", 2)]


def test_of_two_loaded_levels_at_one_price_the_first_counts() -> None:
    side, _ = side_of(("2", "1"), ("2.0", "9"), ("1", "0"))
    assert list(side) == [("2", "1", 1)]


@pytest.mark.parametrize("is_bid", [True, False])
def test_a_scale_that_grows_keeps_levels_and_horizon(is_bid: bool) -> None:
    side, _ = side_of(("2", "1"), ("3", "1"), is_bid=is_bid, depth=2)
    before = list(side)
    side.rescale(1000)
    assert (list(side), side.vouched, side.ranks) == (before, 2, sorted(side.ranks))
    change(side, scale_of(5), ("2.00001", "5"), ("2", "0"))
    assert ("2.00001", "5", 2) in list(side)
    assert len(side) == 2


def test_a_whole_side_has_no_horizon_to_rescale() -> None:
    side, _ = side_of(("2", "1"))
    side.rescale(10)
    assert (side.horizon, side.vouched) == (None, 1)


# Depth.


@pytest.mark.parametrize(
    ("depth", "vouched", "expires"),
    [(None, 3, False), (4, 3, False), (3, 3, False), (2, 3, False)],
)
def test_a_fresh_side_vouches_for_all_its_levels(depth: int | None, vouched: int, expires: bool) -> None:
    side, _ = side_of(("3", "1"), ("2", "1"), ("1", "1"), depth=depth)
    assert (side.vouched, side.is_expired) == (vouched, expires)


@pytest.mark.parametrize("is_bid", [True, False])
def test_levels_beyond_the_horizon_are_not_vouched_for(is_bid: bool) -> None:
    worse = "1" if is_bid else "9"
    side, scale = side_of(("3", "1"), ("2.5", "1"), is_bid=is_bid, depth=2)
    change(side, scale, (worse, "1"), ("2.7", "1"))
    assert (len(side), side.vouched) == (4, 3)


def test_a_side_expires_when_its_best_is_beyond_the_horizon() -> None:
    side, scale = side_of(("3", "1"), ("2", "1"), depth=2)
    change(side, scale, ("3", "0"), ("2", "0"), ("1", "1"))
    assert (side.is_expired, side.vouched) == (True, 0)


def test_a_cut_side_expires_when_it_is_empty() -> None:
    side, scale = side_of(("3", "1"), depth=1)
    change(side, scale, ("3", "0"))
    assert side.is_expired


def test_a_whole_side_may_be_empty() -> None:
    side, scale = side_of(("3", "1"), depth=2)
    change(side, scale, ("3", "0"))
    assert not side.is_expired


def test_an_empty_snapshot_of_some_depth_is_the_whole_side() -> None:
    side, _ = side_of(depth=0)
    assert (side.horizon, side.is_expired) == (None, False)


@pytest.mark.parametrize("is_bid", [True, False])
def test_cutting_keeps_the_best(is_bid: bool) -> None:
    side, _ = side_of(("1", "1"), ("2", "1"), ("3", "1"), is_bid=is_bid)
    side.cut(2)
    assert [price for price, _, _ in side] == (["3", "2"] if is_bid else ["1", "2"])
    assert len(side.levels) == 2


def test_a_side_takes_over_another() -> None:
    side, scale = side_of(("2", "1"), ("1", "1"), depth=2)
    other, other_scale = side_of(("5.001", "1"), depth=1, decimals=3)
    side.adopt(other)
    assert (list(side), side.horizon) == ([("5.001", "1", 1)], 5001)
    change(side, other_scale, ("2", "7"))
    assert [price for price, _, _ in side] == ["5.001", "2"]
    assert scale.decimals == 2


def test_zeros_may_be_written_in_ever_new_ways() -> None:
    side, scale = side_of()
    for length in range(1, 50):
        change(side, scale, ("1.00", "1"))
        change(side, scale, ("1.00", "0." + "0" * length))
        assert len(side) == 0


@pytest.mark.parametrize("price", ["1E-00001.25", "-1.25", "0.00", "1.2.25", "٣.25"])
def test_a_price_is_judged_though_its_point_stands_in_the_usual_place(price: str) -> None:
    side, scale = side_of()
    with pytest.raises(errors.BadAnswer, match="no price and amount"):
        side.read([(price, "1")], scale)


def test_an_exponent_may_stand_where_decimals_do() -> None:
    side, _ = side_of(("11.2345E-05", "1"), decimals=9)
    change(side, scale_of(9), ("0.000112345", "0"))
    assert len(side) == 0
