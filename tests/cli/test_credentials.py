"""Where the commands that trade take their keys from, and that nobody sees them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.customer import BTC, VENUE, Customer, leave_no_keys
from typer.testing import Result


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
