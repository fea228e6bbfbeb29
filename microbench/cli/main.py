"""Run the command line: parse it, check it, time the program, return the exit status."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]
import os
import sys
import warnings

from ..core.arguments import is_switched_off
from ..messages import print_stderr
from .args.checks import checked
from .args.parser import Parser, show_and_exit
from .run.destinations import answers_on, bench_for, look_ahead, print_warning
from .run.forwarding import EndedBy
from .run.runner import Measurement
from .words import UsageError, hint_unquoted, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from ..bench import MicroBenchBase
    from .args.parser import Settings

    # the subcommands: PyInstaller and its like look for import statements
    from .view import (  # noqa: F401
        baseline,
        check,
        compare,
        convert,
        diff,
        merge,
        query,
        ranks,
        recover,
        resend,
        show,
        tail,
        timeit,
    )

# Name: line of help. Each name is a module in `view`, imported on demand. Its `main` takes
# the words after the name and returns an exit status. A name is a subcommand only as the
# first word; after `--` or an option it is a program.
SUBCOMMANDS: dict[str, str] = {
    'show': 'show records: a table of many, or all about one',
    'diff': 'say where two records differ, in their times and in what may explain them',
    'compare': 'say which of two sets of records is faster, and how surely',
    'baseline': 'keep records, so that later runs are compared with them',
    'ranks': 'say which rank of a parallel program was slow, and in which phase',
    'tail': 'show records as they are written, a line each',
    'query': 'ask a question in SQL about the records of files',
    'timeit': 'say how long a statement of Python takes',
    'recover': 'put the records of killed processes into their file',
    'resend': 'send the records that a sink did not take',
    'check': 'say what is damaged or missing in result files',
    'merge': 'write the records of many files into one, each once',
    'convert': 'bring result files of before 2.0 up to date',
    'completion': 'print a script that completes words in bash, zsh or fish',
}


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run a command line.

    Args:
        argv: words after the name of the command; by default those of this process.

    Raises:
        SystemExit: always, unless the command is interrupted. The code is the exit
            status, or the negative number of the signal that ended the child. Its
            subclass EndedBy is raised if a signal to this process ended the command.
        KeyboardInterrupt: that signal was SIGINT.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in SUBCOMMANDS:
        sys.exit(main_of(words)(words[1:]))
    parser = Parser(SUBCOMMANDS)
    try:
        if words and words[0].isalpha():
            _reject_mistyped(words)
        bench, settings = prepared(parser.settings(words))
    except UsageError as error:
        parser.reject(words, error)
    sys.exit(measure(bench, settings))


def _reject_mistyped(words: list[str]) -> None:
    """Reject a first word that is nearly a subcommand, and no program."""
    from .mistyped import subcommand_meant  # start-up time

    meant = subcommand_meant(words[0], SUBCOMMANDS)
    if meant is not None:
        raise UsageError(
            f'{quote(words[0])} is neither a subcommand nor a program: '
            f'did you mean {meant}?'
        )


def prepared(settings: Settings) -> tuple[MicroBenchBase, Settings]:
    """Check the settings, and make a bench for them.

    Raises:
        SystemExit: the settings ask for a list or a dry run, which was printed.
        UsageError: the settings are wrong.
    """
    if settings.show_mixins:
        from .args.listing import text_of_mixins  # start-up time

        show_and_exit(text_of_mixins())
    is_kept = settings.outfile is not None or answers_on(settings) != 'stdout'
    named = checked(settings, is_kept=is_kept)
    bench = bench_for(settings, named)
    if settings.has_input and not (settings.dry_run or is_switched_off()):
        from .run.rewind import input_of  # start-up time

        settings.standard_input = input_of(settings.input)
    if settings.dry_run:
        from .args.listing import text_of_settings  # start-up time

        show_and_exit(text_of_settings(settings, named))
    return bench, settings


def main_of(words: Sequence[str]) -> Callable[[list[str]], int]:
    """Return the `main` of a subcommand; that of `compare` depends on its words."""
    if words[0] == 'compare':
        from .commands.words import names_commands  # start-up time

        if names_commands(words[1:]):
            from .commands import main as commands  # start-up time

            return commands.main
    return subcommand(words[0])


def subcommand(name: str) -> Callable[[list[str]], int]:
    """Import a subcommand, and return its `main`; that of `completion` lists them all."""
    if name == 'completion':
        from .completion import main as completion  # start-up time

        return lambda words: completion.run(words, SUBCOMMANDS)
    from importlib import import_module

    function: Callable[[list[str]], int] = import_module(f'{__package__}.view.{name}').main
    return function


def measure(bench: MicroBenchBase, settings: Settings) -> int:
    """Run the command with these settings, and return its exit status."""
    measurement = Measurement(settings)
    _run(measurement, bench)
    outcome = measurement.outcome
    if outcome.start_error is not None:
        _print_start_error(settings.command[0], outcome.start_error)
    elif outcome.error is not None:
        raise outcome.error
    _raise_if_ended_by(measurement.ended_by)
    status = outcome.exit_status
    if status == 1 and 'PYTHON_GIL' in os.environ:
        _explain_gil(settings.command)
    return status


def _run(measurement: Measurement, bench: MicroBenchBase) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter('always')
        warnings.showwarning = print_warning
        if is_switched_off():
            measurement.run_unrecorded()
        else:
            look_ahead(measurement.settings)
            measurement.record(bench)


def _print_start_error(program: str, error: OSError) -> None:
    from .run.programs import reason  # start-up time

    why = reason(program, error)
    print_stderr(
        f'microbench: cannot start {quote(program)}: {why}{hint_unquoted(program)}'
    )


def _raise_if_ended_by(number: int | None) -> None:
    """Raise what lets this process end by a signal."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    if number is not None:
        raise EndedBy(-number)


def _explain_gil(command: list[str]) -> None:
    from .run.gil import refuses_to_start  # start-up time

    if refuses_to_start(command):
        print_stderr(
            f'microbench: {quote(command[0])} cannot start: PYTHON_GIL=0 is set, '
            'and this build of Python needs the GIL'
        )
