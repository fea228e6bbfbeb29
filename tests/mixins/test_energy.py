"""MBEnergy, on meters that are made up."""

import types

import pytest

from microbench import MBEnergy, MicroBenchBase
from microbench.mixins import energy, nvml, rapl
from tests.fakes import only


class Bench(MicroBenchBase, MBEnergy):
    pass


class Zones:
    """A folder like /sys/class/powercap."""

    def __init__(self, folder):
        self.folder = folder

    def set(self, zone, name, joules):
        path = self.folder / zone
        path.mkdir(exist_ok=True)
        (path / 'name').write_text(f'{name}\n')
        (path / 'energy_uj').write_text(f'{round(joules * 1e6)}\n')
        (path / 'max_energy_range_uj').write_text('262143328850\n')


@pytest.fixture
def zones(tmp_path, monkeypatch):
    """Have RAPL be this folder; there are no GPUs."""
    monkeypatch.setattr(rapl.Meters.__init__, '__defaults__', (str(tmp_path),))
    monkeypatch.setattr(energy, 'Session', missing)
    return Zones(tmp_path)


def missing():
    raise ImportError('pynvml')


NO_PACKAGE = {'gpus': 'nvidia-ml-py is missing: pip install microbench[gpu]'}


def measured(act=lambda: None):
    bench = Bench()
    with bench.record():
        act()
    return only(bench.get_results())['energy']


def test_domains_have_their_place_in_the_name(zones):
    """In joules; parts of a package are named after it."""

    def use(more):
        zones.set('intel-rapl:0', 'package-0', 100 + 2 * more)
        zones.set('intel-rapl:0:0', 'dram', 50 + more)

    use(0)
    found = measured(lambda: use(1.5))
    assert found == {'package_0': 3.0, 'package_0_dram': 1.5, 'unavailable': NO_PACKAGE}


def test_a_meter_may_go_round(zones):
    """Then it begins at 0."""
    zones.set('intel-rapl:0', 'package-0', 262143)
    found = measured(lambda: zones.set('intel-rapl:0', 'package-0', 2))
    assert found['package_0'] == 2.328850


def test_a_long_run_may_have_gone_round_more_often(zones, monkeypatch):
    """The number is a lower bound then."""
    zones.set('intel-rapl:0', 'package-0', 0)
    clock = types.SimpleNamespace(monotonic=iter([0.0, 300.0]).__next__)
    monkeypatch.setattr(rapl, 'time', clock)
    assert measured()['lower_bounds'] == ['package_0']


def test_a_meter_that_goes_away_has_a_reason(zones):
    """Neither is it 0."""
    zones.set('intel-rapl:0', 'package-0', 1)
    found = measured((zones.folder / 'intel-rapl:0' / 'energy_uj').unlink)
    assert set(found) == {'unavailable'}
    assert found['unavailable']['package_0'].startswith('FileNotFoundError')


def test_permission_has_a_remedy(zones, monkeypatch):
    """It names the file."""
    zones.set('intel-rapl:0', 'package-0', 1)
    text = rapl._text

    def forbidden(path):
        if path.endswith('energy_uj'):
            raise PermissionError(13, 'Permission denied')
        return text(path)

    monkeypatch.setattr(rapl, '_text', forbidden)
    assert 'chmod a+r' in measured()['unavailable']['package_0']


def test_a_machine_without_meters_says_so(zones):
    """There is no other member."""
    assert measured() == {'unavailable': {'rapl': rapl.MISSING, **NO_PACKAGE}}


# --- GPUs --------------------------------------------------------------------------------


@pytest.fixture
def gpus(zones, monkeypatch):
    """Put in a package whose GPUs show these millijoules, in the order of reading."""
    shown = {0: [1000, 3500], 1: [500]}

    def consumption(gpu):
        if not shown[gpu]:
            raise RuntimeError('GPU is lost')
        return shown[gpu].pop(0)

    package = types.SimpleNamespace(
        nvmlInit=int,
        nvmlShutdown=int,
        nvmlDeviceGetCount=lambda: len(shown),
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetTotalEnergyConsumption=consumption,
    )
    monkeypatch.setattr(nvml, '_package', lambda: package)
    monkeypatch.setattr(energy, 'Session', nvml.Session)
    return shown


def test_gpus_are_domains_too(gpus):
    """One that is lost meanwhile has a reason."""
    found = measured()
    assert found['gpu_0'] == 2.5
    assert 'gpu_1' not in found
    assert 'GPU is lost' in found['unavailable']['gpu_1']


def test_a_meter_that_goes_back_is_no_energy(gpus):
    """The driver was loaded anew."""
    gpus[0][:] = [1000, 10]
    assert 'anew' in measured()['unavailable']['gpu_0']
