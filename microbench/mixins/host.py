"""Capture the machine and the working directory."""

from __future__ import annotations

import os
import sys

from ..core.capture import early, namespace, per_process
from .container import container
from .cpus import add_affinity
from .kernel import reason
from .machine import informant, logical_cores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class MBHostInfo:
    """Host name, operating system, CPU cores and memory.

    Memory is in bytes. On systems other than Linux, cores and memory require psutil;
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
            namespace(bm_data, 'host').update(container())

    @per_process
    def capture_cpu_cores(self, bm_data: dict[str, Any]) -> None:
        """Set `host.cpu_cores_logical` and `host.cpu_cores_physical`."""
        psutil = informant()
        if psutil is not None:
            _add(bm_data, 'cpu_cores_logical', lambda: logical_cores(psutil))
            _add(bm_data, 'cpu_cores_physical', lambda: psutil.cpu_count(logical=False))

    @per_process
    def capture_ram_total(self, bm_data: dict[str, Any]) -> None:
        """Set `host.ram_total`, in bytes."""
        psutil = informant()
        if psutil is not None:
            _add(bm_data, 'ram_total', lambda: psutil.virtual_memory().total)


def _add(bm_data: dict[str, Any], field: str, ask: Callable[[], Any]) -> None:
    """Set a field of the host; if it cannot be read, store the reason."""
    host = namespace(bm_data, 'host')
    try:
        host[field] = ask()
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

    @early
    def capture_working_dir(self, bm_data: dict[str, Any]) -> None:
        """Set `call.working_dir`.

        Raises:
            FileNotFoundError: the directory was deleted.
        """
        namespace(bm_data, 'call')['working_dir'] = os.getcwd()
