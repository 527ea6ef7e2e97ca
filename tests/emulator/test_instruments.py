from __future__ import annotations

from decimal import Decimal

import pytest

from venuekit.emulator.instruments import DEFAULT_INSTRUMENTS, MOST_INSTRUMENTS, instruments


def test_every_pair_is_listed_once() -> None:
    pairs = [each.trading_pair for each in instruments(MOST_INSTRUMENTS)]
    assert len(set(pairs)) == MOST_INSTRUMENTS


def test_the_well_known_pairs_come_first() -> None:
    assert instruments(20)[: len(DEFAULT_INSTRUMENTS)] == DEFAULT_INSTRUMENTS


def test_a_longer_list_begins_with_the_shorter_one() -> None:
    assert instruments(300)[:40] == instruments(40)


def test_a_tick_is_a_small_part_of_its_price() -> None:
    shares = [Decimal(each.tick_size) / Decimal(each.start_price) for each in instruments(MOST_INSTRUMENTS)]
    assert Decimal("1e-8") < min(shares) <= max(shares) < Decimal("0.001")


def test_prices_are_whole_ticks() -> None:
    assert all(
        Decimal(each.start_price) % Decimal(each.tick_size) == 0 for each in instruments(MOST_INSTRUMENTS)
    )


def test_one_lot_is_worth_less_than_the_smallest_order() -> None:
    assert all(
        Decimal(each.start_price) * Decimal(each.step_size) < Decimal(each.min_notional)
        for each in instruments(MOST_INSTRUMENTS)
    )


@pytest.mark.parametrize("count", [0, MOST_INSTRUMENTS + 1])
def test_a_list_that_cannot_be_made_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 300"):
        instruments(count)
