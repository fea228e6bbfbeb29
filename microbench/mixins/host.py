"""The machine and the place on it."""

from __future__ import annotations

import os
import sys

from ..core.capture import early, namespace, per_process
from .machine import informant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class MBHostInfo:
    """Host name, operating system, CPU cores and memory.

    Memory is in bytes. Other systems than Linux need psutil to tell cores and memory;
    without it they are left out.

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
        # Importing socket costs a tenth of Python's start; its answer is the same.
        socket = sys.modules.get('socket')
        name = os.uname().nodename if socket is None else socket.gethostname()
        namespace(bm_data, 'host')['hostname'] = name

    @per_process
    def capture_os(self, bm_data: dict[str, Any]) -> None:
        """Set `host.os`, such as `linux` or `darwin`."""
        namespace(bm_data, 'host')['os'] = sys.platform

    @per_process
    def capture_cpu_cores(self, bm_data: dict[str, Any]) -> None:
        """Set `host.cpu_cores_logical` and `host.cpu_cores_physical`."""
        psutil = informant()
        if psutil is not None:
            host = namespace(bm_data, 'host')
            host['cpu_cores_logical'] = psutil.cpu_count(logical=True)
            host['cpu_cores_physical'] = psutil.cpu_count(logical=False)

    @per_process
    def capture_ram_total(self, bm_data: dict[str, Any]) -> None:
        """Set `host.ram_total`, in bytes."""
        psutil = informant()
        if psutil is not None:
            namespace(bm_data, 'host')['ram_total'] = psutil.virtual_memory().total


class MBWorkingDir:
    """Working directory of the call.

    Raises FileNotFoundError where it was deleted.

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

    @early
    def capture_working_dir(self, bm_data: dict[str, Any]) -> None:
        """Set `call.working_dir`; FileNotFoundError if it was deleted."""
        namespace(bm_data, 'call')['working_dir'] = os.getcwd()
