"""What an amount of one asset is worth in another."""

from __future__ import annotations

from decimal import Decimal

import pytest

from venuekit import errors
from venuekit.model.conversion import BookRates, Conversion, are_interchangeable

D = Decimal


class Rates:
    """A rate source from a table, which remembers what it was asked for."""

    def __init__(self, **rates: str) -> None:
        self.rates = {name.replace("_", "-"): D(rate) for name, rate in rates.items()}
        self.asked: list[str] = []

    def get_pair_rate(self, trading_pair: str) -> Decimal | None:
        self.asked.append(trading_pair)
        return self.rates.get(trading_pair)


class Books:
    """Books of one bid and one ask; a pair that is not named is not followed."""

    def __init__(self, **books: tuple[str, str]) -> None:
        self.books = {name.replace("_", "-"): quotes for name, quotes in books.items()}

    def get_price(self, trading_pair: str, is_buy: bool) -> Decimal:
        if trading_pair not in self.books:
            raise errors.UnknownPair(trading_pair)
        bid, ask = self.books[trading_pair]
        return D(ask if is_buy else bid)


def conversion(rates: Rates | None = None, pair: str = "BTC-USDT", price: str = "50000") -> Conversion:
    return Conversion(trading_pair=pair, price=D(price), rate_source=rates)


def test_an_asset_is_worth_itself_without_a_rate() -> None:
    assert conversion().convert(D("3"), "BNB", "BNB") == D("3")


@pytest.mark.parametrize(
    ("amount", "source", "target", "expected"),
    [("2", "BTC", "USDT", "100000"), ("50", "USDT", "BTC", "0.001"), ("2", "WBTC", "USDT", "100000")],
)
def test_the_own_price_converts_between_base_and_quote_and_nobody_is_asked(
    amount: str, source: str, target: str, expected: str
) -> None:
    rates = Rates()
    assert conversion(rates).convert(D(amount), source, target) == D(expected)
    assert rates.asked == []


def test_a_third_token_is_asked_for_directly() -> None:
    rates = Rates(USDT_BNB="0.002", BTC_BNB="100")
    assert conversion(rates).convert(D("50"), "USDT", "BNB") == D("0.1")
    assert rates.asked == ["USDT-BNB"]


def test_from_a_leg_without_a_rate_the_way_leads_through_the_other_leg() -> None:
    assert conversion(Rates(BTC_BNB="100")).convert(D("50"), "USDT", "BNB") == D("0.1")


def test_to_a_leg_without_a_rate_the_way_leads_through_the_other_leg() -> None:
    assert conversion(Rates(BNB_USDT="500")).convert(D("0.1"), "BNB", "BTC") == D("0.001")


@pytest.mark.parametrize(
    ("source", "target"), [("USDT", "BNB"), ("BNB", "BTC"), ("BNB", "EUR"), ("BTC", "EUR")]
)
def test_a_rate_that_nobody_knows_is_an_error_that_names_it(source: str, target: str) -> None:
    with pytest.raises(errors.ExchangeRateUnknown, match=f"{source}-{target}") as raised:
        conversion(Rates()).convert(D("1"), source, target)
    assert (raised.value.source, raised.value.target) == (source, target)


def test_without_a_rate_source_a_third_token_is_an_error() -> None:
    with pytest.raises(errors.ExchangeRateUnknown):
        conversion().convert(D("1"), "USDT", "BNB")


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity"])
def test_a_rate_that_is_no_positive_number_is_no_rate(rate: str) -> None:
    with pytest.raises(errors.ExchangeRateUnknown):
        conversion(Rates(BNB_EUR=rate)).convert(D("1"), "BNB", "EUR")


@pytest.mark.parametrize("price", ["0", "-1", "NaN"])
def test_a_trade_without_a_price_converts_nothing(price: str) -> None:
    with pytest.raises(errors.ExchangeRateUnknown, match="BTC-USDT"):
        conversion(price=price).convert(D("1"), "USDT", "BTC")


def test_a_pair_of_two_interchangeable_tokens_has_its_own_price() -> None:
    assert conversion(pair="WBTC-BTC", price="0.99").convert(D("1"), "WBTC", "BTC") == D("0.99")


def test_interchangeable_tokens_outside_the_pair_count_one_to_one() -> None:
    assert conversion().convert(D("3"), "WETH", "ETH") == D("3")


def test_the_table_of_interchangeable_tokens_can_be_another() -> None:
    own = Conversion(trading_pair="BTC-USDT", price=D(1), interchangeable=(frozenset({"USDT", "USDX"}),))
    assert own.convert(D("3"), "USDX", "USDT") == D("3")
    assert own.leg("WBTC") is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("WETH", "ETH"),
        ("WBNB", "BNB"),
        ("WPOL", "POL"),
        ("WAVAX", "AVAX"),
        ("WONE", "ONE"),
        ("USDC", "USDC.E"),
        ("WBTC", "BTC"),
        ("USOL", "SOL"),
        ("UETH", "ETH"),
        ("UBTC", "BTC"),
        ("XYZ", "XYZ"),
    ],
)
def test_names_of_one_asset_are_interchangeable_both_ways(one: str, other: str) -> None:
    assert are_interchangeable(one, other)
    assert are_interchangeable(other, one)


@pytest.mark.parametrize(("one", "other"), [("BTC", "ETH"), ("WETH", "UETH"), ("USDT", "USDC")])
def test_other_names_are_not_interchangeable(one: str, other: str) -> None:
    assert not are_interchangeable(one, other)


# Rates from books.


def test_a_books_rate_is_its_ask() -> None:
    assert BookRates(Books(USDT_PFC=("1.9", "2"))).get_pair_rate("USDT-PFC") == D("2")


def test_the_other_way_round_the_bid_counts() -> None:
    assert BookRates(Books(BNB_USDT=("500", "625"))).get_pair_rate("USDT-BNB") == D("0.002")


def test_of_a_pair_that_no_book_has_there_is_no_rate() -> None:
    assert BookRates(Books()).get_pair_rate("USDT-BNB") is None


def test_a_side_without_a_price_is_no_rate() -> None:
    assert BookRates(Books(USDT_BNB=("NaN", "NaN"))).get_pair_rate("USDT-BNB") is None


def test_a_book_that_is_not_live_says_so() -> None:
    class Syncing:
        def get_price(self, trading_pair: str, is_buy: bool) -> Decimal:
            raise errors.BookNotLive(f"{trading_pair} {is_buy}", "SYNCING")

    with pytest.raises(errors.BookNotLive):
        BookRates(Syncing()).get_pair_rate("USDT-BNB")
