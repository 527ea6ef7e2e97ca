"""What Binance spot's refusals of orders mean. Source: errors.md of 2026-05-18, or what a line names."""

from __future__ import annotations

from venuekit import errors
from venuekit.protocol.endpoint import ErrorRow

__all__ = ["REFUSALS"]

# One message comes under several of these: from the engine at a placing, a cancel or an amend, or, as -1013,
# from the interface before the engine saw the request.
_RECEIVED, _PLACE, _CANCEL, _AMEND, _INVALID = -1010, -2010, -2011, -2038, -1013

_MESSAGES = {
    errors.OrderNotFound: ("Unknown order sent.",),
    errors.OrderAlreadyExists: ("Duplicate order sent.",),
    errors.InsufficientBalance: ("Account has insufficient balance for requested action.",),
    errors.WouldTake: ("Order would immediately match and take.",),
    errors.WouldTrigger: ("Order would trigger immediately.",),
    errors.MarketClosed: (
        "Market is closed.",
        # CHANGELOG.md, 2023-03-13: for a symbol that is not TRADING.
        "This order type is not possible in this trading phase.",
        "Limit orders require GTC for this phase.",
        "Rest API trading is not enabled.",
        "WebSocket API trading is not enabled.",
    ),
    errors.AuthenticationFailed: (
        "This action is disabled on this account.",
        "This account may not place or cancel orders.",
    ),
    errors.TooManyOrders: tuple(
        f"Filter failure: {scope}{name}"
        for scope in ("", "EXCHANGE_")
        for name in (
            "MAX_NUM_ORDERS", "MAX_NUM_ALGO_ORDERS", "MAX_NUM_ICEBERG_ORDERS", "MAX_NUM_ORDER_LISTS",
        )
    ),
    errors.RuleViolated: (
        "Price * QTY is zero or less.",
        "IcebergQty exceeds QTY.",
        *(
            f"Filter failure: {name}"
            for name in (
                "PRICE_FILTER", "PERCENT_PRICE", "PERCENT_PRICE_BY_SIDE", "LOT_SIZE", "MIN_NOTIONAL",
                "NOTIONAL", "ICEBERG_PARTS", "MARKET_LOT_SIZE", "MAX_POSITION", "TRAILING_DELTA",
                "MAX_NUM_ORDER_AMENDS", "MAX_ASSET",
            )
        ),
    ),
}  # fmt: skip
"""Class to documented texts. What is missing says nothing that a caller could act on: `OrderRefused`."""

REFUSALS = (
    *(
        ErrorRow(code=code, message=message, raises=raises)
        for raises, messages in _MESSAGES.items()
        for message in messages
        for code in (_RECEIVED, _PLACE, _CANCEL, _AMEND, _INVALID)
    ),
    *(
        ErrorRow(code=code, raises=errors.OrderRefused)
        for code in (_RECEIVED, _PLACE, _CANCEL, _AMEND, _INVALID, -1014)
    ),
    ErrorRow(code=-1111, raises=errors.RuleViolated),
    ErrorRow(code=-1112, raises=errors.OrderRefused),
    ErrorRow(code=-2013, raises=errors.OrderNotFound),
    # Ended without a fill more than 90 days ago: by then nobody can tell it from one that never was.
    ErrorRow(code=-2026, raises=errors.OrderNotFound),
    # The two ids belong to two orders, or to one whose client id was changed: it says nothing of either.
    ErrorRow(code=-2039, raises=errors.BadRequest),
    *(ErrorRow(code=code, raises=errors.AuthenticationFailed) for code in (-1022, -2014, -2015)),
    *(ErrorRow(code=code, raises=errors.SubscriptionRefused) for code in (-2035, -2036, -2042)),
    *(
        ErrorRow(code=code, raises=errors.BadRequest)
        for code in (
            -1020, -1108, -1114, -1115, -1116, -1117, -1118, -1119, -1127, -1128, -1134, -1135, -1145, -1151,
            -1210, -1211,
        )
    ),
)  # fmt: skip
