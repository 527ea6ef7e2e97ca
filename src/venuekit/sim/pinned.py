"""Worlds that are kept in a file: every seed that ever failed, with the reason and with what mended it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from venuekit import errors
from venuekit.protocol.frozen import Frozen
from venuekit.sim.disturbance import Disturbance
from venuekit.sim.options import Profile, Weather, WorldOptions, options_of
from venuekit.sim.worker import Job

__all__ = ["PinnedWorld", "of", "ours", "read", "written"]


class PinnedWorld(Frozen, forbid_unknown_fields=True, omit_defaults=True):
    """A seed and what it needs to be the same world again.

    `options` are those that are not the seed's own, and `plan` is what goes wrong where it is not the seed's:
    a seed alone means another world as soon as something else is drawn from it. `why` says what it broke
    once, `fix` what mended it. A file has the plan as a text of JSON.
    """

    seed: int
    venue: str
    profile: Profile
    weather: Weather
    seconds: float = 300.0
    why: str = ""
    fix: str = ""
    options: dict[str, Any] = {}
    plan: tuple[Disturbance, ...] | None = None

    @property
    def job(self) -> Job:
        """The world, ready to run.

        Raises:
            errors.InvalidConfiguration: its options are none.
        """
        drawn = options_of(
            self.seed, venue=self.venue, profile=self.profile, weather=self.weather, seconds=self.seconds
        )
        plain = msgspec.to_builtins(drawn) | self.options
        try:
            options = msgspec.convert(plain, WorldOptions)
        except msgspec.ValidationError as error:
            raise errors.InvalidConfiguration(f"seed {self.seed}: {error}") from None
        return Job(options=options, plan=self.plan)


_NAMED = ("seed", "venue", "profile", "weather", "seconds")
"""Options that stand by themselves in a file."""


class _File(Frozen, forbid_unknown_fields=True):
    world: tuple[PinnedWorld, ...] = ()


def of(options: WorldOptions, plan: tuple[Disturbance, ...] | None, *, why: str = "") -> PinnedWorld:
    """A world as a file keeps it: whole where it has a plan, else with the options that are its own."""
    drawn = options_of(
        options.seed,
        venue=options.venue,
        profile=options.profile,
        weather=options.weather,
        seconds=options.seconds,
    )
    usual = _plain(drawn)
    own = {name: value for name, value in _plain(options).items() if name not in _NAMED}
    changed = {name: value for name, value in own.items() if plan is not None or value != usual[name]}
    return PinnedWorld(
        seed=options.seed,
        venue=options.venue,
        profile=options.profile,
        weather=options.weather,
        seconds=options.seconds,
        options=changed,
        plan=plan,
        why=why,
    )


def _plain(options: WorldOptions) -> dict[str, Any]:
    """Options as they come back from a file."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(options))
    return plain


def ours() -> tuple[PinnedWorld, ...]:
    """Every seed that ever failed."""
    return _decoded(resources.files("venuekit.sim").joinpath("pinned.toml").read_text("utf-8"), "pinned.toml")


def read(path: Path) -> tuple[PinnedWorld, ...]:
    """The worlds of a file.

    Raises:
        errors.InvalidConfiguration: it is no such file; the text says where.
        OSError: it cannot be read.
    """
    return _decoded(path.read_text(encoding="utf-8"), str(path))


def _decoded(text: str, name: str) -> tuple[PinnedWorld, ...]:
    try:
        read = msgspec.toml.decode(text)
        for world in read.get("world", ()):
            if isinstance(world.get("plan"), str):
                world["plan"] = msgspec.json.decode(world["plan"])
        return msgspec.convert(read, _File).world
    except (msgspec.DecodeError, AttributeError, UnicodeDecodeError) as error:
        raise errors.InvalidConfiguration(f"{name}: {error}") from None


def written(worlds: Iterable[PinnedWorld]) -> str:
    """A file of these worlds, as `read` takes it."""
    return "\n".join(f"[[world]]\n{''.join(_lines(world))}" for world in worlds)


def _lines(world: PinnedWorld) -> Iterator[str]:
    plain = msgspec.to_builtins(world)
    plain.pop("plan", None)
    yield from (f"{name} = {_toml(value)}\n" for name, value in plain.items())
    if world.plan is not None:
        # In JSON, which knows null: a fault without a number of times lasts until it is taken back.
        rows = ",\n".join(msgspec.json.encode(_lean(one)).decode() for one in world.plan)
        yield f"plan = '''\n[\n{rows}\n]'''\n"


def _lean(part: msgspec.Struct) -> dict[str, Any]:
    """What of a struct is not as it is by default."""
    values = ((field, getattr(part, field.name)) for field in msgspec.structs.fields(part))
    return {
        field.name: _lean(value) if isinstance(value, msgspec.Struct) else msgspec.to_builtins(value)
        for field, value in values
        if value != field.default
    }


def _toml(value: Any) -> str:
    """A value in TOML; the standard library only reads it."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Mapping):
        inner = ", ".join(f"{name} = {_toml(part)}" for name, part in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    # Numbers, truth and texts are written as in JSON.
    return msgspec.json.encode(value).decode()
