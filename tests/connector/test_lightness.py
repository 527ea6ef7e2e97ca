"""What is imported when: listing connectors must cost nothing of their venues."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from venuekit.connector.registry import AllConnectorSettings, connector_class, find_setting
from venuekit.connector.setting import ConnectorType


def _fresh(code: str) -> Any:
    """What a new interpreter prints as JSON."""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


def test_importing_venuekit_is_light() -> None:
    modules = _fresh(
        "import json, sys; before = set(sys.modules); import venuekit; "
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    assert len(modules) < 120
    assert not [name for name in modules if name.split(".")[0] in ("aiohttp", "msgspec", "typer", "rich")]


def test_listing_connectors_imports_no_venue_and_no_client_library() -> None:
    said = _fresh(
        "import json, sys; import venuekit; names = list(venuekit.AllConnectorSettings"
        ".get_connector_settings()); print(json.dumps([names, sorted(sys.modules)]))"
    )
    names, modules = said
    assert {"binance", "binance@testnet", "binance@emulator", "bybit_perpetual"} <= set(names)
    assert not [name for name in modules if name.startswith("venuekit.venues.")]
    assert "aiohttp" not in modules


@pytest.mark.parametrize("name", ["binance", "binance_perpetual", "bybit", "bybit_perpetual"])
def test_a_connector_is_listed_per_domain_with_fees_and_an_example(name: str) -> None:
    settings = AllConnectorSettings.get_connector_settings()
    for domain in ("main", "testnet", "emulator"):
        setting = settings[name if domain == "main" else f"{name}@{domain}"]
        assert setting.example_pair == "BTC-USDT"
        assert setting.trade_fee_schema.taker_percent_fee_decimal > Decimal(0)
        assert setting.domain.name == domain
        assert setting.domains == ("main", "testnet", "emulator")
        assert setting.is_sub_domain == (domain != "main")
        assert setting.base_name == name
        assert setting.domain.is_placed == (domain != "emulator")


def test_products_have_their_own_kind() -> None:
    settings = AllConnectorSettings.get_connector_settings()
    assert settings["binance"].type is ConnectorType.Exchange
    assert settings["binance_perpetual"].type is ConnectorType.Derivative


def test_a_connector_is_found_by_the_name_of_any_of_its_domains() -> None:
    assert connector_class("binance@testnet") is connector_class("binance")
    assert find_setting("binance@testnet").domain.rest_url.startswith("https://")
