"""What a venue sends back to one REST request, and how badly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from venuekit.protocol.frozen import Frozen

__all__ = ["Answer", "Pairs", "Request", "json_answer"]

Pairs = tuple[tuple[str, str], ...]
_FORM = "application/x-www-form-urlencoded"


class Request(Frozen):
    """One REST request as it arrived; header names are in lower case, `raw_query` is still encoded."""

    method: str
    path: str
    query: Pairs = ()
    headers: Mapping[str, str] = {}
    body: bytes = b""
    remote: str = "127.0.0.1"
    raw_query: str = ""

    @property
    def form(self) -> Pairs:
        """The body's parameters, where it is a form."""
        if not self.headers.get("content-type", "").startswith(_FORM):
            return ()
        return tuple(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


class Answer(Frozen):
    """One REST answer.

    The last four fields are orders to the shell: wait `delay` seconds first (infinity: never answer),
    send only `cut_after` bytes of the body though the header promises all, and then either close the
    connection or, where `abort` is set, reset it; one that `is_lost` is not sent at all: the connection is
    reset instead.
    """

    status: int = 200
    headers: Pairs = ()
    body: bytes = b""
    content_type: str = "application/json"
    delay: float = 0.0
    cut_after: int | None = None
    abort: bool = False
    is_lost: bool = False


def json_answer(content: Any, status: int = 200, headers: Pairs = ()) -> Answer:
    """An answer whose body is this value as JSON."""
    return Answer(status=status, headers=headers, body=msgspec.json.encode(content))
