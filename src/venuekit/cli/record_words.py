"""A journal's records in words, one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from venuekit.cli.output import counted, moment
from venuekit.journal.history import fee_words
from venuekit.journal.record import (
    AccountName,
    AmendIntent,
    Answered,
    BalanceMoved,
    Body,
    CancelIntent,
    Doubt,
    Ended,
    Filled,
    IdBlock,
    Intent,
    Opened,
    Reopened,
    Sending,
    Settled,
    Stopped,
    Updated,
)
from venuekit.model.decimals import plain

__all__ = ["asked", "told", "whose"]


_TERMS = {
    "price": "at {term} {quote}",
    "trigger_price": "when {term}",
    "trigger_by": "by {term}",
    "trigger_direction": "{term}",
    "time_in_force": "{term}",
    "reduce_only": "reduce only",
    "position": "{term}",
    "leverage": "leverage {term}",
    "last_state": "found at the venue",
}
"""Terms of an order in the words of its `to_json`; those that are not named are the usual ones."""


def whose(account: AccountName) -> str:
    """An account as people name it."""
    return f"{account.company}@{account.domain}, key {account.key}"


def told(item: Body) -> str:
    """What a record says, besides its time and its order."""
    return _WORDS[type(item)](item)


def asked(item: Intent) -> str:
    """What an order asks for: `BUY 0.02 BTC LIMIT at 60000.10 USDT`."""
    order = item.order
    base, _, quote = item.trading_pair.partition("-")
    by_quote = order.get("quote_amount")
    words = [
        str(order.get("trade_type")),
        f"{order.get('amount')} {base}" if by_quote is None else f"{base} for {by_quote} {quote}",
        str(order.get("order_type")),
        *(words.format(term=order[name], quote=quote) for name, words in _TERMS.items() if order.get(name)),
    ]
    return " ".join(words)


def _answered(item: Answered) -> str:
    ids = ", ".join(f"{name} {value}" for name, value in item.ids.items())
    error = " ".join(str(word) for word in (item.error, item.code) if word is not None)
    words = (f"{item.command.value}: {item.outcome.value}", error, ids, item.message or "")
    return ", ".join(word for word in words if word)


def _filled(item: Filled) -> str:
    fees = fee_words(item)
    words = (
        f"{plain(item.base_amount)} at {plain(item.price)}",
        "taker" if item.is_taker else "maker",
        f"fee {fees}" if fees else "",
        f"trade {item.trade_id}",
    )
    return ", ".join(word for word in words if word)


def _moved(item: BalanceMoved) -> str:
    total = "" if item.total is None else f", {plain(item.total)} in all"
    return f"{item.cause} {_signed(item.amount)} {item.asset}{total}{_because(item.reference)}"


def _opened(item: Opened) -> str:
    return f"{whose(item.account)}; instance {item.instance}"


def _id_block(item: IdBlock) -> str:
    return f"client ids {item.first:,} to {item.first + item.count - 1:,}"


def _amended(item: AmendIntent) -> str:
    return ", ".join(f"{name} {value}" for name, value in item.change.items())


def _sending(item: Sending) -> str:
    window = "" if item.receive_window is None else f", good for {item.receive_window:g} s"
    return f"{item.command.value} by {item.path}{window}"


def _updated(item: Updated) -> str:
    words = (
        f"{item.state} by {item.source}",
        "" if item.filled_amount is None else f"{plain(item.filled_amount)} filled",
        "" if item.exchange_id is None else f"id {item.exchange_id}",
        *item.misc.values(),
    )
    return ", ".join(word for word in words if word)


def _ended(item: Ended) -> str:
    return f"{item.state}{', presumed' if item.presumed else ''}{_because(item.reason)}"


def _doubted(item: Doubt) -> str:
    until = "" if item.until is None else f", until {moment(item.until)[11:]}"
    about = f"{item.command.value}: " if item.reason is None else ""
    return f"{about}{item.why}{until}"


def _settled(item: Settled) -> str:
    as_of = "" if item.fills_as_of is None else f", as of {moment(item.fills_as_of)[11:]}"
    about = "" if item.command is None else f"{item.command.value}: "
    return f"{about}{item.how}{as_of}"


def _signed(amount: Decimal) -> str:
    return plain(amount) if amount < 0 else f"+{plain(amount)}"


def _because(why: str | None) -> str:
    return f", {why}" if why else ""


_WORDS: Mapping[type[Body], Callable[[Any], str]] = {
    Opened: _opened,
    IdBlock: _id_block,
    Stopped: lambda item: f"on purpose, {counted(len(item.open), 'order')} open",
    BalanceMoved: _moved,
    Intent: asked,
    CancelIntent: lambda item: item.why or "",
    AmendIntent: _amended,
    Sending: _sending,
    Answered: _answered,
    Updated: _updated,
    Filled: _filled,
    Ended: _ended,
    Reopened: lambda item: item.why,
    Doubt: _doubted,
    Settled: _settled,
}
