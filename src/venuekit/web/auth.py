"""Who we are to a venue, and how a request proves it."""

from __future__ import annotations

import hmac
import math
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, NoReturn, Self
from urllib.parse import quote, urlencode

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from venuekit import errors
from venuekit.protocol.frozen import Frozen
from venuekit.seams import disk, process

__all__ = ["AuthBase", "Credentials", "KeyType", "Request", "Secret", "Signer", "milliseconds"]


class Request(Frozen):
    """One HTTP request before it is sent; `query` keeps its order, because signatures depend on it."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = {}
    body: bytes | None = None

    @property
    def query_string(self) -> str:
        """The query percent-encoded: a space is `%20`, and only letters, digits and `-._~` stay as they are.

        It is what was signed, so it must reach the wire byte for byte: a client library that writes `%2F`
        as `/` (both are good URLs) makes the signature wrong.
        """
        return urlencode(self.query, quote_via=quote, safe="")

    @property
    def target(self) -> str:
        """Path and query, to be put behind a host."""
        return f"{self.path}?{self.query_string}" if self.query else self.path

    def __repr__(self) -> str:
        # Without values: a signed request is good for whoever reads it while its receive window lasts.
        return (
            f"Request({self.method} {self.path}, {', '.join(name for name, _ in self.query) or 'no query'})"
        )

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("method", self.method), ("path", self.path)]


class Secret:
    """A text that only `reveal` gives away: neither printing, formatting, logging nor pickling does."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not to be written anywhere")


class KeyType(Enum):
    """How a key signs."""

    HMAC = "HMAC"
    """HMAC-SHA256 with a secret that the venue shares."""
    RSA = "RSA"
    """RSASSA-PKCS1-v1_5 with SHA-256."""
    ED25519 = "Ed25519"


class Signer:
    """A key that is ready to sign; the same bytes always get the same signature, whatever its type."""

    __slots__ = ("_sign", "key_type")

    def __init__(self, key_type: KeyType, sign: Callable[[bytes], bytes]) -> None:
        self.key_type = key_type
        self._sign = sign

    @classmethod
    def of_secret(cls, secret: Secret) -> Self:
        """A signer by HMAC-SHA256.

        Raises:
            errors.KeyMissing: the secret is empty.
            errors.KeyUnreadable: it is no text that UTF-8 can write.
        """
        keyed = _keyed(secret)

        def sign(payload: bytes) -> bytes:
            # Copying a keyed digest costs half of keying one anew: 1.1 against 2.5 microseconds.
            digest = keyed.copy()
            digest.update(payload)
            return digest.digest()

        return cls(KeyType.HMAC, sign)

    @classmethod
    def of_private_key(cls, pem: Secret) -> Self:
        """A signer with the RSA or Ed25519 key in a PEM text (PKCS #8, or PKCS #1 for RSA).

        Raises:
            errors.KeyMissing: the text is empty.
            errors.KeyUnreadable: it holds no private key.
            errors.KeyEncrypted: it asks for a passphrase.
            errors.KeyTypeRefused: it is of another type.
        """
        key = _private_key(pem)
        match key:
            case Ed25519PrivateKey():
                return cls(KeyType.ED25519, key.sign)
            case RSAPrivateKey():
                padding, algorithm = PKCS1v15(), SHA256()
                return cls(KeyType.RSA, lambda payload: key.sign(payload, padding, algorithm))
        raise errors.KeyTypeRefused("the private key is neither RSA nor Ed25519")

    def sign(self, payload: bytes) -> bytes:
        """The signature as raw bytes."""
        return self._sign(payload)

    def __repr__(self) -> str:
        return f"Signer({self.key_type.value})"


class Credentials:
    """An API key and the signer that goes with it; what the signer was made from is not kept."""

    __slots__ = ("api_key", "signer")

    def __init__(
        self, api_key: str, *, secret: Secret | None = None, private_key: Secret | None = None
    ) -> None:
        """Take a shared `secret` or a `private_key` as PEM text: exactly one.

        Raises:
            errors.KeyUnusable: one of them is missing, unreadable or of no use; the class says which.
            errors.InvalidConfiguration: there is a secret and a private key.
        """
        self.api_key = api_key
        if secret is not None and private_key is not None:
            raise errors.InvalidConfiguration("a secret and a private key: an API key signs with one of them")
        if not api_key:
            raise errors.KeyMissing("the API key is empty")
        if not (api_key.isascii() and api_key.isprintable() and " " not in api_key):
            # It travels in a header, where a line break would begin another one.
            raise errors.KeyUnreadable("the API key holds a space or a character that no header can carry")
        if private_key is not None:
            self.signer = Signer.of_private_key(private_key)
        elif secret is not None:
            self.signer = Signer.of_secret(secret)
        else:
            raise errors.KeyMissing("the API key has neither a secret nor a private key to sign with")

    @classmethod
    def from_environment(cls, venue: str) -> Self | None:
        """The credentials that the environment holds for a venue; None if it holds nothing for it.

        `venue` is `NAME` or `NAME@DOMAIN`: all domains of a venue have the same variables. It is asked for
        `VENUEKIT_<VENUE>_API_KEY`, `…_API_SECRET` and `…_PRIVATE_KEY`; each may be a file's path instead,
        under the same name and `_FILE`. White space around a value does not count, and a private key on one
        line may have `\\n` for its line ends.

        Raises:
            errors.KeyUnusable: something is missing, unreadable or of no use; the class says what.
            errors.InvalidConfiguration: two of them contradict each other.
        """
        prefix = f"VENUEKIT_{venue.partition('@')[0].upper()}"
        api_key = _setting(f"{prefix}_API_KEY")
        secret = _setting(f"{prefix}_API_SECRET")
        private_key = _setting(f"{prefix}_PRIVATE_KEY")
        if api_key is None and secret is None and private_key is None:
            return None
        if api_key is None:
            raise errors.KeyMissing(f"there is something to sign with, and no key: set {prefix}_API_KEY")
        if secret is None and private_key is None:
            raise errors.KeyMissing(
                f"there is a key, and nothing to sign with: set {prefix}_API_SECRET or {prefix}_PRIVATE_KEY"
            )
        if private_key is not None:
            private_key = Secret(private_key.reveal().replace("\\n", "\n"))
        return cls(api_key.reveal(), secret=secret, private_key=private_key)

    @property
    def key_type(self) -> KeyType:
        """How it signs."""
        return self.signer.key_type

    def __repr__(self) -> str:
        # A venue counts its API keys among what is not to be shared: four characters tell one's own apart.
        return f"Credentials({self.api_key[:4]}…)"


class AuthBase(ABC):
    """One company's way of signing: pure, so the same request at the same time is signed the same.

    `now` is the venue's time in seconds; `receive_window` is for how many seconds after that the venue may
    still take the request.
    """

    key_types: ClassVar[tuple[KeyType, ...]] = tuple(KeyType)
    """What the venue takes."""
    longest_receive_window: ClassVar[float] = math.inf
    """The most seconds a request may ask for, where the venue says so."""

    def __init__(self, credentials: Credentials, *, receive_window: float = 5.0) -> None:
        """Sign with these credentials.

        Raises:
            errors.KeyTypeRefused: the venue takes no keys of this type.
            errors.InvalidConfiguration: the receive window is none, or longer than the venue allows.
        """
        self.credentials = credentials
        self.receive_window = receive_window
        self.require(*self.key_types)
        if not 0.001 <= receive_window <= self.longest_receive_window:
            raise errors.InvalidConfiguration(
                f"a receive window of {receive_window} s: "
                f"the least is 0.001 s, the most {self.longest_receive_window:g} s"
            )

    @abstractmethod
    def rest_authenticate(self, request: Request, now: float) -> Request:
        """A signed copy; signing one that is signed already replaces its time and its signature."""

    @abstractmethod
    def ws_authenticate(self, message: Mapping[str, Any], now: float) -> dict[str, Any]:
        """A signed copy of what a WebSocket is told, in the venue's own shape."""

    def signature(self, payload: bytes) -> str:
        """The signature as most venues write it: HMAC in lower-case hex, the others in base64."""
        signed = self.credentials.signer.sign(payload)
        if self.credentials.key_type is KeyType.HMAC:
            return signed.hex()
        return b64encode(signed).decode()

    def require(self, *key_types: KeyType) -> None:
        """Make sure that the key is of one of these types.

        Raises:
            errors.KeyTypeRefused: it is not.
        """
        given = self.credentials.key_type
        if given not in key_types:
            names = " or ".join(each.value for each in key_types)
            raise errors.KeyTypeRefused(
                f"this takes a key of type {names}, and the API key's is {given.value}"
            )


def milliseconds(seconds: float) -> int:
    """Seconds as the whole milliseconds that venues count in.

    Rounded, not cut: a product such as 1.001 s times 1000 may be a hair below the millisecond that is meant.
    """
    return round(seconds * 1000)


# Below, no frame that raises holds a secret in the open, and nothing is raised while an error that quotes
# what it could not read is being handled: a crash report with local variables and causes shows none of it.


def _keyed(secret: Secret) -> hmac.HMAC:
    if not secret.reveal().strip():
        raise errors.KeyMissing("the API secret is empty")
    with suppress(UnicodeEncodeError):
        return hmac.new(secret.reveal().encode(), digestmod="sha256")
    raise errors.KeyUnreadable("the API secret holds characters that UTF-8 cannot write")


def _private_key(pem: Secret) -> object:
    if not pem.reveal().strip():
        raise errors.KeyMissing("the private key is empty")
    try:
        return load_pem_private_key(pem.reveal().encode(), password=None)
    except TypeError:
        why: errors.KeyUnusable = errors.KeyEncrypted(
            "the private key asks for a passphrase: give it without one, in a file that only you can read"
        )
    except (ValueError, UnsupportedAlgorithm):
        why = errors.KeyUnreadable("the private key is no PEM text of a private key")
    raise why


def _setting(variable: str) -> Secret | None:
    """A value of the environment or of the file that the environment names; None where neither is."""
    value, path = _variable(variable), _variable(f"{variable}_FILE")
    if path is None:
        return value
    if value is not None:
        raise errors.InvalidConfiguration(f"{variable} and {variable}_FILE are both set: keep one")
    try:
        return Secret(disk.text(Path(path.reveal())).strip())
    except OSError as error:
        reason = error.strerror
    except ValueError:
        reason = "no UTF-8 text, or no path"
    # Without the path: who puts a key where its path belongs would read it here.
    raise errors.KeyUnreadable(f"the file that {variable}_FILE names cannot be read: {reason}")


def _variable(name: str) -> Secret | None:
    value = process.environment(name)
    return None if value is None else Secret(value.strip())
