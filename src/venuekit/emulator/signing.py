"""Checks the signatures of an emulated venue's customers."""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

__all__ = ["is_signed"]


def is_signed(key: str | RSAPrivateKey | Ed25519PrivateKey, payload: bytes, signature: str) -> bool:
    """Whether `signature` was made with this key, a shared secret or a private key, over exactly these bytes.

    HMAC-SHA256 is written in hex of either case, RSA (PKCS #1 v1.5, SHA-256) and Ed25519 in base64.
    """
    if isinstance(key, str):
        made = hmac.new(key.encode(), payload, sha256).hexdigest()
        return hmac.compare_digest(made.encode(), signature.lower().encode())
    try:
        raw = b64decode(signature, validate=True)
        if isinstance(key, Ed25519PrivateKey):
            key.public_key().verify(raw, payload)
        else:
            key.public_key().verify(raw, payload, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
