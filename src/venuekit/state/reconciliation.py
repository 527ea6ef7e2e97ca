"""What we believe of an account against what its venue says, as a list that people and programs can read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from enum import Enum

from venuekit.model.account import AccountOrder, BalanceReport
from venuekit.model.decimals import plain
from venuekit.model.order_update import TradeUpdate
from venuekit.protocol.frozen import Frozen
from venuekit.state.in_flight_order import InFlightOrder

__all__ = ["Difference", "DifferenceKind", "Rule", "compare_balances", "compare_fills", "compare_orders"]


class DifferenceKind(Enum):
    """What differs."""

    ORDER_NOT_LISTED = "an order that we believe open is not in the venue's list"
    ORDER_NOT_FOLLOWED = "the venue holds an order of ours that we do not follow"
    ORDER_STANDS_OTHERWISE = "an order stands otherwise than we believe"
    FOREIGN_ORDER = "an order that is not ours"
    MISSING_FILL = "a fill that we did not count"
    BALANCE = "a balance is another than we believe"


class Rule(Enum):
    """What is done about a difference."""

    ASK = "ask for it alone: a list may lag behind"
    ADOPT = "follow it from now on"
    TAKE_IN = "take in what the venue says, as far as stronger evidence does not contradict it"
    COUNT = "count it, once"
    LEAVE_ALONE = "show it and leave it alone"


class Difference(Frozen):
    """One difference. `subject` is an order's id or an asset; `ours` and `theirs` say how it stands."""

    kind: DifferenceKind
    subject: str
    ours: str
    theirs: str
    rule: Rule

    def __str__(self) -> str:
        return (
            f"{self.subject}: {self.kind.value} (ours: {self.ours}; theirs: {self.theirs}): {self.rule.value}"
        )


def compare_orders(
    active: Iterable[InFlightOrder],
    rows: Iterable[AccountOrder],
    *,
    find: Callable[[AccountOrder], InFlightOrder | None],
    owns: Callable[[str], bool],
    asked_at: float,
) -> Iterator[Difference]:
    """Our open orders against a list of the venue's that was asked for at `asked_at`, venue's seconds.

    `find` looks up an order of ours, open or ended; `owns` knows our client ids by their looks. Orders on
    their way when the question was sent may be in the list or not: they make no difference.
    """
    listed: dict[str, None] = {}
    for row in rows:
        order = find(row)
        if order is not None:
            listed[order.client_order_id] = None
            if _stands_otherwise(order, row):
                yield Difference(
                    kind=DifferenceKind.ORDER_STANDS_OTHERWISE,
                    subject=order.client_order_id,
                    ours=_our_words(order),
                    theirs=_their_words(row),
                    rule=Rule.TAKE_IN,
                )
        else:
            is_ours = owns(row.row.client_order_id)
            yield Difference(
                kind=DifferenceKind.ORDER_NOT_FOLLOWED if is_ours else DifferenceKind.FOREIGN_ORDER,
                subject=row.row.client_order_id or row.row.exchange_order_id,
                ours="unknown",
                theirs=_their_words(row),
                rule=Rule.ADOPT if is_ours else Rule.LEAVE_ALONE,
            )
    for order in active:
        if order.client_order_id in listed or not order.is_open or not order.is_sent:
            continue
        is_on_its_way = order.is_pending_create and order.doubt is None
        if is_on_its_way or order.creation_timestamp >= asked_at:
            continue
        yield Difference(
            kind=DifferenceKind.ORDER_NOT_LISTED,
            subject=order.client_order_id,
            ours=_our_words(order),
            theirs="not listed",
            rule=Rule.ASK,
        )


def compare_fills(
    trades: Iterable[TradeUpdate], find: Callable[[TradeUpdate], InFlightOrder | None]
) -> Iterator[Difference]:
    """Trades that the venue tells of against those that our orders counted; others' are passed over."""
    for trade in trades:
        order = find(trade)
        if order is not None and not order.fills.has_seen(trade.trade_id):
            yield Difference(
                kind=DifferenceKind.MISSING_FILL,
                subject=order.client_order_id,
                ours=f"{plain(order.executed_amount_base)} filled",
                theirs=f"trade {trade.trade_id} of {plain(trade.fill_base_amount)}",
                rule=Rule.COUNT,
            )


def compare_balances(
    report: BalanceReport, believed: Callable[[str], tuple[Decimal, Decimal] | None]
) -> Iterator[Difference]:
    """Balances against ours; `believed` gives total and available, None where ours are the newer ones."""
    for balance in report.balances:
        ours = believed(balance.asset)
        if ours is None:
            continue
        total, available = ours
        is_available_off = balance.available is not None and balance.available != available
        if total != balance.total or is_available_off:
            theirs = "unknown" if balance.available is None else plain(balance.available)
            yield Difference(
                kind=DifferenceKind.BALANCE,
                subject=balance.asset,
                ours=f"{plain(total)}, available {plain(available)}",
                theirs=f"{plain(balance.total)}, available {theirs}",
                rule=Rule.TAKE_IN,
            )


def _stands_otherwise(order: InFlightOrder, row: AccountOrder) -> bool:
    claims = row.update.filled_amount
    return order.life is not row.update.new_state or (
        claims is not None and claims != order.executed_amount_base
    )


def _our_words(order: InFlightOrder) -> str:
    doubt = "" if order.doubt is None else f", in doubt: {order.doubt.reason.value}"
    filled = f"{plain(order.executed_amount_base)} of {plain(order.amount)} filled"
    return f"{order.current_state.name}, {filled}{doubt}"


def _their_words(row: AccountOrder) -> str:
    filled = f"{plain(row.row.executed_amount)} of {plain(row.row.amount)} filled"
    return f"{row.update.new_state.name}, {filled}"
