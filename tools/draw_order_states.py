"""Draws the life-cycle of an order from its tables.

    python tools/draw_order_states.py [--check]

Writes docs/ORDER_STATES.md. With `--check` it only says whether the page is up to date; exit status 1: no.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from venuekit.model.order import OrderState
from venuekit.state.order_lifecycle import CANCELS, ENDS, LIVES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "ORDER_STATES.md"

TEXT = """\
# The states of an order

Drawn from the tables in `src/venuekit/state/order_lifecycle.py` by `tools/draw_order_states.py`: change the
tables, not this page.

An order has three axes. The first is its life:

```mermaid
{lives}
```

An edge that is not drawn changes nothing: a stale OPEN after PARTIALLY_FILLED is read and turns nothing
back. An end is final; the two edges back are of ends that nobody stated and that were presumed.

Beside it runs the cancel request. A live order with a cancel on its way is shown as PENDING_CANCEL; a
refused cancel gives back what was before:

```mermaid
{cancels}
```

The second axis is what is filled. Each trade id counts once, over restarts and after the end too, and never
more than was ordered: what does not fit waits in quarantine under an alarm. An end waits for the fills that
the venue claims.

The third is doubt. The answer to a command is missing, we were away, or the venue contradicts itself: then
nothing is known but bounds, and `filled_min <= filled <= filled_max` always holds. A timeout, a 5xx and a
failed query prove nothing. Absence proves something only after the venue's fence: its receive window, its
engine's time, the lag of its answers. Then every question of the fence, asked twice, must have missed an
order that never filled. It is presumed closed, watched for as long as the venue keeps answers, and reopened
with an alarm by any trace of it.

## Who is believed

1. a fill with its trade id
2. the engine's answer to a command
3. the private stream
4. a query of the one order
5. a row of a list of orders
6. absence
7. our own timeout, which proves nothing

Terms and claims follow the later statement; of one moment the stronger; of equal strength the fuller. An
end is never stale, so a weaker statement of it is believed even late, unless a stronger one saw the order
alive after it: that is a contradiction, and doubt, until the end is stated again.

## What a strategy hears

Created once, before the fills. Then the fills. Then at most one end: completed, cancelled, expired or
failed, and exactly one unless the order is in doubt. `OrderInDoubt` and `OrderSettled` frame a doubt;
`LateFill`, `FillQuarantined` and `OrderReopened` are alarms. After a reopening the second end is an
`OrderSettled`.
"""


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    page = drawn()
    if "--check" not in arguments:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    is_current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page
    print("order states: up to date" if is_current else f"{PAGE}: run tools/draw_order_states.py")
    return 0 if is_current else 1


def drawn() -> str:
    """The page."""
    return TEXT.format(lives="\n".join(lives()), cancels="\n".join(cancels()))


def lives() -> Iterator[str]:
    """The life as a Mermaid state diagram."""
    yield "stateDiagram-v2"
    yield f"    [*] --> {OrderState.PENDING_CREATE.name}"
    for state, edges in LIVES.items():
        for happening, follows in edges.items():
            yield edge(state, follows, happening)
    for end in (state for state in LIVES if state in ENDS):
        yield f"    {end.name} --> [*]"


def cancels() -> Iterator[str]:
    """The cancel request as a Mermaid state diagram."""
    yield "stateDiagram-v2"
    yield "    [*] --> NONE"
    for state, edges in CANCELS.items():
        for happening, follows in edges.items():
            yield edge(state, follows, happening)


def edge(state: Enum, follows: Enum, happening: Enum) -> str:
    """One arrow."""
    return f"    {state.name} --> {follows.name}: {happening.value}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
