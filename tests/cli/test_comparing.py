"""`reconcile`: what is listed, what is done about it, and that a dry run does nothing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import COMMAND, asked, told
from tests.cli.customer import BTC, VENUE, Customer
from typer.testing import Result

from venuekit.emulator.act import Act

Starter = Callable[..., tuple[subprocess.Popen[str], dict[str, Any]]]


@pytest.fixture
def alone(
    venuekit: Callable[..., Result], start: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Customer:
    """The only customer of a venue, for tests that leave bad weather behind."""
    _, announced = start("binance", "--pairs", "2", "--seed", "7")
    return Customer(venuekit, announced, tmp_path / "journals", monkeypatch)


def differences(result: Result) -> dict[str, dict[str, Any]]:
    found = {one["subject"]: one for one in json.loads(result.stdout)["differences"]}
    return {name: one for name, one in found.items() if one["kind"] != "BALANCE"}


def test_what_happened_while_we_were_away_is_listed_and_taken_in(customer: Customer) -> None:
    filled, cancelled, kept = (customer.rests() for _ in range(3))
    customer.somebody(fills=int(filled["exchange_order_id"]), amount="0.0004")
    elsewhere = customer("order", "status", VENUE, BTC, cancelled["client_order_id"])
    assert elsewhere.exit_code == 0
    dry = differences(customer("reconcile", VENUE, "--dry-run", "--json"))
    assert dry[filled["client_order_id"]]["rule"] == "TAKE_IN"
    assert dry[filled["client_order_id"]]["now"] is None
    assert kept["client_order_id"] not in dry
    real = customer("reconcile", VENUE, "--json")
    now = differences(real)[filled["client_order_id"]]["now"]
    assert (real.exit_code, now["state"]) == (0, "PARTIALLY_FILLED")
    assert float(now["executed_amount_base"]) == 0.0004
    assert differences(customer("reconcile", VENUE, "--json")) == {}


def test_a_dry_run_writes_nothing(customer: Customer) -> None:
    customer.rests()
    before = customer.journal().read_bytes()
    assert customer("reconcile", VENUE, BTC, "--dry-run").exit_code == 0
    assert customer.journal().read_bytes() == before


def test_foreign_orders_are_listed_on_the_pairs_that_are_named(customer: Customer, tmp_path: Path) -> None:
    customer.rests()
    foreign = customer.placed("buy", "0.001", "--price", "30000", "--journals", tmp_path / "other")
    told_of = customer("reconcile", VENUE, BTC, "--json")
    assert differences(told_of)[foreign["client_order_id"]]["rule"] == "LEAVE_ALONE"
    assert customer.order(foreign["client_order_id"])["is_open"]
    lines = customer("reconcile", VENUE, BTC, "--dry-run")
    assert "show it and leave it alone" in lines.stdout
    assert "difference" in lines.stderr


def test_an_order_whose_answer_nobody_got_is_found(alone: Customer) -> None:
    # The order is carried out, and every way to hear of it is closed until the process is gone.
    alone.breaks("hang", Act.PLACE)
    alone.breaks("silence", Act.ACCOUNT_STREAM, times=None)
    alone.breaks("lagging_orders", Act.ORDER_QUERY, seconds=3600, times=None)
    told(alone.rest_url, "faults", [{"kind": "stale_open_orders", "seconds": 3600, "times": None}])
    process = subprocess.Popen(
        (*COMMAND, "order", "place", VENUE, BTC, "buy", "0.001", "--price", "30000"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    alone.until(lambda: bool(alone.orders()), "the order to be there")
    process.kill()
    process.communicate(timeout=60)
    alone.mends()
    (row,) = alone.orders()
    dry = differences(alone("reconcile", VENUE, BTC, "--dry-run", "--json"))[row["client_order_id"]]
    assert (dry["kind"], dry["rule"]) == ("ORDER_STANDS_OTHERWISE", "TAKE_IN")
    assert dry["ours"].startswith("PENDING_CREATE")
    real = alone("reconcile", VENUE, "--json")
    found = differences(real)[row["client_order_id"]]["now"]
    assert (real.exit_code, found["state"], found["doubt"]) == (0, "OPEN", None)


def test_an_order_that_may_still_arrive_stays_in_doubt(alone: Customer) -> None:
    alone.breaks("lost_request", Act.PLACE)
    doubted = json.loads(alone.place("buy", "0.001", "--price", "30000", "--json").stdout)["order"]
    real = alone("reconcile", VENUE, "--wait", 0, "--json")
    one = differences(real)[doubted["client_order_id"]]
    assert (real.exit_code, one["kind"], one["rule"]) == (3, "ORDER_NOT_LISTED", "ASK")
    assert doubted["client_order_id"] in real.stderr
    assert asked(alone.rest_url, "orders?account=hmac") == []


def test_nothing_that_differs_is_said_in_few_words(customer: Customer) -> None:
    assert customer("reconcile", VENUE, "--dry-run").output == "0 differences\n"
