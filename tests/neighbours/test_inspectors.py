"""Interpreter tools that inspect a running program, and its development mode."""

import sys

import pytest

FROM_3_14 = pytest.mark.skipif(
    sys.version_info < (3, 14), reason='runs from CPython 3.14 on'
)
FROM_3_15 = pytest.mark.skipif(
    sys.version_info < (3, 15), reason='runs from CPython 3.15 on'
)

REMOTE = """
import os, subprocess, sys
import shared

with open('injected.py', 'w') as file:
    file.write('''
import shared
with shared.bench.time('injected'):
    pass
shared.bench.record_on_exit('injected')
shared.came.append(1)
''')
code = "import sys; sys.remote_exec(int(sys.argv[1]), 'injected.py')"
with shared.bench.record('block'):
    with shared.bench.time('open'):
        subprocess.run([sys.executable, '-c', code, str(os.getpid())], check=True)
        while not shared.came:  # it runs between two steps of this loop
            pass
print('goes on')
"""
SHARED = """
from microbench import MicroBench
bench, came = MicroBench('records.jsonl'), []
"""


@FROM_3_14
def test_code_that_another_process_sends(run, tmp_path):
    """Sent code runs inside the open block, adds phases to it, and may register."""
    (tmp_path / 'shared.py').write_text(SHARED)
    ran = run(REMOTE)
    assert (ran.status, ran.out, ran.err) == (0, 'goes on\n', '')
    block, program = ran.records
    phases = [phase['name'] for phase in block['call']['timings']]
    assert (block['call']['name'], phases) == ('block', ['injected', 'open'])
    assert (program['call']['name'], program['exit_status']) == ('injected', 0)


CRASH = """
import ctypes, faulthandler
from microbench import MicroBench
faulthandler.enable(c_stack=True)
bench = MicroBench('records.jsonl')
bench.record_on_exit('program')

@bench
def work():
    with bench.time('phase'):
        ctypes.string_at(0)

work()
"""


@FROM_3_14
def test_the_c_stack_of_a_crash(same):
    """The C stack is printed as without microbench; one record has the signal."""
    ran = same(CRASH)
    assert ran.err.count('Fatal Python error: Segmentation fault') == 1
    assert ran.err.count("Current thread's C stack trace (most recent call first):") == 1
    assert 'microbench/_core' in ran.err
    [program] = [r for r in ran.records if r['call']['name'] == 'program']
    assert (program['exit_signal'], program['exit_path']) == ('SIGSEGV', 'native')


PROFILED = """
import time
from microbench import MicroBench
bench = MicroBench('records.jsonl')

@bench
def work():
    with bench.time('phase'):
        end = time.process_time() + 0.5
        while time.process_time() < end:
            pass

for _ in range(2):
    work()
with bench.record('block'):
    pass
"""


@FROM_3_15
@pytest.mark.parametrize('native', [(), ('--native',)])
def test_a_sampling_profiler(run, tmp_path, native):
    """A profiler reads the stacks of another process, through calls of C code."""
    profiler = ['-m', 'profiling.sampling', 'run', *native, '--collapsed', '-o', 'stacks']
    ran = run(PROFILED, command=[*profiler, 'prog.py'])
    assert ran.status == 0
    assert ran.names == ['work', 'work', 'block']
    stacks = (tmp_path / 'stacks').read_text().splitlines()
    assert any(':<module>:' in line and 'prog.py:work:' in line for line in stacks)


DEVELOPMENT = """
import sys
from microbench import MBHostInfo, MBPythonInfo, MicroBench

class Bench(MicroBench, MBHostInfo, MBPythonInfo):
    monitor = staticmethod(lambda process: {'pid': process.pid})
    env_vars = ('HOME',)

bench = Bench('records.jsonl')
bench.record_on_exit('program')

@bench
def work(fails=False):
    with bench.time('phase'):
        if fails:
            raise KeyError('no')

work()
try:
    work(True)
except KeyError:
    pass
with bench.record('block'):
    pass

del bench, work
"""


@pytest.mark.parametrize('flags', [('-X', 'dev'), ('-X', 'dev', '-W', 'error')])
def test_the_development_mode(same, flags):
    """The debug hooks for memory find nothing, and no file is left open."""
    ran = same(DEVELOPMENT, flags=flags)
    assert (ran.status, ran.err) == (0, '')
    assert ran.names == ['work', 'work', 'block', 'program']
