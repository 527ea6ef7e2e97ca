"""Every exception of venuekit, grouped by what the caller can do about it.

VenuekitError
├── UsageError                 ask differently: the call itself is wrong
│   ├── UnknownVenue · UnknownDomain · UnknownPair · AmbiguousSymbol · InvalidConfiguration
│   ├── Unsupported            this venue, or this connector, cannot do it
│   ├── KeyUnusable            an InvalidConfiguration: nothing can be signed with these credentials
│   │   └── KeyMissing · KeyUnreadable · KeyEncrypted · KeyTypeRefused
│   └── ImpossibleRequest      weighs more than its rate pool can ever hold
├── NotReady                   ask later: this side has no trustworthy answer yet
│   ├── BookNotLive            the book is synchronising, stale or gone
│   ├── EmptyBook              the side that was asked for holds no order
│   └── ExchangeRateUnknown    nobody knows what one asset is worth in another
├── NotSent                    nothing left this machine: safe to try again
│   ├── ConnectFailed          no connection: wrong host, refused, name not found, TLS
│   ├── Withdrawn              the order was cancelled while it waited to be sent
│   └── AddressInUse           a server of ours could not have its port
├── Refused                    the venue answered no: change the request, or wait
│   ├── RateLimited            wait until `retry_at`
│   │   └── Banned             the address or the account is shut out until `retry_at`
│   ├── ClockSkewed · AuthenticationFailed · BadSymbol · BadRequest · Unavailable
│   ├── SubscriptionRefused
│   ├── OrderRefused           an order was not taken, or not changed; the class says why
│   │   ├── InsufficientBalance · WouldTake · WouldTrigger · RuleViolated · MarketClosed · TooManyOrders
│   │   └── OrderRuleViolated  our own check, before anything is sent: which rule, limit, nearest valid order
│   ├── OrderNotFound          the venue knows no such order: proves something after its fence only
│   └── OrderAlreadyExists     evidence that an order with this id lives
├── OutcomeUnknown             it was sent and no trustworthy answer came: look before acting again
│   ├── TimedOut · ConnectionLost · VenueFailed
│   └── BadAnswer              an answer came that cannot be read: HTML, cut off, too large, another shape
├── JournalUnusable            the account's memory cannot be relied on: send nothing until that is cleared up
│   ├── JournalLocked          another process writes it
│   ├── JournalCorrupt         damaged before its end, at the byte it names
│   ├── JournalMismatch        another account's, or written by a newer version
│   └── JournalFailed          a write or a sync failed; stop, make room, start again
└── RecordingCorrupt           a recording cannot be read at the line it names
"""

from __future__ import annotations

__all__ = [
    "AddressInUse",
    "AmbiguousSymbol",
    "AuthenticationFailed",
    "BadAnswer",
    "BadRequest",
    "BadSymbol",
    "Banned",
    "BookNotLive",
    "ClockSkewed",
    "ConnectFailed",
    "ConnectionLost",
    "EmptyBook",
    "ExchangeRateUnknown",
    "ImpossibleRequest",
    "InsufficientBalance",
    "InvalidConfiguration",
    "JournalCorrupt",
    "JournalFailed",
    "JournalLocked",
    "JournalMismatch",
    "JournalUnusable",
    "KeyEncrypted",
    "KeyMissing",
    "KeyTypeRefused",
    "KeyUnreadable",
    "KeyUnusable",
    "MarketClosed",
    "NotReady",
    "NotSent",
    "OrderAlreadyExists",
    "OrderNotFound",
    "OrderRefused",
    "OrderRuleViolated",
    "OutcomeUnknown",
    "RateLimited",
    "RecordingCorrupt",
    "Refused",
    "RuleViolated",
    "SubscriptionRefused",
    "TimedOut",
    "TooManyOrders",
    "Unavailable",
    "UnknownDomain",
    "UnknownPair",
    "UnknownVenue",
    "Unsupported",
    "UsageError",
    "VenueFailed",
    "VenuekitError",
    "Withdrawn",
    "WouldTake",
    "WouldTrigger",
]


class VenuekitError(Exception):
    """The root: whatever venuekit raises on purpose."""


class UsageError(VenuekitError):
    """The call itself is wrong; repeating it will not help."""


class UnknownVenue(UsageError):
    """No installed connector has this name."""


class UnknownDomain(UsageError):
    """The venue exists, this domain of it does not."""


class UnknownPair(UsageError):
    """The venue lists no such pair, or this connector was not asked to follow it."""


class AmbiguousSymbol(UsageError):
    """Two symbols of the venue claim one pair; guessing would trade the wrong market."""


class InvalidConfiguration(UsageError):
    """A setting is missing or contradicts another."""


class Unsupported(UsageError):
    """This venue, or this connector, cannot do what was asked; `venuekit venues` says what it can."""


class KeyUnusable(InvalidConfiguration):
    """Nothing can be signed with these credentials; no text of these errors holds any part of a secret."""


class KeyMissing(KeyUnusable):
    """The API key or what it signs with is absent or empty."""


class KeyUnreadable(KeyUnusable):
    """A key is not what it should be, or the file that holds it cannot be read."""


class KeyEncrypted(KeyUnusable):
    """The private key is protected by a passphrase, and nobody is there to type it."""


class KeyTypeRefused(KeyUnusable):
    """The key is sound, and of a type that the venue, or this call of it, does not take."""


class ImpossibleRequest(UsageError):
    """The request weighs more than its rate pool ever holds: it would wait for ever."""


class NotReady(VenuekitError):
    """The answer is not known yet; `status_dict` says what is missing."""


class BookNotLive(NotReady):
    """The book is not vouched for at this moment.

    `status` is the book's status by name; `book.as_is` reads what there is.
    """

    def __init__(self, trading_pair: str, status: str) -> None:
        super().__init__(
            f"the order book of {trading_pair} is {status}, not LIVE; "
            "wait for it, or read `book.as_is` for what there is"
        )
        self.trading_pair = trading_pair
        self.status = status


class EmptyBook(NotReady):
    """The side that was asked for holds no order, so there is no price."""


class ExchangeRateUnknown(NotReady):
    """Nobody knows what `source` is worth in `target`, so an amount cannot be converted."""

    def __init__(self, source: str, target: str) -> None:
        super().__init__(
            f"no rate is known from {source} to {target}; "
            f"follow a pair of the two, or pass a rate source that knows {source}-{target}"
        )
        self.source = source
        self.target = target


class NotSent(VenuekitError):
    """Nothing left this machine: trying again is safe."""


class ConnectFailed(NotSent):
    """No connection was made: wrong host, refused, name not found, proxy or TLS failure."""


class AddressInUse(NotSent):
    """A server of ours could not have the port it was given."""


class Withdrawn(NotSent):
    """The order was cancelled while it waited to be sent: it never left."""


class Refused(VenuekitError):
    """The venue answered no.

    `status` is the HTTP status (None on a WebSocket), `code` and `message` are the venue's own.
    """

    def __init__(self, message: str, *, status: int | None = None, code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code

    def __str__(self) -> str:
        marks = [
            f"{name} {value}"
            for name, value in (("HTTP", self.status), ("code", self.code))
            if value is not None
        ]
        return f"{self.message} ({', '.join(marks)})" if marks else self.message


class RateLimited(Refused):
    """Too many requests; `retry_at` is the wall time in seconds from which the venue listens again."""

    def __init__(
        self, message: str, *, retry_at: float, status: int | None = None, code: int | None = None
    ) -> None:
        super().__init__(message, status=status, code=code)
        self.retry_at = retry_at


class Banned(RateLimited):
    """The address or account is shut out until `retry_at`; every request in between makes it longer."""


class ClockSkewed(Refused):
    """The request's time is outside the venue's window; the offset must be measured again."""


class AuthenticationFailed(Refused):
    """The key, its rights or the signature were not accepted."""


class BadSymbol(Refused):
    """The venue does not know this symbol."""


class BadRequest(Refused):
    """A parameter is missing, unknown or out of range."""


class Unavailable(Refused):
    """The venue is under maintenance, or closed to this part of the world (451)."""


class SubscriptionRefused(Refused):
    """A stream did not accept a subscription."""


class OrderRefused(Refused):
    """An order was not taken, or a change of it was not made, for a reason without a class of its own."""


class InsufficientBalance(OrderRefused):
    """The account has not enough free for it."""


class WouldTake(OrderRefused):
    """A post-only order would have traded at once."""


class WouldTrigger(OrderRefused):
    """A conditional order's trigger price is reached already."""


class RuleViolated(OrderRefused):
    """A rule of the market (step, size, price band, notional) is not met."""


class MarketClosed(OrderRefused):
    """The market takes no new orders now."""


class TooManyOrders(OrderRefused):
    """The account has as many open orders as the market allows."""


class OrderRuleViolated(OrderRefused):
    """Our own check found that the venue would refuse the order; nothing was sent.

    `violations` name each rule, its limit and the order's value.
    """

    def __init__(self, message: str, violations: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.violations = violations


class OrderNotFound(Refused):
    """The venue answered that it knows no such order, or no such open order.

    By itself that proves nothing: only after the venue's fence, and asked more than once.
    """


class OrderAlreadyExists(Refused):
    """The venue has an order with this client id: evidence that it lives."""


class OutcomeUnknown(VenuekitError):
    """It was sent and no trustworthy answer came: it may have happened."""


class TimedOut(OutcomeUnknown):
    """No answer within the time limit."""


class ConnectionLost(OutcomeUnknown):
    """The connection broke between request and answer."""


class VenueFailed(OutcomeUnknown):
    """A 5xx answer: by the venues' own documentation not a failure of the request, but an unknown."""


class BadAnswer(OutcomeUnknown):
    """An answer came that cannot be read; `body` holds its first 200 bytes."""

    def __init__(self, message: str, *, status: int | None = None, body: bytes = b"") -> None:
        super().__init__(f"{message}: {body[:200]!r}" if body else message)
        self.status = status
        self.body = body[:200]


class JournalUnusable(VenuekitError):
    """What the account did cannot be remembered reliably, so nothing may be sent; `path` is the journal's."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path


class JournalLocked(JournalUnusable):
    """Another process writes this journal; `pid` is its number, None if it did not leave one."""

    def __init__(self, path: str, pid: int | None) -> None:
        holder = "another process" if pid is None else f"process {pid}"
        super().__init__(
            path, f"{holder} is writing this journal; an account has one writer, stop that one first"
        )
        self.pid = pid


class JournalCorrupt(JournalUnusable):
    """A journal is damaged before its end: at byte `offset`, where record number `sequence` was due."""

    def __init__(self, path: str, *, offset: int, sequence: int | None, why: str) -> None:
        record = "the first record" if sequence is None else f"record {sequence}"
        super().__init__(
            path,
            f"damaged at byte {offset}, {record}: {why}. Nothing behind it can be trusted. Put a "
            "sound copy in its place; or keep the file, settle what is open at the venue, begin a new one",
        )
        self.offset = offset
        self.sequence = sequence
        self.why = why


class JournalMismatch(JournalUnusable):
    """The journal is sound and not for us: another account's, or in a format of a newer version."""


class JournalFailed(JournalUnusable):
    """The system refused a write or a sync.

    Never tried again: after a failed sync nobody knows what the disk holds.
    """


class RecordingCorrupt(VenuekitError):
    """A recording cannot be read; `line` counts from 1."""

    def __init__(self, name: str, line: int, why: str) -> None:
        super().__init__(f"{name}, line {line}: {why}")
        self.name = name
        self.line = line
