"""Fills and exposure: each trade counts once, and the bounds hold the truth."""

from __future__ import annotations

from collections.abc import Iterator

from venuekit.model.events import FillQuarantined, OrderFilledEvent
from venuekit.sim.account_truth import FillKey
from venuekit.sim.invariants.invariant import Complaint, Invariant
from venuekit.sim.occasions import Quiet, Told, Touched
from venuekit.sim.scene import Life, Scene

__all__ = ["INVARIANTS"]


# O4


def _fill_is_true(scene: Scene, told: Told) -> Iterator[Complaint]:
    event = told.event
    if not isinstance(event, OrderFilledEvent):
        return
    key = FillKey(event.trading_pair, event.exchange_trade_id, event.order_id)
    fill = scene.venue.fills.get(key)
    if fill is None:
        words = f"trade {key.trade_id} of {event.amount} was told, and the venue has no such trade of it"
        yield Complaint(event.order_id, words)
        return
    fees = {flat.token: flat.amount for flat in event.trade_fee.flat_fees}
    ours = (event.price, event.amount, {token: amount for token, amount in fees.items() if amount})
    theirs = (fill.price, fill.amount, {fill.fee.token: fill.fee.amount} if fill.fee.amount else {})
    if ours != theirs:
        yield Complaint(
            event.order_id, f"trade {key.trade_id} was told as {ours}, and the venue has {theirs}"
        )
    tellings = scene.told.fills.get(key, [])
    if len(tellings) > 1:
        lives = ", ".join(str(telling.life) for telling in tellings)
        yield Complaint(
            event.order_id, f"trade {key.trade_id} was told {len(tellings)} times, in lives {lives}"
        )


def _fill_fits(scene: Scene, told: Told) -> Iterator[Complaint]:
    event = told.event
    if isinstance(event, FillQuarantined):
        order = scene.venue.order(event.order_id)
        words = f"trade {event.exchange_trade_id} of {event.amount} is not counted: {event.reason}"
        yield Complaint(event.order_id, f"{words}; at the venue the order is {order}")


def _fills_are_counted(scene: Scene, quiet: Quiet) -> Iterator[Complaint]:  # noqa: ARG001 - a look's signature
    """What each order counts, and what the journal holds, is what the venue has."""
    life = scene.present
    if life is None or scene.journal is None or not scene.is_settled(life):
        return
    scene.journal.read_on()
    fills = scene.venue.own_fills()
    written = scene.journal.facts.fills
    theirs: dict[str, set[str]] = {}
    for key in fills:
        theirs.setdefault(key.client_id, set()).add(key.trade_id)
        times = written[key.client_id, key.trade_id]
        if times != 1:
            yield Complaint(key.client_id, f"trade {key.trade_id} stands {times} times in the journal")
    yield from _counted_in_orders(life, theirs)


def _counted_in_orders(life: Life, theirs: dict[str, set[str]]) -> Iterator[Complaint]:
    for ours in life.all_orders():
        at_venue = theirs.get(ours.client_order_id, set())
        counted = set(ours.order_fills)
        if counted != at_venue:
            missing, made_up = sorted(at_venue - counted), sorted(counted - at_venue)
            yield Complaint(ours.client_order_id, f"lacks the trades {missing}, and has {made_up} too many")
        if ours.quarantined_fills:
            yield Complaint(ours.client_order_id, f"keeps {sorted(ours.quarantined_fills)} in quarantine")


def _all_was_told(scene: Scene, _: Quiet) -> Iterator[Complaint]:
    """Of what was asked for in this life, fills and ends reached the listeners, whoever of them fails."""
    life = scene.present
    if life is None:
        return
    for client_id in life.placed:
        ours = life.order(client_id)
        if ours is None:
            continue
        for trade_id in ours.order_fills:
            if FillKey(ours.trading_pair, trade_id, client_id) not in scene.told.fills:
                yield Complaint(client_id, f"trade {trade_id} is counted, and was told to nobody")
        if ours.is_end_told and client_id not in scene.told.ends:
            yield Complaint(client_id, f"is {ours.current_state.name}, and its end was told to nobody")


# O6


def _bounds_hold_the_truth(scene: Scene, touched: Touched) -> Iterator[Complaint]:
    life, client_id = scene.present, touched.client_id
    ours = None if life is None else life.order(client_id)
    if ours is None:
        return
    truth = scene.venue.filled(client_id)
    if not ours.filled_min <= truth <= ours.filled_max:
        doubt = "" if ours.doubt is None else f", in doubt: {ours.doubt.reason.value}"
        words = f"{truth} is filled at the venue; we say {ours.filled_min} to {ours.filled_max}"
        yield Complaint(client_id, f"{words} ({ours.life.name}{doubt})")
    order = scene.venue.order(client_id)
    if order is not None and order.is_open and ours.is_done and ours.is_end_known:
        yield Complaint(client_id, f"is open at the venue ({order}), and over with us ({ours.life.name})")


INVARIANTS = (
    Invariant(
        id="O4",
        sentence="A fill is told only if the venue has it, as the venue has it, and once over all lives;"
        " where nothing happens any more, each counts once in its order and in the journal, and was told.",
        looks=(
            ((OrderFilledEvent,), _fill_is_true),
            ((FillQuarantined,), _fill_fits),
            ((Quiet,), _fills_are_counted),
            ((Quiet,), _all_was_told),
        ),
    ),
    Invariant(
        id="O6",
        sentence="What is filled at the venue lies within the bounds that we name, at every moment; an order"
        " that is open there is not over with us.",
        looks=(((Touched,), _bounds_hold_the_truth),),
    ),
)
