"""What everything in one process shares, such as the rate pools of one internet address.

This is the only state of venuekit that no object of ours owns. It is kept on the running event loop itself:
two loops in two threads share nothing, and a finished loop takes its state along. A table beside the loops,
even one of weak keys, would keep every loop that something shared refers to.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Hashable
from typing import TypeVar

__all__ = ["environment", "shared"]

T = TypeVar("T")

_SHARED = "_venuekit_shared"


def shared(kind: type[T], key: Hashable, make: Callable[[], T]) -> T:
    """The one object of this kind and key on the running loop, made by the first who asks."""
    loop = asyncio.get_running_loop()
    objects: dict[Hashable, object] | None = getattr(loop, _SHARED, None)
    if objects is None:
        objects = {}
        setattr(loop, _SHARED, objects)
    found = objects.get((kind, key))
    if not isinstance(found, kind):
        found = make()
        objects[kind, key] = found
    return found


def environment(name: str) -> str | None:
    """An environment variable's value; an empty one counts as absent."""
    return os.environ.get(name) or None
