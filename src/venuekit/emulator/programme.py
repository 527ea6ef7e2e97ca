"""Which topics a venue has, who hears of which market, and when each is told next."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from venuekit.emulator.market import Market
from venuekit.emulator.topic import Channel, Topic

__all__ = ["Programme"]


class Programme:
    """The topics that somebody follows. Those with a cadence are told at its full multiples since 1970."""

    def __init__(self) -> None:
        self._topics: dict[str, Topic] = {}
        self._by_symbol: dict[str, dict[str, Topic]] = {}
        self._by_cadence: dict[float, dict[str, Topic]] = {}
        self._beats: dict[float, int] = {}
        self._next: tuple[float, float] = (math.inf, 0.0)

    def __iter__(self) -> Iterator[Topic]:
        """All topics, in the order in which they were begun."""
        return iter(list(self._topics.values()))

    def find(self, name: str) -> Topic | None:
        """The topic of a name; None: nobody follows it."""
        return self._topics.get(name)

    def topic(self, name: str, market: Market | None, channel: Channel, now: float) -> Topic:
        """The topic of a name, made if nobody follows it yet."""
        found = self._topics.get(name)
        if found is not None:
            return found
        made = self._topics[name] = Topic(name, market, channel)
        for symbol in made.symbols:
            self._by_symbol.setdefault(symbol, {})[name] = made
        cadence = channel.cadence
        self._by_cadence.setdefault(cadence, {})[name] = made
        if cadence and cadence not in self._beats:
            self._beats[cadence] = int(now / cadence + 1e-9) + 1
            self._plan()
        return made

    def end(self, topic: Topic) -> None:
        """Nobody follows it any more."""
        topic.retire()
        del self._topics[topic.name]
        for symbol in topic.symbols:
            del self._by_symbol[symbol][topic.name]
        cadence = topic.channel.cadence
        del self._by_cadence[cadence][topic.name]
        if not self._by_cadence[cadence]:
            del self._by_cadence[cadence]
            if cadence:
                del self._beats[cadence]
                self._plan()

    @property
    def tells_at_once(self) -> bool:
        """Whether some topic is told at each step of a market."""
        return 0.0 in self._by_cadence

    @property
    def next_moment(self) -> float:
        """When topics with a cadence are told next, in seconds; infinity: there are none."""
        return self._next[0]

    def hearers(self, symbol: str) -> Collection[Topic]:
        """The topics that are about a symbol."""
        return tuple(self._by_symbol.get(symbol, {}).values())

    def tell(self) -> tuple[Topic, ...]:
        """The topics that are told at `next_moment`, which moves on to the next ones."""
        _, cadence = self._next
        self._beats[cadence] += 1
        self._plan()
        return tuple(self._by_cadence[cadence].values())

    def _plan(self) -> None:
        beats = ((_moment(beat, cadence), cadence) for cadence, beat in self._beats.items())
        self._next = min(beats, default=(math.inf, 0.0))


def _moment(beat: int, cadence: float) -> float:
    """The time of a channel's so-manieth publication since 1970, without the dust of multiplying by 0.1."""
    return round(beat * cadence, 6)
