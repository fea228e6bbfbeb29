"""A build that cannot succeed says in a sentence what to install."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path
from runpy import run_path

import pytest

ROOT = Path(__file__).parents[2]
TOOL = run_path(str(ROOT / 'tools' / 'building.py'))
NEEDED = TOOL['requirements']((ROOT / 'pyproject.toml').read_text('utf-8'))


def sentence(check, *arguments):
    """Return what a check exits with; None if it does not."""
    try:
        TOOL[check](*arguments)
    except SystemExit as end:
        return end.code
    return None


def versions(**installed):
    """Return what looks up these versions, and knows no other package."""

    def version_of(name):
        try:
            return installed[name]
        except KeyError:
            raise PackageNotFoundError(name) from None

    return version_of


def test_what_builds_is_read_from_pyproject():
    """Both packages that a build requires are compared."""
    assert list(NEEDED) == ['setuptools', 'Cython']


def test_an_old_setuptools_is_one_sentence():
    """It names both versions, and the command that installs what is needed."""
    found = sentence(
        'check_packages', NEEDED, versions(setuptools='76.1.0', Cython='3.1.0')
    )
    assert found == (
        'microbench cannot be built: it needs setuptools 77.0.1 or newer, and 76.1.0 is '
        'installed. Leave out --no-build-isolation, or run: python -m pip install '
        '--upgrade "setuptools>=77.0.1" "Cython>=3.1"'
    )


def test_a_package_that_is_missing_is_named():
    """Cython is, where only setuptools is installed."""
    found = sentence('check_packages', NEEDED, versions(setuptools='80.9.0'))
    assert found.startswith('microbench cannot be built: Cython is not installed. ')


@pytest.mark.parametrize('release', ['77.0.1', '77.0.3.post2025', '80.0.0', '100.1'])
def test_a_newer_setuptools_builds(release):
    """Numbers are compared as numbers, and what follows them does not count."""
    installed = versions(setuptools=release, Cython='3.2.0a1')
    assert sentence('check_packages', NEEDED, installed) is None


def test_no_compiler_is_one_sentence(tmp_path):
    """It names the program, and the packages of each system."""
    found = sentence('check_compiler', ['no-such-gcc', '-pthread'], tmp_path)
    assert found.startswith(
        "microbench cannot be built: there is no C compiler 'no-such-gcc'. Install"
    )
    assert 'apt install gcc libc6-dev python3-dev' in found
    assert 'apk add gcc musl-dev linux-headers python3-dev' in found


def test_no_headers_of_python_are_one_sentence(tmp_path):
    """It names the file that is missing; with the file, nothing is wrong."""
    found = sentence('check_compiler', ['sh'], str(tmp_path))
    assert f'the headers of Python are missing ({tmp_path}/Python.h)' in found
    (tmp_path / 'Python.h').touch()
    assert sentence('check_compiler', ['sh'], str(tmp_path)) is None
