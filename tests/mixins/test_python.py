"""MBPythonInfo: the Python that runs the code."""

import platform
import sys

from microbench import MBPythonInfo, MicroBench, MicroBenchBase
from tests.fakes import only


def test_fields():
    """Version, prefix and executable are those of this interpreter."""
    bench = MicroBench()
    bench(len)('')
    assert only(bench.get_results())['python'] == {
        'version': sys.version.split()[0],
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
