"""`venuekit venues`: which connectors are installed, and what each venue offers of what is needed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from venuekit.cli.output import make_console, print_json, print_table
from venuekit.connector.exchange_base import ExchangeBase
from venuekit.connector.registry import AllConnectorSettings, connector_class
from venuekit.connector.setting import ConnectorSetting, ConnectorType
from venuekit.emulator.factory import dialect_names
from venuekit.model.decimals import plain
from venuekit.protocol.requirement import Need

__all__ = ["list_requirements", "list_venues"]


def list_venues(*, as_json: bool) -> None:
    """Print every connector with its domains and default fees, and how it trades."""
    settings = AllConnectorSettings.get_connector_settings()
    emulated = dialect_names()
    venues = [_facts(setting, emulated) for setting in settings.values() if not setting.is_sub_domain]
    if as_json:
        print_json({"venues": venues})
        return
    print_table(
        ("NAME", "VENUE", "TYPE", "DOMAINS", "EXAMPLE", "MAKER", "TAKER", "EMULATED"),
        [
            (
                venue["name"],
                venue["display_name"],
                venue["type"],
                " ".join(venue["domains"]),
                venue["example_pair"],
                f"{venue['maker_percent']} %",
                f"{venue['taker_percent']} %",
                "yes" if venue["emulated"] else "no",
            )
            for venue in venues
        ],
    )
    make_console().print()
    print_table(
        ("NAME", "ORDERS", "TIMES IN FORCE", "TRIGGERS", "BY QUOTE", "AMEND", "SENT BY", "ACCOUNT NEWS"),
        [(venue["name"], *_abilities(venue["trading"])) for venue in venues],
    )


def list_requirements(*, as_json: bool) -> None:
    """Print what a connector needs of a venue, and where each venue documents it."""
    settings = AllConnectorSettings.get_connector_settings()
    names = [setting.name for setting in settings.values() if not setting.is_sub_domain]
    kinds = {name: connector_class(name) for name in names}
    rows = [
        {
            "venue": name,
            "need": need.what,
            "level": need.level.value,
            "side": need.side,
            "how": evidence.how if evidence else None,
            "page": evidence.page if evidence else None,
            "read_on": evidence.read_on if evidence else None,
        }
        for name, kind in kinds.items()
        for need in Need
        if need.concerns(
            trades=getattr(kind, "auth_class", None) is not None,
            is_perpetual=settings[name].type is ConnectorType.Derivative,
        )
        for evidence in (kind.requirements.get(need),)
    ]
    if as_json:
        print_json({"requirements": rows})
        return
    for place, name in enumerate(names):
        if place:
            make_console().print()
        make_console().print(settings[name].display_name, style="bold")
        print_table(
            ("NEED", "", "HOW", "PAGE", "READ ON"),
            [
                (
                    row["need"] or "",
                    row["level"] or "",
                    row["how"] or "-",
                    row["page"] or "",
                    row["read_on"] or "",
                )
                for row in rows
                if row["venue"] == name
            ],
        )


def _facts(setting: ConnectorSetting, emulated: list[str]) -> dict[str, Any]:
    fees = setting.trade_fee_schema
    return {
        "name": setting.name,
        "display_name": setting.display_name,
        "type": setting.type.value,
        "domains": setting.domains,
        "example_pair": setting.example_pair,
        "maker_percent": _percent(fees.maker_percent_fee_decimal),
        "taker_percent": _percent(fees.taker_percent_fee_decimal),
        "emulated": setting.name in emulated,
        "trading": _trading(connector_class(setting.name)),
    }


def _trading(kind: type[ExchangeBase]) -> dict[str, Any] | None:
    """What a connector can do for an account; None: it has market data only."""
    if kind.auth_class is None:
        return None
    return {
        "key_types": [key_type.value for key_type in kind.auth_class.key_types],
        "order_types": [order_type.name for order_type in kind.order_types],
        "times_in_force": [time.value for time in kind.times_in_force],
        "triggers": kind.has_triggers,
        "quote_amounts": kind.has_quote_amounts,
        "amend": kind.has_amend,
        "commands": ["REST"] if kind.socket_policy is None else ["WebSocket", "REST"],
        "user_stream": kind.user_stream_class is not None,
        "balances_pushed": kind.balance_channel.value if kind.user_stream_class else "none",
    }


def _abilities(trading: dict[str, Any] | None) -> tuple[str, ...]:
    if trading is None:
        return ("none", "", "", "", "", "", "")
    pushed = trading["balances_pushed"]
    return (
        " ".join(trading["order_types"]),
        " ".join(trading["times_in_force"]),
        *("yes" if trading[what] else "no" for what in ("triggers", "quote_amounts", "amend")),
        " or ".join(trading["commands"]),
        f"orders, balances ({pushed})" if trading["user_stream"] else "polled",
    )


def _percent(fraction: Decimal) -> str:
    return plain((fraction * 100).normalize())
