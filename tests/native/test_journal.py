"""The journal's native interface: what C mirrors of a run, and reads from a copy."""

import json
import os
import signal
from pathlib import Path

import pytest

from microbench import MicroBench, _core
from microbench.core.run import Run

READERS = (_core.journal_header, _core.journal_records, _core.journal_claims)
CALL = b'"invocation":"Python","name":"x"'


@pytest.fixture
def output(tmp_path):
    """Return the path of the records."""
    return os.fsencode(tmp_path / 'out.jsonl')


@pytest.fixture
def bench():
    """A bench whose clock is that of C."""
    return MicroBench(field=1)


def shown(journal, bench, name='x'):
    """Return a begun run that the journal shows."""
    run = Run(bench, name).begin()
    text = run.plan.text(run.config, bench)
    assert journal.mirror(run, text.head, CALL, text.tail, text.utc_offset)
    run.start()
    return run


def file_of(journal):
    """Return the path of the journal."""
    return Path(os.fsdecode(journal.path))


def copy_of(journal):
    """Return the bytes of the file."""
    return file_of(journal).read_bytes()


def test_the_header_names_the_process(output):
    """A journal says whose it is and which file its records belong to."""
    header = _core.journal_header(copy_of(_core.Journal(output)))
    boot_id = Path('/proc/sys/kernel/random/boot_id').read_text()
    assert header['boot_id'] == boot_id.strip()
    assert header['pid'] == os.getpid()
    assert header['uid'] == os.geteuid()
    assert header['host'] == os.uname().nodename
    assert header['output'] == output
    fields = Path('/proc/self/stat').read_text().rpartition(')')[2].split()
    assert header['start_ticks'] == int(fields[19])
    assert header['signal'] == 0


def test_a_record_is_shown_until_its_run_is_closed(output, bench):
    """An open run is a record with the id that Python will give it; then it is gone."""
    journal = _core.Journal(output)
    run = shown(journal, bench)
    [(record_id, line)] = _core.journal_records(copy_of(journal), b',"more":2')
    record = json.loads(line)
    assert record_id.decode() == run.record_id == record['mb']['record_id']
    assert record['field'] == 1
    assert record['more'] == 2
    assert record['exit_path'] == 'recovered'
    assert record['call']['name'] == 'x'
    run.stop()
    run.finish()
    assert _core.journal_records(copy_of(journal)) == []
    [written] = bench.get_results()
    assert written['mb']['record_id'] == record_id.decode()


def test_the_header_has_a_mark_of_the_output(output):
    """The header identifies the output and its length, or has zeros without one."""
    path = Path(os.fsdecode(output))
    assert _core.journal_header(copy_of(_core.Journal(output)))['made_at'] == (0, 0, 0, 0)
    path.write_bytes(b'{"n":1}\n')
    made_at = _core.journal_header(copy_of(_core.Journal(output)))['made_at']
    state = path.stat()
    assert made_at[:3] == (state.st_dev, state.st_ino, 8)
    with path.open('rb+') as file:
        assert _core.mark_of(file.fileno()) == _core.mark_of(file.fileno(), 8) == made_at
        assert _core.mark_of(file.fileno(), 9) is None
        file.write(b'{"n":2}\n')
        file.flush()
        assert _core.mark_of(file.fileno(), 8)[:3] == made_at[:3]
        assert _core.mark_of(file.fileno(), 8) != made_at


def test_a_recovery_is_noted(output, bench):
    """The header notes the target, in case this recovery is killed."""
    journal = _core.Journal(output)
    run = shown(journal, bench)
    before = _core.journal_records(copy_of(journal))
    assert _core.journal_header(copy_of(journal))['recovered_from'] is None
    with file_of(journal).open('rb+') as file:
        _core.note_recovery(file.fileno(), (1, 2, 3, 2**64 - 1))
    assert _core.journal_header(copy_of(journal))['recovered_from'] == (1, 2, 3, 2**64 - 1)
    assert _core.journal_records(copy_of(journal)) == before
    run.stop()
    run.finish()


def test_a_record_may_be_written_once_it_is_claimed(output, bench):
    """A record that was not claimed is in no file."""
    journal = _core.Journal(output)
    run, other = shown(journal, bench), shown(journal, bench)
    assert _core.journal_claims(copy_of(journal)) == [False, False]
    run.stop()
    assert run.claim()
    assert _core.journal_claims(copy_of(journal)) == [True, False]
    run.close()
    assert _core.journal_claims(copy_of(journal)) == [False]
    other.stop()
    other.finish()


def test_a_damaged_record_is_an_empty_line(output, bench):
    """A slot without text that can be read has neither id nor line."""
    journal = _core.Journal(output)
    run = shown(journal, bench)
    data = copy_of(journal)
    damaged = data.replace(run.record_id.encode(), b'\0' * 33)
    assert _core.journal_records(damaged) == [(b'', b'')]
    run.stop()
    run.finish()


def test_what_is_no_journal_is_refused(output):
    """Other bytes, a part of a journal or another version is a ValueError."""
    data = copy_of(_core.Journal(output))
    for other in (b'', b'{}\n', bytes(4096), data[:1000], data[:8] + b'\xff' + data[9:]):
        for function in READERS:
            with pytest.raises(ValueError, match='not a journal'):
                function(other)


def test_two_objects_share_one_journal(output):
    """The file is removed with the last object."""
    one, two = _core.Journal(output), _core.Journal(output)
    path = file_of(one)
    assert file_of(two) == path
    del one
    assert path.exists()
    del two
    assert not path.exists()


def test_a_run_keeps_its_journal(output, bench):
    """A journal stays while a run refers to it, since a record is open in it."""
    journal = _core.Journal(output)
    path = file_of(journal)
    run = shown(journal, bench)
    del journal
    assert path.exists()
    run.stop()
    run.finish()
    assert not path.exists()


def test_a_journal_in_memory_has_no_path(bench):
    """Without an output there is no file."""
    journal = _core.Journal(None)
    assert journal.path is None
    run = shown(journal, bench)
    run.stop()
    run.finish()


def test_a_warning_says_why_there_is_none(tmp_path):
    """A missing directory, or an irregular file, is an OSError."""
    with pytest.raises(FileNotFoundError):
        _core.Journal(os.fsencode(tmp_path / 'missing/out'), None, False)
    with pytest.raises(OSError, match='supported'):
        _core.Journal(b'/dev/null')


def test_the_claim_is_given_once(bench, output):
    """claim() returns True to one caller only, with or without a journal."""
    journal = _core.Journal(output)
    for run in (Run(bench, 'x').begin(), shown(journal, bench)):
        assert run.claim()
        assert not run.claim()
        run.abandon()


def test_a_sealed_run_stays_in_the_journal(bench, output):
    """A sealed run takes no phases, and is in the journal until it is closed."""
    journal = _core.Journal(output)
    run = shown(journal, bench)
    run.seal()
    assert not run.is_open
    assert run.is_journaled
    run.close()
    assert not run.is_journaled
    run.abandon()


def test_a_child_shows_nothing_of_its_parents(bench, output):
    """A fork ends the journal in the child, where the record has an id of its own."""
    journal = _core.Journal(output)
    run = shown(journal, bench)
    before = run.record_id
    child = os.fork()
    if child == 0:
        alone = run.is_forked and not run.is_journaled and journal.path is None
        os._exit(0 if alone and run.record_id != before else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert run.is_journaled
    assert run.record_id == before
    run.abandon()


# Python 3.10 knows no name of 16, SIGSTKFLT.
@pytest.mark.parametrize('number', sorted(signal.valid_signals() - {16}))
def test_signals_are_named_as_in_python(bench, output, number):
    """The name in `exit_signal` is that of the signal module, or SIGRTMIN+n."""
    journal = _core.Journal(output)
    run = shown(journal, bench)
    data = bytearray(copy_of(journal))
    run.abandon()
    header = _core.journal_header(bytes(data))
    made = header['made_ns'].to_bytes(8, 'little')
    field = data.index(made) + 8 + 12  # after made_ns: output, its size, the first slot
    data[field : field + 4] = number.to_bytes(4, 'little')
    data[field + 12 : field + 20] = (2**62).to_bytes(8, 'little')  # after all the rest
    [(_, line)] = _core.journal_records(bytes(data))
    try:
        expected = signal.Signals(number).name
    except ValueError:
        expected = f'SIGRTMIN+{number - signal.SIGRTMIN}'
    assert json.loads(line)['exit_signal'] == expected
