"""What an account holds and what of it is free: the venue's figures, carried on with what happened since.

The venue's word is true of one moment, or of one within the time that its answer took. From then on our
own orders are reckoned on top: what they hold, what their fills paid, brought and cost. Where it cannot be
known whether a figure already has something in it, the case that leaves less is taken, so that no more is
shown as available than there can be; the next figure clears it up.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from decimal import Decimal
from enum import Enum

from venuekit.model.account import BalanceChannel, BalanceMove, BalanceReport
from venuekit.model.decimals import CONTEXT
from venuekit.protocol.frozen import Frozen
from venuekit.state import order_funds
from venuekit.state.asset_limits import AssetLimits
from venuekit.state.in_flight_order import InFlightOrder
from venuekit.state.order_funds import InFlightSnapshot, Moment

__all__ = ["BalanceSheet", "Figure", "FigureKind"]

_ZERO = Decimal(0)
_ONE = Decimal(1)
_NEVER = float("-inf")
# What is told twice comes within seconds: nobody moves his money so often in that time.
_MOVES_REMEMBERED = 1000


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
    """An amount that the venue told, and when it was true. `is_free`: what orders hold is taken off it."""

    amount: Decimal
    moment: Moment
    kind: FigureKind
    is_free: bool


class _Standing(Frozen):
    """The latest words about one asset; they are of two moments where only totals are pushed."""

    total: _Word
    available: _Word


class BalanceSheet:
    """The balances of one account on one product.

    `orders` gives all orders that may matter: open ones, and ended ones until a question for all balances
    was asked after their end. `limits` is the most of an asset that may be used here, counted from the first
    complete report on. `load` is what the venue holds for each unit that an order pays: 1, or 1 and the
    fee's share where it holds the fee, too. `is_known`: the venue told of all assets once.

    What is not seen here: orders of others on the same account, until the venue tells a balance anew;
    what a market order without a price takes, until its fills are told; what a conditional order holds is
    taken to be held from its placing on.
    """

    def __init__(
        self,
        channel: BalanceChannel,
        limits: Mapping[str, Decimal],
        orders: Callable[[], Iterable[InFlightOrder]],
        load: Decimal = _ONE,
    ) -> None:
        self.is_known = False
        self._channel = channel
        self._limits = AssetLimits(limits)
        self._orders = orders
        self._load = load
        self._standings: dict[str, _Standing] = {}
        self._unnamed: _Standing | None = None
        """What stands of assets that no report names: the latest complete one says that nothing is held."""
        self._moves: dict[str, list[BalanceMove]] = {}
        self._heard: dict[Hashable, None] = {}
        self._told: dict[str, tuple[Decimal, Decimal]] = {}
        self._oldest = _NEVER
        """The oldest moment that any figure rests on: what was over by then is in all of them."""

    # --- what the venue says

    def snapshot(self, asked_at: float) -> InFlightSnapshot:
        """The orders in flight; to be taken right before a question for balances is sent."""
        return InFlightSnapshot.of(self._orders(), asked_at)

    def polled(
        self,
        report: BalanceReport,
        snapshot: InFlightSnapshot | None = None,
        answered_at: float | None = None,
    ) -> list[str]:
        """Take in an answer; the assets that changed since they were last told of.

        `report.observed_at` is when the question was sent, `answered_at` when its answer came (venue's
        seconds; None: at once): what happened in between may be in it or not. Where our clock may differ
        from the venue's, the one is the earliest and the other the latest that it can have been. `snapshot`
        was taken when it was sent; without one, times alone decide.
        """
        since = report.observed_at
        until = since if answered_at is None else max(since, answered_at)
        known = {} if snapshot is None else snapshot.confirmed_by(self._orders()).orders
        return self._take_in(report, Moment(since=since, until=until, known=known), FigureKind.POLLED)

    def pushed(self, report: BalanceReport) -> list[str]:
        """Take in what the account's stream told; the assets that changed since they were last told of."""
        # A stream tells of an order before it tells the balance that the order changed.
        unseen = frozenset(order.client_order_id for order in self._orders() if order.seen_since is None)
        moment = Moment(since=report.observed_at, until=report.observed_at, known={}, unseen=unseen)
        return self._take_in(report, moment, FigureKind.PUSHED)

    def moved(self, move: BalanceMove) -> list[str]:
        """Take in a deposit or withdrawal; the assets that changed since they were last told of.

        Where free and locked amounts are pushed the stream reports the new balance on its own: nothing
        changes here. One that was heard before counts once.
        """
        if self.has_heard(move):
            return []
        self._heard[_name(move)] = None
        if len(self._heard) > _MOVES_REMEMBERED:
            del self._heard[next(iter(self._heard))]
        if self._channel is BalanceChannel.FREE_AND_LOCKED:
            return []
        self._moves.setdefault(move.asset, []).append(move)
        return self._changed((move.asset,))

    def has_heard(self, move: BalanceMove) -> bool:
        """Whether a deposit or withdrawal was taken in before: by its reference, or by all that it says.

        While one connection takes over from another, both tell what happens.
        """
        return _name(move) in self._heard

    def told(self, asset: str) -> tuple[Decimal, Decimal]:
        """Total and available of an asset as they were last told of."""
        return self._told.get(asset, (_ZERO, _ZERO))

    # --- what there is

    def total(self, asset: str) -> Decimal:
        """All there is of an asset; zero while it is not known."""
        return self.figure(asset).total

    def available(self, asset: str) -> Decimal:
        """What is free for new orders within the asset's limit; zero while it is not known."""
        orders = self._live_orders()
        return self._limits.within(asset, self._figure(asset, orders).available, orders)

    def totals(self) -> dict[str, Decimal]:
        """All there is, by asset."""
        return {asset: figure.total for asset, (figure, _) in self._figures().items()}

    def availables(self) -> dict[str, Decimal]:
        """What is free for new orders within the limits, by asset."""
        return {asset: available for asset, (_, available) in self._figures().items()}

    def figure(self, asset: str) -> Figure:
        """The figures of an asset, and what they rest on."""
        return self._figure(asset, self._live_orders())

    # --- inside

    def _take_in(self, report: BalanceReport, moment: Moment, kind: FigureKind) -> list[str]:
        assets = dict.fromkeys(balance.asset for balance in report.balances)
        for balance in report.balances:
            self._stand(balance.asset, *_words(moment, kind, balance.total, balance.available))
        if report.is_complete:
            nothing = _words(moment, kind, _ZERO, _ZERO)
            absent = [asset for asset in self._standings if asset not in assets]
            for asset in absent:
                self._stand(asset, *nothing)
            assets |= dict.fromkeys(absent)
            self._unnamed = _after(self._unnamed, *nothing)
            if not self.is_known:
                self.is_known = True
                self._limits.started_at = moment.since
        self._forget_moves()
        self._oldest = min((_since(standing) for standing in self._standings.values()), default=_NEVER)
        return self._changed(assets)

    def _live_orders(self) -> list[InFlightOrder]:
        """The orders that are not in every figure with all that ever happens to them."""
        orders = list(self._orders())
        self._limits.count(orders)
        return [order for order in orders if not order_funds.is_long_over(order, self._oldest)]

    def _stand(self, asset: str, total: _Word, available: _Word) -> None:
        self._standings[asset] = _after(self._standing(asset), total, available)

    def _standing(self, asset: str) -> _Standing | None:
        return self._standings.get(asset, self._unnamed)

    def _forget_moves(self) -> None:
        """Keep the moves that some figure may not have."""
        for asset in list(self._moves):
            standing = self._standing(asset)
            if standing is not None:
                since = _since(standing)
                kept = [move for move in self._moves.pop(asset) if move.timestamp > since]
                if kept:
                    self._moves[asset] = kept

    def _changed(self, assets: Iterable[str]) -> list[str]:
        """Those of the assets that stand otherwise than when they were last told of, and are told of now."""
        figures = self._figures(assets)
        changed = []
        for asset, (figure, available) in figures.items():
            if self.told(asset) != (figure.total, available):
                self._told[asset] = (figure.total, available)
                changed.append(asset)
        return changed

    def _figures(self, assets: Iterable[str] | None = None) -> dict[str, tuple[Figure, Decimal]]:
        """The figures of some assets, or of all there are, and what is available within the limits."""
        concerned = order_funds.by_asset(self._live_orders())
        if assets is None:
            assets = dict.fromkeys((*self._standings, *(concerned if self.is_known else ())))
        figures = {}
        for asset in assets:
            figure = self._figure(asset, concerned.get(asset, ()))
            within = self._limits.within(asset, figure.available, concerned.get(asset, ()))
            figures[asset] = (figure, within)
        return figures

    def _figure(self, asset: str, orders: Iterable[InFlightOrder]) -> Figure:
        standing = self._standing(asset)
        if standing is None:
            return Figure(total=_ZERO, available=_ZERO, kind=FigureKind.ESTIMATED, observed_at=_NEVER)
        total, free = standing.total, standing.available
        owned, available = total.amount, free.amount
        load = self._load if free.is_free else None
        for order in orders:
            owned = CONTEXT.add(owned, order_funds.net_since(order, asset, total.moment))
            available = CONTEXT.add(available, order_funds.freed_since(order, asset, free.moment, load))
        for move in self._moves.get(asset, ()):
            owned = CONTEXT.add(owned, total.moment.left(move.timestamp, move.amount))
            available = CONTEXT.add(available, free.moment.left(move.timestamp, move.amount))
        is_told = (owned, available, total.moment) == (total.amount, free.amount, free.moment)
        return Figure(
            total=owned,
            available=max(_ZERO, available),
            kind=free.kind if is_told else FigureKind.ESTIMATED,
            observed_at=_since(standing),
        )


def _name(move: BalanceMove) -> Hashable:
    """What makes a deposit or withdrawal another one."""
    return move if move.reference is None else (move.asset, move.reference)


def _words(
    moment: Moment, kind: FigureKind, total: Decimal, available: Decimal | None
) -> tuple[_Word, _Word]:
    """What a report says of an asset; a total alone is what there is at most."""
    owned = _Word(amount=total, moment=moment, kind=kind, is_free=False)
    if available is None:
        return owned, owned
    return owned, _Word(amount=available, moment=moment, kind=kind, is_free=True)


def _after(standing: _Standing | None, total: _Word, available: _Word) -> _Standing:
    """What stands after a report. An older word is not taken over, nor a total for what is available."""
    if standing is None:
        return _Standing(total=total, available=available)
    is_lesser = standing.available.is_free and not available.is_free
    return _Standing(
        total=_newer(standing.total, total),
        available=standing.available if is_lesser else _newer(standing.available, available),
    )


def _newer(ours: _Word, theirs: _Word) -> _Word:
    return theirs if theirs.moment.since >= ours.moment.since else ours


def _since(standing: _Standing) -> float:
    return min(standing.total.moment.since, standing.available.moment.since)
