"""Print the progress of many runs on a terminal.

The text goes to standard error, and only if that is a terminal; a pipe or a log gets
nothing. It is written between two runs, never while one is timed. The timed command prints
to the same terminal. So the text stands at the right edge of the cursor's line, and the
cursor does not move: the next output of the command appears where it would without us.
"""

from __future__ import annotations

import sys
from bisect import insort

from ...results import units
from ..terminal import Terminal, bar
from .job_control import has_terminal, in_foreground

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..args.parser import Settings

MIN_TOTAL = 2.0  # seconds: show no progress if all runs are expected to take less
REDRAW_AFTER = 0.1  # seconds of runs
BAR = 20  # columns

# ECMA-48, and DECSC and DECRC of the VT100: every terminal that is not dumb has them.
SAVE, RESTORE, ERASE = '\0337', '\0338', '\033[K'


def make_progress(settings: Settings) -> Progress | None:
    """Return an object that prints the progress; None without a terminal.

    Args:
        settings: settings of the command; with `quiet`, nothing is printed.
    """
    if settings.quiet or sys.stderr is None:
        return None
    terminal = Terminal(sys.stderr)
    return Progress(settings.iterations, terminal) if terminal.is_terminal else None


class Progress:
    """Prints the progress of the runs.

    Args:
        runs: number of runs.
        terminal: terminal to print on.
    """

    def __init__(self, runs: int, terminal: Terminal) -> None:
        self.runs = runs
        self.terminal = terminal
        self.durations: list[float] = []  # seconds, in order of size
        self.elapsed = 0.0
        self.drawn_at = -REDRAW_AFTER
        self.bar: Callable[[float], str] | None = None

    def between(self, duration_ns: int) -> None:
        """Add a run that has ended. Call this only between two runs."""
        insort(self.durations, duration_ns * 1e-9)
        self.elapsed += duration_ns * 1e-9
        if len(self.durations) == self.runs:
            self.clear()
        elif self._is_worth_it() and _may_write():
            self.drawn_at = self.elapsed
            self._draw()

    def _is_worth_it(self) -> bool:
        done = len(self.durations)
        return (
            self.terminal.can_erase
            and self.elapsed / done * self.runs >= MIN_TOTAL
            and self.elapsed - self.drawn_at >= REDRAW_AFTER
        )

    def show_running(self, so_far: str, seconds: float) -> None:
        """Draw about the run that is not over yet.

        Args:
            so_far: what is known of it.
            seconds: how long it has taken.
        """
        if self.terminal.can_erase and _may_write():
            self.drawn_at = self.elapsed + seconds
            which = f'run {len(self.durations) + 1} of {self.runs}, ' * (self.runs > 1)
            self._draw_at_edge(which + so_far)

    def _draw(self) -> None:
        """Draw a bar and the state; on a narrow terminal less of them."""
        room = self._columns - 2 * BAR
        long, short = self._states()
        text = long if len(long) < room else short
        if len(text) < room:
            self.bar = self.bar or _bar_for(self.terminal)
            drawn = self.bar(len(self.durations) / self.runs)
            self._draw_at_edge(f'{drawn} {text}', BAR + 1 + len(text))
        else:
            self._draw_at_edge(text)

    def _states(self) -> tuple[str, str]:
        """Return how many runs have ended, their median, and the times past and left."""
        done, middle = len(self.durations), len(self.durations) // 2
        median = (self.durations[middle] + self.durations[~middle]) / 2
        each, past = map(units.duration, (median, self.elapsed))
        left = units.duration(self.elapsed / done * (self.runs - done))
        beginning = f'{done} of {self.runs}, median {each}'
        return f'{beginning}, {past} so far, {left} left', f'{beginning}, {left} left'

    @property
    def _columns(self) -> int:
        """Number of columns; the last stays free: some terminals would begin a new line."""
        return (self.terminal.width or 80) - 1

    def _draw_at_edge(self, text: str, columns: int | None = None) -> None:
        room = self._columns - (len(text) if columns is None else columns)
        if room > 0:
            self._send(f'{SAVE}{ERASE}\r\033[{room}C{text}{RESTORE}')

    def clear(self) -> None:
        """Erase the progress."""
        if self.drawn_at >= 0 and self.terminal.can_erase:
            self.drawn_at = -REDRAW_AFTER
            self._send(ERASE)

    def _send(self, text: str) -> None:
        try:
            self.terminal.write(text)
            self.terminal.stream.flush()
        except (OSError, ValueError):
            self.terminal.can_erase = False  # the terminal has gone away


def _may_write() -> bool:
    """Return False for a background job, which the terminal may stop when it writes."""
    return not has_terminal() or in_foreground()


def _bar_for(terminal: Terminal) -> Callable[[float], str]:
    """Return a function that draws a bar for a fraction, with rich if it is installed.

    Without colours the bars of rich have no visible end.
    """

    def plain(part: float) -> str:
        filled = bar(part, BAR)
        return terminal.paint(filled) + ' ' * (BAR - len(filled))

    try:
        return _rich_bar() if terminal.colours else plain
    except ImportError:
        return plain


def _rich_bar() -> Callable[[float], str]:
    """Return a bar of rich. The import takes 45 ms: only do it between long runs."""
    from io import StringIO

    from rich.console import Console
    from rich.progress_bar import ProgressBar

    console = Console(file=StringIO(), width=BAR, force_terminal=True)

    def drawn(part: float) -> str:
        with console.capture() as capture:
            console.print(ProgressBar(total=1.0, completed=part, width=BAR), end='')
        return capture.get()

    return drawn
