"""The statistics: short interleaved slices, 10th percentile, net of an empty loop.

A median doubles on a machine where others work too. A slice of a tenth of a millisecond
is often undisturbed, and the 10th percentile of some hundred is one that was; and since
slices of all candidates take turns, a slow minute slows them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Key = TypeVar('Key')


def percentile(values: Sequence[float], percent: int = 10) -> float:
    """Return the smallest value that `percent` of them do not exceed (nearest rank)."""
    rank = max(1, -(-len(values) * percent // 100))
    return sorted(values)[rank - 1]


def interleaved(
    samplers: Mapping[Key, Callable[[], float]], rounds: int
) -> dict[Key, list[float]]:
    """Call every sampler once a round, in an order that is turned round each time."""
    samples: dict[Key, list[float]] = {key: [] for key in samplers}
    order = list(samplers)
    for _ in range(rounds):
        for key in order:
            samples[key].append(samplers[key]())
        order.reverse()
    return samples


def tenth_percentiles(
    samplers: Mapping[Key, Callable[[], float]], rounds: int
) -> dict[Key, float]:
    """Return what each sampler gives when it is not disturbed."""
    samples = interleaved(samplers, rounds)
    return {key: percentile(values) for key, values in samples.items()}
