"""Which connectors are installed, and what is known of each without importing it."""

from __future__ import annotations

import tomllib
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from inspect import getfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from venuekit import errors
from venuekit.connector.setting import ConnectorSetting, ConnectorType
from venuekit.model.fees import TradeFeeSchema
from venuekit.protocol.domain import Domain
from venuekit.protocol.frozen import Frozen
from venuekit.seams import disk, process

if TYPE_CHECKING:
    from venuekit.connector.exchange_base import ExchangeBase

__all__ = ["AllConnectorSettings", "connector_class", "find_setting", "setting_of"]

_GROUP = "venuekit.venues"
_FACTS = "venue.toml"
MAIN = "main"


class _DomainFacts(Frozen):
    rest_url: str = ""
    ws_url: str = ""
    ws_api_url: str | None = None
    example_pair: str | None = None
    fees: TradeFeeSchema | None = None


class _VenueFacts(Frozen, forbid_unknown_fields=True):
    """The shape of a connector's `venue.toml`."""

    display_name: str
    type: ConnectorType
    example_pair: str
    fees: TradeFeeSchema
    domains: dict[str, _DomainFacts]


class AllConnectorSettings:
    """All installed connectors, ours and other packages', found by their entry points."""

    @staticmethod
    def get_connector_settings() -> dict[str, ConnectorSetting]:
        """Name to setting, one entry per connector and domain; no venue's code is imported."""
        return {
            setting.name: setting
            for entry in sorted(_entries(), key=lambda entry: entry.name)
            for setting in _settings(entry.name, _read_facts(entry))
        }


def find_setting(venue: str, url: str | None = None) -> ConnectorSetting:
    """The setting of `NAME` or `NAME@DOMAIN`; `url` (`scheme://host:port`) replaces the domain's addresses.

    Raises:
        errors.UnknownVenue: no such connector is installed; the text lists those that are.
        errors.UnknownDomain: it has no such domain.
        errors.InvalidConfiguration: the domain is an emulator and nothing says where it is.
    """
    name, _, domain_name = venue.partition("@")
    return _on_domain(name, _read_facts(_entry(name)), domain_name or MAIN, url)


def setting_of(kind: type, name: str, domain_name: str, url: str | None = None) -> ConnectorSetting | None:
    """The setting of a connector's class, installed or not, from the facts beside its module.

    None: there are none. `url` as in `find_setting`.

    Raises:
        errors.UnknownDomain: it has no such domain.
        errors.InvalidConfiguration: the domain is an emulator and nothing says where it is.
    """
    path = Path(getfile(kind)).parent / _FACTS
    return _on_domain(name, _parse_facts(path), domain_name, url) if path.is_file() else None


def _on_domain(name: str, facts: _VenueFacts, domain_name: str, url: str | None) -> ConnectorSetting:
    settings = {setting.domain.name: setting for setting in _settings(name, facts)}
    setting = settings.get(domain_name)
    if setting is None:
        raise errors.UnknownDomain(f"{name} has no domain {domain_name!r}, only {', '.join(settings)}")
    variable = f"VENUEKIT_{name.upper()}_EMULATOR_URL"
    address = url or (None if setting.domain.is_placed else process.environment(variable))
    if address is not None:
        return msgspec.structs.replace(setting, domain=_placed(setting.domain, address))
    if not setting.domain.is_placed:
        raise errors.InvalidConfiguration(
            f"where is the emulator? Start one with `venuekit emulate {name}`, then pass its rest_url as "
            f"`--url`, or set {variable}"
        )
    return setting


def connector_class(name: str) -> type[ExchangeBase]:
    """The class of a connector, imported now.

    Raises:
        errors.UnknownVenue: no such connector is installed.
    """
    from venuekit.connector.exchange_base import ExchangeBase  # noqa: PLC0415 - keeps listing light

    found = _entry(name.partition("@")[0]).load()
    if not (isinstance(found, type) and issubclass(found, ExchangeBase)):
        raise errors.InvalidConfiguration(f"the entry point {name} is no connector: {found!r}")
    return found


def _entries() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=_GROUP))


def _entry(name: str) -> EntryPoint:
    entries = {entry.name: entry for entry in _entries()}
    if name not in entries:
        known = ", ".join(sorted(entries))
        raise errors.UnknownVenue(f"no connector named {name!r}; installed are {known}")
    return entries[name]


def _settings(name: str, facts: _VenueFacts) -> list[ConnectorSetting]:
    names = tuple(facts.domains)
    return [
        ConnectorSetting(
            name=name if domain == MAIN else f"{name}@{domain}",
            display_name=facts.display_name,
            type=facts.type,
            example_pair=said.example_pair or facts.example_pair,
            trade_fee_schema=said.fees or facts.fees,
            domain=Domain(
                name=domain, rest_url=said.rest_url, ws_url=said.ws_url, ws_api_url=said.ws_api_url
            ),
            domains=names,
            parent_name=None if domain == MAIN else name,
        )
        for domain, said in facts.domains.items()
    ]


def _read_facts(entry: EntryPoint) -> _VenueFacts:
    return _parse_facts(_facts_path(entry.module))


def _parse_facts(path: Path) -> _VenueFacts:
    return msgspec.convert(tomllib.loads(disk.text(path)), _VenueFacts)


def _facts_path(module: str) -> Path:
    """Where a connector's facts lie: beside its module, found without importing it."""
    top, *inner, _ = module.split(".")
    spec = find_spec(top)
    if spec is None or not spec.submodule_search_locations:
        raise errors.InvalidConfiguration(f"the package of {module} cannot be found")
    return Path(next(iter(spec.submodule_search_locations))).joinpath(*inner, _FACTS)


def _placed(domain: Domain, url: str) -> Domain:
    scheme, separator, host = url.rstrip("/").partition("://")
    if not separator or scheme not in ("http", "https", "ws", "wss") or not host or "/" in host:
        raise errors.InvalidConfiguration(f"expected an address like http://127.0.0.1:8000, not {url!r}")
    secure = "s" if scheme in ("https", "wss") else ""
    return Domain(
        name=domain.name,
        rest_url=f"http{secure}://{host}",
        ws_url=f"ws{secure}://{host}",
        # An emulator has it on the same port, so its facts name a path.
        ws_api_url=f"ws{secure}://{host}{domain.ws_api_url}" if domain.ws_api_url else None,
    )
