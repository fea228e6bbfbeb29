"""The function `microbench.compare`."""

from __future__ import annotations

from ..analysis.words import MARGIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .report import Comparison

MISSING = 'compare needs NumPy and SciPy: pip install numpy scipy'


def compare(
    base: Any, new: Any, *, margin: float = MARGIN, force: bool = False
) -> Comparison:
    """Say whether the runs of some records are slower than those of others.

    Records of the same name and command are compared, and so is each of their phases: by
    the ratio of the medians, with an interval that holds the true ratio in 95 of 100
    cases. `docs/measuring.md` explains the method and its limits.

    Args:
        base: records to compare with: a list of them, a data frame, a bench, a sink, or
            the path of a result file (a directory or a pattern, too); or `baseline:NAME`,
            as `microbench baseline save` stores it.
        new: records that are compared with them.
        margin: difference that does not matter, as a share; a verdict of `'no difference'`
            means that it is smaller.
        force: take a baseline of another machine or interpreter.

    Returns:
        A sequence of rows, with `name`, `phase`, `ratio`, `low`, `high`, `verdict` and
        more; `surroundings` and `warnings` say what else differs.

    Raises:
        ImportError: NumPy or SciPy is missing; the extra `analysis` installs them.
        TypeError: one of the values holds no records.
        ValueError: the margin is not between 0 and 1; there is no such baseline, or it is
            of another machine or interpreter than the other side.
        FileNotFoundError: a path does not exist.

    >>> from random import Random
    >>> random = Random(1)
    >>> def records(seconds):
    ...     times = [seconds * random.uniform(0.98, 1.02) for _ in range(100)]
    ...     return [{'call': {'name': 'fit', 'durations': times}}]
    >>> for row in compare(records(1.0), records(1.1)):
    ...     print(row.name, round(row.ratio, 1), row.verdict)
    fit 1.1 slower
    """
    if not 0 < margin < 1:
        raise ValueError(f'a margin is a share between 0 and 1, not {margin}')
    from .samples import Side  # start-up time
    from .sources import records_of_both  # start-up time

    records = records_of_both(base, new, force=force)
    return compared(Side('base', records[0]), Side('new', records[1]), margin=margin)


def compared(base: Any, new: Any, margin: float = MARGIN) -> Comparison:
    """Return the comparison of two sides.

    Raises:
        ImportError: NumPy or SciPy is missing.
    """
    try:
        from .report import Comparison as Found  # start-up time
    except ImportError as error:
        if error.name and error.name.partition('.')[0] in ('numpy', 'scipy'):
            raise ImportError(MISSING, name=error.name) from None
        raise
    return Found(base, new, margin)
