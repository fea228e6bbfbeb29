"""Capture the arguments and the return value of a call."""

from __future__ import annotations

from ..core.capture import ARGUMENTS, namespace, native
from ..encoding.json_text import snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class MBFunctionCall:
    """Arguments of the decorated function.

    A value that cannot be encoded becomes a placeholder, with one JSONEncodeWarning each.

    >>> from microbench import MBFunctionCall, MicroBench
    >>> class Bench(MicroBench, MBFunctionCall):
    ...     pass
    >>> bench = Bench()
    >>> @bench
    ... def scaled(values, by=2):
    ...     return [value * by for value in values]
    >>> scaled([1, 2], by=3)
    [3, 6]
    >>> call = bench.get_results()[0]['call']
    >>> call['args'], call['kwargs']
    ([[1, 2]], {'by': 3})
    """

    @native(ARGUMENTS)
    def capture_function_args_and_kwargs(self, bm_data: dict[str, Any]) -> None:
        """Set `call.args` and `call.kwargs`, copied before the call."""
        bench: Any = self
        call = namespace(bm_data, 'call')
        call['args'] = [snapshot(value, bench) for value in bm_data['_args']]
        call['kwargs'] = {
            name: snapshot(value, bench) for name, value in bm_data['_kwargs'].items()
        }


class MBReturnValue:
    """Return value of the decorated function, stored as `call.return_value`.

    A value that cannot be encoded becomes a placeholder, with one JSONEncodeWarning.

    >>> from microbench import MBReturnValue, MicroBench
    >>> class Bench(MicroBench, MBReturnValue):
    ...     pass
    >>> bench = Bench()
    >>> bench(sorted)([2, 1])
    [1, 2]
    >>> bench.get_results()[0]['call']['return_value']
    [1, 2]
    """

    keeps_return_value = True
