"""The plan of everything that goes wrong in a world, from its options."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from venuekit.connector.trading_policy import OrderEntry
from venuekit.emulator.act import Act
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.journal.writer import Durability
from venuekit.protocol.frozen import Frozen
from venuekit.seams import chance
from venuekit.seams.chance import Chance
from venuekit.seams.fault_point import FaultPoint
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.options import Profile, Weather, WorldOptions

__all__ = ["kinds_of", "plan_of"]

Range = tuple[float, float]
Paths = Mapping[Act, tuple[str, ...]]

TRADER, VENUE = "trader", "venue"
_ALL = frozenset(Weather)
_ROUGH = frozenset({Weather.ROUGH, Weather.HOSTILE})
_HOSTILE = frozenset({Weather.HOSTILE})
_BOTH = frozenset(Profile)
_WIRE = frozenset({Profile.WIRE})
_DIRECT = frozenset({Profile.DIRECT})
_WAYS = ("", f"{TRADER}>{VENUE}", f"{VENUE}>{TRADER}")


class _Row(Frozen):
    """How one kind of disturbance may come: ranges are drawn from evenly, `weight` is its share of all."""

    kind: DisturbanceKind
    seconds: Range = (0.0, 0.0)
    share: Range = (1.0, 1.0)
    size: Range = (0.0, 0.0)
    targets: tuple[str, ...] = ("",)
    weathers: frozenset[Weather] = _ALL
    profiles: frozenset[Profile] = _BOTH
    weight: float = 1.0


_D = DisturbanceKind
_ROWS: Sequence[_Row] = (
    _Row(kind=_D.LATENCY, seconds=(1, 30), size=(0.05, 3.0), targets=_WAYS, weight=2),
    _Row(kind=_D.LOSS, seconds=(1, 30), share=(0.01, 0.3), targets=_WAYS, profiles=_WIRE),
    _Row(kind=_D.BANDWIDTH, seconds=(2, 15), size=(5_000, 200_000), targets=_WAYS, profiles=_WIRE),
    _Row(kind=_D.DRIP, seconds=(1, 20), size=(1, 400), targets=_WAYS, profiles=_WIRE),
    _Row(kind=_D.PARTITION, seconds=(1, 45), targets=_WAYS, weathers=_ROUGH, weight=2),
    _Row(kind=_D.HALF_OPEN, seconds=(1, 60), weathers=_ROUGH),
    _Row(kind=_D.RESET, seconds=(1, 20), share=(0.01, 0.3), targets=_WAYS, weight=2),
    _Row(kind=_D.CLOG, seconds=(1, 10), size=(0.2, 8.0), weathers=_ROUGH),
    _Row(kind=_D.BACK_PRESSURE, seconds=(1, 20), targets=_WAYS[1:], profiles=_WIRE),
    _Row(kind=_D.REFUSED, seconds=(1, 30), share=(0.3, 1.0)),
    _Row(kind=_D.UNREACHABLE, seconds=(1, 30), share=(0.3, 1.0), weathers=_ROUGH),
    _Row(kind=_D.DNS_FAILURE, seconds=(1, 60), share=(0.5, 1.0)),
    _Row(kind=_D.DNS_SLOW, seconds=(1, 30), size=(0.5, 8.0), profiles=_WIRE),
    _Row(kind=_D.DNS_WRONG, seconds=(1, 20), profiles=_WIRE, weathers=_ROUGH),
    _Row(kind=_D.TLS_FAILURE, seconds=(1, 30), share=(0.3, 1.0)),
    _Row(kind=_D.REQUEST_LOST, seconds=(1, 20), share=(0.05, 0.5), weight=2),
    _Row(kind=_D.REPLY_LOST, seconds=(1, 20), share=(0.05, 0.7), weight=3),
    _Row(kind=_D.REPLY_LATE, seconds=(1, 20), share=(0.1, 0.7), size=(1.0, 15.0), weight=2),
    _Row(kind=_D.REQUEST_TWICE, seconds=(1, 20), share=(0.1, 0.7), profiles=_DIRECT),
    _Row(kind=_D.KEEP_ALIVE_CLOSED, seconds=(1, 30), share=(0.1, 0.9)),
    _Row(kind=_D.VENUE_FAULT, seconds=(3, 30), weight=22),
    _Row(kind=_D.VENUE_CLOCK, seconds=(5, 40), size=(-4.0, 4.0), weathers=_ROUGH),
    _Row(kind=_D.VENUE_RESTART, seconds=(0.2, 20), weathers=_ROUGH),
    _Row(kind=_D.HALT, seconds=(2, 30)),
    _Row(kind=_D.UNSOLICITED_CANCEL, share=(0.2, 1.0), weight=2),
    _Row(kind=_D.FOREIGN_ORDER, weight=2),
    _Row(kind=_D.DEPOSIT, size=(-0.5, 1.0)),
    _Row(kind=_D.CLOCK_STEP, size=(-5.0, 5.0), weathers=_ROUGH),
    _Row(kind=_D.CLOCK_DRIFT, seconds=(5, 60), size=(-500, 500)),
    _Row(kind=_D.KILL, seconds=(0.1, 20), weight=4),
    _Row(kind=_D.POWER_LOSS, seconds=(1, 30), weathers=_ROUGH, weight=2),
    _Row(kind=_D.STOP, seconds=(0.1, 10), weight=2),
    _Row(kind=_D.PAUSE, seconds=(0.2, 40), weathers=_ROUGH),
    _Row(kind=_D.SLOW_TURNS, seconds=(2, 20), share=(0.001, 0.05), size=(0.02, 0.3)),
    _Row(kind=_D.CANCELLED_CALL, seconds=(5, 40), share=(0.1, 0.8), size=(0.0, 1.0)),
    _Row(kind=_D.SLOW_LISTENER, seconds=(2, 20), share=(0.01, 0.3), size=(0.01, 1.0)),
    _Row(kind=_D.FAILING_LISTENER, seconds=(2, 40), share=(0.05, 0.7)),
    _Row(kind=_D.DISK_FULL, seconds=(0.5, 20), weathers=_HOSTILE),
    _Row(kind=_D.WRITE_FAILS, seconds=(0.5, 10), share=(0.02, 0.5), weathers=_HOSTILE),
    _Row(kind=_D.SYNC_FAILS, seconds=(0.5, 10), share=(0.05, 0.5), weathers=_HOSTILE),
    _Row(kind=_D.SYNC_SLOW, seconds=(1, 20), size=(0.05, 2.0)),
    _Row(kind=_D.DISK_READ_ONLY, seconds=(0.5, 20), weathers=_HOSTILE),
    _Row(kind=_D.BIT_FLIP, seconds=(3, 20), targets=(".journal",), weathers=_HOSTILE),
    _Row(kind=_D.FAULT_POINT, seconds=(1, 30), share=(0.05, 1.0), weight=2),
)


class _VenueRow(Frozen):
    """How one of the emulator's faults may come. `acts` are what it may be aimed at; empty: at everything."""

    kind: FaultKind
    acts: tuple[Act, ...] = ()
    aimed: bool = False
    """Only with an act: it would otherwise mean the public streams."""
    seconds: Range = (0.0, 0.0)
    statuses: tuple[int | None, ...] = (None,)
    codes: tuple[int | None, ...] = (None,)
    counts: tuple[int | None, ...] = (None,)
    times: tuple[int | None, ...] = (1, 1, 2, 5)
    skip: int = 3


_COMMANDS = (Act.PLACE, Act.PLACE, Act.PLACE, Act.CANCEL, Act.AMEND)
_ASKED = (Act.PLACE, Act.PLACE, Act.CANCEL, Act.AMEND, Act.ORDER_QUERY)
_EVENTS = (Act.NEW_EVENTS, Act.FILL_EVENTS)
_F = FaultKind
_VENUE_ROWS: Sequence[_VenueRow] = (
    _VenueRow(kind=_F.DELAY, acts=_ASKED, seconds=(0.5, 15.0)),
    _VenueRow(kind=_F.HANG, acts=_ASKED),
    _VenueRow(kind=_F.RESET, acts=_ASKED, counts=(None, 0, 1)),
    _VenueRow(kind=_F.TRUNCATED_BODY, acts=_ASKED),
    _VenueRow(kind=_F.OVERSIZED_BODY, acts=_ASKED, times=(1,)),
    _VenueRow(kind=_F.NOT_JSON, acts=_ASKED),
    _VenueRow(kind=_F.HTML, acts=_ASKED, statuses=(None, 502)),
    _VenueRow(kind=_F.NOT_UTF8, acts=_ASKED),
    _VenueRow(kind=_F.SERVER_ERROR, acts=_ASKED, statuses=(500, 502, 503, 504)),
    _VenueRow(kind=_F.RATE_LIMITED, acts=_ASKED, seconds=(0.0, 5.0)),
    _VenueRow(kind=_F.BANNED, acts=_ASKED, seconds=(1.0, 20.0), times=(1,)),
    _VenueRow(kind=_F.FIREWALL, acts=_ASKED),
    _VenueRow(kind=_F.LOST_REQUEST, acts=_ASKED, seconds=(0.0, 12.0)),
    _VenueRow(kind=_F.NOT_EXECUTED, acts=_COMMANDS, aimed=True, statuses=(500, 503, 504)),
    _VenueRow(kind=_F.OUTCOME_UNKNOWN, acts=_COMMANDS, aimed=True, statuses=(500, 503, 504), skip=1),
    _VenueRow(kind=_F.REPEATED, acts=(Act.PLACE, Act.PLACE, Act.CANCEL), aimed=True, skip=1),
    _VenueRow(kind=_F.STALE_OPEN_ORDERS, seconds=(0.1, 4.5), times=(1, 3, None)),
    _VenueRow(kind=_F.LAGGING_ORDERS, seconds=(0.1, 4.5), times=(1, 3, None)),
    _VenueRow(kind=_F.TRADES_REFUSED),
    _VenueRow(kind=_F.STALE_SNAPSHOT, counts=(None, 1, 5, 200)),
    _VenueRow(kind=_F.CACHED_SNAPSHOT, seconds=(0.5, 10.0), times=(2, 5)),
    _VenueRow(kind=_F.CONNECT_REFUSED, statuses=(503, 429, 403)),
    _VenueRow(kind=_F.SUBSCRIPTION_REFUSED),
    _VenueRow(kind=_F.ACKNOWLEDGED_SILENT),
    _VenueRow(kind=_F.NO_ACKNOWLEDGEMENT),
    _VenueRow(kind=_F.LATE_ACKNOWLEDGEMENT, seconds=(0.1, 8.0)),
    _VenueRow(kind=_F.GAP, acts=(*_EVENTS, Act.PRICES)),
    _VenueRow(kind=_F.GAP, acts=_EVENTS, aimed=True),
    _VenueRow(kind=_F.DUPLICATE, acts=_EVENTS),
    _VenueRow(kind=_F.SWAP, acts=_EVENTS),
    _VenueRow(kind=_F.LATE_MESSAGE, acts=_EVENTS, aimed=True, seconds=(0.1, 6.0)),
    _VenueRow(kind=_F.CROSSED),
    _VenueRow(kind=_F.SILENCE, times=(20, 100, 400)),
    _VenueRow(kind=_F.SILENCE, acts=(*_EVENTS, Act.ACCOUNT_STREAM), aimed=True, times=(2, 10)),
    _VenueRow(kind=_F.UNKNOWN_FRAME),
    _VenueRow(kind=_F.FRAME_NOT_JSON),
    _VenueRow(kind=_F.FRAME_NOT_UTF8),
    _VenueRow(kind=_F.OVERSIZED_FRAME, times=(1,)),
    _VenueRow(kind=_F.BINARY_FRAME),
    _VenueRow(kind=_F.TRUNCATED_FRAME),
    _VenueRow(kind=_F.DISCONNECT, codes=(1000, 1001, 1008, 1011, 1012, 4001)),
    _VenueRow(kind=_F.ABORT),
    _VenueRow(kind=_F.SHUTDOWN, seconds=(0.5, 10.0), times=(1,)),
    _VenueRow(kind=_F.SESSION_EXPIRED, times=(1,)),
)

_AT_CONNECT = frozenset(
    {_D.REFUSED, _D.UNREACHABLE, _D.DNS_FAILURE, _D.DNS_SLOW, _D.DNS_WRONG, _D.TLS_FAILURE}
)
_AT_SUBSCRIPTION = frozenset(
    {
        _F.CONNECT_REFUSED,
        _F.SUBSCRIPTION_REFUSED,
        _F.ACKNOWLEDGED_SILENT,
        _F.NO_ACKNOWLEDGEMENT,
        _F.LATE_ACKNOWLEDGEMENT,
    }
)
_BREAKS = 0.7
"""How often a trouble of connecting finds somebody who has to connect."""

_SWARM = {Weather.CALM: 0.4, Weather.ROUGH: 0.6, Weather.HOSTILE: 0.85}
"""Which share of the kinds a seed may have at all: with all of them at once, some hide others."""


def plan_of(options: WorldOptions, paths: Paths) -> tuple[Disturbance, ...]:
    """What goes wrong when, in order of time.

    `paths` are the venue's own words for what faults aim at.
    """
    draw = chance.seeded(f"{options.seed}/plan")
    swarm = _SWARM[options.weather]
    rows = [row for row in _ROWS if _may_come(row, options) and draw.random() < swarm]
    faults = [row for row in _VENUE_ROWS if draw.random() < swarm]
    made = [
        _disturbance(draw, options, draw.choices(rows, [row.weight for row in rows])[0], faults, paths)
        for _ in range(options.troubles if rows else 0)
    ]
    plan = [one for one in made if one is not None]
    breaking = [one for one in plan if _waits_for_a_connect(one) and draw.random() < _BREAKS]
    plan += [more for one in breaking for more in _break(one)]
    return tuple(sorted(plan, key=lambda one: one.at))


def _waits_for_a_connect(one: Disturbance) -> bool:
    """Whether it strikes only where somebody connects, which a healthy stream does once a day."""
    return one.kind in _AT_CONNECT or (one.venue is not None and one.venue.kind in _AT_SUBSCRIPTION)


def _break(one: Disturbance) -> Iterator[Disturbance]:
    """Let the connections go, a moment after it began, and no new ones be kept for the next request."""
    fault, at = Fault(kind=_F.ABORT, times=3), round(one.at + 0.2, 3)
    yield Disturbance(kind=_D.VENUE_FAULT, at=at, seconds=min(one.seconds, 1.0), venue=fault)
    if one.kind in _AT_CONNECT:
        yield Disturbance(kind=_D.KEEP_ALIVE_CLOSED, at=at, seconds=one.seconds)


def kinds_of(profile: Profile, weathers: Iterable[Weather]) -> list[str]:
    """What may come in a profile and in some weathers, by the names under which it is counted."""
    fair = frozenset(weathers)
    rows = [row for row in _ROWS if profile in row.profiles and fair & row.weathers]
    own = [row.kind.value for row in rows if row.kind not in {_D.VENUE_FAULT, _D.FAULT_POINT}]
    venue = [f"venue {row.kind.value}" for row in _VENUE_ROWS]
    return [*dict.fromkeys((*own, *venue, *(point.name for point in FaultPoint)))]


def _may_come(row: _Row, options: WorldOptions) -> bool:
    """Whether a kind may come at all; what the caller chose not to survive does not happen."""
    if row.kind is _D.POWER_LOSS and options.durability is not Durability.POWER:
        return False
    return options.weather in row.weathers and options.profile in row.profiles


def _disturbance(
    draw: Chance,
    options: WorldOptions,
    row: _Row,
    faults: Sequence[_VenueRow],
    paths: Paths,
) -> Disturbance | None:
    seconds, at = draw.uniform(*row.seconds), draw.uniform(0.0, options.seconds)
    share, size, target = draw.uniform(*row.share), draw.uniform(*row.size), draw.choice(row.targets)
    fault = None
    if row.kind is _D.VENUE_FAULT:
        by_rest = options.order_entry is OrderEntry.REST
        fault = _fault(draw, draw.choice(faults), paths, goes_by_rest=by_rest) if faults else None
        if fault is None:
            return None
    elif row.kind is _D.HALT:
        target = draw.choice(options.pairs)
    elif row.kind is _D.DEPOSIT:
        target = draw.choice(options.pairs).partition("-")[0]
    elif row.kind is _D.FAULT_POINT:
        target = draw.choice([point.name for point in FaultPoint])
    return Disturbance(
        kind=row.kind,
        at=round(at, 3),
        # What lasts is over when healing begins.
        seconds=round(min(seconds, options.seconds - at), 3),
        target=target,
        share=round(share, 3),
        size=round(size, 3),
        venue=fault,
    )


def _fault(draw: Chance, row: _VenueRow, paths: Paths, *, goes_by_rest: bool) -> Fault | None:
    """One of the emulator's faults; None: it needs something to aim at, and this venue has no such thing."""
    known = [act for act in row.acts if paths.get(act)]
    path = None
    if known and (row.aimed or draw.random() < 0.7):
        names = paths[draw.choice(known)]
        # By HTTP first, over a WebSocket last: a fault on the way that nobody takes strikes nobody.
        usual = names[0] if goes_by_rest else names[-1]
        path = usual if draw.random() < 0.8 else draw.choice(names)
    elif row.aimed:
        return None
    return Fault(
        kind=row.kind,
        path=path,
        times=draw.choice(row.times),
        skip=draw.randint(0, row.skip),
        seconds=round(draw.uniform(*row.seconds), 3),
        count=draw.choice(row.counts),
        status=draw.choice(row.statuses),
        code=draw.choice(row.codes),
    )
