"""Keys to sign with in tests, and what makes sure of a signature with the public half."""

from __future__ import annotations

from base64 import b64decode
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from venuekit.web.auth import Credentials, KeyType, Secret

PRIVATE_KEY = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey

API_KEY = "test-api-key-0123456789"
SHARED_SECRET = "correct-horse-battery-staple"
ED25519_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """Made once per run: it takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: PRIVATE_KEY, *, passphrase: bytes | None = None) -> str:
    """A private key as its owner keeps it."""
    protection: KeySerializationEncryption = NoEncryption()
    if passphrase is not None:
        protection = BestAvailableEncryption(passphrase)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection).decode()


def public_pem(key: PRIVATE_KEY) -> str:
    """The half that the venue is given."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def credentials(key_type: KeyType) -> Credentials:
    """Credentials of each type."""
    match key_type:
        case KeyType.HMAC:
            return Credentials(API_KEY, secret=Secret(SHARED_SECRET))
        case KeyType.RSA:
            return Credentials(API_KEY, private_key=Secret(pem(rsa_key())))
        case KeyType.ED25519:
            return Credentials(API_KEY, private_key=Secret(pem(ED25519_KEY)))


def verify(key_type: KeyType, signature: str, payload: bytes) -> None:
    """Ask the public key.

    Raises:
        cryptography.exceptions.InvalidSignature: it is not this payload's.
    """
    raw = b64decode(signature, validate=True)
    if key_type is KeyType.RSA:
        rsa_key().public_key().verify(raw, payload, padding.PKCS1v15(), SHA256())
    else:
        ED25519_KEY.public_key().verify(raw, payload)
