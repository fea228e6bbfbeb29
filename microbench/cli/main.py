"""From the words of the command line to the exit status."""

from __future__ import annotations

import os
import signal
import sys
import warnings

from ..bench import MicroBenchBase
from ..core.config import is_switched_off
from ..messages import print_stderr
from .args import selected_mixins
from .args.checks import checked
from .args.parser import Parser, show_and_exit
from .run.destinations import look_ahead, sinks
from .run.forwarding import EndedBy
from .run.runner import Measurement
from .words import UsageError, hint_unquoted, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from .args.selected_mixins import Named
    from .args.settings import Settings

    # the subcommands: PyInstaller and its like look for import statements
    from .view import convert, diff, recover, show, tail  # noqa: F401

# Name and line of help. Each is a module beside this one, imported when it is asked for:
# its `main` gets the words after the name and returns an exit status. A name counts only
# as the very first word: after `--`, or after an option, it is a program.
SUBCOMMANDS: dict[str, str] = {
    'show': 'show records: a table of many, or all about one',
    'diff': 'say where two records differ, in their times and in what may explain them',
    'tail': 'show records as they are written, a line each',
    'recover': 'put the records of killed processes into their file',
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
    parser = Parser(SUBCOMMANDS)
    try:
        bench, settings = prepared(parser.settings(words))
    except UsageError as error:
        parser.error(str(error))
    sys.exit(measure(bench, settings))


def prepared(settings: Settings) -> tuple[MicroBenchBase, Settings]:
    """Return a bench for settings with which nothing is wrong.

    Raises:
        SystemExit: they ask for a list, or for themselves, to be shown instead.
        UsageError: something is wrong with them.
    """
    if settings.show_mixins:
        from .args.listing import text_of_mixins  # start-up time

        show_and_exit(text_of_mixins())
    named = checked(settings)
    bench = bench_for(settings, named)
    if settings.dry_run:
        from .args.listing import text_of_settings  # start-up time

        show_and_exit(text_of_settings(settings, named))
    return bench, settings


def subcommand(name: str) -> Callable[[list[str]], int]:
    """Return the function that runs a subcommand."""
    from importlib import import_module

    function: Callable[[list[str]], int] = import_module(f'{__package__}.view.{name}').main
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
            look_ahead(settings)
            measurement.record(bench)
    if measurement.start_error is not None:
        from .run.programs import reason  # start-up time

        program = settings.command[0]
        why = reason(program, measurement.start_error)
        print_stderr(
            f'microbench: cannot start {quote(program)}: {why}{hint_unquoted(program)}'
        )
    elif measurement.error is not None:
        raise measurement.error
    if measurement.ended_by == signal.SIGINT:
        raise KeyboardInterrupt
    if measurement.ended_by is not None:
        raise EndedBy(-measurement.ended_by)
    if measurement.exit_status == 1 and 'PYTHON_GIL' in os.environ:
        _say_what_the_gil_does(settings.command)
    return measurement.exit_status


def _say_what_the_gil_does(command: list[str]) -> None:
    from .run.gil import refuses_to_start  # start-up time

    if refuses_to_start(command):
        print_stderr(
            f'microbench: {quote(command[0])} cannot start: PYTHON_GIL=0 is set, '
            'and this build of Python needs the GIL'
        )


def bench_for(settings: Settings, named: Named) -> MicroBenchBase:
    """Return a bench with these mixins, and with the sinks and fields of the settings.

    Raises:
        UsageError: a sink cannot be made, or the mixins do not go together.
    """
    names: dict[str, Any] = {'capture_optional': True}
    if settings.redact:
        names['redact'] = settings.redact
    names |= selected_mixins.attributes(named, settings)
    try:
        cls = type('CommandBench', (*selected_mixins.bases(named), MicroBenchBase), names)
    except TypeError as error:
        raise UsageError(f'these mixins do not go together: {error}') from None
    bench: MicroBenchBase = cls(outputs=sinks(settings))
    bench.add_fields(**settings.fields)
    return bench


def _say(message: Warning | str, *_where: Any, **_more: Any) -> None:
    """Show a warning as the message of a command, without a place in our sources."""
    print_stderr(f'microbench: {message}')
