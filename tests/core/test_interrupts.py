"""Ctrl-C at any moment of a call that is recorded, one moment after the other."""

import gc
import sys

import pytest

import microbench
from microbench import MBFunctionCall, MBReturnValue, MicroBench, MicroBenchBase, _core
from tests.fakes import Kept

pytestmark = pytest.mark.usefixtures('fresh_count')  # some are lost
PACKAGE = microbench.__file__.rpartition('/')[0]


class Interrupter:
    """Raises KeyboardInterrupt as the n-th function of ours begins; says whether it did.

    That is where Python looks for signals. The beginning of an `__exit__` is left out:
    nothing inside of it could be guarded.
    """

    def __init__(self, number):
        self.left = number

    def __call__(self, frame, event, argument):
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        self.left -= event == 'call' and frame.f_code.co_name != '__exit__'
        if not self.left:
            raise KeyboardInterrupt
        return self

    @property
    def has_struck(self):
        return self.left <= 0


class Hooked(MicroBench, MBFunctionCall, MBReturnValue):
    """All that can run around the code."""

    def capture_a(self, bm_data):
        bm_data['a'] = {1, 2}

    def capture_b(self, bm_data):
        yield
        bm_data['b'] = 1

    def capturepost_a(self, bm_data):
        bm_data['post'] = 1

    def pre_run_triggers(self, bm_data):
        super().pre_run_triggers(bm_data)

    def post_run_triggers(self, bm_data):
        super().post_run_triggers(bm_data)


def by_call(bench):
    bench(len)('abc')


def by_block(bench):
    with bench.record('block'), bench.time('part'):
        pass


def by_generator(bench):
    @bench
    def steps():
        yield 1

    list(steps())


def by_coroutine(bench):
    @bench
    async def work():
        pass

    with pytest.raises(StopIteration):
        work().send(None)


@pytest.mark.parametrize('cls', [MicroBenchBase, Hooked])
@pytest.mark.parametrize('way', [by_call, by_block, by_generator, by_coroutine])
def test_it_is_never_swallowed(cls, way):
    """It reaches the caller, no run stays active, and the next record is whole."""
    kept = Kept()
    bench = cls(outputs=[kept])
    way(bench)
    [whole] = kept.records
    for number in range(1, 10_000):
        interrupter = Interrupter(number)
        before = sys.gettrace()
        sys.settrace(interrupter)
        try:
            way(bench)
        except KeyboardInterrupt:
            reached = True
        else:
            reached = False
        finally:
            sys.settrace(before)
        assert reached == interrupter.has_struck
        if not reached:
            break
    assert number > 20
    gc.collect()  # what the tracebacks hold
    assert _core.runs_open() == 0
    way(bench)
    assert set(kept.records[-1]) == set(whole)
    assert set(kept.records[-1]['call']) == set(whole['call'])
