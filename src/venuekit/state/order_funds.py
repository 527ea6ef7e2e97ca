"""What an order holds of its account, and what it paid and brought since the venue last told a balance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec

from venuekit.model.decimals import CONTEXT
from venuekit.model.order import TradeType
from venuekit.model.order_update import TradeUpdate
from venuekit.protocol.frozen import Frozen
from venuekit.state.in_flight_order import InFlightOrder

__all__ = ["InFlightSnapshot", "Moment", "by_asset", "freed_since", "held", "net_since", "snapshot"]

_ZERO = Decimal(0)


class KnownOrder(Frozen):
    """What was known of an order when a question was sent.

    `terms` are its price and amount where the venue held it with these for certain, else None.
    """

    trade_ids: frozenset[str]
    terms: tuple[Decimal | None, Decimal] | None


class InFlightSnapshot(Frozen):
    """What was known of the orders when a question was sent: the venue knew it, too, when it answered."""

    orders: Mapping[str, KnownOrder] = msgspec.field(default_factory=dict)

    def confirmed_by(self, orders: Iterable[InFlightOrder]) -> InFlightSnapshot:
        """The snapshot when the answer is there: terms that may have changed meanwhile are not known."""
        confirmed = dict(self.orders)
        for order in orders:
            known = confirmed.get(order.client_order_id)
            if known is not None and known.terms != _terms(order):
                confirmed[order.client_order_id] = KnownOrder(trade_ids=known.trade_ids, terms=None)
        return InFlightSnapshot(orders=confirmed)


class Moment(Frozen):
    """When a figure was true: at some time from `since` to `until`, seconds of the venue's clock.

    `snapshot` is what we knew when it was asked for.
    """

    since: float
    until: float
    snapshot: InFlightSnapshot = InFlightSnapshot()

    def counted(self, timestamp: float, change: Decimal) -> Decimal:
        """What a change at this time adds to the figure; the worse case where the figure may have it."""
        if timestamp <= self.since:
            return _ZERO
        return change if timestamp > self.until else min(_ZERO, change)


def snapshot(orders: Iterable[InFlightOrder]) -> InFlightSnapshot:
    """What is known of orders now."""
    known = {
        order.client_order_id: KnownOrder(trade_ids=frozenset(order.order_fills), terms=_terms(order))
        for order in orders
    }
    return InFlightSnapshot(orders=known)


def by_asset(orders: Iterable[InFlightOrder]) -> dict[str, list[InFlightOrder]]:
    """The orders that may change each asset."""
    found: dict[str, dict[str, InFlightOrder]] = {}
    for order in orders:
        assets = [order.base_asset, order.quote_asset]
        assets += [asset for trade in order.order_fills.values() for asset in fee_of(trade, order)]
        for asset in assets:
            found.setdefault(asset, {})[order.client_order_id] = order
    return {asset: list(concerned.values()) for asset, concerned in found.items()}


def held(order: InFlightOrder) -> Decimal:
    """What an order may still take of the asset that it pays with, fees apart: the worst bound.

    An order that waits to be sent, is on its way or in doubt holds all it could. A market order holds its
    quote amount; a market buy by base amount without a price, and a market sell by quote amount, hold
    nothing that can be reckoned.
    """
    if order.intent.quote_amount is not None:
        if order.trade_type is not TradeType.BUY or (order.is_done and not order.is_short_of_fills):
            return _ZERO
        return max(_ZERO, CONTEXT.subtract(order.intent.quote_amount, order.executed_amount_quote))
    outstanding = CONTEXT.subtract(order.filled_max, order.executed_amount_base)
    return CONTEXT.multiply(outstanding, _unit(order.trade_type, order.price))


def freed_since(order: InFlightOrder, asset: str, moment: Moment, *, is_free: bool) -> Decimal:
    """What an order added to the available amount of an asset since a figure was told (negative: took).

    `is_free`: what orders held then is taken off the figure.
    """
    if _is_settled(order, moment):
        return _ZERO
    known = moment.snapshot.orders.get(order.client_order_id)
    pays = asset == paid_asset(order)
    terms = _terms_in(order, moment, known) if is_free and pays else None
    change = _ZERO
    for trade in order.order_fills.values():
        net = effects(trade, order).get(asset, _ZERO)
        if terms is not None:
            net = CONTEXT.add(net, _released(order, terms, trade))
        change = CONTEXT.add(change, _counted(trade, net, moment, known))
    if not pays:
        return change
    now = held(order)
    then = _ZERO if terms is None else _rest(order, terms)
    if terms is not None and not _ended_after(order, moment):
        then = min(then, now)
    return CONTEXT.add(change, CONTEXT.subtract(then, now))


def net_since(order: InFlightOrder, asset: str, moment: Moment) -> Decimal:
    """What an order's fills added to all there is of an asset since a figure was told."""
    if _is_settled(order, moment):
        return _ZERO
    known = moment.snapshot.orders.get(order.client_order_id)
    change = _ZERO
    for trade in order.order_fills.values():
        net = effects(trade, order).get(asset, _ZERO)
        change = CONTEXT.add(change, _counted(trade, net, moment, known))
    return change


def paid_asset(order: InFlightOrder) -> str:
    """What an order pays with."""
    return order.quote_asset if order.trade_type is TradeType.BUY else order.base_asset


def effects(trade: TradeUpdate, order: InFlightOrder) -> dict[str, Decimal]:
    """What a fill of an order does to each asset, its fee included."""
    sign = 1 if order.trade_type is TradeType.BUY else -1
    change = {
        order.base_asset: sign * trade.fill_base_amount,
        order.quote_asset: -sign * trade.fill_quote_amount,
    }
    for asset, amount in fee_of(trade, order).items():
        change[asset] = CONTEXT.subtract(change.get(asset, _ZERO), amount)
    return change


def fee_of(trade: TradeUpdate, order: InFlightOrder) -> dict[str, Decimal]:
    """What a fill cost, by asset.

    A share in percent is paid in its token, else in the asset paid (added to the cost) or received
    (deducted from the returns). A share in a third token is left out: what it comes to, only the venue knows.
    """
    cost: dict[str, Decimal] = {}
    for asset, amount in _fees(trade, order):
        cost[asset] = CONTEXT.add(cost.get(asset, _ZERO), amount)
    return cost


def _fees(trade: TradeUpdate, order: InFlightOrder) -> Iterator[tuple[str, Decimal]]:
    fee = trade.fee
    yield from ((flat.token, flat.amount) for flat in fee.flat_fees)
    if fee.percent:
        paid = paid_asset(order)
        received = order.base_asset if paid == order.quote_asset else order.quote_asset
        token = (fee.percent_token or paid) if fee.is_added_to_cost else received
        amounts = {order.base_asset: trade.fill_base_amount, order.quote_asset: trade.fill_quote_amount}
        if token in amounts:
            yield token, CONTEXT.multiply(amounts[token], fee.percent)


def _unit(trade_type: TradeType, price: Decimal | None) -> Decimal:
    """What one base is worth of the asset paid; zero where that cannot be known."""
    if trade_type is not TradeType.BUY:
        return Decimal(1)
    return _ZERO if price is None else price


def _terms(order: InFlightOrder) -> tuple[Decimal | None, Decimal] | None:
    is_certain = order.rests_since is not None and not order.possible_amounts
    return (order.price, order.amount) if is_certain else None


def _terms_in(
    order: InFlightOrder, moment: Moment, known: KnownOrder | None
) -> tuple[Decimal | None, Decimal] | None:
    """The terms by which a figure has the order's funds taken off for certain; None: maybe it has not."""
    if order.rests_since is not None and order.rests_since <= moment.since:
        return order.price, order.amount
    return None if known is None else known.terms


def _released(order: InFlightOrder, terms: tuple[Decimal | None, Decimal], trade: TradeUpdate) -> Decimal:
    """What a fill sets free of the funds held for it."""
    if order.intent.quote_amount is not None:
        return trade.fill_quote_amount if order.trade_type is TradeType.BUY else _ZERO
    return CONTEXT.multiply(trade.fill_base_amount, _unit(order.trade_type, terms[0]))


def _rest(order: InFlightOrder, terms: tuple[Decimal | None, Decimal]) -> Decimal:
    """What is held by these terms for what did not fill."""
    if order.intent.quote_amount is not None:
        is_buy = order.trade_type is TradeType.BUY
        rest = CONTEXT.subtract(order.intent.quote_amount, order.executed_amount_quote)
        return max(_ZERO, rest) if is_buy else _ZERO
    price, amount = terms
    rest = CONTEXT.subtract(amount, order.executed_amount_base)
    return CONTEXT.multiply(rest, _unit(order.trade_type, price))


def _ended_after(order: InFlightOrder, moment: Moment) -> bool:
    """Whether its rest was surely still held, by its present terms, when the figure was told."""
    if order.is_open or order.ended_at is None:
        return True
    return not (order.is_presumed or order.possible_amounts) and order.ended_at > moment.until


def _counted(trade: TradeUpdate, change: Decimal, moment: Moment, known: KnownOrder | None) -> Decimal:
    if known is not None and trade.trade_id in known.trade_ids:
        return _ZERO
    return moment.counted(trade.fill_timestamp, change)


def _is_settled(order: InFlightOrder, moment: Moment) -> bool:
    """Whether all of it is in the figure: most orders are, and asked no further."""
    return order.is_done and not order.is_short_of_fills and order.last_update_timestamp <= moment.since
