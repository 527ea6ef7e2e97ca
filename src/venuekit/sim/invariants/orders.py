"""Orders: each is written before it leaves, is one at the venue, and ends when it is told to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from venuekit.emulator import order as at_venue
from venuekit.emulator.order import OrderStatus
from venuekit.journal.record import Command
from venuekit.model.events import LateFill, OrderCancelledEvent, OrderExpiredEvent, OrderReopened
from venuekit.model.order import OrderState
from venuekit.protocol.endpoint import Outcome
from venuekit.sim.account_truth import TrueOrder, client_id_of
from venuekit.sim.invariants.invariant import Complaint, Invariant
from venuekit.sim.occasions import Arrived, Died, Happened, Placed, Quiet, Told, Touched
from venuekit.sim.scene import COMPLETIONS, CREATIONS, ENDS, Scene
from venuekit.state import order_lifecycle

__all__ = ["INVARIANTS"]


def _accepted(scene: Scene, event: Happened) -> TrueOrder | None:
    """The order of ours that the venue has just taken in; None: something else happened."""
    if not isinstance(event.event, at_venue.Accepted) or event.order is None:
        return None
    client_id = client_id_of(event.order)
    return None if client_id in scene.venue.foreign else scene.venue.order(client_id)


_MILLISECONDS = 2.0
"""By which a time that was cut to milliseconds may differ."""


# O1


def _is_written_when_taken_in(scene: Scene, event: Happened) -> Iterator[Complaint]:
    order = _accepted(scene, event)
    if order is None:
        return
    if scene.journal is None:
        yield Complaint(order.client_id, "is at the venue, and there is no journal")
        return
    scene.journal.read_on()
    if scene.journal.damage is not None:
        return  # its records are still there, for who brings a sound copy; nobody reads them now
    facts = scene.journal.facts
    if order.client_id not in facts.intents:
        yield Complaint(order.client_id, f"is at the venue ({order}), and the journal has no intent of it")
    elif order.client_id not in facts.sendings:
        yield Complaint(order.client_id, f"is at the venue ({order}), and by the journal it was never sent")


def _is_written_after_a_crash(scene: Scene, _: Died | Quiet) -> Iterator[Complaint]:
    if scene.journal is None or scene.journal.damage is not None:
        return  # what is damaged no start goes on from, until there is a sound copy
    facts = scene.journal.facts
    for order in scene.venue.own_orders():
        intent = facts.intents.get(order.client_id)
        if intent is None:
            yield Complaint(order.client_id, f"is at the venue ({order}), and no file of the journal has it")
        elif order.client_id not in facts.sendings and "last_state" not in intent.order:
            yield Complaint(
                order.client_id, f"is at the venue ({order}), and by the journal it was never sent"
            )


# O2


def _is_one_at_the_venue(scene: Scene, event: Happened) -> Iterator[Complaint]:
    order = _accepted(scene, event)
    if order is None:
        return
    doubles = scene.venue.orders[order.client_id]
    if len(doubles) > 1:
        known = "; ".join(str(double) for double in doubles)
        yield Complaint(order.client_id, f"is {len(doubles)} times at the venue: {known}")
    if not any(order.client_id in life.placed for life in scene.lives.values()):
        yield Complaint(order.client_id, f"is at the venue ({order}), and no strategy asked for it")


def _is_asked_for_once(scene: Scene, arrived: Arrived) -> Iterator[Complaint]:
    """Whatever it is, a command comes as often as it left, and bears the time that was written down."""
    client_id, command = arrived.client_id, arrived.command
    known = scene.venue.order(client_id)
    if command is Command.PLACE and known is not None:
        yield Complaint(client_id, f"was sent again while it was at the venue ({known})")
    if scene.journal is None:
        return
    scene.journal.read_on()
    if scene.journal.damage is not None:
        return
    sendings = scene.journal.facts.departures.get((client_id, command), [])
    came, what = scene.arrivals[client_id, command], f"its {command.value}"
    if came > len(sendings):
        yield Complaint(
            client_id, f"{what} came {came} times to the venue, and left {len(sendings)} by the journal"
        )
    signed = [sending.signed_at * 1000 for sending in sendings]
    if signed and not any(abs(time - at) < _MILLISECONDS for time in arrived.times for at in signed):
        words = ", ".join(f"{at:.0f}" for at in signed)
        yield Complaint(client_id, f"{what} bears {arrived.times}, and was signed at {words} by the journal")


def _is_a_new_id(scene: Scene, placed: Placed) -> Iterator[Complaint]:
    lives = [life.number for life in scene.lives.values() if placed.client_id in life.placed]
    if placed.client_id in scene.venue.orders or len(lives) > 1:
        yield Complaint(placed.client_id, f"was given to a new order and is one already, of life {lives[0]}")


# O3


def _ends_as_told(scene: Scene, told: Told) -> Iterator[Complaint]:
    event = told.event
    client_id: str = event.order_id
    order = scene.venue.order(client_id)
    kind = type(event).__name__.removesuffix("Event")
    if order is None:
        yield from _ends_unseen(scene, told, client_id, kind)
    elif order.is_open:
        yield Complaint(client_id, f"{kind} was told, and at the venue it is open ({order})")
    elif isinstance(event, COMPLETIONS):
        state = order.record.state
        if order.status is not OrderStatus.FILLED:
            yield Complaint(client_id, f"{kind} was told, and at the venue it is {order}")
        elif (event.base_asset_amount, event.quote_asset_amount) != (state.filled, state.quote_filled):
            words = f"{kind} was told with {event.base_asset_amount} for {event.quote_asset_amount}"
            yield Complaint(client_id, f"{words}; at the venue {state.filled} for {state.quote_filled}")
    elif order.status is not _END_STATUSES.get(type(event)) and not _is_presumed_unfilled(scene, order):
        yield Complaint(client_id, f"{kind} was told, and at the venue it is {order}")


_END_STATUSES: Mapping[type, OrderStatus] = MappingProxyType(
    {OrderCancelledEvent: OrderStatus.CANCELLED, OrderExpiredEvent: OrderStatus.EXPIRED}
)
"""What the venue calls an order of which this end is told; a failure has no word there."""


def _is_presumed_unfilled(scene: Scene, order: TrueOrder) -> bool:
    """Whether it is over unfilled and said to be so by nobody: then the word for its end is a guess."""
    ours = None if scene.present is None else scene.present.order(order.client_id)
    return ours is not None and ours.is_presumed and not order.filled


def _ends_unseen(scene: Scene, told: Told, client_id: str, kind: str) -> Iterator[Complaint]:
    """The end of an order that the venue never had: not sent, refused, or missed after the fence."""
    life = scene.lives[told.life]
    if kind not in ("OrderCancelled", "MarketOrderFailure"):
        yield Complaint(client_id, f"{kind} was told, and the venue never had it")
        return
    if scene.journal is None:
        return
    scene.journal.read_on()
    facts = scene.journal.facts
    sendings = facts.sendings.get(client_id, [])
    said = [answer.outcome for answer in facts.answers.get(client_id, ())]
    came = scene.arrivals[client_id, Command.PLACE]
    if sendings and Outcome.REFUSED in said and not came:
        yield Complaint(client_id, f"{kind} was told as the venue's refusal, and nothing of it came there")
    elif sendings and said == [Outcome.NOT_SENT] and came >= len(sendings):
        yield Complaint(client_id, f"{kind} was told as never sent, and it came to the venue")
    if not sendings or Outcome.REFUSED in said or Outcome.NOT_SENT in said:
        return
    # It leaves once more only where the venue refused it for its clock: the last departure counts.
    last = sendings[-1]
    fence = life.fence.end_of_doubt(last.signed_at, receive_window=last.receive_window)
    if fence is None or scene.venue_now < fence:
        when = "never over" if fence is None else f"over {fence - scene.venue_now:.3f} s from now"
        yield Complaint(client_id, f"{kind} was told without a word of the venue, and its fence is {when}")


def _comes_after_its_end(scene: Scene, event: Happened) -> Iterator[Complaint]:
    order = _accepted(scene, event)
    if order is not None and order.client_id in scene.told.ends:
        end = scene.told.ends[order.client_id][-1]
        kind = type(end.event).__name__
        yield Complaint(
            order.client_id, f"the venue takes it in ({order}) after {kind} was told at {end.time:.3f}"
        )


def _was_given_up(scene: Scene, told: Told) -> Iterator[Complaint]:
    event = told.event
    if isinstance(event, OrderReopened):
        order = scene.venue.order(event.order_id)
        yield Complaint(event.order_id, f"was presumed to be over, and is {order or 'not'} at the venue")


# O5


def _reachable(state: OrderState) -> frozenset[OrderState]:
    """All states that the table leads to, presumed ends not taken back."""
    found: dict[OrderState, None] = {state: None}
    waiting = [state]
    while waiting:
        at = waiting.pop()
        for next_state in () if at in order_lifecycle.ENDS else order_lifecycle.LIVES[at].values():
            if next_state not in found:
                found[next_state] = None
                waiting.append(next_state)
    return frozenset(found)


_LATER: Mapping[OrderState, frozenset[OrderState]] = MappingProxyType(
    {state: _reachable(state) for state in order_lifecycle.LIVES}
)


def _moves_by_the_table(scene: Scene, touched: Touched) -> Iterator[Complaint]:
    client_id = touched.client_id
    ours = None if scene.present is None else scene.present.order(client_id)
    before = scene.glimpses.get(client_id)
    if ours is None:
        return
    filled = ours.executed_amount_base
    if ours.intent.quote_amount is None and filled > ours.amount:
        yield Complaint(client_id, f"{filled} is filled of {ours.amount}")
    if before is None:
        return
    if filled < before.filled:
        yield Complaint(client_id, f"{filled} is filled, and {before.filled} was")
    if ours.life not in _LATER[before.life] and not before.is_presumed:
        yield Complaint(
            client_id, f"is {ours.life.name} and was {before.life.name}: the table has no such way"
        )


def _is_told_in_order(scene: Scene, told: Told) -> Iterator[Complaint]:
    """Created once, before the fills; then at most one end."""
    event = told.event
    client_id: str = event.order_id
    created, ends = scene.told.created.get(client_id, []), scene.told.ends.get(client_id, [])
    kind = type(event).__name__.removesuffix("Event")
    if isinstance(event, CREATIONS):
        if len(created) > 1:
            yield Complaint(
                client_id, f"{kind} was told {len(created)} times, first in life {created[0].life}"
            )
        if ends or scene.told.filled.get(client_id):
            yield Complaint(client_id, f"{kind} was told after its fills or its end")
    elif len(ends) > 1:
        first = type(ends[0].event).__name__
        yield Complaint(client_id, f"{kind} was told, and {first} had been in life {ends[0].life}")


def _is_ours(scene: Scene, told: Told) -> Iterator[Complaint]:
    client_id: str = told.event.order_id
    if client_id in scene.venue.foreign:
        yield Complaint(client_id, "was told as an order of ours, and was placed by hand")


# O7


def _trades_after_its_end(scene: Scene, event: Happened) -> Iterator[Complaint]:
    if event.fill is None or event.order is None:
        return
    client_id = client_id_of(event.order)
    ends = scene.told.ends.get(client_id)
    if ends and client_id not in scene.venue.foreign:
        kind = type(ends[-1].event).__name__
        words = f"trade {event.fill.trade_id} of {event.fill.amount} happens after {kind} was told"
        yield Complaint(client_id, f"{words} at {ends[-1].time:.3f}")


def _end_waits_for_fills(scene: Scene, told: Told) -> Iterator[Complaint]:
    event = told.event
    if isinstance(event, LateFill):
        words = f"its end was told before trade {event.exchange_trade_id} of {event.amount}"
        yield Complaint(event.order_id, f"{words}; at the venue it is {scene.venue.order(event.order_id)}")


# O9


def _ids_are_pure(scene: Scene, event: Happened) -> Iterator[Complaint]:
    if event.order is None or not event.command_id:
        return
    client_id = client_id_of(event.order)
    if client_id in scene.venue.foreign or event.command_id == client_id:
        return
    suffixes = {command_id.removeprefix(name) for name, ids in scene.commands.items() for command_id in ids}
    if not event.command_id.startswith(client_id) or len(suffixes) > 1:
        words = f"its cancel is called {event.command_id}, which does not follow from the order's id"
        yield Complaint(client_id, f"{words} as those of others do")


def _instance_is_one(scene: Scene, _: Quiet | Died) -> Iterator[Complaint]:
    if scene.journal is not None and len(scene.journal.facts.instances) > 1:
        yield Complaint("instance", f"the journal has several: {', '.join(scene.journal.facts.instances)}")


INVARIANTS = (
    Invariant(
        id="O1",
        sentence="No order is at the venue that the journal does not hold, at no moment and after no crash.",
        looks=(((Happened,), _is_written_when_taken_in), ((Died, Quiet), _is_written_after_a_crash)),
    ),
    Invariant(
        id="O2",
        sentence="One order asked for is at most one order at the venue, and is sent once, over all lives.",
        looks=(
            ((Happened,), _is_one_at_the_venue),
            ((Arrived,), _is_asked_for_once),
            ((Placed,), _is_a_new_id),
        ),
    ),
    Invariant(
        id="O3",
        sentence="The end of an order is told only if it is true at the venue then, or once its fence is"
        " over; nothing that was given up lives.",
        looks=(
            (ENDS, _ends_as_told),
            ((Happened,), _comes_after_its_end),
            ((OrderReopened,), _was_given_up),
        ),
    ),
    Invariant(
        id="O5",
        sentence="What is filled grows and never exceeds the order; states change by the table; an order is"
        " created once, before its fills, and ends at most once; orders of others are none of ours.",
        looks=(
            ((Touched,), _moves_by_the_table),
            ((*CREATIONS, *ENDS), _is_told_in_order),
            ((*CREATIONS, *ENDS), _is_ours),
        ),
    ),
    Invariant(
        id="O7",
        sentence="After an order's end was told it trades no more, and all its trades were told before.",
        looks=(((Happened,), _trades_after_its_end), ((LateFill,), _end_waits_for_fills)),
    ),
    Invariant(
        id="O9",
        sentence="Ids of ours follow from the order alone: the same in every life, and one instance for all.",
        looks=(((Happened,), _ids_are_pure), ((Died, Quiet), _instance_is_one)),
    ),
)
