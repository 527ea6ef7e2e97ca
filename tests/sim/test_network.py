"""aiohttp on both sides, unmodified, over the simulated network."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.sim.lan import PORT, Lan, failure, frames, lan, transport

from venuekit import errors
from venuekit.sim.disturbance import Disturbance, DisturbanceKind
from venuekit.sim.host import Host
from venuekit.sim.route import Link

K = DisturbanceKind


async def a_session(world: Lan, requests: int = 10, count: int = 20) -> list[Any]:
    """Ask and listen at once; what came when."""
    loop = asyncio.get_running_loop()
    noted: list[Any] = []

    async with transport() as web:

        async def ask() -> None:
            for number in range(requests):
                answer = await web.request("POST", world.url(f"/{number}"), {}, b"x" * number)
                noted.append((answer.status, answer.body, loop.time()))

        async def listen() -> None:
            stream = await web.connect(world.ws_url())
            for _ in range(count):
                noted.append((*await frames(stream, 1), loop.time()))  # noqa: PERF401 - each has its own moment
            await stream.close()

        async with asyncio.TaskGroup() as group:
            group.create_task(ask())
            group.create_task(listen())
    return noted


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_requests_and_frames_pass_between_hosts(scheme: str) -> None:
    with lan(scheme=scheme) as world:
        noted = world.run(lambda: a_session(world))
        world.settle()

        assert [body for _, body, _ in (each for each in noted if len(each) == 3)] == [
            f"POST /{number} {number}".encode() for number in range(10)
        ]
        assert [each[0] for each in noted if len(each) == 2] == [f"frame {number}" for number in range(20)]
        assert world.network.open_sockets == []


def noted_by(seed: int) -> list[Any]:
    with lan(seed) as world:
        return [*world.run(lambda: a_session(world)), *sorted(world.fired.items())]


def test_one_seed_gives_one_course_of_events() -> None:
    assert noted_by(7) == noted_by(7)


def test_thirty_seeds_give_thirty_courses_of_events() -> None:
    assert len({repr(noted_by(seed)) for seed in range(30)}) == 30


def test_a_name_that_nobody_has_and_a_port_that_nobody_listens_on_are_refused() -> None:
    async def main() -> None:
        async with transport() as web:
            nobody = await failure(web.request("GET", world.url(host="nobody.sim"), {}, None))
            assert isinstance(nobody, errors.ConnectFailed)
            assert "not known" in str(nobody)
            closed = await failure(web.request("GET", f"http://venue.sim:{PORT + 1}/", {}, None))
            assert isinstance(closed, errors.ConnectFailed)
            assert "refused" in str(closed) or "Connect call failed" in str(closed)

    with lan() as world:
        world.run(main)


def test_a_host_is_found_by_its_address_and_by_both_its_names() -> None:
    async def main() -> None:
        async with transport() as web:
            for host in ("venue", "venue.sim", world.venue.address):
                assert (await web.request("GET", world.url("/x", host), {}, None)).status == 200

    with lan() as world:
        world.run(main)


def test_a_server_sees_where_a_connection_comes_from() -> None:
    async def main() -> list[str]:
        async with transport() as web:
            stream = await web.connect(world.ws_url())
            await frames(stream, 1)
            return [end.peer[0] for end in world.network.open_sockets if end.host is world.venue]

    with lan() as world:
        assert world.run(main) == [world.trader.address]


def test_a_port_is_taken_once() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 5000)
        with pytest.raises(OSError, match="address already in use"):
            await loop.create_server(asyncio.Protocol, "127.0.0.1", 5000)
        server.close()
        await server.wait_closed()
        (await loop.create_server(asyncio.Protocol, "127.0.0.1", 5000)).close()
        free = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
        assert free.sockets[0].getsockname()[1] > 1024
        free.close()

    with lan() as world:
        world.run(main)


def test_what_is_written_takes_the_latency_of_its_way() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        async with transport() as web:
            await web.request("GET", world.url("/x"), {}, None)
            begun = loop.time()
            await web.request("GET", world.url("/x"), {}, None)
            return loop.time() - begun

    with lan(link=Link(latency=0.25, jitter=0.0)) as world:
        assert world.run(main) == pytest.approx(0.5, abs=0.01)


def test_a_host_that_was_killed_closes_its_connections_and_refuses_new_ones() -> None:
    async def main() -> list[errors.VenuekitError]:
        async with transport() as web:
            stream = await web.connect(world.ws_url())
            await frames(stream, 3)
            world.kernel.after(0.05, world.venue.kill)
            lost = await failure(frames(stream, 1_000))
            refused = await failure(web.request("GET", world.url(), {}, None))
            return [lost, refused]

    with lan() as world:
        lost, refused = world.run(main)
        assert isinstance(lost, errors.ConnectionLost)
        assert isinstance(refused, errors.ConnectFailed)


def test_a_host_without_power_says_nothing_until_it_is_back_and_then_resets() -> None:
    async def main() -> list[Any]:
        loop = asyncio.get_running_loop()
        async with transport() as web:
            stream = await web.connect(world.ws_url())
            await frames(stream, 3)
            world.venue.kill(power=True)
            silent = await failure(web.request("GET", world.url(), {}, None))
            listening = asyncio.ensure_future(failure(frames(stream, 1_000)))
            await asyncio.sleep(20.0)
            assert not listening.done()
            world.venue.start(world._serve)
            await stream.send(b"are you there?")
            begun = loop.time()
            return [silent, await listening, loop.time() - begun]

    with lan() as world:
        silent, lost, seconds = world.run(main)
        assert isinstance(silent, errors.ConnectFailed)
        assert isinstance(lost, errors.ConnectionLost)
        assert seconds < 1.0


def test_a_killed_client_leaves_nothing_open_at_the_server() -> None:
    async def main() -> None:
        async with transport() as web:
            stream = await web.connect(world.ws_url())
            world.heard += await frames(stream, 3)
            await asyncio.Event().wait()

    with lan() as world:
        world.trader.start(main)
        assert world.kernel.run_until(lambda: bool(world.heard), 10.0)
        world.trader.kill()
        world.settle()
        assert world.network.open_sockets == []


def test_a_client_without_power_is_given_up_by_the_server_after_a_quarter_of_an_hour() -> None:
    async def main() -> None:
        async with transport() as web:
            stream = await web.connect(world.ws_url())
            world.heard += await frames(stream, 3)
            await asyncio.Event().wait()

    with lan() as world:
        world.trader.start(main)
        assert world.kernel.run_until(lambda: bool(world.heard), 10.0)
        world.trader.kill(power=True)
        world.settle(800.0)
        assert len(world.network.open_sockets) == 1
        world.settle(400.0)
        assert world.network.open_sockets == []


def test_whoever_stops_waiting_for_a_connection_leaves_none() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        for wait in range(30):
            call = asyncio.ensure_future(loop.create_connection(asyncio.Protocol, "venue.sim", PORT))
            await asyncio.sleep(wait * 0.001)
            call.cancel()
            await asyncio.wait([call])
            if not call.cancelled():
                call.result()[0].close()

    with lan() as world:
        world.run(main)
        world.settle()
        assert world.network.open_sockets == []


def test_a_disturbance_of_another_layer_is_refused() -> None:
    with lan() as world, pytest.raises(ValueError, match="disk_full"):
        world.network.disturb(Disturbance(kind=K.DISK_FULL, at=0.0))


def test_a_host_talks_to_itself() -> None:
    async def main() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", 5000)
        writer.write(b"hello\n")
        line = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return line

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        writer.close()

    async def both() -> bytes:
        async with await asyncio.start_server(echo, "127.0.0.1", 5000):
            return await main()

    with lan() as world:
        assert world.run(both) == b"HELLO\n"
        assert isinstance(world.kernel.hosts["trader"], Host)
