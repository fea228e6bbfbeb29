"""Work out what a bench captures, once instead of at each call.

A plan is made from the class dictionaries along the MRO (so that no property is ever
evaluated) and from the attributes of the bench object. It holds as long as

* the version tag of the class is the one it was made with: CPython gives a class a new
  tag whenever it, or one of its bases, is changed; 0 means that it gives none, and then
  the plan is made anew each time;
* the epoch of the bench is the one it was made with: `__setattr__` and `__delattr__` of
  the bench begin a new one when a name matters to a plan.

So a hook added or replaced later, on the class, on a mixin or on the bench, is honoured
from the next call on. Only a direct write to `bench.__dict__` goes unnoticed.
"""

from __future__ import annotations

import sys
import time

from .. import __version__, _core
from .._core import merge
from ..descriptors import load_lazy_imports
from ..encoding import json_text
from ..encoding.masking import Masker
from ..messages import one_line, warn
from .config import time_zone, whole
from .record_text import built
from .times import timezone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, ClassVar

    from .config import Config
    from .owner import Owner
    from .record_text import RecordText

SCHEMA = 3
BLOCKS, ALL = 1, 2

# Duration counters that are read in C; true for those that count whole nanoseconds.
NATIVE_COUNTERS = (
    (time.perf_counter, False),
    (time.perf_counter_ns, True),
    (time.monotonic, False),
    (time.monotonic_ns, True),
)

lazy_imports = getattr(sys, 'get_lazy_imports', str)  # of CPython 3.15

# Methods of the base class that receive the record as a dict.
TRIGGERS = ('pre_run_triggers', 'post_run_triggers')
SEERS = ('pre_start_triggers', 'post_finish_triggers', 'to_json', 'output_result')

# Attributes that name further fields: core/environment.py fills them. (Compare by identity:
# `==` could run the user's `__eq__`, and CPython has one empty tuple only.)
ENVIRONMENT = ('env_vars', 'capture_versions')
NOTHING = ()


# Other attributes that a plan reads from a bench.
SETTINGS = frozenset(
    [
        *(*TRIGGERS, *SEERS, *ENVIRONMENT),
        *('iterations', 'warmup', 'tz', 'monitor', 'redact', 'refuses'),
        'keeps_return_value',
    ]
)


def matters(name: str) -> bool:
    """Return True if a plan depends on this attribute of a bench."""
    return name.startswith('capture') or name in SETTINGS


class Plan:
    """The steps for each record of one bench object, in its present state.

    Args:
        config: the settings of the bench.
        owner: the bench, for its hooks and public attributes.

    Attributes:
        base: what the base class defined when it was made; a test may patch the class.
    """

    base: ClassVar[Mapping[str, Any]] = {}  # set by bench.py

    def __init__(self, config: Config, owner: Owner) -> None:
        _core.look_for_greenlets()
        if lazy_imports() == 'all':
            load_lazy_imports()
        # Read first, so that any later change outdates the plan at once. The
        # attribute look-up makes CPython assign a tag.
        self.epoch = config.epoch
        self.version = _core.type_version(type(owner))
        base = self.base
        found = _definitions(config, owner)
        hooks = sorted(name for name, raw in found.items() if _is_hook(name, raw))
        self.captures = [n for n in hooks if n.startswith('capture_')]
        self.post_captures = [n for n in hooks if n.startswith('capturepost_')]
        self.constant = {n: found[n] for n in self.captures if _is_constant(found[n])}
        self.environment = [
            name for name in ENVIRONMENT if found.get(name, NOTHING) is not NOTHING
        ]
        self.optional = bool(getattr(owner, 'capture_optional', False))
        self.overridden = [n for n in SEERS if found[n] is not base[n]]
        self.triggers = any(_overridden(config, owner, name) for name in TRIGGERS)
        self.monitored = found.get('monitor') is not None
        self.returns = bool(getattr(owner, 'keeps_return_value', False))
        self.refuses = 'refuses' in found  # ways in: see capture.refuse()
        self.counter: Callable[[], Any] = config.counter
        kinds = [whole for native, whole in NATIVE_COUNTERS if native is self.counter]
        self.foreign = not kinds
        self.integers = True in kinds
        self.iterations = whole('iterations', owner.iterations)
        self.warmup = whole('warmup', owner.warmup)
        self.tz = time_zone(owner.tz)
        self.masker = Masker(getattr(owner, 'redact', ()))
        self.mb = self._identity()
        self.shown: _core.Shown | None = None  # made when the first run is shown
        self.shows = self._what_is_shown(config)
        self.not_native = list(self._reasons(config, found))
        self.native = not self.not_native
        self.fixed_text: RecordText | None = None  # by text()
        self.begun = False  # whether a run was begun by it

    def _what_is_shown(self, config: Config) -> int:
        """Return which runs a journal shows: none, BLOCKS or ALL."""
        seen = {'to_json', 'output_result'}.intersection(self.overridden)
        files = [s for s in config.delivery.sinks if getattr(s, '_is_path', False)]
        if config.journal == 'off' or not files or seen:
            return 0
        return ALL if config.journal == 'on' else BLOCKS

    def _identity(self) -> dict[str, Any]:
        """Return the `mb` object, less the id of the single record."""
        mb = {
            'run_id': _core.RUN_ID,
            'version': __version__,
            'schema': SCHEMA,
            'timezone': str(self.tz),
            'duration_counter': name_of(self.counter),
        }
        if not self.foreign:
            name, resolution, overhead = _core.clock_info()
            mb['clock'] = {
                'name': name,
                'resolution_ns': resolution,
                'overhead_ns': overhead,
            }
        return mb

    def _reasons(self, config: Config, raw: dict[str, Any]) -> Any:
        """Yield, in words, each thing that needs the record as a dict."""
        for name in self.environment:
            yield f'{name} is read for each record'
        for name in [*self.captures, *self.post_captures]:
            if name not in self.constant and raw[name] is not self.base.get(name):
                yield f'{name} runs for each record'
        for name in self.overridden:
            yield f'{name} is overridden'
        if self.triggers:
            yield 'pre_run_triggers or post_run_triggers is overridden'
        if self.monitored:
            yield 'monitor samples while the code runs'
        if self.returns:
            yield 'the return value is kept'
        yield from self.masker.reasons
        yield from self._settings_for_dicts(config)

    def _settings_for_dicts(self, config: Config) -> Any:
        if self.foreign:
            yield f'{self.mb["duration_counter"]} is not read in C'
        if config.encoder is not None:
            yield f'{config.encoder.__name__} encodes the record'
        if type(self.tz) is not timezone or self.tz.utcoffset(None).microseconds:
            yield f'{self.mb["timezone"]} is not a fixed offset'
        for name, value in config.static.items():
            if name in ('mb', 'call') or type(value) not in json_text.SCALARS:
                yield f'field {name!r} is made anew for each record'

    def text(self, config: Config, owner: Owner) -> RecordText:
        """Return the text of each record, with an empty `call`.

        Raises what a capture raises; then the plan does without text from now on.
        """
        if self.fixed_text is None:
            try:
                self.fixed_text = self._fixed_text(config, owner)
            except (RecursionError, MemoryError):
                raise  # of this moment
            except BaseException:
                self.native = False
                self.not_native.append('a capture failed')
                raise
        return self.fixed_text

    def _fixed_text(self, config: Config, owner: Owner) -> RecordText:
        fields = config.static_fields()
        for name in self.constant:
            merge(fields, config.constant(owner, name, self.constant[name]))
        assert self.tz is not None
        offset = self.tz.utcoffset(None)
        return built(self.mb, {}, fields, self.masker, json_text.encode, offset)


def current_plan(config: Config, owner: Owner) -> Plan:
    """Return the plan of a bench, made anew if what it was made from has changed."""
    plan: Plan | None = config.plan
    if (
        plan is None
        or plan.epoch is not config.epoch
        or plan.version != _core.type_version(type(owner))
        or plan.version == 0
    ):
        plan = config.plan = Plan(config, owner)
    return plan


def line_of(config: Config, owner: Owner, record: dict[str, Any]) -> bytes:
    """Return the line of a record, with secrets masked."""
    plan = current_plan(config, owner)
    text = _by_to_json(owner, plan, record) if 'to_json' in plan.overridden else None
    if text is None:
        text = json_text.encode(record, config.encoder)
    return plan.masker.record(text)


def _by_to_json(owner: Owner, plan: Plan, record: dict[str, Any]) -> bytes | None:
    """Return the text that an overridden to_json() makes; warn and return None on error."""
    try:
        text = owner.to_json(plan.masker.values(record))
        line = text.encode('utf-8', 'surrogatepass')
    except Exception as error:
        warn(f'to_json() failed for a record: {one_line(error)}', RuntimeWarning)
        return None
    return json_text.made_strict(_core.ascii_text(b' '.join(line.splitlines())))


def _definitions(config: Config, owner: Owner) -> dict[str, Any]:
    """Map each name to its raw definition, as attribute look-up would choose it."""
    found: dict[str, Any] = {}
    for cls in reversed(type(owner).__mro__):
        found.update(vars(cls))
    found.update(dict(config.own))
    return found


def _is_hook(name: str, raw: object) -> bool:
    return name.startswith(('capture_', 'capturepost_')) and (
        callable(raw)
        or hasattr(raw, '__func__')  # staticmethod, classmethod
        or type(raw).__name__ == 'partialmethod'
    )


def _is_constant(raw: object) -> bool:
    return getattr(raw, 'per_process', None) is True


def _overridden(config: Config, owner: Owner, name: str) -> bool:
    """Return True if the bench, or any class, overrides `name` of the base."""
    places = [*map(vars, type(owner).__mro__), config.own]
    base = Plan.base[name]
    return any(place.get(name, base) is not base for place in places)


# --- names for whatever can be called ---------------------------------------------------


def without_partial(func: Any) -> Any:
    """Return what a functools.partial calls; anything else as it is."""
    functools = sys.modules.get('functools')  # not loaded: then there is no partial
    while functools is not None and isinstance(func, functools.partial):
        func = func.func
    return func


def name_of(func: Any) -> str:
    """Return `__name__`, or a readable name for what has none."""
    func = without_partial(func)
    name = getattr(func, '__name__', None)
    return str(name) if name and isinstance(name, str) else type(func).__name__
