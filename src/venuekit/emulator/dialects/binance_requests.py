"""How Binance takes a request in, by whichever door: it counts, checks, asks who it is, answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from string import ascii_letters, digits
from typing import Any, ClassVar

import msgspec

from venuekit.emulator.accounts import Customer
from venuekit.emulator.answer import Answer, Request, json_answer
from venuekit.emulator.desk import Desk
from venuekit.emulator.dialect import Dialect
from venuekit.emulator.dialects.binance_errors import ERRORS, Complaint
from venuekit.emulator.dialects.binance_order_counts import OrderCounts, OrderLimit
from venuekit.emulator.dialects.binance_rules import Parameter, Weight, WeightLimit, check
from venuekit.emulator.dialects.binance_security import (
    Caller,
    Security,
    authenticated,
    security_parameters,
    signed_payload,
)
from venuekit.emulator.faults import Fault, FaultKind, Site
from venuekit.emulator.order_record import AccountEvent
from venuekit.emulator.step import MarketSource
from venuekit.protocol.frozen import Frozen
from venuekit.seams import chance

__all__ = ["BinanceRequests", "Fields", "Pairs", "Parameters", "Performed", "Pool", "Route", "Usage"]

Parameters = Mapping[str, Any]
Fields = dict[str, Any]
Pairs = tuple[tuple[str, str], ...]
_ALPHABET = ascii_letters + digits
_ID_LENGTH = 22
_REPEATABLE = ("NEW", "PARTIALLY_FILLED", "CANCELED")
"""What a command leads to that is refused the second time."""


class Pool(Frozen):
    """One address's requests: `limit` weight in `seconds`; `header` reports it, empty: none does."""

    name: str
    limit: int
    seconds: float
    header: str = ""


class Route(Frozen):
    """One endpoint: who answers, what may be asked, what it costs from which pool, and who may ask.

    The handler gets (venue, parameters, now), of a route with a security type (venue, client, parameters,
    now). `orders` is what a success adds to the account's unfilled orders; `socket_method` the endpoint's
    name in the WebSocket API, empty where it is not there. A success gives the weight back where `is_free`.
    """

    handler: Callable[..., Any]
    parameters: tuple[Parameter, ...] = ()
    weight: Weight = 1
    pool: str = "weight"
    security: Security = Security.NONE
    orders: int = 0
    socket_method: str = ""
    is_free: bool = False


class Usage(Frozen):
    """What one limiter holds after a request, in the words of `exchangeInfo`."""

    kind: str
    interval: str
    interval_num: int
    limit: int
    count: int

    def row(self) -> Fields:
        """As the WebSocket API tells it."""
        return {
            "rateLimitType": self.kind,
            "interval": self.interval,
            "intervalNum": self.interval_num,
            "limit": self.limit,
            "count": self.count,
        }


class Performed(Frozen):
    """What a request led to, before a door puts its frame around it.

    `content` is the result with status 200, else `{"code", "msg"}` with what a refusal adds; `headers` are
    REST's. `usage` are the limiters that it counted in. `retry_at` is when a refused caller may come again,
    in milliseconds of the venue's time.
    """

    status: int
    content: Any
    headers: Pairs = ()
    usage: tuple[Usage, ...] = ()
    retry_at: int | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the content is an error."""
        return self.status != 200

    def answer(self) -> Answer:
        """As REST sends it."""
        return json_answer(self.content, self.status, self.headers)


class BinanceRequests(Dialect):
    """The part of the venue that no endpoint and no stream is in."""

    routes: ClassVar[Mapping[tuple[str, str], Route]]
    pools: ClassVar[Mapping[str, Pool]]
    order_limits: ClassVar[tuple[OrderLimit, ...]] = ()
    sends_retry_after: ClassVar[bool] = True
    too_much: ClassVar[str]
    banned: ClassVar[str]

    def __init__(
        self,
        sources: Iterable[MarketSource],
        *,
        start_time: float,
        desk: Desk | None = None,
        customers: Iterable[Customer] = (),
    ) -> None:
        super().__init__(sources, start_time=start_time, desk=desk, customers=customers)
        self._used: dict[tuple[str, str], WeightLimit] = {}
        self._orders: dict[str, OrderCounts] = {}
        self._chance = chance.seeded("client order ids")
        self.desk.listen(self._give_back)

    # REST's door.

    def answer(self, request: Request, now: float) -> Answer:
        """Find the endpoint and perform what it is asked."""
        route = self.routes.get((request.method, request.path))
        if route is None:
            known = any(path == request.path for _, path in self.routes)
            return Answer(status=405 if known else 404, content_type="text/html")
        caller = Caller(
            remote=request.remote,
            name=f"{request.method} {request.path}",
            path=request.path,
            api_key=request.headers.get("x-mbx-apikey"),
            payload=signed_payload(request),
        )
        return self.perform(route, merged(request), caller, now).answer()

    # Every door.

    def perform(self, route: Route, pairs: Pairs, caller: Caller, now: float) -> Performed:
        """Charge, check, authenticate, act; a refused request costs weight 1 (measured on USD-M, 2026-10-07).

        Parameters are texts. What a caller has signed is checked over `caller.payload`, unless a session
        vouches for it.
        """
        try:
            parameters = check((*route.parameters, *security_parameters(route.security, caller)), pairs)
        except Complaint as complaint:
            refused = self._charged(route, 1, caller, now)
            return refused or self._counted(self._refused(complaint), route, caller, None, now)
        weight = route.weight if isinstance(route.weight, int) else route.weight(parameters)
        refused = self._charged(route, weight, caller, now)
        if refused is not None:
            return refused
        client: Customer | None = None
        try:
            if route.security is not Security.NONE:
                client = authenticated(self.customers, caller, parameters, self.venue_time(now))
            performed = self._executed(route, client, parameters, caller, now)
        except Complaint as complaint:
            performed = self._refused(complaint)
        if route.is_free and not performed.is_refused:
            self._limit(route, caller.remote).window.give_back(weight, self.venue_time(now))
        return self._counted(performed, route, caller, client, now)

    def _executed(
        self, route: Route, client: Customer | None, parameters: Parameters, caller: Caller, now: float
    ) -> Performed:
        symbols = [parameters["symbol"]] if "symbol" in parameters else []
        fault = self.faults.take(Site.EXECUTION, symbols, (caller.path, caller.name))
        if fault is not None and fault.kind is FaultKind.NOT_EXECUTED:
            return _unknown_outcome(fault)
        if client is None:
            content = route.handler(self, parameters, now)
        elif route.orders:
            content = self._counting(route, client, parameters, now)
        else:
            content = route.handler(self, client, parameters, now)
        if fault is not None and fault.kind is not FaultKind.REPEATED:
            return _unknown_outcome(fault)
        if fault is not None and isinstance(content, dict) and content.get("status") in _REPEATABLE:
            route.handler(self, client, parameters, now)  # refused: there is one of this id, or none any more
        return Performed(status=200, content=content)

    def _counting(self, route: Route, client: Customer, parameters: Parameters, now: float) -> Any:
        """Act and count the order, before it is filled; one that is refused does not count."""
        self._refuse_orders(client, now)
        counts, moment = self.order_counts(client.name), self.venue_time(now)
        counts.add(route.orders, moment)
        try:
            return route.handler(self, client, parameters, now)
        except Complaint:
            counts.forget(route.orders, moment)
            raise

    def refusal(self, fault: Fault, now: float) -> Answer:
        """The venue's words for a fault's status, as REST sends them."""
        return self.refused_by(fault, now).answer()

    def refused_by(self, fault: Fault, now: float) -> Performed:
        """The venue's words for a fault's status."""
        if fault.kind is FaultKind.SERVER_ERROR:
            row = ERRORS["SERVER_ERROR"]
            return Performed(
                status=fault.status or row.status, content={"code": row.code, "msg": row.message}
            )
        status = 418 if fault.kind is FaultKind.BANNED else 429
        return self._stopped(status, now + fault.seconds, now, says_when=fault.seconds > 0)

    # What is counted.

    def order_counts(self, account: str) -> OrderCounts:
        """An account's unfilled orders."""
        return self._orders.setdefault(account, OrderCounts(self.order_limits))

    def order_usage(self, client: Customer, now: float) -> list[Usage]:
        """What an account's limiters of unfilled orders hold."""
        return [
            Usage(
                kind="ORDERS",
                interval=limit.interval,
                interval_num=limit.interval_num,
                limit=limit.limit,
                count=count,
            )
            for limit, count in self.order_counts(client.name).counts(self.venue_time(now))
        ]

    def new_client_id(self) -> str:
        """The id of an order or a command whose sender named none."""
        return "".join(self._chance.choices(_ALPHABET, k=_ID_LENGTH))

    def _refuse_orders(self, client: Customer, now: float) -> None:
        """Refuse one order too many.

        Raises:
            Complaint: the account has as many unfilled orders as it may.
        """
        counts = self.order_counts(client.name)
        full = counts.full(self.venue_time(now))
        if full is not None:
            self.overstepped["orders"] += 1
            until = counts.ends(full, self.venue_time(now)) - self.skew
            raise Complaint(
                "TOO_MANY_ORDERS", full.limit, f"{full.interval_num} {full.interval}", until=until
            )

    def _give_back(self, event: AccountEvent) -> None:
        counts = self._orders.get(event.account)
        if counts is not None and event.fill is not None and event.order is not None:
            is_first = event.order.state.filled == event.fill.amount
            if is_first:
                counts.give_back(is_maker=event.fill.is_maker, now=self.venue_time(event.time))

    def _limit(self, route: Route, remote: str) -> WeightLimit:
        pool = self.pools[route.pool]
        return self._used.setdefault((pool.name, remote), WeightLimit(pool.limit, pool.seconds))

    def _charged(self, route: Route, weight: int, caller: Caller, now: float) -> Performed | None:
        """None when the request is within its limit, the refusal otherwise."""
        limit = self._limit(route, caller.remote)
        moment = self.venue_time(now)
        status, _ = limit.charge(weight, moment)
        if status == 200:
            return None
        self.overstepped["bans" if status == 418 else self.pools[route.pool].name] += 1
        until = limit.retry_at(status, moment) - self.skew
        refused = self._stopped(status, until, now, says_when=self.sends_retry_after)
        return self._counted(refused, route, caller, None, now)

    def _counted(
        self, performed: Performed, route: Route, caller: Caller, client: Customer | None, now: float
    ) -> Performed:
        """The same with what its limiters hold."""
        headers, usage = list(performed.headers), list(performed.usage)
        pool, moment = self.pools[route.pool], self.venue_time(now)
        if pool.header:
            used = self._limit(route, caller.remote).window.charge(0, moment)
            headers.append((pool.header, str(used)))
            usage.append(
                Usage(kind="REQUEST_WEIGHT", interval="MINUTE", interval_num=1, limit=pool.limit, count=used)
            )
        if performed.retry_at is not None and not any(name == "Retry-After" for name, _ in headers):
            headers.append(_retry_after(performed.retry_at / 1000 - self.skew, now))
        if route.orders and client is not None:
            orders = self.order_usage(client, now)
            headers.extend(
                (f"X-MBX-ORDER-COUNT-{row.interval_num}{row.interval[0]}", str(row.count)) for row in orders
            )
            usage.extend(orders)
        return msgspec.structs.replace(performed, headers=tuple(headers), usage=tuple(usage))

    def _refused(self, complaint: Complaint) -> Performed:
        return Performed(
            status=complaint.error.status,
            content=complaint.fields(),
            retry_at=None if complaint.until is None else self.milliseconds(complaint.until),
        )

    def _stopped(self, status: int, until: float, now: float, *, says_when: bool) -> Performed:
        words = {
            429: self.too_much.format(self.pools["weight"].limit),
            418: self.banned.format(self.milliseconds(until)),
        }
        return Performed(
            status=status,
            content={"code": -1003, "msg": words[status]},
            headers=(_retry_after(until, now),) if says_when else (),
            retry_at=self.milliseconds(until) if says_when else None,
        )


def merged(request: Request) -> Pairs:
    """The parameters of query and body; the query's are taken where both have one."""
    named = {name for name, _ in request.query}
    return (*request.query, *(pair for pair in request.form if pair[0] not in named))


def _unknown_outcome(fault: Fault) -> Performed:
    row = ERRORS["TIMEOUT"]
    return Performed(status=fault.status or row.status, content={"code": row.code, "msg": row.message})


def _retry_after(until: float, now: float) -> tuple[str, str]:
    # Whole seconds; one more than needed never comes too early.
    return ("Retry-After", str(int(until - now) + 1))
