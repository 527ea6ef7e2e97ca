from __future__ import annotations

import copy
import hashlib
import hmac
import io
import logging
import pickle
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from rich.console import Console
from rich.pretty import pretty_repr
from rich.traceback import Traceback
from tests import signing_keys
from tests.signing_keys import API_KEY, ED25519_KEY, SHARED_SECRET, credentials, pem, public_pem, rsa_key

from venuekit import errors
from venuekit.web import auth as auth_module
from venuekit.web.auth import AuthBase, Credentials, KeyType, Request, Secret, milliseconds


class PlainAuth(AuthBase):
    """A venue that signs the path and is content."""

    def rest_authenticate(self, request: Request, now: float) -> Request:
        return Request(
            method=request.method,
            path=request.path,
            headers={"sign": self.signature(f"{request.path}{milliseconds(now)}".encode())},
        )

    def ws_authenticate(self, message: Mapping[str, Any], now: float) -> dict[str, Any]:
        return {**message, "sign": self.signature(str(milliseconds(now)).encode())}


class HmacOnlyAuth(PlainAuth):
    key_types = (KeyType.HMAC,)
    longest_receive_window = 60.0


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Sets `VENUEKIT_TOY_…` variables; a keyword in lower case that ends in `_file` is given the content."""
    for name in ("API_KEY", "API_SECRET", "PRIVATE_KEY"):
        monkeypatch.delenv(f"VENUEKIT_TOY_{name}", raising=False)
        monkeypatch.delenv(f"VENUEKIT_TOY_{name}_FILE", raising=False)

    def put(**values: str | bytes) -> None:
        for name, value in values.items():
            if isinstance(value, bytes):
                path = tmp_path / name
                path.write_bytes(value)
                value = str(path)  # noqa: PLW2901 - what the variable says is where the content lies
            monkeypatch.setenv(f"VENUEKIT_TOY_{name}", value)

    return put


# Signing


def test_an_hmac_signature_is_lower_case_hex() -> None:
    expected = hmac.new(SHARED_SECRET.encode(), "zażółć 1".encode(), hashlib.sha256).hexdigest()
    assert PlainAuth(credentials(KeyType.HMAC)).signature("zażółć 1".encode()) == expected


@pytest.mark.parametrize("key_type", [KeyType.RSA, KeyType.ED25519])
def test_an_asymmetric_signature_is_base64_that_the_public_key_accepts(key_type: KeyType) -> None:
    signature = PlainAuth(credentials(key_type)).signature("币安 &=".encode())
    signing_keys.verify(key_type, signature, "币安 &=".encode())


@pytest.mark.parametrize("key_type", list(KeyType))
def test_the_same_bytes_get_the_same_signature_twice(key_type: KeyType) -> None:
    signer = credentials(key_type).signer
    first = signer.sign(b"a=1")
    signer.sign(b"a=2")
    assert signer.sign(b"a=1") == first


@pytest.mark.parametrize("key_type", list(KeyType))
def test_a_keys_type_is_read_from_what_it_signs_with(key_type: KeyType) -> None:
    assert credentials(key_type).key_type is key_type


def test_an_rsa_key_in_the_older_pem_form_is_taken() -> None:
    text = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    assert Credentials(API_KEY, private_key=Secret(text)).key_type is KeyType.RSA


@pytest.mark.parametrize(("seconds", "expected"), [(1.001, 1001), (1499827319.559, 1499827319559), (0.0, 0)])
def test_milliseconds_are_rounded(seconds: float, expected: int) -> None:
    assert milliseconds(seconds) == expected


# What cannot sign


@pytest.mark.parametrize("empty", ["", " \n"])
def test_an_empty_secret_is_missing(empty: str) -> None:
    with pytest.raises(errors.KeyMissing, match="API secret is empty"):
        Credentials(API_KEY, secret=Secret(empty))


@pytest.mark.parametrize("empty", ["", " \n"])
def test_an_empty_private_key_is_missing(empty: str) -> None:
    with pytest.raises(errors.KeyMissing, match="private key is empty"):
        Credentials(API_KEY, private_key=Secret(empty))


def test_an_empty_api_key_is_missing() -> None:
    with pytest.raises(errors.KeyMissing, match="API key is empty"):
        Credentials("", secret=Secret("x"))


def test_an_api_key_alone_cannot_sign() -> None:
    with pytest.raises(errors.KeyMissing, match="neither"):
        Credentials(API_KEY)


def test_an_api_key_signs_with_one_thing() -> None:
    with pytest.raises(errors.InvalidConfiguration, match="one of them"):
        Credentials(API_KEY, secret=Secret("x"), private_key=Secret(pem(ED25519_KEY)))


@pytest.mark.parametrize("api_key", ["two words", "line\nX-Other: 1", "klucz-ż"])
def test_an_api_key_that_no_header_carries_is_refused(api_key: str) -> None:
    with pytest.raises(errors.KeyUnreadable, match="header"):
        Credentials(api_key, secret=Secret("x"))


def test_a_passphrase_is_reported_as_such() -> None:
    locked = pem(ED25519_KEY, passphrase=b"open sesame")
    with pytest.raises(errors.KeyEncrypted, match="passphrase"):
        Credentials(API_KEY, private_key=Secret(locked))


def test_a_key_of_another_type_is_refused() -> None:
    other = pem(ec.derive_private_key(12345, ec.SECP256R1()))
    with pytest.raises(errors.KeyTypeRefused, match="neither RSA nor Ed25519"):
        Credentials(API_KEY, private_key=Secret(other))


def test_a_venue_refuses_a_key_type_that_it_does_not_take() -> None:
    with pytest.raises(errors.KeyTypeRefused, match="type HMAC, and the API key's is RSA"):
        HmacOnlyAuth(credentials(KeyType.RSA))


@pytest.mark.parametrize("window", [0.0, -1.0, 0.0009, 60.001, float("nan")])
def test_a_receive_window_that_the_venue_does_not_allow_is_refused(window: float) -> None:
    with pytest.raises(errors.InvalidConfiguration, match="receive window"):
        HmacOnlyAuth(credentials(KeyType.HMAC), receive_window=window)


@pytest.mark.parametrize("window", [0.001, 60.0])
def test_a_receive_window_at_its_bounds_is_taken(window: float) -> None:
    assert HmacOnlyAuth(credentials(KeyType.HMAC), receive_window=window).receive_window == window


# Secrets stay secret: every way in which credentials fail, and all that a crash report could show of it


def misreadings() -> dict[str, Callable[[], object]]:
    half = pem(ED25519_KEY)[:70]
    return {
        "no PEM": lambda: Credentials(API_KEY, private_key=Secret(SHARED_SECRET)),
        "cut PEM": lambda: Credentials(API_KEY, private_key=Secret(half)),
        "public PEM": lambda: Credentials(API_KEY, private_key=Secret(public_pem(ED25519_KEY))),
        "secret of no text": lambda: Credentials(API_KEY, secret=Secret(f"{SHARED_SECRET}\udcff")),
        "PEM of no text": lambda: Credentials(API_KEY, private_key=Secret(f"{pem(ED25519_KEY)}\udcff")),
    }


@pytest.mark.parametrize("case", sorted(misreadings()))
def test_what_is_no_key_is_unreadable(case: str) -> None:
    with pytest.raises(errors.KeyUnreadable):
        misreadings()[case]()


def shown_by(error: BaseException) -> str:
    """Text, arguments, causes and the local variables of the frames below the test's own."""
    told = io.StringIO()
    below = error.__traceback__
    while below is not None and below.tb_frame.f_globals["__name__"] != auth_module.__name__:
        below = below.tb_next
    assert below is not None
    report = Traceback.from_exception(type(error), error, below, show_locals=True)
    Console(file=told, width=5000).print(report)
    texts = [told.getvalue(), *(repr(frame.f_locals) for frame, _ in traceback.walk_tb(below))]
    link: BaseException | None = error
    while link is not None:
        texts += [repr(link), str(link), repr(vars(link)), repr(link.args)]
        link = link.__cause__ or link.__context__
    return "\n".join(texts)


def lines_of_secrets() -> list[str]:
    """What must never be seen; of a PEM its lines, for a report may break it at line ends."""
    pems = [pem(ED25519_KEY), pem(rsa_key())]
    return [SHARED_SECRET, *(line for text in pems for line in text.splitlines() if "---" not in line)]


def assert_no_secret_in(text: str) -> None:
    assert [secret for secret in lines_of_secrets() if secret in text] == []


@pytest.mark.parametrize("case", sorted(misreadings()))
def test_an_unreadable_key_is_not_quoted(case: str) -> None:
    with pytest.raises(errors.KeyUnusable) as caught:
        misreadings()[case]()
    assert_no_secret_in(shown_by(caught.value))


@pytest.mark.parametrize("kind", ["secret", "PEM", "no text"])
def test_a_secret_where_a_path_belongs_is_not_quoted(environment: Callable[..., None], kind: str) -> None:
    misplaced = {"secret": SHARED_SECRET, "PEM": pem(rsa_key()), "no text": f"{SHARED_SECRET}\udcff"}
    environment(API_KEY="k", PRIVATE_KEY_FILE=misplaced[kind])
    with pytest.raises(errors.KeyUnreadable, match="VENUEKIT_TOY_PRIVATE_KEY_FILE") as caught:
        Credentials.from_environment("toy")
    assert_no_secret_in(shown_by(caught.value))


def test_a_contradiction_quotes_neither_side(environment: Callable[..., None]) -> None:
    environment(API_KEY="k", API_SECRET=SHARED_SECRET, API_SECRET_FILE=SHARED_SECRET.encode())
    with pytest.raises(errors.InvalidConfiguration, match="keep one") as caught:
        Credentials.from_environment("toy")
    assert_no_secret_in(shown_by(caught.value))


def test_a_file_of_no_text_is_not_quoted(environment: Callable[..., None]) -> None:
    environment(API_KEY="k", API_SECRET_FILE=SHARED_SECRET.encode() + b"\xff")
    with pytest.raises(errors.KeyUnreadable, match="no UTF-8") as caught:
        Credentials.from_environment("toy")
    assert_no_secret_in(shown_by(caught.value))


@pytest.mark.parametrize("key_type", list(KeyType))
def test_nothing_that_signs_shows_its_secret(key_type: KeyType, caplog: pytest.LogCaptureFixture) -> None:
    auth = PlainAuth(credentials(key_type))
    request = auth.rest_authenticate(Request(method="GET", path="/orders"), 1.0)
    things = [auth, vars(auth), auth.credentials, auth.credentials.signer, request, Secret(SHARED_SECRET)]
    with caplog.at_level(logging.DEBUG):
        for thing in things:
            logging.getLogger("test").warning("%s %r", thing, thing)
    shown = caplog.text + "".join(f"{thing} {thing!r} {pretty_repr(thing)}" for thing in things)
    assert_no_secret_in(shown)


def test_a_secret_is_three_stars_however_it_is_printed() -> None:
    secret = Secret(SHARED_SECRET)
    assert [repr(secret), str(secret), f"{secret}", "%s" % secret, repr([secret])] == ["***"] * 4 + ["[***]"]  # noqa: UP031 - one of the ways


def test_a_secret_is_revealed_on_demand() -> None:
    assert Secret(SHARED_SECRET).reveal() == SHARED_SECRET


@pytest.mark.parametrize("write", [pickle.dumps, copy.deepcopy])
def test_a_secret_is_not_written_anywhere(write: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="not to be written"):
        write({"key": Secret(SHARED_SECRET)})


def test_credentials_show_the_beginning_of_the_api_key() -> None:
    assert repr(credentials(KeyType.ED25519)) == "Credentials(test…)"


def test_a_signer_shows_its_type() -> None:
    assert repr(credentials(KeyType.ED25519).signer) == "Signer(Ed25519)"


# From the environment


def test_an_environment_without_a_word_gives_no_credentials(environment: Callable[..., None]) -> None:
    environment()
    assert Credentials.from_environment("toy") is None


def test_a_secret_is_read_from_the_environment(environment: Callable[..., None]) -> None:
    environment(API_KEY=API_KEY, API_SECRET=SHARED_SECRET)
    found = Credentials.from_environment("toy")
    assert found is not None
    assert found.signer.sign(b"x") == credentials(KeyType.HMAC).signer.sign(b"x")


def test_files_may_hold_what_the_environment_should_not(environment: Callable[..., None]) -> None:
    environment(API_KEY_FILE=f"{API_KEY}\n".encode(), API_SECRET_FILE=f" {SHARED_SECRET}\r\n".encode())
    found = Credentials.from_environment("toy")
    assert found is not None
    assert (found.api_key, found.signer.sign(b"x")) == (
        API_KEY,
        credentials(KeyType.HMAC).signer.sign(b"x"),
    )


def test_all_domains_of_a_venue_have_the_same_variables(environment: Callable[..., None]) -> None:
    environment(API_KEY=API_KEY, API_SECRET=SHARED_SECRET)
    found = Credentials.from_environment("toy@testnet")
    assert found is not None
    assert found.api_key == API_KEY


@pytest.mark.parametrize("line_end", ["\n", "\\n", "\r\n"])
def test_a_private_key_is_read_from_the_environment(environment: Callable[..., None], line_end: str) -> None:
    environment(API_KEY=API_KEY, PRIVATE_KEY=pem(ED25519_KEY).replace("\n", line_end))
    found = Credentials.from_environment("toy")
    assert found is not None
    assert found.key_type is KeyType.ED25519


def test_a_private_key_is_read_from_a_file(environment: Callable[..., None]) -> None:
    environment(API_KEY=API_KEY, PRIVATE_KEY_FILE=pem(rsa_key()).encode())
    found = Credentials.from_environment("toy")
    assert found is not None
    assert found.key_type is KeyType.RSA


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"API_SECRET": "x"}, "set VENUEKIT_TOY_API_KEY"),
        ({"PRIVATE_KEY": "x"}, "set VENUEKIT_TOY_API_KEY"),
        ({"API_KEY": "x"}, "set VENUEKIT_TOY_API_SECRET or VENUEKIT_TOY_PRIVATE_KEY"),
        ({"API_KEY": "x", "API_SECRET_FILE": b""}, "API secret is empty"),
        ({"API_KEY": " ", "API_SECRET": "x"}, "API key is empty"),
    ],
)
def test_what_is_missing_is_named(
    environment: Callable[..., None], values: dict[str, str | bytes], missing: str
) -> None:
    environment(**values)
    with pytest.raises(errors.KeyMissing, match=missing):
        Credentials.from_environment("toy")


def test_a_file_that_is_not_there_is_reported_with_its_variable(
    environment: Callable[..., None], tmp_path: Path
) -> None:
    environment(API_KEY="k", API_SECRET_FILE=str(tmp_path / "nothing"))
    with pytest.raises(errors.KeyUnreadable, match="TOY_API_SECRET_FILE names cannot be read: No such file"):
        Credentials.from_environment("toy")


# Requests


def test_a_query_is_percent_encoded_in_its_order() -> None:
    request = Request(method="GET", path="/p", query=(("b", "币 &=+/:~"), ("a", "x"), ("b", "2")))
    assert request.target == "/p?b=%E5%B8%81%20%26%3D%2B%2F%3A~&a=x&b=2"


def test_a_request_without_a_query_has_no_question_mark() -> None:
    assert Request(method="GET", path="/p").target == "/p"


def test_a_printed_request_names_its_parameters_and_not_their_values() -> None:
    request = Request(method="GET", path="/p", query=(("signature", "abc"),), headers={"key": "abc"})
    assert (repr(request), "abc" in pretty_repr(request)) == ("Request(GET /p, signature)", False)


def test_a_printed_request_says_that_it_has_no_query() -> None:
    assert repr(Request(method="GET", path="/p")) == "Request(GET /p, no query)"
