"""A question or a command to a venue over HTTP: sent once, decoded, or told in a typed way why not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from venuekit import errors
from venuekit.protocol.endpoint import Endpoint, Placement, arguments, parameters
from venuekit.protocol.frozen import Wire
from venuekit.protocol.rest import Answer, RestPolicy
from venuekit.seams.clock import Clock
from venuekit.web.auth import AuthBase, Request
from venuekit.web.caller import UNREADABLE, VenueCaller
from venuekit.web.rate_gate import RateGate
from venuekit.web.transport import HttpAnswer, Transport

__all__ = ["WebAssistant"]

_QUESTIONS_AT_ONCE = 20


class WebAssistant(VenueCaller[Request]):
    """Calls a venue's endpoints over HTTP.

    At most `questions_at_once` questions are under way; each is signed when its turn has come. Commands do
    not wait for them.
    """

    def __init__(
        self,
        base_url: str,
        policy: RestPolicy,
        *,
        transport: Transport,
        gate: RateGate,
        clock: Clock,
        auth: AuthBase | None = None,
        venue_time: Callable[[], float] | None = None,
        clock_refused: Callable[[float], None] | None = None,
        questions_at_once: int = _QUESTIONS_AT_ONCE,
    ) -> None:
        super().__init__(
            policy, gate=gate, clock=clock, auth=auth, venue_time=venue_time, clock_refused=clock_refused
        )
        self.base_url = base_url.rstrip("/")
        self._transport = transport
        self._turns = asyncio.Semaphore(questions_at_once)
        self._is_closed = False

    def close(self) -> None:
        """Send nothing more: a call that still waits for room would open the transport anew."""
        self._is_closed = True

    def _turn(self, endpoint: Endpoint[Any, Any]) -> AbstractAsyncContextManager[object]:
        return self._turns if endpoint.reads else super()._turn(endpoint)

    def _path(self, endpoint: Endpoint[Any, Any]) -> str:
        return f"REST {endpoint.name}"

    def _pack(self, endpoint: Endpoint[Any, Any], query: Wire, signed_at: float) -> Request:
        request = _request(endpoint, query)
        if endpoint.signed and self._auth is not None:
            return self._auth.rest_authenticate(request, signed_at)
        return request

    async def _send(self, parcel: Request, seconds: float | None) -> Answer:
        if self._is_closed:
            raise errors.NotSent(f"{parcel.method} {parcel.path} waited until the connector was stopped")
        url = f"{self.base_url}{parcel.target}"  # as it was signed, byte for byte
        heard = await self._transport.request(parcel.method, url, parcel.headers, parcel.body, seconds)
        problem, is_unreadable = None, False
        try:
            problem = self._policy.read_problem(heard.status, heard.body)
        except UNREADABLE:
            is_unreadable = True
        return Answer(
            status=heard.status,
            result=heard.body,
            problem=problem,
            is_unreadable=is_unreadable,
            counts=self._counts_of(heard),
            retry_after=_seconds(heard.headers.get("retry-after", "")),
        )

    def _counts_of(self, heard: HttpAnswer) -> Mapping[str, int]:
        return {
            header: int(heard.headers[header])
            for _, header in self._counted
            if heard.headers.get(header, "").isdigit()
        }


def _request(endpoint: Endpoint[Any, Any], query: Wire) -> Request:
    """The request as it is before anybody signs it; a body says what it is, because signatures cover it."""
    method, path, placement = endpoint.method, endpoint.path, endpoint.placement
    if placement is Placement.QUERY:
        return Request(method=method, path=path, query=tuple(parameters(query).items()))
    body = (
        msgspec.json.encode(arguments(query))
        if placement is Placement.JSON
        else urlencode(parameters(query), quote_via=quote, safe="").encode()
    )
    return Request(method=method, path=path, headers={"Content-Type": placement.value}, body=body)


def _seconds(retry_after: str) -> float | None:
    return float(retry_after) if retry_after.isdigit() else None
