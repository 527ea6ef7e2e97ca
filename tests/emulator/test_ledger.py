"""Money: held, paid, given back, and never made or lost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.emulator.order_desk import NOW, Desk

from venuekit.emulator.ledger import (
    FEES,
    MARKET,
    OUTSIDE,
    Balance,
    EntryKind,
    FeeAsset,
    FeePlan,
    Ledger,
)
from venuekit.emulator.order import Filled, RefusalReason, Refused, SelfTrade, stop_loss
from venuekit.model.fees import TokenAmount

MAKER, TAKER = Decimal("0.001"), Decimal("0.002")


def rates(asset: str, token: str) -> Decimal | None:
    """A unit of quote buys a tenth of the one token that there is a market for."""
    return Decimal("0.1") if (asset, token) == ("USDT", "BNB") else None


def funded(plan: FeePlan | None = None, **assets: str) -> Ledger:
    """A ledger with the accounts ann, who has these assets (1000 USDT and 10 BTC unless told), and bob."""
    ledger = Ledger(rates=rates)
    for name, fees in (("ann", plan), ("bob", None)):
        ledger.open_account(name, fees)
        for asset, amount in (assets or {"USDT": "1000", "BTC": "10"}).items():
            ledger.deposit(f"{name}/{asset}", name, asset, Decimal(amount), NOW)
    return ledger


def has(ledger: Ledger, asset: str, account: str = "ann") -> tuple[Decimal, Decimal]:
    balance = ledger.balance(account, asset)
    return balance.free, balance.locked


def pair(free: str, locked: str = "0") -> tuple[Decimal, Decimal]:
    return Decimal(free), Decimal(locked)


def refusals(desk: Desk) -> list[RefusalReason]:
    return [event.reason for event in desk.told.events if isinstance(event, Refused)]


def fees(desk: Desk, ledger: Ledger) -> list[TokenAmount | None]:
    return [ledger.fill_entry(event).fee for event in desk.told.events if isinstance(event, Filled)]


# Deposits, withdrawals, transfers.


def test_a_deposit_is_free() -> None:
    assert has(funded(USDT="5"), "USDT") == pair("5")


def test_a_balance_adds_up() -> None:
    assert Balance(free=Decimal(2), locked=Decimal(3)).total == 5


def test_an_asset_that_never_came_is_nothing() -> None:
    assert funded().balance("ann", "ETH") == Balance()


def test_a_withdrawal_leaves_the_venue() -> None:
    ledger = funded(USDT="5")
    ledger.withdraw("1", "ann", "USDT", Decimal(2), NOW)
    assert (has(ledger, "USDT"), has(ledger, "USDT", OUTSIDE)) == (pair("3"), pair("-8"))


def test_only_what_is_free_can_be_withdrawn() -> None:
    ledger = funded()
    Desk(treasury=ledger).buy("1", "99.0")
    assert ledger.withdraw("1", "ann", "USDT", Decimal("901.01"), NOW) is None
    assert ledger.withdraw("2", "ann", "USDT", Decimal(901), NOW) is not None


def test_a_transfer_changes_the_owner() -> None:
    ledger = funded(USDT="5")
    ledger.transfer("1", "ann", "bob", "USDT", Decimal(2), NOW)
    assert (has(ledger, "USDT"), has(ledger, "USDT", "bob")) == (pair("3"), pair("7"))


def test_more_than_there_is_cannot_be_transferred() -> None:
    assert funded(USDT="5").transfer("1", "ann", "bob", "USDT", Decimal(6), NOW) is None


def test_an_entry_tells_what_moved_and_when() -> None:
    ledger = funded(USDT="5")
    entry = ledger.deposit("7", "ann", "ETH", Decimal(2), NOW)
    assert (ledger.entries["deposit/7"], entry.kind, entry.time) == (entry, EntryKind.DEPOSIT, NOW)
    assert [(move.account, move.free) for move in entry.moves] == [
        (OUTSIDE, Decimal(-2)),
        ("ann", Decimal(2)),
    ]


def test_a_key_is_used_once() -> None:
    ledger = funded(USDT="5")
    with pytest.raises(ValueError, match="already"):
        ledger.deposit("ann/USDT", "ann", "USDT", Decimal(5), NOW)
    assert has(ledger, "USDT") == pair("5")


@pytest.mark.parametrize("amount", ["0", "-1", "0.000000001"])
def test_only_amounts_that_the_asset_can_have_are_moved(amount: str) -> None:
    with pytest.raises(ValueError, match="no amount of USDT"):
        funded().deposit("7", "ann", "USDT", Decimal(amount), NOW)


def test_an_asset_has_its_own_precision() -> None:
    ledger = Ledger(precisions={"SHIB": 0})
    ledger.open_account("ann")
    with pytest.raises(ValueError, match="no amount of SHIB"):
        ledger.deposit("7", "ann", "SHIB", Decimal("1.5"), NOW)


def test_amounts_of_thirty_digits_stay_exact() -> None:
    ledger = Ledger(precisions={"WEI": 18})
    ledger.open_account("ann")
    ledger.deposit("1", "ann", "WEI", Decimal("1e12"), NOW)
    ledger.deposit("2", "ann", "WEI", Decimal("1e-18"), NOW)
    assert has(ledger, "WEI") == pair("1000000000000.000000000000000001")


@pytest.mark.parametrize("name", ["ann", MARKET, FEES, OUTSIDE])
def test_an_account_is_opened_once(name: str) -> None:
    with pytest.raises(ValueError, match="already"):
        funded().open_account(name)


def test_the_accounts_are_the_houses_and_the_customers() -> None:
    assert funded().accounts == [MARKET, FEES, OUTSIDE, "ann", "bob"]


def test_an_account_knows_its_fees() -> None:
    plan = FeePlan(maker=MAKER)
    assert funded(plan).fee_plan("ann") == plan


# What orders hold.


@pytest.mark.parametrize(
    ("command", "usdt", "btc"),
    [
        (lambda desk: desk.buy("2", "99.0"), pair("802", "198"), pair("10")),
        (lambda desk: desk.sell("2", "101.0"), pair("1000"), pair("8", "2")),
        (
            lambda desk: desk.buy("2", trigger=stop_loss(Decimal(103), is_buy=True)),
            pair("794", "206"),
            pair("10"),
        ),
        (lambda desk: desk.buy("2"), pair("798"), pair("12")),
        (lambda desk: desk.sell("2"), pair("1198"), pair("8")),
        (lambda desk: desk.sell(None, quote_amount=Decimal(198)), pair("1198"), pair("8")),
    ],
)
def test_an_order_holds_what_it_may_cost_and_pays_what_it_costs(command: Any, usdt: Any, btc: Any) -> None:
    ledger = funded()
    command(Desk(treasury=ledger))
    assert (has(ledger, "USDT"), has(ledger, "BTC")) == (usdt, btc)


@pytest.mark.parametrize(
    "command",
    [
        lambda desk: desk.buy("10.11", "99.0"),
        lambda desk: desk.sell("10.01", "101.0"),
        lambda desk: desk.buy("9.90"),
        lambda desk: desk.buy("9.80", trigger=stop_loss(Decimal(103), is_buy=True)),
    ],
)
def test_an_order_beyond_the_accounts_means_is_refused(command: Any) -> None:
    ledger = funded()
    desk = Desk(treasury=ledger)
    command(desk)
    assert refusals(desk) == [RefusalReason.INSUFFICIENT_FUNDS]
    assert (has(ledger, "USDT"), has(ledger, "BTC")) == (pair("1000"), pair("10"))


def test_what_open_orders_hold_cannot_be_spent_again() -> None:
    desk = Desk(treasury=funded())
    desk.buy("9", "99.0")
    desk.buy("2", "99.0")
    assert refusals(desk) == [RefusalReason.INSUFFICIENT_FUNDS]


def test_a_cancelled_order_gives_back_what_it_held() -> None:
    ledger = funded()
    desk = Desk(treasury=ledger)
    desk.hear(desk.matching.cancel(desk.buy("2", "99.0"), NOW + 1))
    assert has(ledger, "USDT") == pair("1000")


def test_an_expired_order_gives_back_what_it_held() -> None:
    ledger = funded(USDT="5000")
    Desk(treasury=ledger).buy("11")
    assert has(ledger, "USDT") == pair("3985")


def test_a_better_price_gives_back_the_difference() -> None:
    ledger = funded()
    Desk(treasury=ledger).buy("6", "101.9")
    # Five at 101.0 are paid, one at 101.9 is held.
    assert has(ledger, "USDT") == pair("393.1", "101.9")


def test_an_amended_order_holds_what_it_now_may_cost() -> None:
    ledger = funded()
    desk = Desk(treasury=ledger)
    desk.matching.amend(desk.buy("2", "99.0"), NOW + 1, amount=Decimal(3), price=Decimal(98))
    assert has(ledger, "USDT") == pair("706", "294")


def test_decremented_orders_hold_less() -> None:
    ledger = funded()
    desk = Desk(treasury=ledger)
    desk.sell("2", "100.0")
    desk.buy("3", "100.0", self_trade=SelfTrade.DECREMENT)
    assert (has(ledger, "USDT"), has(ledger, "BTC")) == (pair("900", "100"), pair("10"))


def test_a_decremented_order_that_still_rests_holds_its_rest() -> None:
    ledger = funded()
    desk = Desk(treasury=ledger)
    desk.sell("5", "100.0")
    desk.buy("2", "100.0", self_trade=SelfTrade.DECREMENT)
    assert (has(ledger, "USDT"), has(ledger, "BTC")) == (pair("1000"), pair("7", "3"))


def test_what_an_order_holds_is_rounded_up() -> None:
    ledger = Ledger(precisions={"USDT": 0})
    ledger.open_account("ann")
    ledger.deposit("1", "ann", "USDT", Decimal(1000), NOW)
    Desk(treasury=ledger).buy("0.01", "99.0")
    assert has(ledger, "USDT") == pair("999", "1")


def test_a_market_buy_that_meets_its_own_order_gives_back_the_rest() -> None:
    ledger = funded()
    desk = Desk(treasury=ledger)
    desk.sell("2", "100.0")
    desk.buy("2", self_trade=SelfTrade.DECREMENT)
    assert (has(ledger, "USDT"), has(ledger, "BTC")) == (pair("1000"), pair("10"))


def test_two_accounts_trade_with_each_other() -> None:
    ledger = funded()
    desk = Desk(treasury=ledger)
    desk.sell("2", "100.0", account="bob")
    desk.buy("2", "100.0")
    assert (has(ledger, "BTC"), has(ledger, "BTC", "bob"), has(ledger, "BTC", MARKET)) == (
        pair("12"),
        pair("8"),
        pair("0"),
    )


def test_the_crowd_pays_what_a_maker_gets() -> None:
    ledger = funded()
    desk = Desk(treasury=ledger)
    desk.sell("2", "100.5")
    desk.happens(trades=[("101.0", "1", True)])
    assert (has(ledger, "USDT"), has(ledger, "USDT", MARKET), has(ledger, "BTC")) == (
        pair("1100.5"),
        pair("-100.5"),
        pair("8", "1"),
    )


def test_a_fill_is_booked_once() -> None:
    ledger = funded()
    desk = Desk(treasury=ledger)
    desk.buy("2", "101.0")
    fill = next(event for event in desk.told.events if isinstance(event, Filled))
    with pytest.raises(ValueError, match="already"):
        ledger.record(fill)


def test_a_fill_that_nothing_was_held_for_is_not_booked() -> None:
    desk = Desk(treasury=funded())
    desk.buy("2", "101.0")
    fill = next(event for event in desk.told.events if isinstance(event, Filled))
    elsewhere = Ledger()
    elsewhere.open_account("ann")
    with pytest.raises(ValueError, match="would leave 'ann'"):
        elsewhere.record(fill)
    assert elsewhere.balances("ann") == {}


# Fees.


def plan(asset: FeeAsset, **more: Any) -> FeePlan:
    return FeePlan(maker=MAKER, taker=TAKER, asset=asset, **more)


@pytest.mark.parametrize(
    ("asset", "buys", "sells"),
    [
        (FeeAsset.RECEIVED, TokenAmount("BTC", Decimal("0.004")), TokenAmount("USDT", Decimal("0.396"))),
        (FeeAsset.QUOTE, TokenAmount("USDT", Decimal("0.404")), TokenAmount("USDT", Decimal("0.396"))),
        (FeeAsset.BASE, TokenAmount("BTC", Decimal("0.004")), TokenAmount("BTC", Decimal("0.004"))),
    ],
)
def test_a_taker_pays_its_rate_in_the_asset_of_its_plan(
    asset: FeeAsset, buys: TokenAmount, sells: TokenAmount
) -> None:
    ledger = funded(plan(asset))
    desk = Desk(treasury=ledger)
    desk.buy("2")
    assert fees(desk, ledger) == [buys]
    desk.sell("2")
    assert fees(desk, ledger) == [sells]


def test_a_maker_pays_the_makers_rate() -> None:
    ledger = funded(plan(FeeAsset.RECEIVED))
    desk = Desk(treasury=ledger)
    desk.buy("1", "99.5")
    desk.happens(trades=[("99.0", "1", False)])
    assert (fees(desk, ledger), has(ledger, "BTC")) == (
        [TokenAmount("BTC", Decimal("0.001"))],
        pair("10.999"),
    )


def test_fees_are_what_the_house_earns() -> None:
    ledger = funded(plan(FeeAsset.QUOTE))
    Desk(treasury=ledger).buy("2")
    assert (has(ledger, "USDT"), has(ledger, "USDT", FEES)) == (pair("797.596"), pair("0.404"))


def test_an_order_holds_the_fee_on_what_it_pays() -> None:
    ledger = funded(plan(FeeAsset.QUOTE))
    Desk(treasury=ledger).buy("2", "99.0")
    assert has(ledger, "USDT") == pair("801.604", "198.396")


def test_an_order_that_the_fee_makes_too_dear_is_refused() -> None:
    desk = Desk(treasury=funded(plan(FeeAsset.BASE)))
    desk.sell("10", "101.0")
    assert refusals(desk) == [RefusalReason.INSUFFICIENT_FUNDS]


def test_a_fee_in_a_token_is_worth_the_fee_less_the_discount() -> None:
    ledger = funded(plan(FeeAsset.TOKEN, token="BNB", discount=Decimal("0.25")), USDT="1000", BNB="1")
    desk = Desk(treasury=ledger)
    desk.buy("2")
    # 202 USDT at 0.2 % are 0.404, or 0.0404 of the token; a quarter less is 0.0303.
    assert (fees(desk, ledger), has(ledger, "BNB")) == (
        [TokenAmount("BNB", Decimal("0.0303"))],
        pair("0.9697"),
    )


@pytest.mark.parametrize(
    ("token", "assets"),
    [("BNB", {"USDT": "1000", "BNB": "0.04"}), ("DOGE", {"USDT": "1000", "DOGE": "1"})],
    ids=["too little of it", "no rate for it"],
)
def test_a_fee_that_the_token_cannot_pay_comes_out_of_what_is_received(
    token: str, assets: dict[str, str]
) -> None:
    ledger = funded(plan(FeeAsset.TOKEN, token=token), **assets)
    desk = Desk(treasury=ledger)
    desk.buy("2")
    assert fees(desk, ledger) == [TokenAmount("BTC", Decimal("0.004"))]


def test_the_last_of_a_token_still_pays() -> None:
    ledger = funded(plan(FeeAsset.TOKEN, token="BNB"), USDT="1000", BNB="0.0404")
    desk = Desk(treasury=ledger)
    desk.buy("2")
    assert has(ledger, "BNB") == pair("0")


def test_without_a_source_of_rates_no_token_pays() -> None:
    ledger = Ledger()
    ledger.open_account("ann", plan(FeeAsset.TOKEN, token="BNB"))
    ledger.deposit("1", "ann", "USDT", Decimal(1000), NOW)
    desk = Desk(treasury=ledger)
    desk.buy("2")
    assert fees(desk, ledger) == [TokenAmount("BTC", Decimal("0.004"))]


def test_a_token_that_the_trade_brings_can_pay_for_it() -> None:
    ledger = Ledger(rates=lambda _asset, _token: Decimal("0.01"))
    ledger.open_account("ann", plan(FeeAsset.TOKEN, token="BTC"))
    ledger.deposit("1", "ann", "USDT", Decimal(1000), NOW)
    Desk(treasury=ledger).buy("2")
    assert has(ledger, "BTC") == pair("1.99596")


def test_fees_are_rounded_down_to_the_assets_precision() -> None:
    ledger = Ledger(precisions={"BTC": 2})
    ledger.open_account("ann", plan(FeeAsset.RECEIVED))
    ledger.deposit("1", "ann", "USDT", Decimal(1000), NOW)
    desk = Desk(treasury=ledger)
    desk.buy("9")
    # 5 and 4 at 0.2 % are 0.010 and 0.008.
    assert fees(desk, ledger) == [TokenAmount("BTC", Decimal("0.01")), TokenAmount("BTC", Decimal("0.00"))]


def test_a_rebate_is_paid_by_the_house() -> None:
    ledger = funded(FeePlan(maker=Decimal("-0.001"), asset=FeeAsset.QUOTE))
    desk = Desk(treasury=ledger)
    desk.buy("1", "100.0")
    desk.happens(asks=[("100.0", "1")])
    assert (has(ledger, "USDT"), has(ledger, "USDT", FEES)) == (pair("900.1"), pair("-0.1"))


def test_fees_in_a_token_need_its_name() -> None:
    with pytest.raises(ValueError, match="need its name"):
        FeePlan(asset=FeeAsset.TOKEN)


def test_only_the_last_entries_are_remembered_and_no_money_is_lost() -> None:
    ledger = Ledger(kept=3)
    ledger.open_account("ann")
    for number in range(5):
        ledger.deposit(str(number), "ann", "BTC", Decimal(1), NOW)
    assert list(ledger.entries) == ["deposit/2", "deposit/3", "deposit/4"]
    assert ledger.balance("ann", "BTC").free == 5
    assert ledger.total("BTC") == 0


def test_every_entry_is_told_at_once() -> None:
    ledger = Ledger()
    ledger.open_account("ann")
    heard: list[str] = []
    ledger.follow(lambda entry: heard.append(entry.key))
    ledger.deposit("1", "ann", "BTC", Decimal(1), NOW)
    ledger.withdraw("2", "ann", "BTC", Decimal(9), NOW)
    ledger.withdraw("3", "ann", "BTC", Decimal(1), NOW)
    assert heard == ["deposit/1", "withdrawal/3"]
