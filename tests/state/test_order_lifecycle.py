from __future__ import annotations

import pytest

from venuekit.model.order import OrderState
from venuekit.state.order_lifecycle import (
    CANCELS,
    ENDS,
    LIVES,
    REPORTS,
    CancelRequest,
    Happening,
    after,
    cancel_after,
    shown,
)

S = OrderState
H = Happening
# One row per state: what follows each happening, in this order. A dot: nothing changes.
COLUMNS = (
    H.RESTS_UNTRIGGERED,
    H.ACCEPTED,
    H.FILLED_PARTLY,
    H.FILLED_WHOLLY,
    H.CANCELED,
    H.EXPIRED,
    H.REFUSED,
    H.WITHDRAWN,
    H.VANISHED,
    H.REAPPEARED,
)
WORDS = {
    "U": S.UNTRIGGERED,
    "O": S.OPEN,
    "P": S.PARTIALLY_FILLED,
    "F": S.FILLED,
    "C": S.CANCELED,
    "E": S.EXPIRED,
    "R": S.FAILED,
    "N": S.PENDING_CREATE,
}
ROWS = {
    S.PENDING_CREATE: "U O P F C E R C R .",
    S.UNTRIGGERED: "   . O P F C E R . C .",
    S.OPEN: "          . . P F C E R . C .",
    S.PARTIALLY_FILLED: ". . . F C E R . . .",
    S.FILLED: "        . . . . . . . . . .",
    S.EXPIRED: "       . . . . . . . . . .",
    S.CANCELED: "      . . . . . . . . . N",
    S.FAILED: "        . . . . . . . . . N",
}
CELLS = [
    (state, happening, WORDS.get(word, state))
    for state, row in ROWS.items()
    for happening, word in zip(COLUMNS, row.split(), strict=True)
]


@pytest.mark.parametrize(
    ("state", "happening", "follows"), CELLS, ids=lambda each: getattr(each, "name", str(each))
)
def test_what_follows_is_what_the_table_says(
    state: OrderState, happening: Happening, follows: OrderState
) -> None:
    assert after(state, happening) is follows


def test_the_test_has_a_row_for_every_state() -> None:
    assert set(ROWS) == set(LIVES)


def test_nothing_but_a_reappearance_leads_out_of_an_end() -> None:
    assert {happening for end in ENDS for happening in LIVES[end]} == {H.REAPPEARED}


def test_every_state_is_reached_from_the_first() -> None:
    reached = {S.PENDING_CREATE}
    for _ in LIVES:
        reached |= {follows for state in reached for follows in LIVES[state].values()}
    assert reached == set(LIVES)


def test_an_order_that_traded_never_vanishes() -> None:
    assert after(S.PARTIALLY_FILLED, H.VANISHED) is S.PARTIALLY_FILLED


def test_every_state_but_the_first_can_be_reported() -> None:
    assert set(REPORTS) == {*LIVES, S.PENDING_CANCEL} - {S.PENDING_CREATE}


@pytest.mark.parametrize(
    ("cancel", "happening", "follows"),
    [
        (CancelRequest.NONE, H.CANCEL_ASKED, CancelRequest.PENDING),
        (CancelRequest.NONE, H.CANCEL_REFUSED, CancelRequest.NONE),
        (CancelRequest.PENDING, H.CANCEL_ASKED, CancelRequest.PENDING),
        (CancelRequest.PENDING, H.CANCEL_REFUSED, CancelRequest.NONE),
        (CancelRequest.PENDING, H.FILLED_PARTLY, CancelRequest.PENDING),
    ],
)
def test_a_cancel_request_is_pending_until_it_is_refused(
    cancel: CancelRequest, happening: Happening, follows: CancelRequest
) -> None:
    assert cancel_after(cancel, happening) is follows


@pytest.mark.parametrize("life", list(LIVES))
def test_a_pending_cancel_is_shown_while_the_order_lives(life: OrderState) -> None:
    expected = life if life in ENDS else S.PENDING_CANCEL
    assert shown(life, CancelRequest.PENDING) is expected


def test_without_a_cancel_the_life_is_shown() -> None:
    assert [shown(life, CancelRequest.NONE) for life in LIVES] == list(LIVES)


def test_there_is_a_row_for_every_state_of_a_cancel() -> None:
    assert set(CANCELS) == set(CancelRequest)
