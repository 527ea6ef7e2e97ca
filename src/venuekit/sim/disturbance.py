"""Everything that goes wrong in a world, as data: a plan of it comes from the seed, and can be cut down."""

from __future__ import annotations

from enum import Enum

from venuekit.emulator.faults import Fault
from venuekit.protocol.frozen import Frozen

__all__ = ["Disturbance", "DisturbanceKind", "Layer"]


class Layer(Enum):
    """Who brings a disturbance about."""

    NETWORK = "network"
    VENUE = "venue"
    CLOCK = "clock"
    PROCESS = "process"
    DISK = "disk"
    LISTENER = "listener"
    CODE = "code"


class DisturbanceKind(Enum):
    """What goes wrong, and what `share` (0 to 1) and `size` mean for it."""

    # Network. `target` is "FROM>TO" with the hosts' names, or "" for both ways between all.
    LATENCY = "latency"
    """Everything takes `size` seconds longer, and up to as much again."""
    LOSS = "loss"
    """A `share` of the segments is lost and comes again after a retransmission."""
    BANDWIDTH = "bandwidth"
    """No more than `size` bytes a second pass."""
    DRIP = "drip"
    """Bytes come in pieces of `size` bytes at most."""
    PARTITION = "partition"
    """Nothing passes; with a direction in `target`, one way only."""
    HALF_OPEN = "half_open"
    """The open connections are dead and nobody is told; new ones work."""
    RESET = "reset"
    """A `share` of what is sent ends in a reset, at any byte of it."""
    CLOG = "clog"
    """Each open connection stands still for a time of its own, up to `size` seconds."""
    BACK_PRESSURE = "back_pressure"
    """The peer reads nothing."""
    REFUSED = "refused"
    """A `share` of the connects is refused."""
    UNREACHABLE = "unreachable"
    """A `share` of the connects is never answered."""
    DNS_FAILURE = "dns_failure"
    """Names are not found."""
    DNS_SLOW = "dns_slow"
    """An answer about a name takes `size` seconds."""
    DNS_WRONG = "dns_wrong"
    """Names lead to an address where nobody is."""
    TLS_FAILURE = "tls_failure"
    """A `share` of the TLS handshakes fails."""
    REQUEST_LOST = "request_lost"
    """A `share` of the requests never arrives, and the connection breaks."""
    REPLY_LOST = "reply_lost"
    """A `share` of the requests is carried out, and the connection breaks before the answer."""
    REPLY_LATE = "reply_late"
    """A `share` of the answers comes `size` seconds late."""
    REQUEST_TWICE = "request_twice"
    """A `share` of the questions arrives twice, by a proxy that tries again; commands never."""
    KEEP_ALIVE_CLOSED = "keep_alive_closed"
    """A `share` of the requests meets a connection that the server has just closed."""

    # The venue. `venue` says what, in the emulator's words; it is taken back after `seconds`.
    VENUE_FAULT = "venue_fault"
    VENUE_CLOCK = "venue_clock"
    """The venue's clock steps by `size` seconds, and back afterwards."""
    VENUE_RESTART = "venue_restart"
    """Every connection is cut, and nobody listens for `seconds`."""
    HALT = "halt"
    """A symbol (`target`) does not trade."""
    UNSOLICITED_CANCEL = "unsolicited_cancel"
    """The venue cancels a `share` of our open orders."""
    FOREIGN_ORDER = "foreign_order"
    """Somebody places an order on the account by hand."""
    DEPOSIT = "deposit"
    """`size` of an asset (`target`) arrives; below zero it is withdrawn."""

    # Clocks of the trader's host.
    CLOCK_STEP = "clock_step"
    """The wall clock steps by `size` seconds."""
    CLOCK_DRIFT = "clock_drift"
    """Both clocks run `size` parts per million too fast."""

    # The trader's process.
    KILL = "kill"
    """The process ends at once, and a new one begins `seconds` later."""
    POWER_LOSS = "power_loss"
    """The machine ends at once, with what its disk had not synced; it is back `seconds` later."""
    STOP = "stop"
    """The strategy stops its connector, and starts a new one `seconds` later."""
    PAUSE = "pause"
    """The machine stands still for `seconds`."""
    SLOW_TURNS = "slow_turns"
    """A `share` of the turns of the loop takes `size` seconds, as a garbage collection does."""
    CANCELLED_CALL = "cancelled_call"
    """The strategy gives up a `share` of what it waits for after up to `size` seconds."""

    # Listeners.
    SLOW_LISTENER = "slow_listener"
    """A listener takes `size` seconds for a `share` of the events."""
    FAILING_LISTENER = "failing_listener"
    """A listener raises on a `share` of the events."""

    # The trader's disk.
    DISK_FULL = "disk_full"
    """Another `size` bytes fit."""
    DISK_READ_ONLY = "disk_read_only"
    WRITE_FAILS = "write_fails"
    """A `share` of the writes fails, or is cut short."""
    SYNC_FAILS = "sync_fails"
    """A `share` of the syncs fails."""
    SYNC_SLOW = "sync_slow"
    """A sync takes `size` seconds."""
    BIT_FLIP = "bit_flip"
    """One bit of what is on the disk is turned while the process is down."""
    FILE_DELETED = "file_deleted"
    """Somebody removes a file, at once; who has it open goes on writing it."""

    # Fault points in our own code. `target` is the point's name, "" means all.
    FAULT_POINT = "fault_point"
    """A `share` of the passes strikes."""


class Disturbance(Frozen):
    """One thing that goes wrong, from `at` (true seconds since the world began) for `seconds`."""

    kind: DisturbanceKind
    at: float
    seconds: float = 0.0
    target: str = ""
    share: float = 1.0
    size: float = 0.0
    venue: Fault | None = None

    @property
    def end(self) -> float:
        """When it is over, in true seconds since the world began."""
        return self.at + self.seconds
