"""Time code, and keep what explains the time: one JSON line for each thing timed."""

__version__ = '3.0.0.dev0'

# Where each public name lives. Modules are imported when a name is first used, so that
# `import microbench` costs nothing in a program that records nothing.
_HOME = {
    'MicroBench': 'bench',
    'MicroBenchBase': 'bench',
    'Record': 'record',
    'compare': 'comparison.compare',
    'read': 'reader',
    'query': 'querying.query',
    'measure': 'measurement',
    'Measurement': 'measuring.result',
    'ranks': 'results.ranks',
    'summary': 'results.summary',
    'sweep': 'sweeps.sweep',
    'Histogram': 'results.histogram',
    'JSONEncoder': 'encoding.json_encoder',
    'JSONEncodeWarning': 'encoding.json_encoder',
    'Output': 'outputs.base',
    'FileOutput': 'outputs.file',
    'NullOutput': 'outputs.base',
    'HttpOutput': 'outputs.http',
    'RedisOutput': 'outputs.redis',
    'PostgresOutput': 'outputs.postgres',
    'OtlpOutput': 'outputs.otlp',
    'PrometheusOutput': 'outputs.prometheus',
    'CLIArg': 'core.capture',
    'MBPythonInfo': 'mixins.python',
    'MBHostInfo': 'mixins.host',
    'MBWorkingDir': 'mixins.host',
    'MBFunctionCall': 'mixins.call',
    'MBReturnValue': 'mixins.call',
    'MBPeakMemory': 'mixins.memory',
    'MBCondaPackages': 'mixins.conda',
    'MBGlobalPackages': 'mixins.loaded',
    'MBInstalledPackages': 'mixins.packages',
    'MBFileHash': 'mixins.files',
    'MBCgroupLimits': 'mixins.cgroup',
    'MBLoadedModules': 'mixins.modules',
    'MBSlurmInfo': 'mixins.slurm',
    'MBStability': 'mixins.stability',
    'MBCounters': 'mixins.perf_counters',
    'MBCpuTime': 'mixins.cpu_time',
    'MBEnergy': 'mixins.energy',
    'MBGitInfo': 'mixins.git',
    'MBGpu': 'mixins.gpu',
    'MBNvidiaSmi': 'mixins.nvidia',
    'MBLineProfiler': 'mixins.profiler',
    'MBResourceUsage': 'mixins.usage',
}

__all__ = [
    'CLIArg',
    'FileOutput',
    'Histogram',
    'HttpOutput',
    'JSONEncodeWarning',
    'JSONEncoder',
    'MBCgroupLimits',
    'MBCondaPackages',
    'MBCounters',
    'MBCpuTime',
    'MBEnergy',
    'MBFileHash',
    'MBFunctionCall',
    'MBGitInfo',
    'MBGlobalPackages',
    'MBGpu',
    'MBHostInfo',
    'MBInstalledPackages',
    'MBLineProfiler',
    'MBLoadedModules',
    'MBNvidiaSmi',
    'MBPeakMemory',
    'MBPythonInfo',
    'MBResourceUsage',
    'MBReturnValue',
    'MBSlurmInfo',
    'MBStability',
    'MBWorkingDir',
    'Measurement',
    'MicroBench',
    'MicroBenchBase',
    'NullOutput',
    'OtlpOutput',
    'Output',
    'PostgresOutput',
    'PrometheusOutput',
    'Record',
    'RedisOutput',
    'compare',
    'measure',
    'query',
    'ranks',
    'read',
    'summary',
    'sweep',
]


# Modules that programs use by their whole name: `microbench.diff.envdiff`.
_MODULES = ('diff', 'livestream')

_TYPE_CHECKING = False
if _TYPE_CHECKING:  # never: PyInstaller and its like look for import statements
    from . import bench, diff, livestream, measurement, notebook, reader, record  # noqa: F401
    from .comparison import compare, report  # noqa: F401
    from .core import capture  # noqa: F401
    from .encoding import json_encoder  # noqa: F401
    from .measuring import result  # noqa: F401
    from .mixins import (  # noqa: F401
        call,
        cgroup,
        conda,
        cpu_time,
        energy,
        files,
        git,
        gpu,
        host,
        loaded,
        memory,
        modules,
        nvidia,
        packages,
        perf_counters,
        profiler,
        python,
        slurm,
        stability,
        usage,
    )
    from .outputs import base, file, http, otlp, postgres, prometheus, redis  # noqa: F401
    from .querying import query
    from .results import histogram, ranks, summary  # noqa: F401
    from .sweeps import sweep


def __getattr__(name):
    if name in _MODULES:
        return __import__(f'{__name__}.{name}', fromlist=[name])
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    try:
        module = __import__(f'{__name__}.{home}', fromlist=[name])
    except ImportError:
        from .subinterpreters import explain  # start-up time

        explain()
        raise
    value = globals()[name] = getattr(module, name)
    return value


def load_ipython_extension(shell):
    """Add `%microbench` and `%%microbench` to a running IPython: `%load_ext microbench`."""
    from .magics import load  # start-up time

    load(shell)


def unload_ipython_extension(shell):
    """Remove both from it: `%unload_ext microbench`."""
    from .magics import unload  # start-up time

    unload(shell)


def __dir__():
    return sorted({*globals(), *__all__, *_MODULES})
