"""What `host` says of the processor, on machines that others have."""

import os
import sys

import pytest

from microbench import MBHostInfo, MicroBenchBase
from microbench.mixins import processor

X86 = 'processor\t: 0\nvendor_id\t: Maker\nmodel name\t: {}\nflags\t\t: fpu vme{}\n\n' * 2
ARM = """\
processor\t: 0
BogoMIPS\t: 243.75
Features\t: fp asimd
CPU implementer\t: 0x41
CPU architecture: 8
CPU part\t: 0xd0c
CPU revision\t: 1
"""
POWER = 'processor\t: 0\ncpu\t\t: POWER9, altivec supported\nclock\t\t: 2300.0MHz\n'


class Host(MicroBenchBase, MBHostInfo):
    """A bench that captures the host."""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Write the kernel's files of a machine; return the `host` of a record there."""
    for name in ('CPUINFO', 'FREQUENCY', 'CLOCK', 'DMI', 'HYPERVISOR'):
        monkeypatch.setattr(processor, name, str(tmp_path / name))
    (tmp_path / 'CLOCK').write_text('tsc\n')

    def write(cpuinfo, **files):
        (tmp_path / 'CPUINFO').write_text(cpuinfo)
        for name, text in files.items():
            path = tmp_path / name.replace('__', '/')
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        bench = Host()
        bench(len)('')
        return bench.get_results()[0]['host']

    return write


@pytest.mark.parametrize(
    ('cpuinfo', 'model'),
    [
        (
            X86.format('AMD EPYC 9654 96-Core Processor', '', *'ab'),
            'AMD EPYC 9654 96-Core Processor',
        ),
        (ARM, 'ARM implementer 0x41, part 0xd0c, revision 1'),
        (POWER, 'POWER9, altivec supported'),
    ],
)
def test_the_model(machine, cpuinfo, model):
    """It is that of the first processor."""
    assert machine(cpuinfo)['cpu_model'] == model


def test_a_processor_without_a_model(machine):
    """The reason is in the record."""
    host = machine('processor\t: 0\n')
    assert 'cpu_model' not in host
    assert host['unavailable']['cpu_model'].endswith('CPUINFO names no model')


def test_frequency_and_governor(machine):
    """The kernel writes kHz."""
    files = {
        'FREQUENCY__cpuinfo_max_freq': '3700000\n',
        'FREQUENCY__scaling_governor': 'powersave\n',
    }
    host = machine(ARM, **files)
    assert (host['cpu_max_mhz'], host['cpu_governor']) == (3700.0, 'powersave')
    assert 'unavailable' not in host


@pytest.mark.parametrize('text', ['', '-1\n', 'fast\n', '9' * 50])
def test_a_frequency_that_makes_no_sense(machine, text):
    """There is a reason instead of a number."""
    host = machine(ARM, FREQUENCY__cpuinfo_max_freq=text)
    assert 'cpu_max_mhz' not in host
    assert 'is not a frequency in kHz' in host['unavailable']['cpu_governor']
    assert len(host['unavailable']['cpu_governor']) < 300


def test_a_machine_that_does_not_scale_frequencies(machine):
    """There is a reason, in words."""
    reasons = machine(ARM)['unavailable']
    assert reasons == {
        'cpu_governor': 'the kernel has no control of it: there is no cpufreq'
    }


def test_the_frequency_of_a_cpu_that_may_be_used(machine, tmp_path, monkeypatch):
    """A job that may use other CPUs than the first is described by one of them."""
    monkeypatch.setattr(processor, 'FREQUENCY', str(tmp_path / 'cpu{}'))
    monkeypatch.setattr(os, 'sched_getaffinity', lambda thread: {5, 3})
    files = {'cpu3__cpuinfo_max_freq': '2000000', 'cpu3__scaling_governor': 'performance'}
    assert machine(ARM, **files)['cpu_max_mhz'] == 2000.0


def test_the_clock_source(machine):
    """It is what the kernel keeps time by."""
    assert machine(ARM)['clock_source'] == 'tsc'


@pytest.mark.parametrize(
    ('vendor', 'product', 'name'),
    [
        ('QEMU', 'Standard PC (Q35 + ICH9, 2009)', 'qemu'),
        ('Amazon EC2', 'm5.large', 'amazon'),
        ('Google', 'Google Compute Engine', 'google'),
        ('Microsoft Corporation', 'Virtual Machine', 'hyper-v'),
        ('VMware, Inc.', 'VMware7,1', 'vmware'),
        ('innotek GmbH', 'VirtualBox', 'virtualbox'),
        ('OpenStack Foundation', 'OpenStack Nova', 'kvm'),
        ('Maker', 'Box', 'unknown'),
    ],
)
def test_a_virtual_machine(machine, vendor, product, name):
    """The processor says that there is a hypervisor, the firmware which one."""
    files = {'DMI__sys_vendor': f'{vendor}\n', 'DMI__product_name': f'{product}\n'}
    inside = X86.format('CPU', ' hypervisor', *'ab')
    assert machine(inside, **files)['virtual_machine'] == name
    outside = X86.format('CPU', '', *'ab')
    assert 'virtual_machine' not in machine(outside, **files)


def test_a_virtual_machine_of_xen(machine):
    """Guests of Xen may have no firmware tables."""
    inside = X86.format('CPU', ' hypervisor', *'ab')
    assert machine(inside, HYPERVISOR='xen\n')['virtual_machine'] == 'xen'


@pytest.mark.parametrize(
    ('product', 'named'), [('m7g.large', {'amazon'}), ('m7g.metal', set())]
)
def test_a_virtual_machine_on_arm(machine, product, named):
    """There is no flag of the processor: only the firmware says it."""
    host = machine(ARM, DMI__sys_vendor='Amazon EC2\n', DMI__product_name=f'{product}\n')
    assert {host[name] for name in ('virtual_machine',) if name in host} == named


def test_other_systems(monkeypatch):
    """The reason names the system."""
    monkeypatch.setattr(sys, 'platform', 'darwin')
    monkeypatch.setitem(sys.modules, 'psutil', None)
    bench = Host()
    bench(len)('')
    reasons = bench.get_results()[0]['host']['unavailable']
    assert reasons['cpu_model'] == 'it is not read on darwin'
    assert set(reasons) >= {'cpu_governor', 'clock_source', 'virtual_machine'}
