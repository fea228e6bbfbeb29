"""Capture NVIDIA GPUs through NVML, the library of their driver, in this process.

A missing package nvidia-ml-py raises ImportError, as `capture_optional` decides. A missing
driver, GPU or value never raises: `host.unavailable` has the reason.
"""

from __future__ import annotations

from math import inf

from ..core.capture import namespace, spanning
from .nvml import ENERGY, SAMPLED, SOURCES, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any


class MBGpu:
    """State of the NVIDIA GPUs and the energy that the code used, in numbers.

    Requires the package nvidia-ml-py (`pip install microbench[gpu]`). To take samples while
    the code runs, stored in `call.monitor`:

    >>> from microbench import MicroBench
    >>> class Bench(MicroBench, MBGpu):
    ...     monitor = MBGpu.gpu_sample
    ...     monitor_interval = 1
    """

    cli_name = 'gpu'
    cli_fields = ('gpus', 'host')

    @spanning
    def capture_gpu(self, bm_data: dict[str, Any]) -> Generator[None]:
        """Set `gpus`, a list with one object for each GPU.

        `memory_total` and `memory_used` are bytes; `utilization_gpu` and
        `utilization_memory` percent of the last sampling period; `power_w` watts;
        `energy_j` joules since the driver was loaded, and `energy_used_j` joules while the
        code ran; `temperature_c` degrees Celsius; ECC errors are counted since the driver
        was loaded. A value that a GPU does not provide is left out, and `host.unavailable`
        has the reason: `{"gpus.1.power_w": "Not Supported"}`.

        Raises:
            ImportError: nvidia-ml-py is not installed.
        """
        session = Session()
        try:
            gpus = bm_data['gpus'] = session.read(SOURCES)
            _explain(bm_data, session.why)
            yield
            for gpu, later in zip(gpus, session.read(ENERGY), strict=True):
                used = later.get('energy_j', -inf) - gpu.get('energy_j', inf)
                if used >= 0:  # it is negative if the driver was reloaded
                    gpu['energy_used_j'] = round(used, 3)
        finally:
            session.close()

    @classmethod
    def gpu_sample(cls, process: Any = None) -> dict[str, Any]:
        """Return one flat sample for a monitor, such as `{"gpu0_power_w": 71.5, ...}`.

        Args:
            process: a `psutil.Process`, as passed to a monitor; `gpu0_process_memory` is
                the memory that it uses, in bytes.

        Returns:
            The sample; `{"gpu_unavailable": "..."}` without a driver. Values that a GPU
            does not provide are left out.

        Raises:
            ImportError: nvidia-ml-py is not installed.
        """
        session = Session()
        try:
            gpus = session.read(SAMPLED)
        finally:
            session.close()
        if 'gpus' in session.why:
            return {'gpu_unavailable': session.why['gpus']}
        return {
            f'gpu{gpu["index"]}_{field}': value
            for gpu in gpus
            for field, value in _flat(gpu, process).items()
        }


def _explain(bm_data: dict[str, Any], why: dict[str, str]) -> None:
    """Store in the record why values are missing."""
    if why:
        namespace(namespace(bm_data, 'host'), 'unavailable').update(why)


def _flat(gpu: dict[str, Any], process: Any) -> dict[str, Any]:
    """Return the numbers of a GPU, with the memory of one process instead of all."""
    flat = {k: v for k, v in gpu.items() if k not in ('index', 'processes')}
    for entry in gpu.get('processes', ()):
        if entry['pid'] == getattr(process, 'pid', None) and 'memory' in entry:
            flat['process_memory'] = flat.get('process_memory', 0) + entry['memory']
    return flat
