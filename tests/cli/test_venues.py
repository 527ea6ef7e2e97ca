"""What is installed, and what each venue offers."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.cli.command import COMMAND, on_a_terminal, read_all
from typer.testing import Result

from venuekit.connector.registry import connector_class


def test_every_connector_is_listed_with_its_domains(venuekit: Callable[..., Result]) -> None:
    venues = json.loads(venuekit("venues", "--json").stdout)["venues"]
    listed = {venue["name"]: venue for venue in venues}
    assert {"binance", "binance_perpetual"} <= listed.keys()
    assert listed["binance"]["domains"] == ["main", "testnet", "emulator"]
    assert listed["binance"]["maker_percent"] == "0.1"


def test_both_tables_have_one_line_a_connector(venuekit: Callable[..., Result]) -> None:
    tables = [table.splitlines() for table in venuekit("venues").stdout.split("\n\n")]
    known = [venue["name"] for venue in json.loads(venuekit("venues", "--json").stdout)["venues"]]
    assert [[line.split()[0] for line in table[1:]] for table in tables] == [known, known]


def test_it_is_told_how_a_connector_trades(venuekit: Callable[..., Result]) -> None:
    venues = json.loads(venuekit("venues", "--json").stdout)["venues"]
    trading = {venue["name"]: venue["trading"] for venue in venues}
    assert trading["binance"] == {
        "key_types": ["HMAC", "RSA", "Ed25519"],
        "order_types": ["LIMIT", "MARKET", "LIMIT_MAKER"],
        "times_in_force": ["GTC", "IOC", "FOK", "GTX"],
        "triggers": True,
        "quote_amounts": True,
        "amend": True,
        "commands": ["WebSocket", "REST"],
        "user_stream": True,
        "balances_pushed": "free and locked",
    }
    for name, can in trading.items():
        trades = connector_class(name).auth_class is not None
        assert (can is not None) == trades, name


def test_every_must_is_met_and_evidenced(venuekit: Callable[..., Result]) -> None:
    rows = json.loads(venuekit("venues", "--requirements", "--json").stdout)["requirements"]
    musts = [row for row in rows if row["level"] == "must"]
    assert musts
    assert [row for row in musts if not (row["how"] and row["page"] and row["read_on"])] == []


def test_requirements_are_told_to_people_too(venuekit: Callable[..., Result]) -> None:
    told = venuekit("venues", "--requirements").stdout
    assert "public trades" in told
    assert "\x1b" not in told


def test_a_terminal_of_eighty_columns_breaks_no_word() -> None:
    process, screen = on_a_terminal(*COMMAND, "venues", columns=80)
    shown = read_all(screen)
    assert process.wait(timeout=60) == 0
    assert all(shown.count(word) for word in ("binance_perpetual", "exchange ", "derivative", "0.055 %"))
    assert shown.count("BTC-USDT") == shown.count("emulator")
