"""`MicroBench`: the bench most programs want."""

from .core.bench import MicroBenchBase
from .mixins.python import MBPythonInfo


class MicroBench(MBPythonInfo, MicroBenchBase):
    """A bench whose records name the Python that ran them.

    Arguments, methods and an example: see `MicroBenchBase`. Subclass it together with
    mixins to capture more:

    >>> from microbench import MBHostInfo
    >>> class Bench(MicroBench, MBHostInfo):
    ...     outfile = '/dev/null'
    """
