"""Temporary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from venuekit.model.account import BalanceChannel, BalanceMove, BalanceReport
from venuekit.state.in_flight_order import InFlightOrder


class Figure(NamedTuple):
    total: Decimal
    available: Decimal
    kind: str
    observed_at: float


class BalanceSheet:
    def __init__(
        self,
        channel: BalanceChannel,
        limits: Mapping[str, Decimal],
        orders: Callable[[], Iterable[InFlightOrder]],
    ) -> None:
        self.is_known = False
        self._f: dict[str, Figure] = {}

    def polled(self, report: BalanceReport) -> list[str]:
        self.is_known = True
        return self._take(report, "p")

    def pushed(self, report: BalanceReport) -> list[str]:
        return self._take(report, "s")

    def _take(self, report: BalanceReport, kind: str) -> list[str]:
        out = []
        for b in report.balances:
            f = Figure(b.total, b.total if b.available is None else b.available, kind, report.observed_at)
            old = self._f.get(b.asset)
            if old is not None and old.observed_at > f.observed_at:
                continue
            if old is None or old[:2] != f[:2]:
                out.append(b.asset)
            self._f[b.asset] = f
        return out

    def moved(self, move: BalanceMove) -> list[str]:
        return []

    def figure(self, asset: str) -> Figure:
        return self._f.get(asset, Figure(Decimal(0), Decimal(0), "p", 0.0))

    def total(self, asset: str) -> Decimal:
        return self.figure(asset).total

    def available(self, asset: str) -> Decimal:
        return self.figure(asset).available

    def totals(self) -> dict[str, Decimal]:
        return {a: f.total for a, f in self._f.items()}

    def availables(self) -> dict[str, Decimal]:
        return {a: f.available for a, f in self._f.items()}
