"""A journal of all calls, of which no Python but the function runs."""

import os
import signal
from pathlib import Path

import pytest

from microbench import FileOutput, MicroBench
from tests.core.test_recorder import written
from tests.fakes import only, python

KILLED = """
import asyncio, os, signal, sys
import microbench
from microbench import FileOutput, MicroBench

class Own(FileOutput):
    '''Python gives it the records.'''

path, way, by, durations, *mixins = sys.argv[1:]
sink = {'C': FileOutput, 'Python': Own, 'dict': FileOutput}[by](path)
Bench = type('Bench', (MicroBench, *(getattr(microbench, name) for name in mixins)), {})
iterations = 1 if way == 'block' else 3
bench = Bench(outputs=[sink], journal='on', iterations=iterations, durations=durations)
if by == 'dict':
    bench.capture_zz = lambda bm_data: None
calls = []

def work(*args, **kwargs):
    calls.append(0)
    with bench.time('phase'):
        if len(calls) == 11:  # in the fourth call of three iterations: the second one
            bench.time('inner').__enter__()
            os.kill(os.getpid(), signal.SIGKILL)

async def work_async(*args, **kwargs):
    work()

function = bench(work if way == 'call' else work_async)
while True:
    if way == 'call':
        function(1, key='x')
    elif way == 'await':
        asyncio.run(function(1, key='x'))
    else:
        with bench.record('block'):
            work()
    if len(calls) == 9:
        finder = bench._bench_config.blocks if way == 'block' else function.__timed__
        assert (finder.recorder is not None) == (by == 'C')
"""


def recovered(path, way, by, *mixins, durations='list'):
    """Return what a killed program has left: the last record without its times and ids."""
    done = python(KILLED, path, way, by, durations, *mixins)
    assert done.returncode == -signal.SIGKILL, done.stderr
    *_, last = FileOutput(path).get_results()
    call = last['call']
    for name in ('start_time', 'finish_time', 'last_seen'):
        call.pop(name, None)
        last.pop(name, None)
    call['durations'] = len(call['durations'])
    if 'load_average' in call:
        call['load_average'] = type(call['load_average'])
    for timing in call.get('timings', []) + call['open_timings']:
        timing.pop('duration')
    for counted in [*call.get('timings_summary', []), call.get('histogram', {})]:
        for name in counted.keys() - {'name', 'count', 'unit', 'digits'}:
            counted[name] = type(counted[name])
    del last['recovered']['time']
    del last['mb']['record_id'], last['mb']['run_id'], last['mb']['clock']
    del last['process']
    return last


@pytest.mark.parametrize('way', ['call', 'await'])
def test_a_process_that_is_killed_in_a_call(tmp_path, way):
    """The record comes back as it does if Python has begun the call."""
    found = recovered(tmp_path / 'c.jsonl', way, 'C')
    assert found == recovered(tmp_path / 'python.jsonl', way, 'Python')
    names = [timing['name'] for timing in found['call']['open_timings']]
    assert names == ['phase', 'inner']
    assert found['call']['name'] == {'call': 'work', 'await': 'work_async'}[way]
    assert found['exit_path'] == 'recovered'


SIX = (
    *('MBHostInfo', 'MBSlurmInfo', 'MBWorkingDir'),
    *('MBResourceUsage', 'MBFunctionCall', 'MBReturnValue'),
)


@pytest.mark.parametrize('way', ['call', 'await', 'block'])
def test_what_was_captured_before_a_kill(tmp_path, way):
    """It comes back with the record, as if Python had begun it, with or without a dict."""
    first, *others = (
        recovered(tmp_path / f'{by}.jsonl', way, by, *SIX) for by in ('C', 'Python', 'dict')
    )
    assert others == [first] * 2
    assert list(first) == list(others[1])
    assert list(first['call']) == list(others[1]['call'])
    arguments = ([1], {'key': 'x'}) if way != 'block' else ([], {})
    assert (first['call']['args'], first['call']['kwargs']) == arguments
    assert first['call']['working_dir'] == str(Path.cwd())
    assert first['resource_usage'] == []
    assert first['host']['hostname']


@pytest.mark.parametrize('way', ['call', 'await', 'block'])
def test_what_was_counted_before_a_kill(tmp_path, way):
    """Histograms come back with what they had, as if Python had begun the run."""
    first, *others = (
        recovered(tmp_path / f'{by}.jsonl', way, by, durations='histogram')
        for by in ('C', 'Python', 'dict')
    )
    assert others == [first] * 2
    assert list(first['call']) == list(others[1]['call'])
    names = [timing['name'] for timing in first['call']['open_timings']]
    assert names == ['phase', 'inner']
    if way != 'block':  # one iteration of three has ended
        assert first['call']['histogram']['count'] == 1
        assert only(first['call']['timings_summary'])['count'] == 1


def test_each_call_is_in_the_file_once(tmp_path):
    """The journal lets go of a call whose record is written."""
    bench = MicroBench(tmp_path / 'out.jsonl', journal='on')

    @bench
    def function(depth):
        if depth:
            function(depth - 1)

    for _ in range(4):
        function(2)
    assert written(function) == 9  # all but those inside the first call
    assert len(bench.get_results()) == 12
    assert len(FileOutput(tmp_path / 'out.jsonl').get_results()) == 12


def test_another_file_has_another_journal(tmp_path):
    """Python begins the next call, which makes it."""
    first, second = tmp_path / 'a.jsonl', tmp_path / 'b.jsonl'
    sink = FileOutput(first)
    bench = MicroBench(outputs=[sink], journal='on')
    function = bench(lambda: None)
    for _ in range(3):
        function()
    assert written(function) == 2
    sink.outfile = second
    for _ in range(3):
        function()
    assert written(function) == 2
    assert [len(path.read_text().splitlines()) for path in (first, second)] == [3, 3]


def test_a_child_has_a_journal_of_its_own(tmp_path):
    """A call that is killed in the child comes back with its own name."""
    path = tmp_path / 'out.jsonl'
    bench = MicroBench(path, journal='on')

    @bench
    def function(number):
        with bench.time(f'phase {number}'):
            if number == 5:
                os.kill(os.getpid(), signal.SIGKILL)

    for number in range(3):
        function(number)
    child = os.fork()
    if child == 0:
        for number in range(3, 6):
            function(number)
    os.waitpid(child, 0)
    *whole, killed = FileOutput(path).get_results()
    names = [only(record['call']['timings'])['name'] for record in whole]
    assert names == [f'phase {number}' for number in range(5)]
    assert only(killed['call']['open_timings'])['name'] == 'phase 5'
