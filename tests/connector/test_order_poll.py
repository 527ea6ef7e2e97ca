"""Asking about orders: none is left out, and no answer is taken for a later one."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.connector.emulated import until
from tests.connector.toy_trader import PAIR, RULE, ToyTrader, ToyVenue

from venuekit.connector.order_poll import PollPolicy
from venuekit.connector.trading_policy import TradingPolicy
from venuekit.model.account import OrderAnswer
from venuekit.model.order import OrderState, OrderType
from venuekit.model.order_update import OrderUpdate
from venuekit.protocol.fence import Question
from venuekit.state.in_flight_order import InFlightOrder

OTHER = "COINY-USDT"
WAIT = 20.0


class TwoPairs(ToyTrader):
    """Numbers the orders of each pair on their own, as Binance does."""

    @property
    def trading_rules(self) -> dict[str, Any]:
        return dict.fromkeys((PAIR, OTHER), RULE)

    async def place_order(self, order: InFlightOrder, leaving: Any) -> OrderAnswer:
        await super().place_order(order, leaving)
        placed = self.venue.orders[order.client_order_id]
        placed.exchange_id = "1"
        return OrderAnswer(update=self._update(placed))


async def _opened(trader: ToyTrader, pair: str) -> InFlightOrder:
    order = trader.get_order(trader.buy(pair, Decimal(1), OrderType.LIMIT, Decimal(10)))
    assert order is not None
    await until(lambda: order.current_state is OrderState.OPEN, f"{order} to be open", WAIT)
    return order


async def test_an_order_is_missed_though_another_pair_has_an_open_order_of_the_same_number(
    tmp_path: Path,
) -> None:
    venue = ToyVenue()
    async with TwoPairs(
        venue, tmp_path, policy=TradingPolicy(poll=PollPolicy(interval_unheard=0.05))
    ) as trader:
        gone, stays = await _opened(trader, PAIR), await _opened(trader, OTHER)
        assert gone.exchange_order_id == stays.exchange_order_id
        venue.orders[gone.client_order_id].state = OrderState.CANCELED  # and nobody tells
        await until(lambda: gone.current_state is OrderState.CANCELED, f"{gone} to be asked for", WAIT)
        assert stays.is_open


async def test_what_is_asked_for_while_an_older_answer_is_on_its_way_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = ToyVenue()
    quiet = TradingPolicy(poll=PollPolicy(interval_unheard=3600.0))
    async with ToyTrader(venue, tmp_path, policy=quiet) as trader:
        order = await _opened(trader, PAIR)
        on_its_way, arrives = asyncio.Event(), asyncio.Event()
        ask = trader.order_status

        async def slowly(asked: InFlightOrder, question: Question = Question.ORDER) -> OrderUpdate:
            answer = await ask(asked, question)
            on_its_way.set()
            await arrives.wait()
            return answer

        monkeypatch.setattr(trader, "order_status", slowly)
        trader.trading.ask_soon(order)
        await on_its_way.wait()
        venue.fill(order.client_order_id, "1", "t1")
        trader.trading.ask_soon(order)
        arrives.set()
        await until(lambda: order.current_state is OrderState.FILLED, f"{order} to be asked for again", WAIT)
