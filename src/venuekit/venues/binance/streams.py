"""How Binance's streams are asked, and what their answers mean; each product adds its events."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence

import msgspec

from venuekit.connector.order_book_data_source import OrderBookTrackerDataSource
from venuekit.model.market import MarketFrame
from venuekit.protocol.stream import Acknowledged, Channel, Leaving, Refusal, SessionFrame
from venuekit.state.symbol_map import SymbolMap
from venuekit.venues.binance import wire
from venuekit.web.assistant import WebAssistant

Reader = Callable[[msgspec.Raw | bytes], MarketFrame]

_frames = msgspec.json.Decoder(wire.Frame)
_NOTHING: tuple[MarketFrame | SessionFrame, ...] = ()


class BinanceDataSource(OrderBookTrackerDataSource):
    """Combined streams (`{"stream", "data"}`) and raw ones; what a frame is of stands in its name."""

    def __init__(self, symbols: SymbolMap, web: WebAssistant | None = None) -> None:
        super().__init__(symbols, web)
        self._readers = self.readers()

    @abstractmethod
    def readers(self) -> dict[str, Reader]:
        """What reads the payload of a stream kind (`depth` in `btcusdt@depth@100ms`) or an event type."""

    def subscription(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """The request that subscribes to channels."""
        return _request("SUBSCRIBE", channels, request_id)

    def unsubscription(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """The request that ends subscriptions."""
        return _request("UNSUBSCRIBE", channels, request_id)

    def snapshot_query(self, trading_pair: str, depth: int) -> wire.DepthQuery:
        """The question for a snapshot."""
        return wire.DepthQuery(symbol=self.symbols.symbol(trading_pair), limit=depth)

    def parse(self, frame: bytes) -> Iterable[MarketFrame | SessionFrame]:
        """What a frame says."""
        said = _frames.decode(frame)
        if said.stream:
            kind = said.stream.split("@", 2)[1] if "@" in said.stream else said.stream
            return self._event(kind, said.data)
        if said.event_type:
            return self._event(said.event_type, frame)
        refusal = said.error or (
            None if said.code is None else wire.Refusal(code=said.code, message=said.message)
        )
        if refusal is not None:
            return (Refusal(request_id=said.id, message=refusal.message, code=refusal.code),)
        return (Acknowledged(request_id=said.id),) if said.id is not None else _NOTHING

    def _event(self, kind: str, payload: msgspec.Raw | bytes) -> Iterable[MarketFrame | SessionFrame]:
        reader = self._readers.get(kind)
        if reader is not None:
            return (reader(payload),)
        return (Leaving(),) if kind in ("!serverShutdown", "serverShutdown") else _NOTHING


def _request(method: str, channels: Sequence[Channel], request_id: int) -> bytes:
    names = [channel.name for channel in channels]
    return msgspec.json.encode(wire.Request(method=method, params=names, id=request_id))
