"""Know the fields that differ between any two records of the same work.

Such noise is readings of clocks, counters and sensors, and ids. All other fields may
explain why one record took longer, including the kind, limits and settings of a sensor.
The id of a scheduler's job is noise in every field, such as the working directory.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Places = dict[str, Any] | None

# Each path includes all paths below it. A star matches the number of an item.
MEASURED = {
    *('mb.run_id', 'mb.record_id', 'mb.clock.overhead_ns', 'mb.clock.resolution_ns'),
    'process.pid',
    *('mb.file_hash_seconds', 'call.start_time', 'call.finish_time', 'call.durations'),
    *('call.timings.*.duration', 'call.open_timings.*.duration', 'call.histogram'),
    *('call.timings_summary', 'call.timings_iteration', 'call.clock_step'),
    *('call.between', 'call.run_delay', 'call.load_average'),
    *('call.monitor', 'call.peak_memory_bytes', 'call.line_profile.*.time'),
    'call.peak_memory_is_upper_bound',
    *('call.line_profiler', 'resource_usage'),  # the first repeats the times of lines
    *('recovered.by', 'recovered.time', 'recovered.ended_before'),
    'recovered.parent_died',
    *(f'gpus.*.{name}' for name in ('memory_used', 'power_w', 'temperature_c')),
    *(f'gpus.*.utilization_{name}' for name in ('gpu', 'memory')),
    *(f'gpus.*.energy_{name}' for name in ('j', 'used_j')),
    *(f'gpus.*.clock_{name}_mhz' for name in ('sm', 'memory')),
    'gpus.*.processes',
    *(f'stability.{name}' for name in ('elapsed', 'run_queue_delay', 'block_delay')),
    *(f'stability.{name}' for name in ('preempted', 'major_faults', 'minor_faults')),
    *(f'stability.throttled{name}' for name in ('', '_periods')),
    *(f'stability.{name}' for name in ('memory_limit_hits', 'thermal_throttles')),
    *(f'stability.swapped_{name}' for name in ('in', 'out')),
    *(f'stability.{name}' for name in ('compactions', 'numa_migrated', 'cpu_mhz')),
    *(f'stability.{name}' for name in ('steal', 'others', 'pressure', 'disturbed_by')),
    *(f'stability.{name}' for name in ('warnings', 'unavailable')),
    *(f'nvidia.*.{name}' for name in ('timestamp', 'utilization', 'temperature')),
    *(f'nvidia.*.memory.{name}' for name in ('used', 'free')),
    *(f'nvidia.*.power.draw{name}' for name in ('', '.average', '.instant')),
    *(f'nvidia.*.clocks.{name}' for name in ('current', 'gr', 'sm', 'mem', 'video')),
    'nvidia.*.fan.speed',
}
# Set by a scheduler for each job or step. If only one record has them, they are no noise.
JOB_IDS = (
    *('slurm.job_id', 'slurm.jobid', 'slurm.array_job_id', 'slurm.job_sluid'),
    *('pbs.jobid', 'lsf.jobid', 'lsf.batch_jid', 'sge.job_id', 'flux.job_id'),
    *('flux.enclosing_id', 'htcondor.global_job_id', 'htcondor.job_id'),
    *('htcondor.cluster_id', 'oar.job_id', 'oar.jobid', 'cobalt.jobid', 'pjm.jobid'),
    *('aws_batch.job_id', 'kubernetes.uid', 'torchrun.run_id'),
)
OF_A_JOB = {
    *JOB_IDS,
    *('slurm.task_pid', 'slurm.job_start_time', 'slurm.job_end_time'),
    *('slurm.step_id', 'slurm.stepid', 'slurm.het_job_id', 'slurm.pack_job_id'),
    *('lsf.jobpid', 'lsf.jobfilename', 'lsf.chkfilename', 'lsf.jobres_pid'),
    *('lsf.jobres_callback', 'lsf.djob_hostfile', 'lsf.djob_rankfile', 'pbs.momport'),
    *('flux.uri', 'flux.kvs_namespace', 'htcondor.proc_id', 'kubernetes.pod'),
    'torchrun.error_file',
}
JOBS = (
    *('slurm.', 'pbs.', 'lsf.', 'sge.', 'flux.', 'htcondor.', 'oar.', 'cobalt.', 'pjm.'),
    *('aws_batch.', 'kubernetes.', 'torchrun.'),
)
PORTS = ('_port', '_ports')  # ends of variables of SLURM
SHORTEST_ID = 4  # characters; a shorter id counts only in the fields of JOBS

# Fields with paths of environments that `uv run` makes for one run; and the part of these
# paths that differs.
MADE_FOR_A_RUN = (
    *('python.prefix', 'python.executable', 'python.environment.prefix'),
    'python.installed_packages_of',
)
OF_A_RUN = r'/uv/(builds|archive|environments)-v\d+/[^/]+'

# Places in a record by name: ALL stands for a place and what is below it, None for one
# below which there is nothing of interest.
ALL: dict[str, Any] = {}


def _by_name(paths: Iterable[str]) -> dict[str, Any]:
    """Return nested dicts for the names in paths.

    >>> _by_name(['a.*.b', 'c'])
    {'a': {'*': {'b': {}}}, 'c': {}}
    """
    found: dict[str, Any] = {}
    for path in paths:
        *above, last = path.split('.')
        inner = found
        for name in above:
            inner = inner.setdefault(name, {})
            if inner is ALL:
                break
        else:
            inner[last] = ALL
    return found


MEASURED_PLACES = _by_name(MEASURED)


def within(places: Places, path: str) -> Places:
    """Return the places below a path, which begins at those places.

    >>> within(MEASURED_PLACES, 'call.timings.7'), within(MEASURED_PLACES, 'call.args')
    ({'duration': {}}, None)
    """
    for name in path.split('.'):
        if places is None or places is ALL:
            break
        places = places.get('*' if name.isdecimal() else name)
    return places


class Noise:
    """Distinguish noise from differences between two records.

    Args:
        left: values of the first record, by dotted path.
        right: values of the second record, by dotted path.
    """

    def __init__(self, left: dict[str, Any], right: dict[str, Any]) -> None:
        self._sides = left, right
        self._ids = [_ids_of(side) for side in self._sides]

    def covers(self, path: str) -> bool:
        """Return True if a difference at a path is noise.

        >>> one, two = ({'slurm.job_id': id, 'log': f'out-{id}'} for id in ('8841', '8842'))
        >>> Noise(one, two).covers('log')
        True
        """
        left, right = self._sides
        if (
            path in left
            and path in right
            and self.is_of_a_run(path, left[path], right[path])
        ):
            return True
        return is_measured(path)

    def is_of_a_run(self, path: str, left: Any, right: Any) -> bool:
        """Return True if two values differ only because of the job or run."""
        if path in OF_A_JOB or (path.startswith('slurm.') and path.endswith(PORTS)):
            return True
        if not (isinstance(left, str) and isinstance(right, str)) or left == right:
            return False
        if path in MADE_FOR_A_RUN and _without(OF_A_RUN, left) == _without(OF_A_RUN, right):
            return True
        least = 1 if path.startswith(JOBS) else SHORTEST_ID
        texts = zip((left, right), self._ids, strict=True)
        return len({_without_ids(text, ids, least) for text, ids in texts}) == 1


def is_measured(path: str) -> bool:
    """Return True if the values at a path are measurements or ids, which always differ.

    >>> is_measured('call.timings.12.duration'), is_measured('call.timings.12.name')
    (True, False)
    """
    return within(MEASURED_PLACES, path) is ALL


def _ids_of(side: dict[str, Any]) -> list[str]:
    """Return the numbers of the job, the longest first."""
    found = {side[path] for path in JOB_IDS if isinstance(side.get(path), str)}
    return sorted(found - {''}, key=len, reverse=True)


def _without_ids(text: str, ids: Iterable[str], least: int) -> str:
    import re

    for number in ids:
        if len(number) >= least:
            text = _without(rf'(?<![0-9]){re.escape(number)}(?![0-9])', text)
    return text


def _without(pattern: str, text: str) -> str:
    import re

    return re.sub(pattern, '*', text)
