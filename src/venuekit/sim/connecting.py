"""Opening a connection: the three steps of TCP, and those of TLS as far as they can fail."""

from __future__ import annotations

import asyncio
import errno
import os
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from venuekit.sim.disturbance import DisturbanceKind
from venuekit.sim.pipe import Pipe
from venuekit.sim.sockets import Address, SimSocket, connected

if TYPE_CHECKING:
    from venuekit.sim.host import Host
    from venuekit.sim.kernel import Alarm
    from venuekit.sim.loop import HostLoop
    from venuekit.sim.network import Network
    from venuekit.sim.route import Route

__all__ = ["connect", "shake_hands"]

_SYN_TRIES = 7
"""Linux sends a SYN at 0, 1, 3, 7, 15, 31 and 63 s, and gives up after 127 s: `tcp_syn_retries` = 6."""
_ARP_SECONDS = 3.0
"""After which Linux reports a machine of its own net that is not there."""
_HANDSHAKE_SECONDS = 60.0
"""asyncio's own bound on a TLS handshake."""
_FIRST_RETRY = 0.2


async def connect(network: Network, loop: HostLoop, address: Address) -> SimSocket:
    """Open a connection; whoever stops waiting leaves nothing open.

    Raises:
        OSError: refused, unreachable, or no answer for 127 s.
    """
    attempt = _Attempt(network, loop, address)
    try:
        return await attempt.outcome
    except asyncio.CancelledError:
        attempt.abandon()
        raise


class _Attempt:
    """One connection being opened."""

    def __init__(self, network: Network, loop: HostLoop, address: Address) -> None:
        self.outcome: asyncio.Future[SimSocket] = loop.create_future()
        self._network = network
        self._kernel = network.kernel
        self._host: Host = loop.host
        self._address = address
        self._tries = 0
        self._is_silent = False
        self._retry: Alarm | None = None
        target = network.host_at(address[0], self._host)
        # To nobody at all the way is as long as to oneself, and nothing on it counts.
        self._target: Host = target or self._host
        self._there: Route = network.route(self._host, self._target)
        self._back: Route = network.route(self._target, self._host)
        if target is None:
            self._meet_nobody()
            return
        if self._there.strikes(DisturbanceKind.REFUSED) is not None:
            self._fail_after(self._there.delay() + self._back.delay(), errno.ECONNREFUSED)
            return
        self._is_silent = self._there.strikes(DisturbanceKind.UNREACHABLE) is not None
        self._send()

    def abandon(self) -> None:
        """Nobody waits for it any longer."""
        self._stop()
        if self.outcome.done() and not self.outcome.cancelled() and self.outcome.exception() is None:
            self.outcome.result().close()

    def _meet_nobody(self) -> None:
        """No machine has that address: either the next router says so, or nobody says anything."""
        if self._network.chance.random() < 0.5:
            self._fail_after(_ARP_SECONDS, errno.EHOSTUNREACH)
        else:
            self._is_silent = True
            self._send()

    def _send(self) -> None:
        if self.outcome.done():
            return
        if self._tries == _SYN_TRIES:
            self._fail(errno.ETIMEDOUT)
            return
        self._retry = self._kernel.after(2.0**self._tries, self._send, self._host)
        self._tries += 1
        if self._is_silent:
            return
        if self._there.blocks:
            self._network.count(DisturbanceKind.PARTITION.value)
        else:
            self._kernel.after(self._there.delay(), self._arrived)

    def _arrived(self) -> None:
        """The SYN is at the other machine, which answers at once if it has power."""
        if not self._network.is_up(self._target):
            return
        if self._back.blocks:
            self._network.count(DisturbanceKind.PARTITION.value)
        elif self._network.listener(self._target, self._address[1]) is None:
            self._kernel.after(self._back.delay(), lambda: self._fail(errno.ECONNREFUSED), self._host)
        else:
            self._kernel.after(self._back.delay(), self._answered, self._host)

    def _answered(self) -> None:
        """The connection is open here, and there once our last word has arrived."""
        if self.outcome.done():
            return
        self._stop()
        network, target = self._network, self._target
        near = (self._host.address, network.free_port(self._host))
        ours, theirs = connected(network, self._there, self._back, near, self._address, network.number)
        network.opened(ours)
        network.opened(theirs)
        moment = self._kernel.now + self._there.delay()
        ours.out.hold_until(moment)
        self._kernel.at(moment, lambda: _accept(network, target, theirs), target)
        self.outcome.set_result(ours)

    def _fail_after(self, seconds: float, error: int) -> None:
        self._retry = self._kernel.after(seconds, lambda: self._fail(error), self._host)

    def _fail(self, error: int) -> None:
        self._stop()
        if not self.outcome.done():
            place = f"Connect call failed {self._address}"
            self.outcome.set_exception(OSError(error, place))

    def _stop(self) -> None:
        if self._retry is not None:
            self._retry.cancel()


def _accept(network: Network, host: Host, sock: SimSocket) -> None:
    """The machine hands a connection to the process that listens, if it still does."""
    listener = network.listener(host, sock.local[1])
    if listener is None or listener.server is None:
        sock.reset()
    elif sock.is_open:
        listener.server.accept(sock)


def send_again(network: Network, pipe: Pipe, content: bytes, moment: float) -> None:
    """Do what a proxy does that tries again: the bytes come on another connection, the answer is not read."""
    back = pipe.receiver.out.route
    ours, theirs = connected(network, pipe.route, back, pipe.sender.local, pipe.sender.peer, network.number)
    ours.is_open = False
    network.opened(theirs)
    network.kernel.at(moment, lambda: _accept(network, theirs.host, theirs), theirs.host)
    ours.out.fly(moment, content)


# TLS. Nothing is encrypted: what costs is the round trip, and what matters is that it can fail.


async def shake_hands(
    network: Network, loop: HostLoop, sock: SimSocket, name: str, seconds: float | None
) -> None:
    """Shake hands as TLS 1.3 does: one more round trip.

    Raises:
        ssl.SSLError, OSError: it fails, as in production.
    """
    done = loop.create_future()
    _Handshake(network, loop, sock, done, name)
    limit = seconds or _HANDSHAKE_SECONDS
    late = ConnectionAbortedError(
        f"SSL handshake is taking longer than {limit} seconds: aborting the connection"
    )
    alarm = network.kernel.after(limit, lambda: _settle(done, late), loop.host)
    try:
        await done
    finally:
        alarm.cancel()


class _Handshake:
    """The client's first word and the server's answer, sent again while they cannot pass."""

    def __init__(
        self, network: Network, loop: HostLoop, sock: SimSocket, done: asyncio.Future[None], name: str
    ) -> None:
        self._kernel = network.kernel
        self._host = loop.host
        self._sock = sock
        self._done = done
        self._name = name
        self._wait = _FIRST_RETRY
        self._is_silent = False
        self._failure: Exception | None = None
        if sock.out.route.strikes(DisturbanceKind.TLS_FAILURE) is not None:
            made = network.chance.choice(_FAILURES)(name)
            self._failure, self._is_silent = made, made is None
        self._try()

    def _try(self) -> None:
        if self._done.done() or self._is_silent:
            return
        there, back = self._sock.out, self._sock.into
        if there.stops or there.route.blocks or back.stops or back.route.blocks:
            self._kernel.after(self._wait, self._try, self._host)
            self._wait *= 2
        else:
            self._kernel.after(there.route.delay() + back.route.delay(), self._answered, self._host)

    def _answered(self) -> None:
        if self._sock.is_alone:
            self._failure = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        _settle(self._done, self._failure)


def _settle(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


def _expired(name: str) -> Exception:
    words = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate of {name} has expired"
    error = ssl.SSLCertVerificationError(1, words)
    error.verify_code, error.verify_message = 10, "certificate has expired"
    return error


def _wrong_name(name: str) -> Exception:
    words = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: not valid for '{name}'"
    error = ssl.SSLCertVerificationError(1, words)
    error.verify_code, error.verify_message = 62, f"Hostname mismatch, certificate is not valid for '{name}'."
    return error


def _alert(_: str) -> Exception:
    return ssl.SSLError(1, "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure")


def _hang_up(_: str) -> Exception:
    return ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))


def _silence(_: str) -> None:
    return None


_FAILURES: tuple[Callable[[str], Exception | None], ...] = (
    _expired,
    _wrong_name,
    _alert,
    _hang_up,
    _silence,
)
