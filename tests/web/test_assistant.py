from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from venuekit import errors
from venuekit.protocol.endpoint import Charge, Endpoint, ErrorRow, Outcome
from venuekit.protocol.frozen import Wire
from venuekit.protocol.rates import RatePool
from venuekit.protocol.rest import Problem, RestPolicy
from venuekit.state.rate_ledger import RateLedger
from venuekit.testing.scripted_transport import ScriptedTransport
from venuekit.testing.virtual_clock import VirtualClock
from venuekit.web.assistant import WebAssistant
from venuekit.web.rate_gate import RateGate
from venuekit.web.transport import HttpAnswer


class Question(Wire):
    symbol: str
    amount: Decimal | None = None
    symbols: list[str] | None = None
    is_all: bool | None = None


class Reply(Wire):
    price: str


class _Said(Wire):
    code: int
    msg: str


def read_problem(status: int, body: bytes) -> Problem | None:
    if status == 200:
        return None
    said = msgspec.json.decode(body, type=_Said)
    return Problem(code=said.code, message=said.msg)


PRICE = Endpoint(
    method="GET",
    path="/price",
    query=Question,
    answer=Reply,
    charges=(Charge(pool="weight", cost=5, settled={Outcome.REFUSED: 1}),),
)
POOL = RatePool(name="weight", limit=100, seconds=60.0, header="X-Used")
POLICY = RestPolicy(
    read_problem=read_problem,
    errors=(
        ErrorRow(code=-7, raises=errors.BadSymbol),
        ErrorRow(code=-8, message="maybe it happened", raises=errors.VenueFailed),
        ErrorRow(code=-8, raises=errors.ClockSkewed),
        ErrorRow(status=418, raises=errors.Banned, seconds=90.0),
    ),
    pools=(POOL,),
)
ASK = Question(symbol="BTCUSDT")


class Desk:
    """An assistant on a scripted network."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.network = ScriptedTransport()
        self.gate = RateGate(RateLedger([POOL]), self.clock, self.clock.monotonic)
        self.clock_refused_at: list[float] = []
        self.web = WebAssistant(
            "http://venue/",
            POLICY,
            transport=self.network,
            gate=self.gate,
            clock=self.clock,
            clock_refused=self.clock_refused_at.append,
        )

    def answer(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        self.network.answers.append(HttpAnswer(status=status, headers=headers or {}, body=raw))

    async def fails(self, kind: type[errors.VenuekitError]) -> errors.VenuekitError:
        with pytest.raises(kind) as caught:
            await self.web.call(PRICE, ASK)
        assert type(caught.value) is kind
        return caught.value


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_an_answer_is_decoded_to_its_type(desk: Desk) -> None:
    desk.answer(200, {"price": "1.50", "unknown": 1})
    assert await desk.web.call(PRICE, ASK) == Reply(price="1.50")


async def test_a_query_travels_in_the_url_without_what_was_not_asked(desk: Desk) -> None:
    desk.answer(200, {"price": "1"})
    query = Question(symbol="A B&C", amount=Decimal("3E-8"), symbols=["X", "Y"], is_all=True)
    await desk.web.call(PRICE, query, seconds=3.0)
    sent = desk.network.requests[0]
    assert (sent.method, sent.seconds) == ("GET", 3.0)
    assert sent.url == (
        "http://venue/price?symbol=A%20B%26C&amount=0.00000003&symbols=%5B%22X%22%2C%22Y%22%5D&is_all=true"
    )


BAD_BODIES = {
    "html": b"<!DOCTYPE html><html></html>",
    "cut off": b'{"price":',
    "not utf-8": b'{"price":"\xff\xfe"}',
    "another shape": b'["price"]',
    "empty": b"",
    "nested too deep": b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
async def test_a_success_that_cannot_be_read_is_a_bad_answer(desk: Desk, body: bytes) -> None:
    desk.answer(200, body)
    error = await desk.fails(errors.BadAnswer)
    assert isinstance(error, errors.BadAnswer)
    assert error.body == body[:200]
    assert "GET /price" in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (401, errors.AuthenticationFailed),
        (403, errors.Banned),
        (404, errors.BadRequest),
        (418, errors.Banned),
        (429, errors.RateLimited),
        (451, errors.Unavailable),
        (302, errors.BadAnswer),
        (409, errors.Refused),
        (500, errors.VenueFailed),
        (502, errors.VenueFailed),
        (503, errors.VenueFailed),
    ],
)
@pytest.mark.parametrize("body", [b'{"code":-1,"msg":"no"}', b"<html>no</html>", b""])
async def test_a_status_has_a_class_whatever_the_body_says(
    desk: Desk, status: int, kind: type[errors.VenuekitError], body: bytes
) -> None:
    desk.answer(status, body)
    await desk.fails(kind)


async def test_the_venues_own_row_counts_before_the_status(desk: Desk) -> None:
    desk.answer(400, {"code": -7, "msg": "no such symbol"})
    error = await desk.fails(errors.BadSymbol)
    assert str(error) == "no such symbol (HTTP 400, code -7)"


async def test_a_documented_message_tells_two_meanings_of_one_code_apart(desk: Desk) -> None:
    desk.answer(400, {"code": -8, "msg": "maybe it happened"})
    await desk.fails(errors.VenueFailed)
    desk.answer(400, {"code": -8, "msg": "another word"})
    await desk.fails(errors.ClockSkewed)


async def test_a_refused_clock_is_told_with_the_moment_of_the_signature(desk: Desk) -> None:
    desk.answer(200, {"price": "1"})
    await desk.web.call(PRICE, ASK)
    assert desk.clock_refused_at == []
    signed_at = desk.clock.monotonic()
    desk.answer(400, {"code": -8, "msg": "another word"})
    await desk.fails(errors.ClockSkewed)
    assert desk.clock_refused_at == [signed_at]


@pytest.mark.parametrize("status", [403, 418, 429])
async def test_after_a_refusal_that_names_its_time_nothing_is_sent_until_then(
    desk: Desk, status: int
) -> None:
    desk.answer(status, {"code": -1, "msg": "enough"}, {"retry-after": "7"})
    error = await desk.fails(errors.RateLimited if status == 429 else errors.Banned)
    assert isinstance(error, errors.RateLimited)
    assert error.retry_at == desk.clock.time() + 7.0
    await _assert_silent_for(desk, 7.0)


@pytest.mark.parametrize(("status", "seconds"), [(403, 60.0), (418, 90.0), (429, 60.0)])
async def test_after_a_refusal_that_names_no_time_the_tables_counts(
    desk: Desk, status: int, seconds: float
) -> None:
    desk.answer(status, b"<html>", {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"})
    await desk.fails(errors.RateLimited if status == 429 else errors.Banned)
    await _assert_silent_for(desk, seconds)


async def _assert_silent_for(desk: Desk, seconds: float) -> None:
    desk.answer(200, {"price": "1"})
    waiting = [asyncio.create_task(desk.web.call(PRICE, ASK)) for _ in range(1)]
    await desk.clock.advance(seconds - 0.01)
    assert len(desk.network.requests) == 1
    await desk.clock.advance(0.02)
    assert await waiting[0] == Reply(price="1")


async def test_a_request_that_was_not_sent_costs_nothing(desk: Desk) -> None:
    desk.network.answers.append(errors.ConnectFailed("refused"))
    await desk.fails(errors.ConnectFailed)
    assert desk.gate.used("weight") == 0


async def test_a_request_without_an_answer_goes_on_counting(desk: Desk) -> None:
    desk.network.answers.append(errors.TimedOut("too long"))
    await desk.fails(errors.TimedOut)
    assert desk.gate.used("weight") == 5


async def test_a_refusal_costs_what_the_venue_charges_for_it(desk: Desk) -> None:
    desk.answer(400, {"code": -7, "msg": "no such symbol"})
    await desk.fails(errors.BadSymbol)
    assert desk.gate.used("weight") == 1


async def test_the_venues_own_count_is_learned_from_its_header(desk: Desk) -> None:
    desk.answer(200, {"price": "1"}, {"x-used": "42"})
    await desk.web.call(PRICE, ASK)
    assert desk.gate.used("weight") == 42


async def test_a_refused_request_teaches_the_venues_count_too(desk: Desk) -> None:
    desk.answer(400, {"code": -7, "msg": "no"}, {"x-used": "42"})
    await desk.fails(errors.BadSymbol)
    assert desk.gate.used("weight") == 42


async def test_a_caller_who_gives_up_while_waiting_leaves_no_charge(desk: Desk) -> None:
    desk.gate.ban(50.0)
    waiting = asyncio.create_task(desk.web.call(PRICE, ASK))
    await desk.clock.advance(1.0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await desk.clock.advance(60.0)
    assert desk.gate.used("weight") == 0
    assert not desk.network.requests


async def test_a_caller_who_gives_up_after_sending_is_charged(desk: Desk) -> None:
    class Slow(ScriptedTransport):
        async def request(self, *_: Any, **__: Any) -> HttpAnswer:
            await asyncio.Event().wait()
            raise AssertionError("never reached")

    web = WebAssistant("http://venue", POLICY, transport=Slow(), gate=desk.gate, clock=desk.clock)
    waiting = asyncio.create_task(web.call(PRICE, ASK))
    await desk.clock.advance(1.0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert desk.gate.used("weight") == 5


async def test_a_request_that_never_fits_is_refused_at_once(desk: Desk) -> None:
    huge = Endpoint(
        method="GET", path="/", query=Question, answer=Reply, charges=(Charge(pool="weight", cost=101),)
    )
    with pytest.raises(errors.ImpossibleRequest):
        await desk.web.call(huge, ASK)
    assert not desk.network.requests


async def test_requests_wait_for_the_next_window_and_no_longer(desk: Desk) -> None:
    for _ in range(21):
        desk.answer(200, {"price": "1"})
    asked = [asyncio.create_task(desk.web.call(PRICE, ASK)) for _ in range(21)]
    await desk.clock.advance(59.9)
    assert len(desk.network.requests) == 20
    await desk.clock.advance(0.2)
    assert len(desk.network.requests) == 21
    await asyncio.gather(*asked)
