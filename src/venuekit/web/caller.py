"""What every way to a venue has in common: room, signature, departure, one sending, one typed outcome."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Generic, TypeVar

import msgspec

from venuekit import errors
from venuekit.protocol.endpoint import Charge, Endpoint, ErrorRow, Outcome
from venuekit.protocol.frozen import Wire
from venuekit.protocol.rest import Answer, Problem, RestPolicy, find_row
from venuekit.seams.clock import Clock
from venuekit.seams.fault_point import FaultPoint, strikes
from venuekit.state.rate_ledger import Reservation
from venuekit.web.auth import AuthBase
from venuekit.web.departure import Departure, Leaving
from venuekit.web.rate_gate import RateGate

__all__ = ["UNREADABLE", "VenueCaller"]

Q = TypeVar("Q", bound=Wire)
A = TypeVar("A")
P = TypeVar("P")

# The last one is what a decoder says to brackets nested a thousand deep.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class VenueCaller(ABC, Generic[P]):
    """Calls a venue's endpoints. It never sends anything twice: every retry is the caller's decision.

    `P` is what is sent, made ready. `venue_time` is the best idea of the venue's clock, in seconds: it is
    what requests are signed with, and not the cautious one that rate windows are counted on. `clock_refused`
    is told when the venue did not take it, with the moment of the signature (monotonic seconds).
    """

    def __init__(
        self,
        policy: RestPolicy,
        *,
        gate: RateGate,
        clock: Clock,
        auth: AuthBase | None = None,
        venue_time: Callable[[], float] | None = None,
        clock_refused: Callable[[float], None] | None = None,
    ) -> None:
        self.gate = gate
        self._policy = policy
        self._clock = clock
        self._auth = auth
        self._venue_time = venue_time or clock.time
        self._clock_refused = clock_refused
        self._counted = tuple((pool.name, pool.header.lower()) for pool in policy.pools if pool.header)
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {}

    async def call(
        self,
        endpoint: Endpoint[Q, A],
        query: Q,
        *,
        seconds: float | None = None,
        is_cancel: bool = False,
        leaving: Leaving | None = None,
    ) -> A:
        """Ask and return the decoded answer; `seconds` bounds the wait for the answer, not for room.

        A cancel (`is_cancel`) goes before everybody else and may use what is kept back for cancels.
        `leaving` is awaited once, between the signature and the first byte; where it raises, nothing was
        sent, and its exception is the caller's.

        Raises:
            errors.KeyMissing: the endpoint is for accounts, and there is nothing to sign with.
            errors.Unsupported: the endpoint cannot be called this way.
            errors.ImpossibleRequest: it weighs more than its rate pool ever holds.
            errors.NotSent: no connection, or `leaving` took so long that the signature is stale.
            errors.Refused: the venue said no; the class says why.
            errors.OutcomeUnknown: it was sent and no answer came that can be trusted.
        """
        self._check(endpoint)
        charges = [(charge, charge.of(query)) for charge in endpoint.charges]
        reservation = await self.gate.reserve(
            {charge.pool: cost for charge, cost in charges}, is_cancel=is_cancel
        )
        outcome, sent_at = Outcome.NOT_SENT, self.gate.now()
        counts: Mapping[str, int] = {}
        signed_at = self._clock.monotonic()
        try:
            async with self._turn(endpoint):
                signed_at = self._clock.monotonic()
                parcel = await self._leave(endpoint, query, leaving)
                outcome, sent_at = Outcome.UNKNOWN, self.gate.now()
                answer = await self._send(parcel, seconds)
            counts = answer.counts
            decoded = self._decoded(endpoint, answer)
            outcome = Outcome.DONE
        except errors.NotSent:
            outcome = Outcome.NOT_SENT
            raise
        except errors.Refused as error:
            if outcome is Outcome.UNKNOWN:
                outcome = Outcome.REFUSED
            if isinstance(error, errors.ClockSkewed) and self._clock_refused is not None:
                self._clock_refused(signed_at)
            raise
        else:
            return decoded
        finally:
            self._close(reservation, charges, outcome)
            self._count(counts, sent_at)

    # What the ways differ in.

    def _check(self, endpoint: Endpoint[Any, Any]) -> None:
        """Refuse what cannot be called this way, before anything is asked of the rate limits."""
        if endpoint.signed and self._auth is None:
            raise errors.KeyMissing(f"{endpoint.name} is for accounts: give the connector an API key")

    def _turn(self, endpoint: Endpoint[Any, Any]) -> AbstractAsyncContextManager[object]:  # noqa: ARG002
        """What bounds how many calls are under way; a way that needs no bound has none."""
        return nullcontext()

    @abstractmethod
    def _path(self, endpoint: Endpoint[Any, Any]) -> str:
        """What records call this way."""

    @abstractmethod
    def _pack(self, endpoint: Endpoint[Any, Any], query: Wire, signed_at: float) -> P:
        """The request ready to be sent; signed where the endpoint asks for it."""

    @abstractmethod
    async def _send(self, parcel: P, seconds: float | None) -> Answer:
        """Send it exactly once and wait for the answer."""

    # What they share.

    async def _leave(self, endpoint: Endpoint[Any, Any], query: Wire, leaving: Leaving | None) -> P:
        signed_at = self._venue_time()
        parcel = self._pack(endpoint, query, signed_at)
        if leaving is None:
            return parcel
        window = self._auth.receive_window if self._auth is not None and endpoint.signed else None
        began = self._clock.monotonic()
        if strikes(FaultPoint.TURN_PASSES):
            await asyncio.sleep(0)
        await leaving(Departure(signed_at=signed_at, receive_window=window, path=self._path(endpoint)))
        waited = self._clock.monotonic() - began
        if window is not None and waited > window / 2:
            raise errors.NotSent(
                f"{endpoint.name} was signed {waited:.1f} s ago, and its signature is good for {window:g} s: "
                "it was not sent"
            )
        return parcel

    def _decoded(self, endpoint: Endpoint[Any, A], answer: Answer) -> A:
        if answer.is_unreadable and answer.status == 200:
            raise self._unreadable(endpoint, answer.status, answer.result)
        if answer.problem is not None or answer.status != 200:
            raise self._refusal(endpoint, answer)
        decoder = self._decoders.get(endpoint.name)
        if decoder is None:
            decoder = self._decoders[endpoint.name] = msgspec.json.Decoder(endpoint.answer)
        try:
            decoded: A = decoder.decode(answer.result)
        except UNREADABLE as error:
            raise self._unreadable(endpoint, answer.status, answer.result) from error
        return decoded

    def _unreadable(
        self, endpoint: Endpoint[Any, Any], status: int, body: bytes | msgspec.Raw
    ) -> errors.BadAnswer:
        shown = bytes(body)
        if self._auth is not None:
            # A page of a proxy or a firewall may quote the request.
            shown = shown.replace(self._auth.credentials.api_key.encode(), b"***")
        return errors.BadAnswer(
            f"{endpoint.name}: the answer is not what the venue documents", status=status, body=shown
        )

    def _refusal(self, endpoint: Endpoint[Any, Any], answer: Answer) -> errors.VenuekitError:
        said = answer.problem or Problem(code=None, message=f"{endpoint.name} was refused without a reason")
        status = answer.status
        row = find_row(self._policy.errors, status, said, reads=endpoint.reads)
        if row is None:
            return self._unexplained(endpoint, answer, said)
        if issubclass(row.raises, errors.OutcomeUnknown):
            return row.raises(f"{endpoint.name}: {said.message} (HTTP {status}, code {said.code})")
        if issubclass(row.raises, errors.RateLimited):
            retry_at = self._clock.time() + self._stay_away(row, answer)
            return row.raises(said.message, retry_at=retry_at, status=status, code=said.code)
        return row.raises(said.message, status=status, code=said.code)

    def _unexplained(
        self, endpoint: Endpoint[Any, Any], answer: Answer, said: Problem
    ) -> errors.VenuekitError:
        """What the answer to a question means that no row speaks about; a command's always has one."""
        if answer.status >= 500:
            return errors.VenueFailed(
                f"{endpoint.name}: {said.message} (HTTP {answer.status}, code {said.code})"
            )
        if 300 <= answer.status < 400:
            return self._unreadable(endpoint, answer.status, answer.result)
        return errors.Refused(said.message, status=answer.status, code=said.code)

    def _stay_away(self, row: ErrorRow, answer: Answer) -> float:
        """Keep everybody away for as long as the venue says, or else its table; the seconds."""
        wait = row.seconds if answer.retry_after is None else answer.retry_after
        self.gate.ban(self.gate.now() + wait, row.pools or None)
        return wait

    def _close(self, reservation: Reservation, charges: list[tuple[Charge, int]], outcome: Outcome) -> None:
        if outcome is Outcome.NOT_SENT:
            self.gate.withdraw(reservation)
        else:
            kept = {charge.pool: charge.after(outcome, cost) for charge, cost in charges}
            self.gate.settle(reservation, kept)

    def _count(self, counts: Mapping[str, int], sent_at: float) -> None:
        """Learn the venue's own counts, of the pools that this gate counts at all."""
        for pool, header in self._counted:
            if header in counts and self.gate.counts(pool):
                self.gate.observe(pool, counts[header], sent_at=sent_at)
