"""Count the trail of a call through our Python code: calls, files, jumps between files.

A reader follows a trail by hand, so a short one is easier to learn. `make trail` prints the
counts of the trails that docs/development/how-it-works.md describes.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import microbench
from microbench.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

PACKAGE = str(Path(microbench.__file__).parent)


class Trail(NamedTuple):
    """Python frames of microbench that ran, in their order, by the file of each."""

    files: list[str]

    @property
    def calls(self) -> int:
        """Frames."""
        return len(self.files)

    @property
    def distinct(self) -> int:
        """Files."""
        return len(set(self.files))

    @property
    def jumps(self) -> int:
        """Frames in another file than the frame before."""
        return sum(a != b for a, b in zip(self.files, self.files[1:], strict=False))


def trail_of(step: Callable[[], object]) -> Trail:
    """Run a step and return its trail."""
    files: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        path = frame.f_code.co_filename
        if event == 'call' and path.startswith(PACKAGE):
            files.append(path)

    sys.setprofile(note)
    try:
        step()
    finally:
        sys.setprofile(None)
    return Trail(files)


class Bench(microbench.MicroBench, microbench.MBHostInfo, microbench.MBResourceUsage):
    """Two mixins, one of which has the record built as a dict."""


def later_call(cls: type[microbench.MicroBench]) -> Trail:
    """Return the trail of a call of a decorated function, after the first two."""
    bench = cls(outputs=[microbench.FileOutput(os.devnull)])
    work = bench(lambda: None)
    work()
    work()  # looks whether C can write the records
    return trail_of(work)


def registration() -> Trail:
    """Return the trail of `record_on_exit()`, the first in its process."""
    bench = microbench.MicroBench(outputs=[microbench.FileOutput(os.devnull)])
    found = trail_of(bench.record_on_exit)
    bench.cancel_record_on_exit()
    return found


def command() -> Trail:
    """Return the trail of `microbench -o FILE -- true`."""

    def run() -> None:
        with contextlib.suppress(SystemExit):
            main(['-o', f'{folder}/records', '--', 'true'])

    with tempfile.TemporaryDirectory() as folder:
        return trail_of(run)


def print_table() -> None:
    """Print a line for each trail."""
    trails = {
        '@bench': later_call(microbench.MicroBench),
        '@bench, two mixins, dict form': later_call(Bench),
        'record_on_exit()': registration(),
        'microbench -o FILE -- true': command(),
    }
    print(f'{"":32}{"calls":>8}{"files":>8}{"jumps":>8}')
    for name, trail in trails.items():
        print(f'{name:32}{trail.calls:8}{trail.distinct:8}{trail.jumps:8}')


if __name__ == '__main__':
    print_table()
