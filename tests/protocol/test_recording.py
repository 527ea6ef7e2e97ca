from __future__ import annotations

from collections.abc import Iterable

import pytest

from venuekit import errors
from venuekit.protocol.recording import RecordKind, read_recording, write_record

FRAME, ANSWER = RecordKind.FRAME, RecordKind.ANSWER
URL = "https://api.example/depth?symbol=BTCUSDT"


def told(lines: Iterable[bytes]) -> list[tuple[RecordKind, float, bytes, str | None, int]]:
    return [
        (record.kind, record.received, record.data, record.url, record.line)
        for record in read_recording(lines, "session")
    ]


# venuekit's own format.


@pytest.mark.parametrize(
    "data",
    [
        b'{"stream":"btcusdt@depth","data":{}}',
        b'{"topic":"orderbook.50.BTCUSDT"}',
        b'{"e":"depthUpdate"}',
        b'{"channel":"l2Book"}',
        b'{"op":"pong"}',
        b'{"success":true}',
        b'{"result":null,"id":1}',
    ],
)
def test_what_names_its_channel_is_a_frame(data: bytes) -> None:
    assert told([b"1500000000 " + data]) == [(FRAME, 1.5, data, None, 1)]


@pytest.mark.parametrize("data", [b'{"lastUpdateId":1}', b'[{"symbol":"BTCUSDT"}]'])
def test_a_bare_answer_is_an_answer(data: bytes) -> None:
    assert told([b"1500000000 " + data]) == [(ANSWER, 1.5, data, None, 1)]


def test_an_answer_may_name_its_question() -> None:
    line = b'1500000000 {"url":"https://x/y","data":{"lastUpdateId": 1}}'
    assert told([line]) == [(ANSWER, 1.5, b'{"lastUpdateId": 1}', "https://x/y", 1)]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_end_of_a_line_is_no_part_of_the_data(end: bytes) -> None:
    assert [record.data for record in read_recording([b'1 {"e":"trade"}' + end])] == [b'{"e":"trade"}']


@pytest.mark.parametrize("data", [b'{"e":"trade","p":"1.50"}', b'{"stream":"a@b","data":{"x":[1,2]}}'])
def test_a_frame_that_is_written_is_read_again(data: bytes) -> None:
    assert told([write_record(1_700_000_000_250_000_000, data)]) == [(FRAME, 1_700_000_000.25, data, None, 1)]


@pytest.mark.parametrize("data", [b'{"lastUpdateId":1,"bids":[]}', b"[]", b"[1, 2]"])
def test_an_answer_that_is_written_is_read_again(data: bytes) -> None:
    assert told([write_record(1_500_000_000, data, URL)]) == [(ANSWER, 1.5, data, URL, 1)]


def test_data_of_several_lines_is_written_on_one() -> None:
    assert write_record(7, b'{"e":\n1}\n') == b'7 {"e": 1}\n'


def test_a_written_line_ends_once() -> None:
    assert write_record(7, b"{}", "u").count(b"\n") == 1


def test_blank_lines_are_passed_over_and_counted() -> None:
    lines = [b"\n", b'1 {"e":"a"}\n', b"   \n", b'2 {"e":"b"}\n']
    assert [record.line for record in read_recording(lines)] == [2, 4]


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b'soon {"e":"a"}',
        b'{"e":"a"}',
        b"17",
        b"17 ",
        b"17 text",
        b'-17 {"e":"a"}',
        b'1.5 {"e":"a"}',
        b'17 {"url":"x","data":',
        b'17 {"url":1,"data":{}}',
        b'17 {"url":"\xff","data":{}}',
        b'17 {"url":"x"}',
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: bytes) -> None:
    with pytest.raises(errors.RecordingCorrupt, match="session, line 3: ") as caught:
        told([b'1 {"e":"a"}', b"", line])
    assert caught.value.line == 3


def test_what_stands_before_a_corrupt_line_is_told() -> None:
    records = read_recording([b'1 {"e":"a"}', b"corrupt"])
    assert next(records).received == pytest.approx(1e-9)


@pytest.mark.parametrize("lines", [[], [b""], [b"\n", b"  \n"]])
def test_an_empty_recording_is_corrupt(lines: list[bytes]) -> None:
    with pytest.raises(errors.RecordingCorrupt, match="the recording is empty"):
        told(lines)


# The other format.

SESSION = (
    b'{"t":"header","format":2,"exchange":"X"}\n',
    b'{"t":"recv","conn":"A","ts":3.0,"data":"{\\"b\\": \\"\xc3\xa9\\"}"}\n',
    b'{"t":"http","conn":"B","ts":1.0,"url":"https://x","data":"[]"}\n',
    b'{"t":"send","conn":"A","ts":2.0,"data":"subscribe"}\n',
    b'{"t":"recv","conn":"A","ts":2.5,"data":"{}"}\n',
)


def test_a_session_is_told_in_order_of_time() -> None:
    assert told(SESSION) == [
        (ANSWER, 1.0, b"[]", "https://x", 3),
        (FRAME, 2.5, b"{}", None, 5),
        (FRAME, 3.0, '{"b": "é"}'.encode(), None, 2),
    ]


def test_a_frame_may_stand_before_the_address_of_its_connection() -> None:
    lines = [
        b'{"t":"recv","conn":"ws.1","ts":2.0,"data":"{}"}',
        b'{"t":"connect","conn":"ws.1","ts":1.0,"addr":"wss://example.test/linear"}',
    ]
    assert ["wss://example.test/linear"] == [record.url for record in read_recording(lines)]


def test_frames_of_one_moment_keep_their_order() -> None:
    lines = [b'{"t":"recv","ts":1.0,"data":"first"}', b'{"t":"recv","ts":1.0,"data":"second"}']
    assert [record.data for record in read_recording(lines)] == [b"first", b"second"]


@pytest.mark.parametrize(
    "line", [b"no json", b'{"ts":1.0}', b'{"t":"recv","ts":"soon"}', b'{"t":"recv"', b'{"t":"\xff"}', b"[]"]
)
def test_a_line_of_a_session_that_cannot_be_read_is_named(line: bytes) -> None:
    with pytest.raises(errors.RecordingCorrupt, match="session, line 2: no JSON object of a session"):
        told([SESSION[0], line])
