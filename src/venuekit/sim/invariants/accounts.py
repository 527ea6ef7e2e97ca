"""Money: what we believe to have and to be free is what the venue says, and never more than there can be."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from venuekit.model.events import (
    BalanceUpdateEvent,
    OrderCancelledEvent,
    OrderExpiredEvent,
    OrderFilledEvent,
)
from venuekit.model.order import TradeType
from venuekit.sim.invariants.invariant import Complaint, Invariant
from venuekit.sim.occasions import Quiet, Told
from venuekit.sim.scene import Life, Scene

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
        ),
    ),
)
