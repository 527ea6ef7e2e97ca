"""Cards about money and limits."""

from __future__ import annotations

from decimal import Decimal

from venuekit.emulator.act import Act
from venuekit.model.events import BalanceMovedEvent
from venuekit.model.order import OrderState
from venuekit.testing.conformance.card import Card, Group, Trait, check
from venuekit.testing.conformance.order_cards import filled
from venuekit.testing.conformance.stage import Stage

__all__ = ["ACCOUNT_CARDS"]

_SHARE_LEFT = 0.2
"""Of the patience is left of the venue's window when a burst begins: what does not fit must wait."""
_TOO_MANY = 8


async def _a_fee_in_another_asset(stage: Stage) -> None:
    async with stage.trader() as trader:
        instrument = stage.venue.instrument(stage.pair)
        token = next(
            asset for asset in stage.venue.balances() if asset not in (instrument.base, instrument.quote)
        )
        stage.venue.charges_in(token)
        order_id = trader.take()
        await filled(trader, order_id)
        paid = trader.order(order_id).flat_fees_paid
        check(list(paid) == [token], f"the fee was charged in {token}, and is counted in {list(paid)}")
        await trader.reckons()


async def _balances_are_the_ledgers(stage: Stage) -> None:
    async with stage.trader() as trader:
        order_id, record = await trader.opened()
        await trader.opened(is_buy=False)
        await filled(trader, trader.take())
        stage.venue.fills_order(record, trader.amount / 2)
        await trader.becomes(order_id, OrderState.PARTIALLY_FILLED)
        await trader.reckons()
        await trader.connector.trading.update_balances()
        differences = trader.balance_differences()
        check(not differences, "; ".join(differences))
        found = await trader.connector.reconcile(dry_run=True)
        check(not found, f"a comparison finds {'; '.join(map(str, found))}")


async def _a_deposit(stage: Stage) -> None:
    async with stage.trader() as trader:
        asset, amount = stage.venue.instrument(stage.pair).quote, "1234.5"
        stage.venue.deposits(asset, amount)
        await trader.until(lambda: bool(stage.story.of_kind(BalanceMovedEvent)), "the deposit to be told")
        await trader.reckons()
        told = [(event.asset_name, event.amount) for event in stage.story.of_kind(BalanceMovedEvent)]
        check(told == [(asset, Decimal(amount))], f"a deposit of {amount} {asset} was told as {told}")


async def _limits_are_kept(stage: Stage) -> None:
    most, seconds = stage.venue.dialect.order_burst or (0, 1.0)
    stage.venue.dialect.skew = seconds - stage.venue.now % seconds - _SHARE_LEFT * stage.patience
    async with stage.trader() as trader:
        sent = stage.venue.counts(Act.PLACE)
        for _ in range(most + _TOO_MANY):
            trader.rest()
        await trader.until(
            lambda: all(trader.state(order_id) is not OrderState.PENDING_CREATE for order_id in trader.ids),
            "all orders to be answered",
            patience=3,  # a slow machine needs a window more
        )
        taken = len(stage.venue.orders())
        check(taken == len(trader.ids) == sent(), f"of {sent()} orders sent the venue took {taken}")
        results = await trader.connector.cancel_all(stage.patience)
        check(all(result.success for result in results), "not all could be cancelled in time")
        await trader.reckons()


ACCOUNT_CARDS: tuple[Card, ...] = (
    Card(
        number=37,
        group=Group.ORDERS,
        title="a fee in another asset",
        precondition="the venue charges its fees in an asset that is neither base nor quote",
        stimulus="an order is filled",
        expected="the fee is told, counted and taken from the balance in that asset",
        needs=(Trait.ORDERS,),
        play=_a_fee_in_another_asset,
    ),
    Card(
        number=38,
        group=Group.ORDERS,
        title="balances are the ledger's",
        precondition="orders that rest, that are filled in part, and that were filled",
        stimulus="the balances are read",
        expected="totals and available amounts are the venue's, and a comparison finds nothing",
        needs=(Trait.ORDERS,),
        play=_balances_are_the_ledgers,
    ),
    Card(
        number=39,
        group=Group.ORDERS,
        title="a deposit",
        precondition="a running connector",
        stimulus="an amount arrives from outside",
        expected="one event tells it, and the balance has it",
        needs=(Trait.STREAM,),
        play=_a_deposit,
    ),
    Card(
        number=40,
        group=Group.ORDERS,
        title="limits are kept",
        precondition="a limit of orders in a window",
        stimulus="more orders than that are placed at once",
        expected="by the venue's own count none is too many: those that do not fit wait, and all are taken",
        needs=(Trait.ORDERS, Trait.ORDER_LIMIT, Act.PLACE),
        play=_limits_are_kept,
    ),
)
