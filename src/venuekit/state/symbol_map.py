"""Trading pair and venue symbol, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from venuekit import errors
from venuekit.model.trading_rule import ContractKind, TradingRule

__all__ = ["SymbolMap", "split_symbol"]


class SymbolMap:
    """The symbols of one connector: one contract kind, one symbol for each pair, one pair for each symbol.

    A pair that two symbols claim is neither: asking for it raises `AmbiguousSymbol` and names both, since
    to pick one would be to trade the wrong market (a venue lists BTCUSDT and a dated BTCUSDT future). So is
    a symbol that two pairs claim.
    """

    def __init__(self, rules: Iterable[TradingRule] = (), *, quotes: Sequence[str] = ()) -> None:
        self._symbols: dict[str, str] = {}
        self._pairs: dict[str, str] = {}
        self._symbols_of: dict[str, list[str]] = {}
        self._pairs_of: dict[str, list[str]] = {}
        self._quotes = tuple(sorted(quotes, key=len, reverse=True))
        for rule in rules:
            self.add(rule.trading_pair, rule.symbol)

    @classmethod
    def of_kind(
        cls, rules: Iterable[TradingRule], kind: ContractKind, quotes: Sequence[str] = ()
    ) -> SymbolMap:
        """The symbols of the rules of one contract kind; other kinds are left out."""
        return cls((rule for rule in rules if rule.contract_kind is kind), quotes=quotes)

    def add(self, trading_pair: str, symbol: str) -> None:
        """Learn that `symbol` is `trading_pair`."""
        symbols = self._symbols_of.setdefault(trading_pair, [])
        if symbol in symbols:
            return
        pairs = self._pairs_of.setdefault(symbol, [])
        symbols.append(symbol)
        pairs.append(trading_pair)
        if len(symbols) == len(pairs) == 1:
            self._symbols[trading_pair] = symbol
            self._pairs[symbol] = trading_pair
            return
        for claim in symbols:
            self._symbols.pop(self._pairs.pop(claim, ""), None)
        for claim in pairs:
            self._pairs.pop(self._symbols.pop(claim, ""), None)

    def __len__(self) -> int:
        return len(self._symbols)

    def __iter__(self) -> Iterator[str]:
        """The pairs."""
        return iter(self._symbols)

    def __contains__(self, trading_pair: object) -> bool:
        return trading_pair in self._symbols

    def symbol(self, trading_pair: str) -> str:
        """The venue's word for a pair.

        Raises:
            errors.AmbiguousSymbol: two symbols claim the pair, or its symbol is claimed by another pair too.
            errors.UnknownPair: the venue lists no such pair.
        """
        symbol = self._symbols.get(trading_pair)
        if symbol is not None:
            return symbol
        claims = self._symbols_of.get(trading_pair)
        if claims is None:
            raise errors.UnknownPair(
                f"no pair {trading_pair!r} here; pairs are written BASE-QUOTE, such as BTC-USDT"
            )
        raise _claimed(trading_pair, claims) if len(claims) > 1 else self._ambiguous(claims[0])

    def pair(self, symbol: str) -> str:
        """The pair of a venue's word; without an instrument list, split at the longest known quote asset.

        Raises:
            errors.AmbiguousSymbol: two pairs claim the symbol, or its pair is claimed by another symbol too.
            errors.UnknownPair: the symbol is not listed and ends in no known quote asset, or the pair that
                it looks like is another symbol's.
        """
        known = self._pairs.get(symbol)
        if known is not None:
            return known
        if symbol in self._pairs_of:
            raise self._ambiguous(symbol)
        guess = split_symbol(symbol, self._quotes)
        if guess in self._symbols_of:
            raise _unknown(symbol)
        self.add(guess, symbol)
        return guess

    def _ambiguous(self, symbol: str) -> errors.AmbiguousSymbol:
        pairs = self._pairs_of[symbol]
        return _claimed(symbol, pairs) if len(pairs) > 1 else _claimed(pairs[0], self._symbols_of[pairs[0]])


def _claimed(name: str, claims: Sequence[str]) -> errors.AmbiguousSymbol:
    return errors.AmbiguousSymbol(
        f"{name} is claimed by {' and '.join(claims)}; this connector follows neither"
    )


def _unknown(symbol: str) -> errors.UnknownPair:
    return errors.UnknownPair(f"no pair is known for the symbol {symbol!r}")


def split_symbol(symbol: str, quotes: Sequence[str]) -> str:
    """The pair of a symbol such as `BTCUSDT` by the longest of `quotes` (longest first) that ends it.

    Raises:
        errors.UnknownPair: it ends in none of them.
    """
    for quote in quotes:
        if symbol.endswith(quote) and len(symbol) > len(quote):
            return f"{symbol[: -len(quote)]}-{quote}"
    raise _unknown(symbol)
