"""What `make wheel`, `make test-aarch64` and cibuildwheel read and run."""

import os
import platform
import re
import subprocess
import sys

import pytest

from tests.fakes import ROOT, environment
from tools.wheel import LARGEST, complaints, keep_inside

PYPROJECT = (ROOT / 'pyproject.toml').read_text('utf-8')
OURS = 'microbench-3.0.0-cp311-cp311-'


def test_the_smoke_test_passes(tmp_path):
    """What each wheel has to do works in this tree, too."""
    done = subprocess.run(
        [sys.executable, ROOT / 'tools' / 'smoke.py'],
        cwd=tmp_path,
        env={**environment(), 'PYTHONPATH': str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, '')
    assert f'CPython {platform.python_version()}, {platform.system()} ' in done.stdout


@pytest.mark.parametrize(
    ('name', 'size', 'wrong'),
    [
        (f'{OURS}manylinux_2_17_x86_64.manylinux2014_x86_64.whl', LARGEST, []),
        (f'{OURS}manylinux_2_28_x86_64.whl', 1, []),
        (f'{OURS}manylinux_2_31_x86_64.whl', 1, ['no tag manylinux_2_28 or lower']),
        (f'{OURS}linux_x86_64.whl', 1, ['no tag manylinux_2_28 or lower']),
        (
            f'{OURS}manylinux_2_28_x86_64.whl',
            LARGEST + 1,
            [f'{LARGEST + 1} bytes are more than {LARGEST}'],
        ),
    ],
)
def test_a_wheel_is_small_and_for_old_systems(name, size, wrong):
    """A newer C library and a larger file are complaints."""
    assert [*complaints(name, size)] == wrong


def test_links_of_an_unpacked_system_stay_inside(tmp_path):
    """What leads to the root of this machine leads to that of the other one."""
    library = tmp_path / 'lib' / 'libc.so.6'
    for link, target in [('libc.so', '/lib/libc.so.6'), ('libm.so', 'libc.so.6')]:
        library.with_name(link).parent.mkdir(exist_ok=True)
        library.with_name(link).symlink_to(target)
    library.touch()
    keep_inside(tmp_path, library.parent)
    for link in ('libc.so', 'libm.so'):
        assert library.with_name(link).resolve() == library


def test_cibuildwheel_builds_each_version_that_is_classified():
    """The lists of pyproject.toml name the same versions of CPython."""
    classified = re.findall(r'Python :: 3\.(\d+)"', PYPROJECT)
    built = re.findall(r'"cp3\{([\d,]+)\}-', PYPROJECT)
    assert len(built) == 2
    assert {tuple(minors.split(',')) for minors in built} == {tuple(classified)}


def test_tests_that_are_not_emulated_exist_and_have_reasons():
    """Each line names a test of this tree, and why the emulator cannot run it."""
    for line in (ROOT / 'tools' / 'aarch64.txt').read_text('utf-8').splitlines():
        if line.startswith('#'):
            continue
        test, _, reason = line.partition(' ')
        file, _, name = test.partition('::')
        assert len(reason.split()) > 2, line
        source = (ROOT / file).read_text('utf-8')
        assert f'def {name.partition("[")[0]}(' in source if name else source, line


def test_scripts_can_be_executed():
    """Makefile runs them by name."""
    scripts = [*(ROOT / 'tools').glob('*.sh')]
    assert [s.name for s in scripts if not os.access(s, os.X_OK)] == []
