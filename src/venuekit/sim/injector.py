"""Brings the plan about: hands each disturbance, at its moment, to whoever can do that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Protocol

from venuekit.emulator.dialect import Dialect
from venuekit.emulator.order import OrderKind, OrderRequest, OrderStatus
from venuekit.emulator.order_record import OrderRecord
from venuekit.seams.fault_point import FaultPoint
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.host import Host
from venuekit.sim.kernel import Kernel
from venuekit.sim.listener import Listener
from venuekit.sim.stage import Mood
from venuekit.sim.trace import Lane

__all__ = ["Disturbable", "Injector"]

_D = DisturbanceKind
_DISK = frozenset({_D.DISK_FULL, _D.DISK_READ_ONLY, _D.WRITE_FAILS, _D.SYNC_FAILS, _D.SYNC_SLOW})


class Disturbable(Protocol):
    """A network, or a disk, that can be disturbed; `fired` counts what struck by its name."""

    fired: Counter[str]

    def disturb(self, disturbance: Disturbance) -> None:
        """Begin."""
        ...

    def calm(self, disturbance: Disturbance) -> None:
        """End; one that is not under way is left alone."""
        ...


class Injector:
    """What is wrong in a world at a moment. `revive` begins a new life of the trader's host; `by_hand` is
    told the client ids of orders that are not the trader's.

    `fired` counts what it did itself; the network, the disk and the venue count for themselves.
    """

    def __init__(
        self,
        kernel: Kernel,
        trader: Host,
        dialect: Dialect,
        network: Disturbable,
        disk: Disturbable,
        listener: Listener,
        mood: Mood,
        account: str,
        revive: Callable[[], None],
        by_hand: Callable[[str], None],
    ) -> None:
        self.kernel = kernel
        self.fired: Counter[str] = Counter()
        self._trader = trader
        self._dialect = dialect
        self._network = network
        self._disk = disk
        self._listener = listener
        self._mood = mood
        self._account = account
        self._revive = revive
        self._by_hand = by_hand
        self._chance = kernel.chance("injector")
        self._under_way: dict[int, Disturbance] = {}
        self._acts = self._table()

    def schedule(self, plan: tuple[Disturbance, ...]) -> None:
        """Set an alarm for each disturbance."""
        for number, one in enumerate(plan):
            self.kernel.at(one.at, lambda number=number, one=one: self._begin(number, one))  # type: ignore[misc]

    def calm(self) -> None:
        """End all that is under way."""
        for number in list(self._under_way):
            self._end(number)

    def _begin(self, number: int, one: Disturbance) -> None:
        text = f"{one.kind.value} {one.target}".rstrip() + (f", {one.venue.kind.value}" if one.venue else "")
        self.kernel.say(Lane.WORLD, "trouble", text, detail=repr(one))
        self._under_way[number] = one
        self._acting(one)[0](one)
        if one.kind in self._acts and one.kind not in (_D.VENUE_FAULT, _D.BIT_FLIP):
            self.fired[one.kind.value] += 1
        self.kernel.after(one.seconds, lambda: self._end(number))

    def _end(self, number: int) -> None:
        one = self._under_way.pop(number, None)
        if one is not None:
            self._acting(one)[1](one)
            if one.seconds:
                self.kernel.say(Lane.WORLD, "over", f"{one.kind.value} {one.target}".rstrip())

    def _acting(self, one: Disturbance) -> tuple[_Act, _Act]:
        if one.kind in self._acts:
            return self._acts[one.kind]
        owner = self._disk if one.kind in _DISK else self._network
        return owner.disturb, owner.calm

    def _table(self) -> Mapping[DisturbanceKind, tuple[_Act, _Act]]:
        """How each kind begins and ends that is brought about here."""
        return {
            _D.VENUE_FAULT: (self._add_fault, self._remove_fault),
            _D.VENUE_CLOCK: (self._skew_venue, self._unskew_venue),
            _D.HALT: (self._halt, self._unhalt),
            _D.UNSOLICITED_CANCEL: (self._cancel_some, _nothing),
            _D.FOREIGN_ORDER: (self._place_by_hand, _nothing),
            _D.DEPOSIT: (self._deposit, _nothing),
            _D.CLOCK_STEP: (lambda one: self._trader.clock.step(one.size), _nothing),
            _D.CLOCK_DRIFT: (
                lambda one: self._trader.clock.drift(one.size),
                lambda _: self._trader.clock.drift(0.0),
            ),
            _D.KILL: (self._kill, _nothing),
            _D.POWER_LOSS: (self._kill, _nothing),
            _D.BIT_FLIP: (self._rot, self._disk.calm),
            _D.STOP: (lambda one: self._mood.pauses.append(one.seconds), _nothing),
            _D.PAUSE: (self._pause, _nothing),
            _D.SLOW_TURNS: (
                lambda one: setattr(self._trader, "slow_turns", (one.share, one.size)),
                lambda _: setattr(self._trader, "slow_turns", (0.0, 0.0)),
            ),
            _D.CANCELLED_CALL: (
                lambda one: setattr(self._mood, "gives_up", (one.share, one.size)),
                lambda _: setattr(self._mood, "gives_up", (0.0, 0.0)),
            ),
            _D.SLOW_LISTENER: (
                lambda one: setattr(self._listener, "slowness", (one.share, one.size)),
                lambda _: setattr(self._listener, "slowness", (0.0, 0.0)),
            ),
            _D.FAILING_LISTENER: (
                lambda one: setattr(self._listener, "failing", one.share),
                lambda _: setattr(self._listener, "failing", 0.0),
            ),
            _D.FAULT_POINT: (self._arm, self._disarm),
        }

    # The venue.

    def _add_fault(self, one: Disturbance) -> None:
        if one.venue is not None:
            self._dialect.faults.add(one.venue)

    def _remove_fault(self, one: Disturbance) -> None:
        if one.venue is not None:
            fired = self._dialect.faults.remove(one.venue)
            self.fired[f"venue {one.venue.kind.value}"] += fired

    def _skew_venue(self, one: Disturbance) -> None:
        self._dialect.skew += one.size

    def _unskew_venue(self, one: Disturbance) -> None:
        self._dialect.skew -= one.size

    def _halt(self, one: Disturbance) -> None:
        self._set_status(one, "HALT")

    def _unhalt(self, one: Disturbance) -> None:
        self._set_status(one, "TRADING")

    def _set_status(self, one: Disturbance, status: str) -> None:
        try:
            self._dialect.set_status(one.target.replace("-", ""), status, self.kernel.wall)
        except ValueError:
            return  # this venue has no such switch

    # The account, by other hands.

    def _open_orders(self) -> list[OrderRecord]:
        records = self._dialect.desk.archive.orders(self._account)
        return [record for record in records if record.state.status in _OPEN]

    def _cancel_some(self, one: Disturbance) -> None:
        for record in self._open_orders():
            if self._chance.random() < one.share:
                self._dialect.desk.cancel(record.trading_pair, record.order_id, self.kernel.wall)

    def _place_by_hand(self, one: Disturbance) -> None:  # noqa: ARG002 - a table's row
        """What the account's owner does on the venue's own page."""
        markets = self._dialect.markets
        symbol = self._chance.choice(list(markets))
        instrument = markets[symbol].instrument
        bids = markets[symbol].snapshot(1).bids
        if not bids:
            return
        tick, step = Decimal(instrument.tick_size), Decimal(instrument.step_size)
        price = Decimal(bids[0][0]) * Decimal("0.97") // tick * tick
        client_id = f"web_{self._chance.getrandbits(40)}"
        self._by_hand(client_id)
        request = OrderRequest(
            account=self._account,
            is_buy=True,
            kind=OrderKind.LIMIT,
            amount=Decimal(30) / price // step * step,
            price=price,
            client_order_id=client_id,
        )
        self._dialect.place_by_hand(request, symbol, self.kernel.wall)

    def _deposit(self, one: Disturbance) -> None:
        amount = Decimal(str(one.size))
        desk = self._dialect.desk
        if amount >= 0:
            desk.deposit(self._account, one.target, amount, self.kernel.wall)
        else:
            desk.withdraw(self._account, one.target, -amount, self.kernel.wall)

    # The trader.

    def _kill(self, one: Disturbance) -> None:
        if not self._trader.is_alive:
            return
        self._trader.kill(power=one.kind is _D.POWER_LOSS)
        self.kernel.after(one.seconds, self._revive)

    def _rot(self, one: Disturbance) -> None:
        """Bits turn while the process is down; until a sound copy is there, no start may go on from them."""
        if self._trader.is_alive:
            self._disk.disturb(one)
            self._trader.kill()
            self.kernel.after(one.seconds / 3, self._revive)

    def _pause(self, one: Disturbance) -> None:
        if self._trader.is_alive:
            self._trader.pause(one.seconds, suspended=self._chance.random() < 0.5)

    def _arm(self, one: Disturbance) -> None:
        self.kernel.fault_points[FaultPoint[one.target]] = one.share

    def _disarm(self, one: Disturbance) -> None:
        self.kernel.fault_points.pop(FaultPoint[one.target], None)


_Act = Callable[[Disturbance], None]
_OPEN = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


def _nothing(_: Disturbance) -> None:
    """What happens once needs no end."""
