from .bench import MicroBench as MicroBench
from .bench import MicroBenchBase as MicroBenchBase
from .comparison.compare import compare as compare
from .core.capture import CLIArg as CLIArg
from .encoding.json_encoder import JSONEncoder as JSONEncoder
from .encoding.json_encoder import JSONEncodeWarning as JSONEncodeWarning
from .measurement import measure as measure
from .measuring.result import Measurement as Measurement
from .mixins.call import MBFunctionCall as MBFunctionCall
from .mixins.call import MBReturnValue as MBReturnValue
from .mixins.cgroup import MBCgroupLimits as MBCgroupLimits
from .mixins.conda import MBCondaPackages as MBCondaPackages
from .mixins.cpu_time import MBCpuTime as MBCpuTime
from .mixins.energy import MBEnergy as MBEnergy
from .mixins.files import MBFileHash as MBFileHash
from .mixins.git import MBGitInfo as MBGitInfo
from .mixins.gpu import MBGpu as MBGpu
from .mixins.host import MBHostInfo as MBHostInfo
from .mixins.host import MBWorkingDir as MBWorkingDir
from .mixins.loaded import MBGlobalPackages as MBGlobalPackages
from .mixins.memory import MBPeakMemory as MBPeakMemory
from .mixins.modules import MBLoadedModules as MBLoadedModules
from .mixins.nvidia import MBNvidiaSmi as MBNvidiaSmi
from .mixins.packages import MBInstalledPackages as MBInstalledPackages
from .mixins.perf_counters import MBCounters as MBCounters
from .mixins.profiler import MBLineProfiler as MBLineProfiler
from .mixins.python import MBPythonInfo as MBPythonInfo
from .mixins.slurm import MBSlurmInfo as MBSlurmInfo
from .mixins.stability import MBStability as MBStability
from .mixins.usage import MBResourceUsage as MBResourceUsage
from .outputs.base import NullOutput as NullOutput
from .outputs.base import Output as Output
from .outputs.file import FileOutput as FileOutput
from .outputs.http import HttpOutput as HttpOutput
from .outputs.otlp import OtlpOutput as OtlpOutput
from .outputs.postgres import PostgresOutput as PostgresOutput
from .outputs.prometheus import PrometheusOutput as PrometheusOutput
from .outputs.redis import RedisOutput as RedisOutput
from .querying.query import query as query
from .reader import read as read
from .record import Record as Record
from .results.histogram import Histogram as Histogram
from .results.ranks import ranks as ranks
from .results.summary import summary as summary
from .sweeps.sweep import sweep as sweep

__version__: str
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
