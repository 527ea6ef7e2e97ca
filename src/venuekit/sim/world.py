"""One world: a venue, a trader, what goes wrong between them, and what became of it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from venuekit.connector import connect as front_door
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.emulator.accounts import Customer
from venuekit.emulator.dialect import Dialect
from venuekit.emulator.factory import dialect_class, make_dialect
from venuekit.emulator.instruments import DEFAULT_INSTRUMENTS
from venuekit.sim.disk import SimDisk
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.front import Front, front_of
from venuekit.sim.host import Host
from venuekit.sim.injector import Injector
from venuekit.sim.kernel import Kernel
from venuekit.sim.listener import Listener
from venuekit.sim.options import WorldOptions
from venuekit.sim.oracle import Oracle
from venuekit.sim.replacement import replaced
from venuekit.sim.stage import Mood, Stage, Strategy
from venuekit.sim.strategy import standard_strategy
from venuekit.sim.trace import Lane, Trace
from venuekit.sim.venue import traced
from venuekit.sim.verdict import Verdict, Violation
from venuekit.sim.weather import TRADER, plan_of
from venuekit.web.auth import Credentials, Secret

__all__ = ["World", "simulate"]

_STOP_WITHIN = 60.0
"""Seconds in which a strategy that was told to end must have ended: a stop waits five for its commands."""
_LOGGERS = ("venuekit", "asyncio", "aiohttp")
_EXPECTED = ("a listener failed",)
"""Beginnings of what may be logged as an error: listeners that fail on purpose."""


def simulate(
    options: WorldOptions,
    plan: tuple[Disturbance, ...] | None = None,
    *,
    strategy: Strategy = standard_strategy,
    keeps_trace: bool = False,
) -> Verdict:
    """Run one world from its beginning to its end. Without a `plan` it is the one of the options' seed."""
    world = World(options, plan, strategy=strategy, keeps_trace=keeps_trace)
    kernel = world.kernel
    try:
        return world.run()
    finally:
        del world  # what it holds must be let go of before the dead are buried
        kernel.end()


class World:
    """A venue and a trader, both of them simulated, in the weather of a plan."""

    def __init__(
        self,
        options: WorldOptions,
        plan: tuple[Disturbance, ...] | None = None,
        *,
        strategy: Strategy = standard_strategy,
        keeps_trace: bool = False,
    ) -> None:
        self.options = options
        self.kernel = Kernel(options.seed, trace=Trace(keeps=keeps_trace))
        self.mood = Mood()
        self.dialect: Dialect = make_dialect(
            traced(dialect_class(options.venue), self.kernel),
            seed=options.seed,
            instruments=[each for each in DEFAULT_INSTRUMENTS if each.trading_pair in options.pairs],
            start_time=self.kernel.start,
            rate=options.rate,
        )
        self.customer: Customer = next(iter(self.dialect.customers.values()))
        self.front: Front = front_of(options, self.kernel, self.dialect)
        self.trader = Host(self.kernel, TRADER)
        self.trader.shuffles = options.shuffles
        self.trader.clock.step(options.skew)
        self.trader.clock.drift(options.drift)
        self.disk = SimDisk.of(self.trader)
        self.listener = Listener(self.kernel)
        self.plan = plan_of(options, self.dialect.acts) if plan is None else plan
        self.connectors = 0
        self.oracle = Oracle(
            self.dialect,
            account=self.customer.name,
            clock=lambda: self.kernel.now,
            wall=lambda: self.kernel.wall,
            disk=self.disk,
            trace=self.kernel.trace,
            counts=self._counts,
            expected_errors=_EXPECTED,
        )
        for invariant, why in _excuses(options, self.plan):
            self.oracle.excuse(invariant, why)
        self.trader.ended.append(self._gone)
        self._strategy = strategy
        self._injector = Injector(
            self.kernel,
            self.trader,
            self.dialect,
            self.front,
            self.disk,
            self.listener,
            self.mood,
            self.customer.name,
            self._revive,
            self.oracle.by_hand,
        )
        self.kernel.after_step.append(lambda: self.oracle.step(self.kernel.now))

    def run(self) -> Verdict:
        """Let it happen: trouble first, then healing, then the end."""
        stand_ins = {front_door.connect: self._connecting(front_door.connect), **self.front.stand_ins}
        with replaced(self.kernel, stand_ins), self._listening_to_logs():
            self._revive()
            self._injector.schedule(self.plan)
            self.kernel.run(self.options.seconds)
            self._heal()
            self._end()
            self.trader.kill()
            self.front.end()
        return self._verdict()

    # Phases.

    def _heal(self) -> None:
        """Nothing goes wrong any more: everything has to come to rest, and to agree."""
        self._injector.calm()
        self.mood.is_calm = True
        self.mood.pauses.clear()
        self.kernel.say(Lane.WORLD, "healing", "nothing goes wrong from here on")
        self._revive()
        self.oracle.healed()
        self.kernel.run_until(self._is_at_rest, self.options.healing)
        self.oracle.quiet()

    def _end(self) -> None:
        """The strategy is told to stop, and has to."""
        self.mood.ends = True
        self.kernel.run_until(lambda: not self.trader.is_alive, _STOP_WITHIN)
        if self.trader.is_alive:
            self.kernel.complaints.append(f"the strategy did not end within {_STOP_WITHIN:g} s")
        self.oracle.end()

    def _is_at_rest(self) -> bool:
        """Whether nothing is on its way any more, and both sides had the time to hear of all that was."""
        life = self.oracle.scene.present
        return life is not None and not self._has_orders(life.exchange) and self.oracle.scene.is_settled(life)

    def _has_orders(self, exchange: ExchangeBase) -> bool:
        return not exchange.ready or bool(exchange.trading.orders.active_orders)

    def _revive(self) -> None:
        """Begin another life of the trader, unless it lives."""
        if self.trader.is_alive:
            return
        stage = Stage(
            self.options,
            credentials_of(self.customer),
            self.front.url,
            self.kernel.chance(f"strategy {self.trader.life}"),
            self.mood,
        )
        self.trader.start(lambda: self._strategy(stage)).add_done_callback(self._ended)

    def _ended(self, task: Any) -> None:
        """The strategy's program returned, or failed: its process is over."""
        if not task.cancelled() and task.exception() is not None:
            self.kernel.complaints.append(f"the strategy failed: {task.exception()!r}")
        self.trader.leave()
        if not self.mood.ends:
            self.kernel.after(1.0, self._revive)

    # Looking.

    def _connecting(self, connect: Any) -> Any:
        """The front door, with somebody who looks who comes in."""

        def attended(*arguments: Any, **options: Any) -> ExchangeBase:
            options.setdefault("capture", self.listener.record)
            exchange: ExchangeBase = connect(*arguments, **options)
            self._gone(False)
            self.connectors += 1
            # The listener that may fail hears everything first: whom that must not concern comes after it.
            self.listener.attend(exchange)
            self.oracle.born(self.connectors, exchange)
            return exchange

        return attended

    def _gone(self, power: bool) -> None:
        """The connector that was there is there no longer."""
        if self.connectors:
            self.oracle.died(self.connectors, is_power_lost=power)

    def _counts(self) -> dict[str, int]:
        """What must not grow while nothing happens."""
        tasks = asyncio.all_tasks(self.trader.loop)
        connections = sum(task.get_name().startswith("stream ws") for task in tasks)
        return {"tasks": len(tasks), "files": self.disk.open_files, "connections": connections}

    @contextmanager
    def _listening_to_logs(self) -> Iterator[None]:
        """What is logged becomes part of the trace, and the oracle's."""
        handler = _LogHandler(self.kernel, self.oracle)
        loggers = [logging.getLogger(name) for name in _LOGGERS]
        before = [(logger.propagate, logger.level) for logger in loggers]
        for logger in loggers:
            logger.addHandler(handler)
            logger.propagate = False
            logger.setLevel(logging.INFO)
        try:
            yield
        finally:
            for logger, (propagates, level) in zip(loggers, before, strict=True):
                logger.removeHandler(handler)
                logger.propagate = propagates
                logger.setLevel(level)

    def _verdict(self) -> Verdict:
        archive, name = self.dialect.desk.archive, self.customer.name
        fired: Counter[str] = Counter()
        for source in (
            self.front.fired,
            self.disk.fired,
            self.listener.fired,
            self._injector.fired,
            self.kernel.struck,
        ):
            fired.update(source)
        return Verdict(
            options=self.options,
            plan=self.plan,
            violations=(
                *(
                    Violation(invariant=each.invariant, time=each.time, text=f"{each.about} {each.words}")
                    for each in self.oracle.violations
                ),
                *(
                    Violation(invariant="R4", time=self.kernel.now, text=complaint)
                    for complaint in self.kernel.complaints
                ),
            ),
            digest=self.kernel.trace.digest(),
            seconds=self.kernel.now,
            fired={kind: count for kind, count in sorted(fired.items()) if count},
            figures={
                "orders": len(archive.orders(name)),
                "fills": len(archive.fills(name)),
                "lives": self.trader.life,
                "connectors": self.connectors,
                "events": self.kernel.trace.counts["connector event"],
                "steps": self.kernel.steps,
            },
            marks=tuple(self.kernel.trace.marks),
        )


class _LogHandler(logging.Handler):
    """Hands records to the trace and to the oracle."""

    def __init__(self, kernel: Kernel, oracle: Oracle) -> None:
        super().__init__(logging.INFO)
        self._kernel = kernel
        self._oracle = oracle

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record."""
        self._kernel.say(Lane.CONNECTOR, f"log {record.levelname.lower()}", record.getMessage())
        self._oracle.logged(record)


def _excuses(options: WorldOptions, plan: tuple[Disturbance, ...]) -> Iterator[tuple[str, str]]:
    """The invariants that need not hold in a world, by limits that are known."""
    if options.pays_in_third_asset:
        yield "A2", "fees in a third asset may leave `available` too high for a moment"
    if any(one.kind is DisturbanceKind.VENUE_CLOCK for one in plan):
        yield "A2", "where the venue's clock steps back, a report may be taken for older than it is"


def credentials_of(customer: Customer) -> Credentials:
    """What a customer of the emulator signs with."""
    said = customer.credentials()
    secret, pem = said["api_secret"], said["private_key_pem"]
    return Credentials(
        said["api_key"],
        secret=None if secret is None else Secret(secret),
        private_key=None if pem is None else Secret(pem),
    )
