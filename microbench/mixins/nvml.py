"""Read the state of each GPU from NVML, the library of NVIDIA's driver.

A source is a function that reads a few fields. If it fails, only its own fields are
missing, and the reason is kept.
"""

from __future__ import annotations

from ..messages import one_line, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
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


class Session:
    """Initialize NVML; close() shuts it down.

    NVML counts its users, so sessions of several threads do not disturb each other.
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
        """Return the fields of each GPU, read from the sources."""
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

    def close(self) -> None:
        """Shut down NVML."""
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
    """Return why a value is missing, in NVML's words if it raised the error."""
    is_from_nvml = type(error).__name__.startswith('NVMLError')
    return text_of(error) if is_from_nvml else one_line(error)


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
