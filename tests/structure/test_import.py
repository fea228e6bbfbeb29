"""Importing microbench, and a first record, load only what they need."""

import json
import pkgutil
import signal
import sys

import pytest

import microbench
from tests.fakes import ROOT, printed, python

MODULES = sorted(
    info.name
    for info in pkgutil.walk_packages(microbench.__path__, 'microbench.')
    if not info.name.endswith(('__main__', 'hook-microbench'))
)
HEAVY = {
    *('functools', 'json', 'datetime', 'signal', 'threading', 'contextvars'),
    *('inspect', 'uuid', 'orjson', 'psutil', 'pandas', 'numpy', 'asyncio'),
    *('socket', 'subprocess', 'typing', 'dataclasses', 're', 'warnings', 'argparse'),
}
FIRST = f'import sys; sys.path.insert(0, {str(ROOT)!r}); before = set(sys.modules)\n'


def loaded(code, flags=('-I', '-S')):
    """Return the modules that code loads in a fresh interpreter."""
    last = '\nprint(*sorted(set(sys.modules) - before))'
    return set(printed(FIRST + code + last, flags=flags).split())


def test_import_loads_only_microbench():
    """`import microbench` loads one module."""
    assert loaded('import microbench') == {'microbench'}


def test_a_star_import_gives_the_public_names():
    """`from microbench import *` gives them all."""
    code = 'from microbench import *\nimport microbench as m\n'
    code += 'print(set(m.__all__) <= set(globals()))'
    assert printed(code) == 'True\n'


@pytest.mark.parametrize(
    'code',
    [
        'bench(len)("")',
        'with bench.record("r"), bench.time("p"): pass',
        'import types\nfor _ in range(3): bench(len)("")',
    ],
)
def test_a_first_record(code, tmp_path):
    """A default bench with a file records without any heavy module."""
    path = tmp_path / 'records.jsonl'
    first = f'import microbench\nbench = microbench.MicroBench(outfile={str(path)!r})\n'
    names = loaded(first + code)
    assert not names & HEAVY
    assert 'microbench.core.totals' not in names  # for more phases than are listed
    own = {name for name in names if name.startswith('microbench')}
    bare = loaded('import os, time, types') | set(sys.builtin_module_names)
    cython = {name for name in names if name.startswith(('_cython', 'cython'))}
    site = {'io'}  # which `site`, left out here, loads in every program
    assert names - own - bare - cython - site <= {'__future__', '_datetime', 'copyreg'}
    assert path.read_text().count('\n') >= 1


BENCH = 'import microbench\nbench = microbench.MicroBench(outfile={!r})\n'
# Modules that only a later record needs, or a record beside journals, by what loads them.
LATER = {
    'bench(len)("")': {'core.recorder', 'core.obstacles', 'journal.reader', 'core.block'},
    'work = bench(len)\nwork("")\nwork("")': {'journal.reader', 'core.block'},
    'with bench.record(): pass': {'core.recorder', 'core.obstacles', 'journal.reader'},
    'for _ in range(2):\n with bench.record(): pass': {'journal.reader', 'core.decorate'},
}


# What the first record of a decorated function loads: each module costs it 0.1 ms.
AT_FIRST = {
    *(
        '_core',
        'bench',
        'counters',
        'descriptors',
        'exits',
        'first_use',
        'lock',
        'messages',
    ),
    *('core.arguments', 'core.callables', 'core.capture', 'core.config', 'core.decorate'),
    *('core.finders', 'core.hooked_run', 'core.record_dict'),
    *('core.hooks', 'core.plan', 'core.record_text', 'core.run', 'core.settings'),
    *('core.times', 'encoding.json_text', 'encoding.limits', 'encoding.masking'),
    'mixins.python',
    *('outputs.base', 'outputs.delivery', 'outputs.file', 'outputs.file_object'),
    *('outputs.file_path', 'outputs.plain_file', 'outputs.report'),
}
ROOMS = {'core', 'encoding', 'mixins', 'outputs'}
OF_SURROUNDINGS = {
    'launchers',
    *('mixins.containers', 'mixins.host', 'mixins.machine', 'mixins.processor'),
    'mixins.surroundings',
}


@pytest.mark.parametrize('base', ['MicroBenchBase', 'MicroBench'])
def test_the_modules_of_a_first_record(base, tmp_path):
    """A first record loads these modules; one of MicroBench also those of its fields."""
    path = str(tmp_path / 'records.jsonl')
    names = loaded(f'import microbench\nmicrobench.{base}({path!r})(len)("")')
    own = {name.partition('.')[2] for name in names if name.startswith('microbench.')}
    fields = OF_SURROUNDINGS if base == 'MicroBench' else set()
    assert own == AT_FIRST | ROOMS | fields


@pytest.mark.parametrize('code', LATER)
def test_what_a_later_record_needs(code, tmp_path):
    """What only the second call of a function needs is loaded at the second call."""
    names = loaded(BENCH.format(str(tmp_path / 'records.jsonl')) + code)
    late = {'core.recorder', 'core.obstacles', 'journal.reader'} - LATER[code]
    assert not names & {f'microbench.{name}' for name in LATER[code]}
    assert {f'microbench.{name}' for name in late} <= names


@pytest.mark.parametrize('way', ['work()', 'with bench.record("work"): pass'])
def test_a_module_that_cannot_be_loaded_any_more(way, tmp_path):
    """Python writes the records, with no warning, if the Recorder cannot be loaded."""
    path = tmp_path / 'records.jsonl'
    missing = 'import sys\nsys.modules["microbench.core.recorder"] = None\n'
    work = '@bench\ndef work(): pass\n'
    calls = f'for _ in range(3):\n    {way}\n'
    done = python(BENCH.format(str(path)) + missing + work + calls)
    assert (done.returncode, done.stderr) == (0, '')
    names = [json.loads(line)['call']['name'] for line in path.read_text().splitlines()]
    assert names == ['work'] * 3


def test_a_fork_waits_for_an_import_on_first_use():
    """A child is never born while another thread imports: it would wait for ever."""
    code = """
import os, threading
from microbench.descriptors import loaded
begun, imported = threading.Event(), []
def load():
    begun.set()
    for _ in range(20_000):
        os.sched_yield()
    imported.append(True)
thread = threading.Thread(target=loaded, args=[load])
thread.start()
begun.wait()
child = os.fork()
if child == 0:
    loaded(lambda: None)  # the lock is free again
    os._exit(not imported)
thread.join()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert printed(code, flags=['-W', 'ignore::DeprecationWarning']) == '0\n'


def test_a_record_beside_a_dead_journal(tmp_path):
    """Recovery loads json, but not `inspect` and its dependencies."""
    path = tmp_path / 'records.jsonl'
    bench = BENCH.format(str(path))
    killed = (
        'import os, signal\nwith bench.record("lost"): os.kill(os.getpid(), signal.SIGKILL)'
    )
    assert python(bench + killed).returncode == -signal.SIGKILL
    names = loaded(bench + 'bench(len)("")')
    assert [json.loads(line)['call']['name'] for line in path.read_text().splitlines()] == [
        'lost',
        'len',
    ]
    assert 'microbench.journal.recovery' in names
    assert not names & {'inspect', 'ast', 'dis', 'annotationlib', 'dataclasses'}


@pytest.mark.parametrize('module', MODULES)
def test_each_module_alone(module):
    """Each module can be imported first, isolated, with warnings as errors."""
    done = python(f'import {module}', flags=['-I', '-W', 'error'])
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


@pytest.mark.parametrize('name', microbench.__all__)
def test_each_public_name_alone(name):
    """Each public name can be the first that a program imports."""
    done = python(f'from microbench import {name}', flags=['-I', '-W', 'error'])
    assert (done.returncode, done.stderr) == (0, '')


def test_an_unknown_name():
    """An unknown name is an AttributeError; import raises ImportError."""
    with pytest.raises(AttributeError, match='nonsense'):
        _ = microbench.nonsense
    with pytest.raises(ImportError):
        from microbench import nonsense  # noqa: F401


def test_names_are_listed_before_they_are_loaded():
    """dir() shows the public names of a fresh module."""
    code = 'import microbench\nprint(set(microbench.__all__) <= set(dir(microbench)))'
    assert printed(code) == 'True\n'


def test_a_second_import_of_the_native_part():
    """Importing it again after removing it from sys.modules does no harm."""
    code = """
from microbench import MicroBenchBase, _core
del sys.modules['microbench._core']
try:
    import microbench._core
except ImportError as error:
    print('refused')
bench = MicroBenchBase()
with bench.record('r'), bench.time('p'):
    pass
print(bench.get_results()[0]['call']['timings'][0]['name'])
"""
    assert printed(code).split()[-1] == 'p'
