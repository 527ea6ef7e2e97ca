"""What an order holds of its account, and what it paid and brought since the venue last told a balance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

from venuekit.model.decimals import CONTEXT
from venuekit.model.order import TradeType
from venuekit.model.order_update import TradeUpdate
from venuekit.protocol.frozen import Frozen
from venuekit.state.in_flight_order import InFlightOrder

__all__ = [
    "InFlightSnapshot",
    "Moment",
    "by_asset",
    "effects",
    "freed_since",
    "held",
    "is_long_over",
    "net_since",
]

_ZERO = Decimal(0)
_ONE = Decimal(1)

Terms: TypeAlias = tuple[Decimal | None, Decimal]
"""An order's price (None: it has none) and its amount in base."""


class KnownOrder(Frozen):
    """What was known of an order when a question was sent.

    `terms` are those by which the venue held it for certain; None: maybe it did not, or by others.
    """

    trade_ids: frozenset[str]
    terms: Terms | None


class InFlightSnapshot(Frozen):
    """The orders as they were known when a question was sent: the venue knew no less when it answered.

    `taken_at` is the venue's time in seconds. Orders that had long ended then are left out.
    """

    taken_at: float
    orders: Mapping[str, KnownOrder]

    @classmethod
    def of(cls, orders: Iterable[InFlightOrder], taken_at: float) -> InFlightSnapshot:
        """The orders as they are known now."""
        known = {
            order.client_order_id: KnownOrder(trade_ids=frozenset(order.order_fills), terms=_certain(order))
            for order in orders
            if not is_long_over(order, taken_at)
        }
        return cls(taken_at=taken_at, orders=known)

    def confirmed_by(self, orders: Iterable[InFlightOrder]) -> InFlightSnapshot:
        """The same when the answer is there: terms that may have changed meanwhile are not certain."""
        confirmed = dict(self.orders)
        for order in orders:
            known = confirmed.get(order.client_order_id)
            if known is not None and known.terms != _certain(order):
                confirmed[order.client_order_id] = KnownOrder(trade_ids=known.trade_ids, terms=None)
        return InFlightSnapshot(taken_at=self.taken_at, orders=confirmed)


class Moment(Frozen):
    """When a figure was true: at some time from `since` to `until`, seconds of the venue's clock.

    `known` are the orders of the snapshot that was taken when it was asked for. `unseen` are those that the
    venue had not told of yet when it told the figure: one that it took in the same millisecond came after it.
    """

    since: float
    until: float
    known: Mapping[str, KnownOrder]
    unseen: frozenset[str] = frozenset()

    def left(self, timestamp: float, change: Decimal) -> Decimal:
        """What of a change at this time is still to be added to the figure.

        Where the figure may have it already: what makes it less.
        """
        if timestamp <= self.since:
            return _ZERO
        return change if timestamp > self.until else min(_ZERO, change)


def is_long_over(order: InFlightOrder, at: float) -> bool:
    """Whether all that ever happens to it had happened by then, and was told: true of most orders."""
    # Asked of thousands of orders for each figure: hence no properties.
    return (
        order.ended_at is not None
        and order.last_update_timestamp <= at
        and order.is_end_known
        and order.claimed <= order.fills.base
        and not order.fills.quarantined
    )


def by_asset(orders: Iterable[InFlightOrder]) -> dict[str, list[InFlightOrder]]:
    """The orders that may change each asset."""
    found: dict[str, dict[str, InFlightOrder]] = {}
    for order in orders:
        assets = [order.base_asset, order.quote_asset]
        for trade, _ in _fills(order):
            assets += effects(trade, order)
        for asset in assets:
            found.setdefault(asset, {})[order.client_order_id] = order
    return {asset: list(concerned.values()) for asset, concerned in found.items()}


def held(order: InFlightOrder, asset: str) -> Decimal:
    """What an order may still take of an asset, fees apart: the worst bound.

    It is of the asset that the order pays with: quote of a buy, base of a sell. An order that waits to be
    sent, is on its way or in doubt holds all it could; one that ended holds what was claimed to be filled
    and is not told in fills. A market buy in quote holds its quote amount. A market buy in base without a
    price, and a market sell in quote, hold nothing: what they take cannot be known beforehand.
    """
    if asset != _paid_asset(order):
        return _ZERO
    if order.intent.quote_amount is not None:
        is_over = order.is_done and not order.is_short_of_fills
        return _ZERO if is_over else max(_ZERO, _rest(order, (order.price, order.amount)))
    outstanding = CONTEXT.subtract(order.filled_max, order.executed_amount_base)
    for trade in order.quarantined_fills.values():
        outstanding = CONTEXT.subtract(outstanding, max(_ZERO, trade.fill_base_amount))
    return CONTEXT.multiply(outstanding, _unit(order, order.price))


def freed_since(order: InFlightOrder, asset: str, moment: Moment, load: Decimal | None) -> Decimal:
    """What an order added to the available amount of an asset since a figure was told (negative: took).

    `load` is what the venue holds for each unit that an order pays: 1, or more where it holds the fee, too;
    None: the figure is all there is, what orders hold is not taken off it.
    """
    if is_long_over(order, moment.since):
        return _ZERO
    pays = asset == _paid_asset(order)
    terms = _terms_in(order, moment) if pays and load is not None else None
    rate = _ONE if load is None else load
    change = _ZERO
    for trade, is_sure in _fills(order):
        net = effects(trade, order).get(asset, _ZERO)
        if terms is not None and is_sure:
            net = CONTEXT.add(net, CONTEXT.multiply(rate, _released(order, terms, trade)))
        change = CONTEXT.add(change, _left(order, trade, net, moment, is_sure=is_sure))
    now = held(order, asset)
    then = _ZERO if terms is None else _rest(order, terms)
    if not _surely_held(order, moment):
        then = min(then, now)
    return CONTEXT.add(change, CONTEXT.multiply(rate, CONTEXT.subtract(then, now)))


def net_since(order: InFlightOrder, asset: str, moment: Moment) -> Decimal:
    """What an order's fills added to all there is of an asset since a figure was told."""
    change = _ZERO
    if not is_long_over(order, moment.since):
        for trade, is_sure in _fills(order):
            net = effects(trade, order).get(asset, _ZERO)
            change = CONTEXT.add(change, _left(order, trade, net, moment, is_sure=is_sure))
    return change


def effects(trade: TradeUpdate, order: InFlightOrder) -> dict[str, Decimal]:
    """What a fill of an order does to each asset, its fee included.

    A share in percent is taken in its token, else in the asset paid (added to the cost) or received
    (deducted from the returns). A share in a third token is left out: only the venue knows what it comes to.
    """
    base, quote = trade.fill_base_amount, trade.fill_quote_amount
    is_buy = order.trade_type is TradeType.BUY
    change = {
        order.base_asset: base if is_buy else -base,
        order.quote_asset: -quote if is_buy else quote,
    }
    for asset, amount in _fees(trade, order):
        change[asset] = CONTEXT.subtract(change.get(asset, _ZERO), amount)
    return change


def _fees(trade: TradeUpdate, order: InFlightOrder) -> Iterator[tuple[str, Decimal]]:
    fee = trade.fee
    yield from ((flat.token, flat.amount) for flat in fee.flat_fees)
    amounts = {order.base_asset: trade.fill_base_amount, order.quote_asset: trade.fill_quote_amount}
    paid = _paid_asset(order)
    received = next((asset for asset in amounts if asset != paid), paid)
    token = (fee.percent_token or paid) if fee.is_added_to_cost else received
    if fee.percent and token in amounts:
        yield token, CONTEXT.multiply(amounts[token], fee.percent)


def _paid_asset(order: InFlightOrder) -> str:
    return order.quote_asset if order.trade_type is TradeType.BUY else order.base_asset


def _fills(order: InFlightOrder) -> Iterator[tuple[TradeUpdate, bool]]:
    """The fills, and whether each is sure: one in quarantine may not be, and counts where it makes less."""
    yield from ((trade, True) for trade in order.order_fills.values())
    yield from ((trade, False) for trade in order.quarantined_fills.values())


def _left(
    order: InFlightOrder, trade: TradeUpdate, change: Decimal, moment: Moment, *, is_sure: bool
) -> Decimal:
    """What of a fill's change is still to be added to a figure."""
    known = moment.known.get(order.client_order_id)
    if known is not None and trade.trade_id in known.trade_ids:
        return _ZERO
    return moment.left(trade.fill_timestamp, change if is_sure else min(_ZERO, change))


def _unit(order: InFlightOrder, price: Decimal | None) -> Decimal:
    """What an order pays for one base; zero where that is not known."""
    if order.trade_type is not TradeType.BUY:
        return _ONE
    return _ZERO if price is None else price


def _released(order: InFlightOrder, terms: Terms, trade: TradeUpdate) -> Decimal:
    """What a fill sets free of what was held by these terms."""
    if order.intent.quote_amount is not None:
        return trade.fill_quote_amount if order.trade_type is TradeType.BUY else _ZERO
    return CONTEXT.multiply(trade.fill_base_amount, _unit(order, terms[0]))


def _rest(order: InFlightOrder, terms: Terms) -> Decimal:
    """What is held by these terms for what is not filled."""
    if order.intent.quote_amount is not None:
        rest = CONTEXT.subtract(order.intent.quote_amount, order.executed_amount_quote)
        return rest if order.trade_type is TradeType.BUY else _ZERO
    price, amount = terms
    return CONTEXT.multiply(CONTEXT.subtract(amount, order.executed_amount_base), _unit(order, price))


def _certain(order: InFlightOrder) -> Terms | None:
    """The terms by which the venue holds an order, or held it; None: they are not certain."""
    is_certain = order.seen_since is not None and not order.possible_amounts
    return (order.price, order.amount) if is_certain else None


def _terms_in(order: InFlightOrder, moment: Moment) -> Terms | None:
    """The terms by which a figure has the order's funds taken off for certain; None: maybe it has not."""
    is_seen = order.seen_since is not None and order.seen_since <= moment.since
    if is_seen and order.seen_since == moment.since:
        is_seen = order.client_order_id not in moment.unseen
    if is_seen and (order.amended_at is None or order.amended_at <= moment.since):
        # One amend on its way can only have come after the figure, or be in it and in what is held now. Of
        # several, an earlier one may be in the figure and a later one not.
        pending = order.possible_amounts if len(order.possible_amounts) > 1 else ()
        return order.price, min((order.amount, *pending))
    known = moment.known.get(order.client_order_id)
    return None if known is None else known.terms


def _surely_held(order: InFlightOrder, moment: Moment) -> bool:
    """Whether what is not filled was still held when the figure was told, if it ever was."""
    if order.is_open or order.ended_at is None:
        return True
    return not (order.is_presumed or order.possible_amounts) and order.ended_at > moment.until
