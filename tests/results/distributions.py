"""Durations in nanoseconds, 20,000 of each kind, that are hard for a histogram."""

COUNT = 20_000


def two_humps(chance):
    """Most are fast; one of a hundred is a thousand times as slow."""
    return [
        int(chance.gauss(900, 30) * (1000 if chance.random() < 0.01 else 1))
        for _ in range(COUNT)
    ]


def long_tail(chance):
    """A Pareto distribution, whose p99.99 is far from all others."""
    return [int(1000 * chance.paretovariate(0.8)) for _ in range(COUNT)]


def one_value(chance):
    """All are the same: a percentile may not leave the range."""
    return [chance.randrange(10**9)] * COUNT


def edges_of_buckets(chance):
    """Powers of two, and their neighbours."""
    return [2 ** chance.randrange(9, 60) + chance.randrange(-1, 2) for _ in range(COUNT)]


def ends_of_buckets(chance):
    """The last number of a wide bucket, farthest from its middle."""
    octaves = [chance.randrange(10, 50) for _ in range(COUNT)]
    return [((512 + chance.randrange(512) + 1) << octave) - 1 for octave in octaves]


def ticks(chance):
    """A coarse clock: few distinct values, and many of 0."""
    return [chance.choice([0, 0, 0, 41, 83, 125]) for _ in range(COUNT)]


def growing(chance):
    """Ever slower, over nine powers of ten."""
    del chance
    return [round(10 ** (9 * number / COUNT)) for number in range(COUNT)]


DISTRIBUTIONS = {
    function.__name__: function
    for function in (
        *(two_humps, long_tail, one_value, edges_of_buckets, ends_of_buckets),
        *(ticks, growing),
    )
}
