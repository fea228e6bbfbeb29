"""What a record says about environment modules."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from microbench import MBLoadedModules, MicroBenchBase
from tests.conftest import SANITIZED
from tests.fakes import ROOT

INIT = Path('/usr/share/modules/init/bash')  # Debian's package environment-modules


class Bench(MicroBenchBase, MBLoadedModules):
    pass


def loaded(monkeypatch, variable):
    """The field where LOADEDMODULES has this value."""
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
    """Split at the first slash; without one the version is empty."""
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


@pytest.mark.skipif(SANITIZED, reason='its shell drops LD_PRELOAD, which sanitizers need')
def test_real_environment_modules(tmp_path):
    """What `module load` has loaded is in the record."""
    if not INIT.exists():
        pytest.skip('there is no environment-modules (package environment-modules)')
    for name in ('tool/1.2', 'bio/one/0.1', 'bio/two/0.2'):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('#%Module\n')
    code = """
from microbench import MBLoadedModules, MicroBenchBase
bench = type('Bench', (MicroBenchBase, MBLoadedModules), {})()
bench(lambda: None)()
print(bench.get_results()[0]['loaded_modules'])
"""
    script = (
        f'. {INIT} && module use "$1" && module load tool bio/one bio/two && "$2" -c "$3"'
    )
    done = subprocess.run(
        ['bash', '-c', script, 'bash', tmp_path, sys.executable, code],
        env={'PATH': os.environ['PATH'], 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(
        {'tool': '1.2', 'bio/one': '0.1', 'bio/two': '0.2'}
    )
