"""A question to a venue: wait for room, send once, decode, or say in a typed way why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from venuekit import errors
from venuekit.protocol.endpoint import Endpoint, Outcome, parameters
from venuekit.protocol.frozen import Wire
from venuekit.protocol.rest import Problem, RestPolicy, find_row
from venuekit.seams.clock import Clock
from venuekit.web.rate_gate import RateGate
from venuekit.web.transport import HttpAnswer, Transport

__all__ = ["WebAssistant"]

Q = TypeVar("Q", bound=Wire)
A = TypeVar("A")

# The last one is what a decoder says to brackets nested a thousand deep.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class WebAssistant:
    """Calls a venue's endpoints. It never sends anything twice: every retry is the caller's decision."""

    def __init__(
        self, base_url: str, policy: RestPolicy, *, transport: Transport, gate: RateGate, clock: Clock
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.gate = gate
        self._policy = policy
        self._transport = transport
        self._clock = clock
        self._counted = tuple((pool.name, pool.header.lower()) for pool in policy.pools if pool.header)
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {}

    async def call(self, endpoint: Endpoint[Q, A], query: Q, *, seconds: float | None = None) -> A:
        """Ask and return the decoded answer; `seconds` bounds the wait for the answer, not for room.

        Raises:
            errors.ImpossibleRequest: it weighs more than its rate pool ever holds.
            errors.NotSent: no connection.
            errors.Refused: the venue said no; the class says why.
            errors.OutcomeUnknown: it was sent and no answer came that can be trusted.
        """
        charges = [(charge, charge.of(query)) for charge in endpoint.charges]
        reservation = await self.gate.reserve({charge.pool: cost for charge, cost in charges})
        outcome = Outcome.UNKNOWN
        sent_at = self.gate.now()
        headers: Mapping[str, str] = {}
        try:
            answer = await self._send(endpoint, query, seconds)
            headers = answer.headers
            decoded = self._read(endpoint, answer)
            outcome = Outcome.DONE
        except errors.NotSent:
            outcome = Outcome.NOT_SENT
            raise
        except errors.Refused:
            outcome = Outcome.REFUSED
            raise
        else:
            return decoded
        finally:
            if outcome is Outcome.NOT_SENT:
                self.gate.withdraw(reservation)
            else:
                kept = {charge.pool: charge.after(outcome, cost) for charge, cost in charges}
                self.gate.settle(reservation, kept)
            self._count(headers, sent_at)

    async def _send(self, endpoint: Endpoint[Q, A], query: Q, seconds: float | None) -> HttpAnswer:
        sent = parameters(query)
        url = f"{self.base_url}{endpoint.path}"
        if sent:
            url += "?" + urlencode(sent, quote_via=quote, safe="")
        return await self._transport.request(endpoint.method, url, {}, None, seconds)

    def _read(self, endpoint: Endpoint[Q, A], answer: HttpAnswer) -> A:
        try:
            problem = self._policy.read_problem(answer.status, answer.body)
        except _UNREADABLE:
            problem = None
            if answer.status == 200:
                raise self._unreadable(endpoint, answer) from None
        if problem is not None or answer.status != 200:
            raise self._refusal(endpoint, answer, problem)
        try:
            decoded: A = self._decoder(endpoint).decode(answer.body)
        except _UNREADABLE as error:
            raise self._unreadable(endpoint, answer) from error
        return decoded

    def _decoder(self, endpoint: Endpoint[Q, A]) -> msgspec.json.Decoder[Any]:
        decoder = self._decoders.get(endpoint.name)
        if decoder is None:
            decoder = self._decoders[endpoint.name] = msgspec.json.Decoder(endpoint.answer)
        return decoder

    @staticmethod
    def _unreadable(endpoint: Endpoint[Q, A], answer: HttpAnswer) -> errors.BadAnswer:
        return errors.BadAnswer(
            f"{endpoint.name}: the answer is not what the venue documents",
            status=answer.status,
            body=answer.body,
        )

    def _refusal(
        self, endpoint: Endpoint[Q, A], answer: HttpAnswer, problem: Problem | None
    ) -> errors.VenuekitError:
        said = problem or Problem(code=None, message=f"{endpoint.name} was refused without a reason")
        row = find_row(self._policy.errors, answer.status, said)
        if row is None:
            if answer.status >= 500:
                return errors.VenueFailed(f"{endpoint.name}: HTTP {answer.status}: {said.message}")
            if 300 <= answer.status < 400:
                return self._unreadable(endpoint, answer)
            return errors.Refused(said.message, status=answer.status, code=said.code)
        if issubclass(row.raises, errors.OutcomeUnknown):
            return row.raises(f"{endpoint.name}: {said.message} (HTTP {answer.status}, code {said.code})")
        if issubclass(row.raises, errors.RateLimited):
            wait = _wait(answer.headers, row.seconds)
            self.gate.ban(self.gate.now() + wait)
            retry_at = self._clock.time() + wait
            return row.raises(said.message, retry_at=retry_at, status=answer.status, code=said.code)
        return row.raises(said.message, status=answer.status, code=said.code)

    def _count(self, headers: Mapping[str, str], sent_at: float) -> None:
        for pool, header in self._counted:
            used = headers.get(header, "")
            if used.isdigit():
                self.gate.observe(pool, int(used), sent_at=sent_at)


def _wait(headers: Mapping[str, str], otherwise: float) -> float:
    """Seconds to stay away: what the venue says, or else what its table does."""
    after = headers.get("retry-after", "")
    return float(after) if after.isdigit() else otherwise
