"""Write the tables of options into command-line.md: `python -m docs.options`.

They are made from the options themselves; a test compares.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from microbench.cli.args import selected_mixins
from microbench.cli.args.options import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from microbench.cli.args.options import Option

PAGE = Path(__file__).with_name('command-line.md')
BEGIN, END = '<!-- options: made by docs/options.py -->\n', '<!-- end of options -->\n'


def tables() -> str:
    """Return a table for each group, those of our own mixins last."""
    groups = {**GROUPS, 'mixin options': selected_mixins.options_of(selected_mixins.own())}
    return '\n'.join(table(title, group) for title, group in groups.items())


def table(title: str, group: Iterable[Option]) -> str:
    """Return the heading and the table of a group."""
    head = f'### {title.capitalize()}\n\n| option | what it does |\n|---|---|\n'
    return head + ''.join(row(option) for option in group)


def row(option: Option) -> str:
    """Return the line of an option."""
    flags = ', '.join(f'`{flag}`' for flag in option.flags[:-1])
    last = f'`{option.flags[-1]}{option.form}`'
    mixin = f'`{option.mixin}`: ' if option.mixin else ''
    what = option.help.replace('|', '\\|').replace('*', '\\*')
    return f'| {flags}{", " if flags else ""}{last} | {mixin}{what} |\n'


def with_tables(page: str) -> str:
    """Return the page with the tables of today."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f'{before}{BEGIN}\n{tables()}\n{END}{after}'


if __name__ == '__main__':
    PAGE.write_text(with_tables(PAGE.read_text('utf-8')), 'utf-8')
