"""MBGpu, on a stand-in for the driver's library, and on real GPUs if there are any."""

import importlib.util
import json
import os
import shlex
import subprocess
import sys

import pytest

from microbench import MBGpu, MicroBench, MicroBenchBase
from tests.fakes import ROOT, call_of, only, printed

needs_package = pytest.mark.skipif(
    importlib.util.find_spec('pynvml') is None, reason='nvidia-ml-py is not installed'
)


class Bench(MicroBenchBase, MBGpu):
    pass


@pytest.fixture(scope='module')
def library(tmp_path_factory):
    """Return the folder of a libnvidia-ml.so.1 made of tests/standins/nvml."""
    folder = tmp_path_factory.mktemp('nvml')
    command = [*shlex.split(os.environ.get('CC', 'cc')), '-std=c11', '-Wall', '-Wextra']
    command += ['-Werror', '-shared', '-fPIC', '-o', folder / 'libnvidia-ml.so.1']
    source = ROOT / 'tests' / 'standins' / 'nvml' / 'nvml.c'
    subprocess.run([*command, source], check=True)
    return folder


RECORD = """
import json
from microbench import MBGpu, MicroBenchBase

class Bench(MicroBenchBase, MBGpu):
    pass

bench = Bench()
with bench.record():
    pass
[record] = bench.get_results()
print(json.dumps({name: record.get(name) for name in ('gpus', 'host')}))
"""

SAMPLE = """
import json, types
from microbench import MBGpu
print(json.dumps(MBGpu.gpu_sample(types.SimpleNamespace(pid=4001))))
"""


@pytest.fixture
def on_standin(library):
    """Run code in a process that finds the stand-in; decode what it prints."""

    def run(code, wrong=''):
        env = {'LD_LIBRARY_PATH': str(library), 'STANDIN_NVML': wrong}
        return json.loads(printed(code, env=env))

    return run


# --- what is recorded -----------------------------------------------------------------

BUSY = {
    'index': 0,
    'uuid': 'GPU-a',
    'name': 'Stand-in',
    'driver': '580.65.06',
    'memory_total': 1000,
    'memory_used': 400,
    'utilization_gpu': 97,
    'utilization_memory': 41,
    'power_w': 71.5,
    'energy_j': 121.5,
    'temperature_c': 60,
    'clock_sm_mhz': 1000,
    'clock_memory_mhz': 2000,
    'processes': [
        {'pid': 4001, 'kind': 'compute', 'memory': 300},
        {'pid': 4002, 'kind': 'compute'},
        {'pid': 4001, 'kind': 'graphics', 'memory': 50},
    ],
    'throttle_reasons': ['sw_power_cap', 'sw_thermal_slowdown'],
    'mig': False,
    'mig_devices': [],
    'ecc': True,
    'ecc_corrected': 3,
    'ecc_uncorrected': 0,
    'energy_used_j': 1.5,
}

WITH_MIG = {
    'index': 1,
    'uuid': 'GPU-b',
    'name': 'Stand-in, with MIG',
    'driver': '580.65.06',
    'memory_total': 1000,
    'memory_used': 400,
    'temperature_c': 61,
    'clock_sm_mhz': 1000,
    'clock_memory_mhz': 2000,
    'processes': [],
    'throttle_reasons': ['gpu_idle'],
    'mig': True,
    'mig_devices': [{'uuid': 'MIG-c', 'memory_total': 200, 'memory_used': 10}],
    'ecc': False,
}


@needs_package
def test_each_gpu_is_described(on_standin):
    """Numbers are in the units of their names; unsupported ones have a reason."""
    record = on_standin(RECORD)
    assert record['gpus'] == [BUSY, WITH_MIG]
    missing = ['utilization_gpu', 'utilization_memory', 'power_w', 'energy_j']
    missing += ['ecc_corrected', 'ecc_uncorrected']
    assert record['host'] == {
        'unavailable': {f'gpus.1.{name}': 'Not Supported' for name in missing}
    }


@needs_package
def test_a_driver_that_is_loaded_anew(on_standin):
    """A reloaded driver restarts its energy counter, so the energy is unknown."""
    busy = on_standin(RECORD, wrong='anew')['gpus'][0]
    assert 'energy_j' in busy
    assert 'energy_used_j' not in busy


@needs_package
def test_drivers_that_lack_newer_functions(on_standin):
    """The older functions are asked instead."""
    busy = on_standin(RECORD, wrong='old')['gpus'][0]
    assert busy['memory_used'] == 500
    assert busy['throttle_reasons'] == ['hw_thermal_slowdown']
    assert 'mig' not in busy


@needs_package
def test_a_lost_gpu_costs_only_itself(on_standin):
    """The other GPUs are still described."""
    record = on_standin(RECORD, wrong='lost')
    assert record['gpus'] == [BUSY]
    assert record['host'] == {'unavailable': {'gpus.1': 'GPU is lost'}}


@needs_package
def test_without_a_driver_the_record_says_so(on_standin):
    """The list is empty, and `host.unavailable` has the reason; nothing is raised."""
    record = on_standin(RECORD, wrong='no-driver')
    assert record['gpus'] == []
    assert record['host'] == {'unavailable': {'gpus': 'Driver Not Loaded'}}


@needs_package
def test_without_gpus_the_list_is_empty(on_standin):
    """A driver without GPUs has nothing to explain."""
    assert on_standin(RECORD, wrong='no-gpu') == {'gpus': [], 'host': None}


@needs_package
def test_nothing_stays_open(on_standin):
    """Neither a record, a failed one nor a sample keeps the library open."""
    code = RECORD.replace('print(', 'kept = (') + (
        """
import ctypes
class Broken(Bench):
    def capture_later(self, bm_data):
        raise LookupError
try:
    Broken().record().__enter__()
except LookupError:
    MBGpu.gpu_sample()
print(ctypes.CDLL('libnvidia-ml.so.1').standin_users())
"""
    )
    assert on_standin(code) == 0


# --- as a monitor ---------------------------------------------------------------------

FLAT = {
    'gpu0_memory_used': 400,
    'gpu0_utilization_gpu': 97,
    'gpu0_utilization_memory': 41,
    'gpu0_power_w': 71.5,
    'gpu0_energy_j': 121.5,
    'gpu0_temperature_c': 60,
    'gpu0_clock_sm_mhz': 1000,
    'gpu0_clock_memory_mhz': 2000,
    'gpu0_process_memory': 350,
    'gpu1_memory_used': 400,
    'gpu1_temperature_c': 61,
    'gpu1_clock_sm_mhz': 1000,
    'gpu1_clock_memory_mhz': 2000,
}


@needs_package
def test_a_sample_is_flat(on_standin):
    """A sample has known numbers only, named by the GPU's index."""
    assert on_standin(SAMPLE) == FLAT


@needs_package
def test_a_sample_without_a_driver(on_standin):
    """An empty sample says why it is empty."""
    assert on_standin(SAMPLE, wrong='no-driver') == {'gpu_unavailable': 'Driver Not Loaded'}


@needs_package
def test_a_class_can_monitor_with_it():
    """A class attribute gpu_sample is called with the process alone."""

    class Monitored(MicroBench, MBGpu):
        monitor = MBGpu.gpu_sample

    assert isinstance(Monitored.monitor(object()), dict)
    assert isinstance(Monitored().monitor(object()), dict)


# --- where there is nothing to ask ----------------------------------------------------


@needs_package
def test_without_the_library_nothing_raises(monkeypatch):
    """A machine without NVIDIA's driver gives a record with the reason."""
    import pynvml

    def missing(name):
        raise OSError(name)

    monkeypatch.setattr(pynvml, 'nvmlLib', None)
    monkeypatch.setattr(pynvml, 'CDLL', missing)
    bench = Bench()
    assert bench(len)('ab') == 2
    record = only(bench.get_results())
    assert record['gpus'] == []
    assert record['host'] == {'unavailable': {'gpus': 'NVML Shared Library Not Found'}}
    assert MBGpu.gpu_sample() == {'gpu_unavailable': 'NVML Shared Library Not Found'}


def test_without_the_package_it_raises(monkeypatch):
    """The error names the package to install: nvidia-ml-py."""
    monkeypatch.setitem(sys.modules, 'pynvml', None)
    bench = Bench()
    with pytest.raises(ImportError, match='nvidia-ml-py'):
        bench(len)('ab')
    assert bench.get_results() == []
    with pytest.raises(ImportError, match='nvidia-ml-py'):
        MBGpu.gpu_sample()


def test_without_the_package_the_record_can_say_so(monkeypatch):
    """With capture_optional the error is noted and the call recorded."""
    monkeypatch.setitem(sys.modules, 'pynvml', None)
    bench = type('Bench', (Bench,), {'capture_optional': True})()
    assert bench(len)('ab') == 2
    [noted] = call_of(bench)['capture_errors']
    assert noted['method'] == 'capture_gpu'
    assert 'nvidia-ml-py' in noted['error']


def test_the_name_in_the_command():
    """The mixin is called `gpu`, and is not in the default set."""
    assert MBGpu.cli_name == 'gpu'
    assert not hasattr(MBGpu, 'cli_default')


# --- a real GPU -----------------------------------------------------------------------


@pytest.mark.hardware
@needs_package
def test_a_real_gpu():
    """Every real GPU has its identity, its memory and this very driver."""
    bench = Bench()
    with bench.record():
        pass
    record = only(bench.get_results())
    if not record['gpus']:
        why = record.get('host', {}).get('unavailable', {}).get('gpus', 'none is there')
        pytest.skip(f'no NVIDIA GPU: {why}')
    import pynvml

    pynvml.nvmlInit()
    try:
        driver = pynvml.nvmlSystemGetDriverVersion()
        count = pynvml.nvmlDeviceGetCount()
    finally:
        pynvml.nvmlShutdown()
    assert [gpu['index'] for gpu in record['gpus']] == list(range(count))
    for gpu in record['gpus']:
        assert gpu['uuid'].startswith('GPU-')
        assert gpu['driver'] == driver
        assert 0 <= gpu['memory_used'] <= gpu['memory_total']
    assert 'gpu0_memory_used' in MBGpu.gpu_sample()
