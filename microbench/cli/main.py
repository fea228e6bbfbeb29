"""From the words of the command line to the exit status."""

from __future__ import annotations

import signal
import sys
import warnings

import microbench

from ..core.bench import MicroBenchBase
from ..core.settings import is_switched_off
from ..messages import tell
from ..outputs.base import Output
from ..outputs.file import FileOutput
from .forwarding import EndedBy
from .parser import Parser
from .runner import Measurement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from .parser import Settings

# Name and line of help. Each is a module beside this one, imported when it is asked for:
# its `main` gets the words after the name and returns an exit status. A name counts only
# as the very first word: after `--`, or after an option, it is a program.
SUBCOMMANDS: dict[str, str] = {
    'show': 'show records: a table of many, or all about one',
    'diff': 'say where two records differ, in their times and in what may explain them',
    'convert': 'bring result files of before 2.0 up to date',
}


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; its words are those of the process unless given.

    Raises:
        SystemExit: always, unless the command is interrupted. The code is the exit
            status, or the negative number of the signal that ended the child. EndedBy, a
            subclass: a signal was sent to this process, and has ended the command.
        KeyboardInterrupt: that signal was SIGINT.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in SUBCOMMANDS:
        sys.exit(subcommand(words[0])(words[1:]))
    parser = Parser()
    settings = parser.settings(words)
    try:
        bench = bench_for(settings)
    except ValueError as error:
        parser.error(str(error))
    sys.exit(measure(bench, settings))


def subcommand(name: str) -> Callable[[list[str]], int]:
    """Return the function that runs a subcommand."""
    from importlib import import_module

    function: Callable[[list[str]], int] = import_module(f'{__package__}.{name}').main
    return function


def measure(bench: MicroBenchBase, settings: Settings) -> int:
    """Run the command as the settings say, and return its exit status."""
    measurement = Measurement(settings)
    with warnings.catch_warnings():
        warnings.simplefilter('always')
        warnings.showwarning = _say
        if is_switched_off():
            measurement.run_unrecorded()
        else:
            measurement.record(bench)
    if measurement.start_error is not None:
        why = measurement.start_error.strerror
        tell(f'microbench: cannot start {settings.command[0]!r}: {why}')
    elif measurement.error is not None:
        raise measurement.error
    if measurement.ended_by == signal.SIGINT:
        raise KeyboardInterrupt
    if measurement.ended_by is not None:
        raise EndedBy(-measurement.ended_by)
    return measurement.exit_status


def bench_for(settings: Settings) -> MicroBenchBase:
    """Return a bench with the default mixins and the sinks of the settings.

    Raises:
        ValueError: a sink cannot be made; the message says why.
    """
    name = settings.outfile
    sink = StandardOutput() if name is None else FileOutput(name)
    bases = (*default_mixins(), MicroBenchBase)
    bench: MicroBenchBase = type('CommandBench', bases, {'capture_optional': True})(
        outputs=[sink]
    )
    bench.add_fields(**dict(settings.field or ()))
    return bench


def default_mixins() -> list[type]:
    """Return the public mixins that say of themselves that they are used by default."""
    names = [name for name in microbench.__all__ if name.startswith('MB')]
    mixins = [getattr(microbench, name) for name in names]
    return [mixin for mixin in mixins if getattr(mixin, 'cli_default', False)]


class StandardOutput(Output):
    """The standard output as it is when the record is written."""

    def __repr__(self) -> str:
        return 'standard output'

    def write_record(self, record: bytes, timeout: float | None = None) -> None:
        """Print the record as one line."""
        if sys.stdout is None:
            raise OSError('it is closed')
        sys.stdout.write(record.decode('ascii') + '\n')
        sys.stdout.flush()


def _say(message: Warning | str, *_where: Any, **_more: Any) -> None:
    """Show a warning as the message of a command, without a place in our sources."""
    tell(f'microbench: {message}')
