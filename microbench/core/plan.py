"""Work out what a bench captures, once instead of at each call.

A plan is made of the hooks of the class and the bench (hooks.py), and of its settings
(settings.py). It holds as long as

* the version tag of the class is the one it was made with: CPython gives a class a new
  tag whenever it, or one of its bases, is changed; 0 means that it gives none, and then
  the plan is made anew each time;
* the process is the one it was made in, not a forked child;
* the epoch of the bench is the one it was made with: `__setattr__` and `__delattr__` of
  the bench begin a new one when a name matters to a plan.

So a hook added or replaced later, on the class, on a mixin or on the bench, is honoured
from the next call on. Only a direct write to `bench.__dict__` goes unnoticed.
"""

from __future__ import annotations

import sys

from .. import _core
from ..descriptors import load_lazy_imports, loaded
from ..encoding import json_text
from ..messages import one_line, warn
from ..outputs.file import FileOutput, is_path
from .capture import ENVIRON, USAGE
from .hooks import Hooks
from .record_text import THREAD, built, further
from .settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, ClassVar

    from ..encoding.masking import Masker
    from .config import Config
    from .native_captures import NativeCaptures
    from .owner import Owner
    from .record_text import RecordText

BLOCKS, ALL = 1, 2
USAGE_FIELD = 'resource_usage'

# Plans of one bench that were outdated by a change of the environment, or of a module. In
# a program that has more of them, hooks run in Python: that is faster than another plan.
MOST_OUTDATED = 100

lazy_imports = getattr(sys, 'get_lazy_imports', str)  # of CPython 3.15


class Plan:
    """The steps for each record of one bench object, in its present state.

    Args:
        config: the settings of the bench.
        owner: the bench, for its hooks and public attributes.

    Attributes:
        native: C writes the record as text.
        not_native: in words, why it does not.
        sources: what C takes captures and ready text from, outside of the bench.
        captures: runs captures in C; None if there are none to run.
        fixed_text: what all records have in common, made by text().
        mirrored: which runs a journal mirrors: none, BLOCKS or ALL.
        template: how it mirrors them, made when the first run is mirrored.
        begun: a run was begun by this plan.
        surroundings: returns the fields of a bench with `surroundings = True`.
        around: these fields; empty for other benches, and where they cannot be read.
        places: records say where a function is.
        observes: those of blocks say what the machine did meanwhile, and ...
        observes_usage: its resource usage, which no mixin captures.
    """

    surroundings: ClassVar[Callable[[object], dict[str, Any]]]  # set by bench.py

    def __init__(self, config: Config, owner: Owner) -> None:
        _core.look_for_greenlets()
        if lazy_imports() == 'all':
            load_lazy_imports()
        # Read first, so that any later change outdates the plan at once. The
        # attribute look-up makes CPython assign a tag.
        self.epoch = config.epoch
        self.generation = _core.fork_generation()
        self.version = _core.type_version(type(owner))
        self.hooks = Hooks(config, owner)
        self.settings = Settings(config, owner)
        self.mirrored = self._mirrored_runs(config)
        self.sources: _core.Sources | None = None
        self.captures = self._native_captures(config)
        self.not_native = [*self.hooks.others, *self.settings.reasons]
        if self.captures is None and not self.not_native:
            self.not_native = [*self._captures_in_python()]
        self.native = not self.not_native
        self.fixed_text: RecordText | None = None
        self.template: _core.JournalTemplate | None = None
        self.begun = False
        self._surround(owner)

    def _surround(self, owner: Owner) -> None:
        self.places = self.observes = bool(getattr(owner, 'surroundings', False))
        self.observes_usage = self.observes and not self.hooks.gives_usage
        self.around: dict[str, Any] = {}
        if self.observes:
            try:
                self.around = loaded(lambda: Plan.surroundings(owner))
            except OSError:
                pass  # no descriptor is left to read the modules with

    def _native_captures(self, config: Config) -> NativeCaptures | None:
        """Return what has C run the captures, if they are all that needs the dict.

        Patterns of `redact` may match what is captured.
        """
        if not self.hooks.reasons or self.hooks.others or self.settings.reasons:
            return None
        patterns = self.settings.masker.has_patterns
        if patterns or config.outdated > MOST_OUTDATED:
            return None
        try:
            module = loaded(_native_captures)
        except OSError:
            return None  # no descriptor is left to read the module with
        self.sources = module.sources(self.hooks)
        usable = module.are_usable(self.hooks, self.sources)
        made = module.NativeCaptures
        return made(self.hooks, self.settings, self.mirrored) if usable else None

    def _captures_in_python(self) -> Iterator[str]:
        """Yield, in words, each capture that C could run, and what keeps it from that."""
        advice = 'C runs it while its sources, such as os.environ, are left as they are'
        if self.settings.masker.has_patterns:
            advice = 'without patterns in redact, C runs it'
        for reason in self.hooks.reasons:
            yield f'{reason.partition(": ")[0]}: {advice}'

    def _mirrored_runs(self, config: Config) -> int:
        """Return which runs a journal mirrors: none, BLOCKS or ALL."""
        seen = {'to_json', 'output_result'}.intersection(self.hooks.overridden)
        sinks = config.delivery.sinks
        has_file = any(isinstance(s, FileOutput) and is_path(s.outfile) for s in sinks)
        if config.journal == 'off' or not has_file or seen:
            return 0
        return ALL if config.journal == 'on' else BLOCKS

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
                self.not_native.append('a capture failed: see call.capture_errors')
                raise
        return self.fixed_text

    def _fixed_text(self, config: Config, owner: Owner) -> RecordText:
        fields, settings = self.fields(config, owner, THREAD), self.settings
        if USAGE_FIELD in fields:
            self.observes_usage = False  # the program's own
        before: dict[str, Any] = fields
        rest: dict[str, Any] = {}
        if self.captures is not None and self.hooks.measures_usage:
            before, rest = _parted(fields)
        assert settings.tz is not None
        offset = settings.tz.utcoffset(None)
        return built(settings.mb, {}, before, settings.masker, offset, rest=rest)

    def tail_before(self, text: RecordText) -> bytes:
        """Return the fields behind `call` as they are before the code has run."""
        usage = b''
        if self.captures is not None and self.hooks.measures_usage:
            usage = further(json_text.encode({USAGE_FIELD: []}))
        return text.tail + usage + text.rest

    def fields(
        self, config: Config, owner: Owner, thread: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the fields that all records have in common.

        USAGE_FIELD stands for what C puts in its place.

        Args:
            config: the settings of the bench.
            owner: the bench.
            thread: member of `process` with the name of the thread, or empty.
        """
        around = _core.copied(self.around)
        if 'process' in around:
            around['process'].update(thread)
        fields = {**around, **config.static_fields()}
        constant = self.hooks.constant
        for name in self.hooks.captures:
            if name in constant:
                config.add_constant(fields, owner, name, constant[name])
            elif self.captures is not None and name in self.hooks.native:
                if self.hooks.native[name].kind == USAGE:
                    fields[USAGE_FIELD] = []
                elif self.hooks.native[name].kind == ENVIRON:
                    getattr(owner, name)(fields)
                    fields.pop('mb', None)  # of a secret that came meanwhile, and is masked
        return self.settings.without_large(fields)


def current_plan(config: Config, owner: Owner) -> Plan:
    """Return the plan of a bench, made anew if what it was made from has changed."""
    plan: Plan | None = config.plan
    if (
        plan is None
        or plan.epoch is not config.epoch
        or plan.version != _core.type_version(type(owner))
        or plan.version == 0
        or plan.generation != _core.fork_generation()
        or not (plan.sources is None or plan.sources.hold())
    ):
        if plan is not None and not (plan.sources is None or plan.sources.hold()):
            config.outdated += 1
            _core.note_change()
        plan = config.plan = Plan(config, owner)
    return plan


def _parted(fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields before USAGE_FIELD, and those after it."""
    names = list(fields)
    place = names.index(USAGE_FIELD)
    parts = names[:place], names[place + 1 :]
    before, rest = ({name: fields[name] for name in part} for part in parts)
    return before, rest


def _native_captures() -> Any:
    from . import native_captures  # start-up time

    return native_captures


def line_of(config: Config, owner: Owner, record: dict[str, Any]) -> bytes:
    """Return the line of a record, with secrets masked."""
    plan = current_plan(config, owner)
    masker, text = plan.settings.masker, None
    if 'to_json' in plan.hooks.overridden:
        text = _by_to_json(owner, masker, record)
    elif config.encoder is None:
        text = _core.plain_text(record)
    if text is None:
        text = json_text.encode(record, config.encoder, plan.settings.limits)
    if not masker.has_patterns and not _core.is_suspicious(text):
        return text  # as almost all records
    return masker.record(text)


def _by_to_json(owner: Owner, masker: Masker, record: dict[str, Any]) -> bytes | None:
    """Return the text that an overridden to_json() makes; warn and return None on error."""
    try:
        text = owner.to_json(masker.values(record))
        line = text.encode('utf-8', 'surrogatepass')
    except Exception as error:
        warn(f'to_json() failed for a record: {one_line(error)}', RuntimeWarning)
        return None
    return json_text.made_strict(_core.ascii_text(b' '.join(line.splitlines())))
