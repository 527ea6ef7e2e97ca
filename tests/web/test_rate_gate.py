from __future__ import annotations

import asyncio

import pytest

from venuekit import errors
from venuekit.protocol.rates import RatePool, Scope, Window
from venuekit.seams.clock import SystemClock
from venuekit.state.rate_ledger import RateLedger, Reservation
from venuekit.testing.virtual_clock import VirtualClock
from venuekit.web.rate_gate import RateGate, gate_for

WEIGHT = RatePool(name="weight", limit=10, seconds=60)
ROLLING = RatePool(name="rolling", limit=10, seconds=5, window=Window.ROLLING)
ORDERS = RatePool(name="orders", limit=2, seconds=10, scope=Scope.ACCOUNT)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(start=6000.0)  # a full minute


@pytest.fixture
def gate(clock: VirtualClock) -> RateGate:
    return RateGate(RateLedger([WEIGHT, ROLLING]), clock, clock.time)


async def spend(gate: RateGate, pool: str, units: int) -> None:
    gate.settle(await gate.reserve({pool: units}))


async def test_a_request_with_room_passes_without_giving_up_its_turn(gate: RateGate) -> None:
    turns: list[str] = []
    asyncio.get_running_loop().call_soon(turns.append, "somebody else's")
    await spend(gate, "weight", 10)
    assert turns == []


async def test_a_waiter_passes_exactly_when_the_window_turns(gate: RateGate, clock: VirtualClock) -> None:
    await clock.advance(12.0)
    await spend(gate, "weight", 10)
    waiter = asyncio.create_task(gate.reserve({"weight": 1}))
    await clock.advance(47.999)
    assert not waiter.done()
    await clock.advance(0.001)
    assert waiter.done()


async def test_one_timer_serves_all_who_wait(gate: RateGate, clock: VirtualClock) -> None:
    await spend(gate, "weight", 10)
    waiters = [asyncio.create_task(gate.reserve({"weight": 1})) for _ in range(5)]
    await clock.advance(1.0)
    assert clock.sleeping == 1
    await clock.advance(60.0)
    assert all(waiter.done() for waiter in waiters)
    assert clock.sleeping == 0


async def test_a_settlement_that_gives_back_lets_the_next_pass_at_once(
    gate: RateGate, clock: VirtualClock
) -> None:
    first = await gate.reserve({"weight": 10})
    waiter = asyncio.create_task(gate.reserve({"weight": 1}))
    await clock.advance(1.0)
    gate.settle(first, {"weight": 0})
    await clock.advance(0.0)
    assert waiter.done()


async def test_a_request_that_was_never_sent_lets_the_next_pass_at_once(
    gate: RateGate, clock: VirtualClock
) -> None:
    first = await gate.reserve({"weight": 10})
    waiter = asyncio.create_task(gate.reserve({"weight": 1}))
    await clock.advance(1.0)
    gate.withdraw(first)
    await clock.advance(0.0)
    assert waiter.done()


async def test_a_cancelled_waiter_makes_way_for_the_one_behind(gate: RateGate, clock: VirtualClock) -> None:
    await spend(gate, "weight", 5)
    big = asyncio.create_task(gate.reserve({"weight": 6}))
    small = asyncio.create_task(gate.reserve({"weight": 1}))
    await clock.advance(1.0)
    big.cancel()
    await clock.advance(0.0)
    assert small.done()


async def test_the_last_waiter_cancelled_leaves_no_timer_behind(gate: RateGate, clock: VirtualClock) -> None:
    await spend(gate, "weight", 10)
    waiter = asyncio.create_task(gate.reserve({"weight": 1}))
    await clock.advance(1.0)
    waiter.cancel()
    await clock.advance(0.0)
    assert clock.sleeping == 0
    assert gate.usage()["weight"].waiting == 0


async def test_a_waiter_cancelled_in_the_moment_of_its_turn_gives_its_place_back(
    gate: RateGate, clock: VirtualClock
) -> None:
    first = await gate.reserve({"weight": 10})
    waiter = asyncio.create_task(gate.reserve({"weight": 10}))
    await clock.advance(1.0)
    gate.settle(first, {"weight": 0})  # its turn is set, and it has not run yet
    waiter.cancel()
    await clock.advance(0.0)
    assert (waiter.cancelled(), gate.used("weight")) == (True, 0)


async def test_a_waiter_cancelled_just_before_its_turn_gives_its_place_back(
    gate: RateGate, clock: VirtualClock
) -> None:
    first = await gate.reserve({"weight": 10})
    waiter = asyncio.create_task(gate.reserve({"weight": 10}))
    await clock.advance(1.0)
    waiter.cancel()
    gate.settle(first, {"weight": 0})
    await clock.advance(0.0)
    assert (waiter.cancelled(), gate.used("weight")) == (True, 0)


async def test_a_cancel_order_passes_before_those_who_wait(gate: RateGate, clock: VirtualClock) -> None:
    await spend(gate, "weight", 10)
    passed: list[str] = []

    async def passing(name: str, *, is_cancel: bool) -> None:
        await gate.reserve({"weight": 6}, is_cancel=is_cancel)
        passed.append(name)

    waiters = [
        asyncio.create_task(passing("order", is_cancel=False)),
        asyncio.create_task(passing("cancel", is_cancel=True)),
    ]
    await clock.advance(60.0)
    assert passed == ["cancel"]
    waiters[0].cancel()
    await clock.advance(0.0)


async def test_a_ban_is_waited_out(gate: RateGate, clock: VirtualClock) -> None:
    gate.ban(clock.time() + 120.0)
    waiter = asyncio.create_task(gate.reserve({"weight": 1}))
    await clock.advance(119.999)
    assert (waiter.done(), gate.banned_until()) == (False, 6120.0)
    await clock.advance(0.001)
    assert (waiter.done(), gate.banned_until()) == (True, None)


async def test_a_ban_that_comes_while_one_waits_holds_it_longer(gate: RateGate, clock: VirtualClock) -> None:
    await spend(gate, "weight", 10)
    waiter = asyncio.create_task(gate.reserve({"weight": 1}))
    await clock.advance(1.0)
    gate.ban(clock.time() + 100.0, ["weight"])
    await clock.advance(99.0)
    assert not waiter.done()
    await clock.advance(1.0)
    assert waiter.done()


async def test_a_header_holds_those_who_come_after_it(gate: RateGate, clock: VirtualClock) -> None:
    sent_at = clock.time()
    await spend(gate, "weight", 1)
    gate.observe("weight", 10, sent_at)
    waiter = asyncio.create_task(gate.reserve({"weight": 1}))
    await clock.advance(59.0)
    assert not waiter.done()
    await clock.advance(1.0)
    assert waiter.done()


async def test_a_raised_limit_lets_waiters_pass_at_once(gate: RateGate, clock: VirtualClock) -> None:
    await spend(gate, "weight", 10)
    waiter = asyncio.create_task(gate.reserve({"weight": 1}))
    await clock.advance(1.0)
    gate.set_limit("weight", 20)
    await clock.advance(0.0)
    assert waiter.done()


async def test_a_lowered_limit_tells_those_who_would_wait_for_ever(
    gate: RateGate, clock: VirtualClock
) -> None:
    await spend(gate, "weight", 5)
    waiter = asyncio.create_task(gate.reserve({"weight": 9}))
    await clock.advance(1.0)
    gate.set_limit("weight", 8)
    with pytest.raises(errors.ImpossibleRequest):
        await waiter


async def test_a_lowered_limit_leaves_a_waiter_that_was_just_cancelled_alone(
    gate: RateGate, clock: VirtualClock
) -> None:
    await spend(gate, "weight", 5)
    waiter = asyncio.create_task(gate.reserve({"weight": 9}))
    await clock.advance(1.0)
    waiter.cancel()
    gate.set_limit("weight", 8)
    await clock.advance(0.0)
    assert waiter.cancelled()


async def test_another_clock_moves_the_moment_of_passing(gate: RateGate, clock: VirtualClock) -> None:
    await spend(gate, "weight", 10)
    waiter = asyncio.create_task(gate.reserve({"weight": 1}))
    await clock.advance(1.0)
    gate.follow(lambda: clock.time() + 50.0)
    await clock.advance(8.999)
    assert not waiter.done()
    await clock.advance(0.001)
    assert waiter.done()


class BrokenClock(VirtualClock):
    async def sleep(self, seconds: float) -> None:
        raise OSError(f"no sleep of {seconds} s tonight")


async def test_a_timer_that_dies_is_felt_by_those_who_wait() -> None:
    clock = BrokenClock(start=6000.0)
    gate = RateGate(RateLedger([WEIGHT]), clock, clock.time)
    await spend(gate, "weight", 10)
    with pytest.raises(OSError, match="no sleep"):
        await gate.reserve({"weight": 1})
    assert gate.usage()["weight"].waiting == 0


async def test_on_a_real_clock_a_rolling_window_holds_its_limit() -> None:
    pool = RatePool(name="rolling", limit=5, seconds=0.05, window=Window.ROLLING)
    clock = SystemClock()
    gate = RateGate(RateLedger([pool]), clock, clock.monotonic)
    passed: list[float] = []

    async def passing() -> None:
        reservation = await gate.reserve({"rolling": 1})
        passed.append(clock.monotonic())
        gate.settle(reservation)

    await asyncio.gather(*(passing() for _ in range(15)))
    assert all(later - earlier >= 0.05 for earlier, later in zip(passed, passed[5:], strict=False))


async def test_the_gate_tells_how_full_its_fullest_pool_is(gate: RateGate) -> None:
    await spend(gate, "weight", 3)
    await spend(gate, "rolling", 5)
    assert gate.fullness() == 0.5


async def test_the_gate_tells_the_venues_time(gate: RateGate, clock: VirtualClock) -> None:
    await clock.advance(2.0)
    assert gate.now() == 6002.0


async def test_callers_of_one_host_share_a_gate(clock: VirtualClock) -> None:
    assert gate_for("api.example", [WEIGHT], clock) is gate_for("api.example", [WEIGHT], clock)


async def test_hosts_are_counted_apart(clock: VirtualClock) -> None:
    await spend(gate_for("api.example", [WEIGHT], clock), "weight", 7)
    assert gate_for("api.elsewhere", [WEIGHT], clock).used("weight") == 0


async def test_accounts_of_one_host_share_the_addresss_pools(clock: VirtualClock) -> None:
    first = gate_for("api.example", [WEIGHT, ORDERS], clock, "first")
    second = gate_for("api.example", [WEIGHT, ORDERS], clock, "second")
    await spend(first, "weight", 7)
    assert second.used("weight") == 7


async def test_accounts_of_one_host_are_counted_apart_in_their_own_pools(clock: VirtualClock) -> None:
    first = gate_for("api.example", [WEIGHT, ORDERS], clock, "first")
    second = gate_for("api.example", [WEIGHT, ORDERS], clock, "second")
    await spend(first, "orders", 2)
    assert (first.used("orders"), second.used("orders")) == (2, 0)


async def test_one_account_has_one_gate(clock: VirtualClock) -> None:
    gates = [gate_for("api.example", [WEIGHT, ORDERS], clock, "first") for _ in range(2)]
    assert gates[0] is gates[1]


async def test_an_accounts_outcome_is_told_by_the_pools_own_name(clock: VirtualClock) -> None:
    gate = gate_for("api.example", [ORDERS], clock, "first")
    gate.settle(await gate.reserve({"orders": 2}), {"orders": 0})
    assert gate.used("orders") == 0


async def test_what_is_given_back_to_an_account_lets_its_next_order_pass(clock: VirtualClock) -> None:
    first = gate_for("api.example", [WEIGHT, ORDERS], clock, "first")
    second = gate_for("api.example", [WEIGHT, ORDERS], clock, "second")
    await spend(first, "orders", 2)
    await spend(second, "orders", 2)
    waiter = asyncio.create_task(first.reserve({"orders": 1}))
    await clock.advance(1.0)
    first.give_back("orders")
    await clock.advance(0.0)
    assert (waiter.done(), first.used("orders"), second.used("orders")) == (True, 2, 2)


async def test_a_gate_says_which_pools_it_counts(clock: VirtualClock) -> None:
    whole = gate_for("api.example", [WEIGHT, ORDERS], clock)
    mine = gate_for("api.example", [WEIGHT, ORDERS], clock, "mine")
    assert [whole.counts(pool) for pool in ("weight", "orders")] == [True, False]
    assert [mine.counts(pool) for pool in ("weight", "orders")] == [True, True]


async def test_without_an_account_its_pools_are_unknown(clock: VirtualClock) -> None:
    gate = gate_for("api.example", [WEIGHT, ORDERS], clock)
    with pytest.raises(errors.UsageError, match="'orders'"):
        await gate.reserve({"orders": 1})


@pytest.mark.parametrize("scope", [Scope.CONNECTION, Scope.SYMBOL])
async def test_what_one_connection_or_symbol_owns_is_not_shared(scope: Scope, clock: VirtualClock) -> None:
    pool = RatePool(name="messages", limit=5, seconds=1, scope=scope)
    with pytest.raises(errors.InvalidConfiguration, match=scope.value):
        gate_for("api.example", [pool], clock)


async def test_an_accounts_pool_cannot_charge_every_call(clock: VirtualClock) -> None:
    pool = RatePool(name="calls", limit=5, seconds=1, scope=Scope.ACCOUNT, every_call=1)
    with pytest.raises(errors.InvalidConfiguration, match="every call"):
        gate_for("api.example", [pool], clock, "first")


async def test_many_who_wait_pass_in_the_order_they_came(gate: RateGate, clock: VirtualClock) -> None:
    passed: list[int] = []

    async def passing(number: int) -> Reservation:
        reservation = await gate.reserve({"rolling": 1})
        passed.append(number)
        gate.settle(reservation)
        return reservation

    waiters = [asyncio.create_task(passing(number)) for number in range(35)]
    await clock.advance(20.0)
    assert passed == list(range(35))
    assert all(waiter.done() for waiter in waiters)
