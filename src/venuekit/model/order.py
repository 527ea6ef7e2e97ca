"""Words about orders and prices."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from venuekit.model.position import PositionAction
from venuekit.protocol.frozen import Frozen

__all__ = [
    "CancellationResult",
    "Command",
    "LimitOrder",
    "LimitOrderStatus",
    "MarketOrder",
    "NewOrder",
    "OpenOrder",
    "OrderState",
    "OrderType",
    "PriceType",
    "TimeInForce",
    "TradeType",
    "TriggerBy",
    "TriggerDirection",
]


class OrderType(Enum):
    """How an order asks to be executed."""

    MARKET = 1
    LIMIT = 2
    LIMIT_MAKER = 3
    AMM_SWAP = 4
    AMM_ADD = 5
    AMM_REMOVE = 6

    def is_limit_type(self) -> bool:
        """Whether it names a price of its own."""
        return self in (OrderType.LIMIT, OrderType.LIMIT_MAKER)


class TradeType(Enum):
    """Which way a trade goes; of a public trade, what the taker did."""

    BUY = 1
    SELL = 2
    RANGE = 3


class PriceType(Enum):
    """Which price is asked for."""

    MidPrice = 1
    BestBid = 2
    BestAsk = 3
    LastTrade = 4
    LastOwnTrade = 5
    InventoryCost = 6
    Custom = 7


class OrderState(Enum):
    """Where an order stands at the venue; `state.order_lifecycle` says what may follow what.

    PENDING_APPROVAL, APPROVED, CREATED and COMPLETED are words of venues without a book: the numbers are
    kept so that the vocabulary is whole, and no order of a venue with a book is ever in one of them.
    """

    PENDING_CREATE = 0
    OPEN = 1
    PENDING_CANCEL = 2
    CANCELED = 3
    PARTIALLY_FILLED = 4
    FILLED = 5
    FAILED = 6
    PENDING_APPROVAL = 7
    APPROVED = 8
    CREATED = 9
    COMPLETED = 10
    UNTRIGGERED = 11
    """A conditional order that rests outside the book until its trigger price is touched."""
    EXPIRED = 12
    """Ended by its own terms or by the venue, not by us: time in force, self-trade prevention, delisting."""


class TimeInForce(Enum):
    """How long an order may rest."""

    GTC = "GTC"
    """Until it is cancelled."""
    IOC = "IOC"
    """What fills at once; the rest expires."""
    FOK = "FOK"
    """All at once, or nothing."""
    GTX = "GTX"
    """Only as a maker: it expires, or is refused, where it would take."""


class TriggerBy(Enum):
    """Which price wakes a conditional order."""

    LAST = "LAST"
    MARK = "MARK"
    INDEX = "INDEX"


class TriggerDirection(Enum):
    """From which side the trigger price is touched."""

    RISING = "RISING"
    FALLING = "FALLING"


class Command(Enum):
    """What a venue is told to do with an order."""

    PLACE = "PLACE"
    CANCEL = "CANCEL"
    AMEND = "AMEND"


_OF_MAKERS = (TimeInForce.GTC, TimeInForce.GTX)


class NewOrder(Frozen):
    """An order as it was meant, with all that a venue must be told.

    `amount` is in base, `quote_amount` in quote: a market order names one of them, any other order names
    `amount`. `price` is the limit's, None for a market order. A `trigger_price` makes it conditional;
    `trigger_direction` None leaves the side to the venue or to the price of the moment.

    Raises:
        ValueError: the fields contradict one another.
    """

    client_order_id: str
    trading_pair: str
    trade_type: TradeType
    order_type: OrderType = OrderType.LIMIT
    amount: Decimal | None = None
    price: Decimal | None = None
    quote_amount: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    trigger_price: Decimal | None = None
    trigger_by: TriggerBy = TriggerBy.LAST
    trigger_direction: TriggerDirection | None = None
    reduce_only: bool = False
    leverage: int = 1
    position: PositionAction = PositionAction.NIL

    def __post_init__(self) -> None:
        if (self.amount is None) == (self.quote_amount is None):
            raise ValueError("an order names an amount in base or one in quote, and not both")
        if self.quote_amount is not None and self.order_type is not OrderType.MARKET:
            raise ValueError("only a market order can name its amount in quote")
        if self.order_type.is_limit_type() and self.price is None:
            raise ValueError("a limit order needs a price")
        if self.order_type is OrderType.MARKET and self.time_in_force is TimeInForce.GTX:
            raise ValueError("a market order takes: it cannot be post-only")
        if self.order_type is OrderType.LIMIT_MAKER and self.time_in_force not in _OF_MAKERS:
            raise ValueError(f"a maker order rests: it cannot be {self.time_in_force.value}")
        numbers = (self.amount, self.price, self.quote_amount, self.trigger_price)
        if any(number is not None and not number.is_finite() for number in numbers):
            raise ValueError("a number of an order is finite, or None")

    def is_buy(self) -> bool:
        """Whether it receives base and pays quote."""
        return self.trade_type is TradeType.BUY

    def is_post_only(self) -> bool:
        """Whether it must never take."""
        return self.order_type is OrderType.LIMIT_MAKER or self.time_in_force is TimeInForce.GTX

    def is_conditional(self) -> bool:
        """Whether it waits for a trigger price."""
        return self.trigger_price is not None


class CancellationResult(Frozen, kw_only=False):
    """What became of one cancel of many; `success` says that the venue confirmed the end."""

    order_id: str
    success: bool


class OpenOrder(Frozen, kw_only=False):
    """One row of a list of open orders. `time` in seconds, amounts in base, `status` the venue's word."""

    client_order_id: str
    trading_pair: str
    price: Decimal
    amount: Decimal
    executed_amount: Decimal
    status: str
    order_type: OrderType
    is_buy: bool
    time: float
    exchange_order_id: str


class LimitOrderStatus(Enum):
    """Where a `LimitOrder` stands."""

    UNKNOWN = 0
    NEW = 1
    OPEN = 2
    CANCELING = 3
    CANCELED = 4
    COMPLETED = 5
    FAILED = 6


class LimitOrder(Frozen, kw_only=False):
    """A limit order as strategies pass it around. `creation_timestamp` is in microseconds, unlike all others.

    `filled_quantity` is NaN where nobody asked.
    """

    client_order_id: str
    trading_pair: str
    is_buy: bool
    base_currency: str
    quote_currency: str
    price: Decimal
    quantity: Decimal
    filled_quantity: Decimal = Decimal("NaN")
    creation_timestamp: int = 0
    status: LimitOrderStatus = LimitOrderStatus.UNKNOWN
    position: PositionAction = PositionAction.NIL


class MarketOrder(Frozen, kw_only=False):
    """A market order as strategies pass it around; answers to a limit order's names too."""

    order_id: str
    trading_pair: str
    is_buy: bool
    base_asset: str
    quote_asset: str
    amount: Decimal
    timestamp: float
    position: PositionAction = PositionAction.NIL

    @property
    def client_order_id(self) -> str:
        """Our id."""
        return self.order_id

    @property
    def quantity(self) -> Decimal:
        """The amount in base."""
        return self.amount

    @property
    def price(self) -> None:
        """A market order has none."""
        return
