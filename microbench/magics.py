"""Measure statements in IPython: `%load_ext microbench`, then `%microbench STMT`."""

from __future__ import annotations

import re

from .cli.timeit.statement import compiled
from .measurement import measure_loop
from .measuring.options import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .measuring.result import Measurement

NAME = 'microbench'
HELP = """\
Measure how long a statement takes: its median, with a 95 % interval.

    %microbench [-o] [-q] [-s SETUP] [options] STATEMENT
    %%microbench [-o] [-q] [-s SETUP] [options] [more of the setup]
    the lines of the statement

    -s SETUP             runs once before; in quotes, if it has spaces
    -o                   return the result: its median, interval, durations ...
    -q                   show nothing
    --min-time SECONDS   the samples take so long, at least
    --max-time SECONDS   no sample begins later
    --precision SHARE    end when the interval is as narrow as this

Names of the notebook can be used; those that the statement assigns are its own.
"""
OPTION = re.compile(
    r"""\s*(?:(?P<flags>-[oq]{1,2}|--)(?:\s+|$)
    |(?:(?:-s|--setup)(?:\s+|=)|--(?P<name>min-time|max-time|precision)(?:\s+|=))
        (?P<value>'[^']*'|"[^"]*"|\S+)(?:\s+|$))""",
    re.VERBOSE,
)


class Asked:
    """What a line of the magic asks for.

    Attributes:
        flags: letters of the options without values.
        setup: lines of the setup.
        numbers: options of the measurement, by name.
        rest: of the line, behind the options.

    >>> asked = Asked("-o -s 'x = 1' --max-time 2 x + 1")
    >>> asked.flags, asked.setup, asked.numbers, asked.rest
    ('o', ['x = 1'], {'max_time': 2.0}, 'x + 1')
    """

    def __init__(self, line: str) -> None:
        self.flags = ''
        self.setup: list[str] = []
        self.numbers: dict[str, float] = {}
        while found := OPTION.match(line):
            line = line[found.end() :]
            if found['flags'] == '--':
                break
            self._take(found)
        self.rest = line.strip()

    def _take(self, found: re.Match[str]) -> None:
        if found['flags']:
            self.flags += found['flags'][1:]
        elif found['name']:
            self.numbers[found['name'].replace('-', '_')] = float(found['value'])
        else:
            value = found['value']
            quoted = value[0] in '\'"'
            self.setup.append(value[1:-1] if quoted else value)


def load(shell: Any) -> None:
    """Add `%microbench` and `%%microbench` to a running IPython.

    Args:
        shell: the running IPython.
    """

    def microbench(line: str, cell: str | None = None) -> Measurement | None:
        return _measured(shell, line, cell)

    microbench.__doc__ = HELP
    shell.register_magic_function(microbench, 'line_cell', NAME)


def unload(shell: Any) -> None:
    """Remove both from it.

    Args:
        shell: the running IPython.
    """
    for kind in ('line', 'cell'):
        shell.magics_manager.magics[kind].pop(NAME, None)


def _measured(shell: Any, line: str, cell: str | None) -> Measurement | None:
    from IPython.core.error import UsageError  # start-up time

    try:
        asked = Asked(line)
        Options(**asked.numbers)
    except ValueError as error:
        raise UsageError(f'%microbench: {error}') from None
    statement = asked.rest if cell is None else cell
    if not statement.strip():
        raise UsageError('%microbench: there is no statement')
    if cell is not None and asked.rest:
        asked.setup.append(asked.rest)
    found = _found(shell, statement, asked)
    if 'q' not in asked.flags:
        _display(found)
    return found if 'o' in asked.flags else None


def _found(shell: Any, statement: str, asked: Asked) -> Measurement:
    texts = statement, '\n'.join(asked.setup or ['pass'])
    code, setup = map(shell.transform_cell, texts)
    run = compiled(code, setup, shell.user_ns)
    name = statement.strip().splitlines()[0]
    return measure_loop(run, name, **asked.numbers)


def _display(found: Measurement) -> None:
    """Show a result: a table in a notebook, a sentence on a terminal."""
    from IPython.display import display  # start-up time

    display(found)  # type: ignore[no-untyped-call]
