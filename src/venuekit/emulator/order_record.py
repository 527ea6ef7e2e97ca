"""What a venue remembers of its customers' orders: each order's course, its trades, what it told of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from venuekit.emulator.ledger import Balance, Entry
from venuekit.emulator.order import ExpiryReason, OrderEvent, OrderState, SelfTrade
from venuekit.model.decimals import CONTEXT
from venuekit.model.fees import TokenAmount
from venuekit.protocol.frozen import Frozen

__all__ = ["AccountEvent", "Amendment", "Fill", "OrderCourse", "OrderRecord", "PreventedMatch"]

_COURSE = 64
"""States kept of one order, for answers that are behind the truth."""


class Fill(Frozen):
    """One trade of one order; `time` in seconds of the machine's clock."""

    trading_pair: str
    trade_id: int
    order_id: int
    account: str
    client_order_id: str
    is_buy: bool
    is_maker: bool
    price: Decimal
    amount: Decimal
    quote_amount: Decimal
    fee: TokenAmount
    time: float


class Amendment(Frozen):
    """One change of an open order that kept its place in the queue, or not."""

    execution_id: int
    old_client_order_id: str
    new_client_order_id: str
    old_amount: Decimal
    new_amount: Decimal
    time: float


class PreventedMatch(Frozen):
    """Two orders of one account met and did not trade: what each lost, zero where it lost nothing."""

    match_id: int
    trading_pair: str
    account: str
    taker_order_id: int
    maker_order_id: int
    price: Decimal
    amount: Decimal
    mode: SelfTrade
    taker_lost: Decimal
    maker_lost: Decimal
    time: float


class OrderRecord(Frozen):
    """An order as the venue would tell of it; times in seconds of the machine's clock.

    `terms` are the words in which the order was asked for, kept for the dialect. `client_order_id` is the
    present one, which an amendment may change. `working_since` is None until a trigger has fired.
    `counterpart` is the order that it met last where the prevention of self-trades ended it.
    """

    state: OrderState
    client_order_id: str
    placed_at: float
    updated_at: float
    working_since: float | None = None
    terms: Mapping[str, Any] = {}
    expiry: ExpiryReason | None = None
    amendments: tuple[Amendment, ...] = ()
    prevented: PreventedMatch | None = None

    @property
    def order_id(self) -> int:
        """The venue's id, unique within the market."""
        return self.state.order_id

    @property
    def trading_pair(self) -> str:
        """The market."""
        return self.state.trading_pair

    @property
    def account(self) -> str:
        """Whose it is."""
        return self.state.request.account

    @property
    def lost(self) -> Decimal:
        """What the prevention of self-trades has cost it, the rest that it expired with included."""
        if self.expiry is ExpiryReason.SELF_TRADE:
            return CONTEXT.subtract(self.state.amount, self.state.filled)
        return self.state.prevented

    @property
    def is_open(self) -> bool:
        """Whether anything can still happen to it."""
        return self.state.is_open


class AccountEvent(Frozen):
    """One thing that an account's own stream tells of, in order of `sequence`, which counts per account.

    With an `order` it is the order's `event`, and a `fill` where it traded; otherwise the `entry` brought or
    took funds. `balances` are those that it changed, as they are then. `command_id` is the client's id of
    the command that led to it, where that is not the order's own.
    """

    sequence: int
    account: str
    time: float
    balances: Mapping[str, Balance]
    order: OrderRecord | None = None
    event: OrderEvent | None = None
    fill: Fill | None = None
    execution_id: int = 0
    command_id: str = ""
    entry: Entry | None = None


class OrderCourse:
    """One order's present and its recent past."""

    __slots__ = ("_past", "now")

    def __init__(self, record: OrderRecord) -> None:
        self.now = record
        self._past: deque[OrderRecord] = deque([record], maxlen=_COURSE)

    def become(self, record: OrderRecord) -> None:
        """The order's next state."""
        self.now = record
        self._past.append(record)

    def as_of(self, moment: float) -> OrderRecord | None:
        """The order as it was then, None before it was placed."""
        if moment < self.now.placed_at:
            return None
        then = (record for record in reversed(self._past) if record.updated_at <= moment)
        return next(then, self._past[0])
