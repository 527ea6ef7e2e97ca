"""`order place` and `order cancel` against an emulator over loopback."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import told
from tests.cli.customer import BTC, VENUE, Customer, leave_no_keys
from typer.testing import Result


def test_an_order_is_cut_to_the_steps_and_told_as_it_was_sent(customer: Customer) -> None:
    said = json.loads(customer.place("buy", "0.012345678", "--price", "30000.129", "--json").stdout)
    order = said["order"]
    assert (said["outcome"], said["error"], order["state"]) == ("done", None, "OPEN")
    assert (order["amount"], order["price"]) == ("0.01234", "30000.12")
    assert said["cut"]["price"] == {"asked": "30000.129", "sent": "30000.12"}
    at_the_venue = customer.order(order["client_order_id"])
    assert (at_the_venue["amount"], at_the_venue["price"]) == ("0.01234000", "30000.12000000")
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
    refused = customer.place("buy", "1000", "--price", "30000")
    assert refused.exit_code == 4
    assert "insufficient balance" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert "FAILED" in refused.stdout


def test_an_order_without_an_answer_is_in_doubt_and_not_to_be_placed_again(customer: Customer) -> None:
    known = len(customer.orders())
    told(customer.rest_url, "faults", [{"kind": "lost_request", "path": "order.place"}])
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
    assert (checked.exit_code, said["is_valid"], said["cut"]["price"]["sent"]) == (4, False, "30000.00")
    assert [violation["rule"] for violation in said["violations"]] == ["MIN_NOTIONAL"]
    assert (said["nearest"]["amount"], said["nearest"]["price"]) == ("0.00017", "30000.00")
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


@pytest.mark.parametrize("named", ["client id", "end of it", "end as tables show it", "venue's id"])
def test_an_order_is_cancelled_by_any_of_its_names(customer: Customer, named: str) -> None:
    order = customer.rests()
    client_id = order["client_order_id"]
    word = {
        "client id": client_id,
        "end of it": client_id[-8:],
        "end as tables show it": f"…{client_id[-8:]}",
        "venue's id": order["exchange_order_id"],
    }[named]
    cancelled = customer("order", "cancel", VENUE, BTC, word, "--json")
    (said,) = json.loads(cancelled.stdout)["orders"]
    assert (cancelled.exit_code, said["client_order_id"], said["state"]) == (0, client_id, "CANCELED")
    assert not customer.order(client_id)["is_open"]


def test_an_order_that_ended_otherwise_was_not_cancelled(customer: Customer) -> None:
    order = customer.placed("sell", "0.01", "--type", "market")
    cancelled = customer("order", "cancel", VENUE, BTC, order["client_order_id"])
    assert cancelled.exit_code == 4
    assert cancelled.stderr == f"venuekit: {order['client_order_id']} was not cancelled: it is FILLED\n"


def test_all_means_all_of_ours(customer: Customer, tmp_path: Path) -> None:
    foreign = customer.placed("buy", "0.001", "--price", "30000", "--journals", tmp_path / "other")
    ours = [customer.rests()["client_order_id"] for _ in range(2)]
    cancelled = customer("order", "cancel", VENUE, "--all", "--json")
    said = json.loads(cancelled.stdout)["orders"]
    assert [order["client_order_id"] for order in said] == ours
    assert customer.order(foreign["client_order_id"])["is_open"]
    left_alone = customer("order", "cancel", VENUE, BTC, foreign["exchange_order_id"])
    assert (left_alone.exit_code, "orders of others are left alone" in left_alone.stderr) == (2, True)
    again = customer("order", "cancel", VENUE, BTC, "--all")
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "venuekit: no order of ours is open\n")


def test_a_cancel_without_an_answer_is_in_doubt(customer: Customer) -> None:
    order = customer.rests()
    told(customer.rest_url, "faults", [{"kind": "lost_request", "path": "order.cancel"}])
    cancelled = customer("order", "cancel", VENUE, BTC, order["client_order_id"], "--wait", 0.5)
    assert cancelled.exit_code == 3
    assert "may still be open" in cancelled.stderr
    assert customer("order", "cancel", VENUE, "--all").exit_code == 0


@pytest.mark.parametrize("words", [(), (BTC,), (BTC, "1", "--all")])
def test_a_cancel_says_what_it_needs(customer: Customer, words: tuple[str, ...]) -> None:
    ended = customer("order", "cancel", VENUE, *words)
    assert ended.exit_code == 2
    assert ended.stderr == "venuekit: cancel one order by PAIR and ID, or all of ours with --all [PAIR]\n"


def test_who_trades_already_is_named_and_what_works_meanwhile(customer: Customer) -> None:
    process = customer.at_work()
    try:
        for words in (("order", "cancel", VENUE, "--all"), ("reconcile", VENUE)):
            locked = customer(*words)
            assert (locked.exit_code, locked.stderr.count("\n")) == (1, 1)
            assert f"process {process.pid} trades with this account" in locked.stderr
        (row,) = (row for row in customer.orders() if row["is_open"] and row["price"].startswith("31000"))
        for question in (
            ("orders", VENUE, BTC),
            ("balance", VENUE),
            ("rules", VENUE),
            ("order", "status", VENUE, BTC, row["order_id"]),
            ("reconcile", VENUE, "--dry-run"),
        ):
            asked = customer(*question)
            assert asked.exit_code == 0, asked.output
        assert f"process {process.pid} trades" in asked.stderr
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert customer("order", "cancel", VENUE, "--all").exit_code == 0


@pytest.mark.parametrize("key_type", ["RSA", "Ed25519"])
def test_a_private_key_can_lie_in_a_file(
    venuekit: Callable[..., Result],
    announced: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    key_type: str,
) -> None:
    customer = Customer(venuekit, announced, tmp_path, monkeypatch, key_type)
    for variable, text in (
        ("API_KEY", customer.keys["api_key"]),
        ("PRIVATE_KEY", customer.keys["private_key_pem"]),
    ):
        path = tmp_path / variable
        path.write_text(text + "\n")
        monkeypatch.delenv(f"VENUEKIT_BINANCE_{variable}")
        monkeypatch.setenv(f"VENUEKIT_BINANCE_{variable}_FILE", str(path))
    assert customer.rests()["state"] == "OPEN"


def test_without_credentials_it_says_which_are_missing(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_no_keys(monkeypatch)
    for words in (("balance", VENUE), ("orders", VENUE), ("order", "cancel", VENUE, "--all")):
        ended = customer(*words)
        assert (ended.exit_code, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
        assert "VENUEKIT_BINANCE_API_KEY" in ended.stderr
        assert "VENUEKIT_BINANCE_API_SECRET" in ended.stderr


def test_a_connector_that_does_not_trade_says_so(customer: Customer) -> None:
    ended = customer("order", "place", "bybit", BTC, "buy", "1", "--price", "3")
    assert (ended.exit_code, "market data only" in ended.stderr) == (2, True)


def test_no_output_holds_a_key_or_a_secret(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    order = customer.rests()
    for form in ((), ("--json",)):
        customer.place("buy", "1000", "--price", "30000", *form)
        customer("orders", VENUE, *form)
        customer("order", "status", VENUE, BTC, order["client_order_id"], *form)
        customer("balance", VENUE, *form)
        customer("reconcile", VENUE, BTC, "--dry-run", *form)
        customer("journal", "inspect", "--since", 0, *form)
    customer("order", "cancel", VENUE, "--all")
    customer("order", "place", "--help")
    key, secret = customer.keys["api_key"], customer.keys["api_secret"]
    monkeypatch.setenv("VENUEKIT_BINANCE_API_SECRET", f"{secret}x")
    assert customer("balance", VENUE).exit_code == 4
    monkeypatch.setenv("VENUEKIT_BINANCE_API_KEY", f"{key}x")
    assert customer("orders", VENUE).exit_code == 4
    monkeypatch.setenv("VENUEKIT_BINANCE_API_SECRET_FILE", secret)
    assert customer("balance", VENUE).exit_code == 2
    # A run of the text is as bad as the whole.
    for text in (key, secret):
        assert not any(text[place : place + 8] in customer.said for place in range(len(text) - 8))
    assert "signature=" not in customer.said


def test_the_help_tells_the_exit_codes(venuekit: Callable[..., Result]) -> None:
    for words in (("order", "place"), ("order", "cancel"), ("order", "status"), ("reconcile",)):
        told_words = " ".join(venuekit(*words, "--help").stdout.split())
        assert "0 done; 1 failed" in told_words
        assert "3 in doubt" in told_words
        assert "4 refused" in told_words


def test_nothing_can_be_said_about_keys_on_the_command_line(venuekit: Callable[..., Result]) -> None:
    for option in ("--api-key", "--secret", "--private-key"):
        ended = venuekit("balance", VENUE, option, "x")
        assert (ended.exit_code, "No such option" in ended.stderr) == (2, True)


def test_a_process_that_is_killed_leaves_an_order_that_is_found_again(customer: Customer) -> None:
    process = customer.at_work()
    process.kill()
    process.communicate(timeout=60)
    (row,) = (row for row in customer.orders() if row["is_open"] and row["price"].startswith("31000"))
    said = json.loads(customer("orders", VENUE, "--json").stdout)
    (found,) = (order for order in said["orders"] if order["exchange_order_id"] == str(row["order_id"]))
    assert found["is_ours"]
    assert customer("order", "cancel", VENUE, BTC, row["order_id"]).exit_code == 0
