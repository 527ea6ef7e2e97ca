"""Names of a simulated network, and what goes wrong when they are asked for."""

from __future__ import annotations

import socket
from collections import Counter
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING, Any

from venuekit.sim.disturbance import Disturbance, DisturbanceKind

if TYPE_CHECKING:
    from venuekit.sim.kernel import Kernel
    from venuekit.sim.loop import HostLoop

__all__ = ["DOMAIN", "LOOPBACK", "NameService"]

DOMAIN = "sim"
LOOPBACK = "127.0.0.1"
_NOBODY = "10.99.0.1"
_MEAN_SECONDS = 0.008
"""What a resolver takes on the mean that has most answers in its cache."""

AddressInfo = tuple[int, int, int, str, tuple[str, int]]


class NameService:
    """Knows each host as its name and as NAME.sim, and what `aliases` adds to that."""

    def __init__(self, kernel: Kernel, fired: Counter[str]) -> None:
        self.aliases: dict[str, str] = {}
        self._kernel = kernel
        self._fired = fired
        self._chance = kernel.chance("names")
        self._active: dict[DisturbanceKind, Disturbance] = {}

    def add(self, disturbance: Disturbance) -> None:
        """Let something go wrong."""
        self._active[disturbance.kind] = disturbance

    def remove(self, disturbance: Disturbance) -> None:
        """Let it go wrong no longer."""
        if self._active.get(disturbance.kind) is disturbance:
            del self._active[disturbance.kind]

    async def getaddrinfo(self, loop: HostLoop, name: Any, port: Any, **options: Any) -> list[AddressInfo]:
        """As `loop.getaddrinfo`: the answer takes its time."""
        seconds = self._seconds(name)
        if seconds:
            future = loop.create_future()
            self._kernel.after(seconds, lambda: None if future.done() else future.set_result(None), loop.host)
            await future
        return self.resolve(name, port, **options)

    def resolve(
        self,
        name: Any,
        port: Any,
        family: int = 0,
        type: int = 0,  # noqa: A002 - as `socket.getaddrinfo` has it
        proto: int = 0,
        flags: int = 0,
    ) -> list[AddressInfo]:
        """As `socket.getaddrinfo`.

        Raises:
            socket.gaierror: nobody has that name, or nobody knows now.
        """
        if family not in (0, socket.AF_INET) or type not in (0, socket.SOCK_STREAM) or flags & ~_KNOWN_FLAGS:
            raise socket.gaierror(socket.EAI_FAMILY, "only IPv4 and TCP exist in this world")
        address = self._address(name.decode() if isinstance(name, bytes) else name)
        place = (address, int(port or 0))
        return [(socket.AF_INET, socket.SOCK_STREAM, proto or socket.IPPROTO_TCP, "", place)]

    def _seconds(self, name: Any) -> float:
        if name is None or _is_address(name) or name == "localhost":
            return 0.0
        seconds = self._chance.expovariate(1.0 / _MEAN_SECONDS)
        slow = self._strikes(DisturbanceKind.DNS_SLOW)
        return seconds + (0.0 if slow is None else slow.size)

    def _address(self, name: str | None) -> str:
        if name is None or name == "localhost":
            return LOOPBACK
        if _is_address(name):
            return name
        if self._strikes(DisturbanceKind.DNS_FAILURE) is not None:
            # EAI_AGAIN: the resolver did not answer. EAI_NONAME: it says that there is no such name.
            if self._chance.random() < 0.5:
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        known = self._kernel.hosts.get(name.removesuffix(".").removesuffix(f".{DOMAIN}"))
        address = self.aliases.get(name, None if known is None else known.address)
        if address is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return _NOBODY if self._strikes(DisturbanceKind.DNS_WRONG) is not None else address

    def _strikes(self, kind: DisturbanceKind) -> Disturbance | None:
        found = self._active.get(kind)
        if found is None or self._chance.random() >= found.share:
            return None
        self._fired[kind.value] += 1
        return found


_KNOWN_FLAGS = (
    socket.AI_ADDRCONFIG
    | socket.AI_PASSIVE
    | socket.AI_NUMERICHOST
    | socket.AI_NUMERICSERV
    | socket.AI_CANONNAME
    | socket.AI_V4MAPPED
    | socket.AI_ALL
)


def _is_address(name: Any) -> bool:
    try:
        IPv4Address(name.decode() if isinstance(name, bytes) else name)
    except (AddressValueError, UnicodeDecodeError):
        return False
    return True
