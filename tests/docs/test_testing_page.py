"""The examples of docs/TESTING.md, run as a reader's pytest would run them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_PAGE = Path(__file__).parents[2] / "docs" / "TESTING.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _examples() -> dict[str, Any]:
    """What the page's blocks define, in order, each seeing what stands above it."""
    text = _PAGE.read_text(encoding="utf-8")
    defined: dict[str, Any] = {"__name__": __name__}
    for block in _BLOCK.finditer(text):
        # Lines above it are empty, so that a traceback names the line of the page.
        above = "\n" * text.count("\n", 0, block.start(1))
        exec(compile(above + block[1], str(_PAGE), "exec"), defined)  # noqa: S102 - our own page
    return defined


_DEFINED = _examples()
# pytest finds them here: tests by their names, fixtures by what they are.
globals().update({name: value for name, value in _DEFINED.items() if not name.startswith("__")})


def test_the_page_has_an_example_of_each_tool() -> None:
    assert [name for name in _DEFINED if name.startswith("test_")] == [
        "test_a_book_heals_after_a_difference_was_left_out",
        "test_a_recording_is_replayed_without_a_gap",
        "test_a_difference_that_fits_is_in_the_book",
        "test_a_question_that_gets_no_answer_says_that_its_outcome_is_unknown",
        "test_a_sleeper_wakes_at_its_time",
        "test_a_connection_that_is_refused_three_times_is_back_within_a_minute",
        "test_an_acknowledgement_that_is_lost_is_survived_in_the_world",
        "test_a_process_that_is_cut_off_anywhere_loses_and_doubles_nothing",
    ]
