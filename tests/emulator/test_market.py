"""A market's past, tape and pauses."""

from __future__ import annotations

from tests.emulator.scripted_market import START, ScriptedMarket

from venuekit.emulator.market import Market


def _run(market: Market, until: float) -> int:
    return sum(1 for _ in market.advance(START + until))


def test_every_remembered_past_is_the_book_of_its_id() -> None:
    source = ScriptedMarket()
    for number in range(3000):
        source.happens(0.001 * number, bids=[(f"{90 + number % 7}.50", f"{number % 5}.000")])
    market = Market("BTCUSDT", source)
    seen = {}
    for _ in market.advance(START + 10):
        seen[market.book.last_id] = market.snapshot()
    for ids in (0, 1, 500, 1023, 1024, 1025):
        assert market.snapshot_before(ids) == seen[4000 - ids]


def test_who_listens_hears_each_step_when_the_book_has_it() -> None:
    source = ScriptedMarket()
    for number in range(3):
        source.happens(0.1 * number, bids=[(f"9{number}.50", "1.000")])
    market = Market("BTCUSDT", source)
    heard: list[tuple[int, int]] = []
    market.listen(lambda step: heard.append((step.last_id, market.book.last_id)))
    _run(market, 1.0)
    assert len(heard) == 3
    assert all(told == known for told, known in heard)


def test_a_past_beyond_memory_is_the_oldest_there_is() -> None:
    source = ScriptedMarket()
    source.happens(0.1, bids=[("99.50", "1.000")])
    market = Market("BTCUSDT", source)
    opening = market.snapshot()
    _run(market, 1.0)
    assert market.snapshot_before(5000) == opening


def test_time_that_the_market_slept_through_does_not_happen_to_it() -> None:
    source = ScriptedMarket()
    source.happens(1.0, trades=[("101.00", "1.000", True)])
    market = Market("BTCUSDT", source)
    market.time.stop("a pause", START)
    market.time.stop("a halt", START + 1.0)
    assert _run(market, 4.0) == 0
    market.time.go_on("a pause", START + 4.0)
    assert _run(market, 5.0) == 0
    market.time.go_on("a halt", START + 5.0)
    market.time.go_on("a halt", START + 5.5)
    assert _run(market, 5.5) == 0
    assert _run(market, 6.0) == 1
    assert market.trades[0].time == START + 6.0


def test_the_last_price_is_the_first_until_something_trades() -> None:
    source = ScriptedMarket()
    source.happens(1.0, trades=[("101.00", "1.000", True)])
    market = Market("BTCUSDT", source)
    assert market.last_price == "100.00"
    _run(market, 1.0)
    assert market.last_price == "101.00"
