"""The wall clock is set while a record is open: its end is the start and what went by."""

import datetime as dt
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from microbench import MicroBench, _core
from tests.fakes import ROOT, call_of, environment, python

BEGIN = """
import asyncio, os, sys
from microbench import MicroBench

class Slower(MicroBench):
    def capture_x(self, bm_data):
        pass
    def post_run_triggers(self, bm_data):
        pass

bench = {'text': MicroBench, 'dict': Slower}[sys.argv[2]](sys.argv[1])

def step():
    open(os.environ['STEPPED'], 'w').close()
"""
WAYS = {
    'call': 'bench(step)()',
    'block': """
with bench.record('work'):
    step()
""",
    'async block': """
async def main():
    async with bench.arecord('work'):
        step()
asyncio.run(main())
""",
    'coroutine': """
@bench
async def work():
    step()
asyncio.run(work())
""",
    'generator': """
@bench
def work():
    yield 1
    step()
    yield 2
list(work())
""",
    'async generator': """
@bench
async def work():
    yield 1
    step()
async def main():
    return [item async for item in work()]
asyncio.run(main())
""",
    'iterations': """
bench.iterations = 3
bench(step)()
""",
    'process': """
bench.record_on_exit('work', handle_sigterm=False)
step()
""",
}


@pytest.fixture(scope='session')
def stepped(tmp_path_factory):
    """The environment of a process whose wall clock can be set; see stepped.c."""
    library = tmp_path_factory.mktemp('stepped') / 'stepped.so'
    source = Path(__file__).with_name('stepped.c')
    compiler = shlex.split(os.environ.get('CC', 'cc'))
    subprocess.run([*compiler, '-shared', '-fPIC', source, '-o', library], check=True)
    loaded = ' '.join(filter(None, [os.environ.get('LD_PRELOAD'), str(library)]))
    return lambda path: {'LD_PRELOAD': loaded, 'STEPPED': str(path / 'stepped')}


def check(call):
    """Assert that a step of an hour is noted and no record ends before it began."""
    start, finish = (
        dt.datetime.fromisoformat(call[f'{e}_time']) for e in ('start', 'finish')
    )
    assert round(call['clock_step']) == -3600
    microseconds = dt.timedelta(microseconds=sum(call['durations']) * 1e6 - 2)
    assert microseconds <= finish - start


@pytest.mark.parametrize('form', ['text', 'dict'])
@pytest.mark.parametrize('way', WAYS)
def test_the_wall_clock_is_set(tmp_path, stepped, way, form):
    """Each way to record notes the step, and goes on with the monotonic clock."""
    path = tmp_path / 'records.jsonl'
    done = python(BEGIN + WAYS[way], path, form, env=stepped(tmp_path))
    assert (done.returncode, done.stderr) == (0, '')
    check(json.loads(path.read_text())['call'])


def test_the_wall_clock_is_set_under_the_command(tmp_path, stepped):
    """The command notes the step, and goes on with the monotonic clock."""
    path = tmp_path / 'records.jsonl'
    touch = f'open({str(tmp_path / "stepped")!r}, "w").close()'
    command = [sys.executable, '-m', 'microbench', '-o', path, '--', sys.executable]
    subprocess.run(
        [*command, '-c', touch],
        env={**environment(), 'PYTHONPATH': str(ROOT), **stepped(tmp_path)},
        check=True,
        timeout=60,
    )
    check(json.loads(path.read_text())['call'])


@pytest.mark.parametrize('way', ['call', 'block'])
def test_the_end_is_the_start_and_the_duration(way):
    """The end is start plus duration, to the microsecond, if nothing runs between."""
    bench = MicroBench(duration_counter=__import__('time').perf_counter_ns)
    if way == 'call':
        bench(sum)(range(100))
    else:
        with bench.record('work'):
            pass
    call = call_of(bench)
    start, finish = (
        dt.datetime.fromisoformat(call[f'{e}_time']) for e in ('start', 'finish')
    )
    off = (finish - start) / dt.timedelta(microseconds=1) - call['durations'][0] / 1000
    assert -1 <= off <= 1
    assert 'clock_step' not in call


def test_a_step_to_the_nanosecond():
    """The text that C writes holds the step without rounding."""
    bench = MicroBench()
    with bench.record('work') as block:
        run = block.run
        run.stop()
        run.clock_step_ns = -3_600_000_000_001
        head = run.plan.text(run.config, bench).head
        text = _core.record_text(run, head, _core.call_text('work'), b'', 0)
    assert json.loads(text)['call']['clock_step'] == -3_600_000_000_001 / 1e9
