"""`microbench baseline`: keep records, so that later runs are compared with them."""

from __future__ import annotations

import sys

from ...baselines.stored import (
    BaselineError,
    chosen,
    listed,
    save,
)
from ...comparison.sources import identity_in, is_baseline
from ...comparison.sources import name_of as baseline_of
from ...messages import safe
from ...results.reading import Lines
from ..terminal import Cell, Terminal
from ..words import UsageError
from .asked_fields import AskedFields
from .entries import STDIN, Entries, expanded, lines_of
from .headings import Column, counted, heading, table
from .subcommand import Subparser, answering, condition_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from typing import Any

    from ...baselines.stored import Baseline

    Record = dict[str, Any]

ABOUT = """\
Keep the records of a result file as a baseline, list the baselines, or show one.
"microbench compare baseline:NAME FILE" compares later runs with it."""

NOTES = """\
save NAME FILE ... stores the records of the files; show [NAME] shows those of a baseline,
by default of the last one. Baselines are in the folder .microbench, which is looked for in
the current directory and those above; without one, save makes it at the top of the git
repository or, outside of one, in the current directory. Each belongs to the machine and
the interpreter of its records. MICROBENCH_MACHINE is a name for machines that are alike."""

ACTIONS = ('save', 'list', 'show')
NONE = 'there are no baselines: microbench baseline save NAME FILE makes one'


def work(words: list[str]) -> int:
    """Save, list or show baselines."""
    parser = _parser()
    asked = parser.parse_intermixed_args(words)
    try:
        return {'save': _save, 'list': _list, 'show': _show}[asked.action](asked)
    except BaselineError as error:
        raise UsageError(safe(str(error))) from None


main = answering('baseline', work)


def _parser() -> Subparser:
    parser = Subparser('baseline', ABOUT, NOTES)
    parser.usage = '%(prog)s save NAME FILE [FILE ...]\n       %(prog)s list | show [NAME]'
    option = parser.add_argument
    option('action', choices=ACTIONS, help='what to do')
    option('name', nargs='?', metavar='NAME', help='what the baseline is called')
    option('path', nargs='*', metavar='FILE', help='result files; - is standard input')
    option(
        '--filter',
        metavar='EXPR',
        type=condition_of,
        help='save only records for which EXPR holds',
    )
    return parser


# --- save --------------------------------------------------------------------------------


def _save(asked: argparse.Namespace) -> int:
    if not asked.name or not asked.path:
        raise UsageError('save takes a name and a file: baseline save NAME FILE')
    try:
        made = save(asked.name, list(_records(asked)))
    except ValueError as error:
        raise UsageError(safe(str(error))) from None
    what = counted(made.count, 'record')
    Terminal(sys.stdout).lines([f'{what} saved as {made!r} in {safe(made.path)}'])
    return 0


def _records(asked: argparse.Namespace) -> Iterator[Record]:
    """Yield the records of the files, less the member `baseline` of another one."""
    for entry in Entries(asked.path, AskedFields(asked)):
        if asked.filter is None or asked.filter(entry.record):
            entry.record.pop('baseline', None)
            yield entry.record


# --- list and show -----------------------------------------------------------------------


def _list(asked: argparse.Namespace) -> int:
    if asked.name or asked.filter:
        raise UsageError('list takes neither a name nor a condition')
    found = listed()
    terminal = Terminal(sys.stdout)
    terminal.lines(table(_columns(found), terminal) if found else [NONE])
    return 0


def _columns(found: list[Baseline]) -> list[Column]:
    """Return the columns of a table of baselines; those without a value are left out."""
    named = {
        'name': [one.name for one in found],
        'saved': [one.saved for one in found],
        'commit': [one.commit for one in found],
        'records': [str(one.count) for one in found],
        'machine': [one.identity.machine or '' for one in found],
        'processor': [one.identity.cpu or '' for one in found],
        'interpreter': [one.identity.interpreter or '' for one in found],
    }
    return [
        Column(title, list(map(safe, cells)), is_right=title == 'records', is_elastic=True)
        for title, cells in named.items()
        if any(cells)
    ]


def _show(asked: argparse.Namespace) -> int:
    """Print whose a baseline is, and the table of its records."""
    from .show import main as show  # start-up time

    if asked.path or asked.filter:
        raise UsageError('show takes one name: baseline show NAME')
    found = chosen(asked.name or '', force=True)
    terminal = Terminal(sys.stdout)
    terminal.lines(heading(_about(found), terminal))
    terminal.lines([''])
    sys.stdout.flush()
    return show([found.path])


def _about(found: Baseline) -> Iterator[str]:
    identity = found.identity
    yield Cell(f'{found!r}', 'bold')
    for title, value in (
        ('saved', found.saved),
        ('commit', found.commit),
        ('machine', identity.machine),
        ('processor', identity.cpu),
        ('interpreter', identity.interpreter),
    ):
        if value:
            yield f'{title} {safe(value)}'


# --- sides of a comparison ---------------------------------------------------------------


def paths_of_baselines(paths: list[str], *, force: bool) -> list[str]:
    """Return paths in which files replace baselines.

    A baseline has to be of the machine and the interpreter of the other side.

    Raises:
        UsageError: there is no such baseline.
    """
    others = [path for path in paths if not is_baseline(path) and path != STDIN]
    try:
        identity = identity_in(_read(others[0]) if others else None, force=force)
        return [
            chosen(baseline_of(path), identity, force=force).path
            if is_baseline(path)
            else path
            for path in paths
        ]
    except ValueError as error:
        is_missing = type(error) is BaselineError
        hint = '' if is_missing else '; --force compares them'
        raise UsageError(safe(f'{error}{hint}')) from None


def _read(path: str) -> Iterator[Record]:
    for one in expanded([path]):
        yield from Lines(lines_of(one))
