"""Store the records of a run, and compare them with a baseline."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from ..baselines.stored import (
    BaselineError,
    OtherMachineError,
    checked_name,
    chosen,
    save,
)
from ..comparison.compare import MISSING
from ..comparison.compare import compared as comparison_of
from ..comparison.samples import Side
from ..encoding import json_text
from ..results.fields import part
from .settings import option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..baselines.stored import Baseline
    from ..comparison.report import Comparison

    Record = dict[str, Any]

NEW = 'this run'
HINT = 'write --microbench-save=NAME and --microbench-compare=NAME, before paths of tests'


def baseline_for(config: pytest.Config) -> Baseline | None:
    """Return the baseline that options ask for; None if they ask for none.

    Raises:
        pytest.UsageError: there is none, it is of another machine, or SciPy is missing.
    """
    _check_name(option(config, 'save'))
    name = option(config, 'compare')
    if name is None and option(config, 'fail-over') is None:
        return None
    if find_spec('scipy') is None:
        raise pytest.UsageError(f'--microbench-compare: {MISSING}')
    try:
        return chosen(name or '', force=bool(option(config, 'force')))
    except OtherMachineError as error:
        raise pytest.UsageError(f'{error}; --microbench-force compares them') from None
    except BaselineError as error:
        raise pytest.UsageError(f'{error}; {HINT}') from None


def _check_name(name: str | None) -> None:
    try:
        if name is not None:
            checked_name(name)
    except BaselineError as error:
        raise pytest.UsageError(f'--microbench-save: {error}') from None


def compared(baseline: Baseline | None, records: list[Record]) -> Comparison | None:
    """Return how the records of this run compare with a baseline, under short names."""
    if baseline is None:
        return None
    base = list(baseline.records())
    names = short_names([name_of(record) for record in (*base, *records)])
    before, after = (
        Side(title, [_renamed(record, names[name_of(record)]) for record in some])
        for title, some in ((repr(baseline), base), (NEW, records))
    )
    return comparison_of(before, after)


def _renamed(record: Record, name: str) -> Record:
    return {**record, 'call': {**record['call'], 'name': name}}


def name_of(record: Record) -> str:
    """Return `call.name` of a record."""
    return str(part(record, 'call', 'name'))


def short_names(names: list[str]) -> dict[str, str]:
    """Return names without the file, if all are of the same one.

    >>> short_names(['test_a.py::test_1', 'test_a.py::test_2[x]'])
    {'test_a.py::test_1': 'test_1', 'test_a.py::test_2[x]': 'test_2[x]'}
    """
    if len({name.partition('::')[0] for name in names}) > 1:
        return {name: name for name in names}
    return {name: name.partition('::')[2] or name for name in names}


def stored(config: pytest.Config, records: list[Record], exitstatus: int) -> list[str]:
    """Store the records where options ask for; return sentences about failures."""
    problems = []
    output, name = option(config, 'output'), option(config, 'save')
    try:
        if output is not None:
            _append(output, records)
    except OSError as error:
        problems.append(f'cannot write {output}: {error.strerror}')
    if name is not None and exitstatus:
        problems.append(f'no baseline {name} was saved: the run has not succeeded')
    elif name is not None:
        try:
            save(name, records)
        except (OSError, ValueError) as error:
            problems.append(f'no baseline {name} was saved: {error}')
    return problems


def _append(path: str, records: list[Record]) -> None:
    lines = [json_text.encode(record) + b'\n' for record in records]
    with open(path, 'ab') as file:
        file.write(b''.join(lines))
