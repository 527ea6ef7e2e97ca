"""The evidence tables of docs/ADD_A_VENUE.md hold what the wire modules ask for."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from venuekit.connector.registry import connector_class
from venuekit.protocol.endpoint import Endpoint
from venuekit.protocol.requirement import Level, Need
from venuekit.state.symbol_map import SymbolMap

PAGE = Path(__file__).parents[2] / "docs" / "ADD_A_VENUE.md"
CONNECTORS = ("binance", "binance_perpetual", "bybit", "bybit_perpetual")


def rows(connector: str) -> dict[str, list[str]]:
    """The evidence of one connector: endpoint or channel to the cells of its line."""
    section = PAGE.read_text().split(f"(`{connector}`)", 1)[1].split("\n### ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {line[0].strip("`"): line for line in cells}


def endpoints(connector: str) -> Iterator[Endpoint[Any, Any]]:
    """Every endpoint row of a connector's wire module."""
    module = connector_class(connector).__module__.rpartition(".")[0]
    wire = importlib.import_module(f"{module}.wire")
    return (value for value in vars(wire).values() if isinstance(value, Endpoint))


@pytest.mark.parametrize("connector", CONNECTORS)
def test_every_endpoint_row_has_its_line_of_evidence(connector: str) -> None:
    known = rows(connector)
    missing = [endpoint.name for endpoint in endpoints(connector) if endpoint.name not in known]
    assert [] == missing


@pytest.mark.parametrize("connector", CONNECTORS)
def test_requests_carry_only_documented_parameters(connector: str) -> None:
    known = rows(connector)
    for endpoint in endpoints(connector):
        documented = set(re.findall(r"[\w-]+", known[endpoint.name][3]))
        sent = {field.encode_name for field in msgspec.structs.fields(endpoint.query)}
        assert sent <= documented, endpoint.name


@pytest.mark.parametrize("connector", CONNECTORS)
def test_every_line_names_its_page_and_date(connector: str) -> None:
    for name, cells in rows(connector).items():
        assert cells[4], name
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", cells[5]), name


@pytest.mark.parametrize("connector", CONNECTORS)
def test_every_channel_has_its_line_of_evidence(connector: str) -> None:
    source = connector_class(connector).data_source_class(SymbolMap(quotes=["USDT"]))
    source.symbols.add("BTC-USDT", "BTCUSDT")
    known = " ".join(rows(connector))
    for channel in source.channels("BTC-USDT"):
        name = channel.name.replace("btcusdt", "<symbol>").replace("BTCUSDT", "<symbol>")
        assert name in known, channel


@pytest.mark.parametrize("connector", CONNECTORS)
def test_every_need_that_is_a_must_is_met_with_evidence(connector: str) -> None:
    kind = connector_class(connector)
    trades = getattr(kind, "auth_class", None) is not None
    is_perpetual = connector.endswith("_perpetual")
    musts = [need for need in Need if need.level is Level.MUST]
    asked = [need for need in musts if need.concerns(trades=trades, is_perpetual=is_perpetual)]
    assert [] == [need.name for need in asked if need not in kind.requirements]


def test_a_connector_that_trades_is_asked_for_all_that_trading_needs() -> None:
    met = connector_class("binance").requirements
    asked = [need for need in Need if need.concerns(trades=True, is_perpetual=False)]
    assert [] == [need.name for need in asked if need not in met]


@pytest.mark.parametrize("event", ["executionReport", "outboundAccountPosition", "balanceUpdate"])
def test_every_event_of_the_account_has_its_line_of_evidence(event: str) -> None:
    assert event in rows("binance")
