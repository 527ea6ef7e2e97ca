"""venuekit: exchange connectors whose order books are right, or say that they are not.

The public names, imported when first used (PEP 562), so that `import venuekit` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from venuekit import errors as errors
    from venuekit.connector.account import AccountOptions as AccountOptions
    from venuekit.connector.client_order_tracker import ClientOrderTracker as ClientOrderTracker
    from venuekit.connector.connect import connect as connect
    from venuekit.connector.connector_base import ConnectorBase as ConnectorBase
    from venuekit.connector.exchange_base import ExchangeBase as ExchangeBase
    from venuekit.connector.order_book_data_source import (
        OrderBookTrackerDataSource as OrderBookTrackerDataSource,
    )
    from venuekit.connector.order_book_tracker import OrderBookTracker as OrderBookTracker
    from venuekit.connector.order_poll import PollPolicy as PollPolicy
    from venuekit.connector.perpetual_trading import PerpetualTrading as PerpetualTrading
    from venuekit.connector.registry import AllConnectorSettings as AllConnectorSettings
    from venuekit.connector.setting import ConnectorSetting as ConnectorSetting
    from venuekit.connector.trading_connector import TradingConnector as TradingConnector
    from venuekit.connector.trading_policy import AtStop as AtStop
    from venuekit.connector.trading_policy import OrderEntry as OrderEntry
    from venuekit.connector.trading_policy import TradingPolicy as TradingPolicy
    from venuekit.connector.user_stream_data_source import (
        UserStreamTrackerDataSource as UserStreamTrackerDataSource,
    )
    from venuekit.connector.user_stream_tracker import UserStreamTracker as UserStreamTracker
    from venuekit.journal.writer import Durability as Durability
    from venuekit.model.book import BookDiff as BookDiff
    from venuekit.model.book import BookSnapshot as BookSnapshot
    from venuekit.model.book import BookStatus as BookStatus
    from venuekit.model.book import Levels as Levels
    from venuekit.model.events import AccountEvent as AccountEvent
    from venuekit.model.events import BalanceMovedEvent as BalanceMovedEvent
    from venuekit.model.events import BalanceUpdateEvent as BalanceUpdateEvent
    from venuekit.model.events import BookStatusEvent as BookStatusEvent
    from venuekit.model.events import BuyOrderCompletedEvent as BuyOrderCompletedEvent
    from venuekit.model.events import BuyOrderCreatedEvent as BuyOrderCreatedEvent
    from venuekit.model.events import CommandRefused as CommandRefused
    from venuekit.model.events import FillQuarantined as FillQuarantined
    from venuekit.model.events import LateFill as LateFill
    from venuekit.model.events import MarketEvent as MarketEvent
    from venuekit.model.events import MarketOrderFailureEvent as MarketOrderFailureEvent
    from venuekit.model.events import OrderAmended as OrderAmended
    from venuekit.model.events import OrderBookEvent as OrderBookEvent
    from venuekit.model.events import OrderBookTradeEvent as OrderBookTradeEvent
    from venuekit.model.events import OrderCancelledEvent as OrderCancelledEvent
    from venuekit.model.events import OrderExpiredEvent as OrderExpiredEvent
    from venuekit.model.events import OrderFilledEvent as OrderFilledEvent
    from venuekit.model.events import OrderInDoubt as OrderInDoubt
    from venuekit.model.events import OrderReopened as OrderReopened
    from venuekit.model.events import OrderSettled as OrderSettled
    from venuekit.model.events import ReconciledEvent as ReconciledEvent
    from venuekit.model.events import SellOrderCompletedEvent as SellOrderCompletedEvent
    from venuekit.model.events import SellOrderCreatedEvent as SellOrderCreatedEvent
    from venuekit.model.events import VenuekitEvent as VenuekitEvent
    from venuekit.model.fees import AddedToCostTradeFee as AddedToCostTradeFee
    from venuekit.model.fees import DeductedFromReturnsTradeFee as DeductedFromReturnsTradeFee
    from venuekit.model.fees import TokenAmount as TokenAmount
    from venuekit.model.fees import TradeFeeBase as TradeFeeBase
    from venuekit.model.fees import TradeFeeSchema as TradeFeeSchema
    from venuekit.model.market import FundingInfo as FundingInfo
    from venuekit.model.market import FundingInfoUpdate as FundingInfoUpdate
    from venuekit.model.market import NetworkStatus as NetworkStatus
    from venuekit.model.market import PublicTrade as PublicTrade
    from venuekit.model.market import Ticker as Ticker
    from venuekit.model.order import CancellationResult as CancellationResult
    from venuekit.model.order import Command as Command
    from venuekit.model.order import LimitOrder as LimitOrder
    from venuekit.model.order import MarketOrder as MarketOrder
    from venuekit.model.order import NewOrder as NewOrder
    from venuekit.model.order import OrderState as OrderState
    from venuekit.model.order import OrderType as OrderType
    from venuekit.model.order import PriceType as PriceType
    from venuekit.model.order import TimeInForce as TimeInForce
    from venuekit.model.order import TradeType as TradeType
    from venuekit.model.order import TriggerBy as TriggerBy
    from venuekit.model.order import TriggerDirection as TriggerDirection
    from venuekit.model.order_book_message import OrderBookMessage as OrderBookMessage
    from venuekit.model.order_book_message import OrderBookMessageType as OrderBookMessageType
    from venuekit.model.order_update import OrderUpdate as OrderUpdate
    from venuekit.model.order_update import TradeUpdate as TradeUpdate
    from venuekit.model.position import PositionAction as PositionAction
    from venuekit.model.position import PositionMode as PositionMode
    from venuekit.model.position import PositionSide as PositionSide
    from venuekit.model.trading_rule import ContractKind as ContractKind
    from venuekit.model.trading_rule import TradingRule as TradingRule
    from venuekit.model.trading_rule import TradingStatus as TradingStatus
    from venuekit.state.budget_checker import BudgetChecker as BudgetChecker
    from venuekit.state.budget_checker import PerpetualBudgetChecker as PerpetualBudgetChecker
    from venuekit.state.in_flight_order import InFlightOrder as InFlightOrder
    from venuekit.state.order_book import OrderBook as OrderBook
    from venuekit.state.order_book_keeper import OrderBookKeeper as OrderBookKeeper
    from venuekit.state.order_candidate import OrderCandidate as OrderCandidate
    from venuekit.state.order_candidate import PerpetualOrderCandidate as PerpetualOrderCandidate
    from venuekit.state.order_check import OrderRule as OrderRule
    from venuekit.state.order_check import Violation as Violation
    from venuekit.state.reconciliation import Difference as Difference
    from venuekit.state.reconciliation import DifferenceKind as DifferenceKind
    from venuekit.web.assistant import WebAssistant as WebAssistant
    from venuekit.web.auth import AuthBase as AuthBase
    from venuekit.web.auth import Credentials as Credentials
    from venuekit.web.auth import Secret as Secret

__version__ = "0.1.0"

_HOMES = {
    "connect": "connector.connect",
    "AllConnectorSettings": "connector.registry",
    "ConnectorSetting": "connector.setting",
    "ConnectorBase": "connector.connector_base",
    "ExchangeBase": "connector.exchange_base",
    "TradingConnector": "connector.trading_connector",
    "PerpetualTrading": "connector.perpetual_trading",
    "OrderBookTracker": "connector.order_book_tracker",
    "OrderBookTrackerDataSource": "connector.order_book_data_source",
    "OrderBook": "state.order_book",
    "OrderBookKeeper": "state.order_book_keeper",
    "BookStatus": "model.book",
    "BookSnapshot": "model.book",
    "BookDiff": "model.book",
    "Levels": "model.book",
    "OrderBookMessage": "model.order_book_message",
    "OrderBookMessageType": "model.order_book_message",
    "PublicTrade": "model.market",
    "Ticker": "model.market",
    "FundingInfo": "model.market",
    "FundingInfoUpdate": "model.market",
    "TradingRule": "model.trading_rule",
    "TradingStatus": "model.trading_rule",
    "ContractKind": "model.trading_rule",
    "NetworkStatus": "model.market",
    "OrderType": "model.order",
    "Command": "model.order",
    "TradeType": "model.order",
    "PriceType": "model.order",
    "TokenAmount": "model.fees",
    "TradeFeeSchema": "model.fees",
    "AddedToCostTradeFee": "model.fees",
    "DeductedFromReturnsTradeFee": "model.fees",
    "TradeFeeBase": "model.fees",
    "PositionAction": "model.position",
    "PositionMode": "model.position",
    "PositionSide": "model.position",
    "BudgetChecker": "state.budget_checker",
    "PerpetualBudgetChecker": "state.budget_checker",
    "OrderCandidate": "state.order_candidate",
    "PerpetualOrderCandidate": "state.order_candidate",
    "MarketEvent": "model.events",
    "OrderBookEvent": "model.events",
    "OrderBookTradeEvent": "model.events",
    "BookStatusEvent": "model.events",
    "WebAssistant": "web.assistant",
    "Credentials": "web.auth",
    "Secret": "web.auth",
    "AuthBase": "web.auth",
    "AccountOptions": "connector.account",
    "TradingPolicy": "connector.trading_policy",
    "AtStop": "connector.trading_policy",
    "OrderEntry": "connector.trading_policy",
    "PollPolicy": "connector.order_poll",
    "Durability": "journal.writer",
    "ClientOrderTracker": "connector.client_order_tracker",
    "UserStreamTracker": "connector.user_stream_tracker",
    "UserStreamTrackerDataSource": "connector.user_stream_data_source",
    "InFlightOrder": "state.in_flight_order",
    "Violation": "state.order_check",
    "OrderRule": "state.order_check",
    "Difference": "state.reconciliation",
    "DifferenceKind": "state.reconciliation",
    "OrderUpdate": "model.order_update",
    "TradeUpdate": "model.order_update",
    "CancellationResult": "model.order",
    "LimitOrder": "model.order",
    "MarketOrder": "model.order",
    "NewOrder": "model.order",
    "OrderState": "model.order",
    "TimeInForce": "model.order",
    "TriggerBy": "model.order",
    "TriggerDirection": "model.order",
    "AccountEvent": "model.events",
    "VenuekitEvent": "model.events",
    "BalanceMovedEvent": "model.events",
    "BalanceUpdateEvent": "model.events",
    "BuyOrderCompletedEvent": "model.events",
    "BuyOrderCreatedEvent": "model.events",
    "FillQuarantined": "model.events",
    "OrderAmended": "model.events",
    "CommandRefused": "model.events",
    "LateFill": "model.events",
    "MarketOrderFailureEvent": "model.events",
    "OrderCancelledEvent": "model.events",
    "OrderExpiredEvent": "model.events",
    "OrderFilledEvent": "model.events",
    "OrderInDoubt": "model.events",
    "OrderReopened": "model.events",
    "OrderSettled": "model.events",
    "ReconciledEvent": "model.events",
    "SellOrderCompletedEvent": "model.events",
    "SellOrderCreatedEvent": "model.events",
}

__all__ = ["__version__", "errors", *_HOMES]  # noqa: PLE0604 - every key is a text


def __getattr__(name: str) -> object:
    if name == "errors":
        return importlib.import_module("venuekit.errors")
    home = _HOMES.get(name)
    if home is None:
        message = f"module 'venuekit' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(f"venuekit.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
