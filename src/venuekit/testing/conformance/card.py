"""A conformance card: what a connector must do, under which weather, and of which connectors it is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from venuekit.emulator.act import Act
from venuekit.protocol.frozen import Frozen

if TYPE_CHECKING:
    from venuekit.testing.conformance.stage import Stage

__all__ = ["Card", "CardFailed", "Group", "Need", "Play", "Trait", "check"]


class Group(Enum):
    """What a card is about."""

    ORDERS = "orders"
    DATA = "data"
    SESSIONS = "sessions"
    INCIDENTS = "incidents"


class Trait(Enum):
    """What a connector or its venue can have; the value says why a card is not asked of those without."""

    BOOKS = "the connector keeps no order books"
    SNAPSHOTS = "its books come in the stream: no snapshot is asked for"
    ORDERS = "the connector does not trade, or the dialect has no accounts"
    STREAM = "the connector hears no stream of the account"
    MARKET = "no market orders"
    QUOTE_AMOUNTS = "no market orders by an amount in quote"
    SHORT_LIVED = "neither IOC nor FOK"
    POST_ONLY = "no post-only orders"
    MAKERS = "no orders of the type that only makes"
    TRIGGERS = "no conditional orders"
    AMEND = "orders cannot be changed"
    ORDER_LIMIT = "the dialect counts no orders in a window of some seconds"
    HALTS = "the dialect halts no symbol"
    TWO_DOORS = "commands go one way only"


Need: TypeAlias = Trait | Act
"""A trait of the connector, or an act for which the dialect names the paths that faults are aimed by."""
Play: TypeAlias = "Callable[[Stage], Awaitable[None]]"


class CardFailed(AssertionError):
    """The connector does otherwise than the card expects."""


def check(is_so: bool, otherwise: str) -> None:
    """Hold the connector to something.

    Raises:
        CardFailed: it is not so; the text says what is.
    """
    if not is_so:
        raise CardFailed(otherwise)


class Card(Frozen):
    """One thing that is asked of a connector.

    `precondition`, `stimulus` and `expected` are for people, `play` does what they say on a stage that was
    just set. A card is asked of connectors that have all of `needs`. The title of an incident begins with
    its number among those that connectors of others had (docs/CONFORMANCE.md).
    """

    number: int
    group: Group
    title: str
    precondition: str
    stimulus: str
    expected: str
    needs: tuple[Need, ...]
    play: Play

    @property
    def id(self) -> str:
        """The number and the title, as tests are called."""
        words = self.title.replace("'", "").replace(" ", "-")
        return f"{self.number:02}-{words}"
