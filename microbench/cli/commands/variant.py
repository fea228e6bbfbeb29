"""One of several commands: its settings, its bench, and its runs."""

from __future__ import annotations

import copy
import os

from ...core.arguments import is_switched_off
from ..answer.page import typed
from ..args.checks import checked
from ..run.destinations import bench_for
from ..run.runner import Measurement
from ..words import quote
from .around import StoppedError, ending
from .surrounded import Examined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..args.parser import Settings
    from .scan import Values

LONGEST = 200  # characters of a command that is its own name


class Variant:
    """A command that is compared.

    Args:
        settings: settings for all commands.
        name: its name; empty for its words.
        command: its words.
        values: values of the scans.

    Attributes:
        rounds: seconds of the runs that went well, by round.
        failed: how others ended, with their numbers.
        ended_by: signal that ended a run and the comparison.
        examined: its first records, if they say anything about the surroundings.
    """

    def __init__(
        self, settings: Settings, name: str, command: list[str], values: Values
    ) -> None:
        self.settings = copy.copy(settings)
        self.settings.command, self.settings.warmup = command, 0
        self.settings.iterations = 1
        self.settings.quiet = True
        self.command, self.values = command, values
        self.name = _name(name, command, values)
        self.rounds: dict[int, float] = {}
        self.failed: dict[str, int] = {}
        self.ended_by: int | None = None
        is_kept = any((settings.outfile, settings.http_output, settings.redis_output))
        self.examined = Examined()
        named = checked(self.settings, is_kept=is_kept)
        more = [self.examined] if named else []  # else nothing around is known
        self.bench = bench_for(self.settings, named, *more)

    @property
    def seconds(self) -> list[float]:
        """Seconds of the runs that went well, in order."""
        return [self.rounds[number] for number in sorted(self.rounds)]

    @property
    def failures(self) -> int:
        """Number of runs that did not go well."""
        return sum(self.failed.values())

    def run(self, number: int, streams: dict[str, int], *, is_lenient: bool) -> None:
        """Run it once, and add the run.

        Args:
            number: of the round; below 0 for a warm-up, which leaves no record.
            streams: its standard streams.
            is_lenient: a status other than 0 is as good.

        Raises:
            StoppedError: it cannot be started, or its first run failed.
        """
        measurement = Measurement(self.settings)
        for name, stream in streams.items():
            measurement.options.setdefault(name, stream)
        if number < 0 or is_switched_off():
            measurement.run_unrecorded()
        else:
            measurement.record(self.bench)
        self._add(measurement, number, is_lenient=is_lenient)

    def _add(self, measurement: Measurement, number: int, *, is_lenient: bool) -> None:
        outcome, child = measurement.outcome, measurement.child
        if outcome.start_error is not None:
            why = outcome.start_error.strerror
            program = quote(self.command[0])
            raise StoppedError(f'cannot start {program}: {why}', outcome.exit_status)
        self.ended_by = measurement.ended_by
        if self.ended_by is not None or child is None:
            return
        if outcome.error is not None:
            raise outcome.error
        how = 'timed out' if child.timed_out else ending(child.returncode)
        is_good = not child.timed_out and (is_lenient or not child.returncode)
        if is_good and number >= 0:
            self.rounds[number] = child.duration_ns * 1e-9
        elif not is_good:
            self._fail(how, number)

    def _fail(self, how: str, number: int) -> None:
        if not self.rounds and not self.failed:
            raise StoppedError(
                f'{quote(self.name)} {how} in its first run: --show-output shows what it '
                'prints, and --ignore-failure takes its time all the same'
            )
        if number >= 0:
            self.failed[how] = self.failed.get(how, 0) + 1


def _name(name: str, command: list[str], values: Values) -> str:
    if not name:
        return typed([os.fsdecode(word) for word in command], LONGEST)
    texts = [f'{key}={value}' for key, value in values.items()]
    return ', '.join([name, *texts])
