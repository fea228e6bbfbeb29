"""Capture the energy that processors and GPUs used, in joules."""

from __future__ import annotations

from ..core.capture import resume, spanning
from . import rapl
from .nvml import ENERGY, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any


class MBEnergy:
    """Energy in joules that each domain used meanwhile: processors, memory, GPUs.

    From RAPL (files of Linux) and, with the package nvidia-ml-py, NVML. These meters are
    those of the whole machine: other programs are included. What cannot be read is missing,
    and `energy.unavailable` has the reason.

    >>> from microbench import MBEnergy, MicroBench
    >>> class Bench(MicroBench, MBEnergy):
    ...     outfile = '/dev/null'
    """

    cli_name = 'energy'
    cli_fields = ('energy',)

    @spanning
    def capture_energy(self, bm_data: dict[str, Any]) -> Generator[None]:
        """Set `energy`."""
        gpus = Gpus()
        try:
            processors = rapl.Meters()
            yield
            found, why = processors.used()
            of_gpus, reasons = gpus.used()
        finally:
            gpus.close()
        bm_data['energy'] = {**found, **of_gpus}
        if why or reasons:
            bm_data['energy']['unavailable'] = {**why, **reasons}

    def capturepost_energy(self, bm_data: dict[str, Any]) -> None:
        """Set `energy` if the hooks are called by hand."""
        resume(bm_data)


class Gpus:
    """The energy of NVIDIA GPUs since now."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self.why: dict[str, str] = {}
        try:
            self.session = Session()
        except ImportError:
            self.why['gpus'] = 'nvidia-ml-py is missing: pip install microbench[gpu]'
            return
        self.before = self._read()

    def _read(self) -> dict[int, float]:
        assert self.session is not None
        gpus = self.session.read(ENERGY)
        return {gpu['index']: gpu['energy_j'] for gpu in gpus if 'energy_j' in gpu}

    def used(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return joules by GPU, such as `gpu_0`, and why others are missing."""
        if self.session is None:
            return {}, self.why
        found, after = {}, self._read()
        reasons = {_name(field): text for field, text in self.session.why.items()}
        for index, joules in self.before.items():
            used = after.get(index, -1.0) - joules
            if used >= 0:
                found[f'gpu_{index}'] = round(used, 3)
            else:
                reasons.setdefault(f'gpu_{index}', 'its driver was loaded anew meanwhile')
        return found, reasons

    def close(self) -> None:
        """Let go of NVML."""
        if self.session is not None:
            self.session.close()


def _name(field: str) -> str:
    """Return the name of a GPU here: `gpu_0` for `gpus.0.energy_j`."""
    parts = field.split('.')
    return f'gpu_{parts[1]}' if len(parts) > 1 else field
