"""What Binance says when it refuses.

Sources: binance-spot-api-docs errors.md (2026-05-18); USD-M "Error Code" page (copy of 2025-03-15). HTTP
statuses per code are convention where neither page names one. Which of the messages of errors.md, "Messages
for -1010, -2010, -2011, and -2038", comes with -1013 is not told there: here those that the API can know
without its matching engine, as -1013 is explained.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from venuekit.protocol.frozen import Frozen

__all__ = ["ERRORS", "Complaint", "VenueError"]


class VenueError(Frozen):
    """One row of the error table; `message` has a place `{}` for each word that varies."""

    code: int
    message: str
    status: int = 400


ERRORS: Mapping[str, VenueError] = {
    # For the WebSocket API. 401 as for a session whose key is no longer good (Session Authentication).
    "UNAUTHORIZED": VenueError(
        code=-1002, status=401, message="You are not authorized to execute this request."
    ),
    "SERVER_BUSY": VenueError(
        code=-1008,
        status=503,
        message="Server is currently overloaded with other requests. Please try again in a few minutes.",
    ),
    "UNKNOWN_METHOD": VenueError(code=-1020, message="This operation is not supported."),
    "UNKNOWN_PARAMETER": VenueError(code=-1103, message="An unknown parameter was sent."),
    "INVALID_JSON": VenueError(code=-1135, message="Invalid JSON Request"),
    "BAD_JSON_PARAMETER": VenueError(code=-1135, message="JSON sent for parameter '{}' is not valid"),
    "TOO_MANY_SUBSCRIPTIONS": VenueError(
        code=-1191,
        message="Too many subscriptions. Connection may create up to '{}' subscriptions at a time.",
    ),
    "SUBSCRIPTION_ACTIVE": VenueError(code=-2035, message="User Data Stream subscription already active."),
    "SUBSCRIPTION_INACTIVE": VenueError(code=-2036, message="User Data Stream subscription not active."),
    "NO_SUBSCRIPTION_LEFT": VenueError(
        code=-2042, message="Maximum subscription ID reached for this connection."
    ),
    # For both doors.
    "TIMEOUT": VenueError(
        code=-1007,
        status=504,
        message=(
            "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
        ),
    ),
    "TOO_MANY_ORDERS": VenueError(
        code=-1015, status=429, message="Too many new orders; current limit is {} orders per {}."
    ),
    "BEHIND_TIME": VenueError(code=-1021, message="Timestamp for this request is outside of the recvWindow."),
    "AHEAD_OF_TIME": VenueError(
        code=-1021, message="Timestamp for this request was 1000ms ahead of the server's time."
    ),
    "BAD_SIGNATURE": VenueError(code=-1022, message="Signature for this request is not valid."),
    # 401 with this code: web-socket-api.md, Log in with API key; the other one is its neighbour.
    "BAD_KEY_FORMAT": VenueError(code=-2014, status=401, message="API-key format invalid."),
    "UNKNOWN_KEY": VenueError(
        code=-2015, status=401, message="Invalid API-key, IP, or permissions for action."
    ),
    "VALUE_TOO_GREAT": VenueError(
        code=-1102, message="'{}' contains unexpected value. Cannot be greater than {}."
    ),
    "TOO_PRECISE": VenueError(code=-1111, message="Parameter '{}' has too much precision."),
    "SERVER_ERROR": VenueError(
        code=-1001, status=503, message="Internal error; unable to process your request. Please try again."
    ),
    "ILLEGAL_CHARS": VenueError(
        code=-1100, message="Illegal characters found in parameter '{}'; legal range is '{}'."
    ),
    "TOO_MANY_PARAMETERS": VenueError(
        code=-1101, message="Too many parameters; expected '{}' and received '{}'."
    ),
    "DUPLICATE_PARAMETER": VenueError(code=-1101, message="Duplicate values for a parameter detected."),
    "MANDATORY_PARAMETER": VenueError(
        code=-1102, message="Mandatory parameter '{}' was not sent, was empty/null, or malformed."
    ),
    "UNREAD_PARAMETERS": VenueError(
        code=-1104, message="Not all sent parameters were read; read '{}' parameter(s) but was sent '{}'."
    ),
    "EMPTY_PARAMETER": VenueError(code=-1105, message="Parameter '{}' was empty."),
    "BAD_SYMBOL": VenueError(code=-1121, message="Invalid symbol."),
    "BAD_SYMBOL_STATUS": VenueError(code=-1122, message="Invalid symbolStatus."),
    "BAD_COMBINATION": VenueError(code=-1128, message="Combination of optional parameters invalid."),
    "BAD_VALUE": VenueError(code=-1130, message="Data sent for parameter '{}' is not valid."),
    "BAD_TICKER_TYPE": VenueError(code=-1139, message="Invalid ticker type."),
    "DUPLICATE_SYMBOLS": VenueError(code=-1151, message="Symbol is present multiple times in the list."),
    "OTHER_STATUS": VenueError(
        code=-1220, message="The symbol's status does not match the requested symbolStatus."
    ),
    "NEITHER_PARAMETER": VenueError(
        code=-1102, message="Param '{}' or '{}' must be sent, but both were empty/null!"
    ),
    "UNWANTED_PARAMETER": VenueError(code=-1106, message="Parameter '{}' sent when not required."),
    "BAD_TIME_IN_FORCE": VenueError(code=-1115, message="Invalid timeInForce."),
    "BAD_TYPE": VenueError(code=-1116, message="Invalid orderType."),
    "BAD_SIDE": VenueError(code=-1117, message="Invalid side."),
    "EMPTY_CLIENT_ID": VenueError(code=-1118, message="New client order ID was empty."),
    "EMPTY_ORIGINAL_ID": VenueError(code=-1119, message="Original client order ID was empty."),
    "LONG_SPAN": VenueError(code=-1127, message="More than {} hours between startTime and endTime."),
    "BAD_STRATEGY": VenueError(code=-1134, message="`strategyType` was less than 1000000."),
    # The text of rest-api.md, Regarding cancelRestrictions; errors.md has a longer one.
    "BAD_RESTRICTIONS": VenueError(code=-1145, message="Invalid cancelRestrictions"),
    "FILTER": VenueError(code=-1013, message="Filter failure: {}"),
    "MARKET_CLOSED": VenueError(code=-1013, message="Market is closed."),
    "NO_ICEBERGS": VenueError(code=-1013, message="Iceberg orders are not supported for this symbol."),
    "NO_TRAILING": VenueError(code=-1013, message="Trailing stop orders are not supported for this symbol."),
    "NO_PEGS": VenueError(code=-1013, message="Pegged orders are not supported for this symbol."),
    # faqs/stp_faq.md, How do I know which symbol uses STP?
    "BAD_SELF_TRADE": VenueError(
        code=-1013, message="This symbol does not allow the specified self-trade prevention mode."
    ),
    "DUPLICATE_ORDER": VenueError(code=-2010, message="Duplicate order sent."),
    "NO_FUNDS": VenueError(code=-2010, message="Account has insufficient balance for requested action."),
    "WOULD_TAKE": VenueError(code=-2010, message="Order would immediately match and take."),
    "WOULD_TRIGGER": VenueError(code=-2010, message="Order would trigger immediately."),
    "NO_LIQUIDITY": VenueError(
        code=-2010, message="Order book liquidity is less than symbol minimum quantity."
    ),
    "BELOW_ONE_LOT": VenueError(code=-1013, message="Filter failure: LOT_SIZE"),
    "UNKNOWN_ORDER": VenueError(code=-2011, message="Unknown order sent."),
    "RESTRICTED_CANCEL": VenueError(code=-2011, message="Order was not canceled due to cancel restrictions."),
    "NO_SUCH_ORDER": VenueError(code=-2013, message="Order does not exist."),
    "AMEND_UNKNOWN": VenueError(code=-2038, message="Unknown order sent."),
    "AMEND_GROWS": VenueError(code=-2038, message="Order amend (quantity increase) is not supported."),
    "AMEND_CHANGES_NOTHING": VenueError(
        code=-2038, message="The requested action would change no state; rejecting"
    ),
    "AMEND_FILTER": VenueError(code=-2038, message="Filter failure: {}"),
    "AMEND_DUPLICATE": VenueError(code=-2038, message="Duplicate order sent."),
    "OTHER_CLIENT_ID": VenueError(code=-2039, message="Client order ID is not correct for this order ID."),
    # Live text of 2026-10-07, without the documented text's quotes and full stop.
    "BAD_DEPTH_LIMIT": VenueError(code=-4021, message="{} is not valid depth limit"),
}


class Complaint(Exception):
    """A request is refused; carries the row of the table and its words.

    `until` is the machine's moment from which it would be welcome, None where time does not help.
    """

    def __init__(self, name: str, *words: object, until: float | None = None) -> None:
        error = ERRORS[name]
        super().__init__(error.message.format(*words))
        self.error = error
        self.until = until

    def fields(self) -> dict[str, Any]:
        """The refusal as the venue writes it."""
        return {"code": self.error.code, "msg": str(self)}
