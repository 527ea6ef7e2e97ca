"""The whole list of errors that Binance spot documents (errors.md, 2026-05-18), codes and texts."""

from __future__ import annotations

import pytest
from tests.venues.documented import DataPath, example

from venuekit import errors
from venuekit.protocol.endpoint import Endpoint, Outcome
from venuekit.protocol.frozen import Wire
from venuekit.protocol.rates import Scope
from venuekit.protocol.rest import Problem, find_row
from venuekit.venues.binance import wire as family
from venuekit.venues.binance.spot import wire

MEANT: dict[type[errors.VenuekitError], tuple[int, ...]] = {
    errors.OutcomeUnknown: (-1000,),
    errors.VenueFailed: (-1001, -1006),
    errors.TimedOut: (-1007,),
    errors.RateLimited: (-1003, -1008, -1015),
    errors.Unavailable: (-1016,),
    errors.ClockSkewed: (-1021,),
    errors.AuthenticationFailed: (-1002, -1022, -2014, -2015),
    errors.BadSymbol: (-1121, -1122, -1220),
    errors.OrderRefused: (-1010, -1013, -1014, -1112, -2010, -2011, -2038),
    errors.RuleViolated: (-1111,),
    errors.OrderNotFound: (-2013, -2026),
    errors.SubscriptionRefused: (-2035, -2036, -2042),
    errors.BadRequest: (
        -1020, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1108, -1114, -1115, -1116, -1117, -1118,
        -1119, -1127, -1128, -1130, -1134, -1135, -1145, -1151, -1194, -1210, -1211, -2039,
    ),
}  # fmt: skip

NOT_MET = {
    "FIX sessions and FIX messages": (
        -1033, -1034, -1035, -1169, -1170, -1171, -1172, -1173, -1174, -1175, -1176, -1177, -1178, -1179,
        -1180, -1181, -1182, -1183, -1184, -1185, -1186, -1187, -1188, -1189, -1190, -1191,
    ),
    "the binary encoding SBE": (-1152, -1153, -1155, -1161, -1221),
    "lists of orders, which are not sent": (
        -1158, -1160, -1165, -1166, -1168, -1196, -1197, -1198, -1199, -1222, -1223, -1224, -1225,
    ),
    "cancel and replace, which is not sent": (-2021, -2022),
    "market data that is not asked for": (-1120, -1139, -2016, -2043),
    "listen keys, gone since 2026-02-20": (-1125,),
}  # fmt: skip
"""Codes that nothing here can meet, by why; were one met, a command's outcome would be unknown."""

TEXTS: dict[type[errors.VenuekitError], tuple[str, ...]] = {
    errors.OrderNotFound: ("Unknown order sent.",),
    errors.OrderAlreadyExists: ("Duplicate order sent.",),
    errors.MarketClosed: (
        "Market is closed.",
        "Rest API trading is not enabled.",
        "WebSocket API trading is not enabled.",
    ),
    errors.InsufficientBalance: ("Account has insufficient balance for requested action.",),
    errors.WouldTrigger: ("Order would trigger immediately.",),
    errors.WouldTake: ("Order would immediately match and take.",),
    errors.AuthenticationFailed: (
        "This action is disabled on this account.",
        "This account may not place or cancel orders.",
    ),
    errors.TooManyOrders: (
        "Filter failure: MAX_NUM_ORDERS",
        "Filter failure: MAX_NUM_ALGO_ORDERS",
        "Filter failure: MAX_NUM_ICEBERG_ORDERS",
        "Filter failure: MAX_NUM_ORDER_LISTS",
        "Filter failure: EXCHANGE_MAX_NUM_ORDERS",
        "Filter failure: EXCHANGE_MAX_NUM_ALGO_ORDERS",
        "Filter failure: EXCHANGE_MAX_NUM_ICEBERG_ORDERS",
        "Filter failure: EXCHANGE_MAX_NUM_ORDER_LISTS",
    ),
    errors.RuleViolated: (
        "Price * QTY is zero or less.",
        "IcebergQty exceeds QTY.",
        "Filter failure: PRICE_FILTER",
        "Filter failure: PERCENT_PRICE",
        "Filter failure: LOT_SIZE",
        "Filter failure: MIN_NOTIONAL",
        "Filter failure: NOTIONAL",
        "Filter failure: ICEBERG_PARTS",
        "Filter failure: MARKET_LOT_SIZE",
        "Filter failure: MAX_POSITION",
        "Filter failure: MAX_NUM_ORDER_AMENDS",
        "Filter failure: TRAILING_DELTA",
    ),
    errors.OrderRefused: (
        "Market orders are not supported for this symbol.",
        "Iceberg orders are not supported for this symbol.",
        "Stop loss orders are not supported for this symbol.",
        "Stop loss limit orders are not supported for this symbol.",
        "Take profit orders are not supported for this symbol.",
        "Take profit limit orders are not supported for this symbol.",
        "Order amend is not supported for this symbol.",
        "Unsupported order combination",
        "Cancel order is invalid. Check origClOrdId and orderId.",
        "The relationship of the prices for the orders is not correct.",
        "OCO orders are not supported for this symbol",
        "Quote order qty market orders are not support for this symbol.",
        "Trailing stop orders are not supported for this symbol.",
        "Order cancel-replace is not supported for this symbol.",
        "This symbol is not permitted for this account.",
        "This symbol is restricted for this account.",
        "Order was not canceled due to cancel restrictions.",
        "Order book liquidity is less than `LOT_SIZE` filter minimum quantity.",
        "Order book liquidity is less than `MARKET_LOT_SIZE` filter minimum quantity.",
        "Order book liquidity is less than symbol minimum quantity.",
        "Order amend (quantity increase) is not supported.",
        "The requested action would change no state; rejecting",
        "Pegged orders are not supported for this symbol.",
        "This order type may not use pegged price.",
        "This price peg cannot be used with this order type.",
        "Order book liquidity is too low for this pegged order.",
        "OPO orders are not supported for this symbol.",
        "Order amend (pending OPO order) is not supported.",
    ),
}
"""Every text for -1010, -2010, -2011 and -2038 and every filter failure but FIX's, by what is raised."""

CODES = [(code, meaning) for meaning, codes in MEANT.items() for code in codes]
MESSAGES = [(text, meaning) for meaning, texts in TEXTS.items() for text in texts]


def meaning(
    code: int | None, message: str = "", status: int = 400, *, reads: bool = False
) -> type[errors.VenuekitError]:
    """What a refusal is raised as."""
    row = find_row(wire.REST.errors, status, Problem(code=code, message=message), reads=reads)
    assert row is not None
    return row.raises


def test_the_list_is_whole() -> None:
    # Headings of errors.md, and -1010 and -2038, which it names in a text only.
    listed = [code for codes in (*MEANT.values(), *NOT_MET.values()) for code in codes]
    assert (len(listed), len(set(listed))) == (106, 106)


@pytest.mark.parametrize(("code", "expected"), CODES)
def test_each_documented_code_means_one_thing(code: int, expected: type[errors.VenuekitError]) -> None:
    assert meaning(code) is expected


@pytest.mark.parametrize("code", [code for codes in NOT_MET.values() for code in codes])
def test_a_code_that_no_command_of_ours_can_meet_proves_nothing(code: int) -> None:
    assert meaning(code) is errors.OutcomeUnknown


@pytest.mark.parametrize("code", [-1010, -1013, -2010, -2011, -2038])
@pytest.mark.parametrize(("message", "expected"), MESSAGES)
def test_each_documented_text_means_the_same_under_each_of_its_codes(
    code: int, message: str, expected: type[errors.VenuekitError]
) -> None:
    assert meaning(code, message) is expected


@pytest.mark.parametrize(
    "message",
    [
        "Account has insufficient balance for requested action",
        "account has insufficient balance for requested action.",
        "Unknown order sent. Really.",
        "Filter failure: SOMETHING_NEW",
    ],
)
def test_a_text_that_is_not_documented_whole_falls_back_to_its_code(message: str) -> None:
    assert meaning(-2010, message) is errors.OrderRefused


def test_a_documented_text_under_another_code_means_what_that_code_means() -> None:
    assert meaning(-1000, "Unknown order sent.") is errors.OutcomeUnknown
    assert meaning(-1102, "Unknown order sent.") is errors.BadRequest


@pytest.mark.parametrize("code", [-1006, -1007, -2010, None])
def test_a_5xx_of_a_command_is_never_a_refusal(code: int | None) -> None:
    text = "Account has insufficient balance for requested action."
    assert issubclass(meaning(code, text, 500), errors.OutcomeUnknown)


def test_a_partial_success_proves_nothing() -> None:
    # HTTP 409: "partially failed but also partially succeeded"; nothing that is sent here can be answered so.
    assert meaning(-2021, "Order cancel-replace partially failed.", 409) is errors.OutcomeUnknown


def test_a_question_may_be_refused_by_a_code_that_nobody_knows() -> None:
    assert meaning(-9999, "Something new.", reads=True) is errors.BadRequest


def test_too_many_new_orders_keep_away_new_orders_only() -> None:
    row = find_row(wire.REST.errors, 429, Problem(code=-1015, message="Too many new orders."), reads=False)
    assert row is not None
    assert row.raises is errors.RateLimited
    pools = {pool.name: pool for pool in wire.REST.pools}
    assert [pools[name].scope for name in row.pools] == [Scope.ACCOUNT, Scope.ACCOUNT]
    assert set(row.pools) <= {charge.pool for charge in wire.PLACE.charges}
    assert not set(row.pools) & {charge.pool for row in (wire.CANCEL, wire.AMEND) for charge in row.charges}


def test_a_ban_keeps_everybody_away() -> None:
    row = find_row(wire.REST.errors, 418, Problem(code=-1003, message=""), reads=False)
    assert row is not None
    assert (row.raises, row.pools) == (errors.Banned, ())


@pytest.mark.parametrize("number", [0, 1])
def test_the_documented_refusals_of_a_cancel_are_read(data_path: DataPath, number: int) -> None:
    body = example(data_path, "doc_binance_spot", "rest-api.md", "Cancel order (TRADE)", 1 + number)
    problem = family.read_problem(400, body)
    assert problem is not None
    assert meaning(problem.code, problem.message) is (errors.BadRequest, errors.OrderRefused)[number]


# What calls cost.


@pytest.mark.parametrize("command", [wire.PLACE, wire.CANCEL])
def test_an_order_or_cancel_weighs_nothing_once_it_succeeded(command: Endpoint[Wire, object]) -> None:
    # CHANGELOG.md, 2026-03-27: in force since 2026-04-02.
    (weight,) = (charge for charge in command.charges if charge.pool == wire.WEIGHT)
    assert {outcome: weight.after(outcome, 1) for outcome in Outcome} == {
        Outcome.DONE: 0, Outcome.REFUSED: 1, Outcome.NOT_SENT: 1, Outcome.UNKNOWN: 1,
    }  # fmt: skip


def test_an_amend_keeps_its_weight_and_counts_as_no_order() -> None:
    # CHANGELOG.md, 2026-04-02: free only where the order expires by it.
    assert [(charge.pool, charge.cost, charge.settled) for charge in wire.AMEND.charges] == [
        (wire.WEIGHT, 4, {})
    ]


@pytest.mark.parametrize("pool", [wire.ORDERS_10S, wire.ORDERS_1D])
@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.REFUSED, Outcome.UNKNOWN])
def test_an_order_that_was_sent_stays_counted_whatever_came_of_it(pool: str, outcome: Outcome) -> None:
    (charge,) = (each for each in wire.PLACE.charges if each.pool == pool)
    assert charge.after(outcome, 1) == 1


def test_order_counts_are_the_accounts_with_the_venues_own_count_in_a_header() -> None:
    pools = {pool.name: pool for pool in wire.REST.pools if pool.scope is Scope.ACCOUNT}
    assert [(pool.header, pool.seconds, pool.given_back_by_fill) for pool in pools.values()] == [
        ("X-MBX-ORDER-COUNT-10S", 10, 1),
        ("X-MBX-ORDER-COUNT-1D", 86_400, 1),
    ]


@pytest.mark.parametrize(
    ("endpoint", "query", "weight"),
    [
        (wire.ORDER, wire.OrderQuery(symbol="A"), 4),
        (wire.OPEN_ORDERS, wire.OpenOrdersQuery(symbol="A"), 6),
        (wire.OPEN_ORDERS, wire.OpenOrdersQuery(), 80),
        (wire.ALL_ORDERS, wire.AllOrdersQuery(symbol="A"), 20),
        (wire.TRADES, wire.TradesQuery(symbol="A"), 20),
        (wire.TRADES, wire.TradesQuery(symbol="A", order_id=1), 5),
        (wire.ACCOUNT, wire.AccountQuery(), 20),
        (wire.COMMISSION, wire.CommissionQuery(symbol="A"), 20),
    ],
)
def test_a_question_weighs_what_its_page_says(
    endpoint: Endpoint[Wire, object], query: Wire, weight: int
) -> None:
    assert [charge.of(query) for charge in endpoint.charges] == [weight]
