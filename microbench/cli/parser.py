"""Words of the command line to settings: what is wrong is said before anything runs.

Everything from the first word that is no option belongs to the command, whatever it
looks like. argparse would look for options there as well (`ls --he`), so the words are
divided first, and argparse only gets those before the command.
"""

from __future__ import annotations

import argparse
import os
import sys

from .. import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

ABOUT = """\
Run COMMAND, time it, and write one record: a line of JSON with the durations, the
return codes, and what surrounded the run."""

NOTES = """\
Everything from COMMAND on belongs to it; write -- before it when it could be taken
for something else. The exit status is that of COMMAND: of the first run that failed
if there was one. 128 + N: ended by signal N; 127: not found; 126: cannot be
executed; 2: microbench was called wrongly, and nothing was run."""


class Settings(argparse.Namespace):
    """What the command line asks for, and what holds without being asked for."""

    command: list[str]
    outfile: str | None = None
    field: list[tuple[str, str]] | None = None
    iterations: int = 1
    warmup: int = 0
    stdout: str | None = None  # or 'capture', 'suppress'
    stderr: str | None = None
    capture_limit: int | None = None  # bytes of each stream of an iteration
    timeout: float | None = None  # seconds
    timeout_grace_period: float = 5.0
    monitor_interval: float | None = None  # seconds
    monitor_scope: str = 'process'  # or 'tree'
    quiet: bool = False


class Parser(argparse.ArgumentParser):
    """The options of the command, and where they end."""

    def __init__(self) -> None:
        super().__init__(
            prog=program_name(),
            usage='%(prog)s [options] [--] COMMAND [ARG ...]',
            description=ABOUT,
            epilog=NOTES,
            formatter_class=_layout,
            add_help=False,
        )
        self.takes_value: dict[str, bool] = {}
        self._add_options()

    def _add_options(self) -> None:
        self.option(
            *('-o', '--outfile'),
            metavar='FILE',
            help='append the record to FILE (default: print it)',
        )
        self.option(
            *('-n', '--iterations'),
            metavar='N',
            type=whole_number(1),
            help='run COMMAND N times (default: 1)',
        )
        self.option(
            *('-w', '--warmup'),
            metavar='N',
            type=whole_number(0),
            help='before that, run it N times without a trace (default: 0)',
        )
        self.option(
            *('-f', '--field'),
            metavar='KEY=VALUE',
            type=field,
            action='append',
            help='store this string in the record; can be repeated',
        )
        self.option('-h', '--help', action='help', help='show this text and exit')
        self.option(
            '--version',
            action='version',
            version=f'microbench {__version__}',
            help='show the version and exit',
        )

    def option(self, *flags: str, **details: Any) -> None:
        """Add an option, and remember whether a value follows it."""
        action = self.add_argument(*flags, **details)
        self.takes_value.update(dict.fromkeys(flags, action.nargs != 0))

    def settings(self, words: list[str]) -> Settings:
        """Return what the words say; wrong ones end in SystemExit with status 2."""
        end = self._end_of_options(words)
        settings = self.parse_args(words[:end], namespace=Settings())
        settings.command = words[end:]
        if settings.command[:1] == ['--']:
            del settings.command[0]
        if not any(settings.command[:1]):  # an empty word is an unset variable
            self._no_command(words[:end])
        return settings

    def _end_of_options(self, words: list[str]) -> int:
        """Return the index of `--` or of the first word of the command."""
        place = 0
        while place < len(words) and _is_option(words[place]):
            wants = self._wants_value(words[place])
            place += 1
            if wants and words[place : place + 1] != ['--']:
                place += 1
        return min(place, len(words))

    def _wants_value(self, word: str) -> bool:
        """Whether the value of this option is the next word."""
        if word.startswith('--'):
            name, has_value, _ = word.partition('=')
            return self.takes_value[self._full_name(name)] and not has_value
        for place, letter in enumerate(word[1:], 2):  # -n 3, -n3; flags can be joined
            if self.takes_value[self._full_name(f'-{letter}')]:
                return place == len(word)
        return False

    def _full_name(self, name: str) -> str:
        """Return the option that a name, or the beginning of one, stands for."""
        if name in self.takes_value:
            return name
        fitting = [flag for flag in self.takes_value if flag.startswith(name)]
        if not fitting:
            self.error(
                f'there is no option {name}: see --help; options of COMMAND go after '
                'it, and -- goes before a COMMAND that looks like an option'
            )
        if len(fitting) > 1:
            self.error(f'{name} can be {" or ".join(fitting)}: type more of it')
        return fitting[0]

    def _no_command(self, options: list[str]) -> None:
        import shlex

        typed = shlex.join([self.prog, *options]).replace(f"'{self.prog}'", self.prog)
        self.error(f'no command: type {typed} -- COMMAND [ARG ...]')


def program_name() -> str:
    """Return how the command was started, for its messages."""
    started_as = os.path.basename(sys.argv[0]) if sys.argv else ''
    if started_as.startswith('microbench'):
        return 'microbench'
    return 'python -m microbench'


def whole_number(least: int) -> Callable[[str], int]:
    """Return the conversion of a word to an integer that is not below `least`."""

    def convert(word: str) -> int:
        try:
            number = int(word)
        except ValueError:
            raise argparse.ArgumentTypeError(
                f'{word!r} is no whole number: type for instance {least + 2} here, '
                'then -- and the command'
            ) from None
        if number < least:
            raise argparse.ArgumentTypeError(f'{number} is too few: type {least} or more')
        return number

    return convert


def field(word: str) -> tuple[str, str]:
    """Return key and value of `KEY=VALUE`; a value may contain further `=`."""
    key, separator, value = word.partition('=')
    if not separator:
        raise argparse.ArgumentTypeError(f"{word!r} has no '=': type KEY=VALUE")
    if not key:
        raise argparse.ArgumentTypeError(f'{word!r} has no key: type KEY=VALUE')
    if key in ('mb', 'call') or key.startswith('_'):
        raise argparse.ArgumentTypeError(
            f"the name {key!r} is reserved: choose one without leading '_' "
            "that is neither 'mb' nor 'call'"
        )
    return key, value


def _is_option(word: str) -> bool:
    return word.startswith('-') and word not in ('-', '--')


def _layout(prog: str) -> argparse.HelpFormatter:
    # A given width spares the import of shutil, which costs more than all the parsing.
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=28, width=84)
