"""One side of a book: levels by rank, the best last."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal
from typing import TypeAlias

from venuekit import errors
from venuekit.protocol.book_feed import LevelText

__all__ = ["BookSide", "Change", "Level", "PriceScale"]

Level: TypeAlias = tuple[str, str, int | None]
"""(price, amount, update id), the first two in the venue's text."""

Change: TypeAlias = tuple[int, str, str | None]
"""(rank, price, amount), amount None to delete."""

# A venue writes zero in one way, seldom in two; a set of so many texts never grows further.
_ZEROS = 16


class PriceScale:
    """How many decimals a book's prices are written with: a price is a whole number and equality numeric.

    It only grows: "65140" and "65140.0" are one price, and a first "65140.25" rescales the book.
    """

    __slots__ = ("decimals",)

    def __init__(self) -> None:
        self.decimals = 0

    def whole(self, text: str) -> int | None:
        """The price in units of 10^-decimals; None when it needs more decimals than there are.

        Raises:
            ValueError: the text is no price above zero.
        """
        whole, _, fraction = text.partition(".")
        digits = whole + fraction
        if not (digits.isdecimal() and digits.isascii()):
            return self.whole(_plain(text))
        missing = self.decimals - len(fraction)
        if missing < 0:
            digits, beyond = digits[:missing], digits[missing:]
            if beyond.strip("0"):
                return None
        key = int(digits + "0" * missing)
        if key == 0:
            raise ValueError(f"a price of zero: {text!r}")
        return key

    def needed(self, text: str) -> int:
        """How many decimals this price is written with.

        Raises:
            ValueError: the text is no price above zero.
        """
        return len(_plain(text).partition(".")[2])


class BookSide:
    """Levels of one side.

    A rank is a price in whole units, negated for asks, so that on either side the best level has the
    highest rank and stands last in `ranks`, where most changes happen and a list is cheap to change.
    `horizon` is the rank down to which every level is known; None: all of them are.
    """

    __slots__ = ("_zeros", "horizon", "is_bid", "levels", "ranks")

    def __init__(self, *, is_bid: bool) -> None:
        self.is_bid = is_bid
        self.levels: dict[int, Level] = {}
        self.ranks: list[int] = []
        self.horizon: int | None = None
        self._zeros: set[str] = set()

    def __len__(self) -> int:
        return len(self.ranks)

    def __iter__(self) -> Iterator[Level]:
        """Levels from the best to the worst."""
        levels = self.levels
        return (levels[rank] for rank in reversed(self.ranks))

    @property
    def best(self) -> Level | None:
        """The best level, None on an empty side."""
        return self.levels[self.ranks[-1]] if self.ranks else None

    @property
    def is_expired(self) -> bool:
        """Whether the best level lies beyond what a snapshot vouched for: the true best may be unknown."""
        return self.horizon is not None and (not self.ranks or self.ranks[-1] < self.horizon)

    @property
    def vouched(self) -> int:
        """How many levels from the best on are known to be complete."""
        return len(self.ranks) - (0 if self.horizon is None else bisect_left(self.ranks, self.horizon))

    def read(self, texts: list[LevelText], scale: PriceScale) -> list[Change] | None:
        """The changes that a run of levels asks for; None when the scale must grow first.

        Raises:
            errors.BadAnswer: a level that is no price above zero with an amount of zero or more.
        """
        # A venue writes its prices alike, so the point mostly stands where the scale expects it, and its
        # deletes alike too. What it writes otherwise is read by `_change`, three times as slowly.
        is_bid, zeros = self.is_bid, self._zeros
        point, end = -1 - scale.decimals, -scale.decimals
        changes: list[Change] = []
        for price, amount in texts:
            try:
                if price[point:end] == "." and price.isascii():
                    key = int(price.replace(".", "", 1))
                    new = None if amount in zeros else amount
                    if key > 0 and (new is None or (int(new.replace(".", "", 1)) > 0 and new.isascii())):
                        changes.append((key if is_bid else -key, price, new))
                        continue
            except ValueError:
                pass
            change = self._change(price, amount, scale)
            if change is None:
                return None
            changes.append(change)
        return changes

    def _change(self, price: str, amount: str, scale: PriceScale) -> Change | None:
        """One change, however it is written."""
        try:
            key = scale.whole(price)
            value = _amount(amount)
        except ValueError:
            raise errors.BadAnswer(
                f"a book level that is no price and amount: {price!r}, {amount!r}"
            ) from None
        if key is None:
            return None
        if not value and len(self._zeros) < _ZEROS:
            self._zeros.add(amount)
        return key if self.is_bid else -key, price, amount if value else None

    def apply(self, changes: list[Change], update_id: int | None) -> None:
        """Set each level to its new amount, or delete it; deleting an unknown level is normal."""
        levels, ranks = self.levels, self.ranks
        for rank, price, amount in changes:
            if amount is None:
                if levels.pop(rank, None) is not None:
                    del ranks[bisect_left(ranks, rank)]
            else:
                if rank not in levels:
                    insort(ranks, rank)
                levels[rank] = (price, amount, update_id)

    def load(self, changes: list[Change], update_id: int | None, depth: int | None) -> None:
        """Replace everything by a snapshot of at most `depth` levels (None: it is the whole side).

        Of two levels at one price the first counts; levels without an amount are left out.
        """
        self.levels.clear()
        for rank, price, amount in changes:
            if amount is not None and rank not in self.levels:
                self.levels[rank] = (price, amount, update_id)
        self.ranks[:] = sorted(self.levels)
        is_cut = depth is not None and len(changes) >= depth and bool(self.ranks)
        self.horizon = self.ranks[0] if is_cut else None

    def cut(self, depth: int) -> None:
        """Keep the best `depth` levels."""
        for rank in self.ranks[:-depth]:
            del self.levels[rank]
        del self.ranks[:-depth]

    def rescale(self, factor: int) -> None:
        """Multiply every rank: the prices gained decimals."""
        self.levels = {rank * factor: level for rank, level in self.levels.items()}
        self.ranks[:] = [rank * factor for rank in self.ranks]
        if self.horizon is not None:
            self.horizon *= factor

    def adopt(self, other: BookSide) -> None:
        """Take over another side's levels; the other must not be used afterwards."""
        self.levels = other.levels
        self.ranks[:] = other.ranks
        self.horizon = other.horizon


def _plain(text: str) -> str:
    """A price such as `2.5E-1` in digits and at most one point.

    Raises:
        ValueError: the text is no price above zero.
    """
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise ValueError(f"not a number: {text!r}") from None
    if not text.isascii() or not value.is_finite() or value <= 0:
        raise ValueError(f"not a price above zero: {text!r}")
    return f"{value:f}"


def _amount(text: str) -> Decimal:
    """An amount such as `0.50` or `1E-7`.

    Raises:
        ValueError: the text is no finite number of zero or more.
    """
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise ValueError(f"not a number: {text!r}") from None
    if not text.isascii() or not value.is_finite() or value < 0:
        raise ValueError(f"not an amount of zero or more: {text!r}")
    return value
