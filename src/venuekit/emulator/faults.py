"""Bad weather by switch: what can go wrong, how often, and where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, StrEnum

import msgspec

from venuekit.emulator.answer import Answer
from venuekit.emulator.connection import Frame, FrameKind
from venuekit.protocol.frozen import Frozen

__all__ = ["Fault", "FaultKind", "FaultReport", "FaultTable", "Site", "disturb", "mangle", "substitute"]

OVERSIZED = 5 * 1024 * 1024
"""Bytes of an oversized body or frame: above the 4 MiB that WebSocket libraries accept by default."""


class Site(StrEnum):
    """The place in the dialect that asks whether a fault is due; a text, whose hash costs nothing."""

    ANSWER = "answer"
    EXECUTION = "execution"
    """Between a good request and its answer; nothing of it is left out of the venue's limits."""
    ORDER_LIST = "order_list"
    ORDER_QUERY = "order_query"
    TRADE_QUERY = "trade_query"
    SNAPSHOT = "snapshot"
    CONNECT = "connect"
    SUBSCRIPTION = "subscription"
    MESSAGE = "message"
    FRAME = "frame"
    CONNECTION = "connection"
    SESSION = "session"


class FaultKind(Enum):
    """What goes wrong."""

    DELAY = "delay"
    """The answer comes `seconds` late."""
    HANG = "hang"
    """The answer never comes."""
    RESET = "reset"
    """The connection is reset after `count` bytes of the body (half of it by default)."""
    TRUNCATED_BODY = "truncated_body"
    """The connection is closed after `count` bytes of the body (half of it by default)."""
    OVERSIZED_BODY = "oversized_body"
    NOT_JSON = "not_json"
    HTML = "html"
    """A page with status 200 (or `status`)."""
    NOT_UTF8 = "not_utf8"
    SERVER_ERROR = "server_error"
    """`status`, 503 by default."""
    RATE_LIMITED = "rate_limited"
    """429 with `Retry-After` of `seconds`, or without the header when that is 0."""
    BANNED = "banned"
    """418 for `seconds`."""
    FIREWALL = "firewall"
    """403 with a firewall's HTML."""
    NOT_EXECUTED = "not_executed"
    """The request is not executed; its answer says, with `status`, that its outcome is unknown."""
    OUTCOME_UNKNOWN = "outcome_unknown"
    """The request is executed; its answer says, with `status`, that its outcome is unknown."""
    REPEATED = "repeated"
    """Somebody on the way sends a command once more, and hands on what that one was told: that an order of
    this id is there already, or none to be cancelled. A new order is repeated only where it rests."""
    LOST_REQUEST = "lost_request"
    """The request is not executed; `seconds` later the connection is reset without a byte of an answer."""
    STALE_OPEN_ORDERS = "stale_open_orders"
    """The list of open orders is `seconds` old."""
    LAGGING_ORDERS = "lagging_orders"
    """An order younger than `seconds` is not known to those who query it."""
    TRADES_REFUSED = "trades_refused"
    """A question for trades is answered as if the key could not ask it."""
    STALE_SNAPSHOT = "stale_snapshot"
    """A book snapshot as it was `count` ids ago."""
    CACHED_SNAPSHOT = "cached_snapshot"
    """A book snapshot that is made anew only every `seconds`."""
    CONNECT_REFUSED = "connect_refused"
    """The WebSocket handshake is answered with `status`, 503 by default."""
    SUBSCRIPTION_REFUSED = "subscription_refused"
    ACKNOWLEDGED_SILENT = "acknowledged_silent"
    """A subscription is acknowledged and then delivers nothing."""
    NO_ACKNOWLEDGEMENT = "no_acknowledgement"
    LATE_ACKNOWLEDGEMENT = "late_acknowledgement"
    """The acknowledgement comes after `seconds`, data at once."""
    GAP = "gap"
    """A book difference is not sent; nor is an event of a user data stream, where `path` names it."""
    DUPLICATE = "duplicate"
    """A book difference, or an event of a user data stream that `path` names, is sent twice."""
    SWAP = "swap"
    """A book difference, or an event of a user data stream that `path` names, is sent after its successor."""
    CROSSED = "crossed"
    """A book difference bids above the best ask."""
    SILENCE = "silence"
    """Nothing is sent; pings are answered. On user data streams where `path` names them."""
    LATE_MESSAGE = "late_message"
    """An event of a user data stream that `path` names is sent `seconds` late, its successors in time."""
    UNKNOWN_FRAME = "unknown_frame"
    FRAME_NOT_JSON = "frame_not_json"
    FRAME_NOT_UTF8 = "frame_not_utf8"
    OVERSIZED_FRAME = "oversized_frame"
    BINARY_FRAME = "binary_frame"
    TRUNCATED_FRAME = "truncated_frame"
    DISCONNECT = "disconnect"
    """Connections are closed with `code` (1001 by default) and `reason`."""
    ABORT = "abort"
    """Connections are reset without a close frame."""
    MUTE = "mute"
    """Connections are open and say nothing any more, to pings neither: the other end is gone unheard."""
    SHUTDOWN = "shutdown"
    """The venue announces its shutdown and closes the connections `seconds` later."""
    SESSION_EXPIRED = "session_expired"
    """User data streams end with the venue's word for it, and whoever logged on is logged out."""


class Fault(Frozen, forbid_unknown_fields=True):
    """One thing that goes wrong, `times` times (None: until cleared), after `skip` chances were let go.

    `symbol` and `path` limit it to a market (the venue's word) and to a REST path, a method of a WebSocket
    API, a stream's name or a stream's kind; of a user data stream also to a type of event or an account.
    What the other fields mean is said where the kinds are listed.
    """

    kind: FaultKind
    symbol: str | None = None
    path: str | None = None
    times: int | None = 1
    skip: int = 0
    seconds: float = 0.0
    count: int | None = None
    status: int | None = None
    code: int | None = None
    reason: str = ""


class FaultReport(Frozen):
    """A fault and how often it has fired."""

    fault: Fault
    fired: int
    is_armed: bool


_SITES: Mapping[Site, tuple[FaultKind, ...]] = {
    Site.ANSWER: (
        FaultKind.DELAY,
        FaultKind.HANG,
        FaultKind.RESET,
        FaultKind.TRUNCATED_BODY,
        FaultKind.OVERSIZED_BODY,
        FaultKind.NOT_JSON,
        FaultKind.HTML,
        FaultKind.NOT_UTF8,
        FaultKind.SERVER_ERROR,
        FaultKind.RATE_LIMITED,
        FaultKind.BANNED,
        FaultKind.FIREWALL,
        FaultKind.LOST_REQUEST,
    ),
    Site.EXECUTION: (FaultKind.NOT_EXECUTED, FaultKind.OUTCOME_UNKNOWN, FaultKind.REPEATED),
    Site.ORDER_LIST: (FaultKind.STALE_OPEN_ORDERS,),
    Site.ORDER_QUERY: (FaultKind.LAGGING_ORDERS,),
    Site.TRADE_QUERY: (FaultKind.TRADES_REFUSED,),
    Site.SNAPSHOT: (FaultKind.STALE_SNAPSHOT, FaultKind.CACHED_SNAPSHOT),
    Site.CONNECT: (FaultKind.CONNECT_REFUSED,),
    Site.SUBSCRIPTION: (
        FaultKind.SUBSCRIPTION_REFUSED,
        FaultKind.ACKNOWLEDGED_SILENT,
        FaultKind.NO_ACKNOWLEDGEMENT,
        FaultKind.LATE_ACKNOWLEDGEMENT,
    ),
    Site.MESSAGE: (
        FaultKind.GAP,
        FaultKind.DUPLICATE,
        FaultKind.SWAP,
        FaultKind.CROSSED,
        FaultKind.SILENCE,
        FaultKind.LATE_MESSAGE,
    ),
    Site.FRAME: (
        FaultKind.UNKNOWN_FRAME,
        FaultKind.FRAME_NOT_JSON,
        FaultKind.FRAME_NOT_UTF8,
        FaultKind.OVERSIZED_FRAME,
        FaultKind.BINARY_FRAME,
        FaultKind.TRUNCATED_FRAME,
    ),
    Site.CONNECTION: (FaultKind.DISCONNECT, FaultKind.ABORT, FaultKind.MUTE, FaultKind.SHUTDOWN),
    Site.SESSION: (FaultKind.SESSION_EXPIRED,),
}
SITE_OF: Mapping[FaultKind, Site] = {kind: site for site, kinds in _SITES.items() for kind in kinds}
_BOOK_DIFFERENCES_ONLY = (FaultKind.GAP, FaultKind.DUPLICATE, FaultKind.SWAP, FaultKind.CROSSED)
_USER_EVENTS_ONLY = (FaultKind.LATE_MESSAGE,)


class _Switch:
    """A fault with its counts; a fault without `times` stays armed until it is cleared."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.skipped = 0
        self.fired = 0

    @property
    def is_armed(self) -> bool:
        return self.fault.times is None or self.fired < self.fault.times

    def fits(self, symbols: Sequence[str], paths: Sequence[str]) -> bool:
        fault = self.fault
        return (fault.symbol is None or fault.symbol in symbols) and (
            fault.path is None or fault.path in paths
        )


class FaultTable:
    """The faults of one venue, in the order in which they were added."""

    def __init__(self) -> None:
        self._switches: dict[Site, list[_Switch]] = {site: [] for site in Site}

    def add(self, fault: Fault) -> None:
        """Arm a fault."""
        self._switches[SITE_OF[fault.kind]].append(_Switch(fault))

    def remove(self, fault: Fault) -> int:
        """Disarm one fault, and forget it; how often it had fired."""
        switches = self._switches[SITE_OF[fault.kind]]
        for place, switch in enumerate(switches):
            if switch.fault is fault:
                return switches.pop(place).fired
        return 0

    def clear(self) -> None:
        """Disarm everything and forget the counts."""
        for switches in self._switches.values():
            switches.clear()

    def awaits(self, site: Site) -> bool:
        """Whether any fault may strike at this site, so that asking for one is worth its while."""
        return bool(self._switches[site])

    def take(
        self,
        site: Site,
        symbols: Sequence[str] = (),
        paths: Sequence[str] = (),
        *,
        is_book_difference: bool = False,
        is_user_event: bool = False,
    ) -> Fault | None:
        """The first armed fault that fits what is about to happen at this site; it counts as fired.

        A user data stream's event has to be named by a path: what is said of all streams means the public.
        """
        for switch in self._switches[site]:
            if not switch.is_armed or not switch.fits(symbols, paths):
                continue
            fault = switch.fault
            if is_user_event:
                if fault.path is None or fault.kind is FaultKind.CROSSED:
                    continue
            elif fault.kind in _USER_EVENTS_ONLY or (
                fault.kind in _BOOK_DIFFERENCES_ONLY and not is_book_difference
            ):
                continue
            if switch.skipped < switch.fault.skip:
                switch.skipped += 1
                continue
            switch.fired += 1
            return switch.fault
        return None

    def reports(self) -> list[FaultReport]:
        """Every fault since the last `clear`, armed or spent."""
        return [
            FaultReport(fault=switch.fault, fired=switch.fired, is_armed=switch.is_armed)
            for switches in self._switches.values()
            for switch in switches
        ]


_PAGE = b"<!DOCTYPE html><html><head><title>%s</title></head><body><h1>%s</h1></body></html>"
_MAINTENANCE = _PAGE % (b"Maintenance", b"We will be back soon")
_FORBIDDEN = _PAGE % (b"ERROR: The request could not be satisfied", b"403 ERROR")


def _padding() -> bytes:
    return b'{"padding":"' + b"x" * OVERSIZED + b'"}'


_SUBSTITUTES: Mapping[FaultKind, Callable[[Fault], Answer]] = {
    FaultKind.LOST_REQUEST: lambda fault: Answer(delay=fault.seconds, is_lost=True),
    FaultKind.OVERSIZED_BODY: lambda _: Answer(body=_padding()),
    FaultKind.NOT_JSON: lambda _: Answer(body=b'{"code":'),
    FaultKind.NOT_UTF8: lambda _: Answer(body=b'{"msg":"\xff\xfe\xfa"}'),
    FaultKind.HTML: lambda fault: Answer(
        status=fault.status or 200, body=_MAINTENANCE, content_type="text/html"
    ),
    FaultKind.FIREWALL: lambda _: Answer(status=403, body=_FORBIDDEN, content_type="text/html"),
}


def substitute(fault: Fault) -> Answer | None:
    """The answer that is sent in place of the true one; None: this fault wants the true one."""
    make = _SUBSTITUTES.get(fault.kind)
    return None if make is None else make(fault)


def disturb(fault: Fault, answer: Answer) -> Answer:
    """The true answer with what the shell has to do to it."""
    cut = len(answer.body) // 2 if fault.count is None else fault.count
    orders: Mapping[FaultKind, Mapping[str, object]] = {
        FaultKind.DELAY: {"delay": fault.seconds},
        FaultKind.HANG: {"delay": float("inf")},
        FaultKind.RESET: {"cut_after": cut, "abort": True},
        FaultKind.TRUNCATED_BODY: {"cut_after": cut},
    }
    return msgspec.structs.replace(answer, **orders.get(fault.kind, {}))


_FRAMES: Mapping[FaultKind, Callable[[bytes], Frame]] = {
    FaultKind.UNKNOWN_FRAME: lambda _: Frame(payload=b'{"e":"neverDocumented","E":0,"s":"NOBODY"}'),
    FaultKind.FRAME_NOT_JSON: lambda _: Frame(payload=b"<<not json>>"),
    FaultKind.FRAME_NOT_UTF8: lambda payload: Frame(payload=b"\xff\xfe" + payload),
    FaultKind.OVERSIZED_FRAME: lambda _: Frame(payload=_padding()),
    FaultKind.BINARY_FRAME: lambda payload: Frame(payload=payload, kind=FrameKind.BINARY),
    FaultKind.TRUNCATED_FRAME: lambda payload: Frame(payload=payload[: len(payload) // 2]),
}


def mangle(fault: Fault, payload: bytes) -> Frame:
    """The frame that is sent in place of a good one."""
    return _FRAMES[fault.kind](payload)
