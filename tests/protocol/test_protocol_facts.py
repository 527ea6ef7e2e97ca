from __future__ import annotations

from typing import Any

import msgspec
import pytest

from venuekit.protocol.domain import Domain
from venuekit.protocol.frozen import Frozen, Wire
from venuekit.protocol.requirement import Level, Need
from venuekit.protocol.stream import Channel


class Fact(Frozen):
    first: int
    second: int = 0


class Said(Wire):
    price: str = msgspec.field(name="p")


def test_a_fact_is_made_by_name_only() -> None:
    make: Any = Fact
    with pytest.raises(TypeError, match="positional"):
        make(1, 2)


def test_a_fact_does_not_change() -> None:
    fact: Any = Fact(first=1)
    with pytest.raises(AttributeError, match="immutable"):
        fact.first = 2


def test_facts_are_equal_by_value() -> None:
    assert hash(Fact(first=1)) == hash(Fact(first=1, second=0))


def test_a_wire_struct_tolerates_fields_it_does_not_know() -> None:
    assert msgspec.json.decode(b'{"p":"1","new":true}', type=Said) == Said(price="1")


@pytest.mark.parametrize(
    ("rest", "ws", "is_placed"), [("", "", False), ("http://x", "", False), ("http://x", "ws://x", True)]
)
def test_a_domain_is_placed_when_both_addresses_are_known(rest: str, ws: str, is_placed: bool) -> None:
    assert Domain(name="emulator", rest_url=rest, ws_url=ws).is_placed is is_placed


@pytest.mark.parametrize("need", list(Need))
def test_a_need_says_how_badly_where_and_what(need: Need) -> None:
    assert need.level in Level
    assert need.side in ("rest", "stream")
    assert need.what


def test_what_a_book_needs_is_a_must() -> None:
    assert (Need.BOOK_CHANNEL.level, Need.LAST_PRICES.level) == (Level.MUST, Level.USEFUL)


@pytest.mark.parametrize(
    ("need", "trades", "is_perpetual", "is_asked"),
    [
        (Need.BOOK_CHANNEL, False, False, True),
        (Need.FUNDING_INFO, False, False, False),
        (Need.FUNDING_INFO, False, True, True),
        (Need.BALANCES, False, False, False),
        (Need.BALANCES, True, False, True),
        (Need.POSITIONS, True, False, False),
        (Need.POSITIONS, False, True, False),
        (Need.POSITIONS, True, True, True),
    ],
)
def test_a_need_is_asked_of_those_it_concerns(
    need: Need, trades: bool, is_perpetual: bool, is_asked: bool
) -> None:
    assert need.concerns(trades=trades, is_perpetual=is_perpetual) is is_asked


def test_channels_sort_by_route_then_name() -> None:
    channels = [Channel(route="/b", name="a"), Channel(route="/a", name="z"), Channel(route="/a", name="b")]
    assert [f"{channel.route} {channel.name}" for channel in sorted(channels)] == ["/a b", "/a z", "/b a"]
