"""What everything in one process shares, such as the rate pools of one internet address.

This is the only module-level state of venuekit. It hangs on the running event loop, so two loops in two
threads share nothing, and a finished loop takes its state along.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Hashable
from typing import TypeVar
from weakref import WeakKeyDictionary

__all__ = ["environment", "shared"]

T = TypeVar("T")

_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, object]] = WeakKeyDictionary()


def shared(kind: type[T], key: Hashable, make: Callable[[], T]) -> T:
    """The one object of this kind and key on the running loop, made by the first who asks."""
    objects = _shared.setdefault(asyncio.get_running_loop(), {})
    found = objects.get((kind, key))
    if not isinstance(found, kind):
        found = make()
        objects[kind, key] = found
    return found


def environment(name: str) -> str | None:
    """An environment variable's value; an empty one counts as absent."""
    return os.environ.get(name) or None
