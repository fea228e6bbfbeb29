"""Measure a statement in this process, and write what was found as JSON.

    python -m microbench.cli.timeit.worker DESCRIPTOR REQUEST

The answer goes to the descriptor: standard output is for what the statement prints.
"""

from __future__ import annotations

import json
import os
import sys

from ...measurement import measure_loop
from .statement import FILE, compiled, show_in_tracebacks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

EMPTY = {'min_time': 0.005, 'max_time': 0.02, 'precision': 0.02, 'warmup': 0}


def found(request: dict[str, Any]) -> dict[str, Any]:
    """Return what a worker finds: plain values.

    Args:
        request: `statement`, `setup`, `options` of `measure` by name, and `empty`: whether
            an empty loop is measured as well.
    """
    run = compiled(request['statement'], request['setup'])
    measured = measure_loop(run, request['statement'], **request['options'])
    empty = measure_loop(compiled('pass'), 'pass', **EMPTY) if request['empty'] else None
    return {
        'durations': measured.durations,
        'loops': measured.loops,
        'clock_cost': measured.clock_cost,
        'empty': empty and empty.min,
    }


def main(descriptor: int, request: dict[str, Any]) -> int:
    """Write the answer, or the name and the message of an exception; return the status."""
    try:
        answer = found(request)
    except Exception as error:
        show_in_tracebacks(request['statement'], request['setup'])
        _print_own_frames(error)
        answer = {'error': _text(error)}
    with os.fdopen(descriptor, 'w') as stream:
        json.dump(answer, stream)
    return int('error' in answer)


def _text(error: Exception) -> str:
    name = type(error).__name__
    return f'{name}: {error}' if str(error) else name


def _print_own_frames(error: Exception) -> None:
    """Print the traceback, less the frames of microbench."""
    import traceback

    summary = traceback.TracebackException.from_exception(error)
    own = [frame for frame in summary.stack if '/microbench/' not in frame.filename]
    places = [place for place, frame in enumerate(own) if frame.filename == FILE]
    summary.stack[:] = own[places[0] :] if places else []
    print(*summary.format(), sep='', end='', file=sys.stderr)


if __name__ == '__main__':
    sys.exit(main(int(sys.argv[1]), json.loads(sys.argv[2])))
