"""Capture the Python that runs the code."""

from __future__ import annotations

import sys

from ..core.capture import namespace, per_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class MBPythonInfo:
    """Python version, build, prefix and executable.

    Part of `MicroBench`. Never raises.

    >>> from microbench import MBPythonInfo, MicroBenchBase
    >>> class Bench(MBPythonInfo, MicroBenchBase):
    ...     pass
    >>> bench = Bench()
    >>> with bench.record():
    ...     pass
    >>> sorted(bench.get_results()[0]['python'])
    ['build', 'executable', 'prefix', 'version']
    """

    cli_name = 'python-info'
    cli_fields = ('python',)
    cli_default = True
    cli_place = 1

    @per_process
    def capture_python_info(self, bm_data: dict[str, Any]) -> None:
        """Set `python.version`, `python.build`, `python.prefix` and `python.executable`."""
        python = namespace(bm_data, 'python')
        platform = sys.modules.get('platform')  # not imported, to save its time
        version = platform.python_version() if platform else sys.version.split()[0]
        python['version'] = version
        python['build'] = build()
        python['prefix'] = sys.prefix
        python['executable'] = sys.executable


def build() -> str:
    """Return which build of its version this interpreter is: `(main, ...) [GCC ...]`.

    `sys.version` has its branch, time and compiler, and whether it is free-threaded. Two
    builds that were optimized in different ways have different times. The options of
    `configure` would take several milliseconds to read.
    """
    debug = ' debug' if hasattr(sys, 'gettotalrefcount') else ''
    return ' '.join(sys.version.split()[1:]) + debug
