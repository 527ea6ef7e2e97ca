"""Places in our own code where a simulation may choose the rarer way; in production none is ever chosen."""

from __future__ import annotations

from enum import Enum

__all__ = ["FaultPoint", "strikes"]


class FaultPoint(Enum):
    """A rare way that must be as right as the usual one."""

    JOURNAL_ROTATES = "the journal begins a new file now"
    ID_BLOCK_ENDS = "the block of client ids is used up now"
    COMMAND_TAKES_REST = "a command goes by HTTP though the WebSocket is up"
    CONNECTION_DROPS = "a stream's connection is given up between two frames"
    SNAPSHOT_ANEW = "a book asks for a snapshot that it does not need"
    TURN_PASSES = "the loop gets a turn between a signature and the first byte"


def strikes(point: FaultPoint) -> bool:  # noqa: ARG001 - the simulation's stand-in asks for it
    """Whether a fault point strikes now: never, outside a simulated world."""
    return False
