"""Convert records of the flat schema from before 2.0 to the present schema.

In the flat schema all fields are at the top level: `function_name`, `run_durations`,
`hostname`. An unknown field was a static field and stays at the top level.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Old name, new path. No version before 2.0 wrote `python.prefix`, or the name and path of
# a conda environment, so these are missing in converted records.
MOVED = {
    'mb_run_id': ('mb', 'run_id'),
    'mb_version': ('mb', 'version'),
    'timestamp_tz': ('mb', 'timezone'),
    'duration_counter': ('mb', 'duration_counter'),
    'function_name': ('call', 'name'),
    'args': ('call', 'args'),
    'kwargs': ('call', 'kwargs'),
    'return_value': ('call', 'return_value'),
    'run_durations': ('call', 'durations'),
    'start_time': ('call', 'start_time'),
    'finish_time': ('call', 'finish_time'),
    'telemetry': ('call', 'monitor'),
    'line_profiler': ('call', 'line_profiler'),
    'python_version': ('python', 'version'),
    'python_executable': ('python', 'executable'),
    'package_paths': ('python', 'installed_package_paths'),
    'hostname': ('host', 'hostname'),
    'operating_system': ('host', 'os'),
    'cpu_cores_logical': ('host', 'cpu_cores_logical'),
    'cpu_cores_physical': ('host', 'cpu_cores_physical'),
    'ram_total': ('host', 'ram_total'),
    'conda_versions': ('conda', 'packages'),
}
SPACES = {path[0] for path in MOVED.values()} | {'env', 'nvidia'}
MARKS = ('function_name', 'run_durations')  # every record had both
ENV, NVIDIA = 'env_', 'nvidia_'
SCHEMA = 3  # of `mb.schema`: what a converted record follows


def is_flat_schema(record: dict[str, Any]) -> bool:
    """Return True if a record was written before 2.0.

    >>> is_flat_schema({'function_name': 'f', 'run_durations': [0.1]})
    True
    >>> is_flat_schema({'call': {'name': 'f'}, 'function_name': 'a static field'})
    False
    """
    nested = isinstance(record.get('call'), dict) or isinstance(record.get('mb'), dict)
    return not nested and all(mark in record for mark in MARKS)


def converted(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record from before 2.0 in the present schema, with all its values.

    Args:
        record: a record for which `is_flat_schema` is true; it is not changed.

    A static field that has the name of a present namespace gets a `_` after its name.

    >>> converted({'function_name': 'f', 'run_durations': [0.1], 'experiment': 'a'})['call']
    {'invocation': 'Python', 'name': 'f', 'durations': [0.1]}
    """
    # Readers find a record in a damaged line by its opening: `mb`, and in it `run_id`.
    new: dict[str, Any] = {'mb': {}, 'call': {'invocation': 'Python'}}
    for name, value in record.items():
        *spaces, last = _path_of(name, record)
        inner = new.setdefault(spaces[0], {}) if spaces else new
        inner[last] = value
    new['mb']['schema'] = SCHEMA
    _gather_gpus(new, record)
    return new


def _path_of(name: str, record: dict[str, Any]) -> tuple[str, ...]:
    if name == 'package_versions':  # of imported modules, or of all distributions
        kind = 'installed' if 'package_paths' in record else 'loaded'
        return 'python', f'{kind}_packages'
    if name.startswith(ENV) and name != ENV:
        return 'env', name.removeprefix(ENV)
    return MOVED.get(name) or (_free_name(name, record),)


def _free_name(name: str, record: dict[str, Any]) -> str:
    if name in SPACES:
        name += '_'
        while name in record:
            name += '_'
    return name


def _gather_gpus(new: dict[str, Any], record: dict[str, Any]) -> None:
    """Turn attributes, each with a value per GPU, into one object per GPU."""
    gpus: dict[str, dict[str, Any]] = {}
    for name, by_gpu in record.items():
        if name.startswith(NVIDIA) and _is_by_gpu(by_gpu):
            del new[name]
            for uuid, value in by_gpu.items():
                gpu = gpus.setdefault(uuid, {'uuid': uuid})
                gpu[name.removeprefix(NVIDIA)] = value
    if gpus:
        new['nvidia'] = list(gpus.values())


def _is_by_gpu(value: Any) -> bool:
    """Return True if a value is an object whose names are ids of GPUs."""
    ids = value if isinstance(value, dict) else {}
    return bool(ids) and all(name.startswith(('GPU-', 'MIG-')) for name in ids)
