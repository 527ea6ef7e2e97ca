"""What the account can afford: orders cut to its balances, and what has been promised to them set aside."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext
from typing import Protocol, TypeVar

from venuekit.model.decimals import CONTEXT
from venuekit.state.order_candidate import CandidateExchange, OrderCandidate, PerpetualOrderCandidate

__all__ = ["BudgetChecker", "BudgetExchange", "CollateralLocks", "PerpetualBudgetChecker"]

_ZERO = Decimal(0)
Candidate = TypeVar("Candidate", bound=OrderCandidate)


class BudgetExchange(CandidateExchange, Protocol):
    """The facts of an exchange and of an account on it."""

    def get_balance(self, currency: str) -> Decimal:
        """All there is of an asset, what open orders lock included; zero of an unknown one."""
        ...

    def get_available_balance(self, currency: str) -> Decimal:
        """What of an asset is free for new orders; zero of an unknown one."""
        ...

    def quantize_order_amount(self, trading_pair: str, amount: Decimal) -> Decimal:
        """The largest valid amount not above this one; zero where none is valid."""
        ...


class CollateralLocks:
    """What has been set aside of one wallet for orders that are not placed yet.

    Everybody who trades on that wallet shares one of these: what one has set aside the others cannot spend.
    Each holder resets only its own.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: dict[object, dict[str, Decimal]] = {}

    def locked(self, token: str) -> Decimal:
        """What all holders have set aside of an asset."""
        with localcontext(CONTEXT):
            return sum((held.get(token, _ZERO) for held in self._held.values()), _ZERO)

    def lock(self, holder: object, collateral: Mapping[str, Decimal]) -> None:
        """Set amounts aside for a holder, by token, on top of what it has."""
        held = self._held.setdefault(holder, {})
        for token, amount in collateral.items():
            held[token] = CONTEXT.add(held.get(token, _ZERO), amount)

    def reset(self, holder: object) -> None:
        """Set free what a holder has set aside."""
        self._held.pop(holder, None)


class BudgetChecker:
    """Measures order candidates against one account's balances on one exchange.

    A candidate that is handed in is never changed: the answers are copies. `locks` is shared by all
    connectors of one wallet; None: nobody else trades on it.
    """

    def __init__(self, exchange: BudgetExchange, locks: CollateralLocks | None = None) -> None:
        self._exchange = exchange
        self.locks = CollateralLocks() if locks is None else locks

    def populate_collateral_entries(self, order_candidate: Candidate) -> Candidate:
        """The candidate with what it needs and brings filled in.

        Raises:
            errors.NotReady: a rate or a rule that it takes is not known.
        """
        candidate = copy.copy(order_candidate)
        candidate.populate_collateral_entries(self._exchange)
        return candidate

    def adjust_candidate(self, order_candidate: Candidate, all_or_none: bool = True) -> Candidate:
        """The candidate as far as it is affordable: whole, or nothing, or, without `all_or_none`, a part.

        A part is a valid amount of the venue's, and never needs more than is available.

        Raises:
            errors.NotReady: a rate or a rule that it takes is not known.
        """
        candidate = self.populate_collateral_entries(order_candidate)
        available = self.available_for(candidate)
        if candidate.is_affordable(available):
            return candidate
        if all_or_none:
            candidate.set_to_zero()
        else:
            candidate.adjust_from_balances(available)
            self._quantize(candidate, available)
        return candidate

    def adjust_candidate_and_lock_available_collateral(
        self, order_candidate: Candidate, all_or_none: bool = True
    ) -> Candidate:
        """`adjust_candidate`, and what the answer needs is set aside until `reset_locked_collateral`.

        Raises:
            errors.NotReady: as `adjust_candidate`; nothing is set aside.
        """
        candidate = self.adjust_candidate(order_candidate, all_or_none)
        self.locks.lock(self, self._collateral_to_lock(candidate))
        return candidate

    def adjust_candidates(
        self, order_candidates: Iterable[Candidate], all_or_none: bool = True
    ) -> list[Candidate]:
        """Candidates that are affordable together, the earlier ones first.

        What this checker has set aside before does not count, and nothing is set aside afterwards.

        Raises:
            errors.NotReady: a rate or a rule that one of them takes is not known.
        """
        self.reset_locked_collateral()
        try:
            return [
                self.adjust_candidate_and_lock_available_collateral(candidate, all_or_none)
                for candidate in order_candidates
            ]
        finally:
            self.reset_locked_collateral()

    def reset_locked_collateral(self) -> None:
        """Set free what this checker has set aside; what others hold stays."""
        self.locks.reset(self)

    def available_for(self, order_candidate: OrderCandidate) -> dict[str, Decimal]:
        """What there is, by token, of what a populated candidate needs: never below zero."""
        total = order_candidate.from_total_balances
        balance = self._exchange.get_balance if total else self._exchange.get_available_balance
        return {
            token: max(_ZERO, CONTEXT.subtract(balance(token), self.locks.locked(token)))
            for token in order_candidate.collateral_dict
        }

    def _quantize(self, candidate: OrderCandidate, available: Mapping[str, Decimal]) -> None:
        amount = self._exchange.quantize_order_amount(candidate.trading_pair, candidate.amount)
        if amount == candidate.amount:
            return
        candidate.amount = amount
        candidate.populate_collateral_entries(self._exchange)
        if not candidate.is_affordable(available):  # a venue whose steps round up
            candidate.set_to_zero()

    def _collateral_to_lock(self, candidate: OrderCandidate) -> Mapping[str, Decimal]:
        return candidate.collateral_dict


class PerpetualBudgetChecker(BudgetChecker):
    """Measures perpetual order candidates; closing orders set nothing aside."""

    def populate_collateral_entries(self, order_candidate: Candidate) -> Candidate:
        """The candidate with what it needs and brings filled in.

        Raises:
            TypeError: it is a spot order, whose needs know no margin.
            errors.NotReady: a rate or a rule that it takes is not known.
        """
        if not isinstance(order_candidate, PerpetualOrderCandidate):
            raise TypeError(
                f"a perpetual needs a PerpetualOrderCandidate, not {type(order_candidate).__name__}"
            )
        return super().populate_collateral_entries(order_candidate)

    def _collateral_to_lock(self, candidate: OrderCandidate) -> Mapping[str, Decimal]:
        is_closing = isinstance(candidate, PerpetualOrderCandidate) and candidate.position_close
        return {} if is_closing else super()._collateral_to_lock(candidate)
