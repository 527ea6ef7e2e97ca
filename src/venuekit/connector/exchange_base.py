"""An exchange: its rules, its books, its prices; everything that moves, waits or fails, written once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from venuekit import errors
from venuekit.connector.market_view import MarketView
from venuekit.connector.order_book_data_source import OrderBookTrackerDataSource
from venuekit.connector.order_book_tracker import OrderBookTracker, TrackerEvent
from venuekit.connector.setting import ConnectorSetting
from venuekit.connector.tracked_pair import TrackerPolicy
from venuekit.connector.trading_connector import TradingConnector
from venuekit.connector.trading_policy import OrderEntry
from venuekit.connector.user_stream_tracker import UserStreamOwner, UserStreamTracker
from venuekit.journal.location import fingerprint
from venuekit.model.book import BookDiff, BookSnapshot
from venuekit.model.events import (
    BookStatusEvent,
    OrderBookDataSourceEvent,
    OrderBookEvent,
    OrderBookTradeEvent,
    VenuekitEvent,
)
from venuekit.model.fees import TradeFeeSchema
from venuekit.model.market import FundingInfoUpdate, Ticker
from venuekit.model.trading_rule import ContractKind, TradingRule
from venuekit.protocol.endpoint import Endpoint
from venuekit.protocol.rates import RatePool
from venuekit.protocol.requirement import Evidence, Need
from venuekit.protocol.rest import RestPolicy
from venuekit.protocol.socket import SocketPolicy
from venuekit.protocol.stream import StreamPolicy
from venuekit.seams.chance import Chance
from venuekit.seams.clock import Clock
from venuekit.state.order_book import OrderBook
from venuekit.state.symbol_map import SymbolMap
from venuekit.web.assistant import WebAssistant
from venuekit.web.auth import AuthBase
from venuekit.web.command_route import CommandRoute
from venuekit.web.rate_gate import RateGate, gate_for
from venuekit.web.socket_assistant import SocketAssistant, SocketDialect
from venuekit.web.stream import StreamServices
from venuekit.web.transport import AiohttpTransport, Transport

__all__ = ["ExchangeBase"]


class ExchangeBase(MarketView, TradingConnector):
    """A spot exchange, and the trunk of a perpetual one.

    A venue supplies facts (`rest`, `data_source_class`, `contract_kind`, …) and answers questions
    (`server_time`, `trading_rules_of`, …). `async with` starts it, waits up to `ready_within` seconds
    until it is ready, and stops it. Intervals are seconds.
    """

    contract_kind: ClassVar[ContractKind]
    rest: ClassVar[RestPolicy]
    data_source_class: ClassVar[type[OrderBookTrackerDataSource]]
    rules_endpoint: ClassVar[Endpoint[Any, Any]]
    known_quotes: ClassVar[tuple[str, ...]]
    requirements: ClassVar[Mapping[Need, Evidence]]

    socket_policy: ClassVar[SocketPolicy | None] = None
    """How the venue takes commands over a WebSocket; None: it does not."""

    trading_rules_interval: ClassVar[float] = 1800.0

    def __init__(
        self,
        trading_pairs: Sequence[str] = (),
        *,
        setting: ConnectorSetting,
        ready_within: float = 30.0,
        proxy: str | None = None,
        tracker_policy: TrackerPolicy | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
        chance: Chance | None = None,
        capture: Callable[[bytes, float], None] | None = None,
        **trading_options: Any,
    ) -> None:
        super().__init__(
            setting.name,
            domain_name=setting.domain.name,
            ready_within=ready_within,
            clock=clock,
            chance=chance,
            **trading_options,
        )
        self.setting = setting
        self._wanted_pairs = tuple(dict.fromkeys(trading_pairs))
        self._transport = transport or AiohttpTransport(proxy=proxy)
        self._tracker_policy = tracker_policy
        self._capture = capture
        self._rules: dict[str, TradingRule] = {}
        self._symbols = SymbolMap()
        self._web: WebAssistant | None = None
        self._commands: CommandRoute | None = None
        self._socket: SocketAssistant | None = None
        self._tracker: OrderBookTracker | None = None

    # What a venue answers.

    @classmethod
    @abstractmethod
    def trading_rules_of(cls, answer: Any) -> Iterable[TradingRule]:
        """Every rule in an answer of `rules_endpoint`, of all contract kinds and statuses."""

    @classmethod
    def published_limits_of(cls, answer: Any) -> Mapping[str, int]:  # noqa: ARG003 - a venue's own reads it
        """Rate pool to limit, where an answer of `rules_endpoint` tells it: today's word beats our table."""
        return {}

    async def trading_rules_answers(self) -> Sequence[Any]:
        """The answers that hold all trading rules: one page, unless a venue says otherwise."""
        return [await self.web.call(self.rules_endpoint, self.rules_endpoint.query())]

    def make_socket_dialect(self, auth: AuthBase) -> SocketDialect:  # noqa: ARG002 - a venue's own asks it
        """How requests on a WebSocket are framed; asked for where there is a `socket_policy`.

        Raises:
            errors.Unsupported: the venue takes none there.
        """
        raise errors.Unsupported(f"{self.name} takes no commands over a WebSocket")

    # Life.

    async def _open(self) -> None:
        await super()._open()
        self._web = WebAssistant(
            self.setting.domain.rest_url,
            self.rest,
            transport=self._transport,
            gate=self._gate(self.setting.domain.rest_url, self.rest.pools),
            clock=self.clock,
            auth=self.auth,
            venue_time=self.venue_time,
            clock_refused=self.clock_refused,
        )
        self._socket = self._make_socket(self._web)
        self._commands = CommandRoute(self._web, self._socket)
        await self._update_trading_rules()
        self._tracker = self._make_tracker(self._web)
        await self.open_account()

    def _start_loops(self) -> None:
        """The loops beside the tracker's; a perpetual adds its own."""
        self.order_book_tracker.start()
        super()._start_loops()
        if self._socket is not None:
            self._supervisor.run("order entry", self._socket.run)
        self._supervisor.repeat(
            "trading rules",
            self._update_trading_rules,
            lambda: self.trading_rules_interval,
            seconds_before_first=self.trading_rules_interval,
        )

    async def _close(self) -> None:
        await super()._close()
        if self._web is not None:
            self._web.close()
        self._web = self._commands = self._socket = None
        await self._transport.close()

    def _missing(self) -> str:
        books = [
            f"{pair} is {tracked.book.status.value} ({tracked.trouble or tracked.book.reason})"
            for pair, tracked in (self._tracker.tracked.items() if self._tracker else ())
            if not tracked.book.is_live
        ]
        return super()._missing() + (": " + "; ".join(books[:3]) if books else "")

    @property
    def status_dict(self) -> dict[str, bool]:
        """What readiness is made of; what belongs to trading is true where nobody asked to trade."""
        return {
            **super().status_dict,
            "symbols_mapping_initialized": len(self._symbols) > 0,
            "order_books_initialized": self._tracker is not None and self._tracker.ready,
            "trading_rule_initialized": bool(self._rules),
        }

    # Parts.

    @property
    def web(self) -> WebAssistant:
        """The way to the venue's REST interface.

        Raises:
            errors.NotReady: the connector is not started.
        """
        if self._web is None:
            raise errors.NotReady(f"{self.name} is not started")
        return self._web

    @property
    def commands(self) -> CommandRoute:
        """The way that commands go: over a WebSocket where the venue has one and it is up, or else REST.

        Raises:
            errors.NotReady: the connector is not started.
        """
        if self._commands is None:
            raise errors.NotReady(f"{self.name} is not started")
        return self._commands

    @property
    def order_book_tracker(self) -> OrderBookTracker:
        """Who keeps the books.

        Raises:
            errors.NotReady: the connector is not started.
        """
        if self._tracker is None:
            raise errors.NotReady(f"{self.name} is not started")
        return self._tracker

    def _gate(self, host: str, pools: Sequence[RatePool]) -> RateGate:
        key = None if self.auth is None else fingerprint(self.auth.credentials.api_key)
        return gate_for(host, pools, self.clock, key, venue_time=self._earliest_venue_time)

    def _services(self, host: str, policy: StreamPolicy) -> StreamServices:
        """What the streams of one host share."""
        return StreamServices.of_host(
            host, policy, transport=self._transport, clock=self.clock, chance=self._chance
        )

    def make_user_stream(self, owner: UserStreamOwner) -> UserStreamTracker | None:
        """The account's own stream, on a connection of its own."""
        if self.user_stream_class is None or self.auth is None:
            return None
        source = self.user_stream_class(self._symbols, self.auth, self.venue_time)
        url = source.url(self.setting.domain)
        services = self._services(f"{url} of the account", source.stream_policy)
        return UserStreamTracker(owner, source, url, services, self._supervisor, self.clock)

    def _make_socket(self, web: WebAssistant) -> SocketAssistant | None:
        """The WebSocket that takes commands, where there is one and it is wanted."""
        url = self.setting.domain.ws_api_url
        policy = self.trading_policy
        is_wanted = policy.order_entry is OrderEntry.AUTO and not policy.reads_only
        if self.socket_policy is None or self.auth is None or url is None or not is_wanted:
            return None
        return SocketAssistant(
            url,
            self.make_socket_dialect(self.auth),
            self.rest,
            self.socket_policy,
            services=self._services(url, self.data_source_class.stream_policy),
            gate=web.gate,
            auth=self.auth,
            venue_time=self.venue_time,
            clock_refused=self.clock_refused,
        )

    def order_traded(self, client_order_id: str, traded_at: float) -> None:  # noqa: ARG002 - whichever it was
        """The first fill of an order gives back what some venues count against those that do not trade."""
        for pool in self.rest.pools:
            if pool.falls:
                self.web.gate.give_back(pool.name, pool.given_back_by_fill, traded_at)

    def reference_price(self, trading_pair: str) -> Decimal | None:
        """The mid price of a live book; None while there is none."""
        try:
            return self.get_mid_price(trading_pair)
        except (errors.NotReady, errors.UnknownPair):
            return None

    def traded_pairs(self) -> Sequence[str]:
        """The pairs that are followed."""
        return self.trading_pairs

    def trade_fee_schema(self) -> TradeFeeSchema:
        """What the venue charges by default."""
        return self.setting.trade_fee_schema

    def _make_tracker(self, web: WebAssistant) -> OrderBookTracker:
        for pair in self._wanted_pairs:
            self._symbols.symbol(pair)
        services = self._services(self.setting.domain.ws_url, self.data_source_class.stream_policy)
        return OrderBookTracker(
            self.data_source_class(self._symbols, web),
            self._wanted_pairs,
            ws_url=self.setting.domain.ws_url,
            services=services,
            supervisor=self._supervisor,
            publish=self._publish,
            policy=self._tracker_policy,
            capture=self._capture,
        )

    # Rules and symbols.

    @property
    def trading_rules(self) -> dict[str, TradingRule]:
        """Pair to rule, for every pair of this connector's contract kind, tradable or not."""
        return self._rules

    def trading_rule(self, trading_pair: str) -> TradingRule:
        """The rule of a pair.

        Raises:
            errors.UnknownPair: the venue lists no such pair.
        """
        self._symbols.symbol(trading_pair)
        if trading_pair not in self._rules:
            raise errors.UnknownPair(f"{self.name} does not list {trading_pair} any more")
        return self._rules[trading_pair]

    def all_trading_pairs(self) -> list[str]:
        """Every pair that can be traded now; disabled ones are left out."""
        return [pair for pair, rule in self._rules.items() if rule.is_tradable]

    def exchange_symbol_associated_to_pair(self, trading_pair: str) -> str:
        """The venue's word for a pair.

        Raises:
            errors.UnknownPair: the venue lists no such pair.
            errors.AmbiguousSymbol: two symbols claim it.
        """
        return self._symbols.symbol(trading_pair)

    def trading_pair_associated_to_exchange_symbol(self, symbol: str) -> str:
        """The pair of a venue's word.

        Raises:
            errors.UnknownPair: the venue lists no such symbol of this contract kind.
            errors.AmbiguousSymbol: two pairs claim it.
        """
        return self._symbols.pair(symbol)

    async def _update_trading_rules(self) -> None:
        answers = await self.trading_rules_answers()
        for answer in answers:
            for pool, limit in self.published_limits_of(answer).items():
                if self.web.gate.counts(pool):
                    self.web.gate.set_limit(pool, limit)
        rules = [
            rule
            for answer in answers
            for rule in self.trading_rules_of(answer)
            if rule.contract_kind is self.contract_kind
        ]
        for rule in rules:
            self._symbols.add(rule.trading_pair, rule.symbol)
        # A pair that two symbols claim has no rule: either of the two could be the wrong one.
        self._rules = {rule.trading_pair: rule for rule in rules if rule.trading_pair in self._symbols}

    # Pairs at run time.

    async def add_trading_pair(self, trading_pair: str) -> bool:
        """Follow one more pair: book, trades and rules together; False if it is followed already.

        Raises:
            errors.UnknownPair: the venue lists no such pair.
            errors.NotReady: the connector is not started.
        """
        if trading_pair not in self._symbols:
            await self._update_trading_rules()  # it may be listed since they were loaded
        is_new = self.order_book_tracker.add_trading_pair(trading_pair)
        self._wanted_pairs = self.order_book_tracker.trading_pairs
        return is_new

    async def remove_trading_pair(self, trading_pair: str) -> bool:
        """Stop following a pair; False if it was not followed."""
        was_followed = await self.order_book_tracker.remove_trading_pair(trading_pair)
        self._wanted_pairs = self.order_book_tracker.trading_pairs
        return was_followed

    @property
    def trading_pairs(self) -> tuple[str, ...]:
        """The pairs that are followed."""
        return self._wanted_pairs if self._tracker is None else self._tracker.trading_pairs

    # Prices and books.

    @property
    def order_books(self) -> dict[str, OrderBook]:
        """Pair to book, live or not."""
        return self.order_book_tracker.order_books

    async def get_last_traded_prices(self, trading_pairs: Sequence[str]) -> dict[str, Decimal]:
        """The last price of each pair, asked for now, in quote per base.

        Raises:
            errors.UnknownPair: the venue lists no such pair.
            errors.NotReady: the connector is not started.
        """
        if self._web is None:
            raise errors.NotReady(f"{self.name} is not started")
        return await self.order_book_tracker.data_source.last_traded_prices(trading_pairs)

    async def measure_clock(self) -> None:
        """Ask for the venue's time; rate windows are counted on it from now on."""
        await super().measure_clock()
        self.web.gate.follow(self._earliest_venue_time)

    # Events.

    def _publish(self, event: TrackerEvent) -> None:
        match event:
            case OrderBookTradeEvent():
                self.tell(OrderBookEvent.TradeEvent, event)
            case BookDiff():
                self.trigger_event(OrderBookDataSourceEvent.DIFF_EVENT, event)
            case BookSnapshot():
                self.trigger_event(OrderBookDataSourceEvent.SNAPSHOT_EVENT, event)
            case BookStatusEvent():
                self.tell(VenuekitEvent.BookStatus, event)
            case FundingInfoUpdate() | Ticker():
                self._heard_ticker(event)

    def _heard_ticker(self, event: FundingInfoUpdate | Ticker) -> None:
        """A perpetual keeps its funding here."""
