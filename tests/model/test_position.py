from __future__ import annotations

from venuekit.model.position import PositionAction, PositionMode, PositionSide


def test_words_about_positions_are_their_own_values() -> None:
    words = [*PositionAction, *PositionSide, *PositionMode]
    assert [word.value for word in words] == [
        *("OPEN", "CLOSE", "NIL"),
        *("LONG", "SHORT", "BOTH"),
        *("HEDGE", "ONEWAY"),
    ]
