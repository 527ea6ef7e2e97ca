"""What a venue's private stream says: how to ask for it, what each frame means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from venuekit.model.account import AccountFrame
from venuekit.protocol.domain import Domain
from venuekit.protocol.stream import Channel, StreamPolicy
from venuekit.state.symbol_map import SymbolMap
from venuekit.web.auth import AuthBase

__all__ = ["UserStreamTrackerDataSource"]


class UserStreamTrackerDataSource(ABC):
    """Facts, and pure translations from the venue's words to ours. The tracker moves the bytes.

    `venue_time` tells the venue's clock in seconds, for signatures that are made when a subscription is sent.
    """

    stream_policy: ClassVar[StreamPolicy]
    channels: ClassVar[tuple[Channel, ...]] = (Channel(route="", name="account"),)

    def __init__(self, symbols: SymbolMap, auth: AuthBase, venue_time: Callable[[], float]) -> None:
        self.symbols = symbols
        self.auth = auth
        self.venue_time = venue_time

    @abstractmethod
    def url(self, domain: Domain) -> str:
        """Where the stream is; a channel's route is added to it."""

    @abstractmethod
    def subscription(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """The request that begins the stream, signed now."""

    @abstractmethod
    def unsubscription(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """The request that ends it."""

    @abstractmethod
    def parse(self, frame: bytes) -> Iterable[AccountFrame]:
        """What a frame says, in order; a frame of no interest says nothing.

        Raises:
            msgspec.DecodeError: it is not what the venue documents.
            ValueError: it is documented and makes no sense.
        """
