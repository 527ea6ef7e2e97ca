"""What a strategy hears. Numbers and field order follow the vocabulary that connectors share."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from venuekit.model.book import BookStatus
from venuekit.model.fees import TradeFeeBase
from venuekit.model.market import FundingInfo, NetworkStatus
from venuekit.model.order import Command, OrderState, OrderType, TradeType
from venuekit.protocol.frozen import Frozen

__all__ = [
    "ORDER_EVENT_TAGS",
    "AccountEvent",
    "BalanceMovedEvent",
    "BalanceUpdateEvent",
    "BookStatusEvent",
    "BuyOrderCompletedEvent",
    "BuyOrderCreatedEvent",
    "CommandRefused",
    "ConnectorEvent",
    "DoubtReason",
    "EventTag",
    "FillQuarantined",
    "LateFill",
    "MarketEvent",
    "MarketOrderFailureEvent",
    "NetworkStatusEvent",
    "OrderAmended",
    "OrderBookDataSourceEvent",
    "OrderBookEvent",
    "OrderBookTradeEvent",
    "OrderCancelledEvent",
    "OrderEvent",
    "OrderExpiredEvent",
    "OrderFilledEvent",
    "OrderInDoubt",
    "OrderReopened",
    "OrderSettled",
    "ReconciledEvent",
    "SellOrderCompletedEvent",
    "SellOrderCreatedEvent",
    "VenuekitEvent",
]


class MarketEvent(Enum):
    """What happens to orders, balances and funding."""

    ReceivedAsset = 101
    BuyOrderCompleted = 102
    SellOrderCompleted = 103
    WithdrawAsset = 105
    OrderCancelled = 106
    OrderFilled = 107
    OrderExpired = 108
    OrderUpdate = 109
    TradeUpdate = 110
    OrderFailure = 198
    TransactionFailure = 199
    BuyOrderCreated = 200
    SellOrderCreated = 201
    FundingPaymentCompleted = 202
    FundingInfo = 203


class AccountEvent(Enum):
    """What happens to an account beside its orders."""

    PositionModeChangeSucceeded = 400
    PositionModeChangeFailed = 401
    BalanceEvent = 402
    PositionUpdate = 403
    MarginCall = 404
    LiquidationEvent = 405


class OrderBookEvent(Enum):
    """What happens to a book."""

    TradeEvent = 901
    OrderBookDataSourceUpdateEvent = 904


class OrderBookDataSourceEvent(Enum):
    """Kinds of frames of a data source."""

    SNAPSHOT_EVENT = 1001
    DIFF_EVENT = 1002
    TRADE_EVENT = 1003


class VenuekitEvent(Enum):
    """What connectors say beyond the shared vocabulary."""

    BookStatus = 5001
    NetworkStatus = 5002
    OrderInDoubt = 5003
    OrderSettled = 5004
    OrderReopened = 5005
    LateFill = 5006
    FillQuarantined = 5007
    Reconciled = 5008
    OrderAmended = 5009
    CommandRefused = 5010


EventTag: TypeAlias = MarketEvent | AccountEvent | OrderBookEvent | OrderBookDataSourceEvent | VenuekitEvent


class OrderBookTradeEvent(NamedTuple):
    """A public trade: price in quote per base, amount in base, `type` what the taker did."""

    trading_pair: str
    timestamp: float
    type: TradeType
    price: Decimal
    amount: Decimal
    trade_id: int | str | None = None
    is_taker: bool = True


class BookStatusEvent(Frozen):
    """A book changed its status; `reason` says why in a few words. `timestamp` is ours, in seconds."""

    timestamp: float
    trading_pair: str
    status: BookStatus
    reason: str


class NetworkStatusEvent(Frozen):
    """The venue became reachable or stopped being so."""

    timestamp: float
    status: NetworkStatus


class _OrderCreated(Frozen, kw_only=False):
    """The venue has the order. `position` is the value of the `PositionAction`."""

    timestamp: float
    type: OrderType
    trading_pair: str
    amount: Decimal
    price: Decimal | None
    order_id: str
    creation_timestamp: float
    exchange_order_id: str | None = None
    leverage: int = 1
    position: str = "NIL"


class BuyOrderCreatedEvent(_OrderCreated, kw_only=False):
    """The venue has the buy order."""


class SellOrderCreatedEvent(_OrderCreated, kw_only=False):
    """The venue has the sell order."""


class OrderFilledEvent(NamedTuple):
    """One fill. `timestamp` is the venue's time of the trade, `position` a `PositionAction`'s value."""

    timestamp: float
    order_id: str
    trading_pair: str
    trade_type: TradeType
    order_type: OrderType
    price: Decimal
    amount: Decimal
    trade_fee: TradeFeeBase
    exchange_trade_id: str = ""
    exchange_order_id: str = ""
    leverage: int = 1
    position: str = "NIL"


class _OrderCompleted(Frozen, kw_only=False):
    """All of it is filled. The amounts are sums over the fills."""

    timestamp: float
    order_id: str
    base_asset: str
    quote_asset: str
    base_asset_amount: Decimal
    quote_asset_amount: Decimal
    order_type: OrderType
    exchange_order_id: str | None = None


class BuyOrderCompletedEvent(_OrderCompleted, kw_only=False):
    """The buy order is filled."""


class SellOrderCompletedEvent(_OrderCompleted, kw_only=False):
    """The sell order is filled."""


class OrderCancelledEvent(Frozen, kw_only=False):
    """The order ended by a cancel, or was presumed gone; `exchange_order_id` None: it was never seen."""

    timestamp: float
    order_id: str
    exchange_order_id: str | None = None


class OrderExpiredEvent(NamedTuple):
    """The order ended by its own terms or by the venue; `reason` is the venue's word, where it has one."""

    timestamp: float
    order_id: str
    reason: str | None = None


class MarketOrderFailureEvent(NamedTuple):
    """The order, of whatever type, was refused, or is presumed never to have been accepted."""

    timestamp: float
    order_id: str
    order_type: OrderType
    error_message: str | None = None
    error_type: str | None = None


class BalanceUpdateEvent(Frozen, kw_only=False):
    """A balance is another than before; amounts of the asset, None where the venue does not say."""

    timestamp: float
    asset_name: str
    total_balance: Decimal | None = None
    available_balance: Decimal | None = None


class BalanceMovedEvent(Frozen):
    """An amount came (`ReceivedAsset`) or went (`WithdrawAsset`, negative) without a trade.

    `cause` is a word such as deposit; `reference` the venue's id of it, None where it tells none.
    """

    timestamp: float
    asset_name: str
    amount: Decimal
    cause: str
    reference: str | None = None


class ReconciledEvent(Frozen):
    """What we believe was compared with what the venue says; `differences` in words, empty: none."""

    timestamp: float
    differences: tuple[str, ...]


class DoubtReason(Enum):
    """Why an order is in doubt."""

    PLACE = "the answer to the order is missing"
    CANCEL = "the answer to the cancel is missing"
    AMEND = "the answer to the amend is missing"
    RESTART = "we were away"
    NOT_FOUND = "the venue does not find an order that it knew"
    CONTRADICTED = "statements of the venue contradict one another"


class OrderInDoubt(Frozen):
    """Something about the order is not known, and the bounds hold the truth.

    The amount filled, in base, is at least `filled_min` and at most `filled_max`. `settles_at` is when, on
    the venue's clock, absence begins to prove something; None: no time ends this doubt.
    """

    timestamp: float
    order_id: str
    reason: DoubtReason
    filled_min: Decimal
    filled_max: Decimal
    settles_at: float | None = None


class OrderSettled(Frozen):
    """The doubt about an order is over, or its end is known after its terminal event was already out.

    `is_presumed`: nobody said so; after the fence, repeated absence did. `filled` is in base.
    """

    timestamp: float
    order_id: str
    state: OrderState
    filled: Decimal
    is_presumed: bool = False


class OrderReopened(Frozen):
    """An alarm: an order that was presumed closed has shown life. No second terminal event follows."""

    timestamp: float
    order_id: str


class LateFill(Frozen):
    """An alarm: a fill came after the terminal event. It is counted, and `OrderFilled` tells of it too."""

    timestamp: float
    order_id: str
    exchange_trade_id: str
    amount: Decimal


class FillQuarantined(Frozen):
    """An alarm: a fill is not counted, because with it more would be filled than was ordered.

    It is counted as soon as an amend makes room for it.
    """

    timestamp: float
    order_id: str
    exchange_trade_id: str
    amount: Decimal
    reason: str


class OrderAmended(Frozen):
    """The venue made the change that was asked for: what the order is about from now on.

    `amount` is in base, the filled part included, `price` in quote per base. Where the answer to an amend is
    missing, `OrderInDoubt` and `OrderSettled` tell of it instead.
    """

    timestamp: float
    order_id: str
    amount: Decimal
    price: Decimal | None


class CommandRefused(Frozen):
    """A cancel or an amend had no effect: the order goes on as it was.

    `error_type` is the class of the error by name. Not told of a cancel that found no order: it has just
    ended, and its end is told.
    """

    timestamp: float
    order_id: str
    command: Command
    error_type: str
    error_message: str


OrderEvent: TypeAlias = (
    BuyOrderCreatedEvent
    | SellOrderCreatedEvent
    | OrderFilledEvent
    | BuyOrderCompletedEvent
    | SellOrderCompletedEvent
    | OrderCancelledEvent
    | OrderExpiredEvent
    | MarketOrderFailureEvent
    | OrderInDoubt
    | OrderSettled
    | OrderReopened
    | LateFill
    | FillQuarantined
    | OrderAmended
    | CommandRefused
)

ORDER_EVENT_TAGS: Mapping[type, EventTag] = MappingProxyType(
    {
        BuyOrderCreatedEvent: MarketEvent.BuyOrderCreated,
        SellOrderCreatedEvent: MarketEvent.SellOrderCreated,
        OrderFilledEvent: MarketEvent.OrderFilled,
        BuyOrderCompletedEvent: MarketEvent.BuyOrderCompleted,
        SellOrderCompletedEvent: MarketEvent.SellOrderCompleted,
        OrderCancelledEvent: MarketEvent.OrderCancelled,
        OrderExpiredEvent: MarketEvent.OrderExpired,
        MarketOrderFailureEvent: MarketEvent.OrderFailure,
        OrderInDoubt: VenuekitEvent.OrderInDoubt,
        OrderSettled: VenuekitEvent.OrderSettled,
        OrderReopened: VenuekitEvent.OrderReopened,
        LateFill: VenuekitEvent.LateFill,
        FillQuarantined: VenuekitEvent.FillQuarantined,
        OrderAmended: VenuekitEvent.OrderAmended,
        CommandRefused: VenuekitEvent.CommandRefused,
    }
)
"""Under which tag each payload is told to listeners."""

ConnectorEvent: TypeAlias = (
    OrderBookTradeEvent
    | BookStatusEvent
    | NetworkStatusEvent
    | FundingInfo
    | OrderEvent
    | BalanceUpdateEvent
    | BalanceMovedEvent
    | ReconciledEvent
)
