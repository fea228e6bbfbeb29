"""Records whose times have a known ratio."""

from datetime import datetime, timedelta, timezone
from random import Random

FIRST = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)
HOST = {'hostname': 'node07', 'cpu_model': 'EPYC', 'cpu_cores_logical': 8}


def records(
    seconds=1.0, runs=120, *, name='fit', after=0.0, spread=0.03, seed=1, every=1, **fields
):
    """Return records of one run each, with two phases.

    Args:
        seconds: median of the runs.
        after: seconds from the start of all until the first record.
        every: seconds between two records.
    """
    random = Random(f'{seed}{seconds}{after}')
    return [
        record(
            seconds * random.gauss(1, spread),
            name=name,
            start=FIRST + timedelta(seconds=after + every * number),
            **fields,
        )
        for number in range(runs)
    ]


def record(duration, *, name='fit', start=FIRST, counter='perf_counter', **fields):
    """Return a record with a run of this duration; fields replace its own."""
    timings = [{'name': 'solve', 'duration': duration * 0.75}]
    return {
        'mb': {'run_id': 'r', 'schema': 3, 'duration_counter': counter},
        'call': {
            'name': name,
            'start_time': start.isoformat(),
            'durations': [duration],
            'timings': timings,
        },
        'host': dict(HOST),
        **fields,
    }
