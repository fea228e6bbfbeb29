"""Words of the command line to settings: what is wrong is said before anything runs.

argparse is not used: importing it, and telling it of all options, takes a third of the
time that Python needs to start, and every command that is measured would pay for it.
What is understood is the same: long options and beginnings of them, `--option=value`,
joined flags (`-an3`), values that begin with a minus if they are numbers. Everything
from the first word that is no option belongs to the command, whatever it looks like.
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
    """The options there are, and the reading of words.

    Those of mixins are added when a word asks for an option that is not known yet.

    Args:
        subcommands: name and line of each, for the help.
    """

    def __init__(self, subcommands: Mapping[str, str] | None = None) -> None:
        self.prog = program_name()
        self.subcommands = subcommands or {}
        self.flags: dict[str, Option] = {}
        for group in options.GROUPS.values():
            self.add(group)

    def add(self, group: Iterable[Option]) -> None:
        """Add options; of one flag the first one counts."""
        for option in group:
            for flag in option.flags:
                self.flags.setdefault(flag, option)

    # --- words ------------------------------------------------------------------------

    def settings(self, words: list[str]) -> Settings:
        """Return what the words say.

        Raises:
            SystemExit: `--help` or `--version` was among them.
            UsageError: something is wrong with them.
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
        """Take the option at this place, and return the place after its values."""
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
        """Return the option that a name, or the beginning of one, stands for."""
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
        """Yield the options of our own mixins, then of those that take longer to find."""
        from . import selected_mixins  # start-up time

        yield selected_mixins.options_of(selected_mixins.own())
        yield selected_mixins.options_of(selected_mixins.named(settings))
        yield selected_mixins.options_of(selected_mixins.installed())

    # --- messages ---------------------------------------------------------------------

    def error(self, message: str) -> NoReturn:
        """Tell what is wrong, and end with status 2."""
        print_stderr(f'usage: {self.prog} [options] [--] COMMAND [ARG ...]')
        print_stderr(f'{self.prog}: error: {message}')
        sys.exit(2)


def show_and_exit(text: str) -> NoReturn:
    """Print, and end with status 0; with 1 if it cannot be printed."""
    from .listing import show  # start-up time

    try:
        show(text)
    except BrokenPipeError:
        pass  # the reader has seen enough
    except OSError as error:
        sys.exit(f'{program_name()}: cannot write: {error.strerror}')
    sys.exit(0)


def _divided(word: str) -> tuple[str, str | None]:
    """Return the name of an option and the value that is joined with it."""
    if word.startswith('--'):
        name, has_value, value = word.partition('=')
        return name, value if has_value else None
    return word[:2], word[2:] or None


def _next_of_joined(name: str, attached: str) -> str:
    """Return the word that follows an option without value in a word such as -an3."""
    if name.startswith('--') or attached.startswith('='):
        raise UsageError(f'{name} takes no value: leave out {quote(attached)}')
    return f'-{attached}'


def _converted(option: Option, word: str, settings: Settings) -> Any:
    try:
        return option.convert(word)
    except Exception as error:  # argparse.ArgumentTypeError is of no other kind
        why = text_of(error) or type(error).__name__
        swallows = option.least == 0 or option.most > 1
        more = hint(settings.words, word, bool(option.least)) if swallows else ''
        raise UsageError(f'argument {option.name}: {why}{more}') from None
