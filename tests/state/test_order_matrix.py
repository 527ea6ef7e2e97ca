"""What may arrive about one order, in which order, and what a strategy then hears: one row each."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.state.order_bench import Bench, fill, status

from venuekit.model.order import OrderState as S
from venuekit.model.order_update import Evidence, OrderUpdate, TradeUpdate

NEW = status(S.OPEN, "0", at=2.0)
PART = status(S.PARTIALLY_FILLED, "0.5", at=3.0)
DONE = status(S.FILLED, "1", at=4.0)
CANCELED = status(S.CANCELED, "0.5", at=5.0)
UNFILLED_CANCEL = status(S.CANCELED, "0", at=5.0)
EXPIRED = status(S.EXPIRED, "0", at=2.5)
REFUSED = status(S.FAILED, at=2.0)
CANCELLING = status(S.PENDING_CANCEL, at=4.5)
FIRST = fill("t1", "0.5", at=3.0)
SECOND = fill("t2", "0.5", at=4.0)
THIRD = fill("t3", "0.5", at=4.5)
BY_EXCHANGE_ID = fill("t1", "0.5", at=3.0, client_id="")
STALE_LIST = status(S.OPEN, "0", at=2.0, evidence=Evidence.OPEN_ORDERS)
CREATED = "BuyOrderCreated"
COMPLETED = "BuyOrderCompleted"
FAILURE = "MarketOrderFailure"

Row = tuple[str, list[OrderUpdate | TradeUpdate], list[str], S, str]
ROWS: list[Row] = [
    ("acknowledged", [NEW], [CREATED], S.OPEN, "0"),
    ("acknowledged twice", [NEW, NEW], [CREATED], S.OPEN, "0"),
    ("refused", [REFUSED], [FAILURE], S.FAILED, "0"),
    ("refused after the acknowledgement", [NEW, REFUSED], [CREATED, FAILURE], S.FAILED, "0"),
    ("expired at once", [EXPIRED], [CREATED, "Expired"], S.EXPIRED, "0"),
    ("status before its fill", [NEW, PART, FIRST], [CREATED, "Filled"], S.PARTIALLY_FILLED, "0.5"),
    ("fill before its status", [NEW, FIRST, PART], [CREATED, "Filled"], S.PARTIALLY_FILLED, "0.5"),
    ("fill before the acknowledgement", [FIRST, NEW], [CREATED, "Filled"], S.PARTIALLY_FILLED, "0.5"),
    (
        "fill by exchange id before the acknowledgement",
        [BY_EXCHANGE_ID, NEW],
        [CREATED, "Filled"],
        S.PARTIALLY_FILLED,
        "0.5",
    ),
    ("stale OPEN after PARTIALLY_FILLED", [PART, FIRST, NEW], [CREATED, "Filled"], S.PARTIALLY_FILLED, "0.5"),
    (
        "filled: status, then fills",
        [NEW, DONE, FIRST, SECOND],
        [CREATED, "Filled", "Filled", COMPLETED],
        S.FILLED,
        "1",
    ),
    (
        "filled: fills, then status",
        [NEW, FIRST, SECOND, DONE],
        [CREATED, "Filled", "Filled", COMPLETED],
        S.FILLED,
        "1",
    ),
    (
        "filled: status between fills",
        [FIRST, DONE, SECOND],
        [CREATED, "Filled", "Filled", COMPLETED],
        S.FILLED,
        "1",
    ),
    ("filled: fills only", [FIRST, SECOND], [CREATED, "Filled", "Filled", COMPLETED], S.FILLED, "1"),
    ("filled: status only", [NEW, DONE], [CREATED], S.FILLED, "0"),
    (
        "everything twice",
        [NEW, NEW, FIRST, FIRST, SECOND, SECOND, DONE, DONE],
        [CREATED, "Filled", "Filled", COMPLETED],
        S.FILLED,
        "1",
    ),
    (
        "everything backwards",
        [DONE, SECOND, PART, FIRST, NEW],
        [CREATED, "Filled", "Filled", COMPLETED],
        S.FILLED,
        "1",
    ),
    ("cancelled unfilled", [NEW, UNFILLED_CANCEL], [CREATED, "Cancelled"], S.CANCELED, "0"),
    ("cancelled twice", [NEW, UNFILLED_CANCEL, UNFILLED_CANCEL], [CREATED, "Cancelled"], S.CANCELED, "0"),
    (
        "cancelled after a partial fill",
        [NEW, FIRST, PART, CANCELLING, CANCELED],
        [CREATED, "Filled", "Cancelled"],
        S.CANCELED,
        "0.5",
    ),
    (
        "cancel before the last fill",
        [NEW, CANCELED, FIRST],
        [CREATED, "Filled", "Cancelled"],
        S.CANCELED,
        "0.5",
    ),
    (
        "fill while a cancel is pending",
        [NEW, CANCELLING, FIRST],
        [CREATED, "Filled"],
        S.PENDING_CANCEL,
        "0.5",
    ),
    (
        "filled before the cancel arrives",
        [NEW, CANCELLING, FIRST, SECOND, CANCELED],
        [CREATED, "Filled", "Filled", COMPLETED],
        S.FILLED,
        "1",
    ),
    (
        "FILLED while a cancel is pending",
        [NEW, CANCELLING, DONE, FIRST, SECOND],
        [CREATED, "Filled", "Filled", COMPLETED],
        S.FILLED,
        "1",
    ),
    ("OPEN while a cancel is pending", [NEW, CANCELLING, NEW], [CREATED], S.PENDING_CANCEL, "0"),
    (
        "CANCELED, then late FILLED with its fills",
        [NEW, UNFILLED_CANCEL, DONE, FIRST, SECOND],
        [CREATED, "Cancelled", "Filled", "LateFill", "Filled", "LateFill"],
        S.CANCELED,
        "1",
    ),
    (
        "CANCELED without a figure, then its fill",
        [NEW, status(S.CANCELED, at=5.0), FIRST],
        [CREATED, "Cancelled", "Filled", "LateFill"],
        S.CANCELED,
        "0.5",
    ),
    ("CANCELED, then OPEN", [UNFILLED_CANCEL, NEW], [CREATED, "Cancelled"], S.CANCELED, "0"),
    (
        "FILLED, then EXPIRED",
        [FIRST, SECOND, EXPIRED],
        [CREATED, "Filled", "Filled", COMPLETED],
        S.FILLED,
        "1",
    ),
    (
        "refused, yet it traded",
        [REFUSED, FIRST],
        [FAILURE, CREATED, "Filled", "LateFill"],
        S.FAILED,
        "0.5",
    ),
    (
        "more fills than were ordered",
        [NEW, FIRST, SECOND, THIRD],
        [CREATED, "Filled", "Filled", COMPLETED, "FillQuarantined"],
        S.FILLED,
        "1",
    ),
    (
        "more fills than were ordered, twice",
        [FIRST, SECOND, THIRD, THIRD],
        [CREATED, "Filled", "Filled", COMPLETED, "FillQuarantined"],
        S.FILLED,
        "1",
    ),
    ("a fill of nothing", [NEW, fill("t0", "0")], [CREATED, "FillQuarantined"], S.OPEN, "0"),
    (
        "a list that is behind by a whole life",
        [NEW, FIRST, SECOND, STALE_LIST],
        [CREATED, "Filled", "Filled", COMPLETED],
        S.FILLED,
        "1",
    ),
    (
        "amended up, and filled beyond the old amount before we heard",
        [NEW, FIRST, SECOND, THIRD, status(S.PARTIALLY_FILLED, "1.5", at=5.0, amount=Decimal(2))],
        [CREATED, "Filled", "Filled", COMPLETED, "FillQuarantined", "Filled", "LateFill"],
        S.FILLED,
        "1.5",
    ),
    (
        "amended up, then filled",
        [NEW, status(S.OPEN, "0", at=2.5, amount=Decimal("1.5")), FIRST, SECOND, THIRD],
        [CREATED, "Filled", "Filled", "Filled", COMPLETED],
        S.FILLED,
        "1.5",
    ),
    (
        "amended down to what is filled",
        [NEW, FIRST, status(S.PARTIALLY_FILLED, "0.5", at=3.5, amount=Decimal("0.5"))],
        [CREATED, "Filled", COMPLETED],
        S.FILLED,
        "0.5",
    ),
    (
        "an amount from before the amend",
        [status(S.OPEN, "0", at=2.5, amount=Decimal(2)), status(S.OPEN, "0", at=2.0, amount=Decimal(1))],
        [CREATED],
        S.OPEN,
        "0",
    ),
    (
        "a conditional order triggers",
        [status(S.UNTRIGGERED, at=2.0, exchange_order_id="algo-5"), NEW, FIRST],
        [CREATED, "Filled"],
        S.PARTIALLY_FILLED,
        "0.5",
    ),
    (
        "UNTRIGGERED after it triggered",
        [NEW, status(S.UNTRIGGERED, at=1.5, exchange_order_id="algo-5")],
        [CREATED],
        S.OPEN,
        "0",
    ),
    (
        "evidence that proves nothing",
        [
            status(S.FAILED, evidence=Evidence.TIMEOUT),
            status(S.CANCELED, evidence=Evidence.ABSENCE),
        ],
        [],
        S.PENDING_CREATE,
        "0",
    ),
    ("a word of venues without a book", [status(S.APPROVED)], [], S.PENDING_CREATE, "0"),
    (
        "an order of somebody else",
        [status(S.OPEN, client_id="web-9", exchange_order_id="9")],
        [],
        S.PENDING_CREATE,
        "0",
    ),
]


@pytest.mark.parametrize(
    ("said", "told", "state", "executed"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_what_is_said_leads_to_what_is_told(
    said: list[OrderUpdate | TradeUpdate], told: list[str], state: S, executed: str
) -> None:
    bench = Bench()
    bench.hear(*said)
    assert (bench.told, bench.order.current_state, bench.order.executed_amount_base) == (
        told,
        state,
        Decimal(executed),
    )
