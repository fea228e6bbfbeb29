"""Lazy imports of CPython 3.15 (PEP 810), of a program and of microbench itself.

Older versions have neither the keyword nor the option, and run the same programs with
ordinary imports: a record is the same in both.
"""

import json
import sys

import pytest

from tests.fakes import python
from tests.installing import install

HAVE_LAZY = sys.version_info >= (3, 15)
LAZY = 'lazy ' if HAVE_LAZY else ''
ALL = ('-X', 'lazy_imports=all')  # without effect on older versions
MODES = [(), ALL]


@pytest.fixture
def site(tmp_path):
    """Return a folder with three packages, which print when they are imported."""
    for name in ('mb_used', 'mb_other', 'mb_idle'):
        install(tmp_path, name.replace('_', '-'), '1.5', f'{name}/__init__.py')
        source = f"print('loaded', {name!r})\ndef call(): return 1\n"
        tmp_path.joinpath(name, '__init__.py').write_text(source)
    return tmp_path


IMPORTS = f"""
import sys
sys.path.insert(0, sys.argv[1])
{LAZY}import mb_used
{LAZY}from mb_other import call
{LAZY}import mb_idle
"""
BENCH = """
from microbench import *
class Bench(MicroBench, MBGlobalPackages):
    pass
bench = Bench()
"""
END = """
import json
for record in bench.get_results():
    print(json.dumps(sorted(record['python'].get('loaded_packages', {}).items())))
"""
# What loads a package within a record; `mb_idle` is never used.
BODIES = {
    'block': """
with bench.record('x'):
    mb_used.call(), call()
""",
    'function': """
@bench
def work():
    return mb_used.call() + call()
work()
""",
    'function in another place': """
@bench
def work():
    return mb_used.call() + call()
place = {'work': work}
exec('def start(): return work()', place)
place['start']()
""",
    'generator': """
@bench
def work():
    yield mb_used.call() + call()
list(work())
""",
    'coroutine': """
import asyncio
@bench
async def work():
    return mb_used.call() + call()
asyncio.run(work())
""",
    'failure': """
@bench
def work():
    mb_used.call(), call(), 1 / 0
try:
    work()
except ZeroDivisionError:
    pass
""",
}


@pytest.mark.parametrize('body', BODIES)
def test_what_is_loaded_within_a_record_is_in_it(site, body):
    """Packages used in a record have versions; unused ones stay unloaded."""
    done = python(IMPORTS + BENCH + BODIES[body] + END, site)
    assert done.returncode == 0, done.stderr
    *loaded, packages = done.stdout.splitlines()
    names = ['mb_used', 'mb_other'] if HAVE_LAZY else ['mb_used', 'mb_other', 'mb_idle']
    assert loaded == [f'loaded {name}' for name in names]
    own = {n: v for n, v in json.loads(packages) if n.startswith('mb_')}
    if not HAVE_LAZY and 'another' in body:
        names = []  # imported before, and by code that did not call the function
    assert own == dict.fromkeys(names, '1.5')


def test_a_record_before_they_are_used(site):
    """An earlier record has none of them; a later one has those loaded meanwhile."""
    body = "with bench.record('x'): pass\nmb_used.call()\nwith bench.record('y'): pass\n"
    done = python(IMPORTS + BENCH + body + END, site)
    assert done.returncode == 0, done.stderr
    found = [line for line in done.stdout.splitlines() if line.startswith('[')]
    names = [[n for n, _ in json.loads(line) if n.startswith('mb_')] for line in found]
    every = ['mb_idle', 'mb_other', 'mb_used']
    assert names == ([[], ['mb_used']] if HAVE_LAZY else [every, every])


EVERYTHING = """
from microbench import *
class Bench(MicroBench, MBGlobalPackages, MBFunctionCall, MBReturnValue, MBHostInfo,
            MBInstalledPackages, MBLoadedModules, MBPeakMemory, MBResourceUsage,
            MBWorkingDir, MBFileHash, MBLineProfiler):
    capture_versions = ('mb_idle', 'mb_used', 'mb_other')
    capture_paths = True
bench = Bench(sys.argv[2], journal='on')
@bench
def work(value):
    return value
work(1)
class Last(MicroBench, MBGlobalPackages):
    capture_versions = ('mb_idle', 'mb_used', 'mb_other')
    monitor = staticmethod(lambda process: {'rss': 1})
last = Last(sys.argv[2])
last.record_on_exit('end')
print('end')
"""


@pytest.mark.parametrize('flags', MODES)
def test_no_capture_loads_anything(site, tmp_path, flags):
    """Neither globals, profiling nor the program's end load anything."""
    done = python(IMPORTS + EVERYTHING, site, tmp_path / 'records', flags=flags)
    assert (done.returncode, done.stderr) == (0, '')
    loaded = [] if HAVE_LAZY else ['loaded mb_used', 'loaded mb_other', 'loaded mb_idle']
    assert done.stdout.splitlines() == [*loaded, 'end']
    records = [json.loads(line) for line in (tmp_path / 'records').read_text().splitlines()]
    assert [record['call']['name'] for record in records] == ['work', 'end']
    for record in records:
        versions = record['python']['loaded_packages'].items()
        assert {n: v for n, v in versions if n.startswith('mb_')} == {
            'mb_idle': '1.5',
            'mb_used': '1.5',
            'mb_other': '1.5',
        }


# --- microbench itself -------------------------------------------------------------------

WAYS_IN = f"""
import os, signal, sys
{LAZY}import microbench
{LAZY}from microbench import FileOutput, MicroBench
bench = MicroBench(sys.argv[1], iterations=2)
@bench
def function():
    with bench.time('phase'):
        return 1
assert function() == 1
with bench.record('block'):
    pass
{{then}}
"""
ENDINGS = {
    'normal': ("bench.record_on_exit('exit')", 0, {}),
    'exit': ("bench.record_on_exit('exit')\nsys.exit(3)", 3, {'exit_status': 3}),
    'signal': (
        "bench.record_on_exit('exit')\nos.kill(os.getpid(), 15)\nsignal.pause()",
        -15,
        {'exit_signal': 'SIGTERM'},
    ),
    'killed': (
        "bench.record('exit').__enter__()\nos.kill(os.getpid(), signal.SIGKILL)",
        -9,
        {},
    ),
    'interpreter': (
        """
class Wait:
    def __await__(self):
        yield
@bench
async def exit():
    await Wait()
kept = exit()
kept.send(None)
""",
        0,
        {},
    ),
    'child': (
        """
if os.fork() == 0:
    with bench.record('exit'):
        pass
    os._exit(0)
os.wait()
""",
        0,
        {},
    ),
}


@pytest.mark.parametrize('flags', MODES)
@pytest.mark.parametrize('ending', ENDINGS)
def test_microbench_may_be_lazy(tmp_path, ending, flags):
    """Records are the same if microbench is imported lazily."""
    then, status, expected = ENDINGS[ending]
    path = tmp_path / 'records'
    done = python(WAYS_IN.format(then=then), path, flags=flags)
    assert (done.returncode, done.stderr) == (status, '')
    shown = 'from microbench import FileOutput\nimport json, sys\n'
    shown += 'print(json.dumps(FileOutput(sys.argv[1]).get_results()))'
    records = json.loads(python(shown, path, flags=flags).stdout)
    assert [record['call']['name'] for record in records] == ['function', 'block', 'exit']
    assert len(records[0]['call']['durations']) == len(records[0]['call']['timings']) == 2
    assert expected.items() <= records[2].items()
    assert 'version' in records[2]['python']
