"""Sources that several measures set up with. They run in microbench 2.1.0 as well."""

NULL_SINK = """
from microbench import MicroBench, Output

try:
    from microbench import NullOutput as Null
except ImportError:  # 2.1.0
    class Null(Output):
        def write(self, bm_json_str):
            pass
"""

SIX_MIXINS = """
from microbench import (
    MBFunctionCall, MBHostInfo, MBResourceUsage, MBReturnValue, MBWorkingDir, MicroBench
)

class Six(
    MicroBench, MBHostInfo, MBFunctionCall, MBReturnValue, MBResourceUsage, MBWorkingDir
):
    pass
"""

WORK = """
def work():
    PLANT
"""


def path_of(folder: object, name: str) -> str:
    """Return source that sets `path` to a file that no other process uses."""
    return f"""
import os
path = {str(folder)!r} + f'/{name}-{{os.getpid()}}.jsonl'
"""
