"""MBHostInfo and MBWorkingDir: the machine, and the place on it."""

import os
import socket
import sys

import pytest

from microbench import MBHostInfo, MBWorkingDir, MicroBench, MicroBenchBase
from tests.fakes import call_of, only


class Host(MicroBenchBase, MBHostInfo):
    """A bench that captures the host."""


class Place(MicroBenchBase, MBWorkingDir):
    """A bench that captures the working directory."""


def host_of(bench):
    """The `host` object of one more call."""
    bench(len)('')
    return bench.get_results()[-1]['host']


def test_name_and_system():
    """Host name and operating system."""
    host = host_of(Host())
    assert host['hostname'] == socket.gethostname()
    assert host['os'] == sys.platform


def test_cores_and_memory():
    """What psutil tells of cores and memory."""
    psutil = pytest.importorskip('psutil')
    assert host_of(Host()) == {
        'hostname': socket.gethostname(),
        'os': sys.platform,
        'cpu_cores_logical': psutil.cpu_count(logical=True),
        'cpu_cores_physical': psutil.cpu_count(logical=False),
        'ram_total': psutil.virtual_memory().total,
    }


def test_without_psutil(monkeypatch):
    """Cores and memory are absent, the rest is there."""
    monkeypatch.setitem(sys.modules, 'psutil', None)
    assert set(host_of(Host())) == {'hostname', 'os'}


def test_asked_once_for_each_bench(monkeypatch):
    """A host name is constant for a bench, and asked again by a new one."""
    monkeypatch.setattr(socket, 'gethostname', lambda: 'first')
    bench = Host()
    assert host_of(bench)['hostname'] == 'first'
    monkeypatch.setattr(socket, 'gethostname', lambda: 'second')
    assert host_of(bench)['hostname'] == 'first'
    assert host_of(Host())['hostname'] == 'second'


@pytest.mark.parametrize('bases', [(MicroBench, MBHostInfo), (MBHostInfo, MicroBench)])
def test_before_and_after_the_base(bases):
    """The mixin may stand anywhere among the bases."""
    bench = type('Bench', bases, {})()
    assert 'hostname' in host_of(bench)
    assert bench.explain_path() == []


def test_working_directory(tmp_path, monkeypatch):
    """It is read for each record."""
    bench = Place()
    for name in ('one', 'two'):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        bench(len)('')
    directories = [r['call']['working_dir'] for r in bench.get_results()]
    assert directories == [str(tmp_path / 'one'), str(tmp_path / 'two')]


def test_at_the_start_of_the_call(tmp_path, monkeypatch):
    """It is that of the start, whatever the code does."""
    monkeypatch.chdir(tmp_path)
    bench = Place()
    (tmp_path / 'sub').mkdir()
    bench(os.chdir)('sub')
    assert call_of(bench)['working_dir'] == str(tmp_path)


@pytest.mark.parametrize('optional', [False, True])
def test_a_deleted_working_directory(tmp_path, monkeypatch, optional):
    """An error that is strict or noted, as for any capture."""
    folder = tmp_path / 'gone'
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    bench = Place()
    bench.capture_optional = optional
    if optional:
        assert bench(len)('ab') == 2
        [noted] = call_of(bench)['capture_errors']
        assert noted['method'] == 'capture_working_dir'
        assert noted['error'].startswith('FileNotFoundError')
    else:
        with pytest.raises(FileNotFoundError):
            bench(len)('')


def test_a_static_field_of_that_name():
    """The mixin adds to a dict, and replaces anything else."""
    bench = Host(host={'rack': 7})
    assert host_of(bench)['rack'] == 7
    assert 'hostname' in host_of(Host(host='rack 7'))
    assert only(bench.get_results())['host']['rack'] == 7
