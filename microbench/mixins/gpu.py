"""NVIDIA GPUs as their driver describes them, read in process through NVML.

What can be installed raises: without the package nvidia-ml-py a record has an
ImportError, as `capture_optional` decides. What the machine lacks (driver, GPU, a value
that this model does not have) never raises: `host.unavailable` says why it is not there.
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
    """State of the NVIDIA GPUs and the energy the code took, in numbers.

    Needs the package nvidia-ml-py (`pip install microbench[gpu]`). To have samples while
    the code runs, as `call.monitor`:

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
        `energy_j` joules since the driver was loaded, and `energy_used_j` those from
        here to the end of the code; `temperature_c` degrees Celsius; ECC errors are
        counted since the driver was loaded. What a GPU cannot tell is left out, and
        `host.unavailable` has the reason: `{"gpus.1.power_w": "Not Supported"}`.

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
                if used >= 0:  # the driver may have been loaded anew
                    gpu['energy_used_j'] = round(used, 3)
        finally:
            session.close()

    @classmethod
    def gpu_sample(cls, process: Any = None) -> dict[str, Any]:
        """Return one flat sample for a monitor, such as `{"gpu0_power_w": 71.5, ...}`.

        Args:
            process: a `psutil.Process`, as a monitor gets it; the memory that it uses
                becomes `gpu0_process_memory`, in bytes.

        Without a driver the sample is `{"gpu_unavailable": "..."}`. Values that a GPU
        cannot tell are left out.

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
    """Note in the record what is not there."""
    if why:
        namespace(namespace(bm_data, 'host'), 'unavailable').update(why)


def _flat(gpu: dict[str, Any], process: Any) -> dict[str, Any]:
    """Return the numbers of a GPU, and the memory of one process in place of all."""
    flat = {k: v for k, v in gpu.items() if k not in ('index', 'processes')}
    for entry in gpu.get('processes', ()):
        if entry['pid'] == getattr(process, 'pid', None) and 'memory' in entry:
            flat['process_memory'] = flat.get('process_memory', 0) + entry['memory']
    return flat
