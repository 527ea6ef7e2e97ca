"""What a strategy may do with an account: orders, balances, budgets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import replace

from venuekit import errors
from venuekit.model.fees import TradeFeeSchema
from venuekit.model.order import (
    CancellationResult,
    LimitOrder,
    MarketOrder,
    NewOrder,
    OrderType,
    TimeInForce,
    TradeType,
    TriggerBy,
    TriggerDirection,
)
from venuekit.model.position import PositionAction
from venuekit.model.trading_rule import TradingRule
from venuekit.state import order_check
from venuekit.state.budget_checker import BudgetChecker
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_check import Violation

if TYPE_CHECKING:
    from venuekit.connector.account_desk import AccountDesk

__all__ = ["TradingView"]

NO_PRICE = Decimal("NaN")


class TradingView(ABC):
    """Commands and questions by pair and by our own order ids.

    A command returns at once, and what becomes of it is told by events: an order that breaks a rule of the
    venue fails with an event that says which rule. Whatever asks for the account raises `errors.KeyMissing`
    where the connector has no credentials, and `errors.NotReady` before it is started; a new order also
    before what was open is taken up. Whatever names a pair raises `errors.UnknownPair` where no rules are
    known for it. Prices are in quote per base, amounts in base.
    """

    order_types: ClassVar[tuple[OrderType, ...]]
    times_in_force: ClassVar[tuple[TimeInForce, ...]]
    has_triggers: ClassVar[bool]
    has_quote_amounts: ClassVar[bool]
    has_amend: ClassVar[bool]

    @property
    @abstractmethod
    def trading(self) -> AccountDesk:
        """The account's half of the connector."""

    @property
    @abstractmethod
    def trading_rules(self) -> Mapping[str, TradingRule]:
        """Pair to rule."""

    @abstractmethod
    def reference_price(self, trading_pair: str) -> Decimal | None:
        """What the pair trades at about now, in quote per base; None: nobody knows."""

    @abstractmethod
    def get_price(self, trading_pair: str, is_buy: bool) -> Decimal:
        """The best ask (to buy) or bid (to sell), in quote per base.

        Raises:
            errors.NotReady: no live book gives one.
        """

    @abstractmethod
    def trade_fee_schema(self) -> TradeFeeSchema:
        """What the venue charges by default."""

    # --- commands

    def buy(
        self,
        trading_pair: str,
        amount: Decimal | None,
        order_type: OrderType = OrderType.LIMIT,
        price: Decimal | None = None,
        **terms: Any,
    ) -> str:
        """Buy `amount` base at `price` quote; returns our id of the order.

        `terms`: `time_in_force`, `trigger_price` with `trigger_by` and `trigger_direction`, `reduce_only`,
        `position_action`, `leverage`; for a market order `quote_amount` in place of `amount`. Price and
        amounts are cut to the pair's steps.

        Raises:
            errors.UsageError: the terms contradict one another, or a type or the pair is wrong.
            errors.JournalUnusable: the order cannot be remembered, so it is not sent.
        """
        return self._place(TradeType.BUY, trading_pair, amount, order_type, price, terms)

    def sell(
        self,
        trading_pair: str,
        amount: Decimal | None,
        order_type: OrderType = OrderType.LIMIT,
        price: Decimal | None = None,
        **terms: Any,
    ) -> str:
        """Sell; as `buy`."""
        return self._place(TradeType.SELL, trading_pair, amount, order_type, price, terms)

    def cancel(self, trading_pair: str, client_order_id: str) -> str:  # noqa: ARG002 - the shared vocabulary
        """Cancel an order of ours; one that still waits to be sent ends as never sent. Returns its id.

        One that is over is left alone, and a second cancel joins the first. A cancel that the venue refuses
        leaves the order as it was, and is told by no event.

        Raises:
            errors.UsageError: no order of ours has this id.
            errors.JournalUnusable: the wish cannot be remembered, so nothing is sent.
        """
        self.trading.desk.cancel(self._own(client_order_id))
        return client_order_id

    def amend(
        self,
        trading_pair: str,  # noqa: ARG002 - the shared vocabulary
        client_order_id: str,
        amount: Decimal,
        price: Decimal | None = None,
    ) -> str:
        """Change a resting order to `amount` base, the filled part included, and to `price` if one is given.

        Until the answer is there either amount may be the order's. A change that the venue refuses leaves the
        order as it was, and is told by no event. Returns the order's id.

        Raises:
            errors.Unsupported: the venue cannot.
            errors.UsageError: no order of ours has this id, or it is over.
            errors.NotReady: another change of it is on its way.
        """
        if not self.has_amend:
            raise errors.Unsupported("this venue cannot change an order: cancel it and place another")
        order = self._own(client_order_id)
        _require("amount", amount, Decimal)
        if price is not None:
            _require("price", price, Decimal)
        if order.is_done or not order.is_sent:
            raise errors.UsageError(f"{client_order_id} cannot be changed: it is {order.current_state.name}")
        rule = self._rule(order.trading_pair)
        whole = order_check.quantize_amount(rule, amount)
        self.trading.desk.amend(
            order, whole, None if price is None else order_check.quantize_price(rule, price)
        )
        return client_order_id

    async def cancel_all(self, timeout_seconds: float = 10.0) -> list[CancellationResult]:
        """Cancel all open orders of our own, and no others; wait until each is over, at most so many seconds.

        The result names every one of them: those that are over first. One that is not is still being
        cancelled, or in doubt.
        """
        return await self.trading.cancel_all(timeout_seconds)

    def batch_order_create(
        self, orders_to_create: Sequence[LimitOrder | MarketOrder]
    ) -> list[LimitOrder | MarketOrder]:
        """Place several orders, one by one; the same orders with the ids that they got.

        Raises what `buy` raises; the orders before that one are placed.
        """
        return [self._place_one(order) for order in orders_to_create]

    def _place_one(self, order: LimitOrder | MarketOrder) -> LimitOrder | MarketOrder:
        order_id = (self.buy if order.is_buy else self.sell)(
            order.trading_pair,
            order.quantity,
            OrderType.LIMIT if isinstance(order, LimitOrder) else OrderType.MARKET,
            order.price,
            position_action=order.position,
        )
        if isinstance(order, LimitOrder):
            return replace(order, client_order_id=order_id)
        return replace(order, order_id=order_id)

    def batch_order_cancel(self, orders_to_cancel: Sequence[LimitOrder]) -> None:
        """Cancel several orders, one by one."""
        for order in orders_to_cancel:
            self.cancel(order.trading_pair, order.client_order_id)

    def _place(
        self,
        side: TradeType,
        trading_pair: str,
        amount: Decimal | None,
        order_type: OrderType,
        price: Decimal | None,
        terms: dict[str, Any],
    ) -> str:
        trading = self.trading
        trading.require_taken_up()
        meant = self.prepare_order(side, trading_pair, amount, order_type, price, **terms)
        return trading.place(replace(meant, client_order_id=trading.new_order_id()))

    def prepare_order(
        self,
        trade_type: TradeType,
        trading_pair: str,
        amount: Decimal | None,
        order_type: OrderType = OrderType.LIMIT,
        price: Decimal | None = None,
        **terms: Any,
    ) -> NewOrder:
        """The order that `buy` or `sell` would send, its price and amounts cut to the pair's steps.

        It has no id: it is to be looked at, or handed to `check_order`. Arguments and errors are those of
        `buy`. Nothing is sent, and no credentials are needed.
        """
        rule = self._rule(trading_pair)
        _require("order_type", order_type, OrderType)
        for name, number in (("amount", amount), ("price", price)):
            if number is not None:
                _require(name, number, Decimal)
        is_priced = price is not None and not price.is_nan() and order_type.is_limit_type()
        try:
            return NewOrder(
                client_order_id="",
                trading_pair=trading_pair,
                trade_type=trade_type,
                order_type=order_type,
                # What would be cut to nothing stays as it was asked for: the check then tells by what.
                amount=None if amount is None else order_check.quantize_amount(rule, amount) or amount,
                price=order_check.quantize_price(rule, price) if is_priced and price is not None else None,
                **_terms(rule, terms),
            )
        except ValueError as error:
            raise errors.UsageError(str(error)) from None

    # --- orders

    def get_order(self, client_order_id: str) -> InFlightOrder | None:
        """An order of ours by our id, open or ended not long ago; None: there is none."""
        return self.trading.orders.fetch_order(client_order_id)

    @property
    def in_flight_orders(self) -> dict[str, InFlightOrder]:
        """Orders without a terminal event, by our id."""
        return dict(self.trading.orders.active_orders)

    @property
    def limit_orders(self) -> list[LimitOrder]:
        """The open limit orders, as strategies pass them around."""
        return [order.to_limit_order() for order in self.in_flight_orders.values() if order.price is not None]

    @property
    def tracking_states(self) -> dict[str, Any]:
        """Everything about orders that must survive a restart, as plain values by our id.

        For who keeps them elsewhere: the journal has it all.
        """
        return self.trading.orders.tracking_states

    def restore_tracking_states(self, saved_states: Mapping[str, Any]) -> None:
        """Take up orders that were kept elsewhere; the open ones are in doubt until the venue was asked.

        Orders that are known already are left alone.

        Raises:
            errors.JournalUnusable: they cannot be remembered.
        """
        self.trading.orders.restore_tracking_states(saved_states)

    # --- rules

    def supported_order_types(self) -> list[OrderType]:
        """The kinds of order that the venue takes."""
        return list(self.order_types)

    def get_maker_order_type(self) -> OrderType:
        """The kind that never takes, where there is one."""
        return OrderType.LIMIT_MAKER if OrderType.LIMIT_MAKER in self.order_types else OrderType.LIMIT

    def get_taker_order_type(self) -> OrderType:
        """The kind that takes at once."""
        return OrderType.MARKET if OrderType.MARKET in self.order_types else OrderType.LIMIT

    def get_order_price_quantum(self, trading_pair: str, price: Decimal) -> Decimal:  # noqa: ARG002
        """The step between two valid prices, in quote per base."""
        return self._rule(trading_pair).min_price_increment

    def get_order_size_quantum(self, trading_pair: str, order_size: Decimal) -> Decimal:  # noqa: ARG002
        """The step between two valid amounts, in base."""
        return self._rule(trading_pair).min_base_amount_increment

    def quantize_order_price(self, trading_pair: str, price: Decimal) -> Decimal:
        """The highest valid price not above this one, in quote per base; NaN stays NaN."""
        return order_check.quantize_price(self._rule(trading_pair), price)

    def quantize_order_amount(self, trading_pair: str, amount: Decimal) -> Decimal:
        """The largest valid amount not above this one, in base; zero where none is valid."""
        rule = self._rule(trading_pair)
        cut = order_check.quantize_amount(rule, amount)
        return cut if cut >= rule.min_order_size else Decimal(0)

    def check_order(self, order: NewOrder) -> tuple[Violation, ...]:
        """Which rules of the venue an order would break, each with its limit; empty: none that is known.

        Rules that need a price are left out while no live book gives one.
        """
        return order_check.check(
            order,
            self._rule(order.trading_pair),
            self.reference_price(order.trading_pair),
            **self._abilities,
        )

    def nearest_order(self, order: NewOrder) -> NewOrder | None:
        """The valid order that is nearest to this one; None: there is none."""
        return order_check.nearest(
            order,
            self._rule(order.trading_pair),
            self.reference_price(order.trading_pair),
            **self._abilities,
        )

    def violations(self, order: InFlightOrder) -> tuple[Violation, ...]:
        """Which rules an order of ours would break."""
        return self.check_order(order.intent)

    # --- money

    def get_balance(self, currency: str) -> Decimal:
        """All there is of an asset, what open orders lock included; zero of an unknown one."""
        return self.trading.balances.total(currency)

    def get_available_balance(self, currency: str) -> Decimal:
        """What of an asset is free for new orders; zero of an unknown one."""
        return self.trading.balances.available(currency)

    def get_all_balances(self) -> dict[str, Decimal]:
        """Asset to all there is of it."""
        return self.trading.balances.totals()

    @property
    def available_balances(self) -> dict[str, Decimal]:
        """Asset to what is free of it."""
        return self.trading.balances.availables()

    @property
    def budget_checker(self) -> BudgetChecker:
        """Measures order candidates against this account."""
        return self.trading.budget_checker

    def account_fees(self, trading_pair: str) -> TradeFeeSchema | None:
        """What this account pays on a pair; None: not known, so that the venue's schema counts."""
        return self.trading.fees.get(trading_pair)

    # --- inside

    @property
    def _abilities(self) -> dict[str, Any]:
        """What the venue takes at all, as the check asks for it."""
        return {
            "order_types": self.order_types,
            "times_in_force": self.times_in_force,
            "has_triggers": self.has_triggers,
            "has_quote_amounts": self.has_quote_amounts,
        }

    def _rule(self, trading_pair: str) -> TradingRule:
        rule = self.trading_rules.get(trading_pair)
        if rule is None:
            raise errors.UnknownPair(f"no trading rules are known for {trading_pair}")
        return rule

    def _own(self, client_order_id: str) -> InFlightOrder:
        order = self.trading.orders.fetch_order(client_order_id)
        if order is None:
            raise errors.UsageError(f"no order of ours is called {client_order_id!r}")
        return order


_TERMS: Mapping[str, tuple[str, type]] = {
    "time_in_force": ("time_in_force", TimeInForce),
    "trigger_by": ("trigger_by", TriggerBy),
    "trigger_direction": ("trigger_direction", TriggerDirection),
    "reduce_only": ("reduce_only", bool),
    "position_action": ("position", PositionAction),
    "leverage": ("leverage", int),
    "quote_amount": ("quote_amount", Decimal),
    "trigger_price": ("trigger_price", Decimal),
}
"""What may be asked for beside price and amount: the order's field, and its type."""


def _terms(rule: TradingRule, terms: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an order from what was asked for; None counts as not asked.

    Raises:
        errors.UsageError: a term is unknown, or of another type.
    """
    fields: dict[str, Any] = {}
    for name, value in terms.items():
        if name not in _TERMS:
            raise errors.UsageError(f"an order has no term {name!r}; there are {', '.join(_TERMS)}")
        field, kind = _TERMS[name]
        if value is None:
            continue
        _require(name, value, kind)
        if name == "trigger_price" and isinstance(value, Decimal):
            fields[field] = order_check.quantize_price(rule, value)
        else:
            fields[field] = value
    return fields


def _require(name: str, value: object, kind: type) -> None:
    """Make sure that an argument is of its type: money is never taken from a float.

    Raises:
        errors.UsageError: it is of another.
    """
    if not isinstance(value, kind):
        raise errors.UsageError(f"{name} has to be of the type {kind.__name__}, not {value!r}")
