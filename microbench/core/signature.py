"""`inspect.signature(MicroBench)` with the defaults that readers know.

The real constructor has None where a default would have to import something.
"""

from __future__ import annotations

import inspect

from ..encoding.json_encoder import JSONEncoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def signature_of(cls: type) -> inspect.Signature:
    """Return the signature of a bench class, or of the subclass's own `__init__`."""
    shown = []
    initialiser: Any = cls.__init__  # type: ignore[misc]
    for parameter in list(inspect.signature(initialiser).parameters.values())[1:]:
        if parameter.name == 'json_encoder' and parameter.default is None:
            shown.append(parameter.replace(default=JSONEncoder))
        elif parameter.name != 'too_many':
            shown.append(parameter)
    return inspect.Signature(shown)
