"""Define the options of the command as data.

Parser, help and documentation are made from them. Options of mixins are in the classes of
the mixins.
"""

from __future__ import annotations

from ..words import integer_from, percent, runs_from, seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...core.capture import CLIArg

AUTO = 0  # iterations: as many as are needed
MANY = 10**9  # more words than a command line can have
HOW_MANY = {None: (1, 1), '?': (0, 1), '*': (0, MANY), '+': (1, MANY)}


class Option:
    """An option: its flags, its values, and where they are stored.

    Args:
        flags: such as `-o`, `--outfile`.
        help: description, a line or two.
        metavar: name of the value in the help; None for an option without value.
        convert: converts the word; it raises ValueError for a wrong one.
        nargs: number of values, as in argparse: None for one, `?`, `*`, `+`, or a number.
        const: value to store if the option has none on the command line.
        dest: attribute of the settings; by default the last flag.
        repeats: whether each use adds a value to a list.
        exact: reject abbreviations, which meant an older option when this one was added.
        mixin: name of the mixin that defines the option.
    """

    mixin: str | None = None

    def __init__(
        self,
        *flags: str,
        help: str,  # noqa: A002 - as in CLIArg
        metavar: str | None = None,
        convert: Callable[[str], Any] = str,
        nargs: str | int | None = None,
        const: str | None = None,
        dest: str | None = None,
        repeats: bool = False,
        exact: bool = False,
    ) -> None:
        self.flags = flags
        self.help = help
        self.metavar = metavar
        self.convert = convert
        self.least, self.most = _how_many(nargs) if metavar else (0, 0)
        self.makes_list = isinstance(nargs, int) or nargs in ('*', '+')
        self.const = const
        self.dest = dest or flags[-1].lstrip('-').replace('-', '_')
        self.repeats = repeats
        self.exact = exact

    @property
    def name(self) -> str:
        """Its name in messages."""
        return '/'.join(self.flags)

    @property
    def form(self) -> str:
        """Return its values as in the help, with a leading blank."""
        value = self.metavar
        if self.most == MANY:
            return f' {value} [{value} ...]' if self.least else f' [{value} ...]'
        if self.const:
            return f'[={value}]'
        return f' [{value}]' if self.least < self.most else f' {value}' * self.most


def _how_many(nargs: str | int | None) -> tuple[int, int]:
    return (nargs, nargs) if isinstance(nargs, int) else HOW_MANY[nargs]


def option_of_mixin(arg: CLIArg, mixin: str) -> Option:
    """Return the option for an item of `cli_args` of a mixin."""
    option = Option(
        *arg.flags,
        help=arg.help,
        metavar=arg.metavar or arg.dest.upper(),
        convert=arg.type,
        nargs=arg.nargs,
        dest=arg.dest,
    )
    option.mixin = mixin
    return option


DESTINATIONS = (
    Option(
        *('-o', '--outfile'),
        metavar='FILE',
        help='append the record to FILE; - is standard output, the default except on a '
        'terminal',
    ),
    Option('--http-output', metavar='URL', help='send the record to URL'),
    Option(
        '--http-output-header',
        metavar='KEY:VALUE',
        repeats=True,
        help='header of that request, such as Authorization; can be repeated',
    ),
    Option(
        '--http-output-method',
        metavar='METHOD',
        help='method of that request (default: POST)',
    ),
    Option('--redis-output', metavar='KEY', help='append the record to a Redis list'),
    Option('--redis-host', metavar='HOST', help='the server (default: localhost)'),
    Option(
        '--redis-port',
        metavar='PORT',
        convert=integer_from(1, 65535),
        help='its port (default: 6379)',
    ),
    Option(
        '--redis-db',
        metavar='DB',
        convert=integer_from(0),
        help='number of its database (default: 0)',
    ),
    Option('--redis-password', metavar='PASSWORD', help='its password'),
    Option(
        '--spool',
        metavar='DIR',
        help='keep the record in this directory for each of these that does not take it: '
        'microbench resend sends it later',
    ),
)

MIXINS = (
    Option(
        *('-m', '--mixin'),
        metavar='NAME',
        nargs='+',
        help='capture with these mixins, or with module:Class, instead of the defaults; '
        'the word defaults stands for those',
    ),
    Option('-a', '--all', help='capture with all mixins'),
    Option('--no-mixin', help='capture with none'),
    Option('--show-mixins', help='list the mixins with their options, and exit'),
    Option(
        *('-f', '--field'),
        metavar='KEY=VALUE',
        repeats=True,
        help='store this string in the record, or KEY:=JSON, such as rank:=0, for a value '
        'with a type; can be repeated',
    ),
    Option(
        '--redact',
        metavar='PATTERN',
        repeats=True,
        help="mask fields whose name or dotted path matches, such as '*token*'; can be "
        'repeated',
    ),
    Option(
        '--no-redact',
        help='mask nothing: store words of COMMAND that look like passwords too',
        exact=True,
    ),
)

EXECUTION = (
    Option(
        *('-n', '--iterations'),
        metavar='N',
        convert=runs_from(1, AUTO),
        help='run COMMAND N times (default: 1); auto: at least 10 times and 3 s, until the '
        'median is precise, and a long program once',
    ),
    Option(
        '--precision',
        metavar='PERCENT',
        convert=percent,
        help='with -n auto: half the interval of the median is at most that (default: 1 %)',
        exact=True,
    ),
    Option(
        '--max-time',
        metavar='SECONDS',
        convert=seconds,
        help='with -n auto: begin no run that would end later (default: 60)',
        exact=True,
    ),
    Option(
        *('-w', '--warmup'),
        metavar='N',
        convert=integer_from(0),
        help='before that, run it N times without a trace (default: 0)',
    ),
    Option(
        '--input',
        metavar='FILE',
        help='each run reads FILE; - is what comes on standard input, at most 64 MiB',
        exact=True,
    ),
    Option(
        '--stdout',
        metavar='suppress',
        nargs='?',
        const='capture',
        help='store what COMMAND prints; with =suppress it is not shown as well',
    ),
    Option(
        '--stderr',
        metavar='suppress',
        nargs='?',
        const='capture',
        help='the same for its standard error',
    ),
    Option(
        '--capture-limit',
        metavar='BYTES',
        convert=integer_from(1),
        help='of longer output keep head and tail, and count the rest',
    ),
    Option(
        '--timeout',
        metavar='SECONDS',
        convert=seconds,
        help='end an iteration that takes longer by SIGTERM',
    ),
    Option(
        '--timeout-grace-period',
        metavar='SECONDS',
        convert=seconds,
        help='and, if it is still there after that time, by SIGKILL (default: 5)',
    ),
    Option(
        '--monitor-interval',
        metavar='SECONDS',
        convert=seconds,
        help='sample CPU and memory of COMMAND that often (needs psutil)',
    ),
    Option(
        '--monitor-scope',
        metavar='SCOPE',
        help='process: of COMMAND alone (default); tree: with its descendants',
        exact=True,
    ),
)

OTHERS = (
    Option('--dry-run', help='check and show all settings, run nothing'),
    Option('-q', '--quiet', help='no progress and no answer on a terminal'),
    Option('-h', '--help', help='show this text and exit'),
    Option('--version', help='show the version and exit'),
)

GROUPS = {
    'destinations of the record': DESTINATIONS,
    'what it captures': MIXINS,
    'execution': EXECUTION,
    'others': OTHERS,
}
