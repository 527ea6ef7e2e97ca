from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from tests.journal.story import ACCOUNT, ID, OTHER, STORY, ended, file_of, filled, intent, opened, sending

from venuekit.journal import history
from venuekit.journal.record import Answered, BalanceMoved, Body, Command, Doubt, Reopened, Updated
from venuekit.journal.rotation import Rotation
from venuekit.journal.writer import open_journal
from venuekit.protocol.endpoint import Outcome


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def build(tables: Path, *records: Body) -> None:
    journal = tables.with_name("orders.journal")
    journal.write_bytes(file_of(records))
    history.build(journal, tables)


def only_order(tables: Path, *records: Body) -> history.OrderRow:
    build(tables, *records)
    (row,) = history.orders(tables)
    return row


def test_an_order_is_one_row_with_what_was_asked_and_what_became_of_it(tables: Path) -> None:
    row = only_order(tables, *STORY)
    assert (ID, "BTC-USDT", "LIMIT", "BUY", "60000.10", "0.02") == (
        row.client_id,
        row.trading_pair,
        row.order_type,
        row.trade_type,
        row.price,
        row.amount,
    )
    assert ("CANCELED", False, "asked", "9001") == (row.state, row.in_doubt, row.reason, row.exchange_id)
    assert (Decimal("0.01"), Decimal("600.001")) == (row.executed_base, row.executed_quote)
    assert (3.0, 4.0, 9.75) == (row.intended_at, row.sent_at, row.ended_at)
    assert {"orderId": "9001"} == msgspec.json.decode(row.ids)
    assert intent().order == msgspec.json.decode(row.asked)


@pytest.mark.parametrize(
    ("records", "state"),
    [
        ((intent(),), "INTENT"),
        ((intent(), sending()), "SENT"),
        ((intent(), sending(command=Command.CANCEL)), "INTENT"),
        ((intent(), ended(), Reopened(at=10.0, client_id=ID, why="a fill came")), "OPEN"),
    ],
)
def test_an_order_that_nobody_spoke_of_stands_where_we_left_it(
    tables: Path, records: tuple[Body, ...], state: str
) -> None:
    row = only_order(tables, *records)
    assert (state, None) == (row.state, row.ended_at)


def test_a_refusal_is_the_reason(tables: Path) -> None:
    refusal = Answered(
        at=5.0, client_id=ID, command=Command.PLACE, outcome=Outcome.REFUSED, code=-1, message="no balance"
    )
    over = msgspec.structs.replace(ended(), state="REJECTED", reason=None)
    row = only_order(tables, intent(), sending(), refusal, over)
    assert ("REJECTED", "no balance") == (row.state, row.reason)


def test_a_refused_cancel_is_not_why_an_order_ended(tables: Path) -> None:
    refusal = Answered(
        at=5.0, client_id=ID, command=Command.CANCEL, outcome=Outcome.REFUSED, message="Unknown order sent."
    )
    over = msgspec.structs.replace(ended(), state="FILLED", reason=None)
    assert only_order(tables, intent(), sending(), refusal, over).reason is None


def test_an_update_behind_the_end_tells_the_id_and_not_the_state(tables: Path) -> None:
    late = Updated(at=9.5, client_id=ID, state="OPEN", source="poll", venue_time=4.0, exchange_id="9001")
    row = only_order(tables, intent(), sending(), ended(), late)
    assert ("CANCELED", "9001") == (row.state, row.exchange_id)


def test_an_order_in_doubt_says_so(tables: Path) -> None:
    doubt = Doubt(at=5.0, client_id=ID, command=Command.PLACE, why="TimedOut")
    assert only_order(tables, intent(), sending(), doubt).in_doubt


def test_a_market_order_without_a_price_has_none(tables: Path) -> None:
    market = msgspec.structs.replace(intent(), order={"order_type": "MARKET", "amount": "1", "price": None})
    row = only_order(tables, market)
    assert ("MARKET", None, None) == (row.order_type, row.price, row.trade_type)


def test_a_trade_told_twice_is_one_and_counts_once(tables: Path) -> None:
    row = only_order(tables, intent(), filled(), filled(at=7.0), filled(trade_id="78", at=8.0))
    assert Decimal("0.02") == row.executed_base
    assert ["77", "78"] == [trade.trade_id for trade in history.trades(tables)]


def test_a_trade_keeps_every_digit_and_its_fees(tables: Path) -> None:
    build(tables, *STORY)
    (trade,) = history.trades(tables)
    assert ("60000.10", "0.00000003 BNB") == (str(trade.price), trade.fees)
    assert ("BTC-USDT", "BUY", True, 5.5) == (
        trade.trading_pair,
        trade.trade_type,
        trade.is_taker,
        trade.venue_time,
    )


def test_a_fee_that_is_a_share_is_told_as_one(tables: Path) -> None:
    share = msgspec.structs.replace(filled(), fees=(), fee_percent=Decimal("0.001"))
    both = msgspec.structs.replace(filled(trade_id="78"), fee_percent=Decimal("0.10"), fee_token="BNB")
    build(tables, opened(), share, both)
    assert ["0.1 %", "0.00000003 BNB, 10 % in BNB"] == [row.fees for row in history.trades(tables)]


def test_what_belongs_to_no_known_order_is_a_trade_and_no_order(tables: Path) -> None:
    build(tables, opened(), filled())
    assert [] == history.orders(tables)
    assert [None] == [trade.trading_pair for trade in history.trades(tables)]


def test_a_deposit_is_a_row_without_an_exponent(tables: Path) -> None:
    build(tables, *STORY)
    (row,) = history.balances(tables)
    assert ("USDT", "deposit", "1000", None, "tx1") == (
        row.asset,
        row.cause,
        str(row.amount),
        row.total,
        row.reference,
    )


def test_rows_are_picked_by_pair_asset_and_time(tables: Path) -> None:
    eth = msgspec.structs.replace(intent(OTHER, at=50.0), trading_pair="ETH-USDT")
    btc = BalanceMoved(at=50.0, asset="BTC", cause="withdrawal", amount=Decimal(-1), total=Decimal(0))
    build(tables, *STORY, eth, filled(OTHER, at=51.0), btc)
    assert [[OTHER], [ID]] == [
        [row.client_id for row in history.orders(tables, "ETH-USDT")],
        [row.client_id for row in history.orders(tables, "BTC-USDT")],
    ]
    assert [OTHER] == [row.client_id for row in history.orders(tables, since=50.0)]
    assert [OTHER] == [row.client_id for row in history.trades(tables, "ETH-USDT", since=50.0)]
    assert ["USDT"] == [row.asset for row in history.balances(tables, "USDT")]
    assert ["BTC"] == [row.asset for row in history.balances(tables, since=50.0)]


def test_building_again_gives_the_same_and_takes_what_is_new(tables: Path) -> None:
    build(tables, *STORY)
    first = (history.orders(tables), history.trades(tables), history.balances(tables))
    build(tables, *STORY)
    assert first == (history.orders(tables), history.trades(tables), history.balances(tables))
    build(tables, *STORY, intent(OTHER))
    assert len(history.orders(tables)) == 2


def test_the_tables_can_be_deleted_and_built_again(tables: Path) -> None:
    build(tables, *STORY)
    first = history.orders(tables)
    tables.unlink()
    build(tables, *STORY)
    assert first == history.orders(tables)


def test_orders_in_rotated_files_are_in_the_tables(tables: Path) -> None:
    path = tables.with_name("orders.journal")
    rule = Rotation(size=1_000, ended_for=0.0)
    with open_journal(path, ACCOUNT, now=1.0, rotate=rule)[0] as journal:
        for number in range(30):
            client_id = journal.ids.take(1.0)
            journal.append(intent(client_id, at=2.0 + number))
            journal.append(filled(client_id, at=2.0 + number))
            journal.append(ended(client_id, at=2.0 + number))
    history.build(path, tables)
    assert (30, 30) == (len(history.orders(tables)), len(history.trades(tables)))


def test_reading_tables_that_were_never_built_makes_no_file(tables: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        history.orders(tables)
    assert not tables.exists()


def test_a_file_that_is_no_database_is_left_as_it_is(tables: Path) -> None:
    tables.write_bytes(b"a letter to my bank" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        build(tables, *STORY)
    assert tables.read_bytes().startswith(b"a letter")
