"""The customers that a venue starts with."""

from __future__ import annotations

from decimal import Decimal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tests.emulator.customer import Client, question, trading_venue

from venuekit.emulator.accounts import customers


def test_there_is_one_for_each_type_of_key() -> None:
    told = [customer.credentials() for customer in customers(1)]
    assert [row["key_type"] for row in told] == ["HMAC", "RSA", "Ed25519"]
    assert [row["api_secret"] is None for row in told] == [False, True, True]
    assert [row["private_key_pem"] is None for row in told] == [True, False, False]
    assert all(set(row) == {"api_key", "api_secret", "key_type", "private_key_pem"} for row in told)
    assert len({row["api_key"] for row in told}) == 3


def test_the_same_seed_makes_the_same_customers() -> None:
    first, same, other = ([one.credentials() for one in customers(seed)] for seed in (7, 7, 8))
    assert first == same
    assert all(one != another for one, another in zip(first, other, strict=True))


def test_an_rsa_key_is_a_sound_one() -> None:
    pem = customers(3)[1].private_key_pem
    assert pem is not None
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    assert (key.key_size, key.public_key().public_numbers().e) == (2048, 65537)


def test_every_customer_has_funds_of_every_asset_that_trades() -> None:
    venue = trading_venue()[0]
    for name in ("hmac", "rsa", "ed25519"):
        (balances,) = question(venue, "balances", account=name).values()
        assert {asset: row["free"] for asset, row in balances.items()} == {
            "BNB": "100",
            "BTC": "10",
            "ETH": "100",
            "USDT": "1000000",
        }
        assert Decimal(Client(venue, name).balance("BTC")[0]) == 10
