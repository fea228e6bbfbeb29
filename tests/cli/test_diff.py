"""`microbench diff`: the differences of two records, times first."""

import json
import random
import sys

import pytest

from microbench.cli.view import diff as view
from microbench.cli.view.diff import main
from microbench.cli.widths import columns
from tests.cli.samples import MODEL, PIPELINE, SEVERAL, SIMULATION, SOLVE, write
from tests.cli.terminals import FakeTerminal

SLOW = {
    **SOLVE,
    'call': {
        **SOLVE['call'],
        'args': [13],
        'durations': [0.0824, 0.0796, 0.0824],
        'timings': [
            {'name': 'factorise', 'duration': 0.0315},
            {'name': 'write', 'duration': 0.003},
        ],
    },
    'host': {**SOLVE['host'], 'hostname': 'node08', 'os': 'other'},
    'resource_usage': [{'utime': 0.02, 'stime': 0.0, 'maxrss': 2048}],
    'exit_signal': 'SIGTERM',
}

TEXT = """\
#1 (solve) is 2.0 times slower than #0. #1 failed: SIGTERM.

                  #0        #1
host          node07    node08
outcome           ok   SIGTERM
runs               2         3
median       40.5 ms   82.4 ms  2.0 times slower
  iterate    39.5 ms
  write                1.00 ms
cpu            100 %
user time    40.0 ms   20.0 ms  2.0 times less
system time   500 µs       0 s
memory                2.00 KiB
preempted       1.50

~  call.args.0  12       ->  13
+  exit_signal               "SIGTERM"
~  host.os      "linux"  ->  "other"
{hidden} differences in times and ids are not shown
"""


@pytest.fixture
def shown(capsys):
    """Return status and output of `diff`, which has to report no error."""

    def run(*words):
        status = main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert err == ''
        return status, out

    return run


def test_times_phases_and_the_rest(shown, tmp_path):
    """Possible reasons stand below the times that differ."""
    path = write(tmp_path / 'x', [SOLVE, SLOW])
    status, text = shown(path)
    hidden = text.splitlines()[-1].split()[0]
    assert (status, text) == (0, TEXT.replace('{hidden}', hidden))
    assert int(hidden) > 5


def test_two_of_many_in_two_files(shown, several, tmp_path):
    """Records are selected as in `show`, from either end or by id."""
    other = write(tmp_path / 'other', [SLOW])
    head = shown(several, other, '00000000000000aa', '-1')[1].splitlines()
    assert head[0].startswith('#4 is 21 times faster than #1')
    assert head[2].split() == ['#1', '#4']
    assert head[3].split() == ['name', 'pipeline', 'solve']


def test_two_files_with_one_record_each(shown, tmp_path):
    """Two files with one record each need no selection."""
    paths = [write(tmp_path / name, [r]) for name, r in (('a', SOLVE), ('b', MODEL))]
    assert shown(*paths)[1].splitlines()[3].split() == ['name', 'solve', 'model.sh']


def test_equal_records(shown, several):
    """Equal records are reported as equal."""
    status, text = shown(several, 0, 0, '--exit-code')
    assert status == 0
    assert text == 'nothing differs\n'
    text = shown(several, 0, 0, '--all')[1]
    assert text.splitlines()[6].split() == ['median', '40.5', 'ms', '40.5', 'ms']
    assert text.endswith('\nnothing else differs\n')


def test_as_json(shown, tmp_path):
    """With --json, each line is an object with the values of either side."""
    path = write(tmp_path / 'x', [{'a': 1, 'b': None, 'mb': {}}, {'a': 2, 'c': [3]}])
    lines = shown(path, '--json')[1].splitlines()
    assert [json.loads(line) for line in lines] == [
        {'kind': 'changed', 'path': 'a', 'left': 1, 'right': 2},
        {'kind': 'removed', 'path': 'b', 'left': None},
        {'kind': 'added', 'path': 'c.0', 'right': 3},
        {'kind': 'removed', 'path': 'mb', 'left': {}},
    ]


def test_times_as_json(shown, tmp_path):
    """The lines about times come first, with ratios, and whether they are noise."""
    path = write(tmp_path / 'x', [SOLVE, SLOW])
    lines = [json.loads(line) for line in shown(path, '--json')[1].splitlines()]
    times = [line for line in lines if line['kind'] == 'time']
    assert lines[: len(times)] == times
    assert times[0] == {
        'kind': 'time',
        'path': 'median',
        'left': 0.0405,
        'right': 0.0824,
        'ratio': 0.0824 / 0.0405,
        'is_significant': None,
    }
    assert [(time['path'], time['ratio']) for time in times[1:]] == [
        ('phases.factorise', pytest.approx(1.0)),
        ('phases.iterate', None),
        ('phases.write', None),
    ]


def noisy(seed, factor=1.0):
    """Return a record of twenty runs, which differ by a tenth."""
    chance = random.Random(seed)
    runs = [factor * chance.gauss(1.0, 0.1) for _ in range(20)]
    usage = [{'utime': run, 'stime': chance.random() / 1e4, 'nivcsw': 9} for run in runs]
    return {'call': {'durations': runs}, 'resource_usage': usage}


@pytest.mark.parametrize('seed', range(10))
def test_noise_has_no_colour(seed, tmp_path, monkeypatch):
    """Nothing of two equal series of runs is painted; a real difference is."""
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.delenv('NO_COLOR', raising=False)
    for factor, colours in ((1.0, False), (1.5, True)):
        monkeypatch.setattr(sys, 'stdout', FakeTerminal())
        path = write(tmp_path / 'x', [noisy(seed), noisy(seed + 100, factor)])
        assert main([path]) == 0
        screen = sys.stdout.getvalue()
        assert ('\033[31m' in screen) is colours
        assert '\033[32m' not in screen
        assert ('within noise' in screen) is not colours


@pytest.mark.parametrize('width', [1, 20, 40, 80, 120])
def test_any_width(width, tmp_path, monkeypatch):
    """No line is wider than the terminal, however long the names are."""
    monkeypatch.setattr(sys, 'stdout', FakeTerminal())
    monkeypatch.setenv('COLUMNS', str(width))
    monkeypatch.setenv('NO_COLOR', '1')
    name = '測' * 100 + '\033'
    timings = [{'name': name, 'duration': 0.01}]
    long = {**SLOW, 'call': {**SLOW['call'], 'name': name, 'timings': timings}}
    assert main([write(tmp_path / 'x', [SOLVE, long])]) == 0
    screen = sys.stdout.getvalue()
    assert max(map(columns, screen.splitlines())) <= width
    assert screen.replace('\n', '').isprintable()


def test_everything(shown, tmp_path):
    """Times and ids are compared too, when asked for."""
    path = write(tmp_path / 'x', [PIPELINE, SIMULATION])
    assert 'mb.record_id' not in shown(path)[1]
    assert '~  mb.record_id ' in shown(path, '--all')[1]


@pytest.mark.parametrize(('right', 'status'), [(0, 0), (1, 1)])
def test_a_status_for_scripts(right, status, shown, several):
    """The exit status is that of diff(1), when asked for."""
    assert shown(several, 0, right, '--exit-code')[0] == status
    assert shown(several, 0, right)[0] == 0


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (
            ['several'],
            'several holds 4 records; choose two, by their numbers or ids: PATH A B',
        ),
        (['one'], 'one holds 1 record; choose two, by their numbers or ids: PATH A B'),
        (
            ['empty'],
            'empty holds no records; choose two, by their numbers or ids: PATH A B',
        ),
        (
            ['empty', 'one'],
            '2 files hold 1 record; choose two, by their numbers or ids: PATH A B',
        ),
        (
            ['several', '0'],
            'choose two records, not 1, by their numbers or ids: PATH A B',
        ),
        (
            ['several', '0', '1', '2'],
            'choose two records, not 3, by their numbers or ids: PATH A B',
        ),
        (['0', 'several'], 'there is no file 0; type numbers after the files'),
        (
            ['several', '0', '7'],
            'there is no record 7: several holds 4, numbered from 0 to 3',
        ),
        (['several', '0', 'x'], 'cannot read 0: No such file or directory'),
        (['nope', '0', '1'], 'cannot read nope: No such file or directory'),
    ],
)
def test_wrong_input_is_reported_in_a_sentence(
    words, sentence, capsys, tmp_path, monkeypatch
):
    """Wrong input is status 2 and nothing else."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / 'several', SEVERAL)
    write(tmp_path / 'one', [SOLVE])
    write(tmp_path / 'empty', [])
    assert main(words) == 2
    assert capsys.readouterr() == ('', f'microbench diff: {sentence}\n')


BOUND = {
    'call': {'durations': [0.5], 'timings': [{'name': 'read', 'duration': 0.25}]},
    'exit_path': 'recovered',
    'recovered': {'duration_is_lower_bound': True},
}


def test_a_lower_bound_has_no_ratio(shown, tmp_path):
    """A lower bound has no ratio; a finished record has one."""
    whole = {'call': {'durations': [1.0], 'timings': [{'name': 'read', 'duration': 0.5}]}}
    _, output = shown(write(tmp_path / 'x', [BOUND, whole]))
    rows = {line.split()[0]: line.split()[1:] for line in output.splitlines() if line}
    assert rows['median'] == ['≥', '0.500', 's', '1.000', 's']
    assert rows['read'] == ['250', 'ms', '500', 'ms', '2.0', 'times', 'slower']


def test_peak_memory_is_a_figure(shown, tmp_path):
    """Peak memory is measured, so it is compared like times; one side may lack it."""
    records = [{'call': {'peak_memory_bytes': size}} for size in (2**20, 2**21, None)]
    path = write(tmp_path / 'x', records)
    assert (
        'peak memory  1.00 MiB  2.00 MiB  2.0 times more\n'
        in shown(path, 0, 1, '--exit-code')[1]
    )
    assert shown(path, 0, 1, '--exit-code')[0] == 0
    assert 'peak memory  1.00 MiB\n' in shown(path, 0, 2)[1]


COMMANDS = [
    ['--', 'true'],
    ['-n', '3', '-w', '1', '--', 'sh', '-c', 'exit 3'],
    ['--stdout', '--stderr', '--', 'sh', '-c', 'echo a; echo b >&2'],
    ['-n', '2', '--', 'sh', '-c', 'kill -9 $$'],
    ['--timeout', '0.1', '--', 'sleep', '60'],
    ['--', 'no-such-program'],
    ['-m', 'defaults', 'peak-memory', 'file-hash', 'cgroup-limits', '--', 'true'],
]


@pytest.mark.parametrize('words', COMMANDS)
def test_the_same_command_twice_is_no_difference(words, command, shown, tmp_path):
    """Two runs of one real command differ in measurements only."""
    for _ in range(2):
        command('-q', '-o', 'out.jsonl', *words)
    status, text = shown(tmp_path / 'out.jsonl', '--exit-code')
    lines = text.splitlines()
    said = f'nothing {"else " * (len(lines) > 2)}differs'
    assert (status, lines[-2:-1]) == (0, [said])


# Programs whose record is to be the same each time: `out` is its file.
PROGRAM = """
import os, signal, sys
import microbench as m
class Bench({bases}m.MicroBench): pass
bench = Bench('out.jsonl', iterations=2)
@bench
def fit(x):
    with bench.time('read'): return [1] * x
{work}
"""
BASES = [
    *('', 'm.MBFunctionCall, m.MBReturnValue, ', 'm.MBResourceUsage, m.MBPeakMemory, '),
    *('m.MBHostInfo, m.MBSlurmInfo, ', 'm.MBLineProfiler, ', 'm.MBGlobalPackages, '),
]
WORKS = [
    'bench.record_on_exit("x"); bench.time("a").__enter__(); sys.exit(3)',
    'bench.record_on_exit("x"); os.kill(os.getpid(), signal.SIGTERM)',
    'bench.record("x").__enter__(); os.kill(os.getpid(), signal.SIGKILL)',
    'fit("x")',
]
PROGRAMS = [
    *(PROGRAM.format(bases=bases, work='fit(5)') for bases in BASES),
    *(PROGRAM.format(bases='', work=work) for work in WORKS),
]


@pytest.mark.parametrize('program', PROGRAMS)
def test_the_same_program_twice_is_no_difference(program, ended, shown, tmp_path):
    """Two runs of one program do not differ, whatever is captured."""
    path = tmp_path / 'work.py'
    path.write_text(program)
    for _ in range(2):
        ended(sys.executable, str(path))
    status, text = shown(tmp_path / 'out.jsonl', '--exit-code')
    assert (status, text.splitlines()[-2:-1]) == (0, ['nothing else differs'])


def test_many_differences(shown, tmp_path, monkeypatch):
    """The first ones are shown, and how many there are; programs and --all get each."""
    monkeypatch.setattr(view, 'MOST_ROWS', 2)
    sides = [{f'k{number}': number + side for number in range(5)} for side in (0, 1)]
    path = write(tmp_path / 'x', sides)
    first = ['~  k0  0  ->  1', '~  k1  1  ->  2']
    lines, everything, as_json = (
        shown(path, *words)[1].splitlines() for words in ((), ('--all',), ('--json',))
    )
    assert lines[-3:] == [*first, 'and 3 other differences: --all shows them']
    assert everything[-5:-3] == first
    assert len(as_json) == 5


@pytest.mark.parametrize('name', ['solve', 'a|b \\1', ''])
def test_the_sentence_names_both(name, shown, tmp_path):
    """Their name stands once, unless they have two: then these are in the table."""
    records = [{'call': {'name': name, 'durations': [1.0 + 9 * n]}} for n in range(11)]
    path = write(tmp_path / 'x', records)
    named = f'#1 ({name})' if name else '#1'
    assert shown(path, 10, 1)[1].startswith(f'{named} is 9.1 times faster than #10.')
    records[1]['call']['name'] = 'other'
    path = write(tmp_path / 'x', records)
    assert shown(path, 10, 1)[1].startswith('#1 is 9.1 times faster than #10.')
