"""What Bybit's book topics have told: a window of the best levels, and a count of updates for each depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from venuekit.emulator.market import Market
from venuekit.emulator.topic import Topic
from venuekit.emulator.venue_book import BookChanges, Window
from venuekit.protocol.book_feed import LevelText
from venuekit.protocol.frozen import Frozen

__all__ = ["BookTopics", "Said"]

_AGAIN_SECONDS = 3.0
"""A best price that does not change is sent again after so long, with the same id (ws orderbook page)."""
_NOTHING = Window(last_id=0, bids=(), asks=())


class Said(Frozen):
    """A frame's type and data."""

    type: str
    data: dict[str, Any]


class _Told:
    """A topic's last window, its number, and when it was told."""

    def __init__(self, window: Window, now: float) -> None:
        self.window = window
        # 1 would mean that the service was restarted.
        self.update_id = window.last_id + 1
        self.at = now


class BookTopics:
    """All windows of a venue; they outlive their topics, so that ids go on rising. `text` writes a number."""

    def __init__(self, text: Callable[[str], str]) -> None:
        self._text = text
        self._told: dict[str, _Told] = {}

    def whole(self, topic: Topic) -> Said:
        """The window that the topic's readers have; a first reader gets the present one."""
        market = _market(topic)
        told = self._told.get(topic.name)
        if told is None:
            told = self._told[topic.name] = _Told(market.book.top(topic.channel.depth), market.book.time)
        elif len(topic.subscribers) == 1:
            self._turn(told, market, topic.channel.depth, told.at)
        return self._said("snapshot", market, told, market.book.window_changes(_NOTHING, told.window))

    def news(self, topic: Topic, now: float) -> Said | None:
        """What changed in the window; for the best prices alone the whole, at the latest after 3 s."""
        market, told = _market(topic), self._told[topic.name]
        changes = self._turn(told, market, topic.channel.depth, now)
        if topic.channel.is_book_difference:
            return None if changes is None else self._said("delta", market, told, changes)
        if changes is None and now - told.at < _AGAIN_SECONDS:
            return None
        told.at = now
        return self._said("snapshot", market, told, market.book.window_changes(_NOTHING, told.window))

    def update_id(self, name: str, market: Market, depth: int) -> int:
        """The id that a topic's next frame would bring its readers to."""
        told, window = self._told.get(name), market.book.top(depth)
        if told is None:
            return window.last_id + 1
        return told.update_id + (not _is_same(told.window, window))

    def reach(self, name: str, market: Market, depth: int, now: float) -> int:
        """The id of the present window, for a topic that has no readers or has just told them."""
        if name in self._told:
            self._turn(self._told[name], market, depth, now)
        return self.update_id(name, market, depth)

    def restart(self) -> None:
        """Count from 1 again."""
        for told in self._told.values():
            told.update_id = 1

    def _turn(self, told: _Told, market: Market, depth: int, now: float) -> BookChanges | None:
        window = market.book.top(depth)
        if _is_same(told.window, window):
            return None
        changes = market.book.window_changes(told.window, window)
        told.window, told.at = window, now
        told.update_id += 1
        return changes

    def _said(self, kind: str, market: Market, told: _Told, changes: BookChanges) -> Said:
        data = {
            "s": market.symbol,
            "b": self._rows(changes.bids),
            "a": self._rows(changes.asks),
            "u": told.update_id,
            "seq": told.window.last_id,
        }
        return Said(type=kind, data=data)

    def _rows(self, levels: list[LevelText]) -> list[list[str]]:
        return [[self._text(price), self._text(size)] for price, size in levels]


def _is_same(one: Window, other: Window) -> bool:
    return one.bids == other.bids and one.asks == other.asks


def _market(topic: Topic) -> Market:
    """The market of a book.

    Raises:
        LookupError: a book topic of all markets; there is none.
    """
    if topic.market is None:
        raise LookupError(f"{topic.name} has no market of its own")
    return topic.market
