"""`-n auto`: how many runs are enough, and what each of them reads."""

import json
import os
from random import Random

import pytest

from microbench.cli.run import rewind
from microbench.cli.run.enough import Enough


def runs(seconds, noise=0.02, good=lambda number: True, **options):
    """Return how many runs of a command are enough, and their time."""
    now, random = [0.0], Random(1)
    enough = Enough(clock=lambda: now[0], **options)
    number = 0
    for number, _ in enumerate(enough, 1):
        taken = seconds * random.lognormvariate(0, noise)
        now[0] += taken
        enough.add(taken, good(number))
    return number, now[0]


def test_at_least_ten_and_three_seconds():
    """A quiet command of half a second runs ten times, a short one for three seconds."""
    assert runs(0.5, 0.001)[0] == 10
    number, past = runs(0.01, 0.001)
    assert number >= 250
    assert 3.0 <= past < 4.0


def test_until_it_is_precise():
    """Noise takes more runs, and less precision fewer."""
    assert runs(0.5, 0.05)[0] > runs(0.5, 0.05, precision=0.1)[0] == 10


def test_a_long_program_runs_once():
    """One that takes more than half of the time, and one that fails at once."""
    assert runs(31)[0] == 1
    assert runs(0.1, good=lambda _: False)[0] == 1
    assert runs(10, max_time=35)[0] == 3


def test_precision_needs_auto(command):
    """It would change nothing about a fixed number of runs."""
    done = command('--precision', '2', '--', 'true')
    assert done.status == 2
    assert '--precision requires a number of runs that depends: add -n auto' in done.stderr


def test_a_file_for_each_run(command, tmp_path):
    """Each run reads the file from its beginning; a missing one is one sentence."""
    (tmp_path / 'file').write_text('one\n')
    done = command('-o', 'out.jsonl', '-n', '2', '--input', 'file', '--', 'cat')
    assert (done.status, done.stdout) == (0, 'one\none\n')
    done = command('--input', 'missing', '--', 'cat')
    assert done.status == 2
    assert "--input 'missing' cannot be read: No such file or directory" in done.stderr


def test_auto_in_a_record(command):
    """All runs are in one record, as with a number."""
    done = command('-n', 'auto', '--max-time', '0.2', '--no-mixin', '--', 'sleep', '0.15')
    assert len(json.loads(done.stdout)['call']['durations']) == 1


def test_a_pipe_that_is_too_long(monkeypatch):
    """What cannot be kept is rejected before anything runs."""
    monkeypatch.setattr(rewind, 'MOST', 3)
    reader, writer = os.pipe()
    os.write(writer, b'long')
    os.close(writer)
    try:
        with pytest.raises(rewind.UsageError, match='longer than 64 MiB'):
            rewind.Stored(reader)
    finally:
        os.close(reader)
