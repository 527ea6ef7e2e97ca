"""What may be said in a new order: parameters, what each type demands, and the order that they mean.

rest-api.md, New order (2026-06-01): the table of parameters and the one of "additional mandatory parameters".
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from venuekit.emulator.dialects.binance_errors import Complaint
from venuekit.emulator.dialects.binance_rules import Kind, Parameter
from venuekit.emulator.dialects.binance_spot_filters import ALGO_TYPES, Proposal
from venuekit.emulator.order import (
    OrderKind,
    OrderRequest,
    SelfTrade,
    TimeInForce,
    Trigger,
    stop_loss,
    take_profit,
)
from venuekit.protocol.frozen import Frozen

__all__ = ["CLIENT_ID", "ORDER_PARAMETERS", "SELF_TRADES", "SYMBOL", "Terms", "read_terms"]

SYMBOL = Parameter(name="symbol", kind=Kind.SYMBOL, is_mandatory=True)
CLIENT_ID = Parameter(name="newClientOrderId", kind=Kind.CLIENT_ID, empty_as="EMPTY_CLIENT_ID")

SELF_TRADES: Mapping[str, SelfTrade] = {
    "EXPIRE_TAKER": SelfTrade.EXPIRE_TAKER,
    "EXPIRE_MAKER": SelfTrade.EXPIRE_MAKER,
    "EXPIRE_BOTH": SelfTrade.EXPIRE_BOTH,
    "DECREMENT": SelfTrade.DECREMENT,
    "NONE": SelfTrade.NONE,
}
_TIMES_IN_FORCE: Mapping[str, TimeInForce] = {
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
}


class _Type(Frozen):
    """What a type demands, what it may have, and how its order works."""

    kind: OrderKind
    demands: tuple[str, ...]
    allows: tuple[str, ...] = ()
    takes_stop: bool = False
    answers_in_full: bool = False


_TYPES: Mapping[str, _Type] = {
    "LIMIT": _Type(
        kind=OrderKind.LIMIT,
        demands=("timeInForce", "quantity", "price"),
        allows=("icebergQty",),
        answers_in_full=True,
    ),
    "MARKET": _Type(
        kind=OrderKind.MARKET, demands=(), allows=("quantity", "quoteOrderQty"), answers_in_full=True
    ),
    "STOP_LOSS": _Type(kind=OrderKind.MARKET, demands=("quantity",), takes_stop=True),
    "STOP_LOSS_LIMIT": _Type(
        kind=OrderKind.LIMIT,
        demands=("timeInForce", "quantity", "price"),
        allows=("icebergQty",),
        takes_stop=True,
    ),
    "TAKE_PROFIT": _Type(kind=OrderKind.MARKET, demands=("quantity",), takes_stop=True),
    "TAKE_PROFIT_LIMIT": _Type(
        kind=OrderKind.LIMIT,
        demands=("timeInForce", "quantity", "price"),
        allows=("icebergQty",),
        takes_stop=True,
    ),
    "LIMIT_MAKER": _Type(kind=OrderKind.LIMIT_MAKER, demands=("quantity", "price"), allows=("icebergQty",)),
}
_OF_SOME_TYPES = (
    "timeInForce",
    "quantity",
    "quoteOrderQty",
    "price",
    "stopPrice",
    "trailingDelta",
    "icebergQty",
)

ORDER_PARAMETERS = (
    SYMBOL,
    Parameter(name="side", kind=Kind.WORD, is_mandatory=True, choices=("BUY", "SELL"), refused_as="BAD_SIDE"),
    Parameter(name="type", kind=Kind.WORD, is_mandatory=True, choices=tuple(_TYPES), refused_as="BAD_TYPE"),
    Parameter(
        name="timeInForce",
        kind=Kind.WORD,
        choices=tuple(_TIMES_IN_FORCE),
        refused_as="BAD_TIME_IN_FORCE",
    ),
    *(
        Parameter(name=name, kind=Kind.DECIMAL)
        for name in ("quantity", "quoteOrderQty", "price", "stopPrice", "icebergQty")
    ),
    CLIENT_ID,
    *(
        Parameter(name=name, kind=Kind.NUMBER)
        for name in ("strategyId", "strategyType", "trailingDelta", "pegOffsetValue")
    ),
    Parameter(name="newOrderRespType", kind=Kind.WORD, choices=("ACK", "RESULT", "FULL")),
    Parameter(name="selfTradePreventionMode", kind=Kind.WORD, choices=(*SELF_TRADES, "TRANSFER")),
    Parameter(name="pegPriceType", kind=Kind.WORD, choices=("PRIMARY_PEG", "MARKET_PEG")),
    Parameter(name="pegOffsetType", kind=Kind.WORD, choices=("PRICE_LEVEL",)),
)
_LEAST_STRATEGY = 1_000_000


class Terms(Frozen):
    """A new order's words, checked; `echoed` are those that every answer about the order repeats."""

    proposal: Proposal
    echoed: Mapping[str, Any]
    self_trade: str
    response: str
    client_order_id: str

    def request(self, account: str) -> OrderRequest:
        """The order, as the engine takes it; its numbers have to have passed the filters."""
        order_type = _TYPES[self.proposal.type]
        is_limit = order_type.kind is OrderKind.LIMIT
        return OrderRequest(
            account=account,
            is_buy=self.proposal.is_buy,
            kind=order_type.kind,
            amount=self.proposal.amount,
            price=self.proposal.price,
            quote_amount=self.proposal.quote_amount,
            time_in_force=_TIMES_IN_FORCE[self.echoed["timeInForce"]] if is_limit else TimeInForce.GTC,
            trigger=self._trigger(),
            self_trade=SELF_TRADES[self.self_trade],
            client_order_id=self.client_order_id,
        )

    def _trigger(self) -> Trigger | None:
        proposal = self.proposal
        if proposal.stop_price is None:
            return None
        make = stop_loss if proposal.type.startswith("STOP") else take_profit
        return make(proposal.stop_price, is_buy=proposal.is_buy)


def read_terms(parameters: Mapping[str, Any], default_self_trade: str, new_client_id: str) -> Terms:
    """What a new order says, by the demands of its type.

    Raises:
        Complaint: something is missing, does not go with the type, or is not offered.
    """
    name: str = parameters["type"]
    order_type = _TYPES[name]
    _refuse_what_is_not_offered(parameters)
    _refuse_missing(name, order_type, parameters)
    allowed = {*order_type.demands, *order_type.allows, *(("stopPrice",) if order_type.takes_stop else ())}
    for word in _OF_SOME_TYPES:
        if word in parameters and word not in allowed:
            raise Complaint("UNWANTED_PARAMETER", word)
    if parameters.get("strategyType", _LEAST_STRATEGY) < _LEAST_STRATEGY:
        raise Complaint("BAD_STRATEGY")
    self_trade = parameters.get("selfTradePreventionMode", default_self_trade)
    proposal = Proposal(
        is_buy=parameters["side"] == "BUY",
        type=name,
        amount=parameters.get("quantity"),
        quote_amount=parameters.get("quoteOrderQty"),
        price=parameters.get("price"),
        stop_price=parameters.get("stopPrice"),
    )
    echoed: dict[str, Any] = {
        "type": name,
        "side": parameters["side"],
        "timeInForce": parameters.get("timeInForce", "GTC"),
        "selfTradePreventionMode": self_trade,
    }
    echoed |= {word: parameters[word] for word in ("strategyId", "strategyType") if word in parameters}
    default_response = "FULL" if order_type.answers_in_full else "ACK"
    return Terms(
        proposal=proposal,
        echoed=echoed,
        self_trade=self_trade,
        response=parameters.get("newOrderRespType", default_response),
        client_order_id=parameters.get("newClientOrderId", new_client_id),
    )


def _refuse_what_is_not_offered(parameters: Mapping[str, Any]) -> None:
    """Icebergs, trailing stops and pegs, which `exchangeInfo` says are off."""
    if parameters.get("icebergQty", Decimal(0)) > 0:
        raise Complaint("NO_ICEBERGS")
    if "trailingDelta" in parameters and parameters["type"] in ALGO_TYPES:
        raise Complaint("NO_TRAILING")
    if parameters.keys() & {"pegPriceType", "pegOffsetType", "pegOffsetValue"}:
        raise Complaint("NO_PEGS")


def _refuse_missing(name: str, order_type: _Type, parameters: Mapping[str, Any]) -> None:
    for word in order_type.demands:
        if word not in parameters:
            raise Complaint("MANDATORY_PARAMETER", word)
    if order_type.takes_stop and "stopPrice" not in parameters:
        raise Complaint("NEITHER_PARAMETER", "stopPrice", "trailingDelta")
    if name == "MARKET":
        sizes = [word for word in ("quantity", "quoteOrderQty") if word in parameters]
        if not sizes:
            raise Complaint("NEITHER_PARAMETER", "quantity", "quoteOrderQty")
        if len(sizes) > 1:
            raise Complaint("BAD_COMBINATION")
