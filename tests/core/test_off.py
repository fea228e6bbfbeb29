"""MICROBENCH=off: nothing is recorded, and nothing is in the way."""

import asyncio

import pytest

from microbench import MBFunctionCall, MicroBench, MicroBenchBase, _core
from tests.fakes import Failing, Ticking, printed


@pytest.fixture(params=['off', 'OFF', 'Off'])
def switched_off(request, monkeypatch):
    """The switch, in any case."""
    monkeypatch.setenv('MICROBENCH', request.param)


@pytest.mark.usefixtures('switched_off')
def test_decorated_functions_run_bare():
    """The decorator gives back the very function."""

    def work():
        pass

    async def coroutine():
        pass

    def generator():
        yield

    bench = MicroBench(iterations=5, warmup=3)
    for func in (work, coroutine, generator, len, classmethod(work)):
        assert bench(func) is func


@pytest.mark.usefixtures('switched_off')
def test_blocks_do_nothing():
    """No hook, clock or sink is touched; exceptions go on; blocks may nest."""

    class Bench(MicroBench, MBFunctionCall):
        def capture_fails(self, bm_data):
            raise AssertionError

    clock, sink = Ticking(), Failing()
    bench = Bench(outputs=[sink], duration_counter=clock)
    block = bench.record('x')
    with block, block, bench.time('y'):
        assert _core.runs_open() == 0

    async def main():
        async with bench.arecord('x'), bench.time('y'):
            pass

    asyncio.run(main())
    with pytest.raises(KeyError), bench.record():
        raise KeyError
    assert (sink.tried, clock()) == (0, 1.0)


@pytest.mark.usefixtures('switched_off')
def test_results_are_empty():
    """Reading results returns none."""
    bench = MicroBench()
    with bench.record():
        pass
    assert bench.get_results() == []


@pytest.mark.parametrize('value', ['', 'on', '1', 'officially'])
def test_other_values_leave_it_on(monkeypatch, value):
    """Only `off` switches off."""
    monkeypatch.setenv('MICROBENCH', value)
    bench = MicroBenchBase()
    with bench.record():
        pass
    assert len(bench.get_results()) == 1


@pytest.mark.usefixtures('switched_off')
def test_mistakes_are_still_reported():
    """Arguments are checked as ever, so that switching off hides no mistake."""
    with pytest.raises(TypeError, match='iterations'):
        MicroBench(iterations='3')


def test_no_file_no_thread(tmp_path):
    """A whole program that is switched off leaves nothing behind."""
    code = """
import threading, microbench
bench = microbench.MicroBench(outfile=sys.argv[1])
@bench
def work():
    with bench.time('x'):
        return threading.active_count()
with bench.record('y'):
    print(work())
"""
    path = tmp_path / 'records.jsonl'
    assert printed(code, path, env={'MICROBENCH': 'off'}) == '1\n'
    assert list(tmp_path.iterdir()) == []
