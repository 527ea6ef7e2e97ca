"""Commands and their fate: remembered first, sent once, believed only on evidence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import pytest
from tests.connector.emulated import until
from tests.connector.toy_trader import KEYS, PAIR, Story, ToyTrader, ToyVenue

from venuekit import errors
from venuekit.connector.trading_policy import AtStop, TradingPolicy
from venuekit.journal import reader, record
from venuekit.journal.writer import open_journal
from venuekit.model.order import OrderState, OrderType
from venuekit.protocol.endpoint import Outcome
from venuekit.seams.disk import SystemDisk


class Desk:
    """A trader at work, and what was told about its orders."""

    def __init__(self, trader: ToyTrader, venue: ToyVenue, story: Story) -> None:
        self.trader = trader
        self.venue = venue
        self.story = story

    def buy(self, amount: str = "1", price: str = "10") -> str:
        return self.trader.buy(PAIR, Decimal(amount), OrderType.LIMIT, Decimal(price))

    def state(self, order_id: str) -> OrderState:
        order = self.trader.get_order(order_id)
        assert order is not None
        return order.current_state

    async def settled(self, order_id: str, state: OrderState) -> None:
        await until(lambda: self.state(order_id) is state, f"{order_id} to be {state.name}", 20)

    def told(self, order_id: str) -> list[str]:
        return self.story.of(order_id)


@asynccontextmanager
async def desk(
    folder: Path, venue: ToyVenue | None = None, policy: TradingPolicy | None = None
) -> AsyncIterator[Desk]:
    venue = venue or ToyVenue()
    trader = ToyTrader(venue, folder, policy=policy)
    story = Story(trader)
    async with trader:
        yield Desk(trader, venue, story)


def lost_after(carry_out: Callable[[], Any]) -> NoReturn:
    carry_out()
    raise errors.ConnectionLost("the reply was lost")


def lost_before(carry_out: Callable[[], Any]) -> NoReturn:
    raise errors.ConnectionLost("the request was lost")


def raising(error: Exception) -> Callable[[Callable[[], Any]], NoReturn]:
    def step(carry_out: Callable[[], Any]) -> NoReturn:
        raise error

    return step


def journal_in(folder: Path) -> Path:
    (path,) = folder.glob("*.journal")
    return path


def records(folder: Path) -> list[record.Body]:
    return [entry.record for entry in reader.replay(journal_in(folder)).entries]


async def test_an_order_is_remembered_before_it_leaves_and_told_of_after(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        order_id = at.buy()
        await at.settled(order_id, OrderState.OPEN)
        kinds = [
            type(item).__name__ for item in records(tmp_path) if getattr(item, "client_id", "") == order_id
        ]
        assert kinds[:4] == ["Intent", "Sending", "Answered", "Updated"]
        assert at.told(order_id) == ["BuyOrderCreatedEvent"]


async def test_an_order_that_breaks_a_rule_fails_with_the_rule_and_nothing_is_sent(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        order_id = at.buy("0.001")
        await at.settled(order_id, OrderState.FAILED)
        assert "place" not in at.venue.asked
        (event,) = [each for each in at.story.events if getattr(each, "order_id", "") == order_id]
        assert "0.01" in str(event)


async def test_a_refused_order_fails_once_with_the_venues_words(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        at.venue.weather["place"] = [raising(errors.InsufficientBalance("no balance", code=-2010))]
        order_id = at.buy()
        await at.settled(order_id, OrderState.FAILED)
        assert at.told(order_id) == ["MarketOrderFailureEvent"]


async def test_an_accepted_order_whose_reply_was_lost_is_found_and_not_sent_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        at.venue.weather["place"] = [lost_after]
        order_id = at.buy()
        await at.settled(order_id, OrderState.OPEN)
        assert at.venue.asked.count("place") == 1
        assert at.told(order_id) == ["OrderInDoubt", "BuyOrderCreatedEvent", "OrderSettled"]


async def test_an_order_that_never_arrived_is_presumed_closed_after_the_fence(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        at.venue.weather["place"] = [lost_before]
        order_id = at.buy()
        await at.settled(order_id, OrderState.FAILED)
        assert at.told(order_id) == ["OrderInDoubt", "OrderSettled", "MarketOrderFailureEvent"]
        assert at.venue.asked.count("place") == 1
        assert order_id in at.trader.trading.orders.lost_orders


async def test_failed_questions_prove_nothing_about_an_order(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        at.venue.weather["place"] = [lost_after]
        unreachable = raising(errors.ConnectFailed("no such host"))
        at.venue.weather["status"] = [unreachable] * 4
        order_id = at.buy()
        await until(lambda: not at.venue.weather["status"], "the questions to fail", 20)
        assert "MarketOrderFailureEvent" not in at.told(order_id)
        await at.settled(order_id, OrderState.OPEN)


async def test_a_duplicate_answer_is_evidence_that_the_order_lives(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:

        def doubled(carry_out: Callable[[], Any]) -> NoReturn:
            carry_out()
            raise errors.OrderAlreadyExists("Duplicate order sent.", code=-2010)

        at.venue.weather["place"] = [doubled]
        order_id = at.buy()
        await at.settled(order_id, OrderState.OPEN)
        assert "MarketOrderFailureEvent" not in at.told(order_id)


async def test_an_order_refused_for_its_time_is_signed_anew_once(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        at.venue.weather["place"] = [raising(errors.ClockSkewed("outside recvWindow", code=-1021))]
        order_id = at.buy()
        await at.settled(order_id, OrderState.OPEN)
        assert at.venue.asked.count("place") == 2
        at.venue.weather["place"] = [raising(errors.ClockSkewed("outside recvWindow", code=-1021))] * 2
        refused = at.buy()
        await at.settled(refused, OrderState.FAILED)


async def test_an_order_refused_for_its_time_was_sent_though_the_clock_cannot_be_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable() -> NoReturn:
        raise errors.ConnectFailed("Name or service not known")

    async with desk(tmp_path) as at:
        at.venue.weather["place"] = [raising(errors.ClockSkewed("outside recvWindow", code=-1021))]
        monkeypatch.setattr(at.trader, "server_time", unreachable)
        order_id = at.buy()
        await at.settled(order_id, OrderState.FAILED)
        assert at.venue.asked.count("place") == 1
    (answer,) = [entry for entry in records(tmp_path) if isinstance(entry, record.Answered)]
    assert answer.outcome is Outcome.REFUSED


async def test_a_defect_after_the_departure_leaves_the_order_in_doubt_and_not_failed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk(tmp_path) as at:
        at.venue.weather["place"] = [raising(KeyError("a field of ours"))]
        order_id = at.buy()
        await until(lambda: "OrderInDoubt" in at.told(order_id), "the doubt", 20)
        await at.settled(order_id, OrderState.FAILED)
        assert "KeyError" in caplog.text


async def test_a_cancel_that_reaches_an_order_before_it_leaves_ends_it_as_never_sent(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        order_id = at.buy()
        at.trader.cancel(PAIR, order_id)
        assert at.state(order_id) is OrderState.CANCELED
        for _ in range(5):
            await asyncio.sleep(0)
        assert "place" not in at.venue.asked
        assert "cancel" not in at.venue.asked
        assert at.told(order_id) == ["OrderCancelledEvent"]


async def test_a_cancel_waits_for_the_answer_to_its_order(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        order_id = at.buy()
        await until(lambda: "place" in at.venue.asked, "the order to leave", 20)
        at.trader.cancel(PAIR, order_id)
        await at.settled(order_id, OrderState.CANCELED)
        assert at.venue.asked.index("place") < at.venue.asked.index("cancel")


async def test_a_cancel_that_overtook_an_order_in_doubt_is_sent_again_when_the_order_appears(
    tmp_path: Path,
) -> None:
    venue, arriving = ToyVenue(), list[Callable[[], Any]]()

    def late(carry_out: Callable[[], Any]) -> NoReturn:
        arriving.append(carry_out)
        raise errors.ConnectionLost("it is still on its way")

    venue.weather["place"] = [late]
    venue.weather["status"] = [lost_before] * 100_000
    async with desk(tmp_path, venue) as at:
        order_id = at.buy()
        await until(lambda: "OrderInDoubt" in at.told(order_id), "the doubt")
        at.trader.cancel(PAIR, order_id)
        await until(lambda: "cancel" in venue.asked, "the cancel to find nothing")
        arriving[0]()
        del venue.weather["status"]
        await at.settled(order_id, OrderState.CANCELED)
        assert venue.orders[order_id].state is OrderState.CANCELED
        assert venue.asked.count("cancel") == 2


async def test_a_second_cancel_joins_the_first(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        order_id = at.buy()
        await at.settled(order_id, OrderState.OPEN)
        at.trader.cancel(PAIR, order_id)
        at.trader.cancel(PAIR, order_id)
        await at.settled(order_id, OrderState.CANCELED)
        assert at.venue.asked.count("cancel") == 1


async def test_a_cancel_answered_unknown_order_because_it_just_filled_ends_as_filled(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        order_id = at.buy()
        await at.settled(order_id, OrderState.OPEN)
        at.venue.fill(order_id, "1", "t1")
        at.trader.cancel(PAIR, order_id)
        await until(lambda: at.told(order_id)[-1] == "BuyOrderCompletedEvent", "the completion", 20)
        assert at.told(order_id) == [
            "BuyOrderCreatedEvent",
            "OrderFilledEvent",
            "BuyOrderCompletedEvent",
        ]


async def test_a_lost_cancel_is_in_doubt_and_settled_by_looking(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        order_id = at.buy()
        await at.settled(order_id, OrderState.OPEN)
        at.venue.weather["cancel"] = [lost_after]
        at.trader.cancel(PAIR, order_id)
        await at.settled(order_id, OrderState.CANCELED)
        assert at.venue.asked.count("cancel") == 1


async def test_a_cancel_that_never_arrived_gives_the_order_back(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        order_id = at.buy()
        await at.settled(order_id, OrderState.OPEN)
        at.venue.weather["cancel"] = [lost_before]
        at.trader.cancel(PAIR, order_id)
        await until(lambda: "OrderInDoubt" in at.told(order_id), "the doubt", 20)
        await at.settled(order_id, OrderState.OPEN)
        assert at.told(order_id)[-1] == "OrderSettled"


async def test_cancel_all_names_every_order_and_waits_for_their_ends(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        ids = [at.buy() for _ in range(3)]
        for order_id in ids:
            await at.settled(order_id, OrderState.OPEN)
        at.venue.weather["cancel"] = [raising(errors.OrderRefused("not now"))]
        results = await at.trader.cancel_all(1.0)
        assert [result.success for result in results] == [True, True, False]
        assert {result.order_id for result in results} == set(ids)


async def test_an_amend_changes_the_amount_and_a_refused_one_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        order_id = at.buy("2")
        await at.settled(order_id, OrderState.OPEN)
        order = at.trader.get_order(order_id)
        assert order is not None
        at.trader.amend(PAIR, order_id, Decimal("1.5"))
        await until(lambda: order.amount == Decimal("1.5"), "the amend", 20)
        at.venue.weather["amend"] = [raising(errors.OrderRefused("no"))]
        at.trader.amend(PAIR, order_id, Decimal(1))
        await until(lambda: not order.possible_amounts, "the refusal", 20)
        assert order.amount == Decimal("1.5")


async def test_fills_that_a_status_claims_are_fetched_and_a_refused_question_hides_none(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as at:
        order_id = at.buy()
        await at.settled(order_id, OrderState.OPEN)
        at.venue.fill(order_id, "1", "t1")
        at.venue.weather["fills"] = [raising(errors.AuthenticationFailed("401", status=401))] * 2
        order = at.trader.get_order(order_id)
        assert order is not None
        at.trader.trading.ask_soon(order)
        await until(lambda: at.trader.health["order fills"].total == 2, "the refusals", 20)
        assert "BuyOrderCompletedEvent" not in at.told(order_id)
        await at.settled(order_id, OrderState.FILLED)
        await until(lambda: at.told(order_id)[-1] == "BuyOrderCompletedEvent", "the completion", 20)
        assert at.told(order_id).count("OrderFilledEvent") == 1


async def test_a_restart_takes_up_what_was_open_and_counts_no_fill_twice(tmp_path: Path) -> None:
    venue = ToyVenue()
    async with desk(tmp_path, venue) as at:
        resting, filling = at.buy(), at.buy("2")
        await at.settled(resting, OrderState.OPEN)
        await at.settled(filling, OrderState.OPEN)
        venue.fill(filling, "0.5", "t1")
        await at.trader.reconcile()
        assert at.told(filling).count("OrderFilledEvent") == 1
    assert set(at.trader.left_open) == {resting, filling}
    venue.fill(filling, "1.5", "t2")
    async with desk(tmp_path, venue) as again:
        await again.settled(filling, OrderState.FILLED)
        await again.settled(resting, OrderState.OPEN)
        assert again.told(filling).count("OrderFilledEvent") == 1
        order = again.trader.get_order(filling)
        assert order is not None
        assert order.executed_amount_base == Decimal(2)
        assert again.venue.asked.count("place") == 2
    async with desk(tmp_path, venue) as third:
        order = third.trader.get_order(filling)
        assert order is not None
        assert (order.executed_amount_base, third.told(filling)) == (Decimal(2), [])


async def test_a_stop_in_the_middle_of_an_order_leaves_it_in_doubt_for_the_next_start(tmp_path: Path) -> None:
    venue = ToyVenue()
    hangs = asyncio.Event()

    def hang(carry_out: Callable[[], Any]) -> NoReturn:
        carry_out()
        hangs.set()
        raise errors.ConnectionLost("cut off")

    venue.weather["place"] = [hang]
    async with desk(tmp_path, venue, TradingPolicy(stop_within=0.1)) as at:
        order_id = at.buy()
        await hangs.wait()
    async with desk(tmp_path, venue) as again:
        await again.settled(order_id, OrderState.OPEN)
    outcomes = [item.outcome for item in records(tmp_path) if isinstance(item, record.Answered)]
    assert Outcome.REFUSED not in outcomes


async def test_a_stop_can_cancel_what_is_ours(tmp_path: Path) -> None:
    venue = ToyVenue()
    async with desk(tmp_path, venue, TradingPolicy(at_stop=AtStop.CANCEL_OWN)) as at:
        order_id = at.buy()
        await at.settled(order_id, OrderState.OPEN)
    assert venue.orders[order_id].state is OrderState.CANCELED
    assert at.trader.left_open == ()
    assert isinstance(records(tmp_path)[-1], record.Stopped)


async def test_an_order_that_comes_while_the_connector_stops_is_refused_and_not_remembered(
    tmp_path: Path,
) -> None:
    venue = ToyVenue()
    async with desk(tmp_path, venue) as at:
        resting = at.buy()
        await at.settled(resting, OrderState.OPEN)
        at.trader._supervisor.release()  # the moment between the last command and the last task
        with pytest.raises(errors.NotReady):
            at.buy()
        with pytest.raises(errors.NotReady):
            at.trader.cancel(PAIR, resting)
        with pytest.raises(errors.NotReady):
            at.trader.amend(PAIR, resting, Decimal("0.5"))
        assert list(at.trader.in_flight_orders) == [resting]
    async with desk(tmp_path, venue) as again:
        assert list(again.trader.in_flight_orders) == [resting]
        await again.settled(resting, OrderState.OPEN)
        assert {getattr(event, "order_id", resting) for event in again.story.events} == {resting}
        assert venue.orders[resting].state is OrderState.OPEN


async def test_stopping_during_the_start_ends_it_though_orders_are_to_be_cancelled_at_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue, asked = ToyVenue(), asyncio.Event()

    async def no_answer() -> NoReturn:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with desk(tmp_path, venue) as at:
        await at.settled(at.buy(), OrderState.OPEN)
    before = asyncio.all_tasks()
    trader = ToyTrader(venue, tmp_path, policy=TradingPolicy(at_stop=AtStop.CANCEL_OWN))
    monkeypatch.setattr(trader, "balances", no_answer)
    start = asyncio.create_task(trader.start())
    await asked.wait()
    await trader.stop()
    with pytest.raises(errors.NotReady):
        await start
    assert asyncio.all_tasks() == before
    assert trader.left_open == tuple(venue.orders)


async def test_a_stop_that_nobody_waits_for_any_longer_ends_all_tasks(tmp_path: Path) -> None:
    venue = ToyVenue()
    before = asyncio.all_tasks()
    trader = ToyTrader(venue, tmp_path, policy=TradingPolicy(at_stop=AtStop.CANCEL_OWN, stop_within=60.0))
    async with trader:
        order_id = trader.buy(PAIR, Decimal(1), OrderType.LIMIT, Decimal(10))
        await until(lambda: order_id in venue.orders, "the order to arrive")
        venue.weather["cancel"] = [lost_before] * 1000
        venue.weather["status"] = [lost_before] * 1000
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(trader.stop(), 0.2)
        assert asyncio.all_tasks() == before
        assert trader.left_open == (order_id,)
    async with desk(tmp_path, venue) as again:
        await again.settled(order_id, OrderState.OPEN)


async def test_a_start_that_fails_can_be_tried_again(tmp_path: Path) -> None:
    venue = ToyVenue()
    trader = ToyTrader(venue, tmp_path)
    async with trader:
        pass
    venue.weather["balances"] = [raising(errors.AuthenticationFailed("no"))]
    with pytest.raises(errors.AuthenticationFailed):
        await trader.start()
    async with trader:
        assert trader.ready
    assert not trader.ready


async def test_without_credentials_there_is_no_account(tmp_path: Path) -> None:
    trader = ToyTrader(ToyVenue(), tmp_path)
    trader._credentials = None
    async with trader:
        with pytest.raises(errors.KeyMissing, match="market data only"):
            trader.buy(PAIR, Decimal(1), OrderType.LIMIT, Decimal(10))
    assert not any(name.endswith(".journal") for name in SystemDisk().names(tmp_path))


async def test_a_second_process_cannot_have_the_same_account(tmp_path: Path) -> None:
    async with desk(tmp_path):
        account = record.AccountName(company="toy", domain="main", key="x")
        with pytest.raises(errors.JournalLocked):
            open_journal(journal_in(tmp_path), account, now=0.0)


async def test_no_secret_is_in_the_journal(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.settled(at.buy(), OrderState.OPEN)
    written = SystemDisk().read(journal_in(tmp_path))
    assert KEYS.api_key.encode() not in written
    assert b"toy-secret" not in written
