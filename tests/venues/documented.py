"""Finds a documented example by the page and heading it stands under."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import msgspec

DataPath = Callable[[str], Path]


def example(data_path: DataPath, file: str, page: str, heading: str, number: int = 0) -> bytes:
    """The JSON of an example, as bytes; `number` counts those under one heading."""
    found = []
    with gzip.open(data_path(f"payloads/{file}.jsonl.gz")) as lines:
        for line in lines:
            row = msgspec.json.decode(line)
            if row["source"].endswith(page) and row["section"][-1] == heading and "payload" in row:
                found.append(row["payload"])
    return msgspec.json.encode(found[number])
