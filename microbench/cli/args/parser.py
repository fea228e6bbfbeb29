"""Parse the words of the command line into settings; reject mistakes before anything runs.

argparse would add a third of the start-up time of Python to every measured command. This
parser accepts the same forms: long options and abbreviations of them, `--option=value`,
joined flags (`-an3`), and negative numbers as values. The command begins at the first word
that is not an option; all later words belong to it.
"""

from __future__ import annotations

import sys

from ... import __version__
from ...messages import print_stderr, text_of
from ..words import UsageError, hint, is_option, is_value, program_name, quote
from . import options
from .settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, NoReturn

    from .options import Option


class Parser:
    """Parser of the command line.

    It adds the options of mixins when it meets an unknown option.

    Args:
        subcommands: name and line of help of each subcommand.
    """

    def __init__(self, subcommands: Mapping[str, str] | None = None) -> None:
        self.prog = program_name()
        self.subcommands = subcommands or {}
        self.flags: dict[str, Option] = {}
        for group in options.GROUPS.values():
            self.add(group)

    def add(self, group: Iterable[Option]) -> None:
        """Add options; the first one that has a flag keeps it."""
        for option in group:
            for flag in option.flags:
                self.flags.setdefault(flag, option)

    # --- words ------------------------------------------------------------------------

    def settings(self, words: list[str]) -> Settings:
        """Parse the words.

        Raises:
            SystemExit: `--help` or `--version` was among them, and was answered.
            UsageError: the words are wrong.
        """
        settings = Settings(words)
        left = list(words)
        place = 0
        while place < len(left) and is_option(left[place]):
            place = self._take(left, place, settings)
        if settings.all and settings.no_mixin:
            raise UsageError('--no-mixin is not allowed with --all: leave out one')
        separator = left[place : place + 1] == ['--']
        settings.options = list(words[:place])
        settings.command = left[place + separator :]
        return settings

    def _take(self, words: list[str], place: int, settings: Settings) -> int:
        """Parse the option at this index; return the index after its values."""
        name, attached = _divided(words[place])
        option = self._option(name, settings)
        end = place + 1
        if option.most == 0 and attached is not None:
            words[place] = _next_of_joined(name, attached)
            end = place
            attached = None
        elif attached is not None and not name.startswith('--'):
            attached = attached.removeprefix('=')
        elif attached is None:
            while end <= place + option.most and is_value(words[end : end + 1]):
                end += 1
        values = words[place + 1 : end] if attached is None else [attached]
        if len(values) < option.least:
            many = 'one' if option.most == 1 else 'at least one'
            raise UsageError(f'argument {option.name}: expected {many} argument')
        self._store(option, [_converted(option, v, settings) for v in values], settings)
        return end

    def _store(self, option: Option, values: list[Any], settings: Settings) -> None:
        value = self._value(option, values)
        if option.mixin is not None:
            settings.mixin_options[option] = value
        elif option.repeats:
            before = getattr(settings, option.dest) or []
            setattr(settings, option.dest, [*before, value])
        else:
            setattr(settings, option.dest, value)

    def _value(self, option: Option, values: list[Any]) -> Any:
        if option.dest == 'help':
            from .help import text_of_help  # start-up time

            show_and_exit(text_of_help(self.prog, self.subcommands))
        if option.dest == 'version':
            show_and_exit(f'microbench {__version__}\n')
        if option.makes_list:
            return values
        if values:
            return values[0]
        return True if option.most == 0 else option.const

    # --- names ------------------------------------------------------------------------

    def _option(self, name: str, settings: Settings) -> Option:
        """Return the option for a name or an abbreviation."""
        if name in self.flags:
            return self.flags[name]
        for more in self._options_of_mixins(settings):
            self.add(more)
            fitting = [
                f for f, o in self.flags.items() if f.startswith(name) and not o.exact
            ]
            if name in self.flags:
                return self.flags[name]
            if len({self.flags[flag] for flag in fitting}) == 1 and name[:2] == '--':
                return self.flags[fitting[0]]
            if fitting and name[:2] == '--':
                raise UsageError(f'ambiguous option {name}: type {" or ".join(fitting)}')
        raise UsageError(
            f'unrecognized option {name}: see --help; options of COMMAND go after it, '
            'and -- goes before a COMMAND that looks like an option'
        )

    def _options_of_mixins(self, settings: Settings) -> Iterator[list[Option]]:
        """Yield the options of our mixins, then of others, which take longer to find."""
        from . import selected_mixins  # start-up time

        yield selected_mixins.options_of(selected_mixins.own())
        yield selected_mixins.options_of(selected_mixins.named(settings))
        yield selected_mixins.options_of(selected_mixins.installed())

    # --- messages ---------------------------------------------------------------------

    def error(self, message: str) -> NoReturn:
        """Print the usage and a message, and exit with status 2."""
        print_stderr(f'usage: {self.prog} [options] [--] COMMAND [ARG ...]')
        print_stderr(f'{self.prog}: error: {message}')
        sys.exit(2)


def show_and_exit(text: str) -> NoReturn:
    """Print a text and exit with status 0, or 1 if printing fails."""
    from .listing import show  # start-up time

    try:
        show(text)
    except BrokenPipeError:
        pass  # the reader closed the pipe
    except OSError as error:
        sys.exit(f'{program_name()}: cannot write: {error.strerror}')
    sys.exit(0)


def _divided(word: str) -> tuple[str, str | None]:
    """Split a word into the name of an option and the value joined with it."""
    if word.startswith('--'):
        name, has_value, value = word.partition('=')
        return name, value if has_value else None
    return word[:2], word[2:] or None


def _next_of_joined(name: str, attached: str) -> str:
    """Return the rest of joined flags such as -an3, after one that takes no value."""
    if name.startswith('--') or attached.startswith('='):
        raise UsageError(f'{name} takes no value: leave out {quote(attached)}')
    return f'-{attached}'


def _converted(option: Option, word: str, settings: Settings) -> Any:
    try:
        return option.convert(word)
    except Exception as error:  # includes argparse.ArgumentTypeError
        why = text_of(error) or type(error).__name__
        swallows = option.least == 0 or option.most > 1
        more = hint(settings.words, word, bool(option.least)) if swallows else ''
        raise UsageError(f'argument {option.name}: {why}{more}') from None
