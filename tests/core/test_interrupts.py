"""Ctrl-C at any moment of a call that is recorded, one moment after the other."""

import dis
import gc
import json
import sys

import pytest

import microbench
from microbench import (
    MBFunctionCall,
    MBReturnValue,
    MBWorkingDir,
    MicroBench,
    MicroBenchBase,
    _core,
)
from microbench.messages import CODE_PREFIX
from microbench.outputs.report import Report
from tests.fakes import Kept

pytestmark = pytest.mark.usefixtures('fresh_count')  # some are lost
PACKAGE = microbench.__file__.rpartition('/')[0]


class Interrupter:
    """Raises KeyboardInterrupt as the n-th function of microbench begins.

    That is where Python looks for signals. `has_struck` says whether it did.
    """

    def __init__(self, number, error=KeyboardInterrupt):
        self.left, self.error = number, error

    def __call__(self, frame, event, argument):
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        self.left -= event == 'call'
        if not self.left:
            raise self.error
        return self

    @property
    def has_struck(self):
        return self.left <= 0


class Captured(MicroBench, MBFunctionCall, MBReturnValue):
    """A bench with all hooks that run before and after the code."""

    def capture_a(self, bm_data):
        bm_data['a'] = {1, 2}

    def capture_b(self, bm_data):
        yield
        bm_data['b'] = 1

    def capturepost_a(self, bm_data):
        with self.time('late'):
            bm_data['post'] = 1


class Hooked(Captured):
    """A bench that also has triggers around each iteration."""

    def pre_run_triggers(self, bm_data):
        super().pre_run_triggers(bm_data)

    def post_run_triggers(self, bm_data):
        super().post_run_triggers(bm_data)


class Native(MicroBench, MBFunctionCall, MBReturnValue, MBWorkingDir):
    """A bench whose captures C runs."""


# Each way calls `body` where the code is that is recorded.


def by_call(bench, body):
    bench(body)()


def by_block(bench, body):
    with bench.record('block'):
        body()


def by_generator(bench, body):
    @bench
    def steps():
        yield 1
        body()

    list(steps())


def by_coroutine(bench, body):
    @bench
    async def work():
        body()

    with pytest.raises(StopIteration):
        work().send(None)


def by_async_block(bench, body):
    async def work():
        async with bench.arecord('block'):
            body()

    with pytest.raises(StopIteration):
        work().send(None)


WAYS = [by_call, by_block, by_generator, by_coroutine, by_async_block]


class TimeIsUp(Exception):
    """An exception as a handler of SIGALRM raises it."""


def struck(way, bench, body, interrupter):
    """Return whether what the interrupter raises has reached the caller."""
    before = sys.gettrace()
    sys.settrace(interrupter)
    try:
        way(bench, body)
    except interrupter.error:
        return True
    finally:
        sys.settrace(before)
    return False


class Own(Hooked):
    """A bench with an output_result() of its own, which passes the record on."""

    def output_result(self, bm_data):
        super().output_result(bm_data)


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('cls', [MicroBenchBase, Captured, Native])
@pytest.mark.parametrize(('sinks', 'least'), [([Kept()], 20), ([], 3)])
def test_it_goes_before_what_the_code_has_raised(way, cls, sinks, least, tmp_path):
    """Ctrl-C replaces the code's exception, as in a `finally`: a retry loop ends.

    With a sink of its own, Python writes the records; C does if it can with a file only.
    """
    path = tmp_path / 'records.jsonl'
    bench = cls(outputs=[microbench.FileOutput(path), *sinks])
    way(bench, int)  # its plan is made
    for number in range(1, 10_000):
        ran = []

        def body(ran=ran):
            ran.append(0)
            raise ZeroDivisionError

        interrupter = Interrupter(number)
        path.write_bytes(b'')
        try:
            reached = struck(way, bench, body, interrupter)
        except ZeroDivisionError:
            reached = False
        assert reached == interrupter.has_struck
        if ran:
            [record] = bench.get_results()
            assert record['exception']['type'] in ('ZeroDivisionError', 'KeyboardInterrupt')
        if not interrupter.has_struck:
            break
    assert number > least


def phases(record):
    """Return the names of the phases of a record."""
    return [entry['name'] for entry in record['call'].get('timings', ())]


def own_fields(record):
    """Return the fields of `call` that microbench adds, whatever the hooks do."""
    return set(record['call']) - {'args', 'kwargs', 'timings', 'return_value'}


@pytest.mark.parametrize('error', [KeyboardInterrupt, TimeIsUp])
@pytest.mark.parametrize('cls', [MicroBenchBase, Hooked, Own])
@pytest.mark.parametrize('way', WAYS)
def test_at_each_moment(way, cls, error, tmp_path, capsys):
    """Ctrl-C reaches the caller; what ran has one record; no run stays active."""
    kept, path = Kept(), tmp_path / 'records.jsonl'
    bench = cls(outputs=[microbench.FileOutput(path), kept])
    ran = []
    way(bench, lambda: ran.append(0))
    [whole] = kept.records
    for number in range(1, 10_000):
        kept.lines.clear()
        ran.clear()
        path.write_bytes(b'')
        Report.lost = 0  # only the first lost records are printed whole
        interrupter = Interrupter(number, error)
        reached = struck(way, bench, lambda: ran.append(0), interrupter)
        if error is KeyboardInterrupt:  # others may be taken for those of a hook
            assert reached == interrupter.has_struck
        lines = path.read_bytes().splitlines()
        assert lines == kept.lines
        printed = capsys.readouterr().err.splitlines() if cls is Own else []
        lines += [line for line in printed if line.startswith('{"mb"')]
        assert len(lines) == 1 or (not ran and lines == [])
        if ran:
            record = json.loads(lines[0])
            assert own_fields(record) >= own_fields(whole)
        if ran and error is KeyboardInterrupt:
            assert set(record) - {'exception'} == set(whole)
            assert phases(record) == phases(whole)
        if not interrupter.has_struck:
            break
    assert number > 20
    assert capsys.readouterr().err == ''
    gc.collect()  # what the tracebacks hold
    assert _core.runs_open() == 0
    [last] = kept.records
    assert set(last) == set(whole)
    assert set(last['call']) == set(whole['call'])


class AfterInstructions(Interrupter):
    """Raises after the n-th instruction of the function that a bench returns.

    Those count after which CPython looks for signals: calls, and jumps of loops.
    """

    before = None

    def __call__(self, frame, event, argument):
        if not frame.f_code.co_name.startswith(CODE_PREFIX):
            return None
        frame.f_trace_opcodes = True
        if event == 'opcode':
            self.left -= self.before in LOOKING
            self.before = dis.opname[frame.f_code.co_code[frame.f_lasti]]
        if not self.left:
            raise self.error
        return self


LOOKING = ('CALL', 'CALL_KW', 'CALL_FUNCTION_EX', 'RESUME', 'JUMP_BACKWARD')
LOOKING += ('CALL_FUNCTION', 'CALL_METHOD', 'JUMP_ABSOLUTE')  # of CPython 3.10


def finish(function, _=None):
    """Run a coroutine function to its end."""
    with pytest.raises(StopIteration):
        function().send(None)


@pytest.mark.filterwarnings('ignore:coroutine.*never awaited')
@pytest.mark.parametrize('iterations', [1, 2])
@pytest.mark.parametrize('cls', [MicroBench, Native])
def test_after_each_instruction(cls, iterations, tmp_path):
    """So it is where no Python of microbench runs but the function that awaits."""
    path, ran = tmp_path / 'records.jsonl', []
    bench = cls(path, journal='on', iterations=iterations)

    @bench
    async def function():
        ran.append(0)

    finish(function)
    finish(function)
    [_, whole] = bench.get_results()
    struck(
        finish, function, None, AfterInstructions(10_000)
    )  # 3.12 misses those of the first
    for number in range(1, 10_000):
        ran.clear()
        path.write_bytes(b'')
        interrupter = AfterInstructions(number)
        assert struck(finish, function, None, interrupter) == interrupter.has_struck
        records = bench.get_results()
        assert len(records) == 1 or (not ran and records == [])
        for record in records:
            assert set(record) - {'exception'} == set(whole)
            assert len(ran) <= len(record['call']['durations']) <= len(ran) + 1
        with bench.time('outside'):
            pass
        if not interrupter.has_struck:
            break
    assert number > 2
    assert function.__timed__.recorder.records >= number // 2
    gc.collect()  # what the tracebacks hold
    assert _core.runs_open() == 0
    assert bench.get_results() == records


def test_a_time_limit_reaches_the_program(tmp_path):
    """An exception of a SIGALRM handler during a write reaches the program."""
    path = tmp_path / 'records.jsonl'
    bench = MicroBench(path)
    bench(len)('')
    write = microbench.FileOutput.write_record
    for error in TimeoutError(), TimeIsUp(), KeyboardInterrupt():
        for late in (False, True):

            def struck_write(self, record, timeout=None, error=error, late=late):
                microbench.FileOutput.write_record = write
                if late:
                    write(self, record)
                raise error

            microbench.FileOutput.write_record = struck_write
            with pytest.raises(type(error)), bench.record('block'):
                pass
    names = [record['call']['name'] for record in bench.get_results()]
    assert names == ['len', *['block'] * 6]
