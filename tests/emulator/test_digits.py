from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuekit.emulator.digits import decimals_of, text_of, units_of


@given(units=st.integers(-(10**30), 10**30), decimals=st.integers(0, 18))
def test_a_number_survives_being_written(units: int, decimals: int) -> None:
    assert units_of(text_of(units, decimals), decimals) == units


def test_a_negative_number_keeps_its_sign_in_front() -> None:
    assert text_of(-5, 2) == "-0.05"


def test_zeros_beyond_the_written_digits_do_not_count() -> None:
    assert units_of("1.500", 1) == 15


def test_a_number_finer_than_its_digits_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 1 decimals"):
        units_of("1.55", 1)


def test_trailing_zeros_are_no_decimals() -> None:
    assert [decimals_of(text) for text in ("0.0100", "1.00000000", "5")] == [2, 0, 0]
