"""Numbers as integers of their last written digit, and back to a venue's text."""

from __future__ import annotations

__all__ = ["decimals_of", "text_of", "units_of"]


def units_of(text: str, decimals: int) -> int:
    """The number in units of its digit number `decimals`: ("61.5", 2) is 6150.

    Raises:
        ValueError: the text is no plain decimal number, or is finer than `decimals` digits.
    """
    whole, _, fraction = text.partition(".")
    if len(fraction) == decimals:
        return int(whole + fraction)
    if len(fraction) > decimals:
        if fraction[decimals:].strip("0"):
            raise ValueError(f"{text!r} has more than {decimals} decimals")
        fraction = fraction[:decimals]
    return int(whole + fraction.ljust(decimals, "0"))


def text_of(units: int, decimals: int) -> str:
    """The number with exactly `decimals` digits after the point: (6150, 2) is "61.50"."""
    # A made-up book writes a hundred thousand numbers before it is traded in: 0.2 us each, not 0.6.
    digits = str(units)
    if not decimals:
        return digits
    if len(digits) <= decimals or units < 0:
        digits = digits.zfill(decimals + 1 + (units < 0))
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


def decimals_of(text: str) -> int:
    """How many digits after the point the number needs: "0.0100" needs two."""
    return len(text.partition(".")[2].rstrip("0"))
