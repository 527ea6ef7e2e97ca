"""Orders of a venue's accounts: what was asked, how it stands, and what happened to it."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from venuekit.emulator.step import MarketStep
from venuekit.model.decimals import CONTEXT
from venuekit.protocol.frozen import Frozen

__all__ = [
    "Accepted",
    "Amended",
    "Cancelled",
    "Expired",
    "ExpiryReason",
    "Filled",
    "NotDone",
    "OrderEvent",
    "OrderKind",
    "OrderRequest",
    "OrderState",
    "OrderStatus",
    "Outcome",
    "Prevented",
    "RefusalReason",
    "Refused",
    "SelfTrade",
    "TimeInForce",
    "Trigger",
    "Triggered",
    "stop_loss",
    "take_profit",
]


class OrderKind(Enum):
    """How an order executes once it works."""

    LIMIT = "limit"
    LIMIT_MAKER = "limit maker"
    """A limit order that is refused rather than take."""
    MARKET = "market"


class TimeInForce(Enum):
    """What becomes of the part of a limit order that finds nothing to take."""

    GTC = "good till cancelled"
    IOC = "immediate or cancel"
    FOK = "fill or kill"


class SelfTrade(Enum):
    """What happens when an order would meet one of its own account; the incoming order's mode decides."""

    NONE = "none"
    """They trade."""
    EXPIRE_TAKER = "expire taker"
    EXPIRE_MAKER = "expire maker"
    EXPIRE_BOTH = "expire both"
    DECREMENT = "decrement"
    """Both lose what they would have traded; one that has nothing left expires."""


class Trigger(Frozen):
    """Holds an order back until a trade prints at `price`, or above where it waits for a rise, or below."""

    price: Decimal
    waits_for_rise: bool


def stop_loss(price: Decimal, *, is_buy: bool) -> Trigger:
    """The trigger of a stop: a buy waits for a rise, a sell for a fall."""
    return Trigger(price=price, waits_for_rise=is_buy)


def take_profit(price: Decimal, *, is_buy: bool) -> Trigger:
    """The trigger of a take-profit: a buy waits for a fall, a sell for a rise."""
    return Trigger(price=price, waits_for_rise=not is_buy)


class OrderRequest(Frozen):
    """What an account asks for: price in quote per base, amount in base.

    A market order names an `amount`, or in `quote_amount` how much quote it spends or wants to receive.

    Raises:
        ValueError: price, amount or time in force do not go with the kind, or a number is not positive.
    """

    account: str
    is_buy: bool
    kind: OrderKind
    amount: Decimal | None = None
    price: Decimal | None = None
    quote_amount: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    trigger: Trigger | None = None
    self_trade: SelfTrade = SelfTrade.NONE
    client_order_id: str = ""

    def __post_init__(self) -> None:
        is_market = self.kind is OrderKind.MARKET
        if is_market != (self.price is None):
            raise ValueError("a limit order needs a price, a market order has none")
        if (self.amount is None) == (self.quote_amount is None):
            raise ValueError("an order names either its amount or its amount of quote")
        if self.quote_amount is not None and not is_market:
            raise ValueError("only a market order can name its amount in quote")
        if self.kind is not OrderKind.LIMIT and self.time_in_force is not TimeInForce.GTC:
            raise ValueError("a time in force belongs to a limit order")
        if self.trigger is not None and (self.kind is OrderKind.LIMIT_MAKER or self.amount is None):
            raise ValueError("an order with a trigger may take and names its amount in base")
        trigger_price = None if self.trigger is None else self.trigger.price
        for number in (self.amount, self.price, self.quote_amount, trigger_price):
            if number is not None and number <= 0:
                raise ValueError(f"prices and amounts are positive, not {number}")


class OrderStatus(Enum):
    """Where an order stands."""

    UNTRIGGERED = "untriggered"
    NEW = "new"
    PARTIALLY_FILLED = "partially filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


_OPEN = (OrderStatus.UNTRIGGERED, OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


class OrderState(Frozen):
    """An order at one moment.

    `amount` and `price` are the present ones, after amendments. The amount of an order by quote is what its
    quote buys or sells, known when it takes; zero before. `prevented` is the amount lost to self-trade
    prevention; times in seconds.
    """

    order_id: int
    trading_pair: str
    request: OrderRequest
    status: OrderStatus
    amount: Decimal
    price: Decimal | None
    filled: Decimal
    quote_filled: Decimal
    prevented: Decimal
    placed_at: float
    updated_at: float

    @property
    def left(self) -> Decimal:
        """What can still trade, in base."""
        return CONTEXT.subtract(self.amount, CONTEXT.add(self.filled, self.prevented))

    @property
    def is_open(self) -> bool:
        """Whether anything can still happen to it."""
        return self.status in _OPEN

    @property
    def need(self) -> Decimal | None:
        """What its rest costs at most, in quote for a buy and in base for a sell; None: the book decides."""
        if not self.request.is_buy:
            return self.left if self.request.quote_amount is None else None
        if self.price is not None:
            return CONTEXT.multiply(self.price, self.left)
        # A market buy that waits is held to the price it waits for, as the best guess there is.
        if self.status is OrderStatus.UNTRIGGERED and self.request.trigger is not None:
            return CONTEXT.multiply(self.request.trigger.price, self.left)
        return None


class RefusalReason(Enum):
    """Why an order was not placed, not amended or not cancelled."""

    INSUFFICIENT_FUNDS = "insufficient funds"
    WOULD_TAKE = "would take"
    WOULD_TRIGGER = "would trigger at once"
    QUOTE_BELOW_ONE_LOT = "the quote amount buys less than one lot"
    UNKNOWN_ORDER = "no such open order"
    NO_PRICE = "a market order has no price to amend"
    AMOUNT_BELOW_FILLED = "the new amount is not above what is filled"


class ExpiryReason(Enum):
    """Why an order ended without its account asking for it."""

    INSUFFICIENT_LIQUIDITY = "insufficient liquidity"
    """A market order found no more to take."""
    IMMEDIATE_OR_CANCEL = "unfilled rest of an immediate-or-cancel order"
    FILL_OR_KILL = "not all could be filled at once"
    SELF_TRADE = "self-trade prevention"
    INSUFFICIENT_FUNDS = "insufficient funds when triggered"


class Accepted(Frozen):
    """The order is the venue's now."""

    state: OrderState


class Refused(Frozen):
    """The order never was; nothing changed."""

    request: OrderRequest
    reason: RefusalReason
    time: float


class NotDone(Frozen):
    """A cancellation or amendment that changed nothing."""

    order_id: int
    reason: RefusalReason
    time: float


class Triggered(Frozen):
    """The price that the order waited for has traded; it works from now on."""

    state: OrderState


class Filled(Frozen):
    """One trade of one order; a trade between two accounts is told once for each order, maker first."""

    state: OrderState
    trade_id: int
    price: Decimal
    amount: Decimal
    is_maker: bool


class Prevented(Frozen):
    """An incoming order met one of its own account and did not trade.

    `amount` is what would have traded, at the maker's `price`. Where it is lost to both, their states
    show it; an order that expires for it is told of next.
    """

    state: OrderState
    maker: OrderState
    price: Decimal
    amount: Decimal


class Amended(Frozen):
    """Price or amount changed; `keeps_priority`: its place in the queue did not."""

    state: OrderState
    keeps_priority: bool


class Cancelled(Frozen):
    """Ended by its account."""

    state: OrderState


class Expired(Frozen):
    """Ended by the venue's rules."""

    state: OrderState
    reason: ExpiryReason


OrderEvent: TypeAlias = (
    Accepted | Refused | NotDone | Triggered | Filled | Prevented | Amended | Cancelled | Expired
)


class Outcome(Frozen):
    """What a command or a step of the market led to: for the accounts, and for the public."""

    events: tuple[OrderEvent, ...] = ()
    steps: tuple[MarketStep, ...] = ()
