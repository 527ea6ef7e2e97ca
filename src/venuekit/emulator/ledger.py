"""A venue's books of account: who owns how much of what, and every change that led there.

Each change is an entry under a key of its own, and moves amounts between accounts without making or losing
any: besides the customers there are three house accounts. `MARKET` is the anonymous counterparty of every
trade (two customers who trade with each other meet through it), `FEES` earns the fees, and `OUTSIDE` is where
deposits come from and withdrawals go. Over all of them the total of every asset is zero, always.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from enum import Enum
from typing import NamedTuple, TypeAlias

from venuekit.emulator import order
from venuekit.model.decimals import CONTEXT
from venuekit.model.fees import TokenAmount
from venuekit.protocol.frozen import Frozen

__all__ = [
    "FEES",
    "MARKET",
    "OUTSIDE",
    "Balance",
    "Entry",
    "EntryKind",
    "FeeAsset",
    "FeePlan",
    "Ledger",
    "Move",
    "RateSource",
]

MARKET = "(market)"
FEES = "(fees)"
OUTSIDE = "(outside)"
_HOUSE = (MARKET, FEES, OUTSIDE)
_NOTHING = Decimal(0)

RateSource: TypeAlias = Callable[[str, str], Decimal | None]
"""How much of the second asset one unit of the first is worth; None where nobody knows."""


class FeeAsset(Enum):
    """What fees are taken in."""

    RECEIVED = "what the trade brings"
    QUOTE = "quote"
    BASE = "base"
    TOKEN = "a token of its own"  # noqa: S105 - an asset


class FeePlan(Frozen):
    """What an account pays for its trades: `maker` and `taker` are fractions of a trade's value.

    With `FeeAsset.TOKEN` they are paid in `token`, less the fraction `discount`, as long as the account has
    enough of it free and its rate is known; otherwise in what the trade brings, without discount.

    Raises:
        ValueError: fees in a token name none.
    """

    maker: Decimal = _NOTHING
    taker: Decimal = _NOTHING
    asset: FeeAsset = FeeAsset.RECEIVED
    token: str | None = None
    discount: Decimal = _NOTHING

    def __post_init__(self) -> None:
        if self.asset is FeeAsset.TOKEN and self.token is None:
            raise ValueError("fees in a token need its name")

    def rate(self, *, is_maker: bool) -> Decimal:
        """The fraction of one side of a trade."""
        return self.maker if is_maker else self.taker

    def reserve_rate(self, *, is_buy: bool) -> Decimal:
        """What an order must hold beyond what it pays: the higher fee, where fees are in the same asset."""
        paid = FeeAsset.QUOTE if is_buy else FeeAsset.BASE
        return max(self.maker, self.taker) if self.asset is paid else _NOTHING


class Balance(Frozen):
    """How much of an asset an account can use, and how much its open orders hold."""

    free: Decimal = _NOTHING
    locked: Decimal = _NOTHING

    @property
    def total(self) -> Decimal:
        """All that the account owns."""
        return CONTEXT.add(self.free, self.locked)


class EntryKind(Enum):
    """Why amounts moved."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    TRANSFER = "transfer"
    ORDER = "order"
    """An order holds more or less than before."""
    FILL = "fill"


class Move(Frozen):
    """What an entry adds to one account's balance of one asset."""

    account: str
    asset: str
    free: Decimal = _NOTHING
    locked: Decimal = _NOTHING


class Entry(Frozen):
    """One change, `time` in seconds; the moves of each asset add up to zero. Only fills have a `fee`."""

    key: str
    kind: EntryKind
    time: float
    moves: tuple[Move, ...]
    fee: TokenAmount | None = None


class _Hold(NamedTuple):
    """What an account's order holds; `revision` counts its changes."""

    account: str
    amount: Decimal
    revision: int


class Ledger:
    """The accounts of one venue; a treasury for the matching engines of all its markets.

    Amounts are kept to an asset's digits after the point in `precisions`, eight where it is not named. What
    an order holds is rounded up to them, what trades and fees move is rounded down: so an order always holds
    enough. `rates` is asked for fees in a token. The last `kept` entries are remembered: a key that is older
    may be used again.
    """

    def __init__(
        self,
        *,
        precisions: Mapping[str, int] | None = None,
        rates: RateSource | None = None,
        kept: int = 50_000,
    ) -> None:
        self._kept_entries = kept
        self.entries: dict[str, Entry] = {}
        self._precisions = dict(precisions or {})
        self._rates = rates
        self._plans: dict[str, FeePlan] = {}
        self._balances: dict[str, dict[str, Balance]] = {name: {} for name in _HOUSE}
        self._holds: dict[tuple[str, int], _Hold] = {}
        self._listener: Callable[[Entry], None] | None = None

    def follow(self, listener: Callable[[Entry], None]) -> None:
        """Tell somebody of every entry from now on, at once."""
        self._listener = listener

    # Accounts.

    def open_account(self, name: str, fees: FeePlan | None = None) -> None:
        """A new customer, with nothing.

        Raises:
            ValueError: the name is taken.
        """
        if name in self._balances:
            raise ValueError(f"there is an account {name!r} already")
        self._balances[name] = {}
        self._plans[name] = fees or FeePlan()

    @property
    def accounts(self) -> list[str]:
        """All accounts, those of the house first."""
        return list(self._balances)

    def fee_plan(self, account: str) -> FeePlan:
        """What a customer pays for trades."""
        return self._plans[account]

    def set_fee_plan(self, account: str, plan: FeePlan) -> None:
        """Let a customer pay other fees from the next trade on.

        Raises:
            ValueError: open orders hold for the fees of another asset; they have to be cancelled first.
            KeyError: there is no such customer.
        """
        before = self._plans[account]
        is_held = any(hold.account == account and hold.amount for hold in self._holds.values())
        if is_held and any(
            plan.reserve_rate(is_buy=is_buy) != before.reserve_rate(is_buy=is_buy) for is_buy in (True, False)
        ):
            raise ValueError(f"open orders of {account!r} hold for other fees: cancel them first")
        self._plans[account] = plan

    def balance(self, account: str, asset: str) -> Balance:
        """What an account has of an asset."""
        return self._balances[account].get(asset) or Balance()

    def balances(self, account: str) -> dict[str, Balance]:
        """All that an account has or once had, by asset."""
        return dict(self._balances[account])

    # Commands.

    def deposit(self, key: str, account: str, asset: str, amount: Decimal, now: float) -> Entry:
        """Bring an amount in from outside; `now` in seconds.

        Raises:
            ValueError: the amount is not positive or finer than the asset, or the key is used.
        """
        entry = self._sent(EntryKind.DEPOSIT, key, asset, amount, now, source=OUTSIDE, target=account)
        self._post(entry)
        return entry

    def withdraw(self, key: str, account: str, asset: str, amount: Decimal, now: float) -> Entry | None:
        """Take a free amount out; None: there is not so much.

        Raises:
            ValueError: as `deposit`.
        """
        entry = self._sent(EntryKind.WITHDRAWAL, key, asset, amount, now, source=account, target=OUTSIDE)
        return self._post_if_free(entry, account, asset, amount)

    def transfer(
        self, key: str, source: str, target: str, asset: str, amount: Decimal, now: float
    ) -> Entry | None:
        """Give a free amount to another account; None: there is not so much.

        Raises:
            ValueError: as `deposit`.
        """
        entry = self._sent(EntryKind.TRANSFER, key, asset, amount, now, source=source, target=target)
        return self._post_if_free(entry, source, asset, amount)

    # What a matching engine asks and tells.

    def reserve(self, state: order.OrderState, need: Decimal) -> bool:
        """Hold `need`, and fees taken from it, for an order instead of what is held for it now.

        False: the account has not so much free, and what is held is as before.
        """
        account = state.request.account
        asset = _pays_and_gets(state)[0]
        hold = self._hold(state)
        change = CONTEXT.subtract(self._held_for(state, need), hold.amount)
        if change > self.balance(account, asset).free:
            return False
        if change:
            revision = hold.revision + 1
            entry = Entry(
                key=f"order/{state.trading_pair}/{state.order_id}/{revision}",
                kind=EntryKind.ORDER,
                time=state.updated_at,
                moves=(Move(account=account, asset=asset, free=-change, locked=change),),
            )
            self._post(entry)
            self._holds[state.trading_pair, state.order_id] = _Hold(
                account, CONTEXT.add(hold.amount, change), revision
            )
        return True

    def record(self, event: order.OrderEvent) -> None:
        """Book what happened to an order."""
        match event:
            case order.Filled():
                with localcontext(CONTEXT):
                    self._fill(event)
            case order.Cancelled() | order.Expired():
                self._release(event.state)
            case order.Prevented():
                self._trim(event.state)
                self._trim(event.maker)
            case _:
                pass  # what the others need was reserved before they were told

    def fill_entry(self, event: order.Filled) -> Entry:
        """The entry of a fill that was recorded, with its fee.

        Raises:
            KeyError: it was not.
        """
        return self.entries[_fill_key(event)]

    def total(self, asset: str) -> Decimal:
        """All accounts together: zero."""
        with localcontext(CONTEXT):
            return sum((self.balance(account, asset).total for account in self._balances), start=_NOTHING)

    # Orders.

    def _fill(self, event: order.Filled) -> None:
        state = event.state
        account, is_buy = state.request.account, state.request.is_buy
        pays, gets = _pays_and_gets(state)
        value = CONTEXT.multiply(event.price, event.amount)
        paid = self._down(pays, value if is_buy else event.amount)
        got = self._down(gets, event.amount if is_buy else value)
        fee = self._fee(event, TokenAmount(gets, got), value)
        hold = self._hold(state)
        spent = paid
        moves = [
            Move(account=MARKET, asset=pays, free=paid),
            Move(account=MARKET, asset=gets, free=-got),
            Move(account=account, asset=gets, free=got),
        ]
        if fee.amount:
            moves.append(Move(account=FEES, asset=fee.token, free=fee.amount))
            if self._is_held(state, fee.token):
                spent += fee.amount
            else:
                moves.append(Move(account=account, asset=fee.token, free=-fee.amount))
        kept = self._kept(state, hold.amount - spent)
        moves.append(
            Move(account=account, asset=pays, free=hold.amount - spent - kept, locked=kept - hold.amount)
        )
        self._post(
            Entry(
                key=_fill_key(event), kind=EntryKind.FILL, time=state.updated_at, moves=tuple(moves), fee=fee
            )
        )
        if state.is_open:
            self._holds[state.trading_pair, state.order_id] = _Hold(account, kept, hold.revision)
        else:
            self._holds.pop((state.trading_pair, state.order_id), None)

    def _kept(self, state: order.OrderState, rest: Decimal) -> Decimal:
        """What an order goes on holding after a fill that left `rest` of its hold."""
        if not state.is_open:
            return _NOTHING
        return rest if state.need is None else self._held_for(state, state.need)

    def _release(self, state: order.OrderState) -> None:
        self.reserve(state, _NOTHING)
        self._holds.pop((state.trading_pair, state.order_id), None)

    def _trim(self, state: order.OrderState) -> None:
        if state.need is not None:
            self.reserve(state, state.need)

    def _hold(self, state: order.OrderState) -> _Hold:
        return self._holds.get((state.trading_pair, state.order_id)) or _Hold(
            state.request.account, _NOTHING, 0
        )

    def _held_for(self, state: order.OrderState, need: Decimal) -> Decimal:
        request = state.request
        rate = self._plans[request.account].reserve_rate(is_buy=request.is_buy)
        return self._rounded(_pays_and_gets(state)[0], CONTEXT.multiply(need, 1 + rate), ROUND_CEILING)

    # Fees.

    def _fee(self, event: order.Filled, got: TokenAmount, value: Decimal) -> TokenAmount:
        plan = self._plans[event.state.request.account]
        rate = plan.rate(is_maker=event.is_maker)
        base, quote = _assets(event.state)
        if plan.asset is FeeAsset.TOKEN and plan.token is not None:
            in_token = self._fee_in_token(plan, plan.token, TokenAmount(quote, value * rate))
            has = self.balance(event.state.request.account, plan.token).free
            if got.token == plan.token:
                has += got.amount
            if in_token is not None and in_token <= has:
                return TokenAmount(plan.token, in_token)
        asset = {FeeAsset.QUOTE: quote, FeeAsset.BASE: base}.get(plan.asset, got.token)
        return TokenAmount(asset, self._down(asset, (value if asset == quote else event.amount) * rate))

    def _fee_in_token(self, plan: FeePlan, token: str, fee: TokenAmount) -> Decimal | None:
        worth = None if self._rates is None else self._rates(fee.token, token)
        return None if worth is None else self._down(token, fee.amount * worth * (1 - plan.discount))

    def _is_held(self, state: order.OrderState, fee_asset: str) -> bool:
        """Whether a fee comes out of what the order holds: its plan reserves for it then."""
        plan = self._plans[state.request.account]
        in_kind = plan.asset in {FeeAsset.QUOTE, FeeAsset.BASE}
        return in_kind and fee_asset == _pays_and_gets(state)[0]

    # Entries.

    def _sent(
        self, kind: EntryKind, key: str, asset: str, amount: Decimal, now: float, *, source: str, target: str
    ) -> Entry:
        if amount <= 0 or amount != self._down(asset, amount):
            raise ValueError(f"{amount} is no amount of {asset}")
        moves = (
            Move(account=source, asset=asset, free=-amount),
            Move(account=target, asset=asset, free=amount),
        )
        return Entry(key=f"{kind.value}/{key}", kind=kind, time=now, moves=moves)

    def _post_if_free(self, entry: Entry, account: str, asset: str, amount: Decimal) -> Entry | None:
        if amount > self.balance(account, asset).free:
            return None
        self._post(entry)
        return entry

    def _post(self, entry: Entry) -> None:
        """Take an entry in, all of it or nothing.

        Raises:
            ValueError: its key is used, or a customer would have less than nothing.
            KeyError: an account is unknown.
        """
        if entry.key in self.entries:
            raise ValueError(f"there is an entry {entry.key!r} already")
        after = self._after(entry.moves)
        for (account, asset), balance in after.items():
            if account not in _HOUSE and min(balance.free, balance.locked) < 0:
                raise ValueError(f"{entry.key!r} would leave {account!r} with {balance} of {asset}")
        for (account, asset), balance in after.items():
            self._balances[account][asset] = balance
        self.entries[entry.key] = entry
        if len(self.entries) > self._kept_entries:
            del self.entries[next(iter(self.entries))]
        if self._listener is not None:
            self._listener(entry)

    def _after(self, moves: Sequence[Move]) -> dict[tuple[str, str], Balance]:
        after: dict[tuple[str, str], Balance] = {}
        for move in moves:
            place = move.account, move.asset
            before = after.get(place) or self.balance(*place)
            after[place] = Balance(
                free=CONTEXT.add(before.free, move.free), locked=CONTEXT.add(before.locked, move.locked)
            )
        return after

    def _down(self, asset: str, amount: Decimal) -> Decimal:
        return self._rounded(asset, amount, ROUND_FLOOR)

    def _rounded(self, asset: str, amount: Decimal, rounding: str) -> Decimal:
        digit = Decimal(1).scaleb(-self._precisions.get(asset, 8))
        return amount.quantize(digit, rounding=rounding, context=CONTEXT)


def _assets(state: order.OrderState) -> tuple[str, str]:
    base, _, quote = state.trading_pair.rpartition("-")
    return base, quote


def _pays_and_gets(state: order.OrderState) -> tuple[str, str]:
    base, quote = _assets(state)
    return (quote, base) if state.request.is_buy else (base, quote)


def _fill_key(event: order.Filled) -> str:
    state = event.state
    return f"fill/{state.trading_pair}/{event.trade_id}/{state.order_id}"
