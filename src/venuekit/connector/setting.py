"""What is known of a connector before its code is imported."""

from __future__ import annotations

from enum import Enum

from venuekit.model.fees import TradeFeeSchema
from venuekit.protocol.domain import Domain
from venuekit.protocol.frozen import Frozen

__all__ = ["ConnectorSetting", "ConnectorType"]


class ConnectorType(Enum):
    """What a connector trades."""

    Exchange = "exchange"
    Derivative = "derivative"


class ConnectorSetting(Frozen):
    """What is known of a connector on one of its domains.

    `name` is what `connect` takes: the connector's own for its main domain, `name@domain` for the others.
    `domains` names all of them. `trade_fee_schema` holds the venue's default fees.
    """

    name: str
    display_name: str
    type: ConnectorType
    example_pair: str
    trade_fee_schema: TradeFeeSchema
    domain: Domain
    domains: tuple[str, ...]
    parent_name: str | None = None
    centralised: bool = True

    @property
    def is_sub_domain(self) -> bool:
        """Whether it is another house of a venue that has a main one."""
        return self.parent_name is not None

    @property
    def base_name(self) -> str:
        """The connector's name without a domain."""
        return self.parent_name or self.name
