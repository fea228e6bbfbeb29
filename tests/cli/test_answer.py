"""The answer that the command prints on a terminal."""

import itertools
import json
import math
import os
import resource
import statistics
import sys
from types import SimpleNamespace

import pytest

from microbench import MBHostInfo
from microbench.cli.answer import disturbance, page
from microbench.cli.answer.page import Answer
from microbench.cli.answer.runs import Runs
from microbench.cli.args.parser import Parser, Settings
from microbench.cli.main import prepared
from microbench.cli.run.destinations import answers_on
from microbench.cli.terminal import columns
from microbench.measuring.interval import interval, left_out
from microbench.mixins.kernel import Kernel
from microbench.outputs.base import NullOutput
from microbench.outputs.file import FileOutput
from microbench.results import averages
from microbench.results.scale import Scale
from tests.cli.conftest import records_in
from tests.cli.terminals import FakeTerminal, on_terminal

MIB = 1024  # in the unit of ru_maxrss
LARGE = 1 << 40  # bytes: more than this process can have
TWENTY = [20.0, 20.1, 20.2, 20.3, 20.4, 20.5, 20.6, 20.7, 20.8, 20.9]  # milliseconds


def used(user=0.0, system=0.0, peak=LARGE // 1024, faults=0, preempted=0):
    """Return what wait4(2) would say."""
    return resource.struct_rusage(
        [user, system, peak, 0, 0, 0, 0, faults, *[0] * 7, preempted]
    )


def run(ms, code=0, *, timed_out=False, status=0, delay=None, **usage):
    """Return a run of so many milliseconds."""
    return SimpleNamespace(
        duration_ns=round(ms * 1e6) if math.isfinite(ms) else ms,
        status=status,
        returncode=code,
        timed_out=timed_out,
        usage=None if status is None else used(**usage),
        run_delay=delay,
    )


@pytest.fixture
def answered(monkeypatch):
    """Return the lines of an answer about these runs, and options of the settings."""

    def lines(
        *runs, command=('fit', 'x'), width=80, stream='stdout', sinks=(), n=None, record=()
    ):
        terminal = FakeTerminal()
        monkeypatch.setenv('COLUMNS', str(width))
        monkeypatch.setenv('TERM', 'dumb')
        monkeypatch.setattr(sys, stream, terminal)
        answer = Answer(list(command), n or len(runs), stream)
        for one in runs:
            answer.add(one)
        answer.finish(dict(record))
        answer.print(sinks)
        return terminal.getvalue().splitlines()

    return lines


def row(lines, label):
    """Return the text beside a label, of all its lines."""
    [place] = [n for n, line in enumerate(lines) if line.startswith(f'  {label} ')]
    more = itertools.takewhile(lambda line: line.startswith(' ' * 9), lines[place + 1 :])
    return ' '.join([lines[place][13:], *map(str.strip, more)])


def labels(lines):
    """Return the labels in order."""
    return [line[2:12].strip() for line in lines if line[:2] == '  ' and line[2] != ' ']


# --- figures --------------------------------------------------------------------------


def exact(count):
    """Return what `left_out` must return, in integers."""
    total, term, most = 0, 1, -1
    while 40 * (total + term) <= 2**count:
        most += 1
        total += term
        term = term * (count - most) // (most + 1)
    return most


def test_the_interval_is_that_of_order_statistics():
    """The number of values beyond each end agrees with the binomial sum in integers."""
    counts = [*range(6, 700), 999, 2000, 4321]
    assert [left_out(count) for count in counts] == [exact(count) for count in counts]
    assert left_out(10**6) == 500_000 - 980 - 1  # 0.98 is half of the quantile 1.96


@pytest.mark.parametrize('count', range(6))
def test_few_values_have_no_interval(count):
    """Below six values, the range misses the median in more than 5 % of all cases."""
    assert interval([1.0] * count) is None


def test_ends_of_the_interval_are_values():
    """Both ends are measured values, with as many beyond each."""
    assert interval(TWENTY) == (TWENTY[1], TWENTY[-2])


def test_the_deviation_is_that_of_a_sample():
    """The deviation and the median agree with those of `statistics`."""
    assert averages.deviation(TWENTY) == pytest.approx(statistics.stdev(TWENTY))
    for values in (TWENTY, TWENTY[1:]):
        assert averages.median(values) == statistics.median(values)


@pytest.mark.parametrize(
    ('value', 'deviation', 'text'),
    [
        (0.0234, 0.0, '23.4 ms'),
        (0.0234, 0.00004, '23.40 ms'),
        (0.1017, 0.0005, '101.7 ms'),
        (0.1017, 1e-9, '101.70 ms'),  # two more decimals, and no further one
        (0.9996, 0.1, '1.00 s'),
        (95.4, 2.0, '1.59 min'),
        (7e-10, 0.0, '0.70 ns'),
        (0.0, 0.0, '0.00 ns'),
    ],
)
def test_digits(value, deviation, text):
    """A median has three digits; more only if the deviation would be zero without."""
    assert Scale(value, deviation).text(value).replace('\xa0', ' ') == text


# --- times ----------------------------------------------------------------------------


def test_an_answer(answered):
    """One unit for all times, the interval of the median, and the number of runs."""
    lines = answered(*[run(ms, user=0.015, system=0.002) for ms in TWENTY])
    assert lines == [
        '',
        'fit x',
        '  median     20.5 ms, between 20.1 and 20.8 ms (95 %)',
        '  mean ± σ   20.5 ± 0.3 ms',
        '  range      20.0 … 20.9 ms, 10 runs',
        '  cpu        user 15.0 ms, system 2.0 ms, waiting 3.5 ms',
        '  memory     1.00 TiB',
        '',
        'not recorded: -o FILE keeps the record',
    ]


def test_one_run_has_a_time(answered):
    """One run has a time, and no statistics."""
    lines = answered(run(1234.0, user=0.2))
    assert row(lines, 'time') == '1.23 s'
    assert labels(lines) == ['time', 'cpu', 'memory']


@pytest.mark.parametrize('count', [2, 5])
def test_few_runs(answered, count):
    """Fewer than six runs have no interval, and a warning says what would give one."""
    lines = answered(*[run(ms) for ms in TWENTY[:count]])
    assert 'between' not in row(lines, 'median')
    assert row(lines, 'range').endswith(f', {count} runs')
    assert 'use -n 6 or more' in row(lines, 'warning')


def test_no_run(answered):
    """Zero runs: one sentence."""
    assert answered(n=3)[1:3] == ['fit x', '  time       no run was timed']


def test_a_time_that_is_no_number(answered):
    """NaN is not a time: the run is left out."""
    lines = answered(run(math.nan), run(math.inf), run(20.0), n=3)
    assert row(lines, 'time') == '20.0 ms, 1 of 3 runs'


# --- runs that failed -----------------------------------------------------------------


BAD = {
    'exit 3': run(900.0, 3),
    'SIGKILL': run(900.0, -9),
    'timed out': run(900.0, 0, timed_out=True),
    'not finished': run(900.0, status=None),
}


@pytest.mark.parametrize('end', BAD)
def test_a_failed_run_is_counted_and_left_out(answered, end):
    """Failed, killed, late and unfinished runs change no time."""
    good = [run(ms) for ms in TWENTY]
    lines = answered(*good, BAD[end])
    assert lines[2:5] == answered(*good)[2:5]
    assert row(lines, 'failed') == f'1 of 11 runs, left out above: {end}'


def test_ends_are_counted(answered):
    """Several ends are listed with their number."""
    lines = answered(run(20.0), BAD['exit 3'], BAD['SIGKILL'], BAD['exit 3'])
    found = row(lines, 'failed')
    assert found == '3 of 4 runs, left out above: exit 3 (2 times), SIGKILL'
    assert row(lines, 'time') == '20.0 ms, 1 run'


@pytest.mark.parametrize(('code', 'end'), [(1, 'exit 1'), (-9, 'SIGKILL')])
def test_all_failed(answered, code, end):
    """If all failed or were killed, there is a range and no statistic."""
    lines = answered(*[run(ms, code, preempted=0) for ms in TWENTY[:7]])
    assert labels(lines) == ['range', 'memory', 'failed']
    assert row(lines, 'range') == '20.0 … 20.6 ms, 7 runs'
    assert row(lines, 'failed') == f'all 7 runs: {end}'


def test_the_only_run_failed(answered):
    """The time of a single run is shown with its end."""
    lines = answered(BAD['exit 3'])
    assert (row(lines, 'time'), row(lines, 'failed')) == ('900 ms', 'exit 3')


def test_interrupted(answered):
    """Runs that are missing are visible."""
    lines = answered(*[run(ms) for ms in TWENTY], n=50)
    assert row(lines, 'range').endswith(', 10 of 50 runs')


# --- resources and disturbance --------------------------------------------------------


def test_little_cpu_time(answered):
    """CPU times have a decimal, where the others need none."""
    found = row(answered(run(330.0, user=0.0004, system=0.0008)), 'cpu')
    assert found == 'user 0.4 ms, system 0.8 ms, waiting 328.8 ms'


def test_several_cpus(answered):
    """A program that uses several CPUs has no waiting time."""
    found = row(answered(run(1000.0, user=2.5, system=0.5)), 'cpu')
    assert found == 'user 2.50 s, system 0.50 s, 3.0 CPUs busy'


def test_a_peak_that_may_be_that_of_microbench(answered):
    """The kernel begins a peak with that of the parent: it is an upper bound."""
    assert row(answered(run(9.0, peak=MIB)), 'memory') == '≤ 1.00 MiB'


def test_what_disturbed_the_runs(answered):
    """Counters are summed over all runs; a delay is a share of the time."""
    runs = [run(20.0, preempted=2, faults=1, delay=0.004) for _ in range(6)]
    found = row(answered(*runs), 'disturbed')
    assert found == (
        'preempted 12 times, waited for a CPU 20 % of the time, '
        '6 pages read from disk or swap'
    )


def test_an_undisturbed_run(answered):
    """A delay that does not matter is not shown, nor one that is unknown."""
    assert 'disturbed' not in labels(answered(run(20.0, delay=1e-5)))
    assert 'disturbed' not in labels(answered(run(20.0)))


@pytest.mark.parametrize(
    ('stability', 'shown'),
    [
        ({'warnings': ['heat slowed it', 'it swapped']}, ['heat slowed it', 'it swapped']),
        ({}, []),
        ('a field of the user', []),
        ({'warnings': 'of the user'}, []),
        ({'warnings': [1, 'it swapped']}, ['it swapped']),
    ],
)
def test_warnings_of_the_stability(answered, stability, shown):
    """Each has a row of its own, if the mixin has captured any."""
    lines = answered(run(20.0), record={'stability': stability})
    warned = [line.split(None, 1)[1] for line in lines if line.startswith('  warning')]
    assert warned == shown


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Replace the files of the kernel: steal in ticks, and the throttled time."""
    monkeypatch.setattr(os, 'sched_getaffinity', lambda thread: {0}, raising=False)
    group = tmp_path / 'sys/fs/cgroup'
    (group / 'job').mkdir(parents=True)
    (tmp_path / 'proc/self').mkdir(parents=True)
    (tmp_path / 'proc/self/cgroup').write_text('0::/job\n', 'ascii')
    (group / 'cgroup.controllers').write_text('cpu\n', 'ascii')

    def write(steal, busy, throttled):
        stat = f'cpu 1\ncpu0 {busy} 0 0 0 0 0 0 {steal} 0 0\n'
        (tmp_path / 'proc/stat').write_text(stat, 'ascii')
        counts = f'usage_usec 7\nnr_throttled 1\nthrottled_usec {throttled}\n'
        (group / 'job/cpu.stat').write_text(counts, 'ascii')

    write(5, 100, 1000)
    write.files = Kernel(str(tmp_path))
    return write


def test_steal_and_throttling(kernel):
    """Only what happens during the runs counts."""
    found = disturbance.Disturbance(kernel=kernel.files)
    assert list(found.parts()) == []
    kernel(15, 190, 341_000)
    words = [part.replace('\xa0', ' ') for part in found.parts()]
    assert words == [
        '10 % of CPU time stolen by the host',
        'stopped 340 ms by the CPU quota of the cgroup',
    ]


@pytest.mark.parametrize(
    ('load', 'cpus', 'words'),
    [
        (2.0, 2, []),
        (3.26, 2, ['load 3.3 on 2 CPUs before']),
        (1.1, 1, ['load 1.1 on 1 CPU before']),
    ],
)
def test_a_load_before(kernel, monkeypatch, load, cpus, words):
    """A load above the number of usable CPUs is a disturbance."""
    monkeypatch.setattr(disturbance, 'usable_cpus', lambda: cpus)
    found = disturbance.Disturbance(load, kernel.files).parts()
    assert [part.replace('\xa0', ' ') for part in found] == words


def test_usable_cpus(monkeypatch):
    """CPUs that are closed to this process do not count, where the system knows."""
    if hasattr(os, 'sched_getaffinity'):
        assert disturbance.usable_cpus() == len(os.sched_getaffinity(0))
        monkeypatch.delattr(os, 'sched_getaffinity')
    assert disturbance.usable_cpus() == os.cpu_count()


def test_a_kernel_that_does_not_say(tmp_path):
    """What cannot be read is left out."""
    found = disturbance.Disturbance(kernel=Kernel(str(tmp_path)))
    assert list(found.parts()) == []


# --- warnings -------------------------------------------------------------------------


def test_a_slow_first_run(answered):
    """A first run beyond all others is named, with the remedy, and is no outlier too."""
    found = row(answered(run(423.0), *[run(ms) for ms in TWENTY]), 'warning')
    assert found == (
        'the first run took 423.0 ms, 20.7 times the median of the others: '
        '-w 1 makes it a warm-up'
    )


def test_a_first_run_that_failed_is_not_meant(answered):
    """If the first run failed, the first good one is not called the first."""
    runs = [run(1.0, 1), run(423.0), *[run(ms) for ms in TWENTY]]
    assert row(answered(*runs), 'warning').startswith('1 outlier (423.0 ms)')


def test_outliers(answered):
    """Outliers are counted, with their times."""
    runs = [run(ms) for ms in (*TWENTY, 31.0, 42.0)]
    found = row(answered(*runs), 'warning')
    assert found == '2 outliers (31.0 … 42.0 ms): was something else running?'


def test_too_short(answered):
    """A time in which starting a program matters gets a warning."""
    found = row(answered(run(1.2)), 'warning')
    assert found == 'below 5 ms, starting the program is much of the time'


# --- the page -------------------------------------------------------------------------


ALL = (
    run(423.0, delay=0.1, preempted=12, faults=2, user=0.3),
    *[run(ms, delay=0.004, preempted=3, user=0.01, system=0.002) for ms in TWENTY],
    *BAD.values(),
)


@pytest.mark.parametrize('width', [120, 80, 60, 40])
def test_no_line_is_wider_than_the_terminal(answered, width):
    """All lines fit, numbers stay whole, and 80 columns are enough at any width."""
    command = ['fit', '測定' * 50, 'x' * 300]
    lines = answered(*ALL, command=command, width=width)
    assert max(map(columns, lines)) <= min(width, 80)
    words = ' '.join(' '.join(lines).split())
    plain = ' '.join(' '.join(answered(*ALL, command=command)).split())
    assert words.partition('median')[2] == plain.partition('median')[2]


@pytest.mark.parametrize('width', [20, 5, 1])
def test_a_tiny_terminal(answered, width):
    """Labels stand above the text; no number is cut."""
    words = ' '.join(' '.join(answered(*ALL, width=width)[2:]).split())
    assert words == ' '.join(' '.join(answered(*ALL)[2:]).split())


def test_words_of_a_command(answered):
    """Control characters are escaped, secrets masked, words quoted; none steers."""
    command = ['a b', "it's", '\033[31m\n', '--token=abc', '', '測定']
    found = answered(run(9.0), command=command)[1]
    assert found == "'a b' 'it'\\''s' '\\x1b[31m\\n' '--token=***' '' 測定"


def test_a_command_of_megabytes(answered):
    """Only what fits is looked at."""
    words = page.typed(['x' * 10**6, *['y' * 10**5] * 50], 160)
    assert words == f'{"x" * 160} {"y" * 160}'[: len(words)]
    assert len(words) <= 322


def test_where_the_record_is(answered):
    """Each sink that has the record is named; a file on a line that can be copied."""
    sinks = [FileOutput('a' * 90 + '\033.jsonl'), NullOutput()]
    *_, empty, file, other = answered(run(9.0), stream='stderr', sinks=sinks)
    assert (empty, file) == ('', f'recorded in {"a" * 90}\\x1b.jsonl')
    assert other.startswith('recorded in ')
    assert 'recorded' not in ''.join(answered(run(9.0), stream='stderr'))


def test_a_terminal_that_has_gone_away(monkeypatch):
    """Neither a closed stream nor a lost terminal is an error."""
    stream = FakeTerminal()
    stream.close()
    monkeypatch.setattr(sys, 'stdout', stream)
    Answer(['true'], 1, 'stdout').print([])


def test_runs_of_a_stub():
    """A run without usage, as on systems without wait4(2), has a time."""
    runs = Runs(1)
    runs.add(SimpleNamespace(**{**vars(run(9.0)), 'usage': None}))
    assert (runs.good, runs.usage) == ([pytest.approx(0.009)], [])


# --- where it goes --------------------------------------------------------------------


@pytest.mark.parametrize(
    ('options', 'terminals', 'expected'),
    [
        ({}, ('stdout', 'stderr'), 'stdout'),
        ({}, ('stdout',), 'stdout'),
        ({}, ('stderr',), None),
        ({'quiet': True}, ('stdout', 'stderr'), None),
        ({'outfile': 'x'}, ('stdout', 'stderr'), 'stderr'),
        ({'outfile': 'x'}, ('stdout',), None),
        ({'outfile': ''}, ('stdout', 'stderr'), 'stderr'),
        ({'outfile': '-'}, ('stdout', 'stderr'), None),
        ({'outfile': '/dev/stderr'}, ('stdout', 'stderr'), None),
        ({'http_output': 'http://h'}, ('stdout', 'stderr'), 'stderr'),
        ({'redis_output': 'key'}, ('stderr',), 'stderr'),
    ],
)
def test_the_stream(monkeypatch, options, terminals, expected):
    """The answer stands in for the record; beside a file it goes to standard error."""
    for name in ('stdout', 'stderr'):
        stream = FakeTerminal() if name in terminals else None
        monkeypatch.setattr(sys, name, stream)
    settings = Settings()
    vars(settings).update(options)
    assert answers_on(settings) == expected


@pytest.mark.parametrize(
    ('words', 'captures'),
    [
        ([], False),
        (['-o', 'x'], True),
        (['-m', 'host-info'], True),
        (['-a'], True),
        (['-f', 'a=1'], True),
        (['--redact', 'host'], True),
    ],
)
def test_nothing_is_captured_for_a_record_that_goes_nowhere(
    monkeypatch, tmp_path, words, captures
):
    """Default mixins are left out unless the record is kept, or an option needs them."""
    monkeypatch.chdir(tmp_path)
    for name in ('stdout', 'stderr'):
        monkeypatch.setattr(sys, name, FakeTerminal())
    settings = Parser(()).settings([*words, '--', 'true'])
    bench, _ = prepared(settings)
    assert isinstance(bench, MBHostInfo) is captures


@pytest.mark.parametrize('streams', [('stdout', 'stderr'), ('stdout',)])
def test_on_a_real_terminal(streams, environment, tmp_path):
    """Without -o, a terminal gets an answer and no JSON, the number in bold."""
    words = ['-n', '6', '--', 'sh', '-c', 'echo said; exit 0']
    status, sent = on_terminal(
        words, environment=environment, cwd=tmp_path, streams=streams
    )
    lines = sent.split('\n')
    assert (status, lines[:6]) == (0, ['said'] * 6)
    assert lines[7] == "sh -c 'echo said; exit 0'"
    assert lines[8].startswith('  \033[2mmedian\033[0m     \033[1m')
    assert sent.count('\033[1m') == 1
    assert lines[-2:] == ['\033[2mnot recorded: -o FILE keeps the record\033[0m', '']
    assert '{' not in sent
    assert list(tmp_path.iterdir()) == []


def test_no_colour(environment, tmp_path):
    """NO_COLOR leaves plain text."""
    env = {**environment, 'NO_COLOR': '1'}
    _, sent = on_terminal(['--', 'true'], environment=env, cwd=tmp_path)
    assert '\033' not in sent
    assert sent.startswith('\ntrue\n  time ')


def test_beside_a_file(environment, tmp_path):
    """With -o, the answer is on standard error, and the record in the file."""
    words = ['-o', 'out.jsonl', '--', 'sh', '-c', 'echo said; exit 3']
    status, sent = on_terminal(
        words, environment=environment, cwd=tmp_path, streams=['stderr']
    )
    assert status == 3
    assert sent.startswith("\nsh -c 'echo said; exit 3'\n")
    assert sent.endswith('\nrecorded in out.jsonl\n')
    assert len(records_in(tmp_path / 'out.jsonl')) == 1


@pytest.mark.parametrize('options', [('-o', '-'), ('-q',)])
def test_json_on_a_terminal(environment, tmp_path, options):
    """`-o -` and --quiet print the record on a terminal as into a pipe."""
    words = [*options, '--', 'true']
    _, sent = on_terminal(words, environment=environment, cwd=tmp_path)
    assert json.loads(sent)['call']['command'] == ['true']


def test_a_failed_start(environment, tmp_path):
    """What could not be started gets one line."""
    outcome = on_terminal(['--', './none'], environment=environment, cwd=tmp_path)
    line = "microbench: cannot start './none': No such file or directory\n"
    assert outcome == (127, line)


def test_a_pipe_gets_json(command):
    """A pipe gets the record, and standard error nothing."""
    outcome = command('--', 'true')
    assert json.loads(outcome.stdout)['call']['returncode'] == [0]
    assert outcome.stderr == ''
