"""`inspect.signature(MicroBench)` with the defaults that readers know.

The real constructor has None where a default would have to import something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


class LazySignature:
    """Descriptor for `__signature__`: made when somebody asks."""

    def __get__(self, bench: object, cls: type) -> Any:
        if bench is not None:
            raise AttributeError('__signature__')  # of the bench: that of __call__
        import inspect

        from .json_encoder import JSONEncoder  # start-up time

        signature = inspect.signature(cls.__init__)
        parameters = [
            parameter.replace(default=JSONEncoder)
            if parameter.name == 'json_encoder'
            else parameter
            for parameter in list(signature.parameters.values())[1:]
            if parameter.name != 'too_many'
        ]
        return signature.replace(parameters=parameters, return_annotation=signature.empty)
