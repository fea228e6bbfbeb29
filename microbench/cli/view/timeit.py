"""`microbench timeit`: how long a statement takes, honestly.

It runs in fresh processes. In each, it is repeated until it gets no faster, then in samples
that are long against what reading the clock costs.
"""

from __future__ import annotations

import argparse
import sys
from math import sqrt

from ...measuring.options import MAX_TIME, MIN_TIME, PRECISION, Options
from ..answer.page import answer_lines
from ..terminal import Terminal
from ..timeit.processes import StatementError, answers
from ..timeit.stored import sink_for, store
from ..timeit.timed import Timed
from ..words import UsageError
from .exports import json_line
from .subcommand import Subparser, answering

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

ABOUT = """\
Say how long a statement of Python takes. It runs in a process of its own, first until it
gets no faster, then until the median is known well enough."""

NOTES = """\
Several STMT are the lines of one statement. What it prints goes to standard error. Between
processes, addresses and hashes of texts differ, and so does the time: several processes
say by how much, and six or more give an interval of their medians. Nothing is subtracted;
a warning says where the loop, or reading the clock, is a large part of the time."""

FAILED = 1


def work(words: list[str]) -> int:
    """Time the statement of the words."""
    asked = _parser().parse_args(words)
    options = _options(asked)
    statement, setup = '\n'.join(asked.statement), '\n'.join(asked.setup or ['pass'])
    _check(setup, statement)
    sink = None if asked.output is None else sink_for(asked.output)
    count = asked.processes
    request = {
        'statement': statement,
        'setup': setup,
        'options': _shared(options, count),
    }
    try:
        timed = Timed(statement, answers(request, count), options.precision)
    except StatementError as failure:
        print(f'microbench timeit: the statement failed: {failure}', file=sys.stderr)
        return FAILED
    if sink is not None:
        store(sink, timed)
    terminal = Terminal(sys.stdout)
    if asked.json:
        terminal.lines([json_line(timed.as_dict())])
    else:
        terminal.lines(answer_lines(statement, timed.rows(), terminal))
    return 0


main = answering('timeit', work)


def _parser() -> Subparser:
    parser = Subparser('timeit', ABOUT, NOTES)
    parser.usage = '%(prog)s [options] [-s SETUP] STMT [STMT ...]'
    option = parser.add_argument
    option('statement', nargs='+', metavar='STMT', help='a line of the statement')
    option(
        *('-s', '--setup'),
        action='append',
        metavar='SETUP',
        help='a line of what runs once before, in each process; may be repeated',
    )
    option(
        '--processes',
        type=_number(int, 'a number of processes', 1),
        default=1,
        metavar='N',
        help='fresh processes, one after another (default: 1)',
    )
    seconds = _number(float, 'a number of seconds', None)
    option(
        '--min-time',
        type=seconds,
        metavar='SECONDS',
        help=f'the samples take so long, in all processes (default: {MIN_TIME:g})',
    )
    option(
        '--max-time',
        type=seconds,
        metavar='SECONDS',
        help=f'no sample begins later, in all processes (default: {MAX_TIME:g})',
    )
    option(
        '--precision',
        type=_number(float, 'a share', None),
        metavar='SHARE',
        help=f'end when the interval is as narrow as this (default: {PRECISION:g})',
    )
    option('-o', '--output', metavar='FILE', help='append a record for each process')
    option('--json', action='store_true', help='print the statistics as JSON')
    return parser


def _number(kind: Any, what: str, least: int | None) -> Callable[[str], Any]:
    def number(word: str) -> Any:
        try:
            value = kind(word)
        except ValueError:
            value = None
        if value is None or (least is not None and value < least):
            lowest = '' if least is None else f', {least} or more'
            raise argparse.ArgumentTypeError(f'{word!r} is not {what}{lowest}')
        return value

    return number


def _options(asked: Any) -> Options:
    try:
        return Options(asked.min_time, asked.max_time, asked.precision)
    except ValueError as error:
        option, _, rest = str(error).partition(' ')
        raise UsageError(f'--{option.replace("_", "-")} {rest}') from None


def _shared(options: Options, processes: int) -> dict[str, float]:
    """Return the options of one process: all together take as long, and are as precise."""
    return {
        'min_time': options.min_time / processes,
        'max_time': options.max_time / processes,
        'precision': min(options.precision * sqrt(processes), 0.5),
    }


def _check(*texts: str) -> None:
    """Reject a text that is not code, before a process starts."""
    for text in texts:
        try:
            compile(text, '<statement>', 'exec')
        except (SyntaxError, ValueError) as error:
            why = getattr(error, 'msg', None) or str(error)
            raise UsageError(f'{text!r} is not a statement: {why}') from None
