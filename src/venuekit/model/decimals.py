"""Exact numbers: money and quantities never pass through a binary fraction."""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation

__all__ = ["CONTEXT", "decimal_of", "plain"]

CONTEXT = Context(prec=60)
"""Wide enough to multiply 1e12 with 18 decimals (30 digits) by a price of as many, exactly."""


def decimal_of(text: str) -> Decimal:
    """The number a venue wrote as text.

    Raises:
        ValueError: the text is no finite number.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"not a number: {text!r}") from None
    if not value.is_finite():
        raise ValueError(f"not a finite number: {text!r}")
    return value


def plain(value: Decimal) -> str:
    """The number as a venue wants it: no exponent, digits as they are (3E-8 becomes 0.00000003)."""
    return f"{value:f}"
