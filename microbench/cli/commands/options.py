"""The options of `microbench compare -- A --- B`.

It has those of the command as well (`-o`, `-m`, `--timeout`): what this parser does not
know goes to theirs.
"""

from __future__ import annotations

import argparse

from ...analysis.words import MARGIN
from ..args.parser import Parser
from ..view.subcommand import Subparser
from ..words import UsageError, percent
from .scan import Scan, check_names, combined, filled, of_list, of_range
from .words import misplaced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..args.parser import Settings
    from .scan import Values

ABOUT = """\
Run commands in random order, by turns, until it is clear which one is faster, or until
--max-time is over. The first one is what the others are compared with."""

NOTES = """\
Other options are those of the command: -w, -n N for a fixed number of runs, -o FILE for a
record of each run, -m, -f, --timeout, --input. The status is 0 if there is an answer; 1 if
--fail-over says so, or if a command failed at once; 2 for wrong use; 126 or 127 if a
command cannot be started; 130 after Ctrl-C."""

MAX_TIME = 300.0  # seconds
HOOKS = ('setup', 'prepare', 'cleanup')


class Asked:
    """What is asked for.

    Args:
        words: options, those before `--`.
        commands: the words of each command.

    Attributes:
        options: values of the options above.
        settings: settings of the command of cli/args, for all commands.
        variants: name, words and values of each command.
        misplaced: options that the last command has, and may be meant for `compare`.
        scan: the only scan, if it is one of numbers and there is one command.

    Raises:
        UsageError: something is wrong.
    """

    def __init__(self, words: Sequence[str], commands: Sequence[list[str]]) -> None:
        options, left = _parser().parse_known_args(list(words))
        self.options: Any = options
        self.settings = _settings(left, commands[0])
        self.max_time: float = self.settings.max_time or MAX_TIME
        scans = _scans(options)
        hooks = [text for name in HOOKS for text in getattr(options, name)]
        check_names([word for words in commands for word in words] + hooks, scans)
        self.variants: list[tuple[str, list[str], Values]] = [
            (name, [filled(word, values) for word in command], values)
            for values in combined(scans)
            for name, command in zip(_names(options, commands), commands, strict=True)
        ]
        if len(self.variants) < 2:
            raise UsageError('one command has nothing to compare with: add --- and another')
        is_one = len(scans) == 1 and scans[0].is_number and len(commands) == 1
        self.scan = scans[0] if is_one else None
        _check_hooks(options, len(commands))
        self.misplaced = misplaced(commands, _known()) if len(commands) > 1 else []

    def hook(self, name: str, place: int, values: Values) -> str | None:
        """Return the command line of a hook for a command.

        Args:
            name: `setup`, `prepare` or `cleanup`.
            place: number of the command, from 0.
            values: of the scans.
        """
        given = getattr(self.options, name)
        if not given:
            return None
        return filled(given[0 if len(given) == 1 else place % len(given)], values)


def _known() -> set[str]:
    return {*Parser().flags, *_parser()._option_string_actions}


def _parser() -> Subparser:
    parser = Subparser('compare', ABOUT, NOTES)
    parser.usage = '%(prog)s [options] -- COMMAND [ARG ...] --- COMMAND [ARG ...]'
    option = parser.add_argument
    _add_scans(parser)
    for name, what in zip(HOOKS, _HELP, strict=True):
        option(f'--{name}', metavar='LINE', action='append', default=[], help=what)
    text = 'names of the commands, one option each'
    option('--name', metavar='NAME', action='append', default=[], help=text)
    text = 'a status other than 0 is as good'
    option('-i', '--ignore-failure', action='store_true', help=text)
    option('--show-output', action='store_true', help='do not hide what commands print')
    text = 'status 1 if one is slower for certain, and by more than that'
    option('--fail-over', metavar='PERCENT', type=_share, help=text)
    text = 'a difference below that does not matter; by default 1%%'
    option('--margin', metavar='PERCENT', type=_share, default=MARGIN, help=text)
    forms = parser.add_mutually_exclusive_group()
    for form in ('json', 'csv', 'markdown'):
        forms.add_argument(f'--{form}', action='store_true', help=f'print {form}')
    return parser


_HELP = (
    'shell command before the first run of a command',
    'shell command before each run',
    'shell command after all runs',
)


def _add_scans(parser: Subparser) -> None:
    option = parser.add_argument
    text = 'run the commands with each value in place of {NAME}'
    forms = ('-L', '--parameter-list')
    option(*forms, nargs=2, metavar=('NAME', 'A,B'), action='append', default=[], help=text)
    text = 'the same with numbers from FROM to TO'
    forms = ('-P', '--parameter-scan')
    three = ('NAME', 'FROM', 'TO')
    option(*forms, nargs=3, metavar=three, action='append', default=[], help=text)
    flags = ('-D', '--step', '--parameter-step-size')
    option(*flags, dest='step', metavar='STEP', help='of -P; by default 1')


def _share(word: str) -> float:
    try:
        return percent(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _scans(options: Any) -> list[Scan]:
    if options.step is not None and not options.parameter_scan:
        raise UsageError('--step requires a scan of numbers: add -P NAME FROM TO')
    step = '1' if options.step is None else options.step
    lists, ranges = options.parameter_list, options.parameter_scan
    return [
        *(of_list(name, text) for name, text in lists),
        *(of_range(name, first, last, step) for name, first, last in ranges),
    ]


def _settings(left: Sequence[str], command: list[str]) -> Settings:
    settings = Parser().settings([*left, '--', *command])
    if settings.command != command:
        raise UsageError(f'{settings.command[0]!r} is no option: commands go after --')
    if settings.outfile in ('-', '/dev/stdout'):
        raise UsageError(
            '-o - would mix records with the answer: name a file, or use --json'
        )
    for name in ('precision', 'dry_run', 'show_mixins'):
        if name in vars(settings):
            raise UsageError(f'--{name.replace("_", "-")} is for one command, not several')
    settings.is_compared = True
    return settings


def _names(options: Any, commands: Sequence[list[str]]) -> list[str]:
    names: list[str] = options.name
    if not names:
        return [''] * len(commands)
    if len(names) != len(commands):
        given, needed = len(names), len(commands)
        raise UsageError(f'--name is given {given} times for {needed} commands')
    if len(set(names)) < len(names):
        raise UsageError('two commands have the same --name')
    return names


def _check_hooks(options: Any, commands: int) -> None:
    for name in HOOKS:
        given = len(getattr(options, name))
        if given not in (0, 1, commands):
            raise UsageError(f'--{name} is given {given} times for {commands} commands')
