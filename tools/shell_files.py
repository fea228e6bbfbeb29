"""Write what wheels install for shells, in packaging/shell: `python -m tools.shell_files`.

The manual page and the completions are made from the options, those of our own mixins
included; a test compares. What `microbench completion` prints knows installed mixins, too.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from microbench import __version__
from microbench.cli.args import selected_mixins
from microbench.cli.args.help import ABOUT, NOTES
from microbench.cli.completion.main import SCRIPTS
from microbench.cli.completion.surface import PROGRAM, commands_compared, surfaces
from microbench.cli.main import SUBCOMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from microbench.cli.completion.surface import Flag, Surface, Value

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / 'packaging' / 'shell'
CITATION = ROOT / 'CITATION.cff'
NAMES = {'bash': 'microbench.bash', 'zsh': '_microbench', 'fish': 'microbench.fish'}

ENVIRONMENT = {
    'MICROBENCH': 'with off, nothing is recorded',
    'MICROBENCH_JOURNAL': 'on, off, or a directory: whether a journal keeps open records, '
    'which then outlive a process that is killed',
    'MICROBENCH_MACHINE': 'a name for machines that are alike, in baselines',
    'MICROBENCH_EXIT_GRACE': 'seconds for Python to react to a signal that ends it',
    'MICROBENCH_SPOOL_LIMIT': 'bytes of a file that keeps what a sink did not take',
}
EXAMPLES = {
    'microbench -o results.jsonl -n 10 -- gzip -k data': 'Ten runs, one record.',
    'microbench show results.jsonl': 'Look at it.',
    'microbench compare -- ./old --- ./new': 'Which of two commands is faster?',
    'source <(microbench completion bash)': 'Complete words in this shell.',
}
WRAP = textwrap.TextWrapper(79, break_long_words=False, break_on_hyphens=False)


def files() -> dict[str, str]:
    """Return the text of each file by its name."""
    known = surfaces(SUBCOMMANDS, selected_mixins.own())
    scripts = {NAMES[shell]: script(known) for shell, script in SCRIPTS.items()}
    return {'microbench.1': manual(known), **scripts}


def manual(known: list[Surface]) -> str:
    """Return the manual page, in the macros of man(7)."""
    command, *others = known
    head = [
        '.\\" Made by tools/shell_files.py.',
        f'.TH MICROBENCH 1 "{released()}" "microbench {__version__}" "User Commands"',
        '.SH NAME',
        'microbench \\- time commands, and say why a run was slow',
        *_synopsis(others),
        '.SH DESCRIPTION',
        *_sentences(f'{ABOUT} {NOTES}'),
    ]
    lines = [*head, '.SH OPTIONS', *_options(command), '.SH SUBCOMMANDS']
    for surface in others:
        lines += _subcommand(surface)
    lines += _table('ENVIRONMENT', ENVIRONMENT)
    lines += _table('EXAMPLES', EXAMPLES)
    return '\n'.join([*lines, ''])


def released() -> str:
    """Return the date of the release, which CITATION.cff has; empty before it."""
    found = re.search(r'^date-released: (\S+)$', CITATION.read_text('utf-8'), re.MULTILINE)
    return found[1].strip('"') if found else ''


def _synopsis(others: list[Surface]) -> Iterator[str]:
    yield '.SH SYNOPSIS'
    yield '.nf'
    yield '\\fBmicrobench\\fR [options] [\\-\\-] COMMAND [ARG ...]'
    for surface in others:
        for usage in surface.usage.split('\n'):
            words = usage.strip().removeprefix(f'{PROGRAM} ')
            yield f'\\fBmicrobench\\fR {escaped(words)}'
    yield '.fi'


def _options(surface: Surface) -> Iterator[str]:
    for title, flags in surface.groups.items():
        yield f'.SS {escaped(title.capitalize())}'
        yield from _listed(flags)


def _listed(flags: Iterable[Flag]) -> Iterator[str]:
    for flag in flags:
        mixin = f'[{flag.mixin}] ' if flag.mixin else ''
        yield from ('.TP', _forms(flag), *_sentences(f'{mixin}{flag.text}'))


def _forms(flag: Flag) -> str:
    forms = ', '.join(f'\\fB{escaped(form)}\\fR' for form in flag.forms)
    return f'{forms}{_values(flag.value)}'


def _values(value: Value) -> str:
    names = ' '.join(value.names)
    if not value.most:
        return ''
    if value.is_attached:
        return f'[={names}]'
    many = f' [{names} ...]' if value.most > len(value.names) else ''
    shown = f' \\fI{escaped(names)}\\fR' if value.least else f' [\\fI{escaped(names)}\\fR]'
    return shown + escaped(many)


def _subcommand(surface: Surface) -> Iterator[str]:
    yield f'.SS microbench {surface.name}'
    yield from list(_paragraphs(surface.about))[1:]  # a heading begins a paragraph
    yield from _listed(surface.groups['options'])
    if surface.name == 'compare':
        between = commands_compared()
        yield from ('.PP', '\\fBmicrobench compare \\-\\- \\fIA\\fB \\-\\-\\- \\fIB\\fR:')
        yield from _paragraphs(between.about)
        yield from _listed(between.flags)
        yield from _paragraphs(between.notes)
    yield from _paragraphs(surface.notes)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in filter(None, text.split('\n\n')):
        yield '.PP'
        yield from _sentences(paragraph)


def _sentences(paragraph: str) -> list[str]:
    """Return lines of at most 80 bytes. A sentence begins one: man(7) sets more space."""
    words = ' '.join(paragraph.split())
    sentences = re.split(r'(?<=[a-z)][.:?]) (?=[A-Z])', words)
    return [line for sentence in sentences for line in WRAP.wrap(escaped(sentence))]


def _table(title: str, rows: dict[str, str]) -> Iterator[str]:
    yield f'.SH {title}'
    for name, text in rows.items():
        yield from ('.TP', f'\\fB{escaped(name)}\\fR', *_sentences(text))


def escaped(text: str) -> str:
    """Return a text as roff takes it: with minus signs, and no word that is a request."""
    plain = text.replace('\\', '\\e').replace('-', '\\-').replace('~', '\\(ti')
    return re.sub(r"(?<!\S)(?=[.'])", r'\\&', plain.replace('^', '\\(ha'))


if __name__ == '__main__':
    sys.argv[0] = PROGRAM
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        FOLDER.joinpath(name).write_text(text, 'utf-8')
