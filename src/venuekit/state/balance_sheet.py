"""What an account holds and what of it is free: the venue's figures, carried on with what happened since.

The venue's word is true of one moment, or of one within the time that its answer took. From then on our
own orders are reckoned on top: what they hold, what their fills paid, brought and cost. Where it cannot be
known whether a figure already has something in it, the case that leaves less is taken, so that no more is
shown as available than there can be; the next figure clears it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import Enum

from venuekit.model.account import BalanceChannel, BalanceMove, BalanceReport
from venuekit.model.decimals import CONTEXT
from venuekit.protocol.frozen import Frozen
from venuekit.state import order_funds
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_funds import InFlightSnapshot, Moment

__all__ = ["BalanceSheet", "Figure", "FigureKind"]

_ZERO = Decimal(0)
_NEVER = float("-inf")


class FigureKind(Enum):
    """Where a figure comes from."""

    PUSHED = "pushed"
    """The account's stream told it, and nothing has happened since."""
    POLLED = "polled"
    """The answer to a question, and nothing has happened since."""
    ESTIMATED = "estimated"
    """A figure of the venue, carried on with what our orders did since."""


class Figure(Frozen):
    """One asset: `total` is owned, `available` is free for new orders, no limit of ours applied.

    `observed_at` is the moment that the venue's word beneath it is true of, in seconds of its clock; minus
    infinity: the venue never told.
    """

    total: Decimal
    available: Decimal
    kind: FigureKind
    observed_at: float


class _Word(Frozen):
    """An amount that the venue told, and when it was true."""

    amount: Decimal
    moment: Moment
    kind: FigureKind
    is_free: bool = True
    """Whether what open orders hold is taken off it."""


class _Standing(Frozen):
    """The latest words about one asset; they are of two moments where only totals are pushed."""

    total: _Word
    available: _Word


class BalanceSheet:
    """The balances of one account on one product.

    `orders` gives all orders that may matter: the open ones, and ended ones until the second poll after
    their end. `limits` is the most of an asset that may be used here. `is_known`: the venue told of all
    assets once.
    """

    def __init__(
        self,
        channel: BalanceChannel,
        limits: Mapping[str, Decimal],
        orders: Callable[[], Iterable[InFlightOrder]],
    ) -> None:
        self.is_known = False
        self._channel = channel
        self._limits = limits
        self._orders = orders
        self._standings: dict[str, _Standing] = {}
        self._unnamed: _Standing | None = None
        """What holds of assets that no report names: nothing is held of them, since the last complete one."""
        self._moves: dict[str, list[BalanceMove]] = {}
        self._told: dict[str, tuple[Decimal, Decimal]] = {}

    # --- what the venue says

    def snapshot(self) -> InFlightSnapshot:
        """What is known of the orders now; to be taken right before a question for balances is sent."""
        return order_funds.snapshot(self._orders())

    def polled(
        self,
        report: BalanceReport,
        snapshot: InFlightSnapshot | None = None,
        answered_at: float | None = None,
    ) -> list[str]:
        """Take in an answer; the assets that changed.

        `report.observed_at` is when the question was sent, `answered_at` when its answer came (venue's
        seconds; None: at once): what happened in between may be in it or not. `snapshot` was taken when it
        was sent; without one times alone decide.
        """
        since = report.observed_at
        until = since if answered_at is None else max(since, answered_at)
        known = (snapshot or InFlightSnapshot()).confirmed_by(self._orders())
        return self._take_in(report, Moment(since=since, until=until, snapshot=known), FigureKind.POLLED)

    def pushed(self, report: BalanceReport) -> list[str]:
        """Take in what the account's stream told; the assets that changed."""
        moment = Moment(since=report.observed_at, until=report.observed_at)
        return self._take_in(report, moment, FigureKind.PUSHED)

    def moved(self, move: BalanceMove) -> list[str]:
        """Take in a deposit or withdrawal; the assets that changed.

        Where free and locked amounts are pushed the stream reports the new balance on its own: nothing
        changes here. One that is told twice, by its reference, counts once.
        """
        if self._channel is BalanceChannel.FREE_AND_LOCKED:
            return []
        moves = self._moves.setdefault(move.asset, [])
        if move.reference is not None and any(move.reference == other.reference for other in moves):
            return []
        moves.append(move)
        return self._changed((move.asset,))

    # --- what there is

    def total(self, asset: str) -> Decimal:
        """All there is of an asset; zero while it is not known."""
        return self.figure(asset).total

    def available(self, asset: str) -> Decimal:
        """What is free for new orders within the asset's limit; zero while it is not known."""
        return self._limited(asset, self.figure(asset).available)

    def totals(self) -> dict[str, Decimal]:
        """All there is, by asset."""
        return {asset: figure.total for asset, figure in self._figures().items()}

    def availables(self) -> dict[str, Decimal]:
        """What is free for new orders within the limits, by asset."""
        return {asset: self._limited(asset, figure.available) for asset, figure in self._figures().items()}

    def figure(self, asset: str) -> Figure:
        """The figures of an asset, and what they rest on."""
        return self._figure(asset, self._orders())

    # --- inside

    def _take_in(self, report: BalanceReport, moment: Moment, kind: FigureKind) -> list[str]:
        named: dict[str, None] = {}
        for balance in report.balances:
            named[balance.asset] = None
            total = _Word(amount=balance.total, moment=moment, kind=kind, is_free=False)
            free = None
            if balance.available is not None:
                free = _Word(amount=balance.available, moment=moment, kind=kind)
            self._stand(balance.asset, total, free)
        if report.is_complete:
            self.is_known = True
            total = _Word(amount=_ZERO, moment=moment, kind=kind, is_free=False)
            free = _Word(amount=_ZERO, moment=moment, kind=kind)
            if self._unnamed is None or self._unnamed.total.moment.since <= moment.since:
                self._unnamed = _Standing(total=total, available=free)
            for asset in self._standings:
                if asset not in named:
                    named[asset] = None
                    self._stand(asset, total, free)
        self._forget_moves(named)
        return self._changed(named)

    def _stand(self, asset: str, total: _Word, free: _Word | None) -> None:
        """Take over what is not older; a lone total is what there is free, too, while nobody told that."""
        standing = self._standings.get(asset) or self._unnamed
        if standing is None:
            self._standings[asset] = _Standing(total=total, available=free or total)
            return
        if free is None and not standing.available.is_free:
            free = total
        available = standing.available
        if free is not None:
            available = _newer(available, free)
        self._standings[asset] = _Standing(total=_newer(standing.total, total), available=available)

    def _forget_moves(self, assets: Iterable[str]) -> None:
        for asset in assets:
            standing = self._standings[asset]
            oldest = min(standing.total.moment.since, standing.available.moment.since)
            kept = [move for move in self._moves.pop(asset, ()) if move.timestamp > oldest]
            if kept:
                self._moves[asset] = kept

    def _changed(self, assets: Iterable[str]) -> list[str]:
        """Those of the assets that stand otherwise than when they were last told of."""
        by_asset = order_funds.by_asset(self._orders())
        changed = []
        for asset in assets:
            figure = self._figure(asset, by_asset.get(asset, ()))
            told = (figure.total, self._limited(asset, figure.available))
            if self._told.get(asset, (_ZERO, _ZERO)) != told:
                self._told[asset] = told
                changed.append(asset)
        return changed

    def _figures(self) -> dict[str, Figure]:
        by_asset = order_funds.by_asset(self._orders())
        names = dict.fromkeys((*self._standings, *(by_asset if self.is_known else ())))
        return {asset: self._figure(asset, by_asset.get(asset, ())) for asset in names}

    def _figure(self, asset: str, orders: Iterable[InFlightOrder]) -> Figure:
        standing = self._standings.get(asset) or self._unnamed
        if standing is None:
            return Figure(total=_ZERO, available=_ZERO, kind=FigureKind.ESTIMATED, observed_at=_NEVER)
        total, available = standing.total.amount, standing.available.amount
        for order in orders:
            of_total, of_available = standing.total, standing.available
            total = CONTEXT.add(total, order_funds.net_since(order, asset, of_total.moment))
            freed = order_funds.freed_since(order, asset, of_available.moment, is_free=of_available.is_free)
            available = CONTEXT.add(available, freed)
        for move in self._moves.get(asset, ()):
            total = CONTEXT.add(total, standing.total.moment.counted(move.timestamp, move.amount))
            available = CONTEXT.add(available, standing.available.moment.counted(move.timestamp, move.amount))
        amounts = (standing.total.amount, standing.available.amount)
        is_of_one_moment = standing.total.moment.since == standing.available.moment.since
        is_told = is_of_one_moment and amounts == (total, available)
        kind = standing.available.kind if is_told else FigureKind.ESTIMATED
        observed_at = min(standing.total.moment.since, standing.available.moment.since)
        return Figure(total=total, available=max(_ZERO, available), kind=kind, observed_at=observed_at)

    def _limited(self, asset: str, available: Decimal) -> Decimal:
        limit = self._limits.get(asset)
        return available if limit is None else min(available, limit)


def _newer(ours: _Word, theirs: _Word) -> _Word:
    return theirs if theirs.moment.since >= ours.moment.since else ours
