"""Read the model of the processor, how it is run, and what keeps time (Linux).

Each function returns fields of `host`, or raises with the reason why there is none.
"""

from __future__ import annotations

import os

from .machine import first_of, is_number, text_if_readable, text_of

CPUINFO = '/proc/cpuinfo'  # proc_cpuinfo(5)
FREQUENCY = '/sys/devices/system/cpu/cpu{}/cpufreq'  # Documentation/admin-guide/pm/cpufreq
DIGITS = 12  # of a frequency in kHz
CLOCK = '/sys/devices/system/clocksource/clocksource0/current_clocksource'
DMI = '/sys/class/dmi/id'  # Documentation/ABI/testing/sysfs-class-dmi
HYPERVISOR = '/sys/hypervisor/type'

# The line with the model: on x86; POWER; MIPS; and of what 64-bit ARM has instead.
MODELS = ('model name', 'cpu', 'cpu model')
OF_ARM = {'CPU implementer': 'implementer', 'CPU part': 'part', 'CPU revision': 'revision'}

# Words in the vendor and the product that a machine names, and the hypervisor.
VENDORS = {
    'vmware': 'vmware',
    'virtualbox': 'virtualbox',
    'virtual machine': 'hyper-v',
    'xen': 'xen',
    'amazon': 'amazon',
    'google': 'google',
    'parallels': 'parallels',
    'bochs': 'bochs',
    'bhyve': 'bhyve',
    'qemu': 'qemu',
    'kvm': 'kvm',
    'openstack': 'kvm',
}
BARE = '.metal'  # how names of machines of Amazon EC2 without a hypervisor end

_read: list[dict[str, str]] = []  # what model() has read, for virtual_machine() after it


def model() -> dict[str, str]:
    """Return `cpu_model`.

    Raises:
        LookupError, OSError: the kernel does not name it.
    """
    _read[:] = [lines := _lines()]
    for name in MODELS:
        if lines.get(name):
            return {'cpu_model': lines[name]}
    of_arm = [f'{word} {lines[name]}' for name, word in OF_ARM.items() if name in lines]
    if not of_arm:
        raise LookupError(f'{CPUINFO} names no model')
    return {'cpu_model': f'ARM {", ".join(of_arm)}'}


def frequency(root: str = '') -> dict[str, float | str]:
    """Return `cpu_max_mhz` and `cpu_governor`, of the first CPU that may be used.

    Args:
        root: folder with `sys`; a test has another.

    Raises:
        LookupError, OSError, ValueError: the kernel does not scale frequencies, as in most
            virtual machines; or it cannot be read.
    """
    folder = root + FREQUENCY.format(min(os.sched_getaffinity(0)))
    if not os.path.isdir(folder):
        raise LookupError('the kernel has no control of it: there is no cpufreq')
    most = text_of(f'{folder}/cpuinfo_max_freq').strip()
    if not is_number(most, DIGITS):
        raise ValueError(f'{folder}: {most[:80]!r} is not a frequency in kHz')
    governor = text_of(f'{folder}/scaling_governor').strip()
    return {'cpu_max_mhz': int(most) / 1000, 'cpu_governor': governor}


def clock_source(root: str = '') -> dict[str, str]:
    """Return `clock_source`: what the kernel keeps time by.

    Args:
        root: folder with `sys`; a test has another.

    Raises:
        OSError: it cannot be read.
    """
    return {'clock_source': text_of(root + CLOCK).strip()}


def virtual_machine() -> dict[str, str]:
    """Return `virtual_machine`: the hypervisor, `unknown` if it has no name.

    Empty on a machine without one.

    Raises:
        OSError: the processor cannot be read.
    """
    lines = _read.pop() if _read else _lines()
    flags = lines.get('flags', '').split()
    names = f'{_named("sys_vendor")} {_named("product_name")}'.lower()
    is_x86 = bool(flags)
    if (is_x86 and 'hypervisor' not in flags) or names.endswith(BARE):
        return {}
    found = next((name for words, name in VENDORS.items() if words in names), '')
    found = found or text_if_readable(HYPERVISOR).strip() or ('unknown' if is_x86 else '')
    return {'virtual_machine': found} if found else {}


def _lines() -> dict[str, str]:
    """Return the first processor's lines of CPUINFO, by name."""
    found: dict[str, str] = {}
    for line in first_of(CPUINFO).splitlines():
        name, _, value = line.partition(':')
        found.setdefault(name.strip(), value.strip())
    return found


def _named(what: str) -> str:
    return text_if_readable(f'{DMI}/{what}').strip()
