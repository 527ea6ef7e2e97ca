from __future__ import annotations

import msgspec
import pytest

from venuekit.protocol.fence import Fence, IdReuse, Question

FENCE = Fence(
    receive_window=5.0,
    engine_seconds=10.0,
    questions=(Question.ORDER, Question.EXECUTIONS),
    answers_kept=86_400.0,
    client_id_reuse=IdReuse.AFTER_CLOSE,
    page="https://venue.example/rest#timing",
    replica_lag=1.0,
)


def test_a_command_is_dead_after_its_window_the_engine_and_the_lag_of_answers() -> None:
    assert FENCE.end_of_doubt(100.0) == 100.0 + 5.0 + 10.0 + 1.0


def test_a_request_with_a_window_of_its_own_dies_by_it() -> None:
    assert FENCE.end_of_doubt(100.0, receive_window=2.0) == 113.0


def test_what_we_do_not_know_of_the_clock_is_waited_for() -> None:
    assert FENCE.end_of_doubt(100.0, clock_error=0.25) == 116.25


@pytest.mark.parametrize("unknown", ["receive_window", "engine_seconds"])
def test_no_time_ends_a_doubt_where_the_venue_promises_none(unknown: str) -> None:
    assert msgspec.structs.replace(FENCE, **{unknown: None}).end_of_doubt(100.0) is None


def test_a_venue_without_a_usual_window_dies_by_the_requests_own() -> None:
    assert msgspec.structs.replace(FENCE, receive_window=None).end_of_doubt(0.0, receive_window=3.0) == 14.0


def test_a_fence_without_a_question_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a question"):
        msgspec.structs.replace(FENCE, questions=())
