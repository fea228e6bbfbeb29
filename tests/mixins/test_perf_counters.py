"""MBCounters, on counters that are made up and on those of the kernel."""

import errno
import json
import os
import sys
import threading

import pytest

from microbench import MBCounters, MicroBenchBase
from microbench.mixins import perf_counters, perf_events
from tests.fakes import only

NO_PMU = 'this virtual machine has no PMU: its host would have to pass one on'


class Reading:
    """What a made-up counter shows: values, and both times in nanoseconds."""

    def __init__(self, values, enabled, running):
        self.values, self.enabled, self.running = values, enabled, running

    def since(self, before):
        share = self.running - before.running, self.enabled - before.enabled
        scaled = share[0] < share[1]
        counted = [
            None if scaled and not share[0] else now - then
            for now, then in zip(self.values, before.values, strict=True)
        ]
        return [(number, scaled) for number in counted]

    def times_ns(self, before, i):
        return self.enabled - before.enabled, self.running - before.running


class Fake:
    """Stands in for _core.Counters; each reading is one step further."""

    step, errors_of, failing = Reading((10, 20), 1_000_000_000, 1_000_000_000), (0, 0), None
    opened = 0

    def __init__(self, events, of_children):
        type(self).opened += 1
        self.reads = 0
        self.errors = self.errors_of[: len(events)]

    def read(self):
        self.reads += 1
        if self.failing and self.reads == 2:
            raise OSError(self.failing, 'failed')
        n, step = self.reads, self.step
        return Reading([n * v for v in step.values], n * step.enabled, n * step.running)


class Counted(MicroBenchBase, MBCounters):
    counter_events = ('instructions', 'cycles')


@pytest.fixture
def fake(monkeypatch):
    """Replace the counters of C, and forget those that are open."""
    made = type('Made', (Fake,), {'opened': 0})
    monkeypatch.setattr(perf_counters, '_open', threading.local())
    monkeypatch.setattr(perf_counters._core, 'Counters', made)
    return made


def counters_of(bench):
    return only(bench.get_results())['counters']


def test_counts_and_times_are_those_between_two_readings(fake):
    """Nothing is missing, so nothing else is there."""
    bench = Counted()
    with bench.record():
        pass
    assert counters_of(bench) == {
        'instructions': 10,
        'cycles': 20,
        'time_enabled': 1.0,
        'time_running': 1.0,
    }


def test_they_are_opened_once_for_a_thread(fake):
    """A second record uses them again, another thread opens its own."""
    bench = Counted()
    work = bench(lambda: None)
    work(), work()
    assert fake.opened == 1
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert fake.opened == 2
    assert [r['counters']['cycles'] for r in bench.get_results()] == [20, 20, 20]


def test_phases_are_summed_up_by_name(fake):
    """Each phase takes two readings; sync and async blocks and functions count."""
    bench = Counted()
    bench.counter_phases = True
    with bench.record():
        for _ in range(2):
            with bench.time('part'):
                pass
        bench.time('call')(lambda: None)()
    phases = counters_of(bench)['phases']
    part = {'name': 'part', 'count': 2, 'instructions': 20, 'cycles': 40}
    assert phases == [part, {'name': 'call', 'count': 1, 'instructions': 10, 'cycles': 20}]
    assert [t['name'] for t in only(bench.get_results())['call']['timings']] == [
        'part',
        'part',
        'call',
    ]


def in_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_a_phase_is_counted_in_its_thread(fake):
    """Those of the thread of the record would show 0."""
    bench = Counted()
    bench.counter_phases = True
    with bench.record():
        in_thread(bench.time('there')(lambda: None))
    [phase] = counters_of(bench)['phases']
    assert phase == {'name': 'there', 'count': 1, 'instructions': 10, 'cycles': 20}
    assert fake.opened == 2


def test_a_phase_that_ends_in_another_thread_is_left_out(fake):
    """No counters know it; its duration is there."""
    bench = Counted()
    bench.counter_phases = True
    with bench.record():
        phase = bench.time('moved')
        phase.__enter__()
        in_thread(lambda: phase.__exit__(None, None, None))
    assert counters_of(bench)['phases'] == []
    assert [t['name'] for t in only(bench.get_results())['call']['timings']] == ['moved']


def test_an_estimate_says_so(fake):
    """The kernel took turns."""
    fake.step = Reading((10, 20), 2_000_000_000, 1_000_000_000)
    bench = Counted()
    with bench.record():
        pass
    found = counters_of(bench)
    assert (found['scaled'], found['time_enabled'], found['time_running']) == (
        True,
        2.0,
        1.0,
    )


def test_what_was_never_counted_is_no_0(fake):
    """It has a reason instead."""
    fake.step = Reading((0, 0), 1_000_000_000, 0)
    bench = Counted()
    with bench.record():
        pass
    found = counters_of(bench)
    assert found['unavailable'] == dict.fromkeys(
        ('instructions', 'cycles'), perf_events.NOT_COUNTED
    )
    assert not {'instructions', 'cycles'} & found.keys()


@pytest.mark.parametrize(
    ('error', 'words'),
    [(errno.ECHILD, 'the process was forked'), (errno.EBADF, 'the program closed')],
)
def test_a_reading_that_fails_has_a_reason_and_the_next_record_new_counters(
    fake, error, words
):
    """The record is written."""
    bench = Counted()
    fake.failing = error
    with bench.record():
        pass
    fake.failing = None
    with bench.record():
        pass
    first, second = (record['counters'] for record in bench.get_results())
    assert set(first) == {'unavailable'}
    assert all(text.startswith(words) for text in first['unavailable'].values())
    assert second['cycles'] == 20
    assert fake.opened == 2


def test_one_event_may_be_missing(fake, monkeypatch):
    """The others are counted."""
    monkeypatch.setattr(perf_events, 'virtual_machine', lambda: {'virtual_machine': 'kvm'})
    fake.errors_of = (errno.ENOENT, 0)
    bench = Counted()
    with bench.record():
        pass
    found = counters_of(bench)
    assert (found['cycles'], found['unavailable']) == (20, {'instructions': NO_PMU})
    assert 'instructions' not in found


@pytest.mark.parametrize(
    ('error', 'level', 'words'),
    [
        (errno.EACCES, '4\n', 'sysctl kernel.perf_event_paranoid=2'),
        (errno.EPERM, '1\n', 'the capability PERFMON'),
        (errno.ENOSYS, '', 'no perf_event_open(2)'),
        (errno.EINVAL, '', 'choose fewer counter_events'),
        (errno.ENOENT, '', 'its driver, has no cycles'),
        (errno.EMFILE, '', os.strerror(errno.EMFILE)),
    ],
)
def test_each_reason_has_a_remedy(error, level, words, tmp_path, monkeypatch):
    """It depends on errno, the level of the kernel and the hypervisor."""
    (tmp_path / 'level').write_text(level)
    monkeypatch.setattr(perf_events, 'PARANOID', str(tmp_path / 'level'))
    monkeypatch.setattr(perf_events, 'virtual_machine', dict)
    assert words in perf_events.why_not('cycles', error)


@pytest.mark.parametrize(
    ('events', 'words'),
    [
        (('cycels',), 'did you mean cycles'),
        ((), 'names no event'),
        (('ipc',), 'type one'),
    ],
)
def test_unknown_events_are_refused(events, words):
    """Before the code runs."""
    bench = Counted()
    bench.counter_events = events
    with pytest.raises(ValueError, match=words), bench.record():
        pytest.fail('it ran')


def test_names_of_perf_are_known():
    """Each event is counted once."""
    text = 'page-faults, page_faults task-clock'
    assert perf_events.chosen(text) == ('page_faults', 'task_clock')


# --- the kernel's own: they need no PMU ------------------------------------------------

SOFTWARE = perf_counters._Counters(('page_faults', 'task_clock'))
needs_perf = pytest.mark.skipif(bool(SOFTWARE.why), reason=f'{SOFTWARE.why}')


class Real(MicroBenchBase, MBCounters):
    counter_events = ('page_faults', 'task_clock')


@needs_perf
def test_the_kernel_counts_what_the_thread_does():
    """A new page faults once; of a child that is forked nothing is counted."""
    bench = Real()
    with bench.record():
        bytearray(64 * 4096)[::4096]
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    found = counters_of(bench)
    assert found['page_faults'] > 0
    assert 0 < found['task_clock'] <= found['time_enabled'] * 1.5
    assert 'unavailable' not in found


@needs_perf
def test_a_forked_child_opens_its_own():
    """A record that was open at the fork has a reason in the child."""
    bench = Real()
    reader, writer = os.pipe()
    with bench.record():
        pid = os.fork()
        if pid:
            os.waitpid(pid, 0)
    if pid == 0:
        with bench.record():
            pass
        fields = [record['counters'] for record in bench.get_results()]
        os.write(writer, json.dumps([sorted(found) for found in fields]).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        of_child = json.loads(pipe.read())
    assert of_child[0] == ['unavailable']
    assert {'page_faults', 'time_running'} <= set(of_child[1])
    assert 'page_faults' in only(bench.get_results())['counters']


@needs_perf
def test_the_command_counts_the_program(tmp_path):
    """And what that starts; not what captures of the command start."""
    from microbench.__main__ import main

    path = tmp_path / 'out.jsonl'
    code = 'import os; x = bytearray(3000 * 4096); os.fork() or x.extend(x)'
    options = ['-o', str(path), '-m', 'counters', '--counter-events', 'page-faults']
    with pytest.raises(SystemExit) as ended:
        sys.exit(main([*options, '--', sys.executable, '-S', '-c', code]))
    assert not ended.value.code
    [record] = map(json.loads, path.read_text().splitlines())
    assert record['counters']['page_faults'] > 3000
