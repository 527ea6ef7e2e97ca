from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuekit.journal import frame
from venuekit.journal.frame import SECTOR, EndingKind

PAYLOADS = (b"one", b"", b"three" * 3)
SMALL = b"".join(frame.encode(7 + place, payload) for place, payload in enumerate(PAYLOADS))
BOUNDARIES = [0]
for _payload in PAYLOADS:
    BOUNDARIES.append(BOUNDARIES[-1] + frame.OVERHEAD + len(_payload))


@given(st.lists(st.binary(max_size=80)), st.integers(0, 2**60))
def test_what_was_framed_comes_back_in_order(pieces: list[bytes], first: int) -> None:
    data = b"".join(frame.encode(first + place, piece) for place, piece in enumerate(pieces))
    scan = frame.scan(data)
    assert (EndingKind.CLEAN, len(data)) == (scan.ending.kind, scan.ending.offset)
    assert [(first + place, piece) for place, piece in enumerate(pieces)] == [
        (item.sequence, item.payload) for item in scan.frames
    ]


def test_cut_at_any_byte_all_whole_frames_before_it_are_read() -> None:
    for size in range(len(SMALL) + 1):
        whole = max(count for count, boundary in enumerate(BOUNDARIES) if boundary <= size)
        scan = frame.scan(SMALL[:size])
        assert list(PAYLOADS[:whole]) == [item.payload for item in scan.frames]
        kind = EndingKind.CLEAN if size in BOUNDARIES else EndingKind.TORN
        assert (kind, BOUNDARIES[whole]) == (scan.ending.kind, scan.ending.offset)


def test_any_flipped_bit_is_damage_at_the_frame_it_is_in() -> None:
    for bit in range(8 * len(SMALL)):
        flipped = bytearray(SMALL)
        flipped[bit // 8] ^= 1 << bit % 8
        hit = max(count for count, boundary in enumerate(BOUNDARIES) if boundary <= bit // 8)
        scan = frame.scan(bytes(flipped))
        assert list(PAYLOADS[:hit]) == [item.payload for item in scan.frames]
        assert (EndingKind.CORRUPT, BOUNDARIES[hit]) == (scan.ending.kind, scan.ending.offset)


def test_damage_names_the_number_that_was_due() -> None:
    flipped = bytearray(SMALL)
    flipped[BOUNDARIES[1]] ^= 1
    assert frame.scan(bytes(flipped)).ending.sequence == 8


def test_damage_at_the_very_beginning_cannot_know_a_number() -> None:
    assert frame.scan(b"x" * 64).ending.sequence is None


@pytest.mark.parametrize("order", [(0, 2), (0, 0, 1), (1, 0)], ids=["missing", "twice", "swapped"])
def test_whole_frames_out_of_order_are_damage(order: tuple[int, ...]) -> None:
    pieces = [SMALL[start:end] for start, end in pairwise(BOUNDARIES)]
    scan = frame.scan(b"".join(pieces[place] for place in order))
    assert EndingKind.CORRUPT is scan.ending.kind
    assert [PAYLOADS[order[0]]] == [item.payload for item in scan.frames]


def test_zeros_behind_the_last_frame_are_a_write_that_power_cut_short() -> None:
    scan = frame.scan(SMALL + bytes(700))
    assert (EndingKind.TORN, len(SMALL)) == (scan.ending.kind, scan.ending.offset)


def test_a_last_frame_whose_sectors_were_never_written_is_torn() -> None:
    data = frame.encode(1, b"a" * 100) + frame.encode(2, b"b" * 900)
    torn = data[:SECTOR] + bytes(len(data) - SECTOR)
    scan = frame.scan(torn)
    assert (EndingKind.TORN, 100 + frame.OVERHEAD) == (scan.ending.kind, scan.ending.offset)


def test_a_header_that_was_half_written_before_the_power_went_is_torn() -> None:
    first = frame.encode(1, b"a" * (SECTOR - frame.OVERHEAD - 4))
    data = first + frame.encode(2, b"b" * 50)
    torn = data[:SECTOR] + bytes(len(data) - SECTOR)
    scan = frame.scan(torn)
    assert (EndingKind.TORN, len(first)) == (scan.ending.kind, scan.ending.offset)


def test_zeros_at_the_end_do_not_excuse_damage_far_before_them() -> None:
    flipped = bytearray(SMALL + frame.encode(10, b"c" * 2_000) + bytes(4 * SECTOR))
    flipped[20] ^= 1
    assert EndingKind.CORRUPT is frame.scan(bytes(flipped)).ending.kind


def test_a_torn_ending_says_how_much_is_there() -> None:
    assert frame.scan(SMALL[:-1]).ending.why == "34 bytes of a frame of 35"
