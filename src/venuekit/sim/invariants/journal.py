"""The journal: what was told is in it, and what is in it makes the same orders again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from venuekit import errors
from venuekit.journal import reader
from venuekit.journal.recall import recall
from venuekit.sim.invariants.invariant import Complaint, Invariant
from venuekit.sim.journal_watch import JournalWatch
from venuekit.sim.occasions import Died, Quiet
from venuekit.sim.scene import Life, Scene
from venuekit.state.order_tracker import OrderTracker

__all__ = ["INVARIANTS"]


def _makes_the_same_orders(scene: Scene, _: Quiet) -> Iterator[Complaint]:
    life, watch = scene.present, scene.journal
    orders = None if life is None else life.orders
    if life is None or watch is None or orders is None:
        return
    watch.read_on()
    if watch.damage is not None:
        watch.read_anew()  # a sound copy may have been brought since
    if watch.damage is not None:
        yield Complaint("journal", f"is damaged, and a connector trades on it: {watch.damage}")
        return
    recalled = _recalled(watch, life)
    if isinstance(recalled, str):
        yield Complaint("journal", recalled)
        return
    ours, read = _standing(orders), _standing(recalled)
    for client_id, state in ours.items():
        if client_id not in read and client_id in orders.watched_orders:
            continue  # a new file takes along what ended not long ago
        theirs = read.get(client_id)
        if state != theirs:
            yield Complaint(
                client_id, f"stands otherwise than the journal says: {_difference(state, theirs)}"
            )


def _holds_what_was_told(scene: Scene, died: Died) -> Iterator[Complaint]:
    """What a listener heard is in the journal, whatever ended the process; a loss of power is forgiven."""
    watch = scene.journal
    if watch is None or watch.damage is not None or died.is_power_lost:
        return
    facts, told = watch.facts, scene.told
    for key in told.fills:
        if not facts.fills[key.client_id, key.trade_id]:
            yield Complaint(key.client_id, f"trade {key.trade_id} was told, and the journal does not hold it")
    for client_id, ends in told.ends.items():
        if not facts.ends[client_id]:
            kind = type(ends[-1].event).__name__
            yield Complaint(client_id, f"{kind} was told, and the journal knows of no end")


def _recalled(watch: JournalWatch, life: Life) -> OrderTracker | str:
    """The orders that a start would take up from the file as it is, or why it would not."""
    try:
        data = watch.disk.read(watch.path)
        entries = reader.replay_bytes(data, str(watch.path)).entries
        return recall(entries, life.exchange.name, life.fence).tracker
    except errors.JournalUnusable as error:
        return f"cannot be taken up: {error}"


def _standing(orders: OrderTracker) -> dict[str, dict[str, Any]]:
    """All that must survive, without what need not: counts of absences, and who named a trade's order how."""
    states: dict[str, dict[str, Any]] = orders.tracking_states
    for state in states.values():
        state["memory"].pop("misses")
        for fills in (state["order_fills"], state["quarantined_fills"]):
            for trade in fills.values():
                trade.pop("client_order_id")
    return states


def _difference(ours: dict[str, Any], theirs: dict[str, Any] | None) -> str:
    if theirs is None:
        return "it is not there"
    flat, read = ours | ours["memory"], theirs | theirs["memory"]
    differing = [name for name, value in flat.items() if name != "memory" and value != read.get(name)]
    return "; ".join(f"{name} is {flat[name]}, there {read.get(name)}" for name in differing)


INVARIANTS = (
    Invariant(
        id="J1",
        sentence="The journal holds what was told, and replaying what is on the disk makes the same orders.",
        looks=(((Quiet,), _makes_the_same_orders), ((Died,), _holds_what_was_told)),
    ),
)
