"""A connector that trades: with credentials it has an account's half, without it has none."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from venuekit import errors
from venuekit.connector.account import AccountOptions, close_account, open_account
from venuekit.connector.account_desk import AccountDesk
from venuekit.connector.account_questions import AccountQuestions
from venuekit.connector.running_connector import RunningConnector
from venuekit.connector.trading_policy import TradingPolicy
from venuekit.connector.trading_view import TradingView
from venuekit.connector.user_stream_data_source import UserStreamTrackerDataSource
from venuekit.connector.user_stream_tracker import UserStreamTracker
from venuekit.state.reconciliation import Difference
from venuekit.web.auth import AuthBase, Credentials

__all__ = ["TradingConnector"]


class TradingConnector(TradingView, AccountQuestions, RunningConnector):
    """What every connector with orders has, with or without order books.

    `domain_name` is the venue's house, such as `main`. `receive_window` is how many seconds a signed request
    is good for: a command without an answer is in doubt for as long. `asset_limits` is the most of an asset
    that may be used, whatever there is.

    Raises:
        errors.Unsupported: there are credentials, and the connector does not trade.
        errors.KeyTypeRefused: the venue takes no keys of this type.
    """

    user_stream_class: ClassVar[type[UserStreamTrackerDataSource] | None] = None

    def __init__(
        self,
        name: str,
        *,
        domain_name: str,
        credentials: Credentials | None = None,
        account: AccountOptions | None = None,
        trading: TradingPolicy | None = None,
        receive_window: float = 5.0,
        asset_limits: Mapping[str, Decimal] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(name, **options)
        self.asset_limits = dict(asset_limits or {})
        self.trading_policy = trading or TradingPolicy()
        self.auth: AuthBase | None = None
        self._domain_name = domain_name
        self._credentials = credentials
        self._account_options = account or AccountOptions()
        self._trading: AccountDesk | None = None
        if credentials is not None:
            if self.auth_class is None:
                raise errors.Unsupported(f"{name} has market data only; connect without credentials")
            self.auth = self.auth_class(credentials, receive_window=receive_window)

    @property
    def is_trading_required(self) -> bool:
        """Whether it takes up an account: it was given credentials, and not to read only."""
        return self._credentials is not None and not self.trading_policy.reads_only

    @property
    def trading(self) -> AccountDesk:
        """The account's half.

        Raises:
            errors.KeyMissing: it has no credentials.
            errors.Unsupported: it only reads.
            errors.NotReady: it is not started.
        """
        if self._credentials is None:
            raise errors.KeyMissing(f"{self.name} has no credentials, so it has market data only")
        if self.trading_policy.reads_only:
            raise errors.Unsupported(f"{self.name} only reads: it has no orders of its own, and takes none")
        if self._trading is None:
            raise errors.NotReady(f"{self.name} is not started")
        return self._trading

    def make_user_stream(self, desk: AccountDesk) -> UserStreamTracker | None:  # noqa: ARG002
        """The account's own stream; None: the venue has none."""
        return None

    @abstractmethod
    def traded_pairs(self) -> Sequence[str]:
        """The pairs whose orders and fills are asked for at a reconciliation."""

    def order_traded(self, client_order_id: str, traded_at: float) -> None:
        """An order filled for the first time; some venues give back rate limits for it. Venue's seconds."""

    # --- life

    async def open_account(self) -> None:
        """Take up the account: its memory, its balances. Comes after the venue's rules are known.

        Who only reads needs no more than the venue's time, which requests are signed with.

        Raises:
            errors.AuthenticationFailed: the venue does not accept the key or its signature.
            errors.JournalUnusable: the account cannot be remembered.
        """
        if self._credentials is None:
            return
        await self.measure_clock()
        if self.trading_policy.reads_only:
            return
        account = open_account(
            self.company,
            self._domain_name,
            self._credentials,
            self._account_options,
            self.clock.time(),
            holder=self.name,
        )
        try:
            self._trading = AccountDesk(self, account, self._supervisor)
        except BaseException:
            close_account(account, (), self.clock.time(), holder=self.name)
            raise
        await self._trading.open()

    def _start_loops(self) -> None:
        super()._start_loops()
        if self._trading is not None:
            self._trading.start()

    async def _say_goodbye(self) -> None:
        if self._trading is not None:
            await self._trading.say_goodbye()

    async def _close(self) -> None:
        if self._trading is not None:
            self._trading.close()
        await super()._close()

    @property
    def status_dict(self) -> dict[str, bool]:
        """What readiness is made of; what belongs to trading is true where nobody asked to trade."""
        trading, is_needed = self._trading, self.is_trading_required
        return {
            "account_balance": not is_needed or (trading is not None and trading.has_balances),
            "user_stream_initialized": not is_needed or (trading is not None and trading.is_stream_ready),
            "orders_taken_up": not is_needed or (trading is not None and trading.is_taken_up),
        }

    @property
    def left_open(self) -> tuple[str, ...]:
        """Our ids of the orders that the last stop left open at the venue."""
        return () if self._trading is None else self._trading.left_open

    async def reconcile(
        self, trading_pairs: Sequence[str] = (), *, dry_run: bool = False
    ) -> list[Difference]:
        """Compare what we believe with what the venue says, and take over what differs.

        On the pairs that are followed, those of our open orders, and `trading_pairs`. The answer names each
        difference and the rule for it; with `dry_run` nothing is changed.

        Raises:
            errors.VenuekitError: a question failed; nothing was concluded from that.
        """
        return await self.trading.reconcile(trading_pairs, dry_run=dry_run)

    # --- what the account's half asks of its connector

    def clock_error(self) -> float:
        """How far `venue_time` may be off, in seconds."""
        return self.offset.error if self.offset.is_known else 0.0

    def local_time(self) -> float:
        """This machine's clock, in seconds."""
        return self.clock.time()
