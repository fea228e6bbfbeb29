"""Functions that workers can import, and an executor that a test moves step by step."""

import os
import signal
import threading
from collections import deque
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from microbench import MicroBench

bench = MicroBench()


def double(n):
    """Return twice the number; there is no double of 13."""
    if n == 13:
        raise ValueError('thirteen')
    return 2 * n


def with_phase(n):
    """Time a phase."""
    with bench.time('load'):
        return n


def die_once(n, folder):
    """Kill the worker, the first time at every 25th number."""
    mark = Path(folder, str(n))
    if n % 25 == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return n


def lock_at_one(n):
    """Return what cannot be pickled at 1."""
    return threading.Lock() if n == 1 else n


class OddError(Exception):
    """Cannot be pickled."""

    def __init__(self, one, two):
        super().__init__(f'{one} and {two}')
        self.lock = threading.Lock()


def fail_oddly(n):
    """Raise it."""
    raise OddError(n, n)


class Stepped:
    """An executor with two workers, which runs the oldest task when it is asked for it.

    Args:
        kills: called with the number of a task, and how many tasks run; True kills the
            worker that runs it.
    """

    _max_workers = 2

    def __init__(self, kills=lambda number, running: False):
        self.kills = kills
        self.queue = deque()
        self.most = 0
        self.is_broken = self.is_closed = False

    def submit(self, function, *args):
        """Note a task."""
        if self.is_broken:
            raise BrokenProcessPool('broken')
        future = SteppedFuture(self, function, args)
        self.queue.append(future)
        self.most = max(self.most, len(self.queue))
        return future

    def step(self):
        """Run the oldest task, or die from it."""
        running = list(self.queue)[: self._max_workers]
        numbers = [task[0] for future in running for task in future.args[1]]
        if any(self.kills(number, len(running)) for number in numbers):
            self.is_broken = True
            while self.queue:
                self.queue.popleft().end(error=BrokenProcessPool('a worker was killed'))
        else:
            future = self.queue.popleft()
            try:
                future.end(future.function(*future.args))
            except Exception as error:
                future.end(error=error)

    def shutdown(self, wait):
        """Note that it is over."""
        self.is_closed = True


class SteppedFuture:
    """A future that is asked."""

    def __init__(self, executor, function, args):
        self.executor, self.function, self.args = executor, function, args
        self.value = self.error = None
        self.is_over = False

    def end(self, value=None, error=None):
        """Note how it has ended."""
        self.value, self.error, self.is_over = value, error, True

    def done(self):
        """Return whether it has ended, and go on until it has."""
        if not self.is_over:
            self.executor.step()
        return self.is_over

    def result(self):
        """Return or raise what came of it."""
        if self.error is not None:
            raise self.error
        return self.value

    def cancel(self):
        """Take it out of the queue, unless it runs."""
        if self in list(self.executor.queue)[self.executor._max_workers :]:
            self.executor.queue.remove(self)
            self.end(error=RuntimeError('cancelled'))


def raise_with(x):
    """Raise an error that names the argument."""
    raise ValueError(f'no {x}')
