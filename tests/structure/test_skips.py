"""MICROBENCH_REQUIRE_ALL makes skips failures, except for other versions or hardware."""

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import is_for_other_versions
from tests.fakes import ROOT

SKIPS = """
import sys
import pytest

this = f'3.{sys.version_info.minor}'
later = f'3.{sys.version_info.minor + 1}'

def test_that_runs():
    pass

def test_that_skips():
    pytest.skip('why not')

@pytest.mark.skip(reason='by mark')
def test_with_a_mark():
    pass

@pytest.fixture
def missing():
    pytest.skip('by fixture')

def test_with_a_fixture(missing):
    pass

def test_for_this_version():
    pytest.skip(f'runs from CPython {this} on')

def test_for_a_later_version():
    pytest.skip(f'runs from CPython {later} on')

@pytest.mark.hardware
def test_of_hardware():
    pytest.skip('no GPU')

@pytest.mark.xfail
def test_that_may_fail():
    assert False
"""
MODULES = {
    'test_other.py': "import pytest\npytest.importorskip('no_such_module')\n",
    'test_later.py': """
import sys, pytest
pytest.skip(f'runs from CPython 3.{sys.version_info.minor + 1} on', allow_module_level=True)
""",
}
SETTINGS = '[pytest]\nmarkers = hardware\nxfail_strict = false\n'


@pytest.fixture
def outcome(tmp_path):
    """Run tests; return whether they succeed, and the counts of the last line."""

    def run(files, required, workers):
        for name, source in files.items():
            tmp_path.joinpath(name).write_text(source)
        tmp_path.joinpath('pytest.ini').write_text(SETTINGS)
        options = ('-q', '-p', 'tests.conftest', '-p', 'no:cacheprovider')
        done = subprocess.run(
            [sys.executable, '-m', 'pytest', *options, '-n', str(workers), '.'],
            cwd=tmp_path,
            env={**os.environ, 'MICROBENCH_REQUIRE_ALL': required, 'PYTHONPATH': str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode == 0, re.sub(' in .*', '', done.stdout.splitlines()[-1])

    return run


in_both_ways = pytest.mark.parametrize('workers', [0, 2], ids=['one process', 'workers'])


def test_skips_that_are_allowed(outcome):
    """Skips of tests and modules are no failures where not all are required."""
    files = {'test_skips.py': SKIPS, **MODULES}
    assert outcome(files, '0', 0) == (True, '1 passed, 8 skipped, 1 xfailed')


@in_both_ways
def test_skips_of_tests(outcome, workers):
    """A skip by call, mark or fixture fails where all tests are required."""
    counts = '2 failed, 1 passed, 2 skipped, 1 xfailed, 2 errors'
    assert outcome({'test_skips.py': SKIPS}, '1', workers) == (False, counts)


@in_both_ways
def test_skips_of_modules(outcome, workers):
    """A module that is skipped for what is missing is an error where all are required."""
    # Workers go on with the other modules.
    counts = '1 passed, 1 skipped, 1 error' if workers else '1 skipped, 1 error'
    files = {'test_that_runs.py': 'def test(): pass', **MODULES}
    assert outcome(files, '1', workers) == (False, counts)


@pytest.mark.parametrize(
    ('reason', 'allowed'),
    [
        ('Skipped: runs from CPython 3.14 on', [(3, 10), (3, 13)]),
        ('Skipped: runs before CPython 3.15: no wheel of jpype1', [(3, 15), (3, 16)]),
        ("could not import 'redis': No module named 'redis'", []),
        ('needs CPython', []),
        (None, []),
    ],
)
def test_versions_in_a_reason(reason, allowed):
    """A reason that names this interpreter's version too is not allowed."""
    versions = [(3, 10), (3, 13), (3, 14), (3, 15), (3, 16)]
    assert [v for v in versions if is_for_other_versions(reason, v)] == allowed
