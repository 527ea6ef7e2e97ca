from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuekit.state.clock_offset import ClockOffset


def test_without_a_sample_the_clocks_are_taken_to_agree() -> None:
    offset = ClockOffset()
    assert (offset.is_known, offset.offset, offset.error, offset.error_at(5.0)) == (
        False,
        0.0,
        math.inf,
        math.inf,
    )


@given(
    ahead=st.floats(-10, 10),
    there=st.floats(0, 2),
    back=st.floats(0, 2),
)
def test_one_sample_tells_the_offset_within_half_the_round_trip(
    ahead: float, there: float, back: float
) -> None:
    offset = ClockOffset()
    offset.add(100.0, 100.0 + there + back, 100.0 + there + ahead)
    assert abs(offset.offset - ahead) <= (there + back) / 2 + 1e-9
    assert offset.error == pytest.approx((there + back) / 2)


def test_a_clock_ten_seconds_behind_is_put_right() -> None:
    offset = ClockOffset()
    offset.add(1000.0, 1000.2, 1010.1)
    assert offset.venue_time(2000.0) == pytest.approx(2010.0)


def test_the_shortest_round_trip_counts() -> None:
    offset = ClockOffset()
    offset.add(0.0, 1.0, 5.9)
    offset.add(2.0, 2.02, 7.01)
    offset.add(3.0, 4.0, 8.1)
    assert offset.offset == pytest.approx(5.0)


def test_a_good_sample_gives_way_to_younger_ones_in_time() -> None:
    offset = ClockOffset()
    offset.add(0.0, 0.01, 5.005)
    offset.add(7200.0, 7200.1, 7206.05)
    assert offset.offset == pytest.approx(6.0)


@pytest.mark.parametrize("step", [30.0, -30.0, 0.7])
def test_a_worse_sample_that_contradicts_a_better_one_is_of_a_clock_that_was_set(step: float) -> None:
    offset = ClockOffset()
    offset.add(0.0, 0.002, 5.001)
    offset.add(60.0, 60.8, 65.4 + step)
    assert offset.offset == pytest.approx(5.0 + step)
    offset.add(61.0, 61.002, 66.001 + step)
    assert offset.offset == pytest.approx(5.0 + step)
    assert offset.error == pytest.approx(0.001)


def test_times_told_in_milliseconds_contradict_nothing() -> None:
    offset = ClockOffset()
    offset.add(0.0, 0.0002, 5.0)
    offset.add(1.0, 1.0006, 6.0019)
    assert offset.offset == pytest.approx(4.9999)


def test_the_error_grows_with_age() -> None:
    offset = ClockOffset()
    offset.add(0.0, 0.2, 5.0)
    assert offset.error_at(1000.2) == pytest.approx(0.1 + 0.1)


def test_the_oldest_samples_are_dropped() -> None:
    offset = ClockOffset()
    offset.add(0.0, 0.0, 5.0)
    for second in range(1, 9):
        offset.add(second, second + 0.2, second + 6.1)
    assert offset.offset == pytest.approx(6.0)


def test_an_answer_from_before_its_question_is_ignored() -> None:
    offset = ClockOffset()
    offset.add(10.0, 9.0, 15.0)
    assert not offset.is_known


def test_a_step_of_the_wall_clock_forgets_what_was_measured() -> None:
    offset = ClockOffset()
    offset.watch(1000.0, 0.0)
    offset.add(1000.0, 1000.1, 1005.05)
    assert offset.watch(1070.0, 60.0)
    assert not offset.is_known


def test_after_a_step_the_new_time_is_the_measure() -> None:
    offset = ClockOffset()
    offset.watch(1000.0, 0.0)
    offset.watch(1070.0, 60.0)
    assert not offset.watch(1080.0, 70.0)


def test_a_slewed_wall_clock_was_not_stepped() -> None:
    offset = ClockOffset()
    offset.watch(1000.0, 0.0)
    offset.add(1000.0, 1000.1, 1005.05)
    assert not offset.watch(1060.03, 60.0)  # 500 ppm for a minute
    assert offset.is_known


def test_what_was_measured_can_be_forgotten() -> None:
    offset = ClockOffset()
    offset.add(1000.0, 1000.1, 1005.05)
    offset.forget()
    assert not offset.is_known
