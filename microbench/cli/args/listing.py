"""Print the list of mixins, or the settings of a dry run."""

from __future__ import annotations

import shlex
import sys
import textwrap

from ..terminal import page_width
from . import selected_mixins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .parser import Settings
    from .selected_mixins import Named


LONGEST_NAME = 24  # columns; the description of a longer name starts on the next line
LABEL = 14  # columns of a label in a dry run


def text_of_mixins() -> str:
    """Return the list of all mixins, each followed by its options."""
    named = selected_mixins.all_known()
    column = min(max(map(len, named)), LONGEST_NAME) + 6
    standard = selected_mixins.default()
    lines = ['Available mixins (* = included by default):', '']
    for name, mixin in named.items():
        mark = '*' if name in standard else ' '
        first = (mixin.__doc__ or '').strip().partition('\n')[0].strip()
        lines += _beside(f'  {mark} {name}', first, column)
        for option in selected_mixins.options_of({name: mixin}):
            lines += _beside('', f'{option.flags[0]}{option.form}', column)
    return '\n'.join(lines) + '\n'


def _beside(left: str, right: str, column: int) -> list[str]:
    """Return lines with `right` beside `left`, or below it if `left` is too long."""
    lines = textwrap.wrap(right, page_width(sys.stdout) - column) or ['']
    if len(left) + 2 > column:
        lines.insert(0, '')
    first, *rest = lines
    return [f'{left:{column}}{first}'.rstrip(), *(f'{"":{column}}{line}' for line in rest)]


def text_of_settings(settings: Settings, named: Named) -> str:
    """Return the text of a dry run: command, destinations, mixins and settings."""
    lines = ['Dry run: the command will not be executed.', '']
    lines += [f'  {label + ":":12}{value}' for label, value in _head(settings, named)]
    lines += _options(settings)
    lines += [f'  {label + ":":12}{value}' for label, value in _rest(settings)]
    return '\n'.join(lines) + '\n'


def _head(settings: Settings, named: Named) -> Iterator[tuple[str, Any]]:
    yield 'Command', shlex.join(settings.command)
    yield 'Output', ', '.join(_destinations(settings))
    names = ', '.join(named) or 'none'
    lines = textwrap.wrap(names, page_width(sys.stdout) - LABEL, break_on_hyphens=False)
    yield 'Mixins', f'\n{"":{LABEL}}'.join(lines)


def _destinations(settings: Settings) -> Iterator[str]:
    others = settings.http_output or settings.redis_output
    if settings.outfile == '-' or not (settings.outfile or others):
        yield 'stdout'
    elif settings.outfile:
        yield settings.outfile
    if settings.http_output:
        yield settings.http_output
    if settings.redis_output:
        yield f'redis:{settings.redis_output}'


def _options(settings: Settings) -> Iterator[str]:
    """Yield a line for each mixin option on the command line."""
    for option, value in settings.mixin_options.items():
        values = value if isinstance(value, list) else [value]
        yield f'    {option.flags[0]} {shlex.join(map(str, values))}'


def _rest(settings: Settings) -> Iterator[tuple[str, Any]]:
    warmup = f' (+{settings.warmup} warmup)' if settings.warmup else ''
    yield 'Iterations', f'{"auto" if settings.is_auto else settings.iterations}{warmup}'
    if settings.stdout or settings.stderr:
        yield 'Capture', _capture(settings)
    if settings.timeout is not None:
        grace = settings.timeout_grace_period
        yield 'Timeout', f'{settings.timeout}s (grace period: {grace}s)'
    if settings.monitor_interval is not None:
        scope = ' (tree)' if settings.monitor_scope == 'tree' else ''
        yield 'Monitor', f'every {settings.monitor_interval:g}s{scope}'
    if settings.field:
        yield 'Fields', ', '.join(settings.field)
    if settings.redact:
        yield 'Redact', ', '.join(settings.redact)
    if settings.no_redact:
        yield 'Redact', 'nothing'


def _capture(settings: Settings) -> str:
    given = {'--stdout': settings.stdout, '--stderr': settings.stderr}
    suppress = {'capture': '', 'suppress': '=suppress'}
    words = [flag + suppress[value] for flag, value in given.items() if value]
    if settings.capture_limit is not None:
        several = 's' * (settings.capture_limit != 1)
        words.append(f'(limit: {settings.capture_limit} byte{several})')
    return ' '.join(words)
