"""Capture NVIDIA GPUs through the program nvidia-smi."""

from __future__ import annotations

from ..core.capture import CLIArg, namespace
from .programs import output_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# Attributes whose values are free text and may hold the separator, ', '.
FREE_TEXT = ('gpu_name', 'name')


def gpu_id(value: object) -> str:
    """Return an index, a UUID or a PCI bus id as nvidia-smi takes it."""
    word = str(value)
    plain = word.replace('-', '').replace(':', '').replace('.', '')
    if isinstance(value, float) or not (plain.isascii() and plain.isalnum()):
        raise ValueError(
            'nvidia_gpus must be indexes (from 0), UUIDs or PCI bus ids of GPUs, '
            f'not {value!r}'
        )
    return word


class MBNvidiaSmi:
    """Attributes of the NVIDIA GPUs, read with nvidia-smi.

    `MBGpu` gives numbers, and needs no program.

    Attributes:
        nvidia_attributes: names that `nvidia-smi --help-query-gpu` lists; the default is
            `gpu_name` and `memory.total`.
        nvidia_gpus: indexes from 0, UUIDs or PCI bus ids; the default is all GPUs.

    >>> from microbench import MicroBench
    >>> class Bench(MicroBench, MBNvidiaSmi):
    ...     nvidia_attributes = ('gpu_name', 'driver_version')
    ...     nvidia_gpus = (0, '00000000:01:00.0')
    """

    cli_name = 'nvidia-smi'
    cli_fields = ('nvidia', 'host')
    cli_args = (
        CLIArg(
            ['--nvidia-attributes'],
            'nvidia_attributes',
            'what to ask, see nvidia-smi --help-query-gpu (default: gpu_name memory.total)',
            metavar='ATTR',
            nargs='+',
        ),
        CLIArg(
            ['--nvidia-gpus'],
            'nvidia_gpus',
            'indexes from 0, UUIDs or PCI bus ids (default: all)',
            metavar='GPU',
            type=gpu_id,
            nargs='+',
        ),
    )

    def capture_nvidia(self, bm_data: dict[str, Any]) -> None:
        """Set `nvidia`, a list with one object for each GPU: text with units.

        A message of nvidia-smi in place of values ("No devices were found") is stored as
        `host.unavailable.nvidia`.

        Raises:
            ValueError: `nvidia_gpus` is empty or contains something that is not an id.
            FileNotFoundError: nvidia-smi is not installed.
            subprocess.CalledProcessError: nvidia-smi failed.
            subprocess.TimeoutExpired: nvidia-smi did not answer in time.
        """
        asked = _several(getattr(self, 'nvidia_attributes', ('gpu_name', 'memory.total')))
        attributes = ['uuid', *asked]
        command = ['nvidia-smi', '--format=csv,noheader']
        command.append(f'--query-gpu={",".join(attributes)}')
        if hasattr(self, 'nvidia_gpus'):
            command += ['-i', ','.join(_gpu_ids(self.nvidia_gpus))]
        _store(bm_data, attributes, output_of(command))


def _store(bm_data: dict[str, Any], attributes: list[str], output: str) -> None:
    """Store the rows of the output, and its last message if there is one."""
    lines = [line.strip() for line in output.splitlines()]
    rows = [(line, split(line, attributes)) for line in lines if line]
    bm_data['nvidia'] = [dict(zip(attributes, row, strict=True)) for _, row in rows if row]
    for message in [line for line, row in rows if not row]:
        namespace(namespace(bm_data, 'host'), 'unavailable')['nvidia'] = message


def split(line: str, attributes: list[str]) -> list[str]:
    """Return the values in a line of nvidia-smi; none if it is a message.

    nvidia-smi quotes nothing. A separator inside a value is assigned to the name of the
    GPU, or else to the last value.
    """
    parts = line.split(', ')
    surplus = len(parts) - len(attributes)
    if surplus < 0 or ' ' in parts[0]:
        return []
    texts = [place for place, name in enumerate(attributes) if name in FREE_TEXT]
    place = texts[0] if texts else len(attributes) - 1
    end = place + surplus + 1
    return [*parts[:place], ', '.join(parts[place:end]), *parts[end:]]


def _gpu_ids(gpus: Any) -> list[str]:
    ids = [gpu_id(gpu) for gpu in _several(gpus)]
    if not ids:
        raise ValueError(
            'nvidia_gpus cannot be empty: leave the attribute out to ask for all GPUs'
        )
    return ids


def _several(value: Any) -> Iterable[Any]:
    """Return a list of values, also if a single word or number was given."""
    if value is None or value == '':
        return ()
    return (value,) if isinstance(value, (str, int)) else value
