"""How a venue counts."""

from __future__ import annotations

from venuekit.emulator.limits import FixedWindow, RollingWindow


def test_a_fixed_window_starts_again_on_the_full_minute() -> None:
    window = FixedWindow(limit=10, seconds=60)
    assert window.charge(7, now=119.9) == 7
    assert window.ends(119.9) == 120
    assert window.charge(7, now=120.0) == 7


def test_a_rolling_window_lets_go_one_by_one() -> None:
    window = RollingWindow(limit=2, seconds=1.0)
    assert [window.admits(now) for now in (0.0, 0.5, 0.9, 1.0, 1.4, 1.5)] == [
        True,
        True,
        False,
        True,
        False,
        True,
    ]
