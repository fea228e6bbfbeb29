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
from ..words import UsageError, program_name, quote, typed
from . import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, NoReturn

    from .options import Option


class Settings:
    """Settings from the command line, with the defaults as class attributes."""

    outfile: str | None = None  # `-`: standard output
    http_output: str | None = None
    http_output_header: list[str] | None = None  # as typed
    http_output_method: str = 'POST'
    redis_output: str | None = None
    redis_host: str = 'localhost'
    redis_port: int = 6379
    redis_db: int = 0
    redis_password: str | None = None
    spool: str | None = None

    mixin: list[str] | None = None  # as typed
    all: bool = False
    no_mixin: bool = False
    show_mixins: bool = False
    field: list[str] | None = None  # as typed
    redact: list[str] | None = None
    no_redact: bool = False

    iterations: int = 1  # AUTO: as many as are needed
    precision: float | None = None  # a share; with AUTO
    max_time: float | None = None  # seconds; with AUTO
    warmup: int = 0
    input: str | None = None  # file that each run reads
    standard_input: Any = None  # of repeated runs
    stdout: str | None = None  # or 'capture', 'suppress'
    stderr: str | None = None
    capture_limit: int | None = None  # bytes of each stream of an iteration
    timeout: float | None = None  # seconds
    timeout_grace_period: float = 5
    monitor_interval: float | None = None  # seconds
    monitor_scope: str = 'process'  # or 'tree'

    dry_run: bool = False
    quiet: bool = False
    is_compared: bool = False  # the answer is about several commands

    def __init__(self, words: Sequence[str] = ()) -> None:
        self.words = list(words)  # of the command line
        self.options: list[str] = []  # those before the command
        self.command: list[str] = []
        self.mixin_options: dict[Option, Any] = {}  # with the values given

    @property
    def fields(self) -> dict[str, Any]:
        """The fields given with `-f`, by name."""
        if not self.field:
            return {}
        from .fields import field  # start-up time

        return dict(map(field, self.field))

    @property
    def is_auto(self) -> bool:
        """Whether the number of runs depends on what they take."""
        return self.iterations == options.AUTO

    @property
    def has_input(self) -> bool:
        """Whether standard input has to be prepared, for several runs or from a file."""
        return self.input is not None or self.is_auto or self.warmup + self.iterations > 1

    @property
    def has_defaults(self) -> bool:
        """Whether the default set of mixins is captured, alone or among others."""
        chosen = self.mixin is None or 'defaults' in self.mixin
        return not self.no_mixin and (self.all or chosen)


class Parser:
    """Parser of the command line.

    It adds the options of mixins when it meets an unknown option.

    Args:
        subcommands: name and line of help of each subcommand.
    """

    def __init__(self, subcommands: Mapping[str, str] | None = None) -> None:
        self.subcommands = subcommands or {}
        self.flags: dict[str, Option] = {}
        for group in options.GROUPS.values():
            self.add(group)

    @property
    def prog(self) -> str:
        """The name by which the command was started."""
        return program_name()

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
        settings, left, place = Settings(words), list(words), 0
        while place < len(left) and is_option(left[place]):
            place = self._take(left, place, settings)
        if settings.all and settings.no_mixin:
            raise UsageError('--no-mixin is not allowed with --all: leave out one')
        if settings.redact and settings.no_redact:
            raise UsageError('--no-redact is not allowed with --redact: leave out one')
        settings.options, command = words[:place], left[place:]
        settings.command = command[1:] if command[:1] == ['--'] else command
        return settings

    def _take(self, words: list[str], place: int, settings: Settings) -> int:
        """Parse the option at this index; return the index of the next word to parse."""
        name, attached = _divided(words[place])
        option = self._option(name, settings)
        if option.most == 0 and attached is not None:
            words[place] = _next_of_joined(name, attached)
            self._store(option, [], settings)
            return place
        if attached is not None:
            values = [attached if name.startswith('--') else attached.removeprefix('=')]
        else:
            values = _values(option, words[place + 1 :])
            place += len(values)
        self._store(option, [_converted(option, value) for value in values], settings)
        return place + 1

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
            fitting = self._fitting(name)
            if len({self.flags[flag] for flag in fitting}) == 1:
                return self.flags[fitting[0]]
            if fitting:
                raise UsageError(f'ambiguous option {name}: type {" or ".join(fitting)}')
        raise UsageError(self._unrecognized(name))

    def _unrecognized(self, name: str) -> str:
        from ..mistyped import option_meant  # start-up time

        meant = option_meant(name, self.flags)
        if meant:
            return f'unrecognized option {name}: did you mean {meant}?'
        return (
            f'unrecognized option {name}: see --help; options of COMMAND go after it, '
            'and -- goes before a COMMAND that looks like an option'
        )

    def _options_of_mixins(self, settings: Settings) -> Iterator[list[Option]]:
        """Yield the options of our mixins, then of others, which take longer to find."""
        from . import selected_mixins  # start-up time

        yield selected_mixins.options_of(selected_mixins.own())
        yield selected_mixins.options_of(selected_mixins.named(settings.mixin or ()))
        yield selected_mixins.options_of(selected_mixins.installed())

    def _fitting(self, name: str) -> list[str]:
        """Return the flags that a word may mean: itself, or those that it abbreviates."""
        if name in self.flags:
            return [name]
        if not name.startswith('--'):
            return []
        return [f for f, o in self.flags.items() if f.startswith(name) and not o.exact]

    # --- messages ---------------------------------------------------------------------

    def reject(self, words: list[str], error: UsageError) -> NoReturn:
        """Print the usage and what is wrong with the words, and exit with status 2."""
        print_stderr(f'usage: {self.prog} [options] [--] COMMAND [ARG ...]')
        print_stderr(f'{self.prog}: error: {error}{_hint(words, error)}')
        sys.exit(2)


def show_and_exit(text: str) -> NoReturn:
    """Print a text and exit with status 0, or 1 if printing fails."""
    try:
        _show(text)
    except BrokenPipeError:
        pass  # the reader closed the pipe
    except OSError as error:
        sys.exit(f'{program_name()}: cannot write: {error.strerror}')
    sys.exit(0)


def _show(text: str) -> None:
    """Write text to standard output; escape characters that it cannot encode."""
    if sys.stdout is None:
        return
    encoding = getattr(sys.stdout, 'encoding', None) or 'utf-8'
    sys.stdout.write(text.encode(encoding, 'backslashreplace').decode(encoding))
    sys.stdout.flush()


def _hint(words: list[str], error: UsageError) -> str:
    """Return a hint for a command that was taken for the value of an option.

    The hint is empty if the rejected value cannot be the command: because it is joined with
    the option, or stands before a `--`, or the option needs it.
    """
    word = error.value
    if word is None or word not in words:
        return ''
    place = words.index(word)
    is_first = is_option(words[place - 1])
    if not place or '--' in words[place:] or (is_first and error.is_required):
        return ''
    line = typed([*words[:place], '--', *words[place:]])
    return f'; if {quote(word)} is the command, type {line}'


# --- one word -------------------------------------------------------------------------


def is_option(word: str) -> bool:
    """Return whether a word looks like an option."""
    return word.startswith('-') and word not in ('-', '--')


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


def _values(option: Option, words: list[str]) -> list[str]:
    """Return the values of an option, which are the first of these words.

    A number such as `-1` is a value too.
    """
    count = 0
    for word in words[: option.most]:
        is_number = word[1:].replace('.', '', 1).isdigit()
        if word == '--' or (is_option(word) and not is_number):
            break
        count += 1
    if count < option.least:
        many = 'one' if option.most == 1 else 'at least one'
        raise UsageError(f'argument {option.name}: expected {many} argument')
    return words[:count]


def _converted(option: Option, word: str) -> Any:
    """Convert a value; an option with a variable number of them may take the command."""
    try:
        return option.convert(word)
    except Exception as error:  # includes argparse.ArgumentTypeError
        why = text_of(error) or type(error).__name__
        value = word if option.least == 0 or option.most > 1 else None
        message = f'argument {option.name}: {why}'
        raise UsageError(message, value, bool(option.least)) from None
