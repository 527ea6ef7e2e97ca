"""When a command whose answer is missing can no longer take effect, as facts of a venue."""

from __future__ import annotations

from enum import Enum

from venuekit.protocol.frozen import Frozen

__all__ = ["Fence", "IdReuse", "Question"]


class Question(Enum):
    """What a venue can be asked about an order."""

    ORDER = "order"
    """The order by its id."""
    ALGO_ORDER = "algo order"
    """The same in the store of conditional orders, where a venue keeps these apart."""
    OPEN_ORDERS = "open orders"
    HISTORY = "history"
    EXECUTIONS = "executions"
    """The account's trades since the order was sent."""


class IdReuse(Enum):
    """Whether a venue takes a client id a second time."""

    NEVER = "never"
    AFTER_CLOSE = "after close"
    """Ids are unique among open orders only: the id of a filled order is accepted again, so an id does not
    protect from doubles."""


class Fence(Frozen):
    """The facts that turn "not found" into "it never will be". Times are seconds.

    A signed request carries its time; the venue forwards it to the engine only while it is younger than
    its receive window. After the window, the engine's time, and the lag of what answers questions, a
    command that left no trace has had no effect.

    `receive_window` is what requests carry unless told; None: requests carry no deadline. `engine_seconds`
    is the longest that an accepted request waits for the engine; None: the venue promises nothing. With
    either unknown no time ends a doubt. `replica_lag` is by how much an answer may be behind the engine.
    `questions` are to be asked in this order, and all of them must miss the order. `separation` is the
    least time between two answers that count as two. `answers_kept` is how long an ended order, even one
    that never filled, can be asked for. `page` is where the venue documents it.
    """

    receive_window: float | None
    engine_seconds: float | None
    questions: tuple[Question, ...]
    answers_kept: float
    client_id_reuse: IdReuse
    page: str
    replica_lag: float = 1.0
    separation: float = 2.0

    def __post_init__(self) -> None:
        if not self.questions:
            raise ValueError("a fence needs a question: without one nothing is ever confirmed missing")

    def end_of_doubt(
        self, signed_at: float, *, receive_window: float | None = None, clock_error: float = 0.0
    ) -> float | None:
        """From when, on the venue's clock, an answer can prove that a command had no effect; None: never.

        `signed_at` is the time that the request carries, `receive_window` the window it carries where that
        differs from the usual, `clock_error` how far our idea of the venue's clock may be off.
        """
        window = self.receive_window if receive_window is None else receive_window
        if window is None or self.engine_seconds is None:
            return None
        return signed_at + window + self.engine_seconds + self.replica_lag + clock_error
