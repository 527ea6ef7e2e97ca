"""The front door: a connector by its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.registry import connector_class, find_setting

__all__ = ["connect"]


def connect(
    venue: str,
    trading_pairs: Sequence[str] = (),
    *,
    url: str | None = None,
    **options: Any,
) -> ExchangeBase:
    """Find a connector by name, to be used with `async with`.

    Market data needs no credentials: `async with connect(NAME, ["BTC-USDT"]) as exchange`. `venue` is
    `NAME` or `NAME@DOMAIN`; `url` (`scheme://host:port`) says where an emulator listens; `options` are the
    keyword arguments of `ExchangeBase`.

    Raises:
        errors.UnknownVenue: no such connector is installed; the text lists those that are.
        errors.UnknownDomain: it has no such domain.
        errors.InvalidConfiguration: the domain is an emulator and nothing says where it is.
    """
    return connector_class(venue)(trading_pairs, setting=find_setting(venue, url), **options)
