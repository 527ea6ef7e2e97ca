"""Ids that nobody else makes."""

from __future__ import annotations

import uuid

__all__ = ["unique_id"]


def unique_id() -> str:
    """32 hexadecimal digits, unique among all machines."""
    return uuid.uuid4().hex
