"""The command as a process, for tests that need one."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

COMMAND = (sys.executable, "-m", "venuekit.cli")


def started(*words: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """An emulator that serves, and what it announced."""
    process = subprocess.Popen(
        (*COMMAND, "emulate", *words),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def asked(rest_url: str, what: str) -> Any:
    """What an emulator's control plane answers; None where nobody listens."""
    connection = HTTPConnection(urlsplit(rest_url).netloc, timeout=60)
    try:
        connection.request("GET", f"/_emulator/{what}")
        return json.load(connection.getresponse())
    except ConnectionError:
        return None
    finally:
        connection.close()


def told(rest_url: str, what: str, body: Any = None, method: str = "POST") -> Any:
    """Throw one of an emulator's switches; what it answers."""
    connection = HTTPConnection(urlsplit(rest_url).netloc, timeout=60)
    try:
        connection.request(method, f"/_emulator/{what}", None if body is None else json.dumps(body))
        answer = connection.getresponse()
        said = json.load(answer)
        assert answer.status == 200, said
        return said
    finally:
        connection.close()


def on_a_terminal(*words: str, columns: int = 110) -> tuple[subprocess.Popen[bytes], int]:
    """A process whose stdout is a terminal of 40 lines, and the descriptor to read it from."""
    screen, stdout = pty.openpty()
    size = {"COLUMNS": str(columns), "LINES": "40", "TERM": "xterm"}
    process = subprocess.Popen(words, stdout=stdout, env=os.environ | size)
    os.close(stdout)
    return process, screen


def read_all(screen: int) -> str:
    """What is shown until the process has ended."""
    seen = bytearray()
    try:
        while piece := os.read(screen, 65_536):
            seen += piece
    except OSError:  # how Linux says that nobody holds the terminal's other end
        pass
    finally:
        os.close(screen)
    return seen.decode(errors="replace")
