"""Types of a record, for type checkers.

This file is made by docs/fields.py from docs/record.md.
"""

from __future__ import annotations

from typing import Any, TypedDict


class RecordMbSource(TypedDict):
    """Fields in `mb.source`."""

    tool: str
    version: str


class RecordMbClock(TypedDict, total=False):
    """Fields in `mb.clock`."""

    name: str
    source: str
    resolution_ns: float
    overhead_ns: float


class _RecordMb(TypedDict):
    """Fields always in `mb`."""

    run_id: str
    record_id: str
    version: str
    schema: int
    timezone: str
    duration_counter: str


class RecordMb(_RecordMb, total=False):
    """Fields in `mb`."""

    source: RecordMbSource
    clock: RecordMbClock
    masked: list[str]
    file_hash_algorithm: str
    file_hash_seconds: float
    unavailable: dict[str, str]


class RecordCallTimings(TypedDict):
    """Fields in an item of `call.timings`."""

    name: str
    duration: float


class RecordCallOpenTimings(TypedDict):
    """Fields in an item of `call.open_timings`."""

    name: str
    duration: float


class RecordCallCaptureErrors(TypedDict):
    """Fields in an item of `call.capture_errors`."""

    method: str
    error: str


class RecordCallLineProfile(TypedDict, total=False):
    """Fields in an item of `call.line_profile`."""

    file: str
    function: str
    line: int
    hits: int
    time: float


class _RecordCall(TypedDict):
    """Fields always in `call`."""

    invocation: str
    name: str
    durations: list[float]
    start_time: str
    finish_time: str


class RecordCall(_RecordCall, total=False):
    """Fields in `call`."""

    module: str
    qualname: str
    line: int
    loops: int
    histogram: dict[str, Any]
    every: int
    sample: float
    between: dict[str, Any]
    clock_step: float
    load_average: float
    run_delay: float
    timings: list[RecordCallTimings]
    timings_iteration: list[int]
    timings_summary: list[dict[str, Any]]
    open_timings: list[RecordCallOpenTimings]
    monitor: list[Any]
    capture_errors: list[RecordCallCaptureErrors]
    journal_full: bool
    command: list[str]
    returncode: list[int]
    working_dir: str
    stdout: list[str]
    stderr: list[str]
    timed_out: bool
    timed_out_iterations: list[bool]
    monitor_scope: str
    args: list[Any]
    kwargs: dict[str, Any]
    return_value: Any
    peak_memory_bytes: int | None
    peak_memory_is_upper_bound: bool
    slowed_by: list[str]
    line_profile: list[RecordCallLineProfile]
    line_profiler: str


class RecordException(TypedDict):
    """Fields in `exception`."""

    type: str
    message: str


class RecordRecovered(TypedDict, total=False):
    """Fields in `recovered`."""

    by: str
    time: str
    duration_is_lower_bound: bool
    ended_before: str
    parent_died: str


class RecordPython(TypedDict, total=False):
    """Fields in `python`."""

    version: str
    prefix: str
    executable: str
    build: str
    loaded_packages: dict[str, str | None]
    installed_packages: dict[str, str]
    installed_package_paths: dict[str, str]
    installed_package_sources: dict[str, Any]
    installed_packages_of: str
    environment: dict[str, str]
    unavailable: dict[str, str]


class RecordConda(TypedDict, total=False):
    """Fields in `conda`."""

    name: str | None
    path: str | None
    packages: dict[str, str]
    kind: str
    prefix: str
    unavailable: dict[str, str]


class RecordHost(TypedDict, total=False):
    """Fields in `host`."""

    hostname: str
    os: str
    cpu_cores_logical: int
    cpu_cores_physical: int
    ram_total: int
    cpu_model: str
    cpu_max_mhz: float
    cpu_governor: str
    clock_source: str
    virtual_machine: str
    cpu_affinity: str
    cpu_cores_usable: int
    container: str
    container_image: str
    unavailable: dict[str, str]


class RecordCgroups(TypedDict, total=False):
    """Fields in `cgroups`."""

    version: int
    cpu_cores_limit: float | None
    memory_bytes_limit: int | None
    memory_high_bytes: int
    cpuset: str
    cpuset_cores_limit: int


class RecordStabilityPressure(TypedDict):
    """Fields in `stability.pressure`."""

    cpu: float
    memory: float
    io: float


class RecordStability(TypedDict, total=False):
    """Fields in `stability`."""

    elapsed: float
    cpus: int
    run_queue_delay: float
    block_delay: float
    preempted: int
    major_faults: int
    minor_faults: int
    throttled: float
    throttled_periods: int
    memory_limit_hits: int
    thermal_throttles: int
    swapped_in: int
    swapped_out: int
    numa_migrated: int
    compactions: int
    steal: float
    others: float
    pressure: RecordStabilityPressure
    cpu_mhz: list[float]
    governor: str
    cpu_max_mhz: float
    turbo: bool
    smt: bool
    aslr: bool
    huge_pages: str
    clock_source: str
    numa_nodes: int
    disturbed_by: list[str]
    warnings: list[str]
    unavailable: dict[str, str]


class RecordCounters(TypedDict, total=False):
    """Fields in `counters`."""

    instructions: int
    cycles: int
    ref_cycles: int
    cache_references: int
    cache_misses: int
    branches: int
    branch_misses: int
    page_faults: int
    minor_faults: int
    major_faults: int
    task_clock: float
    time_enabled: float
    time_running: float
    scaled: bool
    phases: list[dict[str, Any]]
    unavailable: dict[str, str]


class RecordCpuTime(TypedDict, total=False):
    """Fields in `cpu_time`."""

    thread: float
    process: float
    phases: list[dict[str, Any]]
    unavailable: dict[str, str]


class RecordEnergy(TypedDict, total=False):
    """Fields in `energy`."""

    package_0: float
    package_0_dram: float
    psys: float
    gpu_0: float
    lower_bounds: list[str]
    unavailable: dict[str, str]


class RecordProcess(TypedDict, total=False):
    """Fields in `process`."""

    pid: int
    rank: int
    ranks: int
    local_rank: int
    thread: str


class RecordGit(TypedDict, total=False):
    """Fields in `git`."""

    repo: str
    commit: str
    branch: str
    dirty: bool


class RecordSweep(TypedDict, total=False):
    """Fields in `sweep`."""

    id: str
    index: int
    repeat: int
    point: dict[str, Any]
    attempt: int
    lost: bool


class RecordDask(TypedDict, total=False):
    """Fields in `dask`."""

    key: str
    worker: str
    worker_name: str
    nbytes: int


class RecordResourceUsage(TypedDict, total=False):
    """Fields in an item of `resource_usage`."""

    utime: float
    stime: float
    minflt: int
    majflt: int
    inblock: int
    oublock: int
    nvcsw: int
    nivcsw: int
    maxrss: int
    maxrss_is_upper_bound: bool


class _Record(TypedDict):
    """Fields always in a record."""

    mb: RecordMb
    call: RecordCall


class Record(_Record, total=False):
    """A record, as `get_results` returns it: a dict with these fields, and yours.

    The page "Fields of a record" says what the fields mean, and when they are absent.

    >>> from microbench import MicroBench, Record
    >>> bench = MicroBench()
    >>> with bench.record('fit'):
    ...     pass
    >>> def name_of(record: Record) -> str:
    ...     return record['call']['name']
    >>> name_of(bench.get_results()[0])
    'fit'
    """

    exception: RecordException
    exit_status: int
    exit_signal: str
    exit_path: str
    recovered: RecordRecovered
    env: dict[str, str | None]
    python: RecordPython
    conda: RecordConda
    host: RecordHost
    cgroups: RecordCgroups
    stability: RecordStability
    counters: RecordCounters
    cpu_time: RecordCpuTime
    energy: RecordEnergy
    slurm: dict[str, str]
    pbs: dict[str, Any]
    lsf: dict[str, Any]
    sge: dict[str, Any]
    flux: dict[str, Any]
    htcondor: dict[str, Any]
    oar: dict[str, Any]
    cobalt: dict[str, Any]
    pjm: dict[str, Any]
    aws_batch: dict[str, Any]
    kubernetes: dict[str, Any]
    torchrun: dict[str, Any]
    process: RecordProcess
    loaded_modules: dict[str, str]
    loaded_module_variants: dict[str, Any]
    git: RecordGit
    file_hashes: dict[str, str]
    file_hashes_left_out: dict[str, int]
    pytest: dict[str, Any]
    baseline: dict[str, Any]
    sweep: RecordSweep
    dask: RecordDask
    resource_usage: list[RecordResourceUsage]
    gpus: list[dict[str, Any]]
    nvidia: list[dict[str, str]]
