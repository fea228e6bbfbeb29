"""Name what keeps C from writing the records of a bench, and what to change.

recorder.py makes a Recorder where there is no obstacle, and `bench.explain_path()` returns
them all: so the explanation is the decision. A sentence that begins with IN_PYTHON leaves
the record a text, which Python completes. Any other one makes it a dict (Plan.not_native).
One that begins with OF_BLOCKS is no obstacle: it says what records of functions lack.
All hold from the second record on: the first one opens the files.
"""

from __future__ import annotations

from types import BuiltinFunctionType, FunctionType

from .. import _core
from ..outputs.base import METHODS, NativeOutput
from .callables import ASYNC_GENERATOR, GENERATOR, kind_of, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .config import Config
    from .plan import Plan

IN_PYTHON = 'text in Python'
OF_FUNCTIONS = f'{IN_PYTHON}, for functions only'

OF_BLOCKS = 'of blocks only'
NOT_OF_FUNCTIONS = (
    f'{OF_BLOCKS}: resource_usage, call.run_delay, call.load_average: '
    'time a block around the call'
)

UNCOUNTED = 'are not counted any more: change it less often'
PACKAGE = f'{__package__.rpartition(".")[0]}.outputs.'


def to_all(config: Config, plan: Plan) -> list[str]:
    """Return the obstacles to records of functions and blocks."""
    found = list(plan.not_native)
    if plan.version == 0:
        found.append(f'{IN_PYTHON}: changes of the class of the bench {UNCOUNTED}')
    for route in config.delivery.routes:
        name, why = type(route.sink).__name__, _of_sink(route.sink)
        if id(route.sink) in config.delivery.report.failing:
            why = why or 'did not take a record: see the warning'
        if why:
            found.append(f'{IN_PYTHON}: the sink {name} {why}')
    return found


def to_functions(config: Config, plan: Plan) -> list[str]:
    """Return the further obstacles to records of decorated functions."""
    found = []
    if plan.settings.warmup:
        found.append(f'{OF_FUNCTIONS}: warmup calls them first: set it to 0')
    if plan.settings.iterations < 0:
        found.append(f"{OF_FUNCTIONS}: iterations='auto' ends by itself: set a number")
    if config.sampling is not None:
        found.append(f'{OF_FUNCTIONS}: {config.sampling[0]} chooses calls: leave it out')
    return found


def to_function(func: Any, label: Any = None) -> list[str]:
    """Return the further obstacle to records of one function, if there is one."""
    kind, name, why = kind_of(func), name_of(func), ''
    if kind & (GENERATOR | ASYNC_GENERATOR):
        why = f'{name} is a generator function: time a block inside it'
    elif label is not None and label.fields:
        why = 'its decorator has fields: give them to the bench'
    elif label is not None and label.name:
        pass  # whatever name the function has
    elif type(func) not in (FunctionType, BuiltinFunctionType):
        why = f'{name} may change its name: decorate a function'
    elif name != func.__name__:
        why = 'the function has no name: set its __name__'
    return [f'{IN_PYTHON}: {why}'] if why else []


def of_functions(plan: Plan) -> list[str]:
    """Return what records of blocks have, and those of functions do not."""
    return [NOT_OF_FUNCTIONS] if plan.observes else []


def _of_sink(sink: Any) -> str:
    """Return why C cannot write to a sink, and what to change; empty if it can."""
    cls = type(sink)
    if not issubclass(cls, NativeOutput) or not cls.__module__.startswith(PACKAGE):
        return 'is written in Python: use FileOutput or NullOutput'
    own = cls._methods
    replaced = [name for name in own if vars(cls).get(name) is not own[name]]
    replaced += sorted(METHODS & sink.__dict__.keys())
    if replaced:
        return f'has its {replaced[0]}() replaced: put back the original'
    if _core.type_version(cls) == 0:
        return f'has a class whose changes {UNCOUNTED}'
    return str(sink._needs_python())
