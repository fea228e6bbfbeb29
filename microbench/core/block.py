"""`with bench.record(name)`: a block of code that becomes one record."""

from __future__ import annotations

from .. import _core
from .capture import refuse
from .run import OneIteration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .owner import Owner


class Block(_core.BlockExit):
    """A block of code that becomes one record each time it is entered.

    It can be entered again once it was left, not within itself.
    """

    def __init__(self, owner: Owner, name: str) -> None:
        self._owner = owner
        self._name = name
        self._run: OneIteration | None = None

    def __enter__(self) -> Block:
        if self._run is not None:
            raise RuntimeError(f'record {self._name!r} is open: make another one inside it')
        run = OneIteration(self._owner, self._name)
        if run.plan.hooks.refuses:
            refuse(self._owner, 'record()')
        run.begin()
        try:
            self._run = run
            if run.plan.mirrored:
                template = run.plan.template  # inlined: a Python call takes 60 ns
                if template is None or not template.mirror(run, run.name):
                    run.mirror()
            run.start_iteration()
        except BaseException as error:
            self._run = None
            run.finish(error)
            raise
        return self

    def end(self, exception: BaseException | None) -> None:
        """End the run. The caller: `__exit__()`, through C by name."""
        run, self._run = self._run, None
        if run is not None:
            run.finish(exception)

    async def __aenter__(self) -> Block:
        return self.__enter__()
