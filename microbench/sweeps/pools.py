"""The executor of a sweep, and those that take its place when its workers have died."""

from __future__ import annotations

import os
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

from . import sending, worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TRIES = 3  # pools that may break before their first worker has begun
GUARD = (
    'the workers end before they begin: a script that calls sweep() does so below '
    "`if __name__ == '__main__':`, because workers import it"
)


class Pools:
    """An executor.

    Args:
        executor: has `submit(function, *args)`; or a callable that makes one; or a number
            of processes; None for as many as the process may use CPUs.

    Raises:
        TypeError, ValueError: it is none of these.
    """

    def __init__(self, executor: Any = None) -> None:
        self._make = _maker_of(executor)
        self._executor = executor if self._make is None else None

    @property
    def executor(self) -> Any:
        """The executor that is in use; it is made if there is none."""
        if self._executor is None and self._make is not None:
            made = self._make()
            if not callable(getattr(made, 'submit', None)):
                raise TypeError(f'executor: {made!r} has no method submit()')
            self._executor = made
        return self._executor

    @property
    def workers(self) -> int | None:
        """The number of workers, where the executor says it."""
        found = getattr(self._executor, '_max_workers', None)
        return found if isinstance(found, int) else None

    @property
    def is_local(self) -> bool:
        """True if the tasks run in threads of this process: nothing is pickled."""
        return isinstance(self.executor, ThreadPoolExecutor)

    @property
    def imports_main(self) -> bool:
        """True if workers have the `__main__` of this program, or import it."""
        if not isinstance(self.executor, ProcessPoolExecutor):
            return False
        return self._method == 'fork' or sending.main_is_a_file()

    @property
    def _method(self) -> str:
        context = getattr(self.executor, '_mp_context', None)
        return str(getattr(context, 'get_start_method', lambda: '')())

    def submit(self, *args: Any) -> Any:
        """Have a worker call a function; return the future."""
        return self.executor.submit(*args)

    def check(self, data: bytes) -> None:
        """Have a worker read the function, where it may be unable to.

        Raises:
            RuntimeError: it is.
        """
        if not isinstance(self.executor, ProcessPoolExecutor) or self._method == 'fork':
            return
        problem = GUARD
        for _ in range(TRIES):
            try:
                problem = self.submit(worker.check, data).result()
                break
            except BrokenExecutor:
                if not self.renew():
                    break
        if problem:
            self.close()
            raise RuntimeError(
                problem
                if problem is GUARD
                else f'func cannot be read by workers: {problem}'
            )

    def renew(self) -> bool:
        """Replace a broken executor; return False if none can be made."""
        if self._make is None:
            return False
        self.close()
        return self.executor is not None

    def close(self, wait: bool = True) -> None:
        """Shut the executor down, if it was made here.

        Args:
            wait: wait for calls that run.
        """
        executor, self._executor = self._executor, None
        if self._make is None:
            self._executor = executor
        elif executor is not None:
            shutdown = getattr(executor, 'shutdown', None)
            if shutdown is None:
                getattr(executor, 'close', lambda: None)()
            elif isinstance(executor, (ProcessPoolExecutor, ThreadPoolExecutor)):
                shutdown(wait=wait, cancel_futures=True)
            else:
                shutdown(wait=wait)


def _maker_of(executor: Any) -> Any:
    """Return what makes executors; None where one is given.

    Raises:
        TypeError, ValueError: it is neither.
    """
    if executor is None:
        return partial(ProcessPoolExecutor, usable_cpus())
    if isinstance(executor, int) and not isinstance(executor, bool):
        if executor < 1:
            raise ValueError(f'executor: {executor} processes are too few')
        return partial(ProcessPoolExecutor, executor)
    if callable(getattr(executor, 'submit', None)) and not isinstance(executor, type):
        return None
    if not callable(executor):
        raise TypeError(
            'executor has to have a method submit(), be a callable that makes such a one, '
            f'or a number of processes, not {executor!r}'
        )
    return executor


def usable_cpus() -> int:
    """Return how many CPUs this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return os.cpu_count() or 1
