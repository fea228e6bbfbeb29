"""The journal holds what Python would write at the same moment."""

import json
import os
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from microbench import MicroBench, _core
from microbench.core.run import Run

NAMES = ['p', 'q', 'é "x"', 'n' * 700, '\ud800', '']

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just('enter'), st.sampled_from(NAMES)),
        st.tuples(st.just('leave'), st.integers(0, 9)),
        st.sampled_from([('start',), ('stop',), ('suspend',), ('show',), ('add',)]),
    ),
    max_size=60,
)


class Shown:
    """A run that performs given steps, and its journal."""

    def __init__(self, folder, counter, iterations, durations):
        kind = 'histogram' if durations == 'histogram' else 'list'
        self.bench = MicroBench(duration_counter=counter, durations=kind)
        self.run = Run(self.bench, 'name')
        self.run.background = durations == 'process'
        self.run.iterations = iterations
        self.run.begin()
        self.text = self.run.plan.text(self.run.config, self.bench)
        self.text.call = _core.call_text('name')
        self.journal = _core.Journal(os.fsencode(folder / 'out'))
        self.running = False
        self.open = []

    def enter(self, name):
        phase = self.bench.time(name)
        phase.__enter__()
        if self.run.is_journaled:  # one that was open before is not followed
            self.open.append(phase)
        else:
            phase.__exit__(None, None, None)

    def leave(self, index):
        if self.open:
            self.open.pop(index % len(self.open)).__exit__(None, None, None)

    def start(self):
        self.running = True
        self.run.start()

    def suspend(self):
        if self.running:
            self.run.suspend()
            self.run.resume()

    def stop(self):
        if not self.running:
            return False
        self.running = False
        self.run.stop()
        return True

    def add(self):
        if not self.running:
            self.run.add_duration(12_345)

    def show(self):
        self.text.mirror_in(self.journal, self.run)

    def shown(self):
        """Return the record in the journal, at the last moment it knows."""
        data = Path(os.fsdecode(self.journal.path)).read_bytes()
        [(_, line)] = _core.journal_records(data)
        record = json.loads(line)
        assert record.pop('exit_path') == 'recovered'
        return record

    def written(self):
        """Return the record that Python would write now."""
        return json.loads(self.text.line(self.run, {}))


def without_times_of_the_end(record, *others):
    """Return a record without the wall clock and some fields of `call`."""
    leave_out = {'finish_time', *others}
    return {
        **record,
        'call': {k: v for k, v in record['call'].items() if k not in leave_out},
    }


# How many phases are listed, and names have totals: with few, most of them are dropped.
LIMITS = st.sampled_from([(65536, 1000), (3, 2), (1, 1), (2, 0), (3, 2, 5), (1, 1, 2)])


@given(
    STEPS,
    st.sampled_from([time.perf_counter, time.perf_counter_ns]),
    st.integers(1, 2),
    st.sampled_from(['list', 'histogram', 'process']),
    LIMITS,
)
def test_at_any_moment(tmp_path_factory, steps, counter, iterations, durations, limits):
    """Both are equal for any mixture of iterations, stretches and phases."""
    before = _core.keep_phases(*limits)
    shown = Shown(tmp_path_factory.getbasetemp(), counter, iterations, durations)
    try:
        for name, *arguments in [*steps, ('show',)]:
            stopped = getattr(shown, name)(*arguments)
            if shown.run.is_journaled:
                compare(shown, stopped)
    finally:
        shown.run.abandon()
        _core.keep_phases(*before)


def compare(shown, stopped):
    """Compare durations and finished phases, and open ones when a clock has stopped."""
    seen, written = shown.shown(), shown.written()
    finished = len(written['call']['durations'])
    assert len(seen['call']['durations']) == finished + shown.running
    del seen['call']['durations'][finished:]
    known = () if stopped else ('open_timings',)
    assert without_times_of_the_end(seen, *known) == without_times_of_the_end(
        written, *known
    )
    names = [entry['name'] for entry in written['call'].get('open_timings', ())]
    assert [e['name'] for e in seen['call'].get('open_timings', ())] == names
