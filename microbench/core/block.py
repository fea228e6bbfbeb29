"""`with bench.record(name)` and `async with bench.arecord(name)`."""

from __future__ import annotations

from .capture import refuse
from .run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from .bench import MicroBenchBase


class Block:
    """A block of code that becomes one record each time it is entered.

    It can be entered again once it was left, not within itself.
    """

    def __init__(self, bench: MicroBenchBase, name: str) -> None:
        self._bench = bench
        self._name = name
        self._run: Run | None = None

    def __enter__(self) -> Block:
        if self._run is not None:
            raise RuntimeError(f'record {self._name!r} is open: make another one inside it')
        if self._bench._off:
            return self
        run = Run(self._bench, self._name)
        if run.plan.refuses:
            refuse(self._bench, 'record()')
        run.begin()
        try:
            self._run = run
            if run.plan.shows:
                shown = run.plan.shown  # tried here: a call of ours takes 60 ns
                if shown is None or not shown.show(run, run.name):
                    run.show()
            run.start_iteration()
        except BaseException as error:
            self._run = None
            run.finish(error)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        run = self._run
        if run is None:
            return
        self._run = None
        try:
            run.end_iteration()
            run.finish(exception)
        except BaseException:
            run.close()  # Ctrl-C before it began: it must not stay active
            raise

    async def __aenter__(self) -> Block:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, exception, traceback)
