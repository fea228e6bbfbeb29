"""`microbench recover`: append the records of killed processes to their file."""

from __future__ import annotations

import os
import sys

from ... import _core
from ...journal import recovery
from ...messages import safe
from ..terminal import Terminal
from ..words import UsageError
from .entries import expanded
from .subcommand import Subparser, answering

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...journal.recovery import Report

ABOUT = """\
Put the records of processes that were killed into the file that they belong to.
Readers see them anyway, and the next writer does the same."""

NOTES = """\
What a process keeps beside FILE while it runs is .FILE.PID-RANDOM.journal. It is removed
when its records are in FILE. Those of running processes are left alone; so are those of
other users, of other hosts, and what cannot be understood."""


def recover(words: list[str]) -> int:
    """Recover the journals of the files that the words name."""
    asked = _parser().parse_args(words)
    terminal = Terminal(sys.stdout)
    for path in expanded(asked.path):
        _require_regular_file(path)
        said = False
        for report in _reports(path, asked.dry_run, asked.force):
            said = True
            terminal.lines([_line(report, asked.dry_run)])
        if not said and not os.path.exists(path):
            raise UsageError(f'{path} does not exist, and there is no journal of it')
        if not said:
            terminal.lines([f'{safe(path)}: there is nothing to recover'])
    return 0


main = answering('recover', recover)


def _parser() -> Subparser:
    parser = Subparser('recover', ABOUT, NOTES)
    option = parser.add_argument
    option(
        'path',
        nargs='+',
        metavar='FILE',
        help='a file of records, a directory or a pattern',
    )
    option('--dry-run', action='store_true', help='only say what would be done')
    option(
        '--force',
        action='store_true',
        help='also journals of other users and hosts, if their processes are dead: '
        'microbench cannot check processes of other hosts',
    )
    return parser


def _require_regular_file(path: str) -> None:
    if os.path.exists(path) and not os.path.isfile(path):
        raise UsageError(f'{path} is not a regular file: give a file of records')


def _reports(path: str, dry_run: bool, force: bool) -> Iterable[Report]:
    if dry_run:
        return recovery.survey(path, force)
    appender = _core.Appender(path)
    return recovery.recover(path, appender.append, appender.sync, force)


def _line(report: Report, dry_run: bool) -> str:
    name = safe(os.path.basename(report.path))
    if report.why_not:
        return f'{name} was left alone: {safe(report.why_not)}'
    would = 'would be ' if dry_run else ''
    said = f'{_records(len(report.lines))} of process {report.pid} {would}recovered'
    if report.damaged:
        said += f'; it stays, {_records(report.damaged)} could not be understood'
    return f'{name}: {said}'


def _records(count: int) -> str:
    return f'{count or "no"} record{"s" * (count != 1)}'
