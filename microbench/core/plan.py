"""Work out what a bench captures, once instead of at each call.

A plan is made of the hooks of the class and the bench (hooks.py), and of its settings
(settings.py). It holds as long as

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

from .. import _core
from ..descriptors import load_lazy_imports
from ..encoding import json_text
from ..messages import one_line, warn
from .hooks import Hooks
from .record_text import built
from .settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..encoding.masking import Masker
    from .config import Config
    from .owner import Owner
    from .record_text import RecordText

BLOCKS, ALL = 1, 2

lazy_imports = getattr(sys, 'get_lazy_imports', str)  # of CPython 3.15


class Plan:
    """The steps for each record of one bench object, in its present state.

    Args:
        config: the settings of the bench.
        owner: the bench, for its hooks and public attributes.

    Attributes:
        native: C writes the record as text.
        not_native: in words, why it does not.
        fixed_text: what all records have in common, made by text().
        mirrored: which runs a journal mirrors: none, BLOCKS or ALL.
        template: how it mirrors them, made when the first run is mirrored.
        begun: a run was begun by this plan.
    """

    def __init__(self, config: Config, owner: Owner) -> None:
        _core.look_for_greenlets()
        if lazy_imports() == 'all':
            load_lazy_imports()
        # Read first, so that any later change outdates the plan at once. The
        # attribute look-up makes CPython assign a tag.
        self.epoch = config.epoch
        self.version = _core.type_version(type(owner))
        self.hooks = Hooks(config, owner)
        self.settings = Settings(config, owner)
        self.not_native = [*self.hooks.reasons, *self.settings.reasons]
        self.native = not self.not_native
        self.fixed_text: RecordText | None = None
        self.mirrored = self._mirrored_runs(config)
        self.template: _core.JournalTemplate | None = None
        self.begun = False

    def _mirrored_runs(self, config: Config) -> int:
        """Return which runs a journal mirrors: none, BLOCKS or ALL."""
        seen = {'to_json', 'output_result'}.intersection(self.hooks.overridden)
        files = [s for s in config.delivery.sinks if getattr(s, '_is_path', False)]
        if config.journal == 'off' or not files or seen:
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
                self.not_native.append('a capture failed')
                raise
        return self.fixed_text

    def _fixed_text(self, config: Config, owner: Owner) -> RecordText:
        fields = config.static_fields()
        for name, definition in self.hooks.constant.items():
            config.add_constant(fields, owner, name, definition)
        settings = self.settings
        assert settings.tz is not None
        offset = settings.tz.utcoffset(None)
        return built(settings.mb, {}, fields, settings.masker, offset)


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
    masker, text = plan.settings.masker, None
    if 'to_json' in plan.hooks.overridden:
        text = _by_to_json(owner, masker, record)
    elif config.encoder is None:
        text = _core.plain_text(record)
    if text is None:
        text = json_text.encode(record, config.encoder)
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
