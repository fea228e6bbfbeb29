"""Print what the time of a record is spent on.

    python -m benchmarks.spent [SECONDS]

Runs each way of recording for some seconds (10, left out) under a timer that samples where
the processor is (floor/sampler.c). The share of the samples in the functions of a subject,
times the 10th percentile of short slices, is what a call spends on it.
"""

from __future__ import annotations

import bisect
import ctypes
import functools
import gc
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .counted import ways
from .native import sampler
from .slices import percentile
from .table import aligned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

CALLS = 200  # in a slice

# The first that matches the function or its library.
SUBJECTS = {
    'clock': r'vdso|clock_gettime|mb_clock|mb_ticks',
    'system calls': r'^libc.*(write|statx|fstat|getcwd|getrusage|syscall)',
    'context variable': r'hamt|contextvar|context_|PyContext|token_|popcount',
    'text': r'mb_(text|call|record|identity|mirror)|mem(cpy|move|set)|nss_database',
    'memory': r'alloc|Free|GC_|_Dealloc|free',
    'the run': r'^_core',
    'interpreter': r'python',
}


class Place(NamedTuple):
    """Code that is mapped into memory."""

    first: int
    end: int
    offset: int  # in the file
    path: str


def main() -> None:
    """Print the table of each way."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    gc.disable()
    with tempfile.TemporaryDirectory() as folder:
        for name, loop in ways(folder).items():
            sys.stdout.write(as_text(name, *sampled(loop, seconds)) + '\n')


def sampled(loop: Callable[[int], None], seconds: float) -> tuple[float, Counter[str]]:
    """Return nanoseconds of a call, and the number of samples by function."""
    library = ctypes.CDLL(str(sampler()))
    library.sampler_samples.restype = ctypes.POINTER(ctypes.c_size_t)
    loop(CALLS)
    if library.sampler_start() < 0:
        raise OSError('no timer of the processor time')
    slices = list(_slices(loop, seconds))
    count = library.sampler_stop()
    places = list(_mapped())
    addresses = library.sampler_samples()[:count]
    return percentile(slices), Counter(_function(places, address) for address in addresses)


def _slices(loop: Callable[[int], None], seconds: float) -> Iterator[float]:
    end = time.perf_counter_ns() + seconds * 1e9
    begin = 0
    while begin < end:
        begin = time.perf_counter_ns()
        loop(CALLS)
        yield (time.perf_counter_ns() - begin) / CALLS


def as_text(name: str, ns: float, samples: Counter[str]) -> str:
    """Return the table of one way: nanoseconds of each subject and its functions."""
    whole = samples.total()
    by_subject: dict[str, Counter[str]] = {}
    for function, count in samples.items():
        by_subject.setdefault(subject(function), Counter())[function] += count
    cells = [(name, f'{ns:.0f} ns', f'{whole} samples')]
    for of in sorted(by_subject, key=lambda of: -by_subject[of].total()):
        functions = ', '.join(
            key.split(':')[-1] for key, _ in by_subject[of].most_common(4)
        )
        cells.append((of, f'{ns * by_subject[of].total() / whole:.0f}', functions))
    return '\n'.join(aligned(cells, [0, 2])) + '\n'


def subject(function: str) -> str:
    """Return what a function, as `library:name`, is counted as."""
    return next(
        (of for of, names in SUBJECTS.items() if re.search(names, function)), 'other'
    )


def _mapped() -> Iterator[Place]:
    for line in Path('/proc/self/maps').read_text(encoding='utf-8').splitlines():
        span, mode, offset, _, _, *path = line.split()
        if 'x' in mode:
            first, end = (int(number, 16) for number in span.split('-'))
            yield Place(first, end, int(offset, 16), ''.join(path))


def _function(places: Iterable[Place], address: int) -> str:
    found = (place for place in places if place.first <= address < place.end)
    place = next(found, Place(0, 0, 0, '?'))
    library = place.path.rpartition('/')[2]
    if not place.path.startswith('/'):
        return f'{library}:'
    symbols = _symbols(place.path)
    at = address - place.first + place.offset + _shift(place.path)
    index = bisect.bisect(symbols, (at, '\uffff')) - 1
    return f'{library}:{symbols[index][1].partition("@")[0]}'


@functools.cache
def _symbols(path: str) -> list[tuple[int, str]]:
    """Return address and name of each function; of stripped files the public ones."""
    lines = [line for of in ([], ['-D']) for line in _printed('nm', *of, path)]
    found = [line.split() for line in lines]
    return sorted((int(s[0], 16), s[2]) for s in found if len(s) == 3 and s[1] in 'tTwWi')


@functools.cache
def _shift(path: str) -> int:
    """Return by how much addresses of code differ from its place in the file."""
    for line in _printed('readelf', '--segments', '--wide', path):
        if segment := re.match(r'\s+LOAD\s+0x(\w+) 0x(\w+) .* R E', line):
            return int(segment[2], 16) - int(segment[1], 16)
    return 0


def _printed(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


if __name__ == '__main__':
    main()
