"""Run the commands of a comparison, and print the answer."""

from __future__ import annotations

import os
import sys
import warnings
from functools import partial
from signal import SIGINT

from ...messages import print_stderr, safe
from ..run.destinations import look_ahead, print_warning
from ..run.forwarding import EndedBy
from ..run.rewind import input_of
from ..streams import is_terminal
from ..terminal import Terminal
from .around import Around, StoppedError
from .options import Asked
from .progress import Progress
from .shown import Answer, forms
from .turns import Turns
from .variant import Variant
from .words import divided

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def compare(words: list[str]) -> int:
    """Compare the commands that the words name, and return the exit status."""
    asked = Asked(*divided(words))
    comparison = _Comparison(asked)
    if any(word.startswith('--') for word in asked.misplaced):
        _hint(asked.misplaced)  # a short one may well be meant for the command
    with warnings.catch_warnings():
        warnings.simplefilter('always')
        warnings.showwarning = print_warning
        look_ahead(asked.settings)
        comparison.run()
    return comparison.answer()


def _hint(misplaced: list[str]) -> None:
    """Print on a terminal which options may be in the wrong place."""
    if not misplaced or not is_terminal(sys.stderr):
        return
    names, is_one = ', '.join(map(safe, misplaced)), len(misplaced) == 1
    rule = 'an option of compare stands' if is_one else 'options of compare stand'
    verb = 'goes' if is_one else 'go'
    print_stderr(
        f'microbench compare: {names} {verb} to the last command: {rule} before --'
    )


class _EndedError(Exception):
    """A signal ended a run."""


class _Comparison:
    """The commands, while they are compared.

    Args:
        asked: what is asked for.
    """

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        settings = asked.settings
        self.is_fixed = 'iterations' in vars(settings) and not settings.is_auto
        self.variants = [Variant(settings, *one) for one in asked.variants]
        self.turns = Turns(
            self.variants,
            asked.max_time,
            rounds=settings.iterations if self.is_fixed else 0,
            margin=asked.options.margin,
        )
        self.progress = Progress(settings.quiet)
        self.stopped: StoppedError | None = None
        self.ended_by: int | None = None
        self._started: list[Variant] = []

    def run(self) -> None:
        """Run the commands until the answer is clear, or something ends that."""
        with open(os.devnull, 'r+b', buffering=0) as null:
            self._open(null.fileno())
            self._guarded(self._measure)
            self.progress.clear()
            for variant in self._started:  # all of them, also where one fails
                self._guarded(partial(self._hook, 'cleanup', variant))

    def _open(self, null: int) -> None:
        """Prepare the streams of the commands."""
        show = self.asked.options.show_output
        self.around = Around(2 if show else null)
        self.streams = {'stdin': null} if os.isatty(0) else {}
        if not show:
            self.streams |= {'stdout': null, 'stderr': null}
        self.input = input_of(self.asked.settings.input)
        self.streams |= self.input.options

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except _EndedError:
            pass
        except KeyboardInterrupt:
            self.ended_by = SIGINT
        except StoppedError as error:
            self.stopped = self.stopped or error

    def _measure(self) -> None:
        for variant in self.variants:
            self._started.append(variant)
            self._hook('setup', variant)
        for number in range(self.asked.settings.warmup):
            for variant in self.variants:
                self._once(number - self.asked.settings.warmup, variant)
        for number, variant in self.turns:
            self._once(number, variant)

    def _hook(self, name: str, variant: Variant) -> None:
        place = self.variants.index(variant)
        self.around.run(name, self.asked.hook(name, place, variant.values))

    def _once(self, number: int, variant: Variant) -> None:
        self._hook('prepare', variant)
        self.input()
        is_lenient = self.asked.options.ignore_failure
        variant.run(number, self.streams, is_lenient=is_lenient)
        if variant.ended_by is not None:
            self.ended_by = variant.ended_by
            raise _EndedError
        self.progress.between(number)

    # --- the answer --------------------------------------------------------------------

    def answer(self) -> int:
        """Print the answer, and return the exit status."""
        are_there = [bool(variant.rounds) for variant in self.variants]
        if any(are_there) and (all(are_there) or self.stopped is None):
            self._print()
        if self.stopped is not None:
            print_stderr(f'microbench compare: {safe(str(self.stopped))}')
            _hint(self.asked.misplaced)
            return self.stopped.status
        if self.ended_by == SIGINT:
            raise KeyboardInterrupt
        if self.ended_by is not None:
            raise EndedBy(-self.ended_by)
        return self._status()

    def _print(self) -> None:
        self.turns.finish()
        terminal = Terminal(sys.stdout)
        found = Answer(self.turns, self.asked.scan)
        terminal.lines(forms(found, terminal, self.asked.options))
        sys.stdout.flush()

    def _status(self) -> int:
        limit = self.asked.options.fail_over
        return int(limit is not None and self.turns.is_slower_by(limit))
