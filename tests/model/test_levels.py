from __future__ import annotations

import msgspec
import pytest

from venuekit.model.book import Levels


def test_levels_keep_the_text_of_the_venue() -> None:
    assert Levels(b'[["65140.10","0.50000000"],["65140","1E-7"]]').texts() == [
        ("65140.10", "0.50000000"),
        ("65140", "1E-7"),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b'[["1","2","3","4"],["5","6","7","8"]]',
        b'[["1","2","r"],["5","6"]]',
        b'[["1","2",3],["5","6",null]]',
    ],
)
def test_what_follows_price_and_amount_is_no_part_of_a_level(raw: bytes) -> None:
    assert Levels(raw).texts() == [("1", "2"), ("5", "6")]


@pytest.mark.parametrize("levels", [Levels(), Levels(b"[]"), Levels.of([])])
def test_no_levels_are_an_empty_run(levels: Levels) -> None:
    assert levels.texts() == []


@pytest.mark.parametrize(
    "raw",
    [b"{}", b"null", b"[1]", b'["12"]', b'[["1"]]', b"[[]]", b"[[1,2]]", b'[["1",2]]', b'[["1","2"],["3"]]'],
)
def test_another_shape_is_refused(raw: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        Levels(raw).texts()


@pytest.mark.parametrize("raw", [b"", b"[", b'[["1","2"]', b'[["1","2"]] tail'])
def test_text_that_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        Levels(raw).texts()


def test_raw_and_translated_levels_are_equal_by_their_texts() -> None:
    raw, translated = Levels(b'[["1","2"]]'), Levels.of([("1", "2")])
    assert raw == translated
    assert hash(raw) == hash(translated)


@pytest.mark.parametrize("other", [Levels.of([("1", "2.0")]), [("1", "2")]])
def test_levels_of_other_texts_differ(other: object) -> None:
    assert Levels.of([("1", "2")]) != other


def test_levels_show_themselves_as_they_are_made() -> None:
    assert repr(Levels(b'[["1","2"]]')) == "Levels.of([('1', '2')])"


def test_levels_can_be_cut_out_of_a_frame() -> None:
    raw = msgspec.json.decode(b'[["1","2"]]', type=msgspec.Raw)
    assert Levels(raw).texts() == [("1", "2")]
