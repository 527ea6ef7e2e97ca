"""Waiting for whichever comes first, and leaving nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

__all__ = ["first_of"]


async def first_of(*waits: Coroutine[Any, Any, object], tasks: Iterable[asyncio.Future[Any]] = ()) -> None:
    """Return when one of these has ended, however it ended.

    The tasks live on, for whoever made them to ask; the waits were for this alone and are cancelled.
    """
    own = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait((*tasks, *own), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in own:
            wait.cancel()
        await asyncio.gather(*own, return_exceptions=True)
