"""Print the text of `--help`."""

from __future__ import annotations

import sys
import textwrap

from ..terminal import page_width
from . import selected_mixins
from .options import GROUPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .options import Option

ABOUT = (
    'Run COMMAND, time it, and write one record: a line of JSON with the durations, the '
    'return codes, and what surrounded the run.'
)
NOTES = (
    'Everything from COMMAND on belongs to it; write -- before it when it could be taken '
    'for something else. The exit status is that of COMMAND: of the first run that failed '
    'if there was one. 128 + N: ended by signal N; 127: not found; 126: cannot be '
    'executed; 2: microbench was called wrongly, and nothing was run.'
)
COLUMN = 28  # where the description of an option begins


def text_of_help(prog: str, subcommands: Mapping[str, str]) -> str:
    """Return the help of the command.

    Args:
        prog: name by which the command was started.
        subcommands: name and line of help of each subcommand.
    """
    width = page_width(sys.stdout)
    parts = [f'usage: {prog} [options] [--] COMMAND [ARG ...]', textwrap.fill(ABOUT, width)]
    parts += [_section(title, group, width) for title, group in GROUPS.items()]
    parts.append(_section('mixin options', options_of_mixins(), width))
    if subcommands:
        lines = [_row(name, line, width) for name, line in subcommands.items()]
        parts.append('\n'.join([f'instead of COMMAND, {prog} ...:', *lines]))
    return '\n\n'.join([*parts, textwrap.fill(NOTES, width)]) + '\n'


def options_of_mixins() -> list[Option]:
    """Return the options of all mixins."""
    return selected_mixins.options_of(selected_mixins.all_known())


def _section(title: str, group: Iterable[Option], width: int) -> str:
    return '\n'.join([f'{title}:', *(_row(_left(o), _right(o), width) for o in group)])


def _left(option: Option) -> str:
    """Return the flags and the form of the values."""
    return ', '.join(option.flags) + option.form


def _right(option: Option) -> str:
    whose = f'[{option.mixin}] ' if option.mixin else ''
    return whose + option.help


def _row(left: str, right: str, width: int) -> str:
    """Return an entry in two columns; a long left column has its own line."""
    column = min(COLUMN, width // 3)
    first, *lines = textwrap.wrap(right, width - column) or ['']
    if len(left) + 4 > column:
        lines.insert(0, first)
        first = ''
    head = f'  {left:{column - 2}}{first}'.rstrip()
    return '\n'.join([head, *(f'{"":{column}}{line}' for line in lines)])
