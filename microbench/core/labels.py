"""`@bench(name=..., **fields)`: a name and fields for the records of one function."""

from __future__ import annotations

from .finders import recorder_of
from .run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .. import _core
    from .owner import Owner


class Label:
    """What a decorator gives to the records of the function.

    Args:
        name: `call.name`; None for the name of the function.
        fields: further fields, made of plain JSON values.
    """

    __slots__ = 'fields', 'name'

    def __init__(self, name: str | None, fields: dict[str, Any]) -> None:
        self.name = name
        self.fields = fields


class LabelledCalls:
    """Begins the runs of a function with a label.

    Attributes:
        label: the label; see label_of().
    """

    __slots__ = ('label',)

    def __init__(self, label: Label) -> None:
        self.label = label

    def __call__(self, bench: Owner, func: Any, args: Any, kwargs: Any) -> Run:
        """Begin the run of a call; see run.begin_call()."""
        run: Run = new_run(bench, self.label)
        return run.begin_call(func, args, kwargs)

    def recorder_of(self, bench: Owner, func: Any) -> _core.Recorder | None:
        """Return a Recorder for the next calls; see finders.recorder_of()."""
        return recorder_of(bench, func, self.label)


def label_of(timed: _core.Timed) -> Label | None:
    """Return the label of a function; None if it has none."""
    label: Label | None = getattr(timed.begin, 'label', None)
    return label


def new_run(
    bench: Owner,
    label: Label | None,
    name: str | None = None,
    of: Callable[..., Any] = Run,
) -> Any:
    """Return a new run, with the name and the fields of a label."""
    if label is None:
        return of(bench, name)
    run = of(bench, label.name or name)
    if label.fields:
        run.notes = dict(label.fields)
    return run
