"""The customers that an emulated venue starts with: one for each type of key, made from the seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import Enum
from functools import cached_property
from string import ascii_letters, digits
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from venuekit.emulator.desk import Desk
from venuekit.emulator.ledger import FeePlan
from venuekit.emulator.rsa_keys import rsa_key
from venuekit.seams import chance

__all__ = ["FUNDS", "Customer", "KeyType", "customers", "open_accounts"]

_ALPHABET = ascii_letters + digits
_KEY_LENGTH = 64

FUNDS: Mapping[str, str] = {"BTC": "10", "ETH": "100", "BNB": "100", "USDT": "1000000"}
"""What each customer has of the best-known assets."""
_OTHER_FUNDS = "100000"
"""What each customer has of every other asset that is traded."""


class KeyType(Enum):
    """How a customer signs, as venues call it."""

    HMAC = "HMAC"
    RSA = "RSA"
    ED25519 = "Ed25519"


class Customer:
    """One account and its one key; the same seed makes the same customer on every machine.

    `name` is the account's, `number` what venues call it.

    The RSA key takes a second to make, and is made when it is asked for.
    """

    def __init__(self, seed: int | str, key_type: KeyType) -> None:
        self.name = key_type.value.lower()
        self.key_type = key_type
        drawn = chance.seeded(f"{seed}/account/{self.name}")
        self.api_key = "".join(drawn.choices(_ALPHABET, k=_KEY_LENGTH))
        self._secret = "".join(drawn.choices(_ALPHABET, k=_KEY_LENGTH))
        self._key_seed = drawn.randbytes(32)
        self.number = drawn.randrange(10**8, 10**9)

    @property
    def api_secret(self) -> str | None:
        """The shared secret of an HMAC key."""
        return self._secret if self.key_type is KeyType.HMAC else None

    @cached_property
    def key(self) -> str | RSAPrivateKey | Ed25519PrivateKey:
        """What the customer signs with: the shared secret, or the private key of the two other types."""
        if self.key_type is KeyType.HMAC:
            return self._secret
        if self.key_type is KeyType.RSA:
            return rsa_key(self._key_seed.hex())
        return Ed25519PrivateKey.from_private_bytes(self._key_seed)

    @property
    def private_key_pem(self) -> str | None:
        """The private key as unencrypted PKCS #8."""
        key = self.key
        return (
            None
            if isinstance(key, str)
            else key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        )

    def credentials(self) -> dict[str, Any]:
        """What a client needs; fields that the key type does not have are None."""
        return {
            "api_key": self.api_key,
            "api_secret": self.api_secret,
            "key_type": self.key_type.value,
            "private_key_pem": self.private_key_pem,
        }


def customers(seed: int | str) -> tuple[Customer, ...]:
    """One customer for each type of key."""
    return tuple(Customer(seed, key_type) for key_type in KeyType)


def open_accounts(desk: Desk, names: Iterable[str], assets: Iterable[str], fees: FeePlan, now: float) -> None:
    """Open an account for each name, and fund it in the best-known assets and in `assets`."""
    wanted = dict.fromkeys([*FUNDS, *assets])
    for name in names:
        desk.open_account(name, fees)
        for asset in wanted:
            amount = Decimal(FUNDS.get(asset, _OTHER_FUNDS))
            desk.deposit(name, asset, amount, now, f"start/{name}/{asset}")
