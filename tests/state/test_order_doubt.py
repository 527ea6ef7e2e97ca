from __future__ import annotations

from decimal import Decimal

import pytest

from venuekit.model.events import DoubtReason
from venuekit.model.order_update import Evidence
from venuekit.state.order_doubt import Doubt, Standing


def test_a_doubt_without_an_end_makes_the_other_endless() -> None:
    doubt = Doubt(reason=DoubtReason.PLACE, since=2.0, settles_at=10.0)
    assert doubt.extended(None).settles_at is None


def test_a_joined_doubt_keeps_its_reason_and_ends_with_the_later() -> None:
    doubt = Doubt(reason=DoubtReason.PLACE, since=2.0, settles_at=10.0)
    assert doubt.extended(9.0) == doubt
    assert doubt.extended(12.0) == Doubt(reason=DoubtReason.PLACE, since=2.0, settles_at=12.0)


@pytest.mark.parametrize(
    ("other", "yields"),
    [
        (Standing(evidence=Evidence.OPEN_ORDERS, timestamp=2.1, filled=Decimal(0)), True),
        (Standing(evidence=Evidence.FILL, timestamp=1.9, filled=Decimal(9)), False),
        (Standing(evidence=Evidence.ENGINE_ANSWER, timestamp=2.0, filled=Decimal(0)), True),
        (Standing(evidence=Evidence.ORDER_QUERY, timestamp=2.0, filled=Decimal(9)), False),
        (Standing(evidence=Evidence.PRIVATE_STREAM, timestamp=2.0, filled=Decimal(2)), True),
        (Standing(evidence=Evidence.PRIVATE_STREAM, timestamp=2.0, filled=Decimal("0.5")), False),
    ],
)
def test_the_later_is_believed_then_the_stronger_then_the_fuller(other: Standing, yields: bool) -> None:
    standing = Standing(evidence=Evidence.PRIVATE_STREAM, timestamp=2.0, filled=Decimal(1))
    assert standing.yields_to(other) is yields


@pytest.mark.parametrize(
    ("evidence", "timestamp", "is_refuted"),
    [
        (Evidence.ORDER_QUERY, 1.9, True),
        (Evidence.ORDER_QUERY, 2.0, False),
        (Evidence.PRIVATE_STREAM, 1.9, False),
        (Evidence.ENGINE_ANSWER, 1.9, False),
    ],
)
def test_an_end_is_refuted_by_stronger_and_later_life_only(
    evidence: Evidence, timestamp: float, is_refuted: bool
) -> None:
    life = Standing(evidence=Evidence.PRIVATE_STREAM, timestamp=2.0, filled=Decimal(0))
    assert life.refutes(Standing(evidence=evidence, timestamp=timestamp, filled=Decimal(0))) is is_refuted
