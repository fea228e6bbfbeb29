"""The options of a run, and the arguments of the marker: checked."""

from __future__ import annotations

import time

import pytest

from ..measuring.options import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MAX_TIME = 1.0  # seconds: a suite has many tests
SHARES = ('min_time', 'max_time', 'precision')
ARGUMENTS = (
    *('group', *SHARES, 'min_rounds', 'warmup', 'warmup_iterations'),
    *('disable_gc', 'timer'),
)


def option(config: pytest.Config, name: str) -> Any:
    """Return the value of an option of this plugin."""
    return config.getoption(f'--microbench-{name}')


def percentage(word: str | None) -> float | None:
    """Return 0.1 for `10` and `10%`.

    Raises:
        pytest.UsageError: it is no percentage.
    """
    if word is None:
        return None
    share = _number(word.strip().removesuffix('%')) / 100
    if not 0 < share < 100:
        raise pytest.UsageError(
            f'--microbench-fail-over is a percentage, such as 10%, not {word!r}'
        )
    return share


def limits(config: pytest.Config) -> dict[str, float]:
    """Return `min_time`, `max_time` and `precision`, as far as options name them.

    Raises:
        pytest.UsageError: one of them is wrong.
    """
    words = {name: option(config, name.replace('_', '-')) for name in SHARES}
    given = {name: _number(word) for name, word in words.items() if word is not None}
    try:
        Options(**given)
    except ValueError as error:
        name, _, rest = str(error).partition(' ')
        flag = name.partition('=')[0].replace('_', '-')
        raise pytest.UsageError(f'--microbench-{flag} {rest}') from None
    return given


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return float('nan')


class Settings:
    """How a test measures.

    Args:
        marked: arguments of the markers of the test, those of the test itself last.
        given: limits of the whole run; those of a marker come first.

    Attributes:
        group: of the table; None for the one of all others.
        options: `min_time`, `max_time`, `precision` and `warmup` of `measure`.
        counter: the duration counter.
        min_rounds: samples, at least.
        disable_gc: no cyclic garbage collection meanwhile.

    Raises:
        pytest.UsageError: a marker has an unknown argument, or a wrong one.
    """

    def __init__(self, marked: dict[str, Any], given: dict[str, float]) -> None:
        unknown = sorted(set(marked) - set(ARGUMENTS))
        if unknown:
            raise pytest.UsageError(
                f'the marker microbench has no argument {unknown[0]!r}, '
                f'but {", ".join(ARGUMENTS)}'
            )
        self.group: str | None = marked.get('group')
        self.counter: Callable[[], Any] = marked.get('timer') or time.perf_counter
        self.min_rounds = int(marked.get('min_rounds') or 0)
        self.disable_gc = bool(marked.get('disable_gc'))
        self.options = _options(marked, given)


def _options(marked: dict[str, Any], given: dict[str, float]) -> dict[str, Any]:
    chosen = {name: marked[name] for name in SHARES if marked.get(name) is not None}
    options: dict[str, Any] = {**given, **chosen}
    options.setdefault('max_time', max(MAX_TIME, options.get('min_time', 0.0)))
    warmup = marked.get('warmup_iterations')
    if warmup is None:
        warmup = 'auto' if marked.get('warmup', True) else 0
    options['warmup'] = warmup
    try:
        Options(**options)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f'the marker microbench: {error}') from None
    return options


def settings_of(item: pytest.Item, given: dict[str, float]) -> Settings:
    """Return the settings of a test: its markers, the closest first, and the options."""
    marked: dict[str, Any] = {}
    for mark in item.iter_markers('microbench'):
        if mark.args:
            raise pytest.UsageError('the marker microbench takes arguments by name only')
        marked = {**mark.kwargs, **marked}
    return Settings(marked, given)
