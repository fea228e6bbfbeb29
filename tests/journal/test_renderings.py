"""A record is the same in the file, in the journal, from native code and recovered."""

import datetime as dt
import os
import signal
import time
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from microbench import MBHostInfo, MicroBench, MicroBenchBase, _core
from microbench.core import record_dict, record_text
from microbench.core.plan import line_of
from microbench.core.record_text import MEASURED
from microbench.core.run import Run
from microbench.journal.image import End
from tests.core.test_two_forms import (
    EXCEPTIONS,
    FIELDS,
    PHASES,
    TEXT,
    ZONES,
    pass_through,
    strict,
    types_of,
)

SECRETS = {'url': 'https://user:hidden@example.org/', 'token': 'hidden'}
# Half of the patterns and of the fields leave a record to be written as text.
PATTERNS = [(), None, ('tok*',), ('call.name',), ('*durations', 'token'), ('*',)]
MORE_FIELDS = st.sampled_from(
    [
        *({}, SECRETS, {'number': 2**64}),
        *({'call': {'site': 'here'}}, {'mb': {'note': 'https://a:hidden@b/'}}),
        {'numbers': [1, {'a': None}]},
    ]
)
# How many phases are listed, and names have totals: with few, most of them are dropped.
LIMITS = st.sampled_from([(65536, 1000), (4, 2), (1, 1), (2, 0)])


class Host(MicroBenchBase, MBHostInfo):
    """A bench with constant captures."""


class Case(NamedTuple):
    """What a run and its bench are made of."""

    cls: type
    builds_dicts: bool
    patterns: tuple
    fields: dict
    more_fields: dict
    tz: dt.tzinfo
    counter: object
    durations: str
    iterations: int
    name: str
    phases: list
    exception: BaseException | None
    limits: tuple

    def bench(self, path):
        """Return a bench that writes to this file."""
        attributes = {'redact': self.patterns}
        if self.builds_dicts:
            attributes['capture_zz'] = lambda self, data: None
        return type('Bench', (self.cls,), attributes)(
            path,
            journal='on',
            tz=self.tz,
            duration_counter=self.counter,
            durations=self.durations,
            iterations=self.iterations,
            **{**self.fields, **self.more_fields},
        )


CASES = st.builds(
    Case,
    cls=st.sampled_from([MicroBenchBase, MicroBench, Host]),
    builds_dicts=st.sampled_from([False, False, True]),
    patterns=st.one_of(st.just(()), st.sampled_from(PATTERNS)),
    fields=FIELDS,
    more_fields=st.one_of(st.just({}), MORE_FIELDS),
    tz=st.one_of(ZONES, st.none()),
    counter=st.sampled_from([time.perf_counter, time.monotonic_ns]),
    durations=st.sampled_from(['list', 'histogram']),
    iterations=st.integers(1, 3),
    name=TEXT,
    phases=st.lists(PHASES, max_size=4),
    exception=EXCEPTIONS,
    limits=LIMITS,
)


class Renderings:
    """The record of one run whose last iteration has just ended.

    Attributes:
        file: what the sink writes.
        other_form: of a record that is written as text, its dict, encoded; of one that is
            built as a dict, its text.
        journal: what is in the journal.
        recovered: what recovery makes of that.
        native: what native code writes when the process is about to end.
    """

    def __init__(self, run, path, exception):
        self.run, self.settings, self.exception = run, run.plan.settings, exception
        self.is_text = run.data is None
        self.hides_measurements = bool(self.settings.masker.reasons)
        self.journal, self.recovered = map(self._read, self._in_journal())
        self.native = self._read(self._by_native_code(path))
        self.other_form = self._read(self._in_other_form())
        path.unlink(missing_ok=True)
        with mock.patch.object(Run, 'claim', lambda run: True):  # native code claimed it
            run.finish(exception)
        self.file = self._read(path.read_bytes().rstrip(b'\n'))

    def _in_journal(self):
        image = Path(os.fsdecode(self.run.config.journal_of_runs.journal.path)).read_bytes()
        [(_, line)] = _core.journal_records(image)
        end = End(_core.journal_header(image), 0)
        [(record_id, recovered)] = _core.journal_records(image, end.fields(), end.ns)
        return line, end.bounded(record_id, recovered)

    def _by_native_code(self, path):
        _core.emergency_write(signal.SIGTERM)
        return path.read_bytes().rstrip(b'\n')

    def _in_other_form(self):
        run = self.run
        if not self.is_text:
            text = record_text.of_dict(
                run.data, run.start_wall_ns, run.plan.settings, run.config.encoder
            ).line(run, {})
            return self.settings.masker.record(text)
        data = record_dict.dict_from_native(run)
        record = record_dict.completed(run, data, self.exception, None)
        return line_of(run.config, run.owner, record)

    def _read(self, line):
        """Return the record of a line without what only some renderings can have."""
        record = strict(line)
        if self.exception is not None:  # the file alone has it
            record.pop('exception', None)
            self._forget(record, 'exception')
        if record['call'] == '***':  # a journal has an object there
            record['call'] = {}
        call = record['call']
        if self.hides_measurements:
            for name in MEASURED.intersection(call):
                del call[name]
        if self.settings.tz is None:  # only C writes the offset
            for name in {'start_time', 'finish_time'}.intersection(call):
                call[name] = call[name][: len('2026-03-01T09:30:00.123456')]
        return record

    def _forget(self, record, name):
        masked = record['mb'].get('masked', [])
        if name in masked:
            masked.remove(name)
            if not masked:
                del record['mb']['masked']


def renderings(case, path):
    """Return the renderings of a run with the same phases in each iteration."""
    left_open = []
    bench = case.bench(path)
    run = Run(bench, case.name)
    run.iterations = case.iterations
    run.begin()
    for _ in range(case.iterations):
        run.start()
        pass_through(bench, case.phases, left_open)
        run.stop()
    try:
        return Renderings(run, path, case.exception)
    finally:
        for phase in left_open:
            phase.__exit__(None, None, None)
        path.unlink(missing_ok=True)


@given(CASES)
def test_one_record(tmp_path_factory, case):
    """All renderings are equal, to the last digit, but for the end of the run."""
    before = _core.keep_phases(*case.limits)
    try:
        path = tmp_path_factory.getbasetemp() / 'renderings.jsonl'
        found = renderings(case, path)
    finally:
        _core.keep_phases(*before)
    assert not (case.builds_dicts and found.is_text)
    check_end(found)
    for rendering in (found.other_form, found.journal, found.recovered):
        assert rendering == found.file
        assert types_of(rendering) == types_of(found.file)
        assert list(rendering) == list(found.file)
    check_native(found)


def check_end(found):
    """Take from each rendering, and compare, how it says that the run has ended."""
    assert found.journal.pop('exit_path') == 'recovered'
    assert found.recovered.pop('exit_path') == 'recovered'
    assert found.recovered.pop('recovered')['duration_is_lower_bound'] is True
    assert found.native.pop('exit_path') == 'native'
    assert found.native.pop('exit_signal') == 'SIGTERM'


def check_native(found):
    """Compare what native code writes: later, when open phases have taken more time."""
    call, expected = found.native['call'], found.file['call']
    later = []  # by how many microseconds
    if 'finish_time' in expected:
        later.append(
            (moment(call['finish_time']) - moment(expected['finish_time']))
            // dt.timedelta(microseconds=1)
        )
        call['finish_time'] = expected['finish_time']
        opened = call.get('open_timings', ()), expected.get('open_timings', ())
        for phase, before in zip(*opened, strict=True):
            later.append((ns(phase['duration']) - ns(before['duration'])) // 1000)
            phase['duration'] = before['duration']
        assert min(later) >= 0
        assert max(later) - min(later) <= 1
    assert found.native == found.file
    assert list(found.native) == list(found.file)


def moment(text):
    """Return a time in UTC, or in local time without an offset."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.timezone.utc)


def ns(duration):
    """Return a duration in nanoseconds; a float is one in seconds."""
    return duration if isinstance(duration, int) else round(duration * 1e9)
