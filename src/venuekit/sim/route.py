"""One way between two hosts: how long what is sent on it takes, and what goes wrong with it."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING

from venuekit.protocol.frozen import Frozen
from venuekit.seams.chance import Chance
from venuekit.sim.disturbance import Disturbance, DisturbanceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venuekit.sim.host import Host

__all__ = ["Link", "Piece", "Route", "Verdict"]

_SEGMENT = 1448
"""Bytes of a full TCP segment on Ethernet: 1500 less 40 of headers and 12 of the time stamp option."""
_FAST_RETRANSMIT_SEGMENTS = 4
"""A loss is noticed after three more segments have arrived (RFC 5681, 3.2), otherwise by a timer."""
_RETRANSMISSION_SECONDS = 0.2
"""Linux's shortest retransmission timer, TCP_RTO_MIN; doubled with each try."""
_PIECES = 200
"""How many pieces of what was written at once are small under `DRIP`; the rest comes as one."""
_DRIP_SECONDS = 0.0005
"""The mean time between two small pieces: enough for each to be read alone."""
_QUESTION = b"GET "
_METHODS = (_QUESTION, b"POST", b"PUT ", b"DELE")
_ANSWER = b"HTTP/1.1 "
_SWITCHING = b"HTTP/1.1 101"
_UPGRADE = b"upgrade: websocket"


class Link(Frozen):
    """What a way between two hosts is like when nothing is wrong with it.

    Seconds that everything takes, the mean of what chance adds to them, the share of the segments that is
    lost, and bytes a second (None: no limit worth the name).
    """

    latency: float = 0.004
    jitter: float = 0.0008
    loss: float = 0.0
    bandwidth: float | None = None


class Verdict(Enum):
    """What is done to a connection beside carrying its bytes."""

    CARRIED = "carried"
    RESET = "reset"
    """Both ends are told that the connection is over."""
    CLOSED = "closed"
    """The sender finds that the receiver had closed, the receiver is reset."""
    REPEATED = "repeated"
    """Its bytes arrive on another connection as well."""


class Piece(Frozen):
    """A part of what was written at once, and when it arrives."""

    arrival: float
    content: bytes
    verdict: Verdict = Verdict.CARRIED


class Route:
    """One way between two hosts, with the disturbances that lie on it.

    `blocks` counts what keeps everything from passing, `deaf` what keeps its receiver from reading; a way
    that `is_plain` has nothing on it. `sent` numbers what is sent, `arrived` is the highest number that
    arrived. `fired` counts each kind of disturbance whenever it did something.
    """

    def __init__(self, source: Host, target: Host, link: Link, chance: Chance, fired: Counter[str]) -> None:
        self.source = source
        self.target = target
        self.link = link
        self.blocks = 0
        self.deaf = 0
        self.sent = 0
        self.arrived = 0
        self._chance = chance
        self._fired = fired
        self._active: dict[DisturbanceKind, Disturbance] = {}
        self.is_plain = True
        self._free_at = 0.0
        self._settle()

    def change(self, link: Link) -> None:
        """Be another way from now on."""
        self.link = link
        self._settle()

    def add(self, disturbance: Disturbance) -> None:
        """Let something go wrong; of one kind, the last one holds."""
        self._active[disturbance.kind] = disturbance
        self._settle()

    def remove(self, disturbance: Disturbance) -> None:
        """Let it go wrong no longer."""
        if self._active.get(disturbance.kind) is disturbance:
            del self._active[disturbance.kind]
            self._settle()

    def _settle(self) -> None:
        self.is_plain = not self._active and not self.link.loss and self.link.bandwidth is None

    def strikes(self, kind: DisturbanceKind) -> Disturbance | None:
        """The disturbance of a kind, if it lies on this way and its share falls on this case; it counts."""
        found = self._active.get(kind)
        if found is None or (found.share < 1.0 and self._chance.random() >= found.share):
            return None
        self._fired[kind.value] += 1
        return found

    def delay(self) -> float:
        """How long something small takes now, in seconds."""
        link = self.link
        took = link.latency + self._chance.expovariate(1.0) * link.jitter
        if self._active and (slow := self.strikes(DisturbanceKind.LATENCY)) is not None:
            took += slow.size * (1.0 + self._chance.random())
        return took

    def arrival(self, now: float, size: int) -> float:
        """When what is sent now arrives, if nothing that was sent before holds it up."""
        if self.is_plain:
            link = self.link
            return now + link.latency + self._chance.expovariate(1.0) * link.jitter
        moment = now
        limit = self._active.get(DisturbanceKind.BANDWIDTH)
        bandwidth = self.link.bandwidth if limit is None else limit.size
        if bandwidth is not None:
            if limit is not None:
                self._fired[DisturbanceKind.BANDWIDTH.value] += 1
            moment = self._free_at = max(now, self._free_at) + size / bandwidth
        return moment + self.delay() + self._retransmissions(size)

    def _retransmissions(self, size: int) -> float:
        """How much longer it takes because segments are lost and sent again."""
        loss = self._active.get(DisturbanceKind.LOSS)
        share = self.link.loss if loss is None else loss.share
        if not share:
            return 0.0
        segments = 1 + size // _SEGMENT
        took, timer = 0.0, _RETRANSMISSION_SECONDS
        lost = 1.0 - (1.0 - min(share, 0.95)) ** segments
        while self._chance.random() < lost:
            self._fired[DisturbanceKind.LOSS.value] += 1
            if segments >= _FAST_RETRANSMIT_SEGMENTS:
                took += 2 * self.link.latency
                segments = 1
            else:
                took += timer
                timer *= 2
            lost = share
        return took

    # What a connection's bytes meet.

    def pieces(self, content: bytes, now: float, *, is_first: bool) -> Iterator[Piece]:
        """What was written at once, as it arrives; `is_first`: nothing was written before on this way."""
        if self.is_plain:
            yield Piece(arrival=self.arrival(now, len(content)), content=content)
            return
        late = 0.0
        if content.startswith(_METHODS) and _UPGRADE not in content[:1024].lower():
            verdict = self._of_request(content, is_first=is_first)
            if verdict is not Verdict.CARRIED:
                passed = content if verdict is Verdict.REPEATED else b""
                yield Piece(arrival=self.arrival(now, len(passed)), content=passed, verdict=verdict)
                return
        elif content.startswith(_ANSWER) and not content.startswith(_SWITCHING):
            if self.strikes(DisturbanceKind.REPLY_LOST) is not None:
                yield Piece(arrival=self.arrival(now, 0), content=b"", verdict=Verdict.RESET)
                return
            if (slow := self.strikes(DisturbanceKind.REPLY_LATE)) is not None:
                late = slow.size
        if self.strikes(DisturbanceKind.RESET) is not None:
            passed = content[: self._chance.randint(0, len(content))]
            yield Piece(arrival=self.arrival(now, len(passed)), content=passed, verdict=Verdict.RESET)
            return
        yield from self._drip(content, self.arrival(now, len(content)) + late)

    def _of_request(self, content: bytes, *, is_first: bool) -> Verdict:
        if self.strikes(DisturbanceKind.REQUEST_LOST) is not None:
            return Verdict.RESET
        if not is_first and self.strikes(DisturbanceKind.KEEP_ALIVE_CLOSED) is not None:
            return Verdict.CLOSED
        if content.startswith(_QUESTION) and self.strikes(DisturbanceKind.REQUEST_TWICE) is not None:
            return Verdict.REPEATED
        return Verdict.CARRIED

    def _drip(self, content: bytes, arrival: float) -> Iterator[Piece]:
        drip = self.strikes(DisturbanceKind.DRIP) if len(content) > 1 else None
        start = 0
        if drip is not None:
            most = max(1, int(drip.size))
            for _ in range(_PIECES):
                end = start + self._chance.randint(1, most)
                if end >= len(content):
                    break
                yield Piece(arrival=arrival, content=content[start:end])
                arrival += self._chance.expovariate(1.0 / _DRIP_SECONDS)
                start = end
        yield Piece(arrival=arrival, content=content[start:])
