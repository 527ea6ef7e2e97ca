"""How many orders a second the emulator's matching engine takes, with and without the ledger.

python benchmarks/matching.py

The book is a made-up market's of some 1,300 levels a side, in which 1,000 orders of other accounts rest. Of
four orders one rests at the best price, one rests deep and is amended, one is cancelled, one takes at once.
"""

from __future__ import annotations

import time
from decimal import Decimal

from venuekit.emulator.instruments import DEFAULT_INSTRUMENTS
from venuekit.emulator.ledger import FeePlan, Ledger
from venuekit.emulator.matching import Matching
from venuekit.emulator.order import Accepted, OrderKind, OrderRequest, OrderState
from venuekit.emulator.order_flow import SyntheticMarket

ROUNDS = 10
ORDERS = 4_000
STANDING = 1_000
LISTED = DEFAULT_INSTRUMENTS[0]
LOT = Decimal("0.00100")


def ledger() -> Ledger:
    """Two accounts that can pay for everything."""
    books = Ledger()
    for account in ("ann", "bob"):
        books.open_account(account, FeePlan(maker=Decimal("0.0002"), taker=Decimal("0.0005")))
        for asset in (LISTED.base, LISTED.quote):
            books.deposit(f"{account}/{asset}", account, asset, Decimal(10) ** 12, 0.0)
    return books


def order(account: str, *, is_buy: bool, price: Decimal | None) -> OrderRequest:
    """One lot."""
    kind = OrderKind.MARKET if price is None else OrderKind.LIMIT
    return OrderRequest(account=account, is_buy=is_buy, kind=kind, amount=LOT, price=price)


def orders_per_second(books: Ledger | None) -> float:
    """Commands count as orders only where they place one."""
    market = SyntheticMarket(LISTED, 1, 0.0)
    matching = Matching(LISTED, market.opening(), treasury=books)
    start = Decimal(LISTED.start_price)
    for number in range(STANDING):
        away = Decimal(number // 2 + 2)
        matching.place(
            order("bob", is_buy=number % 2 == 0, price=start - away if number % 2 == 0 else start + away), 0.0
        )
    began = time.perf_counter()
    for number in range(0, ORDERS, 4):
        is_buy = number % 8 == 0
        side = -1 if is_buy else 1
        best = start if is_buy else start + Decimal("0.01")
        matching.place(order("ann", is_buy=is_buy, price=best), 1.0)
        deep = placed(matching, order("ann", is_buy=is_buy, price=start + side * 900))
        matching.amend(deep.order_id, 1.0, amount=LOT / 2)
        gone = placed(matching, order("ann", is_buy=is_buy, price=start + side * 800))
        matching.cancel(gone.order_id, 1.0)
        matching.place(order("ann", is_buy=is_buy, price=None), 1.0)
    return ORDERS / (time.perf_counter() - began)


def placed(matching: Matching, request: OrderRequest) -> OrderState:
    """The order that was accepted."""
    first = matching.place(request, 1.0).events[0]
    assert isinstance(first, Accepted)
    return first.state


def main() -> None:
    """Print the best of several rounds, in orders per second."""
    for name, make in (("matching", lambda: None), ("matching and ledger", ledger)):
        best = max(orders_per_second(make()) for _ in range(ROUNDS))
        print(f"{name:24} {best:8,.0f} orders/s")


if __name__ == "__main__":
    main()
