"""How a connector trades, where the caller has a say."""

from __future__ import annotations

from enum import Enum

from venuekit.connector.order_poll import PollPolicy
from venuekit.protocol.frozen import Frozen

__all__ = ["AtStop", "OrderEntry", "TradingPolicy"]


class AtStop(Enum):
    """What a stop does with our open orders."""

    LEAVE = "leave"
    """They stay at the venue; the next start takes them up."""
    CANCEL_OWN = "cancel own"
    """They are cancelled first; those of others are left alone."""


class OrderEntry(Enum):
    """Which way commands go."""

    AUTO = "auto"
    """Over the WebSocket where the venue has one and it is up, over REST otherwise."""
    REST = "rest"


class TradingPolicy(Frozen):
    """Choices about trading; all times in seconds.

    `balance_interval` is the time between two polls where balances are pushed, `balance_interval_estimated`
    where they are estimated in between, `fees_interval` that between two questions for what the account pays.
    `stop_within` is how long a stop waits for commands on their way.
    `reconciles`: compare with the venue at the start and after each return of the account's stream.
    `follows`: hear the account's stream, and ask by itself; without it the venue is asked for what is called
    for, and no more. `reads_only`: no journal is opened, so that it works beside a process that trades; there
    are the questions (`balances`, `open_orders`, `order_status`, …), and no orders of its own.
    """

    poll: PollPolicy = PollPolicy()
    at_stop: AtStop = AtStop.LEAVE
    order_entry: OrderEntry = OrderEntry.AUTO
    stop_within: float = 5.0
    balance_interval: float = 120.0
    balance_interval_estimated: float = 10.0
    fees_interval: float = 43_200.0
    reconciles: bool = True
    follows: bool = True
    reads_only: bool = False
    overlap: float = 60.0
    """How far before the last known moment fills are asked for again: answers may lag behind the engine."""
