"""Where a venue lives: its main house, its testnet, an emulator on this machine."""

from __future__ import annotations

from venuekit.protocol.frozen import Frozen

__all__ = ["Domain"]


class Domain(Frozen):
    """One set of addresses, each `scheme://host[:port]` without a path.

    An emulator has none until it runs: its addresses are filled in from `--url` or the environment.
    """

    name: str
    rest_url: str = ""
    ws_url: str = ""
    ws_api_url: str | None = None

    @property
    def is_placed(self) -> bool:
        """Whether the addresses are known."""
        return bool(self.rest_url and self.ws_url)
