"""What an account remembers: one struct for each thing that can happen to it.

A record holds what was known when it was written and is never changed. Times named `at` are this machine's,
in seconds since 1970 UTC; those of the venue say so. Numbers of money are `Decimal`, texts on the disk.
Keys and signatures are never in a record: of a key there is a fingerprint.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias

import msgspec

from venuekit.model.fees import TokenAmount
from venuekit.protocol.endpoint import Outcome
from venuekit.protocol.frozen import Frozen

__all__ = [
    "FORMAT",
    "AccountName",
    "AmendIntent",
    "Answered",
    "BalanceMoved",
    "Body",
    "CancelIntent",
    "Carried",
    "Command",
    "Doubt",
    "Ended",
    "Filled",
    "IdBlock",
    "Intent",
    "OfOrder",
    "Opened",
    "Record",
    "Reopened",
    "Sending",
    "Settled",
    "Stopped",
    "Updated",
    "decode",
    "encode",
    "encode_carried",
]

FORMAT = 1
"""Raised when a reader of the number before could misread what is written now."""


class Command(Enum):
    """What was asked of the venue."""

    PLACE = "place"
    CANCEL = "cancel"
    AMEND = "amend"


class AccountName(Frozen):
    """Whose memory this is. `key` is a fingerprint of the API key, never the key."""

    company: str
    domain: str
    key: str


class _Record(Frozen, tag_field="kind", tag=str.lower, omit_defaults=True):
    at: float


class Opened(_Record):
    """A run began. `instance` is made once, and is part of every client order id ever since."""

    format: int
    instance: str
    account: AccountName


class IdBlock(_Record):
    """The numbers from `first` on, `count` of them, may be used in client order ids from now on."""

    first: int
    count: int


class Stopped(_Record):
    """A run ended on purpose and left the orders `open`; a run without this record was cut off."""

    open: tuple[str, ...] = ()


class BalanceMoved(_Record):
    """A deposit, a withdrawal or another `cause` changed an asset by `amount`.

    `reference` is the venue's id of it; `total` and `available` are what the venue said afterwards, None
    where it said nothing.
    """

    asset: str
    cause: str
    amount: Decimal
    total: Decimal | None = None
    available: Decimal | None = None
    reference: str | None = None


class OfOrder(_Record):
    """What concerns one order, named by our own id."""

    client_id: str


class Intent(OfOrder):
    """An order is wanted, and not sent yet. `order` is what was asked, in the words of its `to_json`.

    `connector` is the name of who wants it; an account can have several. An order that was found at the
    venue says so by its `last_state`.
    """

    trading_pair: str
    order: dict[str, Any]
    connector: str = ""


class CancelIntent(OfOrder):
    """An order is to be cancelled, for the reason `why`."""

    why: str | None = None


class AmendIntent(OfOrder):
    """An order is to become what `change` says, in the words of its `to_json`."""

    change: dict[str, Any]


class Sending(OfOrder):
    """A signed command is about to leave: from here on the venue may have it.

    `signed_at` is the time in the signature, on the venue's clock, `receive_window` how many seconds it is
    good for (None where the venue knows no such limit), `path` the way it goes (a REST address or a
    session). `clock_error` is how far the venue's clock was known then, in seconds; `amount` what an amend
    asks for.
    """

    command: Command
    signed_at: float
    receive_window: float | None
    path: str
    clock_error: float = 0.0
    amount: Decimal | None = None


class Answered(OfOrder):
    """A command was answered, or will not be. `ids` are the venue's, under the venue's names for them.

    `error` is the name of our error class; `code` and `message` are the venue's own. `venue_time` is when it
    was known, on the venue's clock; `amount` what a refused amend asked for.
    """

    command: Command
    outcome: Outcome
    ids: dict[str, str] = {}
    error: str | None = None
    code: int | None = None
    message: str | None = None
    venue_time: float | None = None
    amount: Decimal | None = None


class Updated(OfOrder):
    """The venue said how an order stands.

    `state` is our word for it, `source` what said so, `venue_time` when it was so. `filled_amount`, `amount`
    and `price` are the venue's figures where it named any, `observed_at` the venue's time that the statement
    is true of where it is another, `misc` what else it said.
    """

    state: str
    source: str
    venue_time: float
    exchange_id: str | None = None
    filled_amount: Decimal | None = None
    amount: Decimal | None = None
    price: Decimal | None = None
    observed_at: float | None = None
    misc: dict[str, str] = {}


class Filled(OfOrder):
    """A trade of an order, in the pair's base and quote; `venue_time` is when it happened.

    `fees` are the amounts that were charged; where the venue named a share instead, `fee_percent` is it, as a
    fraction, paid in `fee_token`. `fee_deducted`: it was held back from what the trade brought.
    """

    trade_id: str
    price: Decimal
    base_amount: Decimal
    quote_amount: Decimal
    fees: tuple[TokenAmount, ...]
    venue_time: float
    is_taker: bool = True
    exchange_id: str | None = None
    fee_percent: Decimal = Decimal(0)
    fee_token: str | None = None
    fee_deducted: bool = False


class Ended(OfOrder):
    """An order is over. `presumed` is true where absence, not evidence, says so: it stays on watch.

    `venue_time` is since when, on the venue's clock.
    """

    state: str
    reason: str | None = None
    presumed: bool = False
    venue_time: float | None = None


class Reopened(OfOrder):
    """Evidence came that an order believed to be over is not."""

    why: str


class Doubt(OfOrder):
    """Nobody knows whether a command took effect. `until` is when time will tell, None if it never does.

    `since`, `signed_at` and `until` are on the venue's clock; `receive_window`, `clock_error` and `amount`
    are those of `Sending`. `reason` is set where not a command is in doubt but what became of the order: it
    is the name of a `DoubtReason`, and `command` says nothing then.
    """

    command: Command
    why: str
    until: float | None = None
    since: float | None = None
    signed_at: float | None = None
    receive_window: float | None = None
    clock_error: float = 0.0
    amount: Decimal | None = None
    reason: str | None = None


class Settled(OfOrder):
    """A doubt is over; `how` names the question and the answer that ended it.

    `command` None: nothing about the order is in doubt any more. `fills_as_of`: all trades that the venue had
    of the order at this moment, on its clock, have been handed in.
    """

    how: str
    command: Command | None = None
    fills_as_of: float | None = None


Body: TypeAlias = (
    Opened
    | IdBlock
    | Stopped
    | BalanceMoved
    | Intent
    | CancelIntent
    | AmendIntent
    | Sending
    | Answered
    | Updated
    | Filled
    | Ended
    | Reopened
    | Doubt
    | Settled
)


class Carried(Frozen, tag_field="kind", tag="carried"):
    """A record taken over from the file before; `sequence` is the number that it had there."""

    sequence: int
    record: Body


Record: TypeAlias = Body | Carried

# Not JSON, which turns a number that is none (NaN) into null and so writes what it cannot read.
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)


def encode(record: Record) -> bytes:
    """A record as bytes.

    Raises:
        TypeError: a payload holds something else than texts, numbers, lists and mappings.
    """
    return _encoder.encode(record)


def encode_carried(sequence: int, payload: bytes) -> bytes:
    """The `Carried` of a record that is bytes already."""
    return _encoder.encode({"kind": "carried", "sequence": sequence, "record": msgspec.Raw(payload)})


def decode(data: bytes) -> Record:
    """The record that bytes hold.

    Raises:
        msgspec.DecodeError: they hold none that this version knows.
    """
    return _decoder.decode(data)
