"""`order cancel`, and who may trade when."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from tests.cli.customer import BTC, VENUE, Customer

from venuekit.emulator.act import Act


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
    customer.breaks("lost_request", Act.CANCEL)
    cancelled = customer("order", "cancel", VENUE, BTC, order["client_order_id"], "--wait", 0.5)
    customer.mends()
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


def test_a_process_that_is_killed_leaves_an_order_that_is_found_again(customer: Customer) -> None:
    process = customer.at_work()
    process.kill()
    process.communicate(timeout=60)
    (row,) = (row for row in customer.orders() if row["is_open"] and row["price"].startswith("31000"))
    said = json.loads(customer("orders", VENUE, "--json").stdout)
    (found,) = (order for order in said["orders"] if order["exchange_order_id"] == str(row["order_id"]))
    assert found["is_ours"]
    assert customer("order", "cancel", VENUE, BTC, row["order_id"]).exit_code == 0
