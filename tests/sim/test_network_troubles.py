"""Everything that goes wrong on the simulated network, and the error that our transport makes of it."""

from __future__ import annotations

import asyncio
import itertools
import traceback
from typing import Any

import pytest
from tests.sim.lan import Lan, failure, frames, lan, transport

from venuekit import errors
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.route import Link
from venuekit.web.transport import AiohttpTransport, Limits

K = DisturbanceKind
UP, DOWN = "trader>venue", "venue>trader"
QUICK = Limits(connect_seconds=2.0, answer_seconds=4.0)


async def ask(web: AiohttpTransport, world: Lan, path: str = "/x", method: str = "GET") -> bytes:
    answer = await web.request(method, world.url(path), {}, None)
    assert answer.status == 200
    return answer.body


async def asked_while(world: Lan, kind: DisturbanceKind, scheme_is_new: bool = True, **how: Any) -> Any:
    """What becomes of a request during a disturbance; afterwards one must succeed."""
    async with transport(QUICK) as web:
        if not scheme_is_new:
            await ask(web, world)
        lying = world.disturb(kind, **how)
        begun = asyncio.get_running_loop().time()
        outcome = await failure(web.request("GET", world.url("/x"), {}, None))
        world.heard.append(asyncio.get_running_loop().time() - begun)
        world.network.calm(lying)
        await asyncio.sleep(11.0)  # aiohttp keeps an address for ten seconds
        await ask(web, world)
        return outcome


REFUSALS = [
    (K.DNS_FAILURE, {}),
    (K.DNS_WRONG, {}),
    (K.DNS_SLOW, {"size": 8.0}),
    (K.REFUSED, {}),
    (K.UNREACHABLE, {}),
    (K.PARTITION, {}),
    (K.PARTITION, {"target": UP}),
    (K.PARTITION, {"target": DOWN}),
]


@pytest.mark.parametrize(("kind", "how"), REFUSALS)
def test_what_keeps_a_connection_from_opening_proves_that_nothing_was_sent(
    kind: DisturbanceKind, how: dict[str, Any]
) -> None:
    with lan() as world:
        error = world.run(lambda: asked_while(world, kind, **how))

        assert isinstance(error, errors.ConnectFailed)
        assert world.fired[kind.value] > 0
        assert world.asked == ["GET /x"]


EVERY_WAY_TO_FAIL = [
    *REFUSALS,
    (K.TLS_FAILURE, {}),
    (K.RESET, {}),
    (K.REPLY_LOST, {}),
    (K.REQUEST_LOST, {}),
    (K.REPLY_LATE, {"size": 60.0}),
    (K.LATENCY, {"size": 60.0}),
]


@pytest.mark.parametrize(("kind", "how"), EVERY_WAY_TO_FAIL)
def test_no_failure_shows_what_was_signed(kind: DisturbanceKind, how: dict[str, Any]) -> None:
    async def main() -> str:
        async with transport(QUICK) as web:
            world.disturb(kind, **how)
            url = world.url("/x?amount=1&signature=0123456789abcdef")
            error = await failure(web.request("POST", url, {"X-KEY": "fedcba9876543210"}, None))
            return "".join(traceback.format_exception(error))

    with lan(scheme="https") as world:
        shown = world.run(main)
        assert "/x" in shown
        assert "0123456789abcdef" not in shown
        assert "fedcba9876543210" not in shown


@pytest.mark.parametrize("seed", range(12))
def test_tls_that_fails_proves_that_nothing_was_sent(seed: int) -> None:
    with lan(seed, scheme="https") as world:
        error = world.run(lambda: asked_while(world, K.TLS_FAILURE))

        assert isinstance(error, errors.ConnectFailed)
        assert world.fired["tls_failure"] == 1
        assert world.asked == ["GET /x"]


def test_tls_fails_in_several_ways() -> None:
    words = set()
    for seed in range(12):
        with lan(seed, scheme="https") as world:
            words.add(str(world.run(lambda: asked_while(world, K.TLS_FAILURE))).partition(": ")[2])
    assert any("expired" in each for each in words)
    assert any("handshake failure" in each for each in words)
    assert len(words) >= 4


def test_a_slow_name_service_costs_what_it_takes() -> None:
    async def main() -> float:
        world.disturb(K.DNS_SLOW, size=3.0)
        begun = asyncio.get_running_loop().time()
        async with transport() as web:
            await ask(web, world)
        return asyncio.get_running_loop().time() - begun

    with lan() as world:
        assert 3.0 < world.run(main) < 3.5


BREAKS = [
    (K.RESET, {"target": UP}),
    (K.RESET, {"target": DOWN}),
    (K.REQUEST_LOST, {}),
    (K.REPLY_LOST, {}),
    (K.KEEP_ALIVE_CLOSED, {}),
]


@pytest.mark.parametrize(("kind", "how"), BREAKS)
def test_a_connection_that_breaks_under_a_request_leaves_its_outcome_unknown(
    kind: DisturbanceKind, how: dict[str, Any]
) -> None:
    with lan() as world:
        error = world.run(lambda: asked_while(world, kind, scheme_is_new=False, **how))

        assert isinstance(error, errors.ConnectionLost)
        assert world.fired[kind.value] == 1
        is_carried_out = kind is K.REPLY_LOST or how == {"target": DOWN}
        assert len(world.asked) == (3 if is_carried_out else 2)


def test_a_request_is_reset_at_any_of_its_bytes() -> None:
    arrived = set()
    for seed in range(20):
        with lan(seed) as world:
            received: list[int] = []

            class Counting(asyncio.Protocol):
                def data_received(self, data: bytes) -> None:
                    received.append(len(data))  # noqa: B023

            async def main(world: Lan = world) -> None:
                loop = asyncio.get_running_loop()
                await loop.create_server(Counting, "127.0.0.1", 5000)
                transport, _ = await loop.create_connection(asyncio.Protocol, "127.0.0.1", 5000)
                world.network.route(world.trader, world.trader).add(Disturbance(kind=K.RESET, at=0.0))
                transport.write(b"x" * 100)
                await asyncio.sleep(1.0)
                assert transport.is_closing()

            world.run(main)
            arrived.add(sum(received))
    assert len(arrived) > 12
    assert all(0 <= each <= 100 for each in arrived)


SILENCES = [
    (K.HALF_OPEN, {}),
    (K.PARTITION, {}),
    (K.PARTITION, {"target": UP}),
    (K.PARTITION, {"target": DOWN}),
]


@pytest.mark.parametrize(("kind", "how"), SILENCES)
def test_a_connection_that_falls_silent_under_a_request_times_out(
    kind: DisturbanceKind, how: dict[str, Any]
) -> None:
    with lan() as world:
        error = world.run(lambda: asked_while(world, kind, scheme_is_new=False, **how))

        assert isinstance(error, errors.TimedOut)
        assert world.fired[kind.value] > 0
        assert world.heard == [pytest.approx(4.0, abs=0.01)]


async def listened(world: Lan, kind: DisturbanceKind, seconds: float, **how: Any) -> list[tuple[str, float]]:
    """What came of a stream during a disturbance and after it, and when."""
    loop = asyncio.get_running_loop()
    async with transport() as web:
        stream = await web.connect(world.ws_url())
        heard = [(frame, loop.time()) for frame in await frames(stream, 2)]
        lying = world.disturb(kind, **how)
        world.kernel.after(seconds, lambda: world.network.calm(lying))
        heard += [((await frames(stream, 1))[0], loop.time()) for _ in range(300)]
        await stream.close()
        return heard


def in_order(heard: list[tuple[str, float]]) -> bool:
    return [frame for frame, _ in heard] == [f"frame {number}" for number in range(302)]


def longest(heard: list[tuple[str, float]]) -> float:
    """The longest time between two frames."""
    moments = [moment for _, moment in heard]
    return max(b - a for a, b in itertools.pairwise(moments))


STALLS: list[tuple[DisturbanceKind, dict[str, Any], float]] = [
    (K.PARTITION, {"target": DOWN}, 5.0),
    (K.PARTITION, {}, 5.0),
    (K.LATENCY, {"size": 1.0}, 1.0),
    (K.LOSS, {"share": 0.4}, 0.2),
    (K.BANDWIDTH, {"size": 40.0}, 0.2),
    (K.BACK_PRESSURE, {"target": DOWN}, 8.0),
    (K.DRIP, {"size": 3.0}, 0.0),
]


@pytest.mark.parametrize(("kind", "how", "pause"), STALLS)
def test_a_stream_that_is_held_up_loses_nothing_and_keeps_its_order(
    kind: DisturbanceKind, how: dict[str, Any], pause: float
) -> None:
    with lan() as world:
        heard = world.run(lambda: listened(world, kind, 10.0, **how))

        assert in_order(heard)
        assert longest(heard) > pause
        assert world.fired[kind.value] > 0


def test_what_a_partition_held_comes_with_the_next_retransmission_after_it() -> None:
    with lan(link=Link(latency=0.001, jitter=0.0)) as world:
        heard = world.run(lambda: listened(world, K.PARTITION, 10.0))

        # Sent again 0.2, 0.6, 1.4, 3, 6.2 and 12.6 s after the first loss: 10 s are over by then.
        assert longest(heard) == pytest.approx(12.7, abs=0.15)


def test_clogged_streams_go_on_in_another_order_than_they_stopped_in() -> None:
    async def main() -> list[list[float]]:
        async with transport() as web:
            streams = [await web.connect(world.ws_url()) for _ in range(5)]
            lying = world.disturb(K.CLOG, size=8.0)
            world.kernel.after(20.0, lambda: world.network.calm(lying))
            pauses = await asyncio.gather(*(self_pause(stream) for stream in streams))
            for stream in streams:
                await stream.close()
            return list(pauses)

    async def self_pause(stream: Any) -> list[float]:
        """When a stream stopped, and when it went on."""
        loop = asyncio.get_running_loop()
        moments = []
        for number in range(120):
            assert await frames(stream, 1) == [f"frame {number}"]
            moments.append(loop.time())
        stop, go = max(itertools.pairwise(moments), key=lambda pair: pair[1] - pair[0])
        return [stop, go]

    with lan() as world:
        pauses = world.run(main)

        assert world.fired["clog"] == 5
        stopped = sorted(range(5), key=lambda each: pauses[each][0])
        went_on = sorted(range(5), key=lambda each: pauses[each][1])
        assert stopped != went_on


def test_an_answer_that_is_late_does_not_hold_up_other_connections() -> None:
    async def main() -> float:
        async with transport() as web:
            stream = await web.connect(world.ws_url())
            world.disturb(K.REPLY_LATE, size=3.0)
            answer = asyncio.ensure_future(ask(web, world))
            heard = await frames(stream, 25)
            assert not answer.done()
            assert heard[-1] == "frame 24"
            begun = asyncio.get_running_loop().time()
            await answer
            await stream.close()
            return asyncio.get_running_loop().time() - begun

    with lan() as world:
        assert 0.3 < world.run(main) < 1.0
        assert world.fired["reply_late"] == 1


def test_connections_overtake_each_other() -> None:
    async def main() -> None:
        async with transport() as web:
            streams = [await web.connect(world.ws_url()) for _ in range(4)]
            for stream in streams:
                await frames(stream, 50)

    with lan(link=Link(latency=0.01, jitter=0.1)) as world:
        world.run(main)
        assert world.fired["reordered"] > 20
        assert world.fired["coalesced"] > 20


def test_a_writer_is_paused_while_its_peer_reads_nothing() -> None:
    class Writer(asyncio.Protocol):
        def __init__(self) -> None:
            self.said: list[str] = []

        def pause_writing(self) -> None:
            self.said.append("pause")

        def resume_writing(self) -> None:
            self.said.append("resume")

    class Reader(asyncio.Protocol):
        size = 0

        def data_received(self, data: bytes) -> None:
            Reader.size += len(data)

    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        transport, writer = await loop.create_connection(Writer, "venue.sim", 5000)
        assert isinstance(writer, Writer)
        lying = world.disturb(K.BACK_PRESSURE, target=UP)
        for _ in range(200):
            transport.write(b"x" * 1_000)
        await asyncio.sleep(5.0)
        assert writer.said == ["pause"]
        assert Reader.size == 0
        world.network.calm(lying)
        await asyncio.sleep(5.0)
        transport.close()
        return writer.said

    with lan() as world:
        listening = asyncio.Event

        async def listen() -> None:
            await asyncio.get_running_loop().create_server(Reader, "127.0.0.1", 5000)
            await listening().wait()

        world.venue.kill()
        world.venue.start(listen)
        assert world.run(main) == ["pause", "resume"]
        assert Reader.size == 200_000
        assert world.fired["back_pressure"] > 0


def test_tiny_pieces_of_an_answer_are_put_together() -> None:
    async def main() -> bytes:
        world.disturb(K.DRIP, size=2.0)
        async with transport() as web:
            return await ask(web, world, "/big")

    with lan() as world:
        assert world.run(main) == b"0123456789" * 100_000


def test_a_narrow_way_takes_as_long_as_the_bytes_need() -> None:
    async def main() -> float:
        world.disturb(K.BANDWIDTH, size=500_000.0)
        begun = asyncio.get_running_loop().time()
        async with transport() as web:
            await ask(web, world, "/big")
        return asyncio.get_running_loop().time() - begun

    with lan() as world:
        assert 2.0 < world.run(main) < 2.3


def test_a_connection_that_is_half_open_is_given_up_after_a_quarter_of_an_hour() -> None:
    async def main() -> tuple[Any, float]:
        async with transport() as web:
            stream = await web.connect(world.ws_url())
            await frames(stream, 2)
            world.disturb(K.HALF_OPEN)
            begun = asyncio.get_running_loop().time()
            await stream.send(b"are you there?")
            lost = await failure(frames(stream, 1_000))
            return lost, asyncio.get_running_loop().time() - begun

    with lan() as world:
        lost, seconds = world.run(main, 2_000.0)
        assert isinstance(lost, errors.ConnectionLost)
        assert 900.0 < seconds < 1_100.0


def test_new_connections_work_beside_half_open_ones() -> None:
    async def main() -> None:
        async with transport() as web:
            stream = await web.connect(world.ws_url())
            await frames(stream, 2)
            world.disturb(K.HALF_OPEN)
            other = await web.connect(world.ws_url())
            await frames(other, 2)

    with lan() as world:
        world.run(main)
        assert world.fired["half_open"] == 1


def test_a_question_arrives_twice_and_a_command_once() -> None:
    async def main() -> None:
        world.disturb(K.REQUEST_TWICE)
        async with transport() as web:
            assert await ask(web, world, "/question") == b"GET /question 0"
            await ask(web, world, "/command", "POST")
            await ask(web, world, "/command", "DELETE")
        await asyncio.sleep(1.0)

    with lan() as world:
        world.run(main)
        world.settle()

        assert world.asked.count("GET /question") == 2
        assert len(world.asked) == 4
        assert world.fired["request_twice"] == 1
        assert world.network.open_sockets == []


def test_a_share_of_the_cases_is_struck() -> None:
    async def main() -> int:
        world.disturb(K.REFUSED, share=0.3)
        failed = 0
        for _ in range(100):
            async with transport() as web:
                try:
                    await ask(web, world)
                except errors.ConnectFailed:
                    failed += 1
        return failed

    with lan() as world:
        failed = world.run(main)
        assert 15 <= failed <= 45
        assert world.fired["refused"] == failed


def test_a_disturbance_that_is_over_is_felt_no_longer() -> None:
    async def main() -> None:
        for kind in K:
            if kind is K.HALF_OPEN:
                continue
            try:
                lying = world.disturb(kind, size=1.0)
            except ValueError:
                continue
            world.network.calm(lying)
            world.network.calm(lying)
        before = dict(world.fired)
        async with transport() as web:
            await ask(web, world)
        assert before == dict(world.fired)

    with lan() as world:
        world.run(main)
