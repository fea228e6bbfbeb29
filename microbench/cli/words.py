"""Single words of a command line: what they stand for, and how messages show them."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 100  # characters of a word, or of a line to type, that a message repeats
MOST_SECONDS = 1e9  # thirty years; the clocks of threads and sockets end beyond that


class UsageError(Exception):
    """The command line is wrong; the message says what to type instead."""


def quote(word: str) -> str:
    """Return the word in quotes, cut if it is long."""
    return repr(word if len(word) <= LONGEST else word[:LONGEST] + '...')


def program_name() -> str:
    """Return how the command was started, for its messages."""
    started_as = os.path.basename(sys.argv[0]) if sys.argv else ''
    if started_as.startswith('microbench'):
        return 'microbench'
    return 'python -m microbench'


def typed(words: list[str]) -> str:
    """Return words of ours as they can be typed; in short if there are too many."""
    import shlex

    text = shlex.join(words) if len(words) < LONGEST else ''
    if words and not 0 < len(text) <= 2 * LONGEST:
        text = '... -- COMMAND [ARG ...]' if '--' in words else '...'
    return f'{program_name()} {text}'.rstrip()


def is_option(word: str) -> bool:
    """Whether a word begins as options do."""
    return word.startswith('-') and word not in ('-', '--')


def is_value(word: list[str]) -> bool:
    """Whether there is a word, and it is no option; a negative number is none."""
    if not word or word[0] == '--':
        return False
    return not is_option(word[0]) or word[0][1:].replace('.', '', 1).isdigit()


def hint(words: list[str], word: str, needs_value: bool) -> str:
    """Return what to type if the value of an option was meant to be the command.

    Empty if it cannot be: values that are joined with the option, or before a `--`, or
    that the option cannot do without.
    """
    place = words.index(word) if word in words else 0
    is_first = is_option(words[place - 1])
    if not place or '--' in words[place:] or (is_first and needs_value):
        return ''
    line = typed([*words[:place], '--', *words[place:]])
    return f'; if {quote(word)} is the command, type {line}'


def hint_unquoted(program: str) -> str:
    """Return a hint for a command that was typed as one word: `'ls -l'`."""
    if not any(map(str.isspace, program)):
        return ''
    line = typed(['--', 'sh', '-c', program])
    return f'; a command is typed without quotes around it, or as {line}'


def integer_from(least: int, most: int = sys.maxsize) -> Callable[[str], int]:
    """Return the conversion of a word to an integer from `least` to `most`."""

    def convert(word: str) -> int:
        try:
            number = int(word)
        except ValueError:
            raise ValueError(
                f'{quote(word)} is not a whole number: type for instance {least + 2} here, '
                'then -- and the command'
            ) from None
        if number < least:
            raise ValueError(f'{number} is too few: type {least} or more')
        if number > most:
            raise ValueError(f'{quote(word)} is too many: type {most} or less')
        return number

    return convert


def seconds(word: str) -> float:
    """Convert a word to a number of seconds above 0; fractions are welcome."""
    try:
        number = float(word)
    except ValueError:
        number = 0.0
    if not 0 < number <= MOST_SECONDS:  # nan is neither
        raise ValueError(
            f'{quote(word)} is not a time: type a number of seconds above 0, such as 1.5, '
            f'and at most {MOST_SECONDS:.0f}'
        )
    return number


def key_and_value(flag: str, word: str, form: str) -> tuple[str, str]:
    """Return both parts of a word that is divided at its first separator.

    Args:
        flag: the option it is a value of.
        word: that value.
        form: what it should look like: KEY=VALUE, or KEY:VALUE.

    Raises:
        UsageError: there is none, or nothing before it.
    """
    separator = form[len('KEY')]
    key, divides, value = word.partition(separator)
    if not divides:
        raise UsageError(
            f'argument {flag}: {quote(word)} has no {separator!r}: type {form}'
        )
    if not key.strip():
        raise UsageError(f'argument {flag}: {quote(word)} has no key: type {form}')
    return key, value
