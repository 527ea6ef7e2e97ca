"""Money: what we believe to have and to be free is what the venue says, and never more than there can be."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from venuekit.model.decimals import CONTEXT
from venuekit.model.events import (
    BalanceUpdateEvent,
    OrderCancelledEvent,
    OrderExpiredEvent,
    OrderFilledEvent,
)
from venuekit.model.order import TradeType
from venuekit.sim.invariants.invariant import Complaint, Invariant
from venuekit.sim.occasions import Placed, Quiet, Told
from venuekit.sim.scene import Life, Scene
from venuekit.state.in_flight_order import InFlightOrder

__all__ = ["INVARIANTS"]

_CLOCKS = 1.0
"""Seconds by which the moment of a figure may be told wrong: our idea of the venue's clock is an estimate."""
_DUST = Decimal("0.000001")
"""What the venue rounds up of what orders hold, for some hundred of them."""


# A1


def _balances_are_equal(scene: Scene, _: Quiet) -> Iterator[Complaint]:
    life = scene.present
    if life is None or life.desk is None or not scene.is_settled(life) or life.exchange.asset_limits:
        return
    exchange = life.exchange
    for asset, theirs in scene.venue.balances().items():
        ours = (exchange.get_balance(asset), exchange.get_available_balance(asset))
        if ours != theirs:
            kind = life.desk.balances.figure(asset).kind.value
            words = f"we have {ours[0]}, {ours[1]} of it free ({kind})"
            yield Complaint(asset, f"{words}; the venue says {theirs[0]} and {theirs[1]}")


# A2


def _none_is_imagined(scene: Scene, told: Told) -> Iterator[Complaint]:
    event = told.event
    life = scene.lives[told.life]
    if isinstance(event, BalanceUpdateEvent):
        yield from _can_be_free(scene, life, event.asset_name)
        return
    ours = life.order(event.order_id)
    if ours is None:
        return
    is_buy = ours.trade_type is TradeType.BUY
    gets = isinstance(event, OrderFilledEvent)
    yield from _can_be_free(scene, life, ours.base_asset if is_buy is gets else ours.quote_asset)


def _none_is_imagined_at_all(scene: Scene, _: Quiet) -> Iterator[Complaint]:
    if scene.present is not None:
        for asset in scene.venue.balances():
            yield from _can_be_free(scene, scene.present, asset)


def _can_be_free(scene: Scene, life: Life, asset: str) -> Iterator[Complaint]:
    desk = life.desk
    if desk is None or not desk.has_balances:
        return
    figure = desk.balances.figure(asset)
    available = figure.available
    if available < 0:
        yield Complaint(asset, f"{available} is free")
        return
    since = scene.now - (scene.venue_now - figure.observed_at) - _CLOCKS
    most = scene.venue.most_free(asset, since)
    if available > most + _DUST:
        words = (
            f"we believe {available} to be free; since our figure ({figure.kind.value}) it was {most} at most"
        )
        yield Complaint(asset, words)


def _what_is_on_its_way_is_held(scene: Scene, placed: Placed) -> Iterator[Complaint]:
    """An order that was just asked for, and what else the venue does not have yet, hold their funds."""
    life = scene.lives[placed.life]
    desk, ours = life.desk, life.order(placed.client_id)
    cost = None if ours is None else _cost(ours)
    if desk is None or cost is None or not desk.has_balances:
        return
    asset = cost[0]
    figure = desk.balances.figure(asset)
    if figure.available <= 0:
        return
    on_its_way = Decimal(0)
    for order in desk.orders.active_orders.values():
        held = _cost(order)
        if held is not None and held[0] == asset and order.is_open:
            is_there = scene.venue.order(order.client_order_id) is not None
            on_its_way = on_its_way if is_there else CONTEXT.add(on_its_way, held[1])
    most = scene.venue.most_free(asset, scene.now - (scene.venue_now - figure.observed_at) - _CLOCKS)
    if CONTEXT.add(figure.available, on_its_way) > most + _DUST:
        words = f"we believe {figure.available} to be free beside {on_its_way} for orders on their way"
        yield Complaint(asset, f"{words}; it was {most} at most")


def _cost(order: InFlightOrder) -> tuple[str, Decimal] | None:
    """What a limit order pays with, and how much at most; None: it has no price."""
    if order.price is None or not order.amount:
        return None
    if order.trade_type is TradeType.BUY:
        return order.quote_asset, CONTEXT.multiply(order.price, order.amount)
    return order.base_asset, order.amount


INVARIANTS = (
    Invariant(
        id="A1",
        sentence="Where nothing happens any more, total and available of each asset are the venue's.",
        looks=(((Quiet,), _balances_are_equal),),
    ),
    Invariant(
        id="A2",
        sentence="What is available is never below zero, and never more than can be free by what we know.",
        looks=(
            (
                # What frees funds; an order's creation and its fills in the paid asset free none.
                (BalanceUpdateEvent, OrderCancelledEvent, OrderExpiredEvent, OrderFilledEvent),
                _none_is_imagined,
            ),
            ((Quiet,), _none_is_imagined_at_all),
            ((Placed,), _what_is_on_its_way_is_held),
        ),
    ),
)
