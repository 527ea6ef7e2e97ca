from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.journal.story import (
    INSTANCE,
    begin,
    new_disk,
)

from venuekit import errors
from venuekit.journal import ids
from venuekit.journal.ids import BLOCK, ClientIds
from venuekit.journal.record import IdBlock


def test_an_id_is_prefix_instance_and_counter() -> None:
    made = ClientIds("vk", INSTANCE, 35, lambda _: None)
    assert [f"vk{INSTANCE}0000000z", f"vk{INSTANCE}00000010"] == [made.take(1.0), made.take(1.0)]


@given(st.text("abcXYZ019", max_size=12), st.integers(0, 36**8 - 1))
def test_an_id_is_at_most_32_letters_and_digits_and_tells_its_number(prefix: str, number: int) -> None:
    made = ClientIds(prefix, INSTANCE, number, lambda _: None).take(1.0)
    assert made.isascii()
    assert made.isalnum()
    assert len(made) <= 32
    assert number == ids.counter_of(made, INSTANCE)


def test_ids_are_reserved_a_block_at_a_time_before_the_first_of_it_is_given() -> None:
    blocks: list[IdBlock] = []
    made = ClientIds("", INSTANCE, 0, blocks.append)
    for _ in range(BLOCK + 1):
        made.take(2.5)
    assert [IdBlock(at=2.5, first=0, count=BLOCK), IdBlock(at=2.5, first=BLOCK, count=BLOCK)] == blocks


def test_no_id_is_given_while_none_is_reserved() -> None:
    def refuse(_: IdBlock) -> None:
        raise errors.JournalFailed("j", "full")

    made = ClientIds("", INSTANCE, 0, refuse)
    for _ in range(2):
        with pytest.raises(errors.JournalFailed):
            made.take(1.0)


@pytest.mark.parametrize("prefix", ["a" * 13, "x-1", "prix é", "é"])
def test_a_prefix_that_a_venue_might_refuse_is_refused_here(prefix: str) -> None:
    with pytest.raises(errors.InvalidConfiguration, match="at most 12 ASCII"):
        ClientIds(prefix, INSTANCE, 0, lambda _: None)


def test_own_ids_are_known_under_any_prefix() -> None:
    made = ClientIds("new", INSTANCE, 0, lambda _: None)
    assert made.owns(ClientIds("old", INSTANCE, 9, lambda _: None).take(1.0))


@pytest.mark.parametrize(
    "foreign",
    [
        "",
        "web_1",
        f"vk{'f' * 12}00000000",
        f"vk{INSTANCE}0000000_",
        f"{'v' * 13}{INSTANCE}00000000",
        INSTANCE,
    ],
)
def test_other_peoples_ids_are_not_ours(foreign: str) -> None:
    assert not ClientIds("vk", INSTANCE, 0, lambda _: None).owns(foreign)


def test_an_instance_is_the_random_part_of_a_unique_id() -> None:
    assert ids.instance_from("9f8e7d6c5b4a4321a000000000000000") == "9f8e7d6c5b4a"


@pytest.mark.parametrize("power", [False, True])
def test_no_id_comes_twice_whatever_run_made_it_and_however_it_ended(power: bool) -> None:
    disk = new_disk()
    seen: dict[str, None] = {}
    for run, taken in zip(count(), (1, 5, 0, BLOCK, BLOCK + 1, 3), strict=False):
        journal = begin(disk, now=float(run))
        made = [journal.ids.take(float(run)) for _ in range(taken)]
        assert not [client_id for client_id in made if client_id in seen]
        seen |= dict.fromkeys(made)
        disk.lose_power() if power else disk.process_ends()
