from __future__ import annotations

import pytest

from venuekit import errors
from venuekit.model.trading_rule import ContractKind, TradingRule
from venuekit.state.symbol_map import SymbolMap, split_symbol


def rule(trading_pair: str, symbol: str, kind: ContractKind = ContractKind.SPOT) -> TradingRule:
    return TradingRule(trading_pair, symbol=symbol, contract_kind=kind)


def test_pair_and_symbol_are_found_from_each_other() -> None:
    symbols = SymbolMap([rule("BTC-USDT", "BTCUSDT"), rule("ETH-USDT", "ETHUSDT")])
    assert (symbols.symbol("ETH-USDT"), symbols.pair("BTCUSDT")) == ("ETHUSDT", "BTC-USDT")


def test_a_map_lists_its_pairs() -> None:
    symbols = SymbolMap([rule("BTC-USDT", "BTCUSDT"), rule("ETH-USDT", "ETHUSDT")])
    assert (list(symbols), len(symbols)) == (["BTC-USDT", "ETH-USDT"], 2)


@pytest.mark.parametrize(("pair", "is_known"), [("BTC-USDT", True), ("BTCUSDT", False), (7, False)])
def test_a_map_contains_pairs_only(pair: object, is_known: bool) -> None:
    assert (pair in SymbolMap([rule("BTC-USDT", "BTCUSDT")])) is is_known


def test_a_map_of_one_kind_leaves_the_others_out() -> None:
    rules = [
        rule("BTC-USDT", "BTCUSDT", ContractKind.LINEAR_PERPETUAL),
        rule("BTC-USDT", "BTCUSDT_261225", ContractKind.LINEAR_FUTURE),
    ]
    symbols = SymbolMap.of_kind(rules, ContractKind.LINEAR_PERPETUAL)
    assert symbols.symbol("BTC-USDT") == "BTCUSDT"


@pytest.mark.parametrize("claims", [("BTCUSDT", "BTCUSDT_261225"), ("BTCUSDT_261225", "BTCUSDT")])
def test_a_pair_that_two_symbols_claim_is_neither(claims: tuple[str, str]) -> None:
    symbols = SymbolMap(rule("BTC-USDT", symbol) for symbol in claims)
    with pytest.raises(errors.AmbiguousSymbol, match=" and ".join(claims)):
        symbols.symbol("BTC-USDT")
    assert "BTC-USDT" not in symbols


@pytest.mark.parametrize("quotes", [(), ("USDT",)])
@pytest.mark.parametrize("symbol", ["BTCUSDT", "XBTUSDT"])
def test_a_symbol_of_a_pair_that_two_claim_is_no_pair(symbol: str, quotes: tuple[str, ...]) -> None:
    symbols = SymbolMap([rule("BTC-USDT", "BTCUSDT"), rule("BTC-USDT", "XBTUSDT")], quotes=quotes)
    with pytest.raises(errors.AmbiguousSymbol, match="BTCUSDT and XBTUSDT"):
        symbols.pair(symbol)


@pytest.mark.parametrize("pairs", [("BTC-USDT", "XBT-USDT"), ("XBT-USDT", "BTC-USDT")])
def test_a_symbol_that_two_pairs_claim_is_neither(pairs: tuple[str, str]) -> None:
    symbols = SymbolMap(rule(pair, "BTCUSDT") for pair in pairs)
    for pair in pairs:
        with pytest.raises(errors.AmbiguousSymbol, match="BTCUSDT"):
            symbols.symbol(pair)
    with pytest.raises(errors.AmbiguousSymbol, match=" and ".join(pairs)):
        symbols.pair("BTCUSDT")


def test_a_third_claim_is_named_too() -> None:
    symbols = SymbolMap(rule("BTC-USDT", symbol) for symbol in ("A", "B", "C"))
    with pytest.raises(errors.AmbiguousSymbol, match="A and B and C"):
        symbols.symbol("BTC-USDT")


def test_a_claim_that_is_repeated_is_named_once() -> None:
    symbols = SymbolMap(rule("BTC-USDT", symbol) for symbol in ("A", "B", "A", "B"))
    with pytest.raises(errors.AmbiguousSymbol, match="claimed by A and B;"):
        symbols.symbol("BTC-USDT")


def test_the_same_symbol_twice_is_no_conflict() -> None:
    symbols = SymbolMap([rule("BTC-USDT", "BTCUSDT"), rule("BTC-USDT", "BTCUSDT")])
    assert (symbols.symbol("BTC-USDT"), len(symbols)) == ("BTCUSDT", 1)


def test_other_pairs_do_not_notice_a_conflict() -> None:
    symbols = SymbolMap([rule("BTC-USDT", "A"), rule("BTC-USDT", "B"), rule("ETH-USDT", "C")])
    assert (symbols.pair("C"), list(symbols)) == ("ETH-USDT", ["ETH-USDT"])


def test_an_unknown_pair_says_how_pairs_are_written() -> None:
    with pytest.raises(errors.UnknownPair, match="written BASE-QUOTE"):
        SymbolMap().symbol("BTCUSDT")


def test_without_quotes_an_unlisted_symbol_is_unknown() -> None:
    with pytest.raises(errors.UnknownPair, match="'ETHUSDT'"):
        SymbolMap([rule("BTC-USDT", "BTCUSDT")]).pair("ETHUSDT")


@pytest.mark.parametrize(
    ("symbol", "pair"),
    [("BTCUSDT", "BTC-USDT"), ("BTCUSD", "BTC-USD"), ("USDTTRY", "USDT-TRY"), ("BTCFDUSD", "BTC-FDUSD")],
)
def test_an_unlisted_symbol_is_split_at_the_longest_quote(symbol: str, pair: str) -> None:
    assert SymbolMap(quotes=("USD", "TRY", "USDT", "FDUSD")).pair(symbol) == pair


def test_a_guessed_pair_is_remembered() -> None:
    symbols = SymbolMap(quotes=("USDT",))
    symbols.pair("BTCUSDT")
    assert symbols.symbol("BTC-USDT") == "BTCUSDT"


def test_a_guess_does_not_take_a_listed_pair_away() -> None:
    symbols = SymbolMap([rule("BTC-USDT", "XBTUSDT")], quotes=("USDT",))
    with pytest.raises(errors.UnknownPair, match="'BTCUSDT'"):
        symbols.pair("BTCUSDT")
    assert symbols.symbol("BTC-USDT") == "XBTUSDT"


@pytest.mark.parametrize("symbol", ["USDT", "BTCEUR", ""])
def test_a_symbol_without_base_or_known_quote_is_unknown(symbol: str) -> None:
    with pytest.raises(errors.UnknownPair, match=repr(symbol)):
        split_symbol(symbol, ("USDT",))
