"""Liveness: once nothing is done to the world any more, everything comes right in bounded time."""

from __future__ import annotations

from collections.abc import Iterator

from venuekit.sim.invariants.invariant import Complaint, Invariant
from venuekit.sim.occasions import Ended, Quiet, Second, Stopped
from venuekit.sim.scene import Life, Scene
from venuekit.state.order_lifecycle import CancelRequest

__all__ = ["INVARIANTS"]

_MINUTE = 60.0


def _healed(scene: Scene) -> tuple[Life, float] | None:
    """The life that is on, and for how many seconds nothing was done to it; None: there is none, or is."""
    life, since = scene.present, scene.since_healed()
    if life is None or since is None or life.is_stopping:
        return None
    return life, min(since, scene.now - life.born_at)


# L1


def _doubts_end(scene: Scene, _: Second) -> Iterator[Complaint]:
    healed = _healed(scene)
    orders = None if healed is None else healed[0].orders
    if healed is None or orders is None:
        return
    life, seconds = healed
    auth = life.exchange.auth
    fence = life.fence.end_of_doubt(0.0, receive_window=None if auth is None else auth.receive_window)
    if fence is None:
        return
    longest = fence + 2 * life.fence.separation + scene.patience.beyond_fence
    if seconds <= longest:
        return
    for order in orders.orders_in_doubt:
        doubt = order.doubt
        if doubt is not None and scene.venue_now - doubt.since > longest:
            words = f"is in doubt for {scene.venue_now - doubt.since:.1f} s ({doubt.reason.value})"
            at_venue = scene.venue.order(order.client_order_id)
            yield Complaint(order.client_order_id, f"{words}; at the venue it is {at_venue or 'not there'}")


def _both_sides_agree(scene: Scene, _: Quiet) -> Iterator[Complaint]:
    life = scene.present
    if life is None or life.orders is None or not scene.is_settled(life):
        return
    for order in scene.venue.own_orders():
        ours = life.orders.active_orders.get(order.client_id)
        if order.is_open and ours is None:
            yield Complaint(order.client_id, f"is open at the venue ({order}), and not with us")
        elif ours is not None and not order.is_open:
            yield Complaint(
                order.client_id, f"is {order} at the venue, and {ours.current_state.name} with us"
            )
    for client_id, ours in life.orders.active_orders.items():
        if scene.venue.order(client_id) is None:
            yield Complaint(client_id, f"is {ours.current_state.name} with us, and not at the venue")


# L2, L3


def _books_are_live(scene: Scene, _: Second) -> Iterator[Complaint]:
    healed = _healed(scene)
    if healed is None or healed[1] <= scene.patience.books:
        return
    life = healed[0]
    if life.exchange.trading_pairs and not life.order_books():
        yield Complaint("books", f"there are none {healed[1]:.1f} s after all was well")
    for pair, book in life.order_books().items():
        if not book.is_live:
            yield Complaint(
                pair, f"is {book.status.value} ({book.reason}) {healed[1]:.1f} s after all was well"
            )


def _stream_is_heard(scene: Scene, _: Second) -> Iterator[Complaint]:
    healed = _healed(scene)
    if healed is None or healed[1] <= scene.patience.stream:
        return
    life, seconds = healed
    if not life.exchange.is_trading_required:
        return
    missing = [name for name, is_there in life.exchange.status_dict.items() if not is_there]
    if missing:
        yield Complaint("account", f"lacks {', '.join(missing)} {seconds:.1f} s after all was well")


def _somebody_gets_ready(scene: Scene, _: Second) -> Iterator[Complaint]:
    """A connector that cannot start is made anew again and again, and each is young."""
    healed_at, since = scene.healed_at, scene.since_healed()
    if healed_at is None or since is None or since <= scene.patience.start or scene.present is None:
        return
    if scene.ready_at is None or scene.ready_at < healed_at:
        yield Complaint("account", f"nobody was ready in {since:.1f} s in which all was well")


# L4


def _commands_are_concluded(scene: Scene, _: Second) -> Iterator[Complaint]:
    healed = _healed(scene)
    if healed is None or healed[1] <= scene.patience.command:
        return
    life = healed[0]
    for client_id, asked_at in life.placed.items():
        ours = life.order(client_id)
        if ours is None or not ours.is_pending_create or ours.is_done or ours.doubt is not None:
            continue
        if scene.now - asked_at > scene.patience.command:
            words = "is neither answered nor in doubt"
            yield Complaint(client_id, f"{words} {scene.now - asked_at:.1f} s after it was asked for")
    for client_id, asked_at in life.cancelled.items():
        ours = life.order(client_id)
        if ours is None or ours.is_done or ours.doubt is not None or ours.cancel is CancelRequest.NONE:
            continue
        if scene.now - asked_at > scene.patience.command:
            words = f"its cancel has no end {scene.now - asked_at:.1f} s after it was asked for"
            yield Complaint(client_id, f"{words}; at the venue it is {scene.venue.order(client_id)}")


# L5


def _stop_is_quick(scene: Scene, stopped: Stopped) -> Iterator[Complaint]:
    life = scene.lives[stopped.life]
    since = scene.since_healed()
    is_calm = since is not None and since > stopped.seconds
    patience = scene.patience.stop if is_calm else scene.patience.stop_in_trouble
    longest = life.exchange.trading_policy.stop_within + patience
    if stopped.seconds > longest:
        yield Complaint(f"life {life.number}", f"took {stopped.seconds:.1f} s to stop, {longest:g} s at most")
    orders = life.orders
    if orders is not None and set(life.exchange.left_open) != set(orders.active_orders):
        words = f"left {sorted(orders.active_orders)} open, and says {sorted(life.exchange.left_open)}"
        yield Complaint(f"life {life.number}", words)


def _stop_came_to_an_end(scene: Scene, _: Ended) -> Iterator[Complaint]:
    life = scene.present
    if life is not None and life.is_stopping:
        yield Complaint(f"life {life.number}", "was asked to stop, and has not")


# L6


def _nothing_turns_in_circles(scene: Scene, _: Second) -> Iterator[Complaint]:
    healed = _healed(scene)
    if healed is None or healed[1] <= scene.patience.books + _MINUTE:
        return
    for pair, glimpse in healed[0].books.items():
        times = sum(at > scene.now - _MINUTE for at in glimpse.resyncs)
        if times > scene.patience.resyncs:
            yield Complaint(pair, f"began anew {times} times within a minute in which all was well")


def _tries_come_slower(scene: Scene, _: Second) -> Iterator[Complaint]:
    life = scene.present
    if life is None or not life.order_books():
        return
    for pair, tracked in life.exchange.order_book_tracker.tracked.items():
        if tracked.attempts > scene.patience.attempts:
            yield Complaint(pair, f"was tried to be brought back {tracked.attempts} times in a row")


def _connects_are_few(scene: Scene, _: Second) -> Iterator[Complaint]:
    life = scene.present
    if life is None:
        return
    made = life.connects[-1] - life.connects[0]
    if made > scene.patience.connects:
        yield Complaint("streams", f"connected {made} times within a minute")


INVARIANTS = (
    Invariant(
        id="L1",
        sentence="Each doubt ends within the fence and one poll; where nothing happens any more, the same"
        " orders are open here and there.",
        looks=(((Second,), _doubts_end), ((Quiet,), _both_sides_agree)),
    ),
    Invariant(
        id="L2",
        sentence="All books are LIVE soon after all is well.",
        looks=(((Second,), _books_are_live),),
    ),
    Invariant(
        id="L3",
        sentence="The account's stream is up soon after all is well, and the connector is ready.",
        looks=(((Second,), _stream_is_heard), ((Second,), _somebody_gets_ready)),
    ),
    Invariant(
        id="L4",
        sentence="No command waits for ever: each is answered, refused or in doubt within its time.",
        looks=(((Second,), _commands_are_concluded),),
    ),
    Invariant(
        id="L5",
        sentence="A stop is done in bounded time, and says what it leaves open.",
        looks=(((Stopped,), _stop_is_quick), ((Ended,), _stop_came_to_an_end)),
    ),
    Invariant(
        id="L6",
        sentence="Nothing turns in circles: while all is well, no book begins anew again and again, and no"
        " stream ever connects again and again.",
        looks=(
            ((Second,), _nothing_turns_in_circles),
            ((Second,), _connects_are_few),
            ((Second,), _tries_come_slower),
        ),
    ),
)
