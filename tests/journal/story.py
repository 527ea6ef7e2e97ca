"""Records to tell stories with, and files that hold them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from venuekit.journal import frame, record
from venuekit.journal.record import (
    FORMAT,
    AccountName,
    AmendIntent,
    Answered,
    BalanceMoved,
    Body,
    CancelIntent,
    Command,
    Doubt,
    Ended,
    Filled,
    IdBlock,
    Intent,
    Opened,
    Record,
    Reopened,
    Sending,
    Settled,
    Stopped,
    Updated,
)
from venuekit.journal.rotation import Rotation
from venuekit.journal.writer import Durability, Journal, open_journal
from venuekit.model.fees import TokenAmount
from venuekit.protocol.endpoint import Outcome
from venuekit.seams.chance import seeded
from venuekit.seams.disk import Disk
from venuekit.sim.disk import SimDisk

ACCOUNT = AccountName(company="north", domain="main", key="5f1d")
INSTANCE = "0123456789ab"
PATH = Path("/account/orders.journal")
ID = f"vk{INSTANCE}00000000"
OTHER = f"vk{INSTANCE}00000001"
ASKED = {"order_type": "LIMIT", "trade_type": "BUY", "price": "60000.10", "amount": "0.02"}


class Death(BaseException):
    """The process ends here; nothing that catches errors sees it."""


def new_disk(seed: int = 0) -> SimDisk:
    """A disk with the folder for a journal."""
    disk = SimDisk(chance=seeded(seed))
    disk.make_folder(PATH.parent)
    return disk


def dies_at(disk: SimDisk, step: int) -> None:
    """Let the process end when it is about to change the disk for the n-th time."""
    left = step

    def count(_what: str, _path: Path) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Death

    disk.before_change = count


def opened(at: float = 1.0, **changes: object) -> Opened:
    facts: dict[str, object] = {"at": at, "format": FORMAT, "instance": INSTANCE, "account": ACCOUNT}
    return Opened(**(facts | changes))  # type: ignore[arg-type]  # any field may be told otherwise


def intent(client_id: str = ID, at: float = 3.0) -> Intent:
    return Intent(at=at, client_id=client_id, trading_pair="BTC-USDT", order=ASKED)


def sending(client_id: str = ID, at: float = 4.0, command: Command = Command.PLACE) -> Sending:
    return Sending(
        at=at,
        client_id=client_id,
        command=command,
        signed_at=at + 0.25,
        receive_window=5.0,
        path="POST /order",
    )


def filled(client_id: str = ID, trade_id: str = "77", at: float = 6.0) -> Filled:
    return Filled(
        at=at,
        client_id=client_id,
        trade_id=trade_id,
        price=Decimal("60000.10"),
        base_amount=Decimal("0.01"),
        quote_amount=Decimal("600.001"),
        fees=(TokenAmount("BNB", Decimal("0.00000003")),),
        venue_time=at - 0.5,
        exchange_id="9001",
    )


def ended(client_id: str = ID, at: float = 9.0, *, presumed: bool = False) -> Ended:
    return Ended(at=at, client_id=client_id, state="CANCELED", reason="asked", presumed=presumed)


STORY: tuple[Body, ...] = (
    opened(),
    IdBlock(at=2.0, first=0, count=1_024),
    intent(),
    sending(),
    Answered(at=5.0, client_id=ID, command=Command.PLACE, outcome=Outcome.DONE, ids={"orderId": "9001"}),
    Updated(at=5.5, client_id=ID, state="OPEN", source="stream", venue_time=5.25, exchange_id="9001"),
    filled(),
    AmendIntent(at=6.5, client_id=ID, change={"price": "60001"}),
    CancelIntent(at=7.0, client_id=ID, why="asked"),
    sending(at=7.5, command=Command.CANCEL),
    Doubt(at=8.0, client_id=ID, command=Command.CANCEL, why="TimedOut", until=18.0),
    Settled(at=8.5, client_id=ID, command=Command.CANCEL, how="single-order query: CANCELED"),
    ended(presumed=True),
    Reopened(at=9.5, client_id=ID, why="a fill came"),
    ended(at=9.75),
    BalanceMoved(at=10.0, asset="USDT", cause="deposit", amount=Decimal("1E+3"), reference="tx1"),
    Stopped(at=11.0, open=(OTHER,)),
)
"""One of every kind."""


def file_of(records: Iterable[Record], first: int = 1) -> bytes:
    return b"".join(frame.encode(first + place, record.encode(item)) for place, item in enumerate(records))


def begin(
    disk: Disk,
    path: Path = PATH,
    *,
    now: float = 1.0,
    durability: Durability = Durability.PROCESS,
    rotate: Rotation | None = None,
) -> Journal:
    journal, _ = open_journal(
        path,
        ACCOUNT,
        now=now,
        prefix="vk",
        durability=durability,
        rotate=rotate,
        disk=disk,
        unique=lambda: INSTANCE * 3,
    )
    return journal
