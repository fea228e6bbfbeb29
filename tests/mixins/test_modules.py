"""Environment modules in a record."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from microbench import MBLoadedModules, MicroBenchBase
from tests.conftest import SANITIZED
from tests.fakes import ROOT, only

INIT = Path('/usr/share/modules/init/bash')  # Debian's package environment-modules


class Bench(MicroBenchBase, MBLoadedModules):
    pass


def loaded(monkeypatch, variable):
    """Return the field where LOADEDMODULES has this value."""
    monkeypatch.setenv('LOADEDMODULES', variable)
    bench = Bench()
    bench(lambda: None)()
    return bench.get_results()[0]['loaded_modules']


@pytest.mark.parametrize(
    ('variable', 'modules'),
    [
        ('', {}),
        ('gcc/12.2.0:openmpi/4.1.5', {'gcc': '12.2.0', 'openmpi': '4.1.5'}),
        ('site', {'site': ''}),
        ('::gcc/12.2.0:', {'gcc': '12.2.0'}),
        ('bio/samtools/1.19:gcc/12', {'bio': 'samtools/1.19', 'gcc': '12'}),
        ('gcc/12:gcc/12', {'gcc': '12'}),
    ],
)
def test_names_and_versions(monkeypatch, variable, modules):
    """Names are split at the first slash; without one the version is empty."""
    assert loaded(monkeypatch, variable) == modules


@pytest.mark.parametrize(
    ('variable', 'modules'),
    [
        (
            'bio/samtools/1.19:bio/bwa/0.7:gcc/12',
            {'bio/samtools': '1.19', 'bio/bwa': '0.7', 'gcc': '12'},
        ),
        ('gcc/11:gcc/12', {'gcc/11': '', 'gcc/12': ''}),
        ('a:a/1', {'a': '', 'a/1': ''}),
        ('a/b/c:a/b:a/d', {'a/b/c': '', 'a/b': '', 'a/d': ''}),
        ('a/b/c:a/b', {'a/b/c': '', 'a/b': ''}),
    ],
)
def test_no_module_is_lost(monkeypatch, variable, modules):
    """Modules that would get the same name go by their full names."""
    assert loaded(monkeypatch, variable) == modules


def test_without_the_variable(monkeypatch):
    """Where there are no modules the object is empty."""
    monkeypatch.delenv('LOADEDMODULES', raising=False)
    bench = Bench()
    bench(lambda: None)()
    assert bench.get_results()[0]['loaded_modules'] == {}


@pytest.mark.parametrize(
    ('variable', 'modules'),
    [
        ('/home/me/files/tool/2.1', {'/home/me/files/tool': '2.1'}),
        ('/home/me/files/tool/v2.1-rc1', {'/home/me/files/tool': 'v2.1-rc1'}),
        ('/home/me/files/tool/.2.1', {'/home/me/files/tool': '.2.1'}),
        ('/home/me/files/tool', {'/home/me/files/tool': ''}),
        ('/tool', {'/tool': ''}),
        ('/1', {'/1': ''}),
        (
            'gcc/12:/a/gcc/12:/b/gcc/12',
            {'gcc': '12', '/a/gcc': '12', '/b/gcc': '12'},
        ),
        ('/a/gcc/11:/a/gcc/12', {'/a/gcc/11': '', '/a/gcc/12': ''}),
    ],
)
def test_modules_by_their_files(monkeypatch, variable, modules):
    """Folders are not categories; a file name that looks like a version is one."""
    assert loaded(monkeypatch, variable) == modules


# Of Lmod 8.6.19, which loads no module by the path of its file; and names as EasyBuild,
# Spack and Cray give them.
@pytest.mark.parametrize(
    ('variable', 'modules'),
    [
        ('foo/2.0:bio/sam/.1.0', {'foo': '2.0', 'bio': 'sam/.1.0'}),
        ('GCC/12.2.0:Python/3.10.8-GCCcore-12.2.0', {'GCC': '12.2.0', 'Python': ...}),
        ('zlib-1.2.13-gcc-12.2.0-abcdefg', {'zlib-1.2.13-gcc-12.2.0-abcdefg': ''}),
        ('zlib/1.2.13-gcc-12.2.0-abcdefg', {'zlib': '1.2.13-gcc-12.2.0-abcdefg'}),
        ('libstdc++/12+x~y', {'libstdc++': '12+x~y'}),
    ],
)
def test_names_of_other_systems(monkeypatch, variable, modules):
    """Names of other systems need no other rules."""
    found = loaded(monkeypatch, variable)
    assert found.keys() == modules.keys()
    assert all(value in (found[name], ...) for name, value in modules.items())


@pytest.mark.parametrize(
    ('variable', 'variants'),
    [
        ('foo/1&mpi|on|0|1', {'foo': {'mpi': 'on'}}),
        ('foo/1&mpi|on|0|0&debug|1|1|0&fast|0|1|1', {'foo': ...}),
        ('bar/1&mpi|on|0|1', None),
        ('foo/1', None),
        ('', None),
        ('foo/1&', None),
        ('foo/1&&|', None),
        ('foo/1&mpi', {'foo': {'mpi': ''}}),
        ('&&&:::|||', None),
    ],
)
def test_variants(monkeypatch, variable, variants):
    """Variants of loaded modules are stored; malformed ones are ignored."""
    monkeypatch.setenv('LOADEDMODULES', 'foo/1:gcc/12')
    monkeypatch.setenv('__MODULES_LMVARIANT', variable)
    bench = Bench()
    bench(lambda: None)()
    found = only(bench.get_results()).get('loaded_module_variants')
    if variants == {'foo': ...}:
        variants = {'foo': {'mpi': 'on', 'debug': True, 'fast': False}}
    assert found == variants


SCRIPT = """
. "$1"
module use "$2"
module load tool bio/one bio/two foo/1.0 toolchain=intel +debug
module load "$2/private/mine/2.1" "$2/with:colon/odd/1"
exec "$3" -c "$4"
"""
CODE = """
import json
from microbench import MBLoadedModules, MicroBenchBase
bench = type('Bench', (MicroBenchBase, MBLoadedModules), {})()
bench(lambda: None)()
record = bench.get_results()[0]
print(json.dumps([record['loaded_modules'], record['loaded_module_variants']]))
"""
FILES = {
    **dict.fromkeys(('tool/1.2', 'bio/one/0.1', 'bio/two/0.2'), '#%Module\n'),
    **dict.fromkeys(('private/mine/2.1', 'with:colon/odd/1'), '#%Module\n'),
    'foo/1.0': '#%Module5.1\nvariant toolchain gnu intel\nvariant --boolean debug\n',
}


@pytest.mark.skipif(SANITIZED, reason='its shell drops LD_PRELOAD, which sanitizers need')
def test_real_environment_modules(tmp_path):
    """Really loaded modules are recorded by name, by path and with variants."""
    if not INIT.exists():
        pytest.skip('there is no environment-modules (package environment-modules)')
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = subprocess.run(
        ['bash', '-c', SCRIPT, 'bash', INIT, tmp_path, sys.executable, CODE],
        env={'PATH': os.environ['PATH'], 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    modules, variants = json.loads(done.stdout.splitlines()[-1])
    assert modules == {
        'tool': '1.2',
        'bio/one': '0.1',
        'bio/two': '0.2',
        'foo': '1.0',
        f'{tmp_path}/private/mine': '2.1',
        f'{tmp_path}/with:colon/odd': '1',
    }
    assert variants == {'foo': {'toolchain': 'intel', 'debug': True}}
