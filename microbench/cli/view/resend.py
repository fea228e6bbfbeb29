"""`microbench resend`: send the records that a sink did not take."""

from __future__ import annotations

import os
import sys

from ...messages import safe
from ...outputs.resend import Sent, resend, waiting
from ..terminal import Terminal
from ..words import UsageError
from .subcommand import Subparser, answering

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

ABOUT = """\
Send the records that a sink did not take, and that spool= has kept, to where they belong.
Each is sent once: what the server takes is removed, the rest stays."""

NOTES = """\
Headers and passwords are not in the spool: give headers by --header; Redis reads
REDISCLI_AUTH, PostgreSQL PGPASSWORD and ~/.pgpass. A record whose answer was lost is sent
again, with the same mb.record_id and, by HTTP, the same Idempotency-Key. The exit status is
1 if records are left."""

LEFT = 1


def main_resend(words: list[str]) -> int:
    """Send what the spools keep that the words name."""
    asked = _parser().parse_args(words)
    terminal = Terminal(sys.stdout)
    status = 0
    for directory in asked.path:
        if not os.path.isdir(directory):
            raise UsageError(f'{directory} is not a directory: give a spool')
        if asked.dry_run:
            results = waiting(directory, asked.to, _headers(asked.header))
            terminal.lines(map(_dry, results))
            status = max(status, LEFT if any(one.why for one in results) else 0)
            continue
        results = _sent(directory, asked)
        terminal.lines([line for result in results for line in _lines(result)])
        if not results:
            terminal.lines([f'{safe(directory)}: there is nothing to send'])
        if any(result.left or result.refused for result in results):
            status = LEFT
    return status


main = answering('resend', main_resend)


def _parser() -> Subparser:
    parser = Subparser('resend', ABOUT, NOTES)
    option = parser.add_argument
    option('path', nargs='+', metavar='DIR', help='a directory that spool= named')
    option(
        '--to',
        metavar='URL',
        help='send them there instead: http(s)://, redis(s)://HOST:PORT/DB?key=NAME, or '
        'postgresql://',
    )
    option(
        '--header',
        metavar='KEY:VALUE',
        action='append',
        default=[],
        help='header of each HTTP request, such as Authorization; can be repeated',
    )
    option('--dry-run', action='store_true', help='only say what would be sent')
    return parser


def _sent(directory: str, asked: Any) -> list[Sent]:
    try:
        return resend(directory, asked.to, _headers(asked.header))
    except BlockingIOError:
        raise UsageError(f'another resend of {directory} is running') from None


def _headers(words: list[str]) -> dict[str, str]:
    headers = {}
    for word in words:
        name, colon, value = word.partition(':')
        if not colon or not name.strip():
            raise UsageError('--header needs KEY:VALUE')
        headers[name.strip()] = value.strip()
    return headers


def _dry(result: Sent) -> str:
    where, records = safe(result.where), _records(result.left)
    if result.why:
        return f'{where}: {records} would be left: {safe(result.why)}'
    return f'{where}: {records} would be sent'


def _lines(result: Sent) -> Iterator[str]:
    where = safe(result.where)
    yield f'{where}: {_records(result.sent)} sent'
    if result.doubled:
        yield f'{where}: {_records(result.doubled)} left out, sent already'
    if result.refused:
        yield f'{where}: {_records(result.refused)} refused: {safe(result.refusal)}'
    if result.dropped or result.reason:
        reason = safe(result.reason) or 'no reason is given'
        yield f'{where}: the server dropped {result.dropped} spans: {reason}'
    if result.damaged:
        yield f'{where}: {result.damaged} damaged line{"s" * (result.damaged != 1)}'
    if result.left:
        yield f'{where}: {_records(result.left)} left: {safe(result.why)}'


def _records(count: int) -> str:
    return f'{count or "no"} record{"s" * (count != 1)}'
