"""`orders`, `order status`, `balance` and `rules` against an emulator over loopback."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.cli.command import COMMAND, on_a_terminal, read_all
from tests.cli.customer import BTC, VENUE, Customer, leave_no_keys

from venuekit.emulator.act import Act


def test_open_orders_are_marked_as_ours_or_foreign(customer: Customer, tmp_path: Path) -> None:
    foreign = customer.placed("buy", "0.001", "--price", "30000", "--journals", tmp_path / "other")
    ours = customer.rests()
    said = json.loads(customer("orders", VENUE, BTC, "--json").stdout)
    whose = {order["client_order_id"]: order["is_ours"] for order in said["orders"]}
    assert (whose[foreign["client_order_id"]], whose[ours["client_order_id"]]) == (False, True)
    assert said["unlisted"] == []
    lines = customer("orders", VENUE, BTC).stdout.splitlines()
    words = {line.split()[2]: line.split()[4] for line in lines[1:]}
    assert (words[foreign["client_order_id"]], words[ours["client_order_id"]]) == ("foreign", "ours")


def test_no_pair_means_all(customer: Customer) -> None:
    customer.rests()
    customer("order", "place", VENUE, "ETH-USDT", "buy", "0.01", "--price", "1500")
    said = json.loads(customer("orders", VENUE, "--json").stdout)["orders"]
    assert {BTC, "ETH-USDT"} <= {order["trading_pair"] for order in said}
    only = json.loads(customer("orders", VENUE, "ETH-USDT", "--json").stdout)["orders"]
    assert {order["trading_pair"] for order in only} == {"ETH-USDT"}


def test_an_order_in_doubt_is_said_to_be_missing_from_the_list(customer: Customer) -> None:
    customer.breaks("lost_request", Act.PLACE)
    doubted = json.loads(customer.place("buy", "0.001", "--price", "30000", "--json").stdout)["order"]
    listed = customer("orders", VENUE, BTC, "--json")
    assert [order["client_order_id"] for order in json.loads(listed.stdout)["unlisted"]] == [
        doubted["client_order_id"]
    ]
    for_people = customer("orders", VENUE, BTC)
    assert "1 order that our journal holds open is not in the venue's list" in for_people.stderr


def test_a_damaged_journal_hides_no_order(customer: Customer) -> None:
    order = customer.rests()
    journal = customer.journal()
    content = bytearray(journal.read_bytes())
    content[20] ^= 0xFF
    journal.write_bytes(content)
    listed = customer("orders", VENUE, BTC, "--json")
    assert listed.exit_code == 0
    assert order["client_order_id"] in listed.stdout
    assert "damaged at byte" in listed.stderr
    assert customer("order", "cancel", VENUE, "--all").exit_code == 1


def test_an_order_of_ours_is_told_by_the_venue_and_by_our_journal(customer: Customer) -> None:
    order = customer.placed("sell", "0.01", "--type", "market")
    said = json.loads(customer("order", "status", VENUE, BTC, order["client_order_id"][-8:], "--json").stdout)
    assert (said["ours"]["state"], said["theirs"]["state"]) == ("FILLED", "FILLED")
    assert sum(Decimal(fill["fill_base_amount"]) for fill in said["fills"]) == Decimal("0.01")
    shown = customer("order", "status", VENUE, BTC, order["exchange_order_id"]).stdout
    for words in ("sell 0.01 BTC at the market", "venue says", "we believe", "taker", "USDT"):
        assert words in shown


@pytest.mark.parametrize("by", ["client_order_id", "exchange_order_id"])
def test_an_order_of_somebody_else_is_told_by_the_venue_alone(
    customer: Customer, tmp_path: Path, by: str
) -> None:
    foreign = customer.placed("buy", "0.001", "--price", "30000", "--journals", tmp_path / "other")
    asked = customer("order", "status", VENUE, BTC, foreign[by], "--json")
    said = json.loads(asked.stdout)
    assert (asked.exit_code, said["ours"], said["theirs"]["state"]) == (0, None, "OPEN")
    assert said["theirs"]["client_order_id"] == foreign["client_order_id"]


@pytest.mark.parametrize("name", ["nobody", "99999999"])
def test_an_order_that_nobody_finds_is_told_so(customer: Customer, name: str) -> None:
    asked = customer("order", "status", VENUE, BTC, name)
    assert asked.exit_code == 4
    assert asked.stderr == f"venuekit: {VENUE} finds no order {name} on {BTC}\n"


def test_balances_are_the_venues_with_what_orders_hold(customer: Customer) -> None:
    before = json.loads(customer("balance", VENUE, "USDT", "--json").stdout)["balances"]["USDT"]
    customer.rests()
    said = json.loads(customer("balance", VENUE, "USDT", "XYZ", "--json").stdout)
    assert (said["kind"], list(said["balances"])) == ("polled", ["USDT", "XYZ"])
    assert said["balances"]["XYZ"] == {"total": "0", "available": "0"}
    now = said["balances"]["USDT"]
    assert now["total"] == before["total"]
    assert float(before["available"]) - float(now["available"]) == pytest.approx(30)
    heading, line = customer("balance", VENUE, "USDT").stdout.splitlines()
    assert heading.split() == ["ASSET", "TOTAL", "AVAILABLE", "HELD", "KIND", "AGE"]
    assert line.split()[4] == "polled"


def test_all_that_is_held_is_shown(customer: Customer) -> None:
    assets = [line.split()[0] for line in customer("balance", VENUE).stdout.splitlines()[1:]]
    assert {"BNB", "BTC", "ETH", "USDT"} <= set(assets)
    assert assets == sorted(assets)


def test_rules_need_no_credentials(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_no_keys(monkeypatch)
    rule = json.loads(customer("rules", VENUE, BTC, "--json").stdout)["rules"][BTC]
    assert (rule["symbol"], rule["is_tradable"]) == ("BTCUSDT", True)
    assert float(rule["min_price_increment"]) == 0.01
    assert float(rule["min_notional_size"]) == 5
    assert rule["max_price_significant_digits"] is None
    table = customer("rules", VENUE).stdout.splitlines()
    assert {BTC, "ETH-USDT"} <= {line.split()[0] for line in table[1:]}
    assert all(word in table[0] for word in ("PRICE STEP", "AMOUNT STEP", "MIN VALUE"))


@pytest.mark.parametrize("words", [("rules",), ("orders",), ("reconcile",)])
def test_an_unknown_pair_is_named(customer: Customer, words: tuple[str, ...]) -> None:
    ended = customer(*words, VENUE, "BTC-USD")
    assert (ended.exit_code, "'BTC-USD'" in ended.stderr, ended.stderr.count("\n")) == (2, True, 1)


@pytest.mark.parametrize("words", [("orders", VENUE, BTC), ("balance", VENUE), ("rules", VENUE)])
def test_tables_fit_a_terminal_and_break_no_number(customer: Customer, words: tuple[str, ...]) -> None:
    customer.rests()
    piped = customer(*words).stdout
    process, screen = on_a_terminal(*COMMAND, *words, columns=100)
    shown = read_all(screen)
    assert process.wait(timeout=60) == 0
    # Nothing is cut off: every word of the table, headings apart, is on the screen as a whole.
    cells = [
        word
        for line in piped.splitlines()[1:]
        for word in line.split()
        if "." not in word or words[0] != "balance"
    ]
    assert [cell for cell in cells if cell not in shown] == []
    assert "\x1b" not in piped
