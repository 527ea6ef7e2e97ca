"""In what an account that was killed and taken up again differs from the venue: in nothing, if all is so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from venuekit.emulator.order import OrderStatus
from venuekit.emulator.order_record import Fill, OrderRecord
from venuekit.journal.reader import Entry
from venuekit.journal.record import Command, Ended, Filled, Intent, Reopened, Sending, Updated
from venuekit.model.events import (
    BuyOrderCompletedEvent,
    ConnectorEvent,
    MarketOrderFailureEvent,
    OrderCancelledEvent,
    OrderExpiredEvent,
    OrderFilledEvent,
    SellOrderCompletedEvent,
)
from venuekit.protocol.fence import Fence
from venuekit.protocol.frozen import Frozen
from venuekit.state.in_flight_order import InFlightOrder

__all__ = [
    "ENDS",
    "Standing",
    "balances_differ",
    "doubled_orders",
    "heard_wrong",
    "is_remembered",
    "journal_differs",
    "lost_fills",
    "lost_orders",
    "orders_differ",
    "presumed_wrongly",
    "standing_of",
]

ENDS = (
    BuyOrderCompletedEvent,
    SellOrderCompletedEvent,
    MarketOrderFailureEvent,
    OrderCancelledEvent,
    OrderExpiredEvent,
)
"""What tells that an order is over."""
_STATES = {OrderStatus.FILLED: "FILLED", OrderStatus.CANCELLED: "CANCELED", OrderStatus.EXPIRED: "EXPIRED"}

Balances = Mapping[str, tuple[Decimal, Decimal]]
"""An asset's total and what of it is free."""


class Standing(Frozen):
    """One order as the connector believes it to be."""

    state: str
    trading_pair: str
    exchange_id: str | None
    executed: Decimal
    executed_quote: Decimal
    fills: tuple[str, ...]
    quarantined: tuple[str, ...]


def standing_of(order: InFlightOrder) -> Standing:
    """An order as the connector believes it to be."""
    return Standing(
        state=order.current_state.name,
        trading_pair=order.trading_pair,
        exchange_id=order.exchange_order_id,
        executed=order.executed_amount_base,
        executed_quote=order.executed_amount_quote,
        fills=tuple(sorted(order.order_fills)),
        quarantined=tuple(sorted(order.quarantined_fills)),
    )


def our_id(order: OrderRecord) -> str:
    """The id that we gave an order: one that was cancelled or changed may bear its command's."""
    return order.client_order_id.partition("-")[0]


def lost_orders(orders: Iterable[OrderRecord], entries: Iterable[Entry]) -> list[str]:
    """Orders at the venue are ours by an intent and a sending, and there is one for each sending at most."""
    records = [entry.record for entry in entries]
    intended = {item.client_id for item in records if isinstance(item, Intent)}
    sent = Counter(
        item.client_id for item in records if isinstance(item, Sending) and item.command is Command.PLACE
    )
    at_venue = [our_id(order) for order in orders]
    return [
        *(f"{name} is at the venue and was never intended" for name in at_venue if name not in intended),
        *(f"{name} is at the venue and was never sent" for name in at_venue if name not in sent),
        *(f"{name} was sent {count} times" for name, count in sent.items() if count > 1),
    ]


def doubled_orders(orders: Iterable[OrderRecord]) -> list[str]:
    """No two orders at the venue have one id of ours."""
    at_venue = Counter(our_id(order) for order in orders)
    return [f"{name} is {count} times at the venue" for name, count in at_venue.items() if count > 1]


def lost_fills(fills: Iterable[Fill], ours: Mapping[str, Standing]) -> list[str]:
    """Each fill counts once, in its own order."""
    theirs = Counter((fill.trading_pair, str(fill.trade_id)) for fill in fills)
    counted = Counter((order.trading_pair, trade) for order in ours.values() for trade in order.fills)
    return [
        *(f"fill {fill} is lost" for fill in theirs - counted),
        *(f"fill {fill} is counted too often, or is nobody's" for fill in counted - theirs),
        *(f"{name} keeps fills in quarantine" for name, order in ours.items() if order.quarantined),
    ]


def journal_differs(fills: Iterable[Fill], entries: Iterable[Entry]) -> list[str]:
    """The journal holds each of the venue's fills once."""
    theirs = Counter((fill.trading_pair, str(fill.trade_id), fill.amount, fill.price) for fill in fills)
    pairs = {item.client_id: item.trading_pair for item in _records(entries) if isinstance(item, Intent)}
    kept = Counter(
        (pairs.get(item.client_id, ""), item.trade_id, item.base_amount, item.price)
        for item in _records(entries)
        if isinstance(item, Filled)
    )
    return [
        *(f"the journal lacks {fill}" for fill in theirs - kept),
        *(f"the journal made up {fill}" for fill in kept - theirs),
    ]


def presumed_wrongly(entries: Iterable[Entry], fence: Fence) -> list[str]:
    """Nothing that was never seen is given up before the fence, and nothing that was given up comes back."""
    complaints: list[str] = []
    bounds: dict[str, float] = {}
    for item in _records(entries):
        match item:
            case Sending(command=Command.PLACE):
                bounds[item.client_id] = item.signed_at + (fence.end_of_doubt(0.0) or 0.0)
            case Updated() | Filled():
                bounds.pop(item.client_id, None)
            case Ended(presumed=True) if (item.venue_time or 0.0) < bounds.get(item.client_id, 0.0):
                complaints.append(f"{item.client_id} was given up before the fence")
            case Reopened():
                complaints.append(f"{item.client_id} was given up, and lives")
            case _:
                pass
    return complaints


def orders_differ(orders: Iterable[OrderRecord], ours: Mapping[str, Standing]) -> list[str]:
    """Executed amounts and ends are the venue's; what the venue never saw has neither id nor fill."""
    complaints: list[str] = []
    at_venue = {our_id(order): order for order in orders}
    for name, order in at_venue.items():
        mine = ours.get(name)
        theirs = (str(order.order_id), order.state.filled, order.state.quote_filled)
        if mine is None:
            complaints.append(f"{name} is at the venue and forgotten")
        elif (mine.exchange_id, mine.executed, mine.executed_quote) != theirs:
            complaints.append(f"{name} is {mine}, at the venue {theirs}")
        elif mine.state != _STATES.get(order.state.status):
            complaints.append(f"{name} is {mine.state}, at the venue {order.state.status.name}")
    for name, mine in ours.items():
        if name not in at_venue and (mine.exchange_id is not None or mine.executed):
            complaints.append(f"{name} is {mine}, and not at the venue")
    return complaints


def balances_differ(theirs: Balances, ours: Balances) -> list[str]:
    """Totals and free amounts are the venue's."""
    return [
        f"{asset}: we have {ours.get(asset)}, the venue {row}"
        for asset, row in theirs.items()
        if ours.get(asset) != row
    ]


def is_remembered(event: ConnectorEvent, entries: Iterable[Entry]) -> bool:
    """Whether the journal holds what a listener was told of a fill or of an end."""
    if isinstance(event, OrderFilledEvent):
        fill = (event.order_id, event.exchange_trade_id)
        return any(
            isinstance(item, Filled) and (item.client_id, item.trade_id) == fill for item in _records(entries)
        )
    if isinstance(event, ENDS):
        return any(isinstance(item, Ended) and item.client_id == event.order_id for item in _records(entries))
    return True


def heard_wrong(heard: Sequence[ConnectorEvent], fills: Iterable[Fill]) -> list[str]:
    """Listeners hear of each fill and of each end at most once, in all lives."""
    told = Counter(
        (event.trading_pair, event.exchange_trade_id)
        for event in heard
        if isinstance(event, OrderFilledEvent)
    )
    ends = Counter(event.order_id for event in heard if isinstance(event, ENDS))
    theirs = {(fill.trading_pair, str(fill.trade_id)) for fill in fills}
    return [
        *(f"fill {fill} was told {count} times" for fill, count in told.items() if count > 1),
        *(f"fill {fill} was told and never happened" for fill in told if fill not in theirs),
        *(f"the end of {name} was told {count} times" for name, count in ends.items() if count > 1),
    ]


def _records(entries: Iterable[Entry]) -> list[object]:
    return [entry.record for entry in entries]
