"""`sync=`: phases and records that wait for a device which works asynchronously.

Without waiting, the time is that of starting the work. The function is called last before
the clock is read at the start, so that earlier work is not charged to the phase, and first
after the user's code, before the clock is read.
"""

from __future__ import annotations

import sys

from ..messages import one_line, warn
from ..spelling import any_of
from .callables import COROUTINE, kind_of
from .phase_functions import phase_function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def waiting(sync: Any) -> Callable[[], Any]:
    """Return the function that waits: `sync`, or that of one of the KNOWN modules."""
    if isinstance(sync, str):
        if sync not in KNOWN:
            raise ValueError(f'sync has to be {any_of(map(repr, KNOWN))}, not {sync!r}')
        return KNOWN[sync]
    if not callable(sync):
        raise TypeError(f'sync has to be a callable or a name, not {sync!r}')
    if kind_of(sync) & COROUTINE:
        raise TypeError(f'sync is called, not awaited: {sync!r} is a coroutine function')
    wait: Callable[[], Any] = sync
    return wait


def synced_phase(bench: Any, name: Any, sync: Any) -> Synced:
    """Return a phase that waits."""
    return SyncedPhase(bench, name, waiting(sync))


class Synced:
    """A phase or a block, with waiting before and after it.

    If waiting fails after the code has raised, a warning says so, and the exception of the
    code goes on. If the code has not raised, the error of waiting does: a device that has
    failed is no result. In either case the phase ends, and the record is written.

    Args:
        inner: a context manager, for `with` and for `async with`.
        wait: called without arguments.
    """

    __slots__ = ('inner', 'wait')

    def __init__(self, inner: Any, wait: Callable[[], Any]) -> None:
        self.inner = inner
        self.wait = wait

    def __enter__(self) -> Any:
        self.wait()
        return self.inner.__enter__()

    def __exit__(self, *raised: object) -> Any:
        failed = self._failed(raised[1])
        if failed is None:
            return self.inner.__exit__(*raised)
        self.inner.__exit__(type(failed), failed, failed.__traceback__)
        raise failed

    async def __aenter__(self) -> Any:
        self.wait()
        return await self.inner.__aenter__()

    async def __aexit__(self, *raised: object) -> Any:
        failed = self._failed(raised[1])
        if failed is None:
            return await self.inner.__aexit__(*raised)
        await self.inner.__aexit__(type(failed), failed, failed.__traceback__)
        raise failed

    def _failed(self, error: object) -> BaseException | None:
        """Wait; return what was raised, unless the exception of the code goes first."""
        try:
            self.wait()
        except BaseException as failed:
            if error is None or not isinstance(failed, Exception):
                return failed
            warn(
                f'sync failed after the code had raised: {one_line(failed)}', RuntimeWarning
            )
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class SyncedPhase(Synced):
    """What `bench.time(name, sync=...)` returns."""

    __slots__ = ('bench', 'given')

    def __init__(self, bench: Any, name: Any, wait: Callable[[], Any]) -> None:
        inner = bench.time(name)
        super().__init__(inner, wait if inner.name is not None else _nothing)
        self.bench = bench
        self.given = name, wait

    def __call__(self, func: Any) -> Any:
        """Decorate a function: each call, or each step of a generator, is such a phase."""
        name, wait = self.given
        return phase_function(_SyncedTimes(self.bench, wait), name, func)


class _SyncedTimes:
    """A bench whose phases wait, for phase_functions.py."""

    def __init__(self, bench: Any, wait: Callable[[], Any]) -> None:
        self.bench = bench
        self.wait = wait

    def time(self, name: Any) -> SyncedPhase:
        return SyncedPhase(self.bench, name, self.wait)


# --- known modules ---------------------------------------------------------------------
# None is imported here: where a program has not imported it, there is nothing to wait for.


def _nothing() -> None:
    """Do not wait: outside any record no time is measured."""


def _torch() -> None:
    """Wait for the current CUDA and XPU devices, if PyTorch uses some.

    `synchronize()` would begin to use a device that the program does not.
    """
    torch = sys.modules.get('torch')
    for name in ('cuda', 'xpu'):
        devices = getattr(torch, name, None)
        if devices is not None and devices.is_initialized():
            devices.synchronize()


def _cupy() -> None:
    """Wait for the current device of CuPy, if there is one."""
    cupy = sys.modules.get('cupy')
    cuda = getattr(cupy, 'cuda', None)
    if cuda is not None and cuda.is_available():
        cuda.Device().synchronize()


def _jax() -> None:
    """Wait for all arrays of JAX that are alive, and for effects such as printing.

    `effects_barrier()` alone does not wait for computations.
    """
    jax = sys.modules.get('jax')
    live_arrays = getattr(jax, 'live_arrays', None)  # missing while JAX is imported
    if jax is not None and live_arrays is not None:
        jax.block_until_ready(live_arrays())
        jax.effects_barrier()


KNOWN: dict[str, Callable[[], None]] = {'torch': _torch, 'cupy': _cupy, 'jax': _jax}
