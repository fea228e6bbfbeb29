"""Say what makes the times of a command doubtful, and what to do about it."""

from __future__ import annotations

from ...measuring.interval import FEWEST
from ...results.averages import median

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...results.scale import Scale
    from .runs import Runs

SHORT = 0.005  # seconds: starting a program takes a millisecond
SLOWER = 1.5  # times the median of the others
FAR = 5 * 1.4826  # median absolute deviations; the factor makes them standard deviations
UNLIKE = 0.1  # of the median


def remarks(runs: Runs, scale: Scale) -> Iterator[str]:
    """Yield a sentence for each doubt."""
    times = runs.good
    if not times:
        return
    if median(sorted(times)) < SHORT:
        yield 'below 5\xa0ms, starting the program is much of the time'
    if runs.starts_well and is_slow(times):
        ratio = times[0] / median(sorted(times[1:]))
        yield (
            f'the first run took {scale.text(times[0])}, {ratio:.1f} times the median of '
            'the others: -w\xa01 makes it a warm-up'
        )
        times = times[1:]
    yield from _about_outliers(times, scale)
    if 1 < len(runs.good) < FEWEST:
        yield f'fewer than {FEWEST} runs have no interval: use -n\xa0{FEWEST} or more'


def is_slow(times: list[float]) -> bool:
    """Return whether the first run is slower than all others, by more than they differ.

    >>> is_slow([0.42, 0.03, 0.04]), is_slow([0.06, 0.03, 0.05]), is_slow([0.4, 0.1])
    (True, False, False)
    """
    first, *others = times
    if len(others) < 2:
        return False
    least, most = min(others), max(others)
    return first > 2 * most - least and first >= SLOWER * median(sorted(others))


def _about_outliers(times: list[float], scale: Scale) -> Iterator[str]:
    found = outliers(times)
    if found:
        outlier = 'outlier' if len(found) == 1 else 'outliers'
        range_ = scale.between(min(found), max(found))
        where = scale.text(found[0]) if len(found) == 1 else range_
        yield f'{len(found)} {outlier} ({where}): was something else running?'


def outliers(times: list[float]) -> list[float]:
    """Return the times far from the median, in terms of the median absolute deviation.

    >>> outliers([1.0, 1.1, 1.0, 1.1, 1.0, 3.0]), outliers([1.0, 3.0])
    ([3.0], [])
    """
    if len(times) < FEWEST:
        return []
    middle = median(sorted(times))
    spread = median(sorted(abs(seconds - middle) for seconds in times))
    least = max(FAR * spread, UNLIKE * middle)
    return [seconds for seconds in times if abs(seconds - middle) > least]
