"""The front door: a connector by its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.registry import connector_class, find_setting
from venuekit.web.auth import Credentials

__all__ = ["connect"]


def connect(
    venue: str,
    trading_pairs: Sequence[str] = (),
    *,
    url: str | None = None,
    credentials: Credentials | None = None,
    **options: Any,
) -> ExchangeBase:
    """Find a connector by name, to be used with `async with`.

    Market data needs no credentials: `async with connect(NAME, ["BTC-USDT"]) as exchange`. With
    `credentials`, such as `Credentials.from_environment(NAME)`, it trades; where they are None, it does not.
    `venue` is `NAME` or `NAME@DOMAIN`; `url` (`scheme://host:port`) says where an emulator listens; `options`
    are the keyword arguments of `ExchangeBase`, among them `account=AccountOptions(…)` for where and how the
    account is remembered, and `trading=TradingPolicy(…)`.

    Raises:
        errors.UnknownVenue: no such connector is installed; the text lists those that are.
        errors.UnknownDomain: it has no such domain.
        errors.InvalidConfiguration: the domain is an emulator and nothing says where it is.
        errors.Unsupported: there are credentials, and the connector does not trade.
        errors.KeyTypeRefused: the venue takes no keys of this type.
    """
    setting = find_setting(venue, url)
    return connector_class(venue)(trading_pairs, setting=setting, credentials=credentials, **options)
