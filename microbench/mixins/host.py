"""Capture the machine, and the working directory.

See processor.py for the CPU, containers.py for the container.
"""

from __future__ import annotations

import os
import sys

from ..core.capture import WORKING_DIR, early, namespace, native, per_process
from . import containers, processor
from .machine import add_affinity, informant, logical_cores, reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


class MBHostInfo:
    """Host name, operating system, processor, memory, virtual machine, container.

    Memory is in bytes. On systems other than Linux, cores and memory require psutil;
    without it they are left out. `host.unavailable` has the reason for each value that
    cannot be read.

    >>> from microbench import MBHostInfo, MicroBench
    >>> class Bench(MicroBench, MBHostInfo):
    ...     pass
    >>> bench = Bench()
    >>> with bench.record():
    ...     pass
    >>> bench.get_results()[0]['host']['os'] == sys.platform
    True
    """

    cli_name = 'host-info'
    cli_fields = ('host',)
    cli_default = True
    cli_place = 2

    @per_process
    def capture_hostname(self, bm_data: dict[str, Any]) -> None:
        """Set `host.hostname`."""
        # Importing socket takes a tenth of Python's start; its result is the same.
        socket = sys.modules.get('socket')
        name = os.uname().nodename if socket is None else socket.gethostname()
        namespace(bm_data, 'host')['hostname'] = name

    @per_process
    def capture_os(self, bm_data: dict[str, Any]) -> None:
        """Set `host.os`, such as `linux` or `darwin`."""
        namespace(bm_data, 'host')['os'] = sys.platform

    @per_process
    def capture_affinity(self, bm_data: dict[str, Any]) -> None:
        """Set `host.cpu_affinity` and `host.cpu_cores_usable`, if some CPUs are excluded.

        Their form is `0-3,8` and 5. taskset(1) or the launcher of a job sets them. They are
        those of the main thread, even if another thread has the first record.
        """
        add_affinity(bm_data, os.getpid())

    @per_process
    def capture_container(self, bm_data: dict[str, Any]) -> None:
        """Set `host.container`, such as `docker`, and `host.container_image` if known."""
        if sys.platform == 'linux':
            namespace(bm_data, 'host').update(containers.container())

    @per_process
    def capture_cpu_cores(self, bm_data: dict[str, Any]) -> None:
        """Set `host.cpu_cores_logical` and `host.cpu_cores_physical`."""
        psutil = informant()
        if psutil is not None:
            _add(bm_data, 'cpu_cores_logical', lambda: logical_cores(psutil))
            _add(bm_data, 'cpu_cores_physical', lambda: psutil.cpu_count(logical=False))

    @per_process
    def capture_cpu_model(self, bm_data: dict[str, Any]) -> None:
        """Set `host.cpu_model`, such as `AMD EPYC 9654`."""
        _update(bm_data, 'cpu_model', processor.model)

    @per_process
    def capture_cpu_scaling(self, bm_data: dict[str, Any]) -> None:
        """Set `host.cpu_max_mhz`, such as 3700.0, and `host.cpu_governor`."""
        _update(bm_data, 'cpu_governor', processor.frequency)

    @per_process
    def capture_clock_source(self, bm_data: dict[str, Any]) -> None:
        """Set `host.clock_source`, such as `tsc`."""
        _update(bm_data, 'clock_source', processor.clock_source)

    @per_process
    def capture_virtual_machine(self, bm_data: dict[str, Any]) -> None:
        """Set `host.virtual_machine`, such as `kvm`, in a virtual machine."""
        _update(bm_data, 'virtual_machine', processor.virtual_machine)

    @per_process
    def capture_ram_total(self, bm_data: dict[str, Any]) -> None:
        """Set `host.ram_total`, in bytes."""
        psutil = informant()
        if psutil is not None:
            _add(bm_data, 'ram_total', lambda: psutil.virtual_memory().total)


# As they are defined here: a test may patch the class.
CAPTURES: list[Any] = [
    hook for name, hook in vars(MBHostInfo).items() if name.startswith('capture_')
]


def _add(bm_data: dict[str, Any], field: str, ask: Callable[[], Any]) -> None:
    """Set a field of the host; if it cannot be read, store the reason."""
    host = namespace(bm_data, 'host')
    try:
        host[field] = ask()
    except Exception as error:
        namespace(host, 'unavailable')[field] = reason(error)


def _update(
    bm_data: dict[str, Any], field: str, ask: Callable[[], Mapping[str, Any]]
) -> None:
    """Set fields of the host; if they cannot be read, store the reason under `field`."""
    host = namespace(bm_data, 'host')
    try:
        if sys.platform != 'linux':
            raise LookupError(f'it is not read on {sys.platform}')
        host.update(ask())
    except Exception as error:
        namespace(host, 'unavailable')[field] = reason(error)


class MBWorkingDir:
    """Working directory of the call, stored as `call.working_dir`.

    >>> from microbench import MBWorkingDir, MicroBench
    >>> class Bench(MicroBench, MBWorkingDir):
    ...     pass
    >>> bench = Bench()
    >>> with bench.record():
    ...     pass
    >>> bench.get_results()[0]['call']['working_dir'] == os.getcwd()
    True
    """

    cli_name = 'working-dir'
    cli_default = True
    cli_place = 5

    @native(WORKING_DIR, (os, 'getcwd'))
    @early
    def capture_working_dir(self, bm_data: dict[str, Any]) -> None:
        """Set `call.working_dir`.

        Raises:
            FileNotFoundError: the directory was deleted.
        """
        namespace(bm_data, 'call')['working_dir'] = os.getcwd()
