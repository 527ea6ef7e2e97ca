"""What marks say to a reader."""

from __future__ import annotations

from typing import Any

from venuekit.journal.frame import encode as framed
from venuekit.journal.record import Command, Sending, encode
from venuekit.sim import story
from venuekit.sim.story import Line
from venuekit.sim.trace import Lane, Mark

_ORDER = "vk016a000001"


def _mark(number: int, lane: Lane, text: str, **more: Any) -> Mark:
    host = "venue" if lane in {Lane.WIRE, Lane.VENUE} else "trader"
    told: dict[str, Any] = {"time": float(number), "host": host, "kind": "frame"} | more
    return Mark(number=number, lane=lane, text=text, **told)


def _lines(*marks: Mark) -> tuple[Line, ...]:
    return story.told(marks).lines


def _path(lines: tuple[Line, ...], place: int) -> list[int]:
    """The places that a line follows from, back to the beginning."""
    path = []
    while place >= 0:
        path.append(place)
        place = lines[place].after
    return path


def test_an_order_is_followed_from_the_strategy_to_the_venue_and_back() -> None:
    lines = _lines(
        _mark(1, Lane.STRATEGY, f"BTC-USDT as {_ORDER}", kind="buy"),
        _mark(2, Lane.DISK, f"intent {_ORDER}", kind="append"),
        _mark(3, Lane.WIRE, f"POST /order id={_ORDER}", kind="request"),
        _mark(4, Lane.VENUE, f"{_ORDER} buy", kind="accepted", link=3),
        _mark(5, Lane.WIRE, f"200 {_ORDER}", kind="answer", link=3),
        _mark(6, Lane.CONNECTOR, f"BuyOrderCreated BuyOrderCreatedEvent(order_id='{_ORDER}')", kind="event"),
    )
    assert _path(lines, 5) == [5, 4, 2, 1, 0]
    assert lines[3].after == 2
    assert [line.is_sure for line in lines] == [True, False, False, True, True, False]


def test_what_is_about_several_orders_follows_from_none_of_them() -> None:
    other = "vk016a000002"
    lines = _lines(
        _mark(1, Lane.STRATEGY, f"one as {_ORDER}"),
        _mark(2, Lane.STRATEGY, f"one as {other}"),
        _mark(3, Lane.WIRE, f"open: {_ORDER} {other}"),
    )
    assert lines[2].orders == (_ORDER, other)
    assert lines[2].after == -1


def test_nothing_follows_from_what_was_long_ago() -> None:
    lines = _lines(
        _mark(1, Lane.STRATEGY, f"one as {_ORDER}", time=1.0),
        _mark(2, Lane.WIRE, f"request for {_ORDER}", time=100.0),
    )
    assert lines[1].after == -1


def test_a_command_stands_before_what_it_did_at_once() -> None:
    lines = _lines(
        _mark(1, Lane.DISK, "something else", time=1.0),
        _mark(2, Lane.DISK, f"intent {_ORDER}", time=2.0),
        _mark(3, Lane.STRATEGY, f"one as {_ORDER}", time=2.0),
    )
    assert [line.mark.number for line in lines] == [1, 3, 2]
    assert lines[2].after == 1
    times = [line.mark.time for line in lines]
    assert times == sorted(times)


def test_records_are_named_and_shown_whole() -> None:
    record = Sending(
        at=5.0,
        client_id=_ORDER,
        command=Command.PLACE,
        signed_at=5.0,
        receive_window=5.0,
        path="/order",
    )
    written = framed(7, encode(record)) + framed(8, encode(record))
    mark = _mark(1, Lane.DISK, "a.journal: 99 bytes at 10", kind="append", detail=written.decode("latin-1"))
    (line,) = _lines(mark)
    assert line.text == f"sending, sending {_ORDER} (99 bytes at 10)"
    assert line.detail.count('"command":"place"') == 2


def test_what_is_no_record_is_left_as_it_is() -> None:
    mark = _mark(1, Lane.DISK, "a.journal: 9 bytes at 10, cut", kind="append", detail="\x07\x00torn")
    (line,) = _lines(mark)
    assert (line.text, line.detail) == ("a.journal: 9 bytes at 10, cut", "")


def test_an_event_is_told_without_the_words_of_the_language() -> None:
    said = (
        "OrderFilled OrderFilledEvent(timestamp=1750000005.1, order_id='x', trade_type=<TradeType.SELL: 2>, "
        "price=Decimal('64000.50'), position=None, trigger='')"
    )
    (line,) = _lines(_mark(1, Lane.CONNECTOR, said, kind="event"))
    assert line.text == "OrderFilled order_id='x', trade_type=SELL, price=64000.50"
    assert line.detail == said


def test_an_answer_is_told_without_its_checksum_and_its_quotes() -> None:
    body = '{"symbol":"BTCUSDT","orderId":12}'
    (line,) = _lines(_mark(1, Lane.WIRE, f"200 f408e1c7 {body[:12]}", kind="answer", detail=body))
    assert (line.text, line.detail) == ("200 {symbol:BTCUSDT,orderId:12}", body)


def test_the_end_of_a_link_that_is_not_in_the_trace_is_none() -> None:
    assert _lines(_mark(8, Lane.WIRE, "late", link=2))[0].after == -1
