"""What went into the call, and what came out."""

from __future__ import annotations

from ..core.capture import namespace
from ..core.encoding import snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class MBFunctionCall:
    """Arguments of the decorated function."""

    def capture_function_args_and_kwargs(self, bm_data: dict[str, Any]) -> None:
        """Set `call.args` and `call.kwargs`: the values as they are before the call."""
        bench: Any = self
        call = namespace(bm_data, 'call')
        call['args'] = [snapshot(value, bench) for value in bm_data['_args']]
        call['kwargs'] = {
            name: snapshot(value, bench) for name, value in bm_data['_kwargs'].items()
        }


class MBReturnValue:
    """Return value of the decorated function.

    A marker: the run sets `call.return_value` when the function has returned.
    """

    keeps_return_value = True
