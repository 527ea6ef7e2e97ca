"""What a connector believes beside what the venue has in its books, order by order and asset by asset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from venuekit.cli.emulator_process import Ledger
from venuekit.cli.output import brief
from venuekit.cli.trader_report import Holding, OrderStanding
from venuekit.model.decimals import CONTEXT
from venuekit.protocol.frozen import Frozen

__all__ = ["AssetAgreement", "OrderAgreement", "compare_assets", "compare_orders"]

_ZERO = Decimal(0)
_NOWHERE = "UNKNOWN"
_NEVER_THERE = ("FAILED", "CANCELED")
"""How an order ends that the venue never had: it was refused, or cancelled before it was sent."""
_STATES: Mapping[str, str] = {"NEW": "OPEN", "CANCELLED": "CANCELED"}
"""The emulator's word for a state to ours, where they differ."""


class OrderAgreement(Frozen):
    """One order on both sides. `difference` is what we believe to be filled less what is, in base.

    `fills_different` counts trades that only one side knows. A side that does not know the order at all says
    UNKNOWN. `times_there` is how often the venue has an order under this id: more than once, and it was sent
    twice.
    """

    order_id: str
    trading_pair: str
    side: str
    state: str
    venue_state: str
    filled: Decimal
    venue_filled: Decimal
    difference: Decimal
    fills: int
    fills_different: int
    times_there: int
    is_in_doubt: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether both sides say the same, and we are sure of it."""
        is_never_there = self.venue_state == _NOWHERE and self.state in _NEVER_THERE
        return (
            (self.state == self.venue_state or is_never_there)
            and not self.difference
            and not self.fills_different
            and not self.is_in_doubt
            and self.times_there <= 1
        )


class AssetAgreement(Frozen):
    """One asset on both sides: total and available. The differences are ours less the venue's.

    `change` is by how much the venue's total differs from that at the start.
    """

    asset: str
    total: Decimal
    venue_total: Decimal
    difference: Decimal
    available: Decimal
    venue_available: Decimal
    available_difference: Decimal
    change: Decimal

    @property
    def is_exact(self) -> bool:
        """Whether both sides say the same."""
        return not self.difference and not self.available_difference


def compare_orders(ours: Mapping[str, OrderStanding], ledger: Ledger) -> list[OrderAgreement]:
    """Every order that one of the two sides knows, by our id."""
    theirs = {row["client_order_id"]: row for row in ledger.orders}
    trades: dict[str, list[str]] = {name: [] for name in theirs}
    for fill in ledger.fills:
        trades.setdefault(fill["client_order_id"], []).append(str(fill["trade_id"]))
    compared = []
    for name in dict.fromkeys([*ours, *theirs]):
        mine, row = ours.get(name), theirs.get(name, {})
        filled = _ZERO if mine is None else _exact(mine.filled)
        venue_filled = Decimal(row.get("filled", "0"))
        counted, happened = frozenset(() if mine is None else mine.fills), frozenset(trades.get(name, ()))
        status = row.get("status", _NOWHERE)
        compared.append(
            OrderAgreement(
                order_id=name,
                trading_pair=row["trading_pair"] if mine is None else mine.trading_pair,
                side=row["side"] if mine is None else "BUY" if mine.is_buy else "SELL",
                state=_NOWHERE if mine is None else mine.state,
                venue_state=_STATES.get(status, status),
                filled=filled,
                venue_filled=venue_filled,
                difference=_less(filled, venue_filled),
                fills=len(counted),
                fills_different=len(counted ^ happened),
                times_there=sum(each["client_order_id"] == name for each in ledger.orders),
                is_in_doubt=mine is not None and mine.is_in_doubt,
            )
        )
    return compared


def compare_assets(
    ours: Iterable[Holding], ledger: Ledger, at_start: Mapping[str, Decimal]
) -> list[AssetAgreement]:
    """Every asset that one of the two sides holds; `at_start` is what there was of each."""
    held = {holding.asset: holding for holding in ours}
    compared = []
    for asset in sorted(held.keys() | ledger.balances.keys()):
        mine = held.get(asset, Holding(asset=asset, total=_ZERO, available=_ZERO))
        free, locked = (Decimal(ledger.balances.get(asset, {}).get(part, "0")) for part in ("free", "locked"))
        total = _exact(CONTEXT.add(free, locked))
        compared.append(
            AssetAgreement(
                asset=asset,
                total=_exact(mine.total),
                venue_total=total,
                difference=_less(mine.total, total),
                available=_exact(mine.available),
                venue_available=_exact(free),
                available_difference=_less(mine.available, free),
                change=_less(total, at_start.get(asset, _ZERO)),
            )
        )
    return compared


def _less(ours: Decimal, theirs: Decimal) -> Decimal:
    return _exact(CONTEXT.subtract(ours, theirs))


def _exact(number: Decimal) -> Decimal:
    """The number as people write it: 100 and 0, not 100.00000000 and 0E-8."""
    return Decimal(brief(number))
