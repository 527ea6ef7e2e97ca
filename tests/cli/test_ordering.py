"""`order place` and `order cancel` against an emulator over loopback."""

from __future__ import annotations

import json
import signal

import pytest
from tests.cli.customer import BTC, VENUE, Customer, leave_no_keys

from venuekit.emulator.act import Act


def test_an_order_is_cut_to_the_steps_and_told_as_it_was_sent(customer: Customer) -> None:
    said = json.loads(customer.place("buy", "0.012345678", "--price", "30000.129", "--json").stdout)
    order = said["order"]
    assert (said["outcome"], said["error"], order["state"]) == ("done", None, "OPEN")
    assert (order["amount"], order["price"]) == ("0.01234", "30000.12")
    assert said["cut"]["price"] == {"asked": "30000.129", "sent": "30000.12"}
    at_the_venue = customer.order(order["client_order_id"])
    assert (at_the_venue["amount"], at_the_venue["price"]) == ("0.01234", "30000.12")
    assert str(at_the_venue["order_id"]) == order["exchange_order_id"]


def test_people_read_what_was_sent_and_how_it_stands(customer: Customer) -> None:
    placed = customer.place("buy", "0.01", "--price", "30000.129")
    facts = dict(line.split(maxsplit=1) for line in placed.stdout.splitlines() if "venue's" not in line)
    assert placed.exit_code == 0
    assert facts["sent"] == "buy 0.01 BTC at 30000.12 USDT, LIMIT GTC"
    assert facts["cut"] == "price 30000.129 to 30000.12"
    assert (facts["state"], facts["filled"]) == ("OPEN", "0 of 0.01")
    assert customer.order(facts["order"])["is_open"]


@pytest.mark.parametrize(
    ("words", "state"),
    [
        (("sell", "0.01", "--type", "market"), "FILLED"),
        (("buy", "--quote-amount", "100", "--type", "market"), "FILLED"),
        (("buy", "0.001", "--price", "30000", "--type", "limit_maker"), "OPEN"),
        (("buy", "0.001", "--price", "30000", "--tif", "FOK"), "EXPIRED"),
        (("buy", "0.001", "--price", "30000", "--tif", "GTX"), "OPEN"),
        (("sell", "0.001", "--price", "29000", "--trigger-price", "30000"), "UNTRIGGERED"),
    ],
)
def test_every_kind_of_order_can_be_placed(customer: Customer, words: tuple[str, ...], state: str) -> None:
    order = customer.placed(*words)
    assert order["state"] == state
    if state == "FILLED":
        assert float(order["average_price"]) > 0
        assert sum(map(float, order["fees"].values())) > 0


def test_an_order_against_a_rule_is_refused_before_it_is_sent(customer: Customer) -> None:
    known = len(customer.orders())
    refused = customer.place("buy", "0.00001", "--price", "30000", "--json")
    said = json.loads(refused.stdout)
    assert (refused.exit_code, said["outcome"], said["order"]["state"]) == (4, "refused", "FAILED")
    assert said["error"]["type"] == "OrderRuleViolated"
    assert refused.stderr == f"venuekit: {said['error']['message']}\n"
    assert len(customer.orders()) == known


def test_an_order_that_the_venue_refuses_says_why(customer: Customer) -> None:
    refused = customer.place("buy", "200", "--price", "30000")
    assert refused.exit_code == 4
    assert "insufficient balance" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert "FAILED" in refused.stdout


def test_an_order_without_an_answer_is_in_doubt_and_not_to_be_placed_again(customer: Customer) -> None:
    known = len(customer.orders())
    customer.breaks("lost_request", Act.PLACE)
    doubted = customer.place("buy", "0.001", "--price", "30000", "--json")
    said = json.loads(doubted.stdout)
    order = said["order"]
    assert (doubted.exit_code, said["outcome"]) == (3, "in doubt")
    assert (order["doubt"]["filled_min"], order["doubt"]["filled_max"]) == ("0", "0.001")
    assert order["doubt"]["settles_at"] > order["doubt"]["since"]
    assert "do not place it again" in doubted.stderr
    assert len(customer.orders()) == known
    asked = customer("order", "status", VENUE, BTC, order["client_order_id"])
    assert asked.exit_code == 3
    assert "the answer to the order is missing" in asked.stdout


def test_waiting_ends_with_the_order(customer: Customer) -> None:
    process = customer.at_work("--json")
    (order,) = (row for row in customer.orders() if row["is_open"] and row["price"].startswith("31000"))
    customer.somebody(fills=order["order_id"])
    stdout, stderr = process.communicate(timeout=60)
    said = json.loads(stdout)
    assert (process.returncode, stderr, said["order"]["state"]) == (0, "", "FILLED")
    assert said["order"]["executed_amount_base"] == "0.00200000"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_the_waiting_and_not_the_order(customer: Customer, number: int) -> None:
    process = customer.at_work()
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, "")
    assert "\nstate       OPEN\n" in stdout
    assert customer.order(stdout.split()[1])["is_open"]
    assert customer("order", "cancel", VENUE, "--all").exit_code == 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("buy",), "give an AMOUNT in base, or --quote-amount with --type market; not both"),
        (("buy", "1", "--quote-amount", "1"), "give an AMOUNT in base, or --quote-amount"),
        (("buy", "1"), "a limit order needs --price"),
        (("buy", "1", "--price", "3", "--type", "market"), "a market order (--type market) has none"),
        (("buy", "nan", "--price", "3"), "a number above zero, not 'nan'"),
        (("buy", "1", "--price", "0"), "a number above zero, not '0'"),
        (("hold", "1", "--price", "3"), "'hold' is not one of 'buy', 'sell'"),
        (("buy", "--quote-amount", "5", "--price", "3"), "only a market order can name its amount in quote"),
    ],
)
def test_a_wrong_order_is_told_in_one_line(customer: Customer, words: tuple[str, ...], line: str) -> None:
    ended = customer.place(*words)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert line in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_pair_that_the_venue_does_not_list_is_named(customer: Customer) -> None:
    ended = customer("order", "place", VENUE, "BTC-USD", "buy", "1", "--price", "3")
    assert (ended.exit_code, "'BTC-USD'" in ended.stderr) == (2, True)


def test_a_check_sends_nothing_and_names_the_nearest_order(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = len(customer.orders())
    leave_no_keys(monkeypatch)
    checked = customer.place("buy", "0.00001", "--price", "30000.009", "--check", "--json")
    said = json.loads(checked.stdout)
    assert (checked.exit_code, said["is_valid"], said["cut"]["price"]["sent"]) == (4, False, "30000")
    assert [violation["rule"] for violation in said["violations"]] == ["MIN_NOTIONAL"]
    assert (said["nearest"]["amount"], said["nearest"]["price"]) == ("0.00017", "30000")
    for_people = customer.place("buy", "0.00001", "--price", "30000.009", "--check")
    assert "nearest  buy 0.00017 BTC at 30000 USDT, LIMIT GTC" in for_people.stdout
    assert len(customer.orders()) == known


@pytest.mark.parametrize(
    "words", [("buy", "0.001", "--price", "30000"), ("sell", "0.01", "--type", "market")]
)
def test_a_check_of_a_good_order_is_done(customer: Customer, words: tuple[str, ...]) -> None:
    checked = customer.place(*words, "--check")
    assert checked.exit_code == 0
    assert "valid" in checked.stdout


def test_a_market_order_worth_too_little_is_found_out_by_the_book(customer: Customer) -> None:
    checked = json.loads(customer.place("sell", "0.00001", "--type", "market", "--check", "--json").stdout)
    assert [violation["rule"] for violation in checked["violations"]] == ["MIN_NOTIONAL"]
