"""Whose signature it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from venuekit.emulator.accounts import customers
from venuekit.emulator.signing import is_signed


@pytest.mark.parametrize(
    "name", ["binance-rest-hmac-ascii", "binance-wsapi-hmac-ascii", "binance-usdm-rest-hmac"]
)
def test_a_signature_that_a_venue_published_is_good(data_path: Callable[[str], Path], name: str) -> None:
    rows = msgspec.json.decode(data_path("signing_and_checksum_vectors.json").read_bytes())
    (row,) = [row for row in rows if row["id"] == name]
    payload = row["payload"].encode()
    assert is_signed(row["secret"], payload, row["expected"])
    assert not is_signed(row["secret"], payload + b"0", row["expected"])
    assert not is_signed(row["secret"] + "0", payload, row["expected"])


def test_no_text_is_everybodys_signature() -> None:
    for customer in customers(1):
        assert not is_signed(customer.key, b"", "")
