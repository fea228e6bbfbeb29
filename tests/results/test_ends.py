"""The end of a dead process: exact if the kernel has marked it, else within bounds."""

import json
import os
import signal
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import FileOutput, _core
from microbench.journal import image, reader
from tests.fakes import only, python

SECOND = 1_000_000_000
MADE_WALL = 1_700_000_000 * SECOND
MADE = 5_000 * SECOND
OFFSET = MADE_WALL - MADE
BY = b'{"mb":{"record_id":"7"}%s}'

KILLED = """
import os, signal, sys
from microbench import MBSlurmInfo, MicroBench

class Bench(MicroBench, MBSlurmInfo):
    pass

bench = Bench(sys.argv[1])
with bench.record('simulation'):
    with bench.time('work'):
        {}
"""
KILL = 'os.kill(os.getpid(), signal.SIGKILL)'


def header(**more):
    """Return what is known of a journal that was made on this boot."""
    known = {'made_wall_ns': MADE_WALL, 'made_ns': MADE, 'boot_id': image.boot_id()}
    known |= {'last_ns': MADE + SECOND, 'parent_ns': 0, 'parent_is_job': False}
    return {**known, 'end_is_marked': True, 'modified_ns': 0, **more}


@pytest.fixture
def clocks(monkeypatch):
    """Set the clocks to an hour after the journal was made."""

    def stand(wall=MADE_WALL + 3600 * SECOND, now=MADE + 3600 * SECOND):
        monkeypatch.setattr(_core, 'wall_ns', lambda: wall)
        monkeypatch.setattr(_core, 'clock_ns', lambda: now)

    stand()
    return stand


def recovered(end, line=BY):
    """Return the fields of a recovered record."""
    text = end.bounded(b'7', line % end.fields())
    return json.loads(text)['recovered']


def test_what_the_kernel_has_marked_is_exact(clocks):
    """The end is the file's time of modification."""
    end = image.End(header(), MADE_WALL + 70 * SECOND)
    assert (end.ns, end.is_exact) == (MADE + 70 * SECOND, True)
    assert recovered(end)['duration_is_lower_bound'] is False
    assert 'ended_before' not in recovered(end)


@pytest.mark.parametrize(
    'more',
    [
        {'end_is_marked': False},
        {'boot_id': 'another'},
        {'last_ns': MADE + 71 * SECOND},
        {'modified_ns': (1 << 63) - 1},
    ],
    ids=['no mark', 'another boot', 'signs of life after it', 'an end to come'],
)
def test_without_a_mark_the_last_sign_of_life_counts(clocks, more):
    """The duration is a lower bound, and there is an upper one."""
    known = header(**more)
    end = image.End(known, MADE_WALL + 70 * SECOND)
    assert (end.ns, end.is_exact) == (known['last_ns'], False)
    found = recovered(end)
    assert found['duration_is_lower_bound'] is True
    assert found['ended_before'] == found['time']


@pytest.mark.parametrize('more', [b'', b',"recovered":{"by":"us"}', b',"recovered":1'])
def test_a_complete_record_stays_as_it_is(clocks, more):
    """A field of the user's own that is named `recovered` gets no bound."""
    end = image.End(header(end_is_marked=False), 0)
    assert end.bounded(b'7', BY % more) == BY % more


@pytest.mark.parametrize('line', [b'{"mb":{"record_id":"7"},\n"a":1}', b'{"mb":', b'7'])
def test_a_damaged_record_is_not_kept(clocks, line):
    """A damaged record, or one that would be two lines of the file, is dropped."""
    assert image.End(header(), 0).bounded(b'7', line) == b''


def test_a_clock_that_was_set_or_a_machine_that_slept(clocks):
    """A file's time says nothing about the monotonic clock after such a step."""
    clocks(wall=MADE_WALL + 3601 * SECOND)
    assert image.End(header(), MADE_WALL + 70 * SECOND).ns == MADE + SECOND


def test_the_time_of_a_file_is_that_of_a_tick(clocks):
    """A file's time may be a little older than the last stored moment."""
    end = image.End(header(), MADE_WALL + SECOND - 4_000_000)
    assert (end.ns, end.is_exact) == (MADE + SECOND, True)


def test_a_recovered_record_keeps_its_time(clocks):
    """A recoverer's notes in the journal do not change the end."""
    noted = header(modified_ns=MADE_WALL + 70 * SECOND)
    assert image.End(noted, MADE_WALL + 3599 * SECOND).ns == MADE + 70 * SECOND


def test_the_parent_that_was_the_job(clocks):
    """The parent's death, if nothing came later, is the end."""
    died = header(end_is_marked=False, parent_ns=MADE + SECOND, parent_is_job=True)
    found = recovered(image.End(died, 0))
    assert found['duration_is_lower_bound'] is False
    assert found['parent_died'] == '2023-11-14T22:13:21.000000+00:00'
    outlived = {**died, 'last_ns': MADE + 2 * SECOND}
    assert recovered(image.End(outlived, 0))['duration_is_lower_bound'] is True
    another = {**died, 'parent_is_job': False}
    assert recovered(image.End(another, 0))['duration_is_lower_bound'] is True


BOUNDS = {
    'text': ('1700000060', 360),
    'a number': (1700000060, 3600),
    'no number': ('soon', 3600),
    'later than now': ('1700009000', 3600),
    'before the last sign of life': ('1699990000', 1),
    'absurd': ('9' * 30, 3600),
}


@pytest.mark.parametrize(('value', 'seconds'), BOUNDS.values(), ids=BOUNDS)
def test_the_end_of_the_job_bounds_it(clocks, value, seconds):
    """Five minutes after `slurm.job_end_time` SLURM has killed it."""
    end = image.End(header(end_is_marked=False), 0)
    line = b'{"mb":{"record_id":"7"},"slurm":{"job_end_time":%s}%%s}'
    found = recovered(end, line % json.dumps(value).encode())
    latest = datetime.fromtimestamp(1_700_000_000, timezone.utc) + timedelta(0, seconds)
    assert datetime.fromisoformat(found['ended_before']) == latest


@given(st.binary(max_size=40))
def test_what_is_no_record_is_damaged(data):
    """Anything but a record is damaged."""
    end = image.End(header(end_is_marked=False), 0)
    assert end.bounded(b'7', data) == b''


# --- real processes -------------------------------------------------------------------


def killed(tmp_path, inside=KILL, status=-signal.SIGKILL):
    """Return a file of records, and the journal of a dead process beside it."""
    path = tmp_path / 'records.jsonl'
    done = python(KILLED.format(inside), path)
    assert done.returncode == status, done.stderr
    [left] = reader.paths_for(str(path))
    return path, Path(left), _core.journal_header(Path(left).read_bytes())


ENDS = {
    'killed': (KILL, -signal.SIGKILL),
    'os._exit': ('os._exit(3)', 3),
    'another program': ("os.execlp('true', 'true')", 0),
    'several threads': (
        'import threading, time; '
        'threading.Thread(target=time.sleep, args=(600,), daemon=True).start(); ' + KILL,
        -signal.SIGKILL,
    ),
}


@pytest.mark.parametrize(('inside', 'status'), ENDS.values(), ids=ENDS)
def test_the_duration_is_that_of_the_process(tmp_path, inside, status, monkeypatch):
    """The duration reaches to the mark, on file systems that support one."""
    path, left, known = killed(tmp_path, inside, status)
    if not known['end_is_marked']:
        pytest.skip('no mark on this file system (tmpfs has none)')
    assert left.stat().st_mtime_ns >= known['made_wall_ns'] - image.TICK_NS
    later = left.stat().st_mtime_ns + 60 * SECOND  # as if it had lived a minute longer
    first = only(FileOutput(path).get_results())
    os.utime(left, ns=(later, later))
    for name in ('clock_ns', 'wall_ns'):
        now = getattr(_core, name)
        monkeypatch.setattr(_core, name, lambda now=now: now() + 60 * SECOND)
    second = only(FileOutput(path).get_results())
    assert first['recovered']['duration_is_lower_bound'] is False
    [took], [more] = (record['call']['durations'] for record in (first, second))
    assert 0 < took < more
    assert 60 - 0.02 < more - took < 60.02
    assert only(second['call']['open_timings'])['duration'] <= more


def test_a_second_recovery_has_the_same_end(tmp_path):
    """A recovery after one that was killed gives the same end."""
    path, left, _ = killed(tmp_path)
    before = only(FileOutput(path).get_results())['call']
    for _ in range(2):
        with left.open('rb+') as journal:
            _core.note_recovery(journal.fileno(), (0, 0, 0, 0))
    assert only(FileOutput(path).get_results())['call'] == before


def test_a_heartbeat_is_a_sign_of_life(tmp_path):
    """A process was alive at its last heartbeat, whatever else it did."""
    said = tmp_path / 'said'
    beat = 'from microbench import _core; '
    beat += f"open({str(said)!r}, 'w').write(str(_core.clock_ns())); _core.beat(); {KILL}"
    _, left, known = killed(tmp_path, beat)
    [(_, line)] = _core.journal_records(left.read_bytes())
    [phase] = json.loads(line)['call']['open_timings']
    assert known['last_ns'] >= int(said.read_text())
    assert phase['duration'] > 0


@given(*[st.integers(-(1 << 63), (1 << 63) - 1)] * 5)
def test_any_times(made_wall, made, last, parent, modified):
    """A damaged journal gives some bounds, and raises nothing."""
    known = header(made_wall_ns=made_wall, made_ns=made, last_ns=last, parent_ns=parent)
    end = image.End({**known, 'modified_ns': modified}, 0)
    assert set(recovered(end)) >= {'by', 'time', 'duration_is_lower_bound'}
    assert abs(end.ns) <= 1 << 63
