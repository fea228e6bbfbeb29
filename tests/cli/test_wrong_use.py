"""Wrong uses of each option, rejected before anything runs."""

import shlex
import sys

import pytest

from microbench.__main__ import main
from microbench.cli.args import options
from tests.cli.conftest import status_of

NUMBER = 'is not a whole number: type for instance'
TIME = 'is not a time: type a number of seconds above 0, such as 1.5'
METHOD = 'is not a method: type POST or PUT'
OTHER = 'choose another name'

WRONG = [
    # no command, or one that was taken for something else
    ('', 'no command: type python -m microbench -- COMMAND [ARG ...]'),
    ('--', 'no command: type python -m microbench -- COMMAND [ARG ...]'),
    ("-n 3 -- ''", 'no command: type python -m microbench -n 3 -- COMMAND [ARG ...]'),
    ('-aqn3', 'no command: type python -m microbench -aqn3 -- COMMAND [ARG ...]'),
    ('-n 3', 'no command: type python -m microbench -n 3 -- COMMAND [ARG ...]'),
    ('-n 3 --', 'no command: type python -m microbench -n 3 -- COMMAND [ARG ...]'),
    ('-o ls', 'no command: type python -m microbench -o ls -- COMMAND [ARG ...]'),
    ('--iterations touch ran', f"'touch' {NUMBER} 3 here, then -- and the command"),
    ('--warmup touch ran', f"'touch' {NUMBER} 2 here, then -- and the command"),
    (
        '--stdout touch',
        "if 'touch' is the command, type python -m microbench --stdout -- t",
    ),
    ('--stderr touch ran', 'type python -m microbench --stderr -- touch ran'),
    (
        '--mixin host-info sleep 1',
        "unknown mixin 'sleep': type one of defaults, cgroup-limits, conda-packages, ",
    ),
    (
        '--mixin host-info sleep 1',
        "if 'sleep' is the command, type python -m microbench --mixin host-info -- sleep 1",
    ),
    (
        '--hash-file a sleep 1',
        "if 'sleep' is the command, type python -m microbench --hash-file a -- sleep 1",
    ),
    ('--nvidia-attributes a touch ran', 'a touch ran -- COMMAND [ARG ...]'),
    # names of options
    ('--iteration-count 3 touch ran', 'unrecognized option --iteration-count: see --help'),
    ('-x touch ran', 'unrecognized option -x: see --help'),
    ('-1 touch ran', 'unrecognized option -1: see --help'),
    ('--red x touch ran', 'ambiguous option --red: type --redis-output or --redis-host or'),
    ('--dry-run=yes touch ran', "--dry-run takes no value: leave out 'yes'"),
    ('-a=yes touch ran', "-a takes no value: leave out '=yes'"),
    # values that are missing
    ('--precision 0 ls', "it is a percentage, such as 10%, not '0'"),
    ('--precision 1 ls', '--precision requires a number of runs that depends'),
    ('--max-time x ls', "'x' is not a time"),
    ('--max-time 9 ls', '--max-time requires a number of runs that depends'),
    ('--input missing ls', "--input 'missing' cannot be read: No such file"),
    ('-n', 'argument -n/--iterations: expected one argument'),
    ('-n -- touch ran', 'argument -n/--iterations: expected one argument'),
    ('-o -n 3 touch ran', 'argument -o/--outfile: expected one argument'),
    ('-m -n 3 touch ran', 'argument -m/--mixin: expected at least one argument'),
    # destinations
    ('--outfile= touch ran', 'outfile is empty: give a path'),
    ('-o /etc/passwd/ touch ran', "outfile '/etc/passwd/' is a file, not a directory"),
    ('--http-output x touch ran', 'url has to begin with http:// or https://'),
    ('--http-output ftp://h touch ran', 'url has to begin with http:// or https://'),
    ('--http-output http://u:p@h touch ran', 'give an Authorization header'),
    (
        '--http-output-header a:b touch ran',
        '--http-output-header requires --http-output: add --http-output URL',
    ),
    (
        '--http-output http://h --http-output-header ab touch ran',
        "argument --http-output-header: 'ab' has no ':': type KEY:VALUE",
    ),
    ('--http-output http://h --http-output-header :b touch ran', "':b' has no key"),
    ("--http-output http://h --http-output-header 'a b:c' touch ran", "header 'a b': type"),
    (
        "--http-output http://h --http-output-header 'a:b\n' touch ran",
        'header a: its value has to be printable Latin-1',
    ),
    (
        '--http-output http://h --http-output-header a:€ touch ran',
        'header a: its value has to be printable Latin-1',
    ),
    (
        '--http-output http://h --http-output-method é touch ran',
        f"argument --http-output-method: 'é' {METHOD}",
    ),
    ('--spool d touch ran', '--spool requires a destination: add -o, or --http-output'),
    (
        '-o a --spool no/where touch ran',
        "argument --spool: 'no/where' is not a directory, nor in one",
    ),
    (
        '--http-output-method PUT touch ran',
        '--http-output-method requires --http-output: add --http-output URL',
    ),
    (
        "--http-output http://h --http-output-method 'a b' touch ran",
        f"argument --http-output-method: 'a b' {METHOD}",
    ),
    ('--redis-port 1 touch ran', '--redis-port requires --redis-output: add'),
    ('--redis-db 1 touch ran', '--redis-db requires --redis-output: add'),
    ('--redis-password x touch ran', '--redis-password requires --redis-output: add'),
    ('--redis-port x touch ran', f"argument --redis-port: 'x' {NUMBER}"),
    ('--redis-port 0 touch ran', '0 is too few: type 1 or more'),
    ('--redis-port 65536 touch ran', "'65536' is too many: type 65535 or less"),
    ('--redis-db -1 touch ran', '-1 is too few: type 0 or more'),
    # mixins
    (
        '-m x -- touch ran',
        "-m/--mixin: unknown mixin 'x': type one of defaults, cgroup-limits,",
    ),
    (
        '-m hostinfo -- touch ran',
        "unknown mixin 'hostinfo': did you mean host-info? type one of defaults,",
    ),
    ('-m MBHostinfo -- touch ran', 'did you mean host-info? type one of defaults,'),
    ('-m MBFunctionCall -- touch ran', "unknown mixin 'MBFunctionCall': type one of"),
    ('--all --no-mixin touch ran', '--no-mixin is not allowed with --all'),
    (
        '--redact x --no-redact touch ran',
        '--no-redact is not allowed with --redact: leave out one',
    ),
    ('--no-red touch ran', 'unrecognized option --no-red'),
    ('--git-repo . touch ran', "--git-repo requires the mixin 'git-info': add --mixin def"),
    (
        '-m host-info --hash-algorithm md5 touch ran',
        "--hash-algorithm requires the mixin 'file-hash': add --mixin host-info file-hash",
    ),
    ('--no-mixin --git-repo . touch ran', "--git-repo requires the mixin 'git-info'"),
    ('--git-repo nowhere touch ran', "directory not found: 'nowhere'"),
    ('--hash-file nowhere -- touch ran', "file not found: 'nowhere'"),
    ('--hash-file . -- touch ran', "'.' is a directory, not a file"),
    ('--hash-algorithm rot13 touch ran', "'rot13' is not an algorithm of hashlib"),
    # fields
    ('-f a touch ran', "-f/--field: 'a' has no '=': type KEY=VALUE"),
    ('-f =a touch ran', "'=a' has no key: type KEY=VALUE"),
    ('-f mb=a touch ran', f"'mb' is part of every record: {OTHER}"),
    ('-f call=a touch ran', f"'call' is part of every record: {OTHER}"),
    ('-f exception=a touch ran', f"'exception' is part of every record: {OTHER}"),
    ('-f _a=a touch ran', f"'_a' is not stored, for its '_': {OTHER}"),
    ('-f host=a touch ran', f"'host' is set by the mixin 'host-info': {OTHER}"),
    ('-m git-info -f git=a -- touch ran', f"'git' is set by the mixin 'git-info': {OTHER}"),
    # numbers
    ('--iterations 0 touch ran', '0 is too few: type 1 or more'),
    ('-n -1 touch ran', '-1 is too few: type 1 or more'),
    ('-w -1 touch ran', '-1 is too few: type 0 or more'),
    ('-n 1.5 touch ran', f"'1.5' {NUMBER} 3"),
    ('-n nan touch ran', f"'nan' {NUMBER} 3"),
    ('--iterations= touch ran', f"'' {NUMBER} 3"),
    ('-n 99999999999999999999 touch ran', "'99999999999999999999' is too many: type 9"),
    ('--capture-limit 0 --stdout -- touch ran', '0 is too few: type 1 or more'),
    (
        '--capture-limit 1 touch ran',
        '--capture-limit requires --stdout or --stderr: add one',
    ),
    # execution
    ('--stdout=quiet touch ran', "argument --stdout: invalid value 'quiet': type --stdout"),
    ('--stderr quiet -- touch ran', "argument --stderr: invalid value 'quiet': type"),
    *((f'--timeout {x} touch ran', f"'{x}' {TIME}") for x in ('nan', 'inf', '1e12')),
    *((f'--timeout {x} touch ran', f"'{x}' {TIME}") for x in ('0', '-1', 'soon')),
    ('--timeout 1 --timeout-grace-period 0 touch ran', f"'0' {TIME}"),
    (
        '--timeout-grace-period 5 touch ran',
        '--timeout-grace-period requires --timeout: add',
    ),
    ('--monitor-interval 0 touch ran', f"'0' {TIME}"),
    ('--monitor-interval nan touch ran', f"'nan' {TIME}"),
    (
        '--monitor-interval 1 --monitor-scope all touch ran',
        "argument --monitor-scope: invalid value 'all': type process or tree",
    ),
    ('--monitor-scope tree touch ran', '--monitor-scope requires --monitor-interval: add'),
]


def refused(words, capsys):
    """Return the sentence with which words are rejected."""
    assert status_of(main, words) == 2
    out, err = capsys.readouterr()
    assert out == ''
    usage, error = err.splitlines()
    assert usage == 'usage: python -m microbench [options] [--] COMMAND [ARG ...]'
    assert error.startswith('python -m microbench: error: ')
    return error


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return a directory that contains only a file `a`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'a').write_text('')
    return tmp_path


@pytest.mark.parametrize(('words', 'sentence'), WRONG)
def test_wrong_use_is_rejected_before_anything_runs(words, sentence, capsys, here):
    """A mistake is status 2 and a sentence with what to type."""
    assert sentence in refused(shlex.split(words), capsys)
    assert [path.name for path in here.iterdir()] == ['a']


def test_every_option_with_a_value_is_in_the_table():
    """A new option comes with its wrong uses."""
    known = [o for group in options.GROUPS.values() for o in group if o.most]
    anything = {'--redact', '--redis-host', '--redis-output'}  # any text is right
    used = ' '.join(words for words, _ in WRONG)
    untried = {o.flags[-1] for o in known if not any(flag in used for flag in o.flags)}
    assert untried <= anything


@pytest.mark.parametrize(
    ('module', 'words', 'sentence'),
    [
        ('redis', '--redis-output key', '--redis-output requires the redis package: pip'),
        (
            'psutil',
            '--monitor-interval 1',
            '--monitor-interval requires the psutil package',
        ),
    ],
)
def test_a_missing_package_is_reported(module, words, sentence, capsys, monkeypatch, here):
    """The message names the command that installs the package."""
    monkeypatch.setitem(sys.modules, module, None)
    assert sentence in refused([*words.split(), 'touch', 'ran'], capsys)
    assert not (here / 'ran').exists()


# Each pair is wrong twice; the first in the order of checks is reported.
ORDER = [
    ('-n 0', 'too few'),
    ('--', 'no command'),
    ('--stdout=x touch ran', 'argument --stdout'),
    ('-m x -- touch ran', 'unknown mixin'),
    ('--no-mixin --git-repo . touch ran', 'requires the mixin'),
    ('-f x touch ran', "'x' has no '='"),
    ('--timeout-grace-period 1 touch ran', 'requires --timeout'),
    ('--http-output-header a:b touch ran', 'requires --http-output'),
    ('--redis-db 1 touch ran', 'requires --redis-output'),
]


@pytest.mark.parametrize(
    ('first', 'second'),
    [
        (first, second)
        for place, first in enumerate(ORDER)
        for second in ORDER[place + 1 :]
        if '-m x' not in first[0] + second[0] or '--no-mixin' not in first[0] + second[0]
    ],
)
def test_of_two_mistakes_the_first_check_tells(first, second, capsys, here):
    """The checks have a fixed order, and the first one reports."""
    words = [*shlex.split(second[0])]
    if 'touch' in words:
        words = words[: words.index('touch')]
    if words[-1:] == ['--']:
        words.pop()
    assert first[1] in refused([*words, *shlex.split(first[0])], capsys)


def test_defaults_given_in_words_need_nothing(capsys, here):
    """Defaults that are given in words, such as a host, are no mistakes."""
    words = '--redis-host h --redis-port 6379 --redis-db 0 --http-output-method POST true'
    assert status_of(main, words.split()) == 0
    assert capsys.readouterr().err == ''


def test_a_word_of_a_megabyte_is_not_repeated(capsys):
    """The message stays a readable line."""
    assert len(refused(['-n', 'x' * 2**20, 'touch', 'ran'], capsys)) < 400
    assert len(refused(['-m', 'host-info', *['x' * 1000] * 1000], capsys)) < 800


def test_wrong_use_of_the_real_process(command):
    """A mistake is status 2 and two lines; there is no record and nothing runs."""
    outcome = command('-o', 'out.jsonl', '-n', '0', '--', 'touch', 'ran')
    assert (outcome.status, outcome.stdout, outcome.records) == (2, '', [])
    usage, error = outcome.stderr.splitlines()
    assert usage == 'usage: python -m microbench [options] [--] COMMAND [ARG ...]'
    assert error == (
        'python -m microbench: error: argument -n/--iterations: '
        '0 is too few: type 1 or more'
    )
