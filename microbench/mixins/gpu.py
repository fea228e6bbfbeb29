"""NVIDIA GPUs as their driver describes them, read in process through NVML.

What can be installed raises: without the package nvidia-ml-py a record has an
ImportError, as `capture_optional` decides. What the machine lacks (driver, GPU, a value
that this model does not have) never raises: `host.unavailable` says why it is not there.
"""

from __future__ import annotations

from ..core.capture import namespace, spanning
from ..messages import one_line, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    Reader = Callable[[Any, Any], tuple[Any, ...]]

THROTTLE_REASONS = {  # bits of nvmlDeviceGetCurrentClocksEventReasons
    0x001: 'gpu_idle',
    0x002: 'applications_clocks_setting',
    0x004: 'sw_power_cap',
    0x008: 'hw_slowdown',
    0x010: 'sync_boost',
    0x020: 'sw_thermal_slowdown',
    0x040: 'hw_thermal_slowdown',
    0x080: 'hw_power_brake_slowdown',
    0x100: 'display_clock_setting',
}


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
            session.explain(bm_data)
            yield
            for gpu, later in zip(gpus, session.read(ENERGY), strict=True):
                if 'energy_j' in gpu and 'energy_j' in later:
                    gpu['energy_used_j'] = round(later['energy_j'] - gpu['energy_j'], 3)
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


def _flat(gpu: dict[str, Any], process: Any) -> dict[str, Any]:
    """Return the numbers of a GPU, and the memory of one process in place of all."""
    flat = {k: v for k, v in gpu.items() if k not in ('index', 'processes')}
    for entry in gpu.get('processes', ()):
        if entry['pid'] == getattr(process, 'pid', None) and 'memory' in entry:
            flat['process_memory'] = flat.get('process_memory', 0) + entry['memory']
    return flat


# --- the session ----------------------------------------------------------------------


class Session:
    """NVML while it is in use: initialised, and shut down by close().

    NVML counts who uses it, so sessions of several threads do not disturb each other.
    """

    def __init__(self) -> None:
        self.nvml = _package()
        self.why: dict[str, str] = {}  # what is not there, and the reason
        self.gpus: dict[int, Any] = {}  # handles by index
        self._open = False
        try:
            self.nvml.nvmlInit()
            self._open = True
            count = self.nvml.nvmlDeviceGetCount()
        except Exception as error:
            self.why['gpus'] = reason(error)
            return
        for index in range(count):
            self._find(index)

    def _find(self, index: int) -> None:
        try:
            self.gpus[index] = self.nvml.nvmlDeviceGetHandleByIndex(index)
        except Exception as error:
            self.why[f'gpus.{index}'] = reason(error)

    def read(self, sources: dict[str, Reader]) -> list[dict[str, Any]]:
        """Return what the sources tell about each GPU."""
        return [self._one(index, gpu, sources) for index, gpu in self.gpus.items()]

    def _one(self, index: int, gpu: Any, sources: dict[str, Reader]) -> dict[str, Any]:
        values: dict[str, Any] = {'index': index}
        for fields, source in sources.items():
            names = fields.split()
            try:
                values.update(zip(names, source(self.nvml, gpu), strict=True))
            except Exception as error:
                self.why.update({f'gpus.{index}.{n}': reason(error) for n in names})
        return values

    def explain(self, bm_data: dict[str, Any]) -> None:
        """Note in the record what is not there."""
        if self.why:
            host = namespace(bm_data, 'host')
            namespace(host, 'unavailable').update(self.why)

    def close(self) -> None:
        """Let go of the driver."""
        if self._open:
            self._open = False
            try:
                self.nvml.nvmlShutdown()
            except Exception:
                pass  # the driver has gone: there is nothing left to let go of


def _package() -> Any:
    try:
        import pynvml
    except ImportError as error:
        raise ImportError(
            'MBGpu needs the package nvidia-ml-py: pip install microbench[gpu]',
            name='pynvml',
        ) from error
    return pynvml


def reason(error: Exception) -> str:
    """Return why something is not there, in NVML's own words where they are."""
    ours = type(error).__name__.startswith('NVMLError')
    return text_of(error) if ours else one_line(error)


# --- the sources ----------------------------------------------------------------------


def _memory(nvml: Any, gpu: Any) -> tuple[Any, ...]:
    try:  # like nvidia-smi: what the driver reserves for itself is not "used"
        info = nvml.nvmlDeviceGetMemoryInfo(gpu, version=nvml.nvmlMemory_v2)
    except (nvml.NVMLError, AttributeError):
        info = nvml.nvmlDeviceGetMemoryInfo(gpu)  # drivers before 510
    return info.total, info.used


def _utilization(nvml: Any, gpu: Any) -> tuple[Any, ...]:
    rates = nvml.nvmlDeviceGetUtilizationRates(gpu)
    return rates.gpu, rates.memory


def _clocks(nvml: Any, gpu: Any) -> tuple[Any, ...]:
    kinds = (nvml.NVML_CLOCK_SM, nvml.NVML_CLOCK_MEM)
    return tuple(nvml.nvmlDeviceGetClockInfo(gpu, kind) for kind in kinds)


def _throttle_reasons(nvml: Any, gpu: Any) -> tuple[Any, ...]:
    try:
        bits = nvml.nvmlDeviceGetCurrentClocksEventReasons(gpu)
    except (nvml.NVMLError, AttributeError):
        bits = nvml.nvmlDeviceGetCurrentClocksThrottleReasons(gpu)  # before 535
    return ([name for bit, name in THROTTLE_REASONS.items() if bits & bit],)


def _mig(nvml: Any, gpu: Any) -> tuple[Any, ...]:
    current, _ = nvml.nvmlDeviceGetMigMode(gpu)
    return bool(current), _mig_devices(nvml, gpu) if current else []


def _mig_devices(nvml: Any, gpu: Any) -> list[dict[str, Any]]:
    devices = []
    for place in range(nvml.nvmlDeviceGetMaxMigDeviceCount(gpu)):
        try:
            device = nvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, place)
        except nvml.NVMLError:
            continue  # a place that is not in use
        total, used = _memory(nvml, device)
        uuid = nvml.nvmlDeviceGetUUID(device)
        devices.append({'uuid': uuid, 'memory_total': total, 'memory_used': used})
    return devices


def _ecc(nvml: Any, gpu: Any) -> tuple[Any, ...]:
    return (bool(nvml.nvmlDeviceGetEccMode(gpu)[0]),)


def _ecc_errors(nvml: Any, gpu: Any) -> tuple[Any, ...]:
    kinds = (nvml.NVML_MEMORY_ERROR_TYPE_CORRECTED, nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED)
    since = nvml.NVML_VOLATILE_ECC
    return tuple(nvml.nvmlDeviceGetTotalEccErrors(gpu, kind, since) for kind in kinds)


def _processes(nvml: Any, gpu: Any) -> tuple[Any, ...]:
    kinds = {
        'compute': nvml.nvmlDeviceGetComputeRunningProcesses(gpu),
        'graphics': nvml.nvmlDeviceGetGraphicsRunningProcesses(gpu),
    }
    return ([_process(kind, found) for kind in kinds for found in kinds[kind]],)


def _process(kind: str, found: Any) -> dict[str, Any]:
    process = {'pid': found.pid, 'kind': kind}
    if found.usedGpuMemory is not None:  # the driver does not always know
        process['memory'] = found.usedGpuMemory
    return process


# Fields that a source fills, and the source: it gets NVML and the handle of a GPU.
ENERGY: dict[str, Reader] = {
    'energy_j': lambda nvml, gpu: (nvml.nvmlDeviceGetTotalEnergyConsumption(gpu) / 1000,),
}
SAMPLED: dict[str, Reader] = {
    'memory_used': lambda nvml, gpu: _memory(nvml, gpu)[1:],
    'utilization_gpu utilization_memory': _utilization,
    'power_w': lambda nvml, gpu: (nvml.nvmlDeviceGetPowerUsage(gpu) / 1000,),
    **ENERGY,
    'temperature_c': lambda nvml, gpu: (
        nvml.nvmlDeviceGetTemperature(gpu, nvml.NVML_TEMPERATURE_GPU),
    ),
    'clock_sm_mhz clock_memory_mhz': _clocks,
    'processes': _processes,
}
SOURCES: dict[str, Reader] = {
    'uuid': lambda nvml, gpu: (nvml.nvmlDeviceGetUUID(gpu),),
    'name': lambda nvml, gpu: (nvml.nvmlDeviceGetName(gpu),),
    'driver': lambda nvml, gpu: (nvml.nvmlSystemGetDriverVersion(),),  # noqa: ARG005
    'memory_total memory_used': _memory,
    **{fields: source for fields, source in SAMPLED.items() if fields != 'memory_used'},
    'throttle_reasons': _throttle_reasons,
    'mig mig_devices': _mig,
    'ecc': _ecc,
    'ecc_corrected ecc_uncorrected': _ecc_errors,
}
