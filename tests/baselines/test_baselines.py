"""Baselines: where they are, whose they are, and what is compared with them."""

import os
import subprocess

import pytest

from microbench import FileOutput, MicroBench, compare
from microbench.baselines import folder, stored
from microbench.baselines.commit import checked_out
from microbench.baselines.identity import Identity, here, identity_of
from microbench.baselines.stored import BaselineError, OtherMachineError
from microbench.measured_record import MeasuredRecord
from tests.comparison.records import records


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Work in a directory of its own, on a machine without a name for its pool."""
    monkeypatch.delenv('MICROBENCH_MACHINE', raising=False)
    monkeypatch.setenv('GIT_CEILING_DIRECTORIES', str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def own(median, **fields):
    """Return a record of this machine with samples around a median."""
    durations = [median * (0.99 + 0.0005 * place) for place in range(40)]
    return [MeasuredRecord('fit', **fields).made(durations[::3] + durations[1::3], 5)]


def of(host, python='3.11.7', cpu='EPYC'):
    """Return a record of another machine."""
    record = own(1.0)[0]
    record['host'].update(hostname=host, cpu_model=cpu)
    record['python']['version'] = python
    return record


# --- where ---------------------------------------------------------------------------


def test_the_folder_is_found_upwards(place, monkeypatch):
    """The closest one counts; it is made at the top of a repository, or right here."""
    below = place / 'a' / 'b'
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert folder.existing() is None
    assert folder.to_save_in() == str(below / '.microbench')
    place.joinpath('.git').mkdir()
    assert folder.to_save_in() == str(place / '.microbench')
    stored.save('main', own(1.0))
    assert folder.existing() == folder.to_save_in() == str(place / '.microbench')
    [saved] = stored.listed()
    key = f'{os.uname().nodename}-{here().interpreter}'
    assert saved.path == str(place / '.microbench' / key / 'main.jsonl')


# --- whose ---------------------------------------------------------------------------


def test_identity():
    """It is that of the records; several are refused, and what is unknown fits."""
    assert identity_of([of('node07')]).as_dict() == {
        'machine': 'node07',
        'cpu': 'EPYC',
        'interpreter': 'cpython-3.11',
    }
    assert identity_of([]).key == 'unknown'
    with pytest.raises(ValueError, match='several machines or interpreters: node07 EPYC'):
        identity_of([of('node07'), of('node08')])
    mine = Identity('node07', 'EPYC', 'cpython-3.11')
    assert not mine.obstacle(Identity(None, None, None))
    for other, what in (
        (Identity('node08', 'EPYC', None), 'the machine node07'),
        (Identity('node07', 'Xeon', None), 'the processor EPYC'),
        (Identity('node07', None, 'cpython-3.15'), 'the interpreter cpython-3.11'),
    ):
        assert what in mine.obstacle(other)


def test_machines_that_are_alike_share_a_name(monkeypatch):
    """MICROBENCH_MACHINE names their pool."""
    before = here()
    monkeypatch.setenv('MICROBENCH_MACHINE', 'runners')
    assert (before.machine, here().machine) == (os.uname().nodename, 'runners')
    assert identity_of([of('elsewhere')]).machine == 'elsewhere'
    monkeypatch.setenv('MICROBENCH', 'off')
    assert (here().machine, here().interpreter) == ('runners', None)


def test_a_baseline_of_another_machine_is_refused():
    """Of several of one name, that of the runs is taken; else one by force only."""
    for host in ('node07', 'node08'):
        stored.save('main', [of(host)])
    assert len(stored.listed()) == 2
    runs = identity_of([of('node07')])
    assert stored.chosen('main', runs).identity.machine == 'node07'
    with pytest.raises(OtherMachineError, match='of the machine node08, and not of'):
        stored.chosen('main')
    assert stored.chosen('main', force=True).identity.machine == 'node08'
    with pytest.raises(BaselineError, match=r"no baseline 'mian': there are main$"):
        stored.chosen('mian')


# --- what ----------------------------------------------------------------------------


@pytest.mark.parametrize('name', ['', 'a/b', '.hidden', '..', 'x' * 101, 'a\n'])
def test_a_name_is_that_of_a_file(name):
    """Anything else is refused, and nothing is made."""
    with pytest.raises(BaselineError, match='cannot be the name of a baseline'):
        stored.save(name, own(1.0))
    assert folder.existing() is None


def test_the_last_one_of_a_name_counts(place, monkeypatch):
    """It replaces the one before in one step; without records nothing is saved."""
    stored.save('main', own(1.0) * 3)
    assert stored.save('main', own(2.0)).count == 1
    with pytest.raises(BaselineError, match='no records to save'):
        stored.save('main', [])

    def full(*paths):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(stored.os, 'replace', full)
    with pytest.raises(OSError, match='No space'):
        stored.save('main', own(3.0))
    [saved] = stored.listed()
    assert [path.name for path in place.rglob('main*')] == ['main.jsonl']
    assert next(saved.records())['call']['durations'][0] == pytest.approx(1.98)


def test_the_commit(place):
    """That of the records or, without one, what is checked out; none outside."""
    assert checked_out() == {}
    assert stored.save('none', own(1.0)).commit == ''
    given = [{**own(1.0)[0], 'git': {'commit': 'c' * 40, 'dirty': True}}]
    assert stored.save('given', given).commit == 'c' * 12 + '+'
    git = (
        'git',
        '-c',
        'user.name=a',
        '-c',
        'user.email=a@b.c',
        '-c',
        'commit.gpgsign=false',
    )
    for words in (['init', '-q'], ['commit', '-qm', 'first', '--allow-empty']):
        subprocess.run([*git, *words], check=True)
    head = subprocess.run([*git, 'rev-parse', 'HEAD'], check=True, capture_output=True)
    assert stored.save('here', own(1.0)).commit == head.stdout.decode()[:12]


def test_a_damaged_baseline_is_no_one_s(place):
    """It is listed, and fits all machines."""
    path = place / '.microbench' / 'x' / 'odd.jsonl'
    path.parent.mkdir(parents=True)
    path.write_text('{"call": {"name": 7}, "baseline": 5}\n')
    path.with_name('notes.txt').write_text('')
    [odd] = stored.listed()
    assert (odd.name, odd.saved, odd.commit, odd.count) == ('odd', '', '', 1)
    assert stored.chosen('odd').path == str(path)


# --- compared ------------------------------------------------------------------------


def test_a_baseline_is_a_side():
    """`compare` takes its name on either side, and sees no difference in its label."""
    stored.save('main', own(1.0))
    found = compare('baseline:main', own(1.3))
    assert [row.verdict for row in found] == ['slower']
    assert 'baseline' not in [one.path for one in found.surroundings]
    assert [row.verdict for row in compare(own(1.3), 'baseline:')] == ['faster']
    with pytest.raises(OtherMachineError):
        compare('baseline:main', [of('elsewhere')])
    assert compare('baseline:main', [of('elsewhere')], force=True).warnings
    assert len(compare('baseline:main', records(1.0), force=True).base.groups) == 1


def test_a_measured_record(monkeypatch):
    """It has the surroundings of before the measurement, and its samples."""
    record = MeasuredRecord('fit', rows=3)
    made = record.made([0.5, 0.25], 7)
    call = made['call']
    assert (call['durations'], call['loops'], made['rows']) == ([0.5, 0.25], 7, 3)
    assert call['finish_time'] > call['start_time']
    sink = FileOutput()
    with MicroBench(outputs=[sink]).record('fit'):
        pass
    [usual] = sink.get_results()
    assert made.keys() - {'rows'} == usual.keys()
    monkeypatch.setenv('MICROBENCH', 'off')
    with pytest.raises(LookupError, match='MICROBENCH=off'):
        MeasuredRecord('fit').made([1.0], 1)
