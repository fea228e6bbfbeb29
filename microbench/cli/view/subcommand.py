"""Parse the options of subcommands, and turn their errors into exit statuses."""

from __future__ import annotations

import argparse
import sys

from ...messages import print_stderr, safe
from ..terminal import page_width
from ..words import UsageError, program_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from .asked_fields import Filter

CONDITIONS = """\
EXPR compares fields with each other and with values: call.name == "fit" and exception;
max(call.durations) > 10; "gpu" in host.hostname. What a record lacks is None. It knows
and, or, not, in, the comparisons, and len, max, min and sum. The columns name, host,
start, n, median, min, max (in seconds) and outcome are fields too, unless a record has
one of that name."""

WRONG_USE, CANNOT_WRITE, INTERRUPTED = 2, 1, 130


class _Layout(argparse.HelpFormatter):
    """Format help in at most 80 columns, with paragraphs at empty lines."""

    def __init__(self, prog: str) -> None:
        # Without a width, argparse imports shutil, which takes longer than all parsing.
        super().__init__(prog, max_help_position=28, width=page_width(sys.stdout))

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fill = super()._fill_text
        return '\n\n'.join(fill(part, width, indent) for part in text.split('\n\n'))


class Subparser(argparse.ArgumentParser):
    """Parser of the options of a subcommand.

    Args:
        name: name of the subcommand.
        about: description at the beginning of its help.
        notes: text at the end of its help.
    """

    def __init__(self, name: str, about: str, notes: str) -> None:
        super().__init__(
            prog=f'{program_name()} {name}',
            description=about,
            epilog=notes,
            formatter_class=_Layout,
            allow_abbrev=True,
        )

    def parse_intermixed_args(self, words: list[str]) -> Any:  # type: ignore[override]
        """Parse options and paths in any order; behind `--`, all are paths.

        argparse of Python 3.11 loses those that begin with `-`.
        """
        place = words.index('--') if '--' in words else len(words)
        paths = map(_as_path, words[place + 1 :])
        return super().parse_intermixed_args([*words[:place], *paths])

    def error(self, message: str) -> NoReturn:
        """Print the usage and what is wrong, with the option meant, and exit with 2."""
        from ..mistyped import hint_for_options  # start-up time

        super().error(message + hint_for_options(message, self._option_string_actions))


def _as_path(word: str) -> str:
    """Return a path that argparse takes for no option; `-` stays standard input."""
    return f'./{word}' if word.startswith('-') and word != '-' else word


def condition_of(word: str) -> Filter:
    """Return the function for the expression of --filter.

    Raises:
        argparse.ArgumentTypeError: the expression is invalid.
    """
    from .asked_fields import Filter  # start-up time

    try:
        return Filter(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(safe(str(error))) from None


def answering(name: str, work: Callable[[list[str]], int]) -> Callable[[list[str]], int]:
    """Return the `main` of a subcommand, which turns errors into messages and statuses.

    Wrong use prints one sentence and returns 2. If the reader of standard output goes away
    (`| head`), it returns 0 silently; other write errors, such as a full disk, print a
    message.

    Args:
        name: name of the subcommand, for messages.
        work: function that takes the words and returns the status.
    """
    return lambda words: _answered(name, work, words)


def _answered(name: str, work: Callable[[list[str]], int], words: list[str]) -> int:
    if sys.stdout is None:
        return _fail(name, 'standard output is closed', CANNOT_WRITE)
    try:
        status = work(words)
        sys.stdout.flush()
        return status
    except UsageError as problem:
        return _fail(name, str(problem), WRONG_USE)
    except BrokenPipeError:
        return 0
    except OSError as error:
        where = f' {safe(error.filename)}' if error.filename else ''
        return _fail(name, f'cannot write{where}: {error.strerror}', CANNOT_WRITE)
    except KeyboardInterrupt:
        return INTERRUPTED


def _fail(name: str, sentence: str, status: int) -> int:
    print_stderr(f'microbench {name}: {sentence}')
    return status
