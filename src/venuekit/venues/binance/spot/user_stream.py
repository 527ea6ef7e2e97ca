"""What Binance spot's account stream means: it is a subscription on the WebSocket API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from venuekit import errors
from venuekit.connector.user_stream_data_source import UserStreamTrackerDataSource
from venuekit.model.account import AccountFrame, BalanceMove, BalanceReport
from venuekit.model.order_update import TradeUpdate
from venuekit.protocol.domain import Domain
from venuekit.protocol.stream import Acknowledged, Channel, Leaving, Refusal
from venuekit.state.symbol_map import SymbolMap
from venuekit.venues.binance import wire as family
from venuekit.venues.binance.spot import wire
from venuekit.venues.binance.spot.orders import balance, fee_of, order_update, rejection, trade_update
from venuekit.web.auth import AuthBase

__all__ = ["BinanceUserStreamDataSource"]

_NOTHING: tuple[AccountFrame, ...] = ()
_frame = msgspec.json.Decoder(family.SocketFrame)
_kind = msgspec.json.Decoder(family.EventKind)
_execution_report = msgspec.json.Decoder(wire.ExecutionReport)
_account_position = msgspec.json.Decoder(wire.AccountPosition)
_balance_update = msgspec.json.Decoder(wire.BalanceUpdate)

_Reader = Callable[[msgspec.Raw], tuple[AccountFrame, ...]]


class BinanceUserStreamDataSource(UserStreamTrackerDataSource):
    """Subscribed to by signature, which takes keys of every type and needs no session to log on to.

    Source: web-socket-api.md#user-data-stream-requests and user-data-stream.md, 2026-06-09.
    """

    stream_policy = wire.USER_STREAM_POLICY

    def __init__(self, symbols: SymbolMap, auth: AuthBase, venue_time: Callable[[], float]) -> None:
        super().__init__(symbols, auth, venue_time)
        self._readers: dict[str, _Reader] = {
            "executionReport": self._order,
            "outboundAccountPosition": _balances,
            "balanceUpdate": _move,
            # The subscription is over, or the server is: a new connection goes on.
            "eventStreamTerminated": _leaving,
            "serverShutdown": _leaving,
        }

    def url(self, domain: Domain) -> str:
        """The WebSocket API.

        Raises:
            errors.InvalidConfiguration: the domain has none.
        """
        if domain.ws_api_url is None:
            raise errors.InvalidConfiguration(f"the domain {domain.name} names no WebSocket API")
        return domain.ws_api_url

    def subscription(self, channels: Sequence[Channel], request_id: int) -> bytes:  # noqa: ARG002
        """The request for the account's events, signed now; there is one channel."""
        params = self.auth.ws_authenticate({}, self.venue_time())
        return _request("userDataStream.subscribe.signature", params, request_id)

    def unsubscription(self, channels: Sequence[Channel], request_id: int) -> bytes:  # noqa: ARG002
        """The request that ends all subscriptions of the connection."""
        return _request("userDataStream.unsubscribe", {}, request_id)

    def parse(self, frame: bytes) -> Iterable[AccountFrame]:
        """What a frame says."""
        said = _frame.decode(frame)
        if bytes(said.event):
            read = self._readers.get(_kind.decode(said.event).event_type)
            return _NOTHING if read is None else read(said.event)
        number = said.id if isinstance(said.id, int) else None
        if said.error is not None:
            return (Refusal(request_id=number, message=said.error.message, code=said.error.code),)
        return _NOTHING if said.status is None else (Acknowledged(request_id=number),)

    def _order(self, event: msgspec.Raw) -> tuple[AccountFrame, ...]:
        said = _execution_report.decode(event)
        try:
            pair = self.symbols.pair(said.symbol)
        except (errors.UnknownPair, errors.AmbiguousSymbol):
            return _NOTHING  # an order of somebody else on the account: we place none without a pair
        refusal = rejection(said.reject_reason) if said.execution_type == "REJECTED" else None
        update = order_update(pair, said, said.transaction_time, refusal)
        return (update,) if said.execution_type != "TRADE" else (_trade(pair, said), update)


def _trade(trading_pair: str, said: wire.ExecutionReport) -> TradeUpdate:
    return trade_update(
        trading_pair,
        trade_id=said.trade_id,
        order_id=said.order_id,
        client_order_id=said.original_client_order_id or said.client_order_id,
        milliseconds=said.transaction_time,
        price=said.last_price,
        amount=said.last_quantity,
        quote_amount=said.last_quote_quantity,
        fee=fee_of(trading_pair, said.side == "BUY", said.commission_asset, said.commission),
        is_taker=not said.is_maker,
    )


def _balances(event: msgspec.Raw) -> tuple[AccountFrame, ...]:
    said = _account_position.decode(event)
    rows = tuple(balance(row.asset, row.free, row.locked) for row in said.balances)
    return (BalanceReport(balances=rows, observed_at=said.updated_time / 1000),)


def _move(event: msgspec.Raw) -> tuple[AccountFrame, ...]:
    said = _balance_update.decode(event)
    return (BalanceMove(asset=said.asset, amount=said.delta, timestamp=said.clear_time / 1000),)


def _leaving(_event: msgspec.Raw) -> tuple[AccountFrame, ...]:
    return (Leaving(),)


def _request(method: str, params: dict[str, object], request_id: int) -> bytes:
    return msgspec.json.encode(family.SocketRequest(id=request_id, method=method, params=params))
