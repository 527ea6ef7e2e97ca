from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.journal.story import ID, STORY, filled

from venuekit.journal import record
from venuekit.journal.record import Body, Carried, Intent, Updated


@pytest.mark.parametrize("item", STORY, ids=lambda item: type(item).__name__)
def test_a_record_reads_back_as_it_was_written(item: Body) -> None:
    assert item == record.decode(record.encode(item))


@pytest.mark.parametrize("item", STORY, ids=lambda item: type(item).__name__)
def test_a_carried_record_keeps_its_old_number(item: Body) -> None:
    carried = Carried(sequence=12, record=item)
    assert carried == record.decode(record.encode(carried))
    assert carried == record.decode(record.encode_carried(12, record.encode(item)))


def test_every_kind_of_record_is_in_the_story() -> None:
    assert set(Body.__args__) == {type(item) for item in STORY}


def test_an_amount_is_a_text_on_the_disk() -> None:
    assert b"60000.10" in record.encode(filled())


def test_an_amount_keeps_every_digit() -> None:
    amount = Decimal("123456789012.123456789012345678")
    item = msgspec.structs.replace(filled(), base_amount=amount)
    read = record.decode(record.encode(item))
    assert isinstance(read, record.Filled)
    assert str(amount) == str(read.base_amount)


def test_a_time_that_is_no_number_does_not_make_the_journal_unreadable() -> None:
    item = Updated(at=1.0, client_id=ID, state="OPEN", source="stream", venue_time=float("nan"))
    assert isinstance(record.decode(record.encode(item)), Updated)


def test_a_payload_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(TypeError):
        record.encode(Intent(at=1.0, client_id=ID, trading_pair="BTC-USDT", order={"price": object()}))


def test_a_record_of_a_kind_unknown_here_is_not_guessed_at() -> None:
    with pytest.raises(msgspec.DecodeError):
        record.decode(msgspec.msgpack.encode({"kind": "merged", "at": 1.0}))
