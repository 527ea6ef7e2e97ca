"""Chance: the one place that makes random numbers."""

from __future__ import annotations

from random import Random as Chance

__all__ = ["Chance", "seeded", "unseeded"]


def seeded(seed: int | str) -> Chance:
    """A source that gives the same numbers for the same seed, on every machine."""
    return Chance(seed)  # noqa: S311 - jitter and synthetic markets, never secrets


def unseeded() -> Chance:
    """A source seeded by the operating system."""
    return Chance()  # noqa: S311 - jitter, never secrets
