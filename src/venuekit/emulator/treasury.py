"""What a matching engine asks of who holds the accounts' funds."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from venuekit.emulator.order import OrderEvent, OrderState

__all__ = ["BOUNDLESS", "Treasury"]


class Treasury(Protocol):
    """Who holds the accounts' funds: asked before an order may cost something, told of all that happens."""

    def reserve(self, state: OrderState, need: Decimal) -> bool:
        """Hold exactly `need` for an order, instead of what is held for it now: quote for a buy, else base.

        False: the account cannot, and what is held is as before.
        """
        ...

    def record(self, event: OrderEvent) -> None:
        """Take in what happened, at once: the next question may depend on it."""
        ...


class _Boundless:
    """A treasury that never runs out."""

    def reserve(self, state: OrderState, need: Decimal) -> bool:  # noqa: ARG002 - it holds nothing
        return True

    def record(self, event: OrderEvent) -> None:
        """Nothing to keep."""


BOUNDLESS: Treasury = _Boundless()
