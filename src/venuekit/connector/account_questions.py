"""What a venue answers about one account: facts and questions, which every trading connector fills in."""

# ruff: noqa: ARG002 - who cannot answer a question does not look at it

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

from venuekit import errors
from venuekit.model.account import AccountOrder, BalanceChannel, BalanceReport, OrderAnswer
from venuekit.model.fees import TradeFeeSchema
from venuekit.model.order import OrderType, TimeInForce
from venuekit.model.order_update import OrderUpdate, TradeUpdate
from venuekit.protocol.fence import Fence, Question
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.web.auth import AuthBase
from venuekit.web.departure import Leaving

__all__ = ["AccountQuestions"]


class AccountQuestions:
    """A venue's private half. Translations only: what is done with the answers is written once, elsewhere.

    Nobody here sets evidence or the moment of observation: who asks knows both. Each question sends at most
    one request, or one after the other where the venue answers in pages. A command calls `leaving` through
    the call that sends it. All raise what `WebAssistant.call` raises; a connector without an account answers
    none of them (`errors.Unsupported`).
    """

    company: ClassVar[str] = ""
    """Whose account it is; connectors of one company and key share one."""
    auth_class: ClassVar[type[AuthBase] | None] = None
    """How requests are signed; None: this connector does not trade."""
    fence: ClassVar[Fence]
    balance_channel: BalanceChannel = BalanceChannel.NONE
    order_types: ClassVar[tuple[OrderType, ...]] = (OrderType.LIMIT, OrderType.MARKET)
    times_in_force: ClassVar[tuple[TimeInForce, ...]] = (TimeInForce.GTC,)
    has_triggers: ClassVar[bool] = False
    """Whether it takes conditional orders."""
    has_quote_amounts: ClassVar[bool] = False
    """Whether a market order can name its amount in quote."""
    has_amend: ClassVar[bool] = False
    """Whether an order can be changed where it rests."""

    async def place_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        """Send an order, as its `intent` says and quantised already."""
        raise self._cannot("place orders")

    async def cancel_order(self, order: InFlightOrder, leaving: Leaving) -> OrderAnswer:
        """Cancel an order, by the venue's id or ours.

        Raises:
            errors.OrderNotFound: the venue knows no such open order.
        """
        raise self._cannot("cancel orders")

    async def amend_order(
        self, order: InFlightOrder, amount: Decimal, price: Decimal | None, leaving: Leaving
    ) -> OrderAnswer:
        """Change a resting order to this amount (the filled part included) and price (None: as it is)."""
        raise self._cannot("amend orders")

    async def order_status(self, order: InFlightOrder, question: Question = Question.ORDER) -> OrderUpdate:
        """How an order stands, by one of the questions of the `fence`.

        Raises:
            errors.OrderNotFound: the answer came, and the order is not in it.
        """
        raise self._cannot("tell an order's status")

    async def order_fills(self, order: InFlightOrder) -> Sequence[TradeUpdate]:
        """All trades of an order that the venue still has."""
        raise self._cannot("tell an order's fills")

    async def fills(self, trading_pair: str, since: float) -> Sequence[TradeUpdate]:
        """All trades of the account on a pair since a time, in seconds of the venue's clock."""
        raise self._cannot("tell the account's fills")

    async def open_orders(self, trading_pairs: Sequence[str]) -> Sequence[AccountOrder]:
        """Every open order of the account on these pairs, whoever placed it."""
        raise self._cannot("list open orders")

    async def balances(self) -> BalanceReport:
        """All balances; complete. `observed_at` is set by who asks."""
        raise self._cannot("tell balances")

    async def trading_fees(self, trading_pair: str) -> TradeFeeSchema | None:
        """What this account pays on a pair; None: the venue does not say."""
        return None

    def _cannot(self, what: str) -> errors.Unsupported:
        return errors.Unsupported(f"{type(self).__name__} cannot {what}")
