"""A run with the plugin: options, baselines, exit statuses and processes of xdist."""

import io
import json
import sys
from types import SimpleNamespace

import pytest

from microbench import compare
from microbench.cli.terminal import Terminal
from microbench.comparison.words import STRETCHES
from microbench.pytest_plugin import summary
from tests.fakes import printed
from tests.pytest_plugin.runs import rows_in, run

pytest_plugins = 'pytester'

TIMED = """
    import os
    import random

    import pytest

    chance = random.Random(os.environ['SEED'])
    now = 0.0

    def perf_counter():
        global now
        now += float(os.environ['STEP']) * chance.uniform(0.98, 1.02)
        return now

    @pytest.mark.microbench(timer=perf_counter)
    def test_fit(microbench):
        microbench.pedantic(len, args=('',), rounds=40)

    def test_other():
        assert not os.environ.get('BROKEN')
"""


@pytest.fixture
def timed(pytester, monkeypatch):
    """Return a function that runs a test whose rounds take so many seconds."""
    monkeypatch.delenv('MICROBENCH_MACHINE', raising=False)

    def once(step, *words, seed=1):
        monkeypatch.setenv('STEP', str(step))
        monkeypatch.setenv('SEED', str(seed))
        return run(pytester, TIMED, *words)

    return once


def test_a_machine_of_two_speeds():
    """Where each side met them for long, the last line names the options that help."""

    def side(*stretches):
        times = [speed for speed, count in stretches for _ in range(count)]
        times = [seconds + place * 1e-9 for place, seconds in enumerate(times)]
        return [{'call': {'name': 'test_fit', 'durations': times}}]

    base = side((1.0, 50), (2.0, 100), (1.0, 50))
    comparison = compare(base, side((2.0, 120), (1.0, 240), (2.0, 120)))
    found = SimpleNamespace(comparison=comparison, is_too_slow=False)
    lines = [*summary._compared(found, Terminal(io.StringIO()))]
    assert lines[-2:] == [STRETCHES, summary.LONGER]


def test_a_slower_test_fails_the_run(timed, pytester):
    """Only if it is slower for certain, and by more than the limit."""
    assert timed(1.0, '--microbench-save=main').ret == 0
    fast = timed(1.0, '--microbench-compare', '--microbench-fail-over=10%', seed=2)
    assert fast.ret == 0
    near = timed(1.06, '--microbench-compare=main', '--microbench-fail-over=10', seed=3)
    assert near.ret == 0
    slow = timed(1.3, '--microbench-fail-over=10%', seed=4)
    assert slow.ret == pytest.ExitCode.TESTS_FAILED
    slow.assert_outcomes(passed=2)
    slow.stdout.fnmatch_lines(
        [
            'base: baseline:main, 1 record; new: this run, 1 record',
            'test_fit *× 1.3* slower *',
            'a test is slower by more than 10 %',
        ]
    )
    assert rows_in(pytester)['test_it.py::test_fit']['compared']['verdict'] == 'slower'


def test_what_is_not_saved(timed, pytester, monkeypatch):
    """The records of a run that has failed are no baseline."""
    monkeypatch.setenv('BROKEN', '1')
    result = timed(1.0, '--microbench-save=main')
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(['no baseline main was saved: the run has not succeeded'])
    monkeypatch.delenv('BROKEN')
    result = timed(1.0, '--microbench-save=main', '-k', 'other')
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(['*no test has measured anything'])
    assert not pytester.path.joinpath('.microbench').exists()


def test_a_baseline_of_another_machine(timed, monkeypatch):
    """It is refused before a test runs, unless it is asked for."""
    assert timed(1.0, '--microbench-save=main').ret == 0
    monkeypatch.setenv('MICROBENCH_MACHINE', 'runners')
    refused = timed(1.0, '--microbench-compare=main')
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(
        ['*of the machine *, and not of runners; --microbench-force*']
    )
    taken = timed(1.0, '--microbench-compare=main', '--microbench-force', seed=2)
    assert taken.ret == 0


def test_nothing_in_common_with_the_baseline(timed, pytester):
    """Then no limit was kept, and the run fails."""
    assert timed(1.0, '--microbench-save=main').ret == 0
    source = 'def test_1(microbench): microbench(len, "")\n'
    source += 'def test_2(microbench): microbench(len, "")'
    result = run(pytester, source, '--microbench-fail-over=10%')
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(['nothing to compare*'])


@pytest.mark.parametrize(
    ('word', 'message'),
    [
        ('--microbench-compare=x', 'there are no baselines*--microbench-save=NAME*'),
        ('--microbench-fail-over=much', "*a percentage, such as 10%, not 'much'"),
        ('--microbench-max-time=0', '*--microbench-max-time has to be above 0*'),
        ('--microbench-precision=x', '*--microbench-precision has to be between 0 and 1*'),
        ('--microbench-save=a/b', "*'a/b' cannot be the name of a baseline*"),
        ('--microbench-sort=x', '*--microbench-sort is one of collected, name,*'),
        ('--microbench-columns=median,x', "*one of median,*not 'x'"),
    ],
)
def test_mistakes(pytester, word, message):
    """Each is one sentence, before any test runs."""
    result = run(pytester, 'def test_1(microbench): assert 0', word)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f'ERROR: {message}'])


def test_a_table_as_asked_for(pytester):
    """Rows and columns in another order."""
    source = """
        def test_b(microbench): microbench(len, '')
        def test_a(microbench): microbench(sum, range(10_000))
    """
    words = '--microbench-columns=ops,mean', '--microbench-sort=name'
    result = run(pytester, source, *words)
    result.stdout.fnmatch_lines(['name *ops *mean', 'test_a */s *', 'test_b */s *'])
    result = run(
        pytester, source, '--microbench-sort=max', '--microbench-json=/nowhere/below/x'
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ['test_b *', 'test_a *', 'cannot write /nowhere/below/x: No such *']
    )


@pytest.mark.parametrize(('word', 'passed'), [('only', 1), ('skip', 2)])
def test_only_some_tests(pytester, word, passed):
    """Tests with the fixture run alone, or are left out."""
    source = """
        def test_1(microbench): microbench(len, '')
        def test_2(): pass
        def test_3(): pass
    """
    result = run(pytester, source, f'--microbench-{word}')
    result.assert_outcomes(passed=passed, deselected=3 - passed)


def test_without_the_plugin(pytester):
    """`-p no:microbench` leaves neither fixture nor option."""
    pytester.makepyfile('def test_1(microbench): pass')
    words = '-p', 'no:microbench', '-p', 'no:xdist', '-p', 'no:asyncio'
    result = pytester.runpytest_inprocess(*words)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'microbench' not found"])


def test_a_traced_run_says_so(pytester):
    """Times of code that a tracer follows are not those of the code."""
    source = """
        import sys

        def test_1(microbench):
            microbench(len, '')

        def test_2():
            sys.settrace(lambda *event: None)
    """
    before = sys.gettrace()
    try:
        result = run(pytester, source)
    finally:
        sys.settrace(before)
    result.stdout.fnmatch_lines(['the code was traced*'])


def test_processes_of_xdist(pytester):
    """Each writes a file; one table has all rows, in the order of the tests."""
    source = """
        import pytest

        @pytest.mark.parametrize('n', range(6))
        def test_sum(microbench, n):
            microbench(sum, range(n))
            assert n < 5
    """
    words = '-n', '2', '--microbench-output=all.jsonl'
    result = run(pytester, source, *words, xdist=True)
    result.assert_outcomes(passed=5, failed=1)
    names = [f'test_it.py::test_sum[{n}]' for n in range(5)]
    assert list(rows_in(pytester)) == names
    lines = pytester.path.joinpath('all.jsonl').read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [record['call']['name'] for record in records] == names
    assert len({record['process']['pid'] for record in records}) == 2
    result.stdout.fnmatch_lines(
        ['2 processes measured at once*', '*1 test that did not pass'][::-1]
    )


def test_a_run_without_the_fixture_loads_one_module():
    """What the entry point names imports nothing, so that other tests do not wait."""
    code = 'import pytest, sys; import microbench.pytest_plugin; '
    code += 'print(*sorted(name for name in sys.modules if name.startswith("microbench")))'
    assert printed(code).split() == ['microbench', 'microbench.pytest_plugin']
