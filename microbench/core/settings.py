"""The settings of a plan: iterations, clock, time zone, masking, and the `mb` object.

A plan reads them once, from the Config of its bench (config.py) and from the attributes
that users may set on a bench or a class.
"""

from __future__ import annotations

from .. import __version__, _core
from ..counters import NATIVE_COUNTERS, clock_choice
from ..encoding import json_text
from ..encoding.limits import limits_of
from ..encoding.masking import Masker
from .arguments import repeated, time_zone
from .callables import name_of
from .times import timezone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .config import Config
    from .large_fields import LargeFields
    from .owner import Owner

SCHEMA = 3


class Settings:
    """The settings of one bench in its present state, checked.

    Attributes:
        counter: returns the readings that durations are differences of.
        foreign: Python calls the counter, because C does not have it.
        integers: the counter counts whole nanoseconds.
        histogram: iterations and phases are counted, not listed.
        clock: these four, as OpenRun.open() takes them.
        iterations: timed calls for each call of a decorated function; -1: as many as
            `measuring` says.
        warmup: untimed calls before them; -1: as many as it takes.
        measuring: options of measuring/options.py, as keywords.
        tz: time zone of all timestamps; None for naive local time.
        masker: masks the secrets of each record.
        limits: sizes of values.
        large: static fields that may be above them; None without such.
        mb: the `mb` object, less the id of the single record.
        reasons: in words, each thing that needs the record as a dict.
    """

    def __init__(self, config: Config, owner: Owner) -> None:
        self.counter: Callable[[], Any] = config.counter
        kinds = [whole for native, whole in NATIVE_COUNTERS if native is self.counter]
        self.foreign = not kinds
        self.integers = True in kinds
        self.mb = self._identity(owner.tz)
        self.histogram = config.histogram
        self.clock = self.counter, self.foreign, self.integers, self.histogram
        self.iterations, self.warmup = repeated(owner.iterations, owner.warmup)
        self.measuring = config.measuring
        self.tz = time_zone(owner.tz)
        self.masker = Masker(getattr(owner, 'redact', ()))
        self.limits = limits_of(owner)
        self.large = self._large_fields(config.static)
        self.reasons = list(self._reasons(config))

    def _large_fields(self, static: dict[str, Any]) -> LargeFields | None:
        kinds = {type(value) for value in static.values()}
        if self.limits.are_none or kinds <= json_text.SCALARS - {str}:
            return None
        from .large_fields import LargeFields  # start-up time

        large = LargeFields(static, self.limits)
        return large if large.fields else None

    def without_large(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return a record with summaries in place of large static fields."""
        return record if self.large is None else self.large.summarized(record)

    def masked_text(self, record: dict[str, Any]) -> bytes:
        """Return the text of a record without code of the user; secrets are masked."""
        return self.masker.record(json_text.encode(record, limits=self.limits))

    def _identity(self, tz: object) -> dict[str, Any]:
        mb = {
            'run_id': _core.RUN_ID,
            'version': __version__,
            'schema': SCHEMA,
            'timezone': str(tz),
            'duration_counter': name_of(self.counter),
        }
        if not self.foreign:
            mb['clock'] = _core.clock_info(clock_choice())
        return mb

    def _reasons(self, config: Config) -> Iterator[str]:
        for reason in self.masker.reasons:
            yield f'{reason}: name no field that microbench measures'
        if self.foreign:
            name = self.mb['duration_counter']
            yield f'{name} is not read in C: use time.perf_counter or time.monotonic'
        if config.encoder is not None:
            yield f'{config.encoder.__name__} encodes the record: leave out json_encoder'
        if type(self.tz) is not timezone or self.tz.utcoffset(None).microseconds:
            yield f'{self.mb["timezone"]} is not a fixed offset: set tz=timezone.utc'
        for name, value in config.static.items():
            if name in ('mb', 'call') or type(value) not in json_text.SCALARS:
                yield f'field {name!r} is made anew for each record: use a text or number'
