"""Every fault of the `direct` profile gives the error that the transport of production gives for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from tests.sim.direct_stage import URL, DirectStage

from venuekit import errors
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.sim.direct import DirectTransport, Latency
from venuekit.sim.direct_socket import DirectSocket
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.trace import Lane
from venuekit.web.transport import HttpAnswer, Limits

TIME = f"{URL}/api/v3/time"
SIGNED = f"{TIME}?signature=c0ffee"
DEPTH = "ws://venue.sim/ws/btcusdt@depth@100ms"
PINGED = "ws://venue.sim/ws"
QUICK = Limits(connect_seconds=1.0, answer_seconds=2.0)
WAY = 0.01
EVEN = Latency(base=WAY, jitter=0.0)
Use = Callable[[DirectTransport], Awaitable[Any]]


@pytest.fixture
def stage() -> DirectStage:
    return DirectStage(7, latency=EVEN, keeps=True)


def _use(stage: DirectStage, use: Use, limits: Limits = QUICK) -> tuple[Any, float]:
    """What a program got from a transport, and how many seconds it took."""
    got: list[Any] = []

    async def main() -> None:
        transport = stage.transport(limits=limits)
        began = asyncio.get_running_loop().time()
        got.append(await use(transport))
        got.append(asyncio.get_running_loop().time() - began)
        await transport.close()
        await asyncio.sleep(1.0)  # until the venue knows

    stage.run(main)
    return got[0], got[1]


async def _ask(transport: DirectTransport, url: str = TIME, method: str = "GET") -> HttpAnswer:
    return await transport.request(method, url, {}, None)


async def _asked_twice(transport: DirectTransport) -> HttpAnswer:
    await _ask(transport)
    return await _ask(transport)


def _failure(stage: DirectStage, use: Use = _ask, **limits: Any) -> tuple[BaseException, float]:
    async def fail(transport: DirectTransport) -> tuple[BaseException, float]:
        began = asyncio.get_running_loop().time()
        with pytest.raises(errors.VenuekitError) as caught:
            await use(transport)
        return caught.value, round(asyncio.get_running_loop().time() - began, 2)

    return _use(stage, fail, **limits)[0]  # type: ignore[no-any-return]


def _heard(stage: DirectStage) -> int:
    """How many requests reached the venue."""
    return stage.kernel.trace.counts[f"{Lane.WIRE.value} request"]


def _disturb(stage: DirectStage, kind: DisturbanceKind, **how: Any) -> Disturbance:
    made = Disturbance(kind=kind, at=0.0, **how)
    stage.network.disturb(made)
    return made


def test_an_answer_takes_four_ways_on_a_new_connection_and_two_on_one_that_is_kept(
    stage: DirectStage,
) -> None:
    async def use(transport: DirectTransport) -> list[float]:
        took = []
        for _ in range(2):
            began = asyncio.get_running_loop().time()
            answer = await _ask(transport)
            assert (answer.status, answer.headers["content-type"][:16]) == (200, "application/json")
            took.append(round((asyncio.get_running_loop().time() - began) / WAY, 1))
        return took

    # The first asks for the name, too.
    assert _use(stage, use)[0] == [5.0, 2.0]


def test_what_is_encrypted_takes_one_round_trip_more(stage: DirectStage) -> None:
    _, plain = _use(stage, _ask)
    _, secure = _use(stage, lambda transport: _ask(transport, TIME.replace("http", "https", 1)))
    assert round((secure - plain) / WAY, 1) == 2.0


@pytest.mark.parametrize(
    ("kind", "how", "expected", "seconds"),
    [
        (DisturbanceKind.REFUSED, {}, errors.ConnectFailed, 0.03),
        (DisturbanceKind.UNREACHABLE, {}, errors.ConnectFailed, 1.01),
        (DisturbanceKind.DNS_FAILURE, {}, errors.ConnectFailed, 0.01),
        (DisturbanceKind.DNS_WRONG, {}, errors.ConnectFailed, 1.01),
        (DisturbanceKind.DNS_SLOW, {"size": 5.0}, errors.TimedOut, 2.0),
        (DisturbanceKind.PARTITION, {}, errors.ConnectFailed, 1.01),
        (DisturbanceKind.REQUEST_LOST, {}, errors.ConnectionLost, 0.04),
        (DisturbanceKind.RESET, {}, errors.ConnectFailed, 0.02),
    ],
)
def test_a_request_that_the_venue_never_sees_fails_as_in_production(
    stage: DirectStage,
    kind: DisturbanceKind,
    how: dict[str, Any],
    expected: type[errors.VenuekitError],
    seconds: float,
) -> None:
    _disturb(stage, kind, **how)
    error, took = _failure(stage, lambda transport: _ask(transport, SIGNED))
    assert (type(error), took, _heard(stage)) == (expected, seconds, 0)
    assert "c0ffee" not in f"{error!r} {error.__cause__!r}"
    assert stage.network.fired[kind.value] >= 1


@pytest.mark.parametrize(
    ("kind", "how", "expected", "seconds"),
    [
        (DisturbanceKind.REPLY_LOST, {}, errors.ConnectionLost, 0.05),
        (DisturbanceKind.REPLY_LATE, {"size": 5.0}, errors.TimedOut, 2.0),
        (DisturbanceKind.PARTITION, {"target": "venue>trader"}, errors.ConnectFailed, 1.01),
    ],
)
def test_a_request_without_its_answer_fails_as_in_production(
    stage: DirectStage,
    kind: DisturbanceKind,
    how: dict[str, Any],
    expected: type[errors.VenuekitError],
    seconds: float,
) -> None:
    _disturb(stage, kind, **how)
    error, took = _failure(stage)
    assert (type(error), took) == (expected, seconds)
    assert _heard(stage) == (0 if expected is errors.ConnectFailed else 1)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(kind=FaultKind.HANG), errors.TimedOut),
        (Fault(kind=FaultKind.DELAY, seconds=3.0), errors.TimedOut),
        (Fault(kind=FaultKind.RESET), errors.ConnectionLost),
        (Fault(kind=FaultKind.TRUNCATED_BODY), errors.ConnectionLost),
        (Fault(kind=FaultKind.LOST_REQUEST), errors.ConnectionLost),
        (Fault(kind=FaultKind.OVERSIZED_BODY), errors.BadAnswer),
    ],
)
def test_what_an_answer_asks_of_the_shell_is_done(
    stage: DirectStage, fault: Fault, expected: type[errors.VenuekitError]
) -> None:
    stage.dialect.faults.add(fault)
    limits = Limits(connect_seconds=1.0, answer_seconds=2.0, answer_bytes=2**20)
    error, _ = _failure(stage, limits=limits)
    assert type(error) is expected


def test_an_answer_that_is_a_little_late_is_an_answer(stage: DirectStage) -> None:
    _disturb(stage, DisturbanceKind.REPLY_LATE, size=1.0)
    answer, took = _use(stage, _ask)
    assert (answer.status, round(took, 2)) == (200, 1.05)


def test_a_kept_connection_that_the_server_closed_loses_the_request(stage: DirectStage) -> None:
    _disturb(stage, DisturbanceKind.KEEP_ALIVE_CLOSED)
    error, _ = _failure(stage, _asked_twice)
    assert (type(error), _heard(stage)) == (errors.ConnectionLost, 1)


def test_a_connection_is_kept_for_fifteen_seconds(stage: DirectStage) -> None:
    _disturb(stage, DisturbanceKind.KEEP_ALIVE_CLOSED)

    async def use(transport: DirectTransport) -> int:
        await _ask(transport)
        await asyncio.sleep(16.0)
        return (await _ask(transport)).status

    assert _use(stage, use)[0] == 200


@pytest.mark.parametrize(("method", "times"), [("GET", 2), ("POST", 1), ("DELETE", 1)])
def test_a_proxy_that_asks_again_repeats_questions_and_no_command(
    stage: DirectStage, method: str, times: int
) -> None:
    _disturb(stage, DisturbanceKind.REQUEST_TWICE)
    _use(stage, lambda transport: _ask(transport, method=method))
    assert _heard(stage) == times


def test_a_half_open_connection_is_silent_and_a_new_one_works(stage: DirectStage) -> None:
    async def use(transport: DirectTransport) -> int:
        socket = await transport.connect(PINGED)
        await _ask(transport)
        _disturb(stage, DisturbanceKind.HALF_OPEN)
        await socket.send(b"{}")  # nobody says that it goes nowhere
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10.0):
                await socket.receive()
        with pytest.raises(errors.TimedOut):
            await _ask(transport)
        return (await _ask(transport)).status

    assert _use(stage, use)[0] == 200
    assert stage.network.fired["half_open"] == 2
    assert stage.kernel.trace.counts["wire said"] == 0


def test_an_error_of_a_url_is_a_mistake_of_the_setting(stage: DirectStage) -> None:
    error, _ = _failure(stage, lambda transport: _ask(transport, "http:///path?signature=c0ffee"))
    assert type(error) is errors.InvalidConfiguration
    assert "c0ffee" not in str(error)


def test_a_name_that_nobody_has_is_no_connection(stage: DirectStage) -> None:
    error, _ = _failure(stage, lambda transport: _ask(transport, "http://nowhere.sim/"))
    assert type(error) is errors.ConnectFailed
    assert "Name or service not known" in str(error)


def test_a_proxy_is_for_the_other_profile(stage: DirectStage) -> None:
    with pytest.raises(errors.Unsupported, match="wire"):
        stage.transport(proxy="http://127.0.0.1:1")


# WebSockets.


async def _frames(transport: DirectTransport, count: int, url: str = DEPTH) -> list[dict[str, Any]]:
    socket = await transport.connect(url)
    frames = [await socket.receive() for _ in range(count)]
    await socket.close()
    return [msgspec.json.decode(frame) for frame in frames if frame is not None]


def test_frames_come_in_the_order_in_which_they_were_sent() -> None:
    stage = DirectStage(7, latency=Latency(base=0.01, jitter=0.5), rate=50.0)
    frames, _ = _use(stage, lambda transport: _frames(transport, 100))
    assert all(one["u"] + 1 == other["U"] for one, other in pairwise(frames))
    arrived = stage.kernel.trace.counts["wire frame"]
    assert arrived >= 100


async def _say(socket: DirectSocket, number: int, order: list[int]) -> None:
    """Ask, and note one's number when the answer is there."""
    await socket.send(b'{"method":"LIST_SUBSCRIPTIONS","id":1}')
    await socket.receive()
    order.append(number)


def test_two_connections_keep_no_order_between_them() -> None:
    stage = DirectStage(7, latency=Latency(base=0.01, jitter=0.5))
    first: list[int] = []

    async def use(transport: DirectTransport) -> None:
        sockets = [await transport.connect(PINGED) for _ in range(2)]
        for _ in range(20):
            order: list[int] = []
            await asyncio.gather(*(_say(socket, number, order) for number, socket in enumerate(sockets)))
            first.append(order[0])
            await asyncio.sleep(1.0)  # the venue takes five messages a second

    _use(stage, use)
    assert set(first) == {0, 1}


def test_a_ping_is_answered_with_a_pong_and_the_connection_goes_on(stage: DirectStage) -> None:
    async def use(transport: DirectTransport) -> list[bytes | None]:
        socket = await transport.connect(PINGED)
        await socket.ping()
        return [await socket.receive(), await socket.receive()]

    # Its pong at once, and the venue's ping after 20 s.
    assert _use(stage, use)[0] == [None, None]
    assert stage.kernel.trace.counts["wire pong"] == 1


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault(kind=FaultKind.DISCONNECT, code=1012, reason="restart"), "closed with code 1012 restart"),
        (Fault(kind=FaultKind.ABORT), "closed with code 1006"),
    ],
)
def test_an_end_is_told_with_its_code(stage: DirectStage, fault: Fault, why: str) -> None:
    async def use(transport: DirectTransport) -> str:
        socket = await transport.connect(PINGED)
        stage.dialect.faults.add(fault)
        with pytest.raises(errors.ConnectionLost) as caught:
            await socket.receive()
        with pytest.raises(errors.ConnectionLost):
            await socket.send(b"too late")
        with pytest.raises(errors.ConnectionLost):
            await socket.receive()
        await socket.close()
        return str(caught.value)

    assert _use(stage, use)[0].endswith(why)
    assert stage.dialect.connections == {}


def test_a_frame_above_the_limit_ends_the_connection(stage: DirectStage) -> None:
    stage.dialect.faults.add(Fault(kind=FaultKind.OVERSIZED_FRAME))
    error, _ = _failure(stage, lambda transport: _frames(transport, 1), limits=Limits(frame_bytes=2**20))
    assert type(error) is errors.ConnectionLost
    assert stage.dialect.connections == {}


def test_a_refused_handshake_is_no_connection(stage: DirectStage) -> None:
    stage.dialect.faults.add(Fault(kind=FaultKind.CONNECT_REFUSED, status=503))
    error, _ = _failure(stage, lambda transport: transport.connect(PINGED))
    assert type(error) is errors.ConnectFailed
    assert "503" in str(error)


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [
        (DisturbanceKind.REFUSED, 0.03),
        (DisturbanceKind.DNS_FAILURE, 0.01),
        (DisturbanceKind.UNREACHABLE, 3.0),
        (DisturbanceKind.PARTITION, 3.0),
        (DisturbanceKind.TLS_FAILURE, 0.05),
    ],
)
def test_a_web_socket_that_is_not_to_be_had_is_no_connection(
    stage: DirectStage, kind: DisturbanceKind, seconds: float
) -> None:
    _disturb(stage, kind)
    url = PINGED.replace("ws:", "wss:")
    error, took = _failure(stage, lambda transport: transport.connect(url))
    assert (type(error), took) == (errors.ConnectFailed, seconds)


def test_a_way_that_is_silent_holds_what_goes_that_way_until_it_is_over(stage: DirectStage) -> None:
    async def use(transport: DirectTransport) -> list[dict[str, Any]]:
        socket = await transport.connect(PINGED)
        silence = _disturb(stage, DisturbanceKind.PARTITION, target="venue>trader")
        await socket.send(b'{"method":"LIST_SUBSCRIPTIONS","id":1}')
        await asyncio.sleep(5.0)
        assert stage.kernel.trace.counts["wire said"] == 1
        await socket.send(b'{"method":"LIST_SUBSCRIPTIONS","id":2}')
        await asyncio.sleep(5.0)
        began = asyncio.get_running_loop().time()
        stage.network.calm(silence)
        frames = [msgspec.json.decode(await socket.receive() or b"") for _ in range(2)]
        assert asyncio.get_running_loop().time() - began < 1.0
        return frames

    assert [frame["id"] for frame in _use(stage, use)[0]] == [1, 2]


def test_connections_that_are_clogged_move_again_in_another_order(stage: DirectStage) -> None:
    async def use(transport: DirectTransport) -> list[int]:
        sockets = [await transport.connect(PINGED) for _ in range(6)]
        _disturb(stage, DisturbanceKind.CLOG, size=10.0)
        order: list[int] = []
        await asyncio.gather(*(_say(socket, number, order) for number, socket in enumerate(sockets)))
        return order

    order, took = _use(stage, use)
    assert sorted(order) == list(range(6)) != order
    assert 1.0 < took < 21.0


def test_a_spike_of_latency_is_over_when_it_is_over(stage: DirectStage) -> None:
    async def use(transport: DirectTransport) -> list[bool]:
        await _ask(transport)
        loop, slow = asyncio.get_running_loop(), []
        for is_spike in (True, False):
            spike = _disturb(stage, DisturbanceKind.LATENCY, size=0.3) if is_spike else None
            began = loop.time()
            await _ask(transport)
            slow.append(loop.time() - began > 0.6)
            if spike is not None:
                stage.network.calm(spike)
        return slow

    assert _use(stage, use)[0] == [True, False]


def test_a_venue_that_restarts_resets_its_connections_and_listens_again(stage: DirectStage) -> None:
    async def use(transport: DirectTransport) -> int:
        socket = await transport.connect(PINGED)
        restart = _disturb(stage, DisturbanceKind.VENUE_RESTART)
        with pytest.raises(errors.ConnectionLost, match="1006"):
            await socket.receive()
        with pytest.raises(errors.ConnectFailed):
            await transport.connect(PINGED)
        stage.network.calm(restart)
        return (await _ask(transport)).status

    assert _use(stage, use)[0] == 200


@pytest.mark.parametrize(("power", "left"), [(False, 0), (True, 1)])
def test_a_process_that_dies_closes_its_connections_and_a_machine_does_not(
    stage: DirectStage, *, power: bool, left: int
) -> None:
    async def main() -> None:
        transport = stage.transport()
        await transport.connect(PINGED)
        await asyncio.Event().wait()

    with stage.world():
        stage.trader.start(main)
        stage.kernel.run(1.0)
        stage.trader.kill(power=power)
        stage.kernel.run(1.0)
        assert len(stage.dialect.connections) == left
        stage.kernel.run(100.0)  # nobody answers the venue's pings
        assert stage.dialect.connections == {}
