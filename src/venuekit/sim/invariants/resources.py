"""Resources: everything is bounded and given back, no error is lost, no secret is told."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

from venuekit.model.events import (
    BookStatusEvent,
    CommandRefused,
    FillQuarantined,
    MarketOrderFailureEvent,
    OrderExpiredEvent,
    ReconciledEvent,
)
from venuekit.sim.invariants.invariant import Complaint, Invariant
from venuekit.sim.occasions import Died, Ended, Logged, Quiet, Told
from venuekit.sim.scene import Scene

__all__ = ["INVARIANTS"]

_SIGNATURE = re.compile(r"signature\W{1,5}[0-9a-zA-Z+/%=]{32,}")
_WORDY = (
    BookStatusEvent,
    CommandRefused,
    FillQuarantined,
    MarketOrderFailureEvent,
    OrderExpiredEvent,
    ReconciledEvent,
)
"""Events with words in them that come from elsewhere."""


# R3


def _all_is_given_back(scene: Scene, _: Quiet) -> Iterator[Complaint]:
    life = scene.present
    if life is None or life.counts is None:
        return
    for name, count in scene.counts().items():
        before = life.counts.get(name, 0)
        if count > before + scene.patience.growth:
            yield Complaint(name, f"there are {count}, and there were {before} when it was quiet first")


def _one_connection_a_line(scene: Scene, _: Quiet) -> Iterator[Complaint]:
    """Who moved to a fresh connection has closed the old one."""
    life = scene.present
    desk = None if life is None else life.desk
    if life is None or desk is None or not life.order_books():
        return
    lines = (
        len(life.exchange.order_book_tracker.seats) + 2
    )  # the account's stream, and the socket for commands
    there = scene.counts().get("connections", 0)
    if there > lines:
        yield Complaint("connections", f"there are {there} for {lines} lines at most")


def _queues_are_short(scene: Scene, _: Quiet) -> Iterator[Complaint]:
    life = scene.present
    if life is None or not life.order_books():
        return
    for pair, tracked in life.exchange.order_book_tracker.tracked.items():
        if tracked.book.is_live and tracked.keeper.buffered:
            yield Complaint(pair, f"is LIVE, and {tracked.keeper.buffered} differences wait")


# R4


def _no_error_is_lost(scene: Scene, logged: Logged) -> Iterator[Complaint]:
    if logged.level < logging.ERROR and not logged.has_error:
        return
    if not any(expected in logged.text for expected in scene.expected_errors):
        yield Complaint(logged.text[:60], logged.text)


# S1


def _log_is_clean(scene: Scene, logged: Logged) -> Iterator[Complaint]:
    yield from _told(scene.secrets, logged.text, "the log")


def _event_is_clean(scene: Scene, told: Told) -> Iterator[Complaint]:
    yield from _told(scene.secrets, repr(told.event), f"a {type(told.event).__name__}")


def _journal_is_clean(scene: Scene, _: Quiet | Died) -> Iterator[Complaint]:
    watch = scene.journal
    if watch is None:
        return
    for name in watch.disk.names(watch.path.parent):
        data = watch.disk.read(watch.path.with_name(name))
        for secret in scene.secrets:
            if secret.encode() in data:
                yield Complaint(name, "holds a key or a secret")


def _trace_is_clean(scene: Scene, _: Ended) -> Iterator[Complaint]:
    marks = () if scene.trace is None else scene.trace.marks
    for mark in marks:
        for secret in scene.private:
            if secret in mark.text or secret in mark.detail:
                yield Complaint(
                    "trace", f"mark {mark.number} ({mark.lane.value}, {mark.kind}) holds a secret"
                )


def _told(secrets: tuple[str, ...], text: str, where: str) -> Iterator[Complaint]:
    if any(secret in text for secret in secrets) or _SIGNATURE.search(text):
        yield Complaint(where, "holds a key, a secret or a signature")


INVARIANTS = (
    Invariant(
        id="R3",
        sentence="Queues are bounded; tasks, sockets and alarms are given back after each trouble.",
        looks=(
            ((Quiet,), _all_is_given_back),
            ((Quiet,), _one_connection_a_line),
            ((Quiet,), _queues_are_short),
        ),
    ),
    Invariant(
        id="R4",
        sentence="No task ends in an error that nobody takes, and nothing of ours is logged as an error.",
        looks=(((Logged,), _no_error_is_lost),),
    ),
    Invariant(
        id="S1",
        sentence="No key, secret or signature stands in a log, an event, a file or a trace.",
        looks=(
            ((Logged,), _log_is_clean),
            (_WORDY, _event_is_clean),
            ((Quiet, Died), _journal_is_clean),
            ((Ended,), _trace_is_clean),
        ),
    ),
)
