"""The fixture `microbench`: what a test measures, and what it gets back."""

import json

import pytest

from tests.pytest_plugin.runs import rows_in, run

pytest_plugins = 'pytester'


def test_a_function_a_decorator_and_rounds(pytester):
    """Each returns the result of the function, and has a row."""
    result = run(
        pytester,
        """
        def test_call(microbench):
            assert microbench(sorted, [3, 1, 2], reverse=True) == [3, 2, 1]
            figures = microbench.stats
            assert figures.min <= figures.stats.median <= figures['max']
            assert microbench.enabled and figures.rounds >= 1 and figures.iterations >= 1

        def test_decorator(microbench):
            @microbench
            def result():
                return 7
            assert result == 7

        def test_rounds(microbench):
            seen = []
            def setup():
                return ([len(seen)],), {}
            def target(items):
                seen.append(list(items))
                items.append('changed')
                return len(seen)
            def teardown(items):
                assert items[-1] == 'changed'
            found = microbench.pedantic(
                target, setup=setup, teardown=teardown, rounds=3, warmup_rounds=2
            )
            assert found == 5 and seen == [[0], [1], [2], [3], [4]]
            assert microbench.stats.rounds == 3

        def test_iterations(microbench):
            calls = []
            microbench.pedantic(calls.append, args=(1,), rounds=4, iterations=5)
            assert len(calls) == 4 * 5 + 1
            assert (microbench.stats.rounds, microbench.stats.iterations) == (4, 5)
        """,
    )
    result.assert_outcomes(passed=4)
    rows = rows_in(pytester)
    assert list(rows) == [
        f'test_it.py::{name}'
        for name in ('test_call', 'test_decorator', 'test_rounds', 'test_iterations')
    ]
    assert rows['test_it.py::test_iterations']['loops'] == 5
    result.stdout.fnmatch_lines(['name * median * interval * samples *', 'test_call *'])


def test_several_measurements_of_a_test(pytester):
    """Names tell them apart; blocks of one name are samples of one row."""
    result = run(
        pytester,
        """
        import pytest

        def test_names(microbench):
            assert microbench.measure(len, '', name='len').name == 'len'
            microbench.measure(sum, [1], kwargs={'start': 2}, name='sum', max_time=0.001)
            with pytest.raises(RuntimeError, match="measured 'len' before"):
                microbench.measure(len, '', name='len')

        def test_blocks(microbench):
            for size in range(8):
                with microbench.record(size=size), microbench.time('phase'):
                    pass

            @microbench.bench
            def work():
                pass
            work()
        """,
        '--microbench-output=all.jsonl',
    )
    result.assert_outcomes(passed=2)
    rows = rows_in(pytester)
    assert [name.partition('::')[2] for name in rows] == [
        *('test_names len', 'test_names sum', 'test_blocks', 'test_blocks work'),
    ]
    assert rows['test_it.py::test_blocks']['count'] == 8
    lines = pytester.path.joinpath('all.jsonl').read_text().splitlines()
    records = [json.loads(line) for line in lines]
    block = records[2]
    assert (block['size'], block['call']['timings'][0]['name']) == (0, 'phase')
    assert block['pytest'] == {'nodeid': 'test_it.py::test_blocks'}


def test_groups_parameters_and_extra_information(pytester):
    """A group is a table of its own, the fastest first; a record has the parameters."""
    result = run(
        pytester,
        """
        import pytest

        @pytest.mark.microbench(group='sum')
        @pytest.mark.parametrize('n', [5000, 5])
        def test_sum(microbench, n):
            microbench.extra_info['what'] = object
            microbench(sum, range(n))
            assert microbench.params == {'n': n}

        def test_alone(microbench):
            microbench.group = 'own'
            microbench(len, '')
        """,
    )
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            'group sum',
            'name * median * relative *',
            'test_sum[[]5[]] *× 1 *',
            'test_sum[[]5000[]] *× *',
            '',
            'group own',
            'test_alone *',
        ]
    )
    row = rows_in(pytester)['test_it.py::test_sum[5]']
    assert (row['params'], row['group']) == ({'n': 5}, 'sum')
    assert row['extra_info'] == {'what': "<class 'object'>"}


def test_what_does_not_pass_has_no_number(pytester):
    """Neither a failed test, nor one that is skipped, nor a function that raises."""
    result = run(
        pytester,
        """
        import pytest

        def test_fails(microbench):
            microbench(len, '')
            assert 0

        def test_skipped(microbench):
            microbench(len, '')
            pytest.skip('later')

        @pytest.mark.xfail
        def test_expected(microbench):
            microbench(len, '')
            assert 0

        def test_raises(microbench):
            with pytest.raises(ZeroDivisionError):
                microbench(lambda: 1 / 0)
            microbench(len, '')

        def test_block_raises(microbench):
            with pytest.raises(ZeroDivisionError), microbench.record():
                1 / 0

        def test_unused(microbench):
            pass

        def test_coroutine(microbench):
            async def work():
                pass
            with pytest.raises(TypeError, match='coroutine function'):
                microbench(work)
            with pytest.raises(RuntimeError, match='measured before'):
                microbench(len, '')
                microbench(len, '')
        """,
    )
    result.assert_outcomes(passed=4, failed=1, skipped=1, xfailed=1)
    rows = rows_in(pytester)
    assert [name.partition('::')[2] for name in rows] == [
        *('test_raises', 'test_block_raises', 'test_coroutine'),
    ]
    assert 'median' not in rows['test_it.py::test_block_raises']
    result.stdout.fnmatch_lines(
        [
            'test_block_raises *failed*',
            'left out: 3 tests that did not pass',
            'nothing was measured in test_it.py::test_unused',
        ]
    )


def test_disabled(pytester):
    """Each function runs once, and nothing is measured."""
    result = run(
        pytester,
        """
        calls = []

        def test_once(microbench):
            assert microbench(calls.append, 1) is None
            microbench.pedantic(calls.append, args=(2,), rounds=9, warmup_rounds=9)
            assert microbench.measure(calls.append, 3).count == 1
            with microbench.record():
                calls.append(4)
            assert calls == [1, 2, 3, 4]
            assert microbench.disabled and microbench.stats is None
        """,
        '--microbench-disable',
        '--microbench-save=none',
        '--microbench-compare=none',
    )
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line('*median*')
    assert not pytester.path.joinpath('.microbench').exists()


def test_arguments_of_the_marker(pytester):
    """They are those of `measure`, by names of pytest-benchmark where it has some."""
    result = run(
        pytester,
        """
        import gc
        import time
        import pytest

        def perf_counter_ns():
            return time.perf_counter_ns()

        @pytest.mark.microbench(
            min_rounds=9, timer=perf_counter_ns, disable_gc=True, warmup=False,
            max_time=0.001, min_time=0.001,
        )
        def test_rounds(microbench):
            seen = set()
            microbench(lambda: seen.add(gc.isenabled()) or time.sleep(0))
            assert seen == {False} and gc.isenabled()
            assert microbench.stats.rounds >= 9

        @pytest.mark.microbench(colour='x')
        def test_unknown(microbench):
            pass

        @pytest.mark.microbench(precision=2)
        def test_wrong(microbench):
            pass
        """,
        '--microbench-output=all.jsonl',
    )
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(
        ["*has no argument 'colour', but group, *", '*precision has to be between 0 and 1*']
    )
    [line] = pytester.path.joinpath('all.jsonl').read_text().splitlines()
    record = json.loads(line)
    assert record['mb']['duration_counter'] == 'perf_counter_ns'
    seconds = rows_in(pytester)['test_it.py::test_rounds']['min']
    assert min(record['call']['durations']) == pytest.approx(seconds * 1e9)
