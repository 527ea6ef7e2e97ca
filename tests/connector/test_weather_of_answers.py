"""Bad weather on REST: each ends in the right typed error, or in a book equal to the venue's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from decimal import Decimal

import msgspec
import pytest
from tests.connector.emulated import BTC, CALM, ETH, LIVE, QUICK, SOL, Diary, House, house, tracked, until

from venuekit import Credentials, Secret, connect, errors
from venuekit.emulator.faults import Fault, FaultKind
from venuekit.model.events import NetworkStatusEvent
from venuekit.protocol.endpoint import NoQuery
from venuekit.venues.binance.spot import wire
from venuekit.venues.binance.wire import DepthQuery
from venuekit.web.transport import AiohttpTransport, HttpAnswer, Limits

DEPTH, TIME, RULES = "/api/v3/depth", "/api/v3/time", "/api/v3/exchangeInfo"


def _transport(answer_seconds: float) -> AiohttpTransport:
    """For what does not answer at all; what does answer needs the time that the machine takes."""
    return AiohttpTransport(limits=Limits(answer_seconds=answer_seconds))


class _Counting(AiohttpTransport):
    """Counts what is sent, whenever it arrives."""

    sent = 0

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        seconds: float | None = None,
    ) -> HttpAnswer:
        self.sent += 1
        return await super().request(method, url, headers, body, seconds)


async def test_an_unknown_pair_is_refused_at_the_start() -> None:
    async with house() as venue:
        exchange = venue.exchange("NOPE-USDT")
        with pytest.raises(errors.UnknownPair, match="no pair 'NOPE-USDT'"):
            await exchange.start()


async def test_an_unknown_venue_is_told_with_those_there_are() -> None:
    with pytest.raises(errors.UnknownVenue, match=r"installed are .*binance"):
        connect("atlantis")


async def test_an_unknown_domain_is_told_with_those_there_are() -> None:
    with pytest.raises(errors.UnknownDomain, match="main, testnet, emulator"):
        connect("binance@moon")


async def test_an_emulator_without_address_is_told_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VENUEKIT_BINANCE_EMULATOR_URL", raising=False)
    with pytest.raises(errors.InvalidConfiguration, match="VENUEKIT_BINANCE_EMULATOR_URL"):
        connect("binance@emulator")


async def test_an_address_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENUEKIT_BINANCE_EMULATOR_URL", "http://127.0.0.1:9")
    assert connect("binance@emulator").setting.domain.ws_url == "ws://127.0.0.1:9"


async def test_credentials_make_it_trade_and_none_make_it_watch() -> None:
    keys = Credentials("key", secret=Secret("secret"))
    for credentials in (keys, None):
        exchange = connect("binance@testnet", credentials=credentials)
        assert exchange.is_trading_required == (credentials is not None)
    with pytest.raises(errors.KeyMissing, match="no credentials"):
        exchange.buy(BTC, Decimal(1), price=Decimal(1))
    with pytest.raises(errors.Unsupported, match="market data only"):
        connect("bybit", credentials=keys)


@pytest.mark.parametrize("url", ["127.0.0.1:80", "ftp://x", "http://", "http://x/path"])
async def test_an_address_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(errors.InvalidConfiguration, match="expected an address"):
        connect("binance@emulator", url=url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://no-such-host.invalid"])
async def test_a_wrong_host_fails_the_start_and_leaves_nothing(url: str) -> None:
    before = asyncio.all_tasks()
    exchange = connect("binance@emulator", [BTC], url=url)
    with pytest.raises(errors.ConnectFailed):
        await exchange.start()
    assert asyncio.all_tasks() <= before


async def test_a_port_in_use_is_told_by_the_server_that_wants_it() -> None:
    async with house() as venue:
        with pytest.raises(errors.AddressInUse):
            async with house(port=venue.server.port):
                pass


ANSWERS = {
    "html": (Fault(kind=FaultKind.HTML), errors.BadAnswer),
    "not json": (Fault(kind=FaultKind.NOT_JSON), errors.BadAnswer),
    "not utf-8": (Fault(kind=FaultKind.NOT_UTF8), errors.BadAnswer),
    "5 MB of another shape": (Fault(kind=FaultKind.OVERSIZED_BODY), errors.BadAnswer),
    "reset": (Fault(kind=FaultKind.RESET), errors.ConnectionLost),
    "cut off": (Fault(kind=FaultKind.TRUNCATED_BODY), errors.ConnectionLost),
    "hangs": (Fault(kind=FaultKind.HANG), errors.TimedOut),
    "too slow": (Fault(kind=FaultKind.DELAY, seconds=2.0), errors.TimedOut),
    "500": (Fault(kind=FaultKind.SERVER_ERROR, status=500), errors.OutcomeUnknown),
    "503": (Fault(kind=FaultKind.SERVER_ERROR), errors.OutcomeUnknown),
    "429": (Fault(kind=FaultKind.RATE_LIMITED, seconds=1.0), errors.RateLimited),
    "418": (Fault(kind=FaultKind.BANNED, seconds=1.0), errors.Banned),
    "403": (Fault(kind=FaultKind.FIREWALL), errors.Banned),
}


@pytest.mark.parametrize(("fault", "kind"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_a_bad_answer_has_its_class(fault: Fault, kind: type[errors.VenuekitError]) -> None:
    async with house() as venue:
        exchange = venue.exchange(transport=_transport(0.2) if kind is errors.TimedOut else None)
        venue.dialect.faults.add(fault)
        with pytest.raises(kind):
            await exchange.start()


HEALED = {name: ANSWERS[name][0] for name in ("html", "cut off", "reset", "hangs", "503")}


@pytest.mark.parametrize("fault", HEALED.values(), ids=HEALED.keys())
async def test_a_bad_snapshot_is_asked_for_again_until_the_book_is_right(fault: Fault) -> None:
    async with house() as venue:
        venue.break_(fault.kind, path=DEPTH, seconds=fault.seconds, status=fault.status)
        transport = _transport(2.0) if fault.kind is FaultKind.HANG else None
        async with venue.exchange(BTC, transport=transport) as exchange:
            assert venue.fired() == 1
            await venue.agrees(exchange)


async def test_slow_answers_within_the_limit_are_waited_for() -> None:
    async with house() as venue:
        venue.break_(FaultKind.DELAY, path=DEPTH, seconds=0.3, times=2)
        async with venue.exchange(BTC) as exchange:
            assert tracked(exchange).attempts == 0
            await venue.agrees(exchange)


@pytest.mark.parametrize("kind", [FaultKind.RATE_LIMITED, FaultKind.BANNED])
async def test_a_refusal_with_a_time_is_waited_out_and_the_book_comes(kind: FaultKind) -> None:
    async with house() as venue:
        # The venue writes whole seconds, one more than needed: 0.5 becomes 1.
        venue.break_(kind, path=DEPTH, seconds=0.5)
        began = time.monotonic()
        async with venue.exchange(BTC) as exchange:
            # Who did not read the time would wait for the next minute, or a ban's usual two.
            assert 0.9 < time.monotonic() - began < 20.0
            await venue.agrees(exchange)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.FIREWALL, path=DEPTH),
        Fault(kind=FaultKind.RATE_LIMITED, path=DEPTH),
        Fault(kind=FaultKind.BANNED, path=DEPTH, seconds=60.0),
    ],
    ids=["403", "429 without a time", "418"],
)
async def test_during_a_ban_nobody_sends_anything(fault: Fault) -> None:
    async with house() as venue:
        venue.dialect.faults.add(fault)
        transport = _Counting()
        exchange = venue.exchange(BTC, ETH, SOL, facts={"network_interval": 0.05}, transport=transport)
        await exchange.start()
        try:
            await until(lambda: exchange.web.gate.banned_until() is not None, "the ban")
            sent = transport.sent
            waiting = asyncio.ensure_future(exchange.web.call(wire.TIME, NoQuery()))
            await asyncio.sleep(0.4)
            assert transport.sent == sent
            assert not waiting.done()
            assert exchange.web.gate.banned_until() is not None
            waiting.cancel()
        finally:
            await exchange.stop()


async def test_a_snapshot_older_than_the_first_difference_is_not_joined() -> None:
    async with house() as venue:
        venue.break_(FaultKind.STALE_SNAPSHOT, BTC, times=2, count=500)
        async with venue.exchange(BTC) as exchange:
            await venue.agrees(exchange)


async def test_a_snapshot_before_any_difference_joins_the_first_that_comes() -> None:
    async with house() as venue:
        venue.dialect.pause(time.time())
        async with venue.exchange(BTC, policy=CALM) as exchange:
            assert tracked(exchange).keeper.applied == 0
            venue.dialect.resume(time.time())
            await until(lambda: tracked(exchange).keeper.applied > 2, "differences")
            await venue.agrees(exchange)
            assert tracked(exchange).keeper.resyncs == 0


async def test_s19_a_snapshot_that_the_venue_caches_ends_in_a_right_book() -> None:
    async with house() as venue:
        venue.break_(FaultKind.CACHED_SNAPSHOT, BTC, times=None, seconds=0.6)
        async with venue.exchange(ETH) as other:  # fills the cache, so that it is old when it is wanted
            await other.web.call(wire.DEPTH, DepthQuery(symbol="BTCUSDT", limit=100))
            await asyncio.sleep(0.3)
            async with venue.exchange(BTC) as exchange:
                await venue.agrees(exchange)


async def test_s19_differences_that_arrive_while_the_snapshot_is_under_way_are_joined() -> None:
    async with house() as venue:
        venue.break_(FaultKind.DELAY, path=DEPTH, seconds=2.0)
        exchange = venue.exchange(BTC)
        await exchange.start()
        try:
            await until(lambda: tracked(exchange).keeper.buffered >= 3, "differences to wait")
            assert tracked(exchange).book.status is not LIVE
            await exchange.wait_until_ready(30.0)
            await venue.agrees(exchange)
        finally:
            await exchange.stop()


async def test_a_snapshot_from_before_a_disconnect_is_not_joined_after_it() -> None:
    async with house() as venue, venue.exchange(BTC, policy=CALM) as exchange:
        state = tracked(exchange)
        venue.break_(FaultKind.DELAY, path=DEPTH, seconds=2.0)
        exchange.order_book_tracker.resync(BTC)
        await venue.struck()
        asked_at, _, _ = venue.truth(BTC)
        # The answer is under way. Meanwhile differences are missed, and then the market falls quiet.
        venue.break_(FaultKind.ABORT)
        await until(lambda: not state.is_subscribed, "the line to be lost")
        await until(lambda: venue.truth(BTC)[0] > asked_at, "the market to move on")
        venue.dialect.pause(time.time())
        # The market stands still: a book that was joined across the gap would never get there.
        last_id = venue.truth(BTC)[0]
        await until(lambda: state.book.is_live and state.keeper.known_id == last_id, "the book to be right")


async def test_the_offset_of_a_clock_that_is_ten_seconds_off_is_measured() -> None:
    async with house() as venue:
        venue.dialect.skew = 10.0
        async with venue.exchange(BTC) as exchange:
            await until(lambda: exchange.offset.is_known, "the clock to be measured")
            # Within half the round trip, and the millisecond that the venue rounds to.
            assert abs(exchange.offset.offset - 10.0) <= exchange.offset.error + 0.001
            await venue.agrees(exchange)


async def test_two_connectors_of_one_process_share_one_gate() -> None:
    policy = msgspec.structs.replace(CALM, depth=100)
    async with (
        house() as venue,
        venue.exchange(BTC, policy=policy) as one,
        venue.exchange(ETH, policy=policy) as other,
    ):
        assert one.web.gate is other.web.gate
        used = other.web.gate.used("weight")
        await one.web.call(wire.TIME, NoQuery())
        assert other.web.gate.used("weight") == used + 1


async def test_the_network_is_checked_and_its_changes_are_told() -> None:
    async with house() as venue:
        exchange = venue.exchange(BTC, facts={"network_interval": 0.05}, transport=_transport(2.0))
        async with Diary(exchange) as diary:
            async with exchange:
                await until(lambda: exchange.network_status.name == "CONNECTED", "a sign of life")
                await until(lambda: exchange.offset.is_known, "the other question for the time")
                venue.break_(FaultKind.HANG, path=TIME, times=1)
                await until(lambda: exchange.network_status.name == "NOT_CONNECTED", "no sign of life")
                await until(lambda: exchange.network_status.name == "CONNECTED", "life to come back")
            await asyncio.sleep(0)
        told = [event.status.name for event in diary.entries if isinstance(event, NetworkStatusEvent)]
        assert told == ["CONNECTED", "NOT_CONNECTED", "CONNECTED", "STOPPED"]


async def _prices(venue: House) -> None:
    async with venue.exchange(BTC) as exchange:
        prices = await exchange.get_last_traded_prices([BTC, ETH])
        assert set(prices) == {BTC, ETH}
        assert all(price > 0 for price in prices.values())
        with pytest.raises(errors.UnknownPair):
            await exchange.get_last_traded_prices(["NOPE-USDT"])


@pytest.mark.parametrize("name", ["binance", "binance_perpetual"])
async def test_last_prices_are_asked_for_by_pair(name: str) -> None:
    async with house(name) as venue:
        await _prices(venue)


async def test_a_bad_answer_of_the_rules_is_seen_in_the_loops_health() -> None:
    async with house() as venue:
        facts = {"trading_rules_interval": 0.1}
        async with venue.exchange(BTC, facts=facts, policy=QUICK) as exchange:
            venue.break_(FaultKind.HTML, path=RULES)
            health = exchange.health["trading rules"]
            await until(lambda: health.total == 1, "the failure to be seen")
            assert (health.last_error or "").startswith("BadAnswer: GET /api/v3/exchangeInfo")
            await until(lambda: health.failures == 0, "the next try to succeed")
            assert health.last_error is None
