"""What a bench was given, and its state from one record to the next.

A bench, which users subclass, holds one Config. Plans, runs, journals and the record of
the process read the Config, and nothing private of the bench. What users override they
call on `run.owner`: see core/owner.py.

A Config does not refer to its bench: else only the garbage collector could free a bench.
What it gets was checked by arguments.py.
"""

from __future__ import annotations

from .. import _core
from ..outputs.file import FileOutput
from .arguments import JOURNALS
from .times import timezone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..outputs.delivery import Delivery
    from ..outputs.readable import Readable
else:
    Readable = object  # bench.py has get_results()

JOB = 'SLURM_JOB_ID'  # variable of a batch job, whose shell may die first

# Methods of a bench that receive the record as a dict.
TRIGGERS = ('pre_run_triggers', 'post_run_triggers')
SEERS = ('pre_start_triggers', 'post_finish_triggers', 'to_json', 'output_result')

# Attributes of a bench that name further fields.
ENVIRONMENT = ('env_vars', 'capture_versions')

# Attributes of a bench that a plan is made from, beside captures.
IN_PLANS = frozenset(
    [
        *(*TRIGGERS, *SEERS, *ENVIRONMENT),
        *('iterations', 'warmup', 'tz', 'monitor', 'redact', 'refuses'),
        *('keeps_return_value', 'surroundings', 'max_value', 'digest_values'),
    ]
)


class Config:
    """The private half of one bench.

    Attributes:
        delivery: the sinks.
        encoder: the user's own encoder class, or None.
        counter: returns the readings that durations are differences of.
        journal: one of JOURNALS, or the directory for journals.
        histogram: iterations and phases are counted, not listed.
        sampling: `('every', number)` or `('sample', share)`; None where all calls are
            recorded.
        measuring: options of measuring/options.py that were given, as keywords.
        static: fields of every record.
        own: public attributes of the bench that affect a plan, by name. Reading them from
            the `__dict__` of the bench would make CPython build one, and `bench.time`
            could no longer be specialised.
        epoch: replaced after each change of an attribute that a plan is made from.
        plan: the Plan that was made last; see plan.current_plan().
        journal_of_runs: the RunJournal of this process; see run_journal.py.
        blocks: the Finder of the recorder of blocks; see block.py.
        outdated: number of plans that were outdated from outside: see Plan.sources.
        constants: results of captures marked per_process: (definition, result) by name.
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
        histogram: bool,
        sampling: tuple[str, float] | None,
        measuring: dict[str, Any],
    ) -> None:
        """Store checked arguments of the bench; forget the plan made with earlier ones."""
        self.counter = counter
        self.encoder = encoder
        self.static = static
        self.delivery = delivery
        self.journal = journal
        self.histogram = histogram
        self.sampling = sampling
        self.measuring = measuring
        _set_journals(delivery.sinks, journal)
        delivery.look_for_directories()
        self._forget()
        _core.note_change()

    def _forget(self) -> None:
        self.plan: Any = None
        self.journal_of_runs: Any = None
        self.blocks: Any = None
        self.outdated = 0
        self.constants: dict[str, tuple[Any, dict[str, Any]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process can use: neither the plan nor what was captured."""
        state = {**self.__dict__, 'own': dict(self.own)}
        state.update(plan=None, journal_of_runs=None, blocks=None, constants={})
        return state

    def copy(self) -> Config:
        """Return the Config of a copy of the bench."""
        import datetime as dt  # cloudpickle copies classes of modules not loaded

        assert dt.timezone is timezone
        new = object.__new__(type(self))
        new.__dict__.update(self.__getstate__())
        return new

    def set(self, name: str, value: Any) -> None:
        """Note an attribute of the bench that affects a plan."""
        self.own[name] = value
        self.changed()

    def unset(self, name: str) -> None:
        """Forget an attribute that was deleted from the bench."""
        self.own.pop(name, None)
        self.changed()

    def changed(self) -> None:
        """Begin another epoch: the next record needs another plan."""
        self.epoch = object()
        _core.note_change()

    def add_fields(self, fields: dict[str, Any]) -> None:
        """Add static fields, checked already."""
        self.static = {**self.static, **fields}
        self.changed()

    def static_fields(self) -> dict[str, Any]:
        """Return the static fields for one record."""
        return {name: _core.copied(value) for name, value in self.static.items()}

    def add_constant(
        self, data: dict[str, Any], owner: object, hook: str, definition: Any
    ) -> None:
        """Merge the result of a capture of the owner, which runs once, into a record."""
        known = self.constants.get(hook)
        if known is None or known[0] is not definition:
            result: dict[str, Any] = {}
            getattr(owner, hook)(result)
            known = self.constants[hook] = (definition, result)
        _core.merge(data, known[1])


def _set_journals(sinks: list[Any], journal: str) -> None:
    """Set on the files among the sinks where they find and make journals."""
    for sink in sinks:
        if isinstance(sink, FileOutput):
            sink._journal, sink._on_batch = journal, _on_batch
            if journal not in JOURNALS:
                sink._journals = journal
        elif getattr(type(sink), '_on_background', False) is None:
            sink._on_background = _on_batch


def _on_batch() -> None:
    from .workers import worker  # start-up time

    worker.write_at_exit()


def config_of(bench: Any) -> Config:
    """Return the Config of a bench; make it if its constructor has not run yet.

    Subclasses may set attributes before they call the constructor.
    """
    try:
        config: Config = object.__getattribute__(bench, '_bench_config')
    except AttributeError:
        config = bench._bench_config = Config()
    return config


def affects_plan(name: str) -> bool:
    """Return True if a plan is made from this attribute of a bench."""
    return name.startswith('capture') or name in IN_PLANS


class Configured(Readable):
    """The part of a bench that notes each change of what its plan is made from."""

    _bench_config: Config  # no value here: CPython 3.11 would not specialise its reads

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if affects_plan(name):
            config_of(self).set(name, value)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if affects_plan(name):
            config_of(self).unset(name)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the plan and captured values, which belong to this process."""
        return {**self.__dict__, '_bench_config': self._bench_config.copy()}

    def __repr__(self) -> str:
        from ..display import line_of  # start-up time

        return line_of(self, getattr(self, '_bench_config', None))

    def _repr_html_(self) -> str:
        from ..display import html_of  # start-up time

        return html_of(self, getattr(self, '_bench_config', None))
