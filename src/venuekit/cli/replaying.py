"""`venuekit replay`: where a recording's books end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from venuekit.cli.output import aligned, make_console, print_json
from venuekit.connector.replay import PairReplay, RecordedFile, replay

__all__ = ["replay_files"]


def replay_files(
    venue: str,
    files: Sequence[Path],
    trading_pair: str | None,
    checkpoint_every: int | None,
    *,
    as_json: bool,
) -> None:
    """Replay files and print what came out."""
    result = replay(
        venue,
        [RecordedFile(path) for path in files],
        trading_pair=trading_pair,
        checkpoint_every=checkpoint_every,
    )
    if as_json:
        print_json(result)
        return
    console = make_console()
    for place, (name, pair) in enumerate(result.pairs.items()):
        if place:
            console.print()
        _print_pair(console, name, pair)


def _print_pair(console: Console, name: str, pair: PairReplay) -> None:
    console.print(
        Text.assemble((name, "bold"), f"  {pair.status.value}  last update id {_shown(pair.last_update_id)}")
    )
    console.print(
        f"  differences: {pair.applied} applied, {pair.stale} stale, {pair.gaps} gaps"
        f"    trades: {pair.trades}"
        + (
            f", ids {pair.first_trade_id} to {pair.last_trade_id}, amount {pair.trade_amount_sum}"
            if pair.trades
            else ""
        )
    )
    depth = max(len(pair.bids), len(pair.asks))
    bids = aligned([price for price, _ in pair.bids])
    bid_amounts = aligned([amount for _, amount in pair.bids])
    asks = aligned([price for price, _ in pair.asks])
    ask_amounts = aligned([amount for _, amount in pair.asks])
    left = len(f"{(bid_amounts or [''])[0]}  {(bids or [''])[0]}")
    for rank in range(depth):
        bid = f"{bid_amounts[rank]}  {bids[rank]}" if rank < len(bids) else " " * left
        ask = f"{asks[rank]}  {ask_amounts[rank]}" if rank < len(asks) else ""
        console.print(Text.assemble("  ", (bid, "green"), " | ", (ask, "red")))
    for update_id, *top in pair.checkpoints:
        console.print(f"  checkpoint {_shown(update_id)}  {'  '.join(text or '-' for text in top)}")


def _shown(update_id: int | None) -> str:
    return "none" if update_id is None else str(update_id)
