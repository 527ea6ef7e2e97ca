"""A world that is none: marks, firings and violations from the seed, for what runs worlds and shows them."""

from __future__ import annotations

import json
import os
import signal
import time

from venuekit.seams import chance
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.options import WorldOptions
from venuekit.sim.trace import Lane, Trace
from venuekit.sim.verdict import Verdict, Violation

__all__ = ["CRASHING", "FAILING", "HANGING", "LEAKING", "simulate"]

FAILING, CRASHING, HANGING, LEAKING = 1_013, 1_021, 1_031, 1_039
"""Seeds that end badly: in a violation, in a signal, never, and differently each time."""
_K = DisturbanceKind
_KINDS = (_K.REPLY_LOST, _K.LATENCY, _K.KILL, _K.PARTITION, _K.SYNC_SLOW, _K.VENUE_CLOCK, _K.CLOCK_STEP)


def plan_of(options: WorldOptions) -> tuple[Disturbance, ...]:
    """Everything that goes wrong in the toy."""
    draw = chance.seeded(f"{options.seed}/plan")
    made = [
        Disturbance(
            kind=draw.choice(_KINDS),
            at=round(draw.uniform(0, options.seconds * 0.9), 3),
            seconds=round(draw.uniform(0.5, 20), 3),
            target=draw.choice(("", "trader>venue")),
            share=round(draw.random(), 2),
        )
        for _ in range(options.troubles)
    ]
    return tuple(sorted(made, key=lambda one: one.at))


def simulate(
    options: WorldOptions, plan: tuple[Disturbance, ...] | None = None, *, keeps_trace: bool = False
) -> Verdict:
    """Pretend; a seed that fails does so after its first lost reply."""
    if options.seed == CRASHING:
        os.kill(os.getpid(), signal.SIGSEGV)
    if options.seed == HANGING:
        time.sleep(3_600)
    plan = plan_of(options) if plan is None else plan
    trace = Trace(keeps=keeps_trace)
    draw = chance.seeded(f"{options.seed}/trade")
    fired: dict[str, int] = {}
    moments = sorted(draw.uniform(0, options.seconds) for _ in range(int(options.seconds / options.pause)))
    disturbances = list(plan)
    dead_until, life = -1.0, 1
    trace.mark(0.0, "world", Lane.WORLD, "started", "venue, life 1")
    trace.mark(0.0, "world", Lane.WORLD, "started", "trader, life 1")
    for number, moment in enumerate(moments):
        while disturbances and disturbances[0].at <= moment:
            disturbance = disturbances.pop(0)
            fired[disturbance.kind.value] = fired.get(disturbance.kind.value, 0) + 1
            trace.mark(disturbance.at, "world", Lane.WORLD, "fault", disturbance.kind.value)
            if disturbance.kind is _K.KILL and dead_until < disturbance.at:
                trace.mark(disturbance.at, "world", Lane.WORLD, "killed", f"trader, life {life}")
                dead_until = disturbance.end
        if moment < dead_until:
            continue
        if dead_until > 0:
            life += 1
            trace.mark(dead_until, "world", Lane.WORLD, "started", f"trader, life {life}")
            dead_until = -1.0
        _trade(trace, moment, f"vk{options.seed % 997:03}a{number:06}", draw.random())
    if options.seed == LEAKING:
        trace.mark(options.seconds, "trader", Lane.CONNECTOR, "event", os.urandom(8).hex())
    lost = [one for one in plan if one.kind is _K.REPLY_LOST]
    broken = (
        (Violation(invariant="O2", time=lost[0].end, text="an order of 0.01 BTC is on the venue twice"),)
        if options.seed == FAILING and lost
        else ()
    )
    return Verdict(
        options=options,
        plan=plan,
        violations=broken,
        digest=trace.digest(),
        fired=fired,
        seconds=options.seconds,
        figures={"orders": len(moments), "fills": len(moments) // 2, "lives": life},
        marks=tuple(trace.marks),
    )


def _trade(trace: Trace, moment: float, name: str, share: float) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "price": "60000.10", "quantity": "0.01000"}
    asked = trace.mark(moment, "trader", Lane.STRATEGY, "buy", f"BTC-USDT 0.01 at 60000.10, {name}")
    kept = trace.mark(moment + 0.0004, "trader", Lane.DISK, "append", f"intent {name}", link=asked)
    signed = trace.mark(moment + 0.0007, "trader", Lane.CONNECTOR, "sending", f"POST order {name}", link=kept)
    trace.mark(moment + 0.0011, "trader", Lane.DISK, "sync", "journal, 2 records", link=kept)
    query = "&".join(f"{key}={value}" for key, value in order.items())
    sent = trace.mark(
        moment + 0.021,
        "venue",
        Lane.WIRE,
        "request",
        f"POST /order {name}",
        f"{query}&id={name}",
        link=signed,
    )
    taken = trace.mark(moment + 0.0212, "venue", Lane.VENUE, "taken", f"order 8{share * 1e9:.0f}", link=sent)
    body = json.dumps(order | {"orderId": int(share * 1e9), "clientOrderId": name, "fills": [], "ok": True})
    answered = trace.mark(moment + 0.0214, "venue", Lane.WIRE, "answer", f"200 {name}", body, link=sent)
    told = trace.mark(
        moment + 0.043, "trader", Lane.CONNECTOR, "event", f"BuyOrderCreated {name}", link=answered
    )
    trace.mark(moment + 0.0431, "trader", Lane.STRATEGY, "event", f"BuyOrderCreated {name}", link=told)
    if share > 0.5:
        frame = trace.mark(moment + 1.3, "venue", Lane.WIRE, "frame", f"trade {name}", body, link=taken)
        trace.mark(moment + 1.321, "trader", Lane.STRATEGY, "event", f"OrderFilled {name} <b>", link=frame)
