"""The benchmarks' arithmetic with fake clocks, and one quick run for its structure."""

import io
import json
import math
import shutil
import subprocess
import sys
from collections import Counter

import pytest

from benchmarks import (
    bias,
    cost,
    counted,
    instructions,
    spent,
    spread,
    stability,
    table,
    versions,
)
from benchmarks.instructions import Count
from benchmarks.lab import US, Lab, others, planted
from benchmarks.measures import encoding, iterations, memory
from benchmarks.native import ROOT, floor
from benchmarks.parties import Party
from benchmarks.peers import nearest
from benchmarks.rows import PREDECESSOR, Goal, Row, quantity
from benchmarks.slices import interleaved, percentile, tenth_percentiles
from benchmarks.worker import EMPTY, SLICE_NS, Case, Prepared, serve


class Clock:
    """A clock in nanoseconds that stands still until something takes its time."""

    def __init__(self):
        self.now = 0

    def __call__(self):
        return self.now

    def take(self, ns):
        self.now += ns


class Fake(Party):
    """A party whose cases take what their statement says: `'7'` takes 7 ns a loop."""

    def __init__(self, empty=0):
        self.empty = empty
        self.prepared = []

    def prepare(self, case):
        self.prepared.append(case)
        took = self.empty if case == EMPTY else self.empty + float(case.statement)
        return lambda: took

    def number(self, code):
        return float(code)


class Broken(Fake):
    """A peer that can do nothing."""

    def prepare(self, case):
        raise RuntimeError('no such thing')

    number = prepare


def a_lab(tmp_path, here, peer):
    """Return a lab with one peer, called as the one that runs microbench's cases."""
    return Lab(here, tmp_path, {PREDECESSOR: peer}, slices=3, processes=2)


# --- the statistics ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ('values', 'expected'),
    [([5], 5), ([3, 1, 2], 1), (range(10), 0), (range(11), 1), (range(100, 0, -1), 10)],
)
def test_the_tenth_percentile_is_the_nearest_rank(values, expected):
    """The percentile is a value that was measured, never one in between."""
    assert percentile(list(values)) == expected


def test_one_slow_minute_costs_nothing():
    """A result needs only a tenth of the slices undisturbed."""
    took = iter([100.0] * 18 + [4.0, 5.0])
    assert tenth_percentiles({'case': lambda: next(took)}, 20) == {'case': 5.0}


def test_slices_take_turns_in_alternating_order():
    """No candidate always runs after the same other one."""
    order = []
    samplers = {name: lambda name=name: order.append(name) or 0.0 for name in 'abc'}
    assert interleaved(samplers, 2) == {'a': [0, 0], 'b': [0, 0], 'c': [0, 0]}
    assert order == ['a', 'b', 'c', 'c', 'b', 'a']


# --- one case ---------------------------------------------------------------------------


def prepared(case):
    """Return a case on a fake clock, which `take(ns)` sets forward."""
    clock = Clock()
    return Prepared(case, {'take': clock.take}, clock)


def test_a_sample_is_the_time_of_one_loop():
    """The time between the clock readings is divided by the loops."""
    assert prepared(Case('take(7)', loops=3)).sample() == 7.0


def test_what_surrounds_a_slice_is_not_timed():
    """Setup, before and after run, once or each time, outside the clock readings."""
    setup, after = 'take(100); log = []', 'log.append(1); take(3)'
    case = Case('take(7)', setup, 'take(200)', after, loops=2)
    runner = prepared(case)
    assert [runner.sample(), runner.sample()] == [7.0, 7.0]
    assert runner.names['log'] == [1, 1]


def test_a_case_may_bring_its_own_clock():
    """The end of a record is timed from a moment that only the function knows."""
    setup = 'mark = 0\ndef since():\n    return perf_counter_ns() - mark\n'
    setup += 'def work():\n    global mark\n    take(50); mark = perf_counter_ns(); take(8)'
    case = Case('work()', setup, 'mark = perf_counter_ns()', loops=1, clock='since')
    assert prepared(case).sample() == 8.0


def test_loops_fill_a_slice():
    """A slice takes at least half of what it should, and a first slow call is no guide."""
    setup = 'first = [SLICE]\ndef work():\n    take(first.pop() if first else 1000)'
    runner = prepared(Case('work()', setup.replace('SLICE', str(SLICE_NS))))
    assert runner.loops == 64
    assert runner.loops * 1000 >= SLICE_NS / 2


def test_the_worker_answers_each_request_with_a_line():
    """A peer's case runs in another process as it would here; its errors come back."""
    case = {'statement': 'pass', 'loops': 1, 'clock': 'still'}
    requests = [
        ['prepare', 'bad', case],
        ['prepare', 'good', {**case, 'setup': 'still = lambda: 5'}],
        ['slice', 'good'],
        ['slice', 'unknown'],
    ]
    answers = io.StringIO()
    serve(io.StringIO('\n'.join(map(json.dumps, requests))), answers)
    assert [json.loads(line) for line in answers.getvalue().splitlines()] == [
        {'error': "KeyError: 'still'"},
        {'ok': True},
        {'ns': 0.0},
        {'error': "KeyError: 'unknown'"},
    ]


# --- cases of several parties -----------------------------------------------------------


def test_times_are_net_of_the_partys_own_empty_loop(tmp_path):
    """Each interpreter has an empty loop of its own, and `per` operations share a run."""
    lab = a_lab(tmp_path, Fake(empty=5), Fake(empty=50))
    cases = {'one': Case('70'), 'of many': Case('70', per=7)}
    net = {'one': 70.0, 'of many': 10.0}
    assert lab.time(cases) == {US: net, PREDECESSOR: net}


def test_a_peer_that_cannot_is_left_out_with_the_reason(tmp_path):
    """Our own numbers do not depend on what a peer can do."""
    lab = a_lab(tmp_path, Fake(), Broken())
    assert lab.time({'phase': Case('3')}) == {US: {'phase': 3.0}}
    codes = {US: {'import': '9'}, PREDECESSOR: {'import': '9'}}
    assert lab.fresh(codes) == {US: {'import': 9.0}}
    assert lab.failed == {PREDECESSOR: 'no such thing'}


def test_the_delay_is_planted_in_our_candidates_only(tmp_path):
    """PLANT is `pass`, or the delay; a peer never gets one."""
    here, peer = Fake(), Fake()
    lab = Lab(here, tmp_path, {PREDECESSOR: peer}, 1, 1, plant=20)
    assert lab.plant == 'spin(20)'
    lab.time({'work': Case('4', 'def work(): PLANT')})
    assert here.prepared[0].setup == 'def work(): spin(20)'
    assert peer.prepared[0].setup == 'def work(): pass'


def test_a_planted_statement_keeps_the_rest():
    """Only the word is replaced."""
    case = Case('with x: PLANT', before='y', loops=3)
    assert planted(case, 'spin(20)') == Case('with x: spin(20)', before='y', loops=3)


def test_microbench_2_1_runs_our_cases_and_others_their_nearest():
    """A peer is not asked for a case that it lacks."""
    cases = {'phase': Case("with bench.time('phase'): PLANT"), 'floor': Case('floor.x')}
    assert nearest(PREDECESSOR, cases) == {'phase': cases['phase']}
    assert list(nearest('nvtx', cases)) == ['phase']
    assert nearest('nvtx', {'six': Case('work()')}) == {}


def test_a_formula_skips_peers_that_lack_something():
    """A peer without all the numbers gets no cell."""
    times = {US: {'a': 1.0}, 'one': {'a': 4.0, 'b': 3.0}, 'two': {'a': 2.0}}
    assert others(times, lambda t: t['a'] - t['b']) == {'one': 1.0}


def test_slopes_take_out_what_a_record_costs_anyway():
    """An iteration, a duration, a phase: what one more of them adds."""
    assert iterations.added({'many': 51_000.0, 'few': 1_000.0, 'bare': 20.0}) == 30.0
    assert encoding.slope({'many x': 9_990.0, 'few x': 90.0}, 'x') == 10.0
    assert memory.each({'many x': 3_700_000.0, 'few x': 100_000.0}, 'x') == 8.0


# --- judgement and table ----------------------------------------------------------------


@pytest.mark.parametrize(
    ('row', 'text', 'verdict'),
    [
        (Row('m', 14, 'f', 10, Goal(1.4)), '≤ 1.4 ×', 'yes'),
        (Row('m', 15, 'f', 10, Goal(1.4)), '≤ 1.4 ×', 'NO'),
        (Row('m', 9_999, goal=Goal(10_000, 'value')), '≤ 10 µs', 'yes'),
        (Row('m', 25, goal=Goal(24, 'value'), unit='B'), '≤ 24 B', 'NO'),
        (Row('m', 0, goal=Goal(0, 'value'), unit=''), '≤ 0', 'yes'),
        (Row('m', 2, goal=Goal(6, 'gain')), '≥ 6 × 2.1.0', ''),
        (Row('m', 2, goal=Goal(6, 'gain'), peers={PREDECESSOR: 12}), '≥ 6 × 2.1.0', 'yes'),
        (Row('m', 2, goal=Goal(6, 'gain'), peers={PREDECESSOR: 11}), '≥ 6 × 2.1.0', 'NO'),
        (Row('m', 2), '', ''),
    ],
)
def test_a_goal_is_a_limit(row, text, verdict):
    """A goal limits a ratio, a value or the gain over 2.1.0, or judges nothing."""
    assert (row.goal_text(), row.verdict()) == (text, verdict)


@pytest.mark.parametrize(
    ('value', 'unit', 'text'),
    [
        (84.25, 'ns', '84.2 ns'),
        (-3.5, 'ns', '-3.50 ns'),
        (1_234.0, 'ns', '1.23 µs'),
        (46_800_000.0, 'ns', '46.8 ms'),
        (2e9, 'ns', '2 s'),
        (24, 'B', '24 B'),
        (0, '', '0'),
        (None, 'ns', ''),
    ],
)
def test_a_quantity_has_three_digits_and_its_unit(value, unit, text):
    """A quantity is shown in the largest unit that fits."""
    assert quantity(value, unit) == text


ROWS = [
    Row('a phase', 84.0, 'empty with', 60.0, Goal(1.2), peers={'other': 2_000.0}),
    Row('modules', 1, goal=Goal(0, 'value'), unit='', note='json'),
]


def test_the_table_is_aligned():
    """Words to the left, numbers to the right, notes and what is missing below."""
    text = table.as_text({'python': 'CPython 3'}, ROWS, {'other': '', 'gone': 'no wheel'})
    assert text.splitlines() == [
        'python   CPython 3',
        '',
        'measure  floor              microbench   ratio     goal  ok?  other  gone',
        '-------  ----------  -----  ----------  ------  -------  ---  -----  ----',
        'a phase  empty with  60 ns       84 ns  1.40 ×  ≤ 1.2 ×   NO   2 µs     —',
        'modules                              1              ≤ 0   NO            —',
        '',
        'modules: json',
        'gone: no wheel',
        '',
        'Short of their goals:',
        '  a phase: 1.40 ×, goal ≤ 1.2 ×',
        '  modules: 1, goal ≤ 0',
    ]


def test_what_falls_short_is_named_in_full():
    """A row below a measure is named with it, and shows what its goal is about."""
    peers = {PREDECESSOR: 11}
    rows = [
        Row('a call', 1, goal=Goal(2, 'value'), peers=peers),
        Row('  the same', 2, goal=Goal(6, 'gain'), peers=peers),
        Row('  later', 3, 'by hand', 2, Goal(1.4)),
        Row('  earlier', 3, goal=Goal(6, 'gain')),
    ]
    assert table.as_text({}, rows, {}).splitlines()[-3:] == [
        'Short of their goals:',
        '  a call: 5.50 ×, goal ≥ 6 × 2.1.0',
        '  a call: later: 1.50 ×, goal ≤ 1.4 ×',
    ]
    assert table.as_text({}, rows[:1], {}).splitlines()[-1] == 'All goals are met.'


def test_the_json_holds_the_same_numbers():
    """The JSON has the numbers unrounded, in nanoseconds."""
    report = json.loads(table.as_json({'python': 'CPython 3'}, ROWS, {'gone': 'no wheel'}))
    assert report['python'] == 'CPython 3'
    assert report['missing'] == {'gone': 'no wheel'}
    assert report['rows'][0] == {
        'measure': 'a phase',
        'unit': 'ns',
        'value': 84.0,
        'floor_name': 'empty with',
        'floor': 60.0,
        'ratio': 1.4,
        'goal': '≤ 1.2 ×',
        'ok': False,
        'peers': {'other': 2_000.0},
        'note': '',
    }


def test_a_column_for_each_interpreter():
    """Columns have ratios, or values without a floor; a missed goal is marked."""
    about = {'machine': 'm', 'cores': 2, 'date': 'd', 'clock': 'c'}
    later = [Row('a phase', 66.0, 'empty with', 60.0, Goal(1.2)), ROWS[1]]
    reports = [
        json.loads(table.as_json({**about, 'python': f'CPython {version}'}, rows, {}))
        for version, rows in (('3.11.7', ROWS), ('3.15.2', later), ('3.16.0', []))
    ]
    assert versions.as_text(reports).splitlines() == [
        'machine  m',
        'cores    2',
        'date     d',
        'clock    c',
        '',
        'measure  floor         3.11.7  3.15.2  3.16.0',
        '-------  ----------  --------  ------  ------',
        'a phase  empty with  1.40 × !  1.10 ×',
        'modules                   1 !     1 !',
    ]


def test_the_table_of_the_readme(tmp_path, monkeypatch):
    """It has plain figures, and stands between its marks."""
    about = {'machine': 'm', 'cores': 2, 'date': 'd', 'clock': 'c'}
    rows = []
    for ns, line in enumerate(cost.COSTS, 1):
        rows += [
            Row(line.measure, ns, goal=Goal(30, 'gain'), peers={PREDECESSOR: 100 * ns})
        ]
        rows += [Row('  the same', ns, line.floor, 2 * ns)] if line.floor else []
    for version in ('3.11.7', '3.15.2'):
        report = table.as_json({**about, 'python': f'CPython {version}'}, rows, {})
        (tmp_path / version).write_text(report)
    page = tmp_path / 'page.md'
    page.write_text(f'before\n{cost.BEGIN}old\n{cost.END}after\n')
    arguments = [
        'cost',
        '--write',
        str(page),
        str(tmp_path / '3.11.7'),
        str(tmp_path / '3.15.2'),
    ]
    monkeypatch.setattr(sys, 'argv', arguments)
    cost.main()
    lines = page.read_text().splitlines()
    assert lines[:3] == ['before', cost.BEGIN.strip(), '']
    assert lines[3] == '|  | by hand | CPython 3.11 | CPython 3.15 | 2.1.0 |'
    assert (
        lines[9]
        == '| the same, in a file | 10 ns: `write()` of the line | 5 ns | 5 ns | 500 ns |'
    )
    assert lines[-3:] == ['', cost.END.strip(), 'after']


# --- what time is spent on --------------------------------------------------------------


@pytest.mark.parametrize(
    ('function', 'subject'),
    [
        ('[vdso]:', 'clock'),
        ('libc.so.6:__clock_gettime', 'clock'),
        ('libc.so.6:writev', 'system calls'),
        ('_core.cpython-311-x86_64-linux-gnu.so:mb_record_write', 'text'),
        ('_core.cpython-311-x86_64-linux-gnu.so:py_run_start', 'the run'),
        ('libpython3.11.so.1.0:PyContextVar_Set', 'context variable'),
        ('libpython3.11.so.1.0:_PyObject_Malloc', 'memory'),
        ('python3.11:_PyEval_EvalFrameDefault', 'interpreter'),
        ('libm.so.6:sin', 'other'),
    ],
)
def test_a_function_counts_for_one_subject(function, subject):
    """Library and name decide."""
    assert spent.subject(function) == subject


def test_subjects_share_the_time_of_a_call():
    """Each gets its part of the samples, the largest first."""
    samples = Counter({'[vdso]:': 1, 'python:eval': 5, 'python:call': 2})
    assert spent.as_text('a call', 400.0, samples).splitlines() == [
        'a call       400 ns  8 samples',
        '-----------  ------  ----------',
        'interpreter     350  eval, call',
        'clock            50',
    ]


def test_samples_name_functions_of_libraries(tmp_path):
    """Samples of records are in the interpreter, the run and its text."""
    loop = counted.ways(str(tmp_path))['@bench, NullOutput']
    subjects = set()
    while not subjects >= {
        'interpreter',
        'the run',
        'text',
    }:  # few samples on a busy machine
        ns, samples = spent.sampled(loop, 0.3)
        assert ns > 0
        subjects.update(map(spent.subject, samples))


# --- the program ------------------------------------------------------------------------

MEASURES = [
    'with bench.time() in a record',
    '  the same',
    '  the same',
    '  the same',
    '  outside a record',
    'iterations=N, added to a call',
    "iteration with durations='histogram'",
    'call that every=N only counts, added to a call',
    '@bench, null sink',
    '  the same',
    '@bench, memory',
    '@bench, file',
    '  the same',
    'with bench.record(), null sink',
    '  the same',
    '@bench, six mixins, null sink',
    '  the same',
    '@bench, six mixins, file',
    '  the same',
    '@bench of MicroBench, null sink',
    'a block of MicroBench, added by surroundings',
    '@bench, file, batch=64',
    'await of a decorated function, added',
    'journal: a block more than without',
    '  a phase more than without',
    '  a phase',
    '  made and removed, once an output',
    'first record beside a dead journal of an open record',
    'first record beside a dead journal of one that is written',
    '  memory for it',
    '8 threads, one file, a record',
    'background=True, the caller',
    'the same while the server is silent',
    'encoding, a duration',
    'encoding, a phase',
    'memory, an iteration',
    'memory, a phase',
    'import microbench',
    '  other modules that it loads',
    'import and first record',
    'microbench -- true, added',
    'microbench -n, each further true',
    'get_results(), a record',
    'get_results(flat=True)',
    'memory of get_results(), a record',
    'memory of get_results(flat=True)',
    'memory of read(), a record',
    'LiveStream, a record',
    '  delay from write to hook',
    'record_on_exit(), with its imports',
    '  without them',
    '  once more',
    'SIGTERM to the end, in Python',
    '  in C that never returns, grace 100 ms',
]


IN_PROC = {
    'memory, an iteration',
    'memory, a phase',
    '  memory for it',
    'memory of get_results(), a record',
    'memory of get_results(flat=True)',
    'memory of read(), a record',
}


def test_a_quick_run_prints_the_table_and_writes_json(tmp_path):
    """All measures run with the delay, however fast anything is."""
    out = tmp_path / 'bench.json'
    options = ('--quick', '--plant', '20', '--json', out)
    done = subprocess.run(
        [sys.executable, '-m', 'benchmarks', *options],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(out.read_text())['rows']
    absent = set() if memory.STATUS.exists() else IN_PROC
    assert [row['measure'] for row in rows] == [m for m in MEASURES if m not in absent]
    assert all(math.isfinite(row['value']) for row in rows)
    assert all(row['measure'] in done.stdout for row in rows)


def test_the_bias_of_each_way_in():
    """A round measures the spin by each of them, and the table has a row for each."""
    native = floor()
    assert native.timed_spin(1e6) > native.timed_spin(0)
    found, clock = bias.biases(1)
    assert [*found] == [*bias.ways(native.spin)]
    assert {*bias.EXACT} | bias.HANDS <= {*found}
    text = bias.as_text({'machine': 'x'}, found, clock)
    assert all(name in text for name in found if name not in bias.HANDS)


def test_what_stability_costs():
    """The table has a row for what comes before the code, and one for what comes after."""
    found = stability.costs(3)
    assert [*found] == ['before', 'after']
    text = stability.as_text({'machine': 'x'}, {'before': (310.2, 400.0)})
    assert '310 µs' in text


def test_the_spread_of_processes():
    """The table has medians over the rounds."""
    rounds = [([1e-8, 2e-8, 3e-8], 2.0), ([2e-8, 2e-8, 2e-8], 4.0), ([3e-8] * 3, 9.0)]
    assert spread.row('tool', rounds) == ('tool', '20.0 ns', '0.0%', '4.0 s')
    assert spread.spread([1.0, 2.0, 3.0, 4.0, 5.0]) == 2 / 3


# --- instructions -----------------------------------------------------------------------

PART = """version: 1
positions: line
events: Ir
summary: 16

ob=/lib/libpython.so
fl=ceval.c
fn=evaluate
12 3
+2 4
cob=/site/_core.so
cfn=time
calls=2 12
* 7

ob=/site/_core.so
fn=time
0 7
-3 2
"""


def test_instructions_of_each_library():
    """What a called function costs counts there, not where it is called."""
    assert list(instructions.own_costs(PART.splitlines())) == [
        ('/lib/libpython.so', 3),
        ('/lib/libpython.so', 4),
        ('/site/_core.so', 7),
        ('/site/_core.so', 2),
    ]


def grown(counts, python='', gcc=''):
    """Return the sentences on counts, beside 100 instructions, 10 in the extension."""
    reference = {**instructions.built_with(), 'counts': {'a call': (100, 10)}}
    reference |= {'python': python} if python else {}
    reference |= {'gcc': gcc} if gcc else {}
    return [
        sentence.partition(',')[0]
        for sentence in instructions.more_than_allowed(counts, reference)
    ]


@pytest.mark.skipif(not shutil.which('gcc'), reason='asks gcc for its version')
def test_three_percent_more_are_allowed():
    """A count above that is reported, in the extension and in all."""
    assert grown({'a call': Count(103, 10.3), 'a new way': Count(1000, 1000)}) == []
    assert grown({'a call': Count(104, 10.4)}) == [
        'a call: 10.4 instructions in the extension',
        'a call: 104 instructions in all',
    ]
    assert grown({'a call': Count(104, 10)}) == ['a call: 104 instructions in all']


@pytest.mark.skipif(not shutil.which('gcc'), reason='asks gcc for its version')
def test_instructions_of_another_interpreter_or_compiler():
    """Only what the same compiler made, or the same interpreter runs, is compared."""
    more = {'a call': Count(104, 10.4)}
    assert grown(more, python='3.0.0') == ['a call: 10.4 instructions in the extension']
    assert grown(more, gcc='1.0') == []


@pytest.mark.skipif(not shutil.which('gcc'), reason='asks gcc for its version')
def test_the_table_of_instructions():
    """What was counted stands beside the reference, 0 for a new way."""
    here = instructions.built_with()
    reference = {**here, 'counts': {'a call': (7000.4, 10)}}
    counts = {'a call': Count(7123.6, 11), 'a block': Count(5, 2)}
    text = instructions.as_text(counts, reference)
    about = f'python {here["python"]}, gcc {here["gcc"]}'
    assert (
        text
        == f"""now: {about}
before: {about}

instructions of    all  before  in the extension  before
---------------  -----  ------  ----------------  ------
a call           7,124   7,000                11      10
a block              5       0                 2       0
"""
    )


@pytest.mark.skipif(not shutil.which('valgrind'), reason='needs valgrind')
def test_each_way_is_counted():
    """A call runs code of the extension, and an iteration less of it than a record."""
    counts = instructions.counted()
    assert counts.keys() == instructions.reference()['counts'].keys()
    assert all(0 < count.extension < count.all for count in counts.values())
    assert counts['an iteration'].extension < counts['@bench, NullOutput'].extension
