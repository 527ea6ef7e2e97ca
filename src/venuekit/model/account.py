"""What a venue says about one account: balances, orders in answers and lists, the session itself."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from venuekit.model.order import OpenOrder
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.protocol.frozen import Frozen
from venuekit.protocol.stream import SessionFrame

__all__ = [
    "AccountFrame",
    "AccountNews",
    "AccountOrder",
    "AssetBalance",
    "BalanceChannel",
    "BalanceMove",
    "BalanceReport",
    "MoveCause",
    "OrderAnswer",
]


class BalanceChannel(Enum):
    """What a venue pushes about balances."""

    FREE_AND_LOCKED = "free and locked"
    """Free and locked amounts, at every change."""
    WALLET_ONLY = "wallet only"
    """What is owned, and not what open orders hold."""
    NONE = "none"
    """Nothing: what is available is estimated between two polls."""


class AssetBalance(Frozen):
    """One asset: `total` is owned, `available` can be used for new orders; None: the venue does not say."""

    asset: str
    total: Decimal
    available: Decimal | None = None


class BalanceReport(Frozen):
    """Balances as the venue told them.

    `observed_at` is the moment that they are true of, in seconds of the venue's clock: the event's time on a
    stream, the moment that the question was sent for an answer. `is_complete`: an asset that is not named is
    not held.
    """

    balances: tuple[AssetBalance, ...]
    observed_at: float
    is_complete: bool = False


class MoveCause(Enum):
    """Why an amount came or went without a trade."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    TRANSFER = "transfer"
    OTHER = "other"
    """The venue does not say."""


class BalanceMove(Frozen):
    """An amount that came (positive) or went (negative) without a trade; `timestamp` is the venue's, seconds.

    `reference` is the venue's id of it, None where it tells none.
    """

    asset: str
    amount: Decimal
    timestamp: float
    cause: MoveCause = MoveCause.OTHER
    reference: str | None = None


class AccountOrder(Frozen):
    """An order in a list of the venue, whoever placed it: what it says of its state, and its terms."""

    update: OrderUpdate
    row: OpenOrder


class OrderAnswer(Frozen):
    """What the answer to a command says: the order's state, and the fills that it tells of.

    `update` None: the venue took the request and says nothing yet about the order.
    """

    update: OrderUpdate | None = None
    fills: tuple[TradeUpdate, ...] = ()


AccountNews: TypeAlias = OrderUpdate | TradeUpdate | BalanceReport | BalanceMove
"""What happened to an account, as its own stream tells it."""

AccountFrame: TypeAlias = AccountNews | SessionFrame
"""What a frame of the account's own stream says."""
