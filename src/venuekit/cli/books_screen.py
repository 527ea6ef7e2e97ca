"""What the demo shows: ladders that move on a terminal, lines where there is none."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from venuekit.cli.books_stage import Stage, spell
from venuekit.cli.ladder import ladder, line, view_of
from venuekit.model.decimals import plain
from venuekit.model.order import TradeType
from venuekit.seams.clock import Clock

__all__ = ["Screen"]

_FRAMES_PER_SECOND = 8
_LINES_EVERY = 2.0
_LOG_LINES = 6
_SHORT_LOG_LINES = 3
_TALL = 36
# Lines of a frame beside levels and log: caption, borders, and the one below.
_FIXED_LINES = 1 + 4 + 1
# Title, spread and last trade.
_PAIR_LINES = 3
_MOST_LEVELS = 8
_HEALED_SECONDS = 3.0


class Screen:
    """Where the demo is seen; `is_quiet` shows nothing at all, for programs that want the summary only."""

    def __init__(self, console: Console, clock: Clock, *, is_quiet: bool) -> None:
        self.caption = "starting"
        self._console = console
        self._clock = clock
        self._is_quiet = is_quiet
        self._began = clock.monotonic()
        self._log: deque[str] = deque(maxlen=_LOG_LINES)

    def say(self, sentence: str) -> None:
        """Tell something that happened."""
        told = f"{self._clock.monotonic() - self._began:5.1f} s  {sentence}"
        self._log.append(told)
        if not self._is_quiet and not self._console.is_interactive:
            self._console.print(told, soft_wrap=True)

    async def show(self, stages: Sequence[Stage]) -> None:
        """Show the stages until cancelled."""
        if self._is_quiet:
            return
        if not self._console.is_interactive:
            await self._print_lines(stages)
            return
        with Live(console=self._console, auto_refresh=False, vertical_overflow="crop") as live:
            try:
                while True:
                    live.update(self._frame(stages), refresh=True)
                    await self._clock.sleep(1 / _FRAMES_PER_SECOND)
            finally:
                live.update(self._frame(stages), refresh=True)

    async def _print_lines(self, stages: Sequence[Stage]) -> None:
        width = max(len(stage.exchange.name) for stage in stages)
        while True:
            for stage in stages:
                for pair in stage.trading_pairs:
                    self._console.print(
                        f"         {line(view_of(stage.exchange, pair, 1), width)}", soft_wrap=True
                    )
            await self._clock.sleep(_LINES_EVERY)

    def _frame(self, stages: Sequence[Stage]) -> RenderableType:
        pairs = max(len(stage.trading_pairs) for stage in stages)
        log_lines = _LOG_LINES if self._console.height >= _TALL else _SHORT_LOG_LINES
        spare = self._console.height - _FIXED_LINES - log_lines - pairs * _PAIR_LINES
        depth = max(1, min(_MOST_LEVELS, spare // (2 * pairs)))
        side_by_side = Table.grid(expand=True, padding=(0, 1))
        for _ in stages:
            side_by_side.add_column(ratio=1)
        side_by_side.add_row(*(_panel(stage, depth) for stage in stages))
        told = list(self._log)[-log_lines:]
        log = Text("\n".join([*told, *[""] * (log_lines - len(told))]), no_wrap=True)
        elapsed = self._clock.monotonic() - self._began
        caption = Text.assemble((" venuekit demo ", "reverse"), f" {elapsed:4.1f} s  {self.caption}")
        return Group(caption, side_by_side, Panel(log, title="what happens", title_align="left"))


def _panel(stage: Stage, depth: int) -> RenderableType:
    shown: list[RenderableType] = []
    for pair in stage.trading_pairs:
        view = view_of(stage.exchange, pair, depth)
        shown += [ladder(view, depth, _healed_lately(stage, pair)), _last_trade(stage, pair)]
    foot = f"{stage.messages} msgs, {len(stage.incidents)} healed, {stage.reconnects} reconnects"
    title = f"[bold]{stage.exchange.setting.display_name}[/]"
    return Panel(Group(*shown), title=title, title_align="left", subtitle=foot, subtitle_align="left")


def _healed_lately(stage: Stage, pair: str) -> str:
    """A word about a book that was lost a moment ago: most heal faster than one can see."""
    healed_at, seconds = stage.last_heal.get(pair, (0.0, 0.0))
    is_fresh = healed_at and stage.exchange.clock.monotonic() - healed_at < _HEALED_SECONDS
    return f"healed in {spell(seconds)}" if is_fresh else ""


def _last_trade(stage: Stage, pair: str) -> Text:
    trades = stage.trades[pair]
    if not trades:
        return Text("  no trade yet", style="dim")
    trade = trades[-1]
    is_buy = trade.type is TradeType.BUY
    return Text.assemble(
        ("  bought " if is_buy else "  sold ", "green" if is_buy else "red"),
        f"{plain(trade.amount)} at {plain(trade.price)}",
    )
