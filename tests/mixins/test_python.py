"""MBPythonInfo: the Python that runs the code."""

import platform
import sys

import pytest

from microbench import MBPythonInfo, MicroBench, MicroBenchBase
from microbench.mixins.python import build
from tests.fakes import only


def test_fields():
    """Version, build, prefix and executable are those of this interpreter."""
    bench = MicroBench()
    bench(len)('')
    assert only(bench.get_results())['python'] == {
        'version': sys.version.split()[0],
        'build': build(),
        'prefix': sys.prefix,
        'executable': sys.executable,
    }


def test_it_is_in_microbench_only():
    """MicroBenchBase captures nothing; the order of bases is that of 2.1.0."""
    bench = MicroBenchBase()
    bench(len)('')
    assert 'python' not in only(bench.get_results())
    assert MicroBench.__bases__ == (MBPythonInfo, MicroBenchBase)


def test_a_program_that_hides_its_executable(monkeypatch):
    """An embedded interpreter may have none."""
    monkeypatch.setattr(sys, 'executable', None)
    bench = MicroBench()
    bench(len)('')
    assert only(bench.get_results())['python']['executable'] is None


def test_the_version_is_what_platform_says(monkeypatch):
    """A loaded `platform` is asked, so that a test can replace the version."""
    monkeypatch.setattr(platform, 'python_version', lambda: '9.9')
    bench = MicroBench()
    with bench.record():
        pass
    assert bench.get_results()[0]['python']['version'] == '9.9'


@pytest.mark.parametrize(
    ('version', 'debug', 'text'),
    [
        (
            '3.13.1 (main, Dec  3 2024, 17:59:52) [GCC 13.3.0]',
            False,
            '(main, Dec 3 2024, 17:59:52) [GCC 13.3.0]',
        ),
        (
            '3.13.0 experimental free-threading build (main, x) \n[Clang 18.1.8 ]',
            True,
            'experimental free-threading build (main, x) [Clang 18.1.8 ] debug',
        ),
    ],
)
def test_the_build(monkeypatch, version, debug, text):
    """Its time and compiler, on one line, and whether it is for debugging."""
    monkeypatch.setattr(sys, 'version', version)
    monkeypatch.delattr(sys, 'gettotalrefcount', raising=False)
    if debug:
        monkeypatch.setattr(sys, 'gettotalrefcount', int, raising=False)
    assert build() == text
