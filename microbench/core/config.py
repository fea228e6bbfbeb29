"""What a bench was made with, and what it keeps from one record to the next.

A bench, which users subclass, holds one Config. Plans, runs, journals and the record of
the process read the Config, and nothing private of the bench. What users override they
call on `run.owner`: see core/owner.py.

A Config does not refer to its bench: else only the garbage collector could free a bench.
"""

from __future__ import annotations

from .settings import copied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..outputs.delivery import Delivery


class Config:
    """The private half of one bench.

    Attributes:
        delivery: the sinks.
        encoder: the user's own encoder class, or None.
        counter: returns the readings that durations are differences of.
        journal: one of settings.JOURNALS, or the directory for journals.
        static: fields of every record.
        own: public attributes of the bench that affect a plan, by name. Reading them from
            the `__dict__` of the bench would make CPython build one, and `bench.time`
            could no longer be specialised.
        epoch: replaced after each change of what a plan is made from.
        plan: the Plan that was made last; see plan.current_plan().
        keeper: the Keeper of this process; see run_journal.py.
        constants: what captures marked per_process gave: (definition, result) by name.
    """

    def __init__(self) -> None:
        self.own: dict[str, Any] = {}
        self.changed()

    def configure(
        self,
        *,
        counter: Callable[[], Any],
        encoder: Any,
        static: dict[str, Any],
        delivery: Delivery,
        journal: str,
    ) -> None:
        """Store checked arguments of the bench; forget what was made with other ones."""
        self.counter = counter
        self.encoder = encoder
        self.static = static
        self.delivery = delivery
        self.journal = journal
        self._forget()

    def _forget(self) -> None:
        self.plan: Any = None
        self.keeper: Any = None
        self.constants: dict[str, tuple[Any, dict[str, Any]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process can use: neither the plan nor what was captured."""
        state = {**self.__dict__, 'own': dict(self.own)}
        return {**state, 'plan': None, 'keeper': None, 'constants': {}}

    def copy(self) -> Config:
        """Return the Config of a copy of the bench."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__getstate__())
        return new

    def changed(self) -> None:
        """Begin another epoch: the next record needs another plan."""
        self.epoch = object()

    def add_fields(self, fields: dict[str, Any]) -> None:
        """Add static fields, checked already."""
        self.static = {**self.static, **fields}
        self.changed()

    def static_fields(self) -> dict[str, Any]:
        """Return the static fields for one record."""
        return {name: copied(value) for name, value in self.static.items()}

    def constant(self, owner: object, hook: str, definition: Any) -> dict[str, Any]:
        """Return what a capture of the owner gives; it is called once."""
        known = self.constants.get(hook)
        if known is None or known[0] is not definition:
            result: dict[str, Any] = {}
            getattr(owner, hook)(result)
            known = self.constants[hook] = (definition, result)
        return known[1]
