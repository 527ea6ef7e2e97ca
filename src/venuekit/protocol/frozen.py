"""The struct that facts are made of: frozen, keyword-only, compared by value."""

from __future__ import annotations

from typing import Any, dataclass_transform

import msgspec

__all__ = ["Frozen", "Wire"]


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class _FrozenMeta(msgspec.StructMeta):
    """Makes frozen and keyword-only the default; msgspec inherits the first and not the second."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        options = {"frozen": True, "kw_only": True, "gc": False} | options
        return super().__new__(cls, name, bases, namespace, **options)


class Frozen(msgspec.Struct, metaclass=_FrozenMeta):
    """A value: to change one, `msgspec.structs.replace` it."""


class Wire(msgspec.Struct, metaclass=_FrozenMeta):
    """What a venue says or is told, in the venue's own words; unknown fields are tolerated."""
