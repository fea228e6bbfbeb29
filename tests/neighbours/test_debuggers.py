"""Observers of a program: trace functions, sys.monitoring, debuggers, asyncio ps."""

import subprocess
import sys

import pytest

from tests.fakes import ROOT, environment

DEADLINE = 60  # seconds

TRACED = """
import sys
seen = []

def tracer(frame, event, argument):
    own = not frame.f_code.co_name.startswith('microbench_')
    if own and frame.f_code.co_filename == __file__:
        seen.append((frame.f_code.co_name, event, frame.f_lineno))
        return tracer

@bench
def plain(x):
    if x:
        return 1

@bench
def yields(n):
    for i in range(n):
        yield i

@bench
def fails():
    raise KeyError

before = sys.gettrace()
sys.settrace(tracer)
plain(1)
with bench.record(), bench.time('part'):
    list(yields(2))
try:
    fails()
except KeyError:
    pass
sys.settrace(None)
print(*seen, sep='\\n')
"""


def test_a_trace_function(benched):
    """A trace function sees each event of the user's functions."""
    ran = benched(TRACED)
    assert "('plain', 'call', " in ran.out
    assert ran.out.count("'exception'") == 1
    assert ran.names == ['plain', 'yields', '<record>', 'fails']


MONITORED = """
import sys
monitoring, seen = sys.monitoring, []
names = 'PY_START', 'PY_RETURN', 'PY_YIELD', 'LINE', 'RAISE', 'BRANCH_LEFT', 'BRANCH_RIGHT'
tool = 3
monitoring.use_tool_id(tool, 'observer')

def observe(name):
    def callback(code, *arguments):
        if code.co_filename == __file__ and code.co_name in ('plain', 'yields', 'fails'):
            value = arguments[0] if name == 'LINE' else ''
            seen.append((name, code.co_name, value))
    monitoring.register_callback(tool, getattr(monitoring.events, name), callback)

for name in names:
    observe(name)

@bench
def plain(x):
    if x:
        return 1

@bench
def yields(n):
    for i in range(n):
        yield i

@bench
def fails():
    raise KeyError

monitoring.set_events(tool, sum(getattr(monitoring.events, name) for name in names))
plain(1)
with bench.record(), bench.time('part'):
    list(yields(2))
try:
    fails()
except KeyError:
    pass
monitoring.set_events(tool, 0)
print(*seen, sep='\\n')
"""


@pytest.mark.skipif(
    sys.version_info < (3, 14), reason='runs from CPython 3.14 on: both kinds of branch'
)
def test_a_monitoring_tool(benched):
    """A tool of sys.monitoring sees each event of the user's functions."""
    ran = benched(MONITORED)
    assert "('PY_YIELD', 'yields', '')" in ran.out
    assert ran.out.count("('RAISE', 'fails', '')") == 1
    assert ran.names == ['plain', 'yields', '<record>', 'fails']


ATTACHED = """
import sys, time
from microbench import MicroBench
bench = MicroBench('records.jsonl')

@bench
def step(number):
    with bench.time('part'):
        time.sleep(0)
        return number + 1

number, go_on = 0, True
with bench.record('whole'):
    print('ready', flush=True)
    while go_on:
        number = step(number)
"""
COMMANDS = """
break prog.py:9
continue
where
p bench.iterations
clear 1
import __main__; __main__.go_on = False
continue
"""


@pytest.mark.skipif(sys.version_info < (3, 14), reason='runs from CPython 3.14 on: pdb -p')
def test_a_debugger_that_attaches(tmp_path):
    """A debugger stops inside a phase; the program goes on with all records."""
    from microbench import FileOutput

    (tmp_path / 'prog.py').write_text(ATTACHED)
    env = {**environment(), 'PYTHONPATH': str(ROOT)}
    with subprocess.Popen(
        [sys.executable, 'prog.py'],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout.readline() == 'ready\n'
            debugger = subprocess.run(
                [sys.executable, '-m', 'pdb', '-p', str(process.pid)],
                cwd=tmp_path,
                input=COMMANDS.strip() + '\n',
                capture_output=True,
                text=True,
                timeout=DEADLINE,
                check=False,
            )
            out, err = process.communicate(timeout=DEADLINE)
        finally:
            process.kill()
    assert debugger.returncode == 0, debugger.stderr
    assert 'prog.py(9)step()' in debugger.stdout
    assert '(Pdb) 1\n' in debugger.stdout
    assert (process.returncode, out, err) == (0, '', '')
    records = FileOutput(str(tmp_path / 'records.jsonl')).get_results()
    assert {record['call']['name'] for record in records} == {'step', 'whole'}
    assert records[-1]['call']['name'] == 'whole'
    for record in records[:-1]:
        assert [timing['name'] for timing in record['call']['timings']] == ['part']


WAITS = """
import asyncio, sys
from microbench import MicroBenchBase
bench = MicroBenchBase(outputs=[])

@bench
async def leaf():
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)

@bench
async def middle():
    async with asyncio.TaskGroup() as group:
        group.create_task(leaf(), name='leaf')
        await asyncio.sleep(0)
        print('ready', flush=True)

asyncio.run(middle())
"""


@pytest.mark.skipif(
    sys.version_info < (3, 14), reason='runs from CPython 3.14 on: asyncio pstree'
)
@pytest.mark.parametrize('tool', ['ps', 'pstree'])
def test_tasks_from_outside(tmp_path, tool):
    """The chain of awaits is complete, with the user's functions in it."""
    (tmp_path / 'prog.py').write_text(WAITS)
    with subprocess.Popen(
        [sys.executable, 'prog.py'],
        cwd=tmp_path,
        env={**environment(), 'PYTHONPATH': str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout.readline() == 'ready\n'
            found = subprocess.run(
                [sys.executable, '-m', 'asyncio', tool, str(process.pid)],
                capture_output=True,
                text=True,
                timeout=DEADLINE,
                check=False,
            )
            process.communicate('\n', timeout=DEADLINE)
        finally:
            process.kill()
    assert found.returncode == 0, found.stderr
    assert process.returncode == 0
    chain = [
        'leaf',
        'microbench_leaf',
        'TaskGroup.__aexit__',
        'middle',
        'microbench_middle',
    ]
    if tool == 'ps':  # a first call has a frame of microbench in between
        stacks = found.stdout.replace(' -> _one_iteration', '')
        assert 'leaf -> microbench_leaf' in stacks
        assert '-> middle -> microbench_middle' in stacks
    else:
        lines = found.stdout.splitlines()
        words = [line.replace('(T)', '').split('── ')[-1].split() for line in lines]
        names = [found[0] for found in words if found]
        places = iter(names)
        assert all(name in places for name in reversed(chain)), names
