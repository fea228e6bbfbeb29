"""Print how often comparisons are wrong, in Markdown."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .noises import NOISES, apart, drifting, in_a_row, taking_turns
from .stopping import ends
from .tools import OTHERS
from .trial import COVERAGE, OURS, Trial

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .trial import Sides

COUNTS = (5, 10, 20, 50, 100, 300, 1000)
SLOWER = 1.03


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--series', type=int, default=2000, help='pairs for each number')
    series = parser.parse_args().series
    for lines in (coverage(series), alarms(series), found(series), stopped(series // 5)):
        print('\n'.join(lines), end='\n\n')


def kinds() -> Iterator[tuple[str, Trial]]:
    """Yield the noises, with how the series belong together."""
    named: list[tuple[str, Sides]] = [('', apart), (', taking turns', taking_turns)]
    for words, sides in named:
        for name, noise in NOISES.items():
            yield f'{name}{words}', Trial(noise, 0, sides)
    yield 'drift, one after the other', Trial(drifting, 0, in_a_row)


def coverage(series: int) -> Iterator[str]:
    """Yield for each noise and number of runs how many 95 % intervals hold the ratio."""
    yield 'Intervals that hold the true ratio, in %:\n'
    yield from _heads(['noise', *map(str, COUNTS)])
    for name, trial in kinds():
        shares = (_of(trial, count, series)[COVERAGE] for count in COUNTS)
        yield _line(name, shares)


def alarms(series: int) -> Iterator[str]:
    """Yield for each noise how often a tool sees a difference where there is none."""
    yield 'False alarms, in %:\n'
    names = [OURS, *OTHERS]
    yield from _heads(['noise', 'n', *names])
    for name, trial in kinds():
        for count in COUNTS:
            shares = _of(trial, count, series)
            yield _line(f'{name} | {count}', (1 - shares[tool] for tool in names))


def found(series: int) -> Iterator[str]:
    """Yield how often a tool finds a version that is 3 % slower."""
    yield 'A version that is 3 % slower, called slower, in %:\n'
    names = [OURS, *OTHERS]
    yield from _heads(['noise', 'n', *names])
    for name, trial in kinds():
        for count in (20, 100, 300):
            shares = _of(trial._replace(ratio=SLOWER), count, series)
            yield _line(f'{name} | {count}', (shares[tool] for tool in names))


def stopped(series: int) -> Iterator[str]:
    """Yield how comparisons of commands end, that stop when the answer is clear."""
    yield 'Commands that take turns until it is clear, in %, and runs of each:\n'
    yield from _heads(['noise', 'ratio', 'interval holds it', 'wrong', 'clear', 'runs'])
    for name, noise in NOISES.items():
        for ratio in (1.0, SLOWER):
            held, wrong, clear, runs = ends(noise, ratio, series)
            line = _line(f'{name} | {ratio:g}', (held, wrong, clear))
            yield f'{line} {runs:.0f} |'


def _of(trial: Trial, count: int, series: int) -> dict[str, float]:
    return trial._replace(runs=count, series=series).shares()


def _heads(names: list[str]) -> Iterator[str]:
    yield f'| {" | ".join(names)} |'
    yield f'|{"---|" * len(names)}'


def _line(name: str, shares: Iterable[float]) -> str:
    return f'| {name} | {" | ".join(f"{100 * share:.1f}" for share in shares)} |'


if __name__ == '__main__':
    main()
