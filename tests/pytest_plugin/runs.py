"""Run tests that use the fixture, in this process."""

import json

# pytester takes modules away that its runs load, and NumPy cannot be loaded twice.
import scipy.stats  # noqa: F401

QUICK = (
    *('--microbench-min-time=0.001', '--microbench-max-time=0.005'),
    *(
        '-p',
        'no:asyncio',
        '-p',
        'no:anyio',
        '-p',
        'no:cacheprovider',
        '-p',
        'no:hypothesispytest',
    ),
)


def run(pytester, source, *words, xdist=False):
    """Run a file of tests; write the rows of the table to rows.jsonl."""
    pytester.makepyfile(test_it=source)
    more = () if xdist else ('-p', 'no:xdist')
    words = (*QUICK, *more, '--microbench-json=rows.jsonl', *words)
    if xdist:
        return pytester.runpytest_subprocess(*words)
    return pytester.runpytest_inprocess(*words)


def rows_in(pytester):
    """Return the rows of the table, by name."""
    lines = pytester.path.joinpath('rows.jsonl').read_text().splitlines()
    return {row['name']: row for row in map(json.loads, lines)}
