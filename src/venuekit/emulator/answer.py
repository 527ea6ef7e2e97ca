"""What a venue sends back to one REST request, and how badly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from venuekit.protocol.frozen import Frozen

__all__ = ["Answer", "Request", "json_answer"]

Pairs = tuple[tuple[str, str], ...]


class Request(Frozen):
    """One REST request as it arrived; header names are in lower case."""

    method: str
    path: str
    query: Pairs = ()
    headers: Mapping[str, str] = {}
    body: bytes = b""
    remote: str = "127.0.0.1"


class Answer(Frozen):
    """One REST answer.

    The last three fields are orders to the shell: wait `delay` seconds first (infinity: never answer),
    send only `cut_after` bytes of the body though the header promises all, and then either close the
    connection or, where `abort` is set, reset it.
    """

    status: int = 200
    headers: Pairs = ()
    body: bytes = b""
    content_type: str = "application/json"
    delay: float = 0.0
    cut_after: int | None = None
    abort: bool = False


def json_answer(content: Any, status: int = 200, headers: Pairs = ()) -> Answer:
    """An answer whose body is this value as JSON."""
    return Answer(status=status, headers=headers, body=msgspec.json.encode(content))
