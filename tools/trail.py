"""Count the trail of a call through our Python code: calls, files, jumps between files.

A reader follows a trail by hand, so a short one is easier to learn. `make trail` prints the
counts of the trails that docs/development/how-it-works.md describes, each from a process of
its own. `make trail ARGS='record_on_exit()'` prints one trail, call by call.

The counts leave out what a reader does not follow: bodies of modules and classes, and what
runs while a module is imported; and comprehensions, which are read where they stand (from
CPython 3.12 on they are no calls).

A trail passes the doors of others, such as the plan of a bench, which all ways in share. So
the first three columns count it up to these doors; the last three count all that is called.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from functools import partial
from inspect import CO_OPTIMIZED
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import microbench
from microbench.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

ROOT = Path(__file__).parents[1]
PACKAGE = str(Path(microbench.__file__).parent) + os.sep
COMPREHENSIONS = ('<listcomp>', '<dictcomp>', '<setcomp>', '<genexpr>')

# Where other trails begin: file and function. All of mixins/ is plugins, called one by one.
DOORS = {
    'bench': [('bench.py', '__init__')],
    'plan': [('core/plan.py', 'current_plan')],
    'record': [('core/run.py', name) for name in ('begin', 'mirror', 'complete')],
    'text': [('core/record_text.py', 'of_dict')],
    'journal': [('core/run.py', 'mirror_text')],
}
CAPTURES, PLUGINS = 'captures', 'mixins/'


class Step(NamedTuple):
    """One call of a Python function of microbench."""

    file: str
    function: str
    doors: tuple[str, ...] = ()  # that it is behind, outermost first


class Count(NamedTuple):
    """Calls, files, and jumps: calls in another file than the call before."""

    calls: int
    files: int
    jumps: int


class Trail(list[Step]):
    """The calls of a trail, in their order."""

    @property
    def count(self) -> Count:
        """The counts of all calls."""
        files = [step.file for step in self]
        jumps = sum(a != b for a, b in pairwise(files))
        return Count(len(files), len(set(files)), jumps)

    @property
    def own(self) -> Trail:
        """The trail up to the doors of others."""
        return Trail(step for step in self if not step.doors)

    def behind(self, door: str) -> Trail:
        """The trail behind a door."""
        inside = [step for step in self if door in step.doors]
        return Trail(
            step._replace(doors=step.doors[step.doors.index(door) + 1 :]) for step in inside
        )


def trail_of(action: Callable[[], object], *doors: str) -> Trail:
    """Run an action and return its trail.

    Args:
        action: the function to follow.
        doors: names of DOORS that the trail passes.
    """
    trail = Trail()
    places = {place: door for door in doors for place in DOORS[door]}

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == 'call' and is_followed(frame):
            trail.append(Step(*place_of(frame), passed(frame, places)))

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return trail


def around(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames of microbench among a frame and its callers."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(PACKAGE):
            yield frame
        frame = frame.f_back


def place_of(frame: FrameType) -> tuple[str, str]:
    """Return the file, relative to the package, and the name of the function."""
    code = frame.f_code
    return code.co_filename[len(PACKAGE) :].replace(os.sep, '/'), code.co_name


def is_followed(frame: FrameType) -> bool:
    """Return True if a reader follows the call."""
    code = frame.f_code
    if not code.co_filename.startswith(PACKAGE) or code.co_name in COMPREHENSIONS:
        return False
    return all(outer.f_code.co_flags & CO_OPTIMIZED for outer in around(frame))


def passed(frame: FrameType, doors: dict[tuple[str, str], str]) -> tuple[str, ...]:
    """Return the doors that a call is behind, outermost first, each once."""
    found = {}
    for file, name in reversed([place_of(outer) for outer in around(frame)]):
        door = doors.get((file, name))
        if door is None and file.startswith(PLUGINS):
            door = CAPTURES
        if door is not None:
            found[door] = None
    return tuple(found)


# --- the trails ---------------------------------------------------------------------------


class Bench(microbench.MicroBench, microbench.MBHostInfo, microbench.MBResourceUsage):
    """Two mixins."""


class HookedBench(Bench):
    """A hook of the user has to see the record, so that it is built as a dict."""

    def capture_mood(self, bm_data: dict[str, object]) -> None:
        """Add a field."""
        bm_data['mood'] = 'good'


def call(number: int, cls: type[microbench.MicroBench], path: str) -> Trail:
    """Return the trail of a call of a decorated function.

    Args:
        number: 1 for the first call, 2 for the second, which looks whether C can write
            the records, 3 for later ones.
        cls: class of the bench.
        path: of the records.
    """
    work = cls(path)(lambda: None)
    for _ in range(number - 1):
        work()
    return trail_of(work, *(['plan'] if number == 1 else []))


def bench(path: str) -> Trail:
    """Return the trail of making a bench."""
    return trail_of(lambda: microbench.MicroBench(path))


def registration(path: str) -> Trail:
    """Return the trail of `record_on_exit()`, the first in its process."""
    made = microbench.MicroBench(path)
    trail = trail_of(made.record_on_exit, 'plan', 'text', 'journal')
    made.cancel_record_on_exit()
    return trail


def command(path: str) -> Trail:
    """Return the trail of `microbench -o FILE -- true`."""

    def run() -> None:
        with contextlib.suppress(SystemExit):
            main(['-o', path, '--', 'true'])

    return trail_of(run, 'bench', 'plan', 'record')


DYING = """
import os, signal, sys
from microbench import MicroBench

bench = MicroBench(sys.argv[1])
with bench.record('written'):
    pass
with bench.record('open'), bench.time('phase'):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def reading(path: str) -> Trail:
    """Return the trail of `get_results()` beside the journal of a dead process."""
    import subprocess

    subprocess.run([sys.executable, '-c', DYING, path], check=False)
    made = microbench.MicroBench(path)
    return trail_of(made.get_results)


# Each takes the path for the records.
TRAILS: dict[str, Callable[[str], Trail]] = {
    '@bench, first call': partial(call, 1, microbench.MicroBench),
    '@bench, second call': partial(call, 2, microbench.MicroBench),
    '@bench, later call': partial(call, 3, microbench.MicroBench),
    '@bench, two mixins': partial(call, 3, Bench),
    '@bench, two mixins and a hook': partial(call, 3, HookedBench),
    'MicroBench()': bench,
    'record_on_exit()': registration,
    'microbench -o FILE -- true': command,
    'get_results() beside a journal': reading,
}
BEHIND = {'record_on_exit()': ('plan', 'text', 'journal')}  # doors with a line of their own


def in_new_process(name: str) -> Trail:
    """Return a trail as a new process goes it."""
    import subprocess  # the command does without it

    environ = {k: v for k, v in os.environ.items() if not k.startswith('MICROBENCH')}
    command = [sys.executable, '-m', 'tools.trail', name]
    done = subprocess.run(
        command, capture_output=True, check=True, text=True, cwd=ROOT, env=environ
    )
    steps = [line.split() for line in done.stdout.splitlines()]
    return Trail(Step(file, name, tuple(doors)) for file, name, *doors in steps)


def print_trail(trail: Trail) -> None:
    """Print a line for each call: file, function, doors."""
    for step in trail:
        print(f'{step.file:28} {step.function:28} {" ".join(step.doors)}'.rstrip())


def print_table() -> None:
    """Print a line for each trail."""
    print(f'{"":32}{"calls files jumps":>20}{"with all that is called":>28}')
    for name in TRAILS:
        trail = in_new_process(name)
        print_line(name, trail)
        for door in BEHIND.get(name, ()):
            print_line(f'  {door}', trail.behind(door))


def print_line(name: str, trail: Trail) -> None:
    """Print the counts of a trail."""
    own, whole = (f'{c[0]:8}{c[1]:6}{c[2]:6}' for c in (trail.own.count, trail.count))
    print(f'{name:32}{own}        {whole}')


if __name__ == '__main__':
    if sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            print_trail(TRAILS[sys.argv[1]](f'{folder}/records'))
    else:
        print_table()
