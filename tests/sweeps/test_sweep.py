"""sweep(): a record for each call, by any executor."""

import gc
import json
import re
import sys
import weakref
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context

import pytest

import microbench
from microbench import FileOutput, MicroBench, MicroBenchBase, Output
from microbench.sweeps import pools, sending
from tests.sweeps import functions
from tests.sweeps.functions import Stepped, bench, double

one_thread = partial(ThreadPoolExecutor, 1)


def sweep(func, grid, executor=one_thread, **options):
    """Sweep, in a thread unless a test is about processes."""
    return microbench.sweep(func, grid, executor, **options)


def fields_of(result, name):
    """Return a field of `sweep` of all records."""
    return [record['sweep'].get(name) for record in result.records]


def test_each_call_has_a_record():
    """With the point, its number, the repeat and the id of the sweep."""
    result = sweep(double, {'n': [1, 2]}, repeats=2)
    assert [(p.index, p.repeat, p.value) for p in result] == [
        *((0, 0, 2), (0, 1, 2)),
        *((1, 0, 4), (1, 1, 4)),
    ]
    assert [record['sweep'] for record in result.records] == [
        {'id': result.id, 'index': index, 'repeat': repeat, 'point': {'n': index + 1}}
        for repeat in (0, 1)
        for index in (0, 1)
    ]
    assert {record['call']['name'] for record in result.records} == {'double'}
    assert len(result.records[0]['call']['durations']) == 1


@pytest.mark.parametrize('redact', [None, ['nothing']])
def test_records_say_where_the_function_is(redact):
    """As those of a function that a bench has decorated, if they do."""
    own = MicroBench()
    own(double)(1)
    [decorated] = own.get_results()
    names = ('module', 'qualname', 'line')
    place = {name: decorated['call'][name] for name in names}
    [record] = sweep(double, {'n': [1]}, bench=partial(MicroBench, redact=redact)).records
    assert {name: record['call'].get(name) for name in names} == place
    [bare] = sweep(double, {'n': [1]}, bench=MicroBenchBase).records
    assert not set(names) & set(bare['call'])


def test_nothing_is_kept_of_a_sweep_that_has_ended():
    """Threads of a pool live on, without the function."""
    with ThreadPoolExecutor(1) as pool:
        function = Doubling()
        reference = weakref.ref(function)
        assert [point.value for point in sweep(function, {'n': [1]}, pool)] == [2]
        del function
        gc.collect()
        assert reference() is None


class Doubling:
    """A function that can be referred to weakly."""

    __name__ = 'doubling'

    def __call__(self, n):
        """Return it twice."""
        return 2 * n


def test_phases_go_into_the_record_of_the_call():
    """Whatever bench times them."""
    [record] = sweep(functions.with_phase, {'n': [1]}).records
    assert [timing['name'] for timing in record['call']['timings']] == ['load']
    assert {'host', 'process', 'python'} <= record.keys()


def test_a_decorated_function_leaves_one_record():
    """Its own bench writes none."""
    own = MicroBench()
    result = sweep(own(double), {'n': [1]})
    assert (len(result.records), own.get_results()) == (1, [])


def test_exceptions_are_results():
    """The others go on; the record has the exception, the point its traceback."""
    result = sweep(double, {'n': [12, 13, 14]})
    [failed] = result.failed
    assert (failed.index, failed.value, repr(failed.exception)) == (
        1,
        None,
        "ValueError('thirteen')",
    )
    assert "raise ValueError('thirteen')" in failed.traceback
    assert [record.get('exception') for record in result.records] == [
        None,
        {'type': 'ValueError', 'message': 'thirteen'},
        None,
    ]
    assert [point.value for point in result] == [24, None, 28]


def test_raise_on_error_ends_with_the_first():
    """Its record is there, and those of calls before; nothing begins after it."""
    memory = FileOutput()
    with pytest.raises(ValueError, match='thirteen'):
        sweep(double, {'n': range(10, 90)}, Stepped(), output=memory, raise_on_error=True)
    indices = [record['sweep']['index'] for record in memory.get_results()]
    assert indices[:4] == [0, 1, 2, 3]
    assert len(indices) < 20


def test_the_text_of_a_result():
    """Counts, and the points that failed."""
    text = repr(sweep(double, {'n': [12, 13]}, repeats=2))
    head, *failed = text.split('\n')
    assert re.fullmatch(
        r'<sweep of double: 2 points × 2 repeats, 2 ok, 2 failed, .+s>', head
    )
    assert failed == [
        '  <point 1 (n=13): ValueError: thirteen>',
        '  <point 1, repeat 1 (n=13): ValueError: thirteen>',
    ]


def test_results_in_other_shapes():
    """As those of a bench."""
    result = sweep(double, {'n': [1, 2]})
    assert [row['sweep.point.n'] for row in result.results(flat=True)] == [1, 2]
    pytest.importorskip('pandas')
    assert list(result.results('df', shape='runs')['sweep.point.n']) == [1, 2]


def test_a_result_is_a_sequence():
    """Points can be counted and named, from both ends."""
    result = sweep(double, {'n': [1, 2]})
    assert (len(result), result[-1].value) == (2, 4)
    with pytest.raises(IndexError):
        result[2]


def test_a_bench_of_ones_own_says_what_records_have():
    """A class, or a callable that makes one with an output."""
    make = partial(MicroBench, study='grid')
    assert sweep(double, {'n': [1]}, bench=make).records[0]['study'] == 'grid'


def test_hooks_see_the_point():
    """A class with hooks gets `sweep` before the record is written."""

    class Hooked(MicroBench):
        def capturepost_point(self, bm_data):
            bm_data['seen'] = bm_data['sweep']['point']['n']

    assert sweep(double, {'n': [7]}, bench=Hooked).records[0]['seen'] == 7


def test_secrets_in_a_point_are_masked(tmp_path):
    """And the point is found again by resume."""
    grid = {'n': ['https://me:pass@host/x', 2]}
    path = tmp_path / 'r.jsonl'
    first = sweep(double, grid, output=path)
    assert first.records[0]['sweep']['point'] == {'n': 'https://me:***@host/x'}
    assert len(sweep(double, grid, resume=path).earlier) == 2


def test_nothing_is_recorded_with_microbench_off(monkeypatch):
    """The function runs all the same."""
    monkeypatch.setenv('MICROBENCH', 'off')
    result = sweep(double, {'n': [1, 13]})
    assert ([p.value for p in result], len(result.failed), result.records) == (
        [2, None],
        1,
        [],
    )


def test_any_sink_takes_the_records():
    """Also one that cannot be read back: the result has kept them."""
    lines = []

    class Lines(Output):
        def write_record(self, record, timeout=None):
            lines.append(json.loads(record)['sweep']['point'])

    result = sweep(double, {'n': [1, 2]}, output=Lines())
    assert lines == [{'n': 1}, {'n': 2}] == fields_of(result, 'point')


# --- mistakes ----------------------------------------------------------------------------


def coroutine():
    """Return a function that is none to call."""

    async def waits(n):
        return n

    return waits


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        ({'func': 3}, 'func has to be callable, not 3'),
        ({'func': coroutine()}, 'waits is a coroutine function or a generator'),
        (
            {'grid': {'m': [1]}},
            r'double\(n\) cannot be called with the names of the grid \(m\)',
        ),
        ({'executor': 'pool'}, 'executor has to have a method submit()'),
        ({'executor': 0}, 'executor: 0 processes are too few'),
        ({'executor': dict}, r'executor: \{\} has no method submit'),
        ({'repeats': 0}, 'repeats has to be at least 1, not 0'),
        ({'attempts': 'x'}, "attempts has to be an integer, not 'x'"),
        ({'output': 5}, 'output has to be a path or a sink, not 5'),
        ({'resume': True}, 'resume=True needs an output: give its path'),
    ],
    ids=lambda value: str(value)[:30],
)
def test_mistakes_are_one_sentence(arguments, words):
    """Before anything runs."""
    given = {'func': double, 'grid': {'n': [1]}, 'executor': one_thread, **arguments}
    with pytest.raises((TypeError, ValueError), match=words):
        microbench.sweep(**given)


def test_what_cannot_be_sent_is_said_before_the_first_call(monkeypatch):
    """A lambda without cloudpickle, and a value of the grid."""
    monkeypatch.setitem(sys.modules, 'cloudpickle', None)
    with pytest.raises(TypeError, match='func: <lambda> cannot be sent to other processes'):
        sweep(lambda n: n, {'n': [1]}, Stepped)
    with pytest.raises(
        TypeError, match=r'^n=<lock> of the grid cannot be sent|^n=<unlocked'
    ):
        sweep(double, {'n': [pytest.importorskip('threading').Lock()]}, Stepped)


def test_cloudpickle_sends_lambdas():
    """Where it is installed."""
    pytest.importorskip('cloudpickle')
    assert [p.value for p in sweep(lambda n: n + 1, {'n': [1]}, Stepped)] == [2]


def test_a_result_that_cannot_be_sent_costs_only_itself():
    """Its record is there, and the reason."""
    result = microbench.sweep(functions.lock_at_one, {'n': [0, 1, 2]}, 1)
    assert [point.value for point in result] == [0, None, 2]
    assert 'of type lock, cannot be sent back' in str(result.failed[0].exception)
    assert len(result.records) == 3


def test_an_exception_that_cannot_be_sent_has_a_stand_in():
    """A pool of processes would break from it."""
    [failed] = microbench.sweep(functions.fail_oddly, {'n': [4]}, 1).failed
    assert repr(failed.exception) == "RemoteError('OddError: 4 and 4')"


class WithoutMicrobench(Stepped):
    """Workers that cannot import microbench."""

    def submit(self, function, *args):
        def fail(*args):
            raise ModuleNotFoundError("No module named 'microbench'", name='microbench')

        return super().submit(fail, *args)


def test_a_worker_without_microbench_is_said():
    """It can do none of the work."""
    with pytest.raises(RuntimeError, match='a worker has no microbench: install it'):
        sweep(double, {'n': [1]}, WithoutMicrobench)


def test_a_script_without_guard_is_said(monkeypatch):
    """A worker that imports it would sweep again."""
    monkeypatch.setattr('microbench.sweeps.sweep.prepares_worker', lambda: True)
    with pytest.raises(RuntimeError, match="below `if __name__ == '__main__':`"):
        sweep(double, {'n': [1]})


class NeverBegins(Stepped, ProcessPoolExecutor):
    """Spawned workers that die at once."""

    _mp_context = get_context('spawn')

    def submit(self, function, *args):
        raise pools.BrokenExecutor

    def shutdown(self, **options):
        pass


def test_workers_that_never_begin_are_said():
    """After three pools."""
    with pytest.raises(RuntimeError, match='the workers end before they begin'):
        sweep(double, {'n': [1]}, NeverBegins)


def test_a_function_of_a_session_cannot_be_spawned(monkeypatch):
    """Without a file, workers cannot import `__main__`: it is sent whole, or refused."""
    monkeypatch.setattr(double, '__module__', '__main__')
    monkeypatch.setitem(sys.modules, 'cloudpickle', None)
    with pytest.raises(TypeError, match='define it at the top of a module'):
        sending.packed_function(double, MicroBench, imports_main=False)


# --- shared nodes, progress --------------------------------------------------------------


def test_points_that_shared_a_node_are_marked():
    """One thread never does; two calls that wait for each other several times do."""
    from threading import Barrier

    both = Barrier(2)

    def meet(n):
        for _ in range(20):
            both.wait(60)

    assert fields_of(sweep(meet, {'n': [1, 2]}, ThreadPoolExecutor(2)), 'shared_node') == [
        1,
        1,
    ]
    assert fields_of(sweep(double, {'n': [1, 2]}), 'shared_node') == [None, None]


def test_progress_is_for_terminals(monkeypatch, capsys):
    """A line is drawn anew, and erased at the end; into a pipe goes nothing."""
    sweep(double, {'n': [1]})
    assert capsys.readouterr().err == ''
    from microbench.sweeps import progress

    monkeypatch.setattr(sys.stderr, 'isatty', lambda: True, raising=False)
    monkeypatch.setenv('TERM', 'xterm')
    times = iter([0.0, 0.1, 1.0])
    shown = progress.Progress(4, lambda: next(times))
    shown.add(False)
    shown.add(True)
    shown.clear()
    assert capsys.readouterr().err == (
        '\r\033[K2 of 4, 1 failed, 1.00 s so far, 1.00 s left\r\033[K'
    )


# --- resume ------------------------------------------------------------------------------


def test_resume_runs_what_is_missing_or_failed(tmp_path):
    """Also if the grid has grown, or its names have another order."""
    path = tmp_path / 'r.jsonl'
    sweep(double, {'n': [1, 13]}, output=path)
    result = sweep(double, {'n': [1, 13, 2]}, output=path, resume=True)
    assert [(p.is_earlier, p.value) for p in result] == [
        (True, None),
        (False, None),
        (False, 4),
    ]
    assert len(result.records) == 3
    assert 'done before' in repr(result)
    assert len(FileOutput(path).get_results()) == 4


def test_resume_counts_repeats(tmp_path):
    """Three repeats, of which one is there, are two calls."""
    path = tmp_path / 'r.jsonl'
    sweep(double, {'n': [1, 2]}, output=path)
    result = sweep(double, {'n': [2, 1]}, output=path, resume=True, repeats=3)
    assert sorted(fields_of(result, 'repeat')) == [0, 0, 1, 1, 2, 2]
    assert len(FileOutput(path).get_results()) == 6


def test_resume_of_nothing_runs_all(tmp_path):
    """A file that does not exist yet is no error."""
    assert len(sweep(double, {'n': [1]}, resume=tmp_path / 'new.jsonl').records) == 1


def test_records_of_another_function_are_others(tmp_path):
    """And so are those of other programs."""
    path = tmp_path / 'r.jsonl'
    sweep(double, {'n': [1]}, output=path)
    with MicroBench(path).record('with_phase'), bench.time('x'):
        pass
    assert not sweep(functions.with_phase, {'n': [1]}, output=path, resume=True).earlier


def test_loky():
    """A callable of loky is an executor like any other, and sends functions whole."""
    loky = pytest.importorskip('loky')
    result = microbench.sweep(
        lambda n: n + 1, {'n': [1, 2]}, partial(loky.ProcessPoolExecutor, 1)
    )
    assert [point.value for point in result] == [2, 3]
    assert len(result.records) == 2
