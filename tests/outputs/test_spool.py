"""Records that a sink did not take: how they are kept, and how `resend` sends them."""

import fcntl
import json
import os
import stat
from pathlib import Path

import pytest

from microbench import FileOutput, HttpOutput, MicroBenchBase, Output
from microbench.cli.view.resend import main
from microbench.outputs import resend as module
from microbench.outputs.resend import resend
from microbench.outputs.spool import Spool, append, described, write_target
from tests.fakes import only
from tests.outputs.networks import Scripted, line, numbers

SECRET = 's3cret'


@pytest.fixture
def spool(tmp_path):
    """Return the path of a spool that is not there yet."""
    return tmp_path / 'spool'


@pytest.fixture(autouse=True)
def naps(monkeypatch):
    """Make resend() not wait between attempts; return the waits."""
    taken = []
    monkeypatch.setattr(module, 'sleep', taken.append)
    return taken


def kept(spool, *range_):
    """Keep records in a spool, as a process does; return the path of its file."""
    Scripted(spool=spool)._spool.keep([line(number) for number in range(*range_)])
    return only(spool.glob('*.jsonl'))


def left(spool):
    """Return the names of files with records in a spool."""
    return sorted(path.name for path in spool.glob('*.jsonl*'))


def mode(path):
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_only_its_owner_can_read_it(spool, monkeypatch):
    """Directory and files are made without rights for others, whatever the umask."""
    before = os.umask(0)
    try:
        path = kept(spool, 2)
    finally:
        os.umask(before)
    assert mode(spool) == 0o700
    assert {mode(file) for file in spool.iterdir()} == {0o600}
    assert path.read_bytes() == line(0) + b'\n' + line(1) + b'\n'


def test_a_directory_that_is_there_keeps_its_mode(spool):
    """Only a new one is made private."""
    spool.mkdir(mode=0o750)
    spool.chmod(0o750)
    kept(spool, 1)
    assert mode(spool) == 0o750


def test_one_file_for_a_process(spool):
    """A second record is appended; a file that was moved away is made anew."""
    sink = Scripted(spool=spool)
    sink._spool.keep([line(0)])
    sink._spool.keep([line(1)])
    path = only(spool.glob('*.jsonl'))
    assert numbers(path.read_bytes().splitlines()) == [0, 1]
    path.rename(spool / 'moved')
    sink._spool.keep([line(2)])
    assert path.read_bytes() == line(2) + b'\n'


def test_a_limit(spool, monkeypatch):
    """What does not fit is not kept, and one sentence says why."""
    monkeypatch.setenv('MICROBENCH_SPOOL_LIMIT', str(len(line(0)) + 1))
    sink = Scripted(spool=spool)
    assert sink._spool.keep([line(0)])
    with pytest.warns(RuntimeWarning, match='has reached its limit of 38 bytes') as caught:
        assert not sink._spool.keep([line(1)])
        assert not sink._spool.keep([line(2)])
    assert len(caught) == 1


def test_a_short_write_leaves_nothing(spool, monkeypatch):
    """A full disk never leaves half of a record."""
    path = kept(spool, 1)
    write = os.write
    monkeypatch.setattr(os, 'write', lambda fd, data: write(fd, data[:5]))
    with pytest.raises(OSError, match='took 5 of 9 bytes'):
        append(str(path), b'{"n": 1}\n')
    assert path.read_bytes() == line(0) + b'\n'


def test_there_are_no_secrets_in_it(spool):
    """Headers are named without their values, an address without what may be a key."""
    url = f'https://h.org/hooks/4f5e6d7c8b9a0f1e2d3c?key={SECRET}'
    out = HttpOutput(url, headers={'authorization': SECRET}, spool=spool)
    out._spool.keep([line(0)])
    text = only(spool.glob('*.target')).read_text()
    assert SECRET not in text
    assert '4f5e6d7c' not in text
    target = json.loads(text)
    assert (target['headers'], target['complete']) == (['Authorization'], False)
    [result] = resend(spool)
    assert (result.left, result.sent) == (1, 0)
    assert 'give it by --to' in result.why


@pytest.mark.parametrize(
    'url', ['https://h.org', 'http://h:8080/in/bench-marks', 'https://h.org/v1/records']
)
def test_addresses_that_are_kept(url):
    """An ordinary address is kept as it is."""
    assert described(url) == (url, True)


@pytest.mark.parametrize('wrong', [5, ['x']])
def test_a_spool_is_a_path(wrong):
    """Anything else is rejected."""
    with pytest.raises(TypeError, match='spool has to be the path'):
        MicroBenchBase(spool=wrong)


def test_a_spool_needs_a_parent(tmp_path):
    """Neither a file nor a directory of a missing one can be a spool."""
    (tmp_path / 'file').touch()
    for path in (tmp_path / 'file', tmp_path / 'a' / 'b'):
        with pytest.raises(ValueError, match='spool has to be a directory'):
            MicroBenchBase(spool=path)


# --- a bench --------------------------------------------------------------------------


class Dead(Output):
    """Takes nothing."""

    def write_record(self, record, timeout=None):
        raise OSError('no')


def test_what_no_sink_took(spool, capsys):
    """It is in the spool, not on standard error, with one warning."""
    bench = MicroBenchBase(outputs=[Dead()], spool=spool, n=1)
    with pytest.warns(RuntimeWarning, match='did not take a record'):
        bench(len)('')
    assert numbers(only(spool.glob('*.jsonl')).read_bytes().splitlines()) == [1]
    assert capsys.readouterr().err == ''
    assert only(resend(spool)).why.startswith(
        'these are records of tests.outputs.test_spool'
    )


def test_what_one_of_two_sinks_did_not_take(spool):
    """It is kept for that sink, although the other one has it."""
    good, bad = Scripted(background=False), Scripted(OSError('no'), background=False)
    bench = MicroBenchBase(outputs=[good, bad], spool=spool, n=1)
    with pytest.warns(RuntimeWarning, match='no'):
        bench(len)('')
    bench(len)('')
    assert (good.taken, bad.taken) == ([1, 1], [1])
    assert len(only(spool.glob('*.jsonl')).read_bytes().splitlines()) == 1


def test_a_spool_of_a_sink_comes_first(spool, tmp_path):
    """The sink's own directory is used, not that of the bench."""
    sink = Scripted(OSError('no'), background=False, spool=tmp_path / 'own')
    with pytest.warns(RuntimeWarning, match='no'):
        MicroBenchBase(outputs=[sink], spool=spool)(len)('')
    assert not spool.exists()
    assert len(left(tmp_path / 'own')) == 1


def test_a_spool_that_cannot_be_written(spool, capsys):
    """The record goes to standard error, as without a spool."""
    bench = MicroBenchBase(outputs=[Dead()], spool=spool, n=1)
    spool.write_text('a file now')
    with pytest.warns(RuntimeWarning, match='did not take a record') as caught:
        bench(len)('')
    assert [str(w.message).startswith('the spool') for w in caught] == [True, False]
    assert json.loads(capsys.readouterr().err.splitlines()[-1])['n'] == 1


# --- resend ---------------------------------------------------------------------------


def test_all_is_sent_once(spool):
    """In order; then the files are gone, and a second time nothing is sent."""
    kept(spool, 5)
    sink = Scripted(background=False, batch=2)
    [result] = resend(spool, sink)
    assert (sink.sent, result.sent, result.left) == ([[0, 1], [2, 3], [4]], 5, 0)
    assert left(spool) == []
    assert resend(spool, sink) == []


def test_a_record_that_was_kept_twice(spool):
    """It is sent once, as its id says."""
    kept(spool, 3)
    kept_again = Scripted(spool=spool)._spool
    kept_again.keep([line(1), line(3)])
    sink = Scripted(background=False)
    [result] = resend(spool, sink)
    assert sorted(sink.taken) == [0, 1, 2, 3]
    assert (result.sent, result.doubled) == (4, 1)
    assert left(spool) == []


def test_a_server_that_is_down(spool, naps):
    """Five attempts, then the rest stays, and is sent the next time."""
    kept(spool, 4)
    sink = Scripted(None, *[OSError('down')] * 5, background=False)
    [result] = resend(spool, sink)
    assert (sink.taken, result.sent, result.left, result.why) == (
        [0],
        1,
        3,
        'OSError: down',
    )
    assert len(naps) == 4
    [result] = resend(spool, sink)
    assert (sink.taken, result.sent, left(spool)) == ([0, 1, 2, 3], 3, [])


def test_a_server_that_asks_for_much_time(spool, naps):
    """It is left for the next time at once."""
    kept(spool, 1)
    sink = Scripted(OSError('later'), background=False, asked=600.0)
    assert only(resend(spool, sink)).left == 1
    assert naps == []


def test_refused_records_stay(spool):
    """The others are sent, and what is refused is found by the next one."""
    kept(spool, 6)

    def refuses(records):
        return ValueError('bad') if {1, 4} & {*numbers(records)} else None

    sink = Scripted(*[refuses] * 20, background=False, batch=6)
    [result] = resend(spool, sink)
    assert (sorted(sink.taken), result.sent, result.refused) == ([0, 2, 3, 5], 4, 2)
    assert result.refusal == 'ValueError: bad'
    sink.answers = []
    assert only(resend(spool, sink)).sent == 2
    assert (sink.taken[-2:], left(spool)) == ([1, 4], [])


def test_killed_between_answer_and_note(spool, monkeypatch):
    """One batch is sent again; those before it are not."""
    kept(spool, 4)
    sink = Scripted(background=False, batch=2)
    note = module.note
    monkeypatch.setattr(
        module, 'note', lambda path, batch: 1 / 0 if sink.sent[1:] else note(path, batch)
    )
    with pytest.raises(ZeroDivisionError):
        resend(spool, sink)
    monkeypatch.setattr(module, 'note', note)
    resend(spool, sink)
    assert sink.sent == [[0, 1], [2, 3], [2, 3]]
    assert left(spool) == []


def test_a_process_that_goes_on(spool):
    """What it keeps while its earlier records are sent is in a new file."""
    writer = Scripted(spool=spool)._spool
    writer.keep([line(0)])

    def keeps_more(records):
        if numbers(records) == [0]:
            writer.keep([line(1)])

    sink = Scripted(keeps_more, background=False)
    resend(spool, sink)
    assert (sink.taken, len(left(spool))) == ([0], 1)
    resend(spool, sink)
    assert (sink.taken, left(spool)) == ([0, 1], [])


def test_two_at_once(spool, capsys):
    """The second one sends nothing, and says why."""
    kept(spool, 1)
    with (spool / '.lock').open('w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            resend(spool, Scripted(background=False))
        assert main([str(spool)]) == 2
    assert 'another resend' in capsys.readouterr().err
    assert len(left(spool)) == 1


def test_foreign_and_damaged_lines(spool):
    """A file that is no spool's is left alone; a damaged line stays in its file."""
    path = kept(spool, 2)
    with path.open('ab') as file:
        file.write(b'{"torn\n')
    (spool / 'notes.jsonl').write_text('{}\n')
    sink = Scripted(background=False)
    [result] = resend(spool, sink)
    assert (sink.taken, result.damaged) == ([0, 1], 1)
    assert len(left(spool)) == 3  # with the offsets of what was taken
    assert (spool / 'notes.jsonl').read_text() == '{}\n'


def test_missing_headers(spool, capsys):
    """A server that wanted a header gets nothing without it."""
    out = HttpOutput('http://h.org/in', headers={'Authorization': SECRET}, spool=spool)
    out._spool.keep([line(0)])
    assert main([str(spool)]) == 1
    assert 'give --header Authorization:...' in capsys.readouterr().out
    assert main([str(spool), '--dry-run']) == 1
    dry = 'http://h.org/in: 1 record would be left: these headers are not in the spool'
    assert capsys.readouterr().out.startswith(dry)
    words = [str(spool), '--dry-run', '--header', f'Authorization: {SECRET}']
    assert main(words) == 0
    assert capsys.readouterr().out == 'http://h.org/in: 1 record would be sent\n'


def test_a_dry_run_says_what_is_missing(spool, capsys):
    """An address that is not kept has to be given; then it is the one that is named."""
    key = 'https://h.org/hooks/4f5e6d7c8b9a0f1e2d3c'
    HttpOutput(key, spool=spool)._spool.keep([line(0)])
    before = left(spool)
    assert main([str(spool), '--dry-run']) == 1
    assert 'would be left: https://h.org/hooks/*** is not the whole' in (
        capsys.readouterr().out
    )
    assert main([str(spool), '--dry-run', '--to', f'https://u:{SECRET}@o.org/in']) == 1
    said = capsys.readouterr().out
    assert said.startswith('https://o.org/in: 1 record would be left: url contains')
    assert main([str(spool), '--dry-run', '--to', 'https://o.org/in']) == 0
    assert capsys.readouterr().out == 'https://o.org/in: 1 record would be sent\n'
    assert left(spool) == before


def test_another_server_that_fails_is_the_one_that_is_named(spool, capsys):
    """Nothing is said about the one that is not asked."""
    kept(spool, 1)
    assert main([str(spool), '--to', 'http://127.0.0.1:1/in']) == 1
    assert capsys.readouterr().out.startswith('http://127.0.0.1:1/in: no records sent')
    [result] = resend(spool, Scripted(ValueError('no'), background=False))
    assert (result.where, result.refused) == ('Scripted()', 1)


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        (['nowhere'], 'nowhere is not a directory'),
        (['.', '--header', 'Authorization'], '--header needs KEY:VALUE'),
    ],
)
def test_wrong_use(words, said, capsys, tmp_path, monkeypatch):
    """One sentence, and the status 2."""
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_an_empty_spool(tmp_path, capsys):
    """There is nothing to send."""
    assert main([str(tmp_path)]) == 0
    assert 'there is nothing to send' in capsys.readouterr().out


def test_a_sink_of_a_user_makes_its_own_requests(spool):
    """Its records are not sent in another form."""

    class Chat(HttpOutput):
        pass

    Chat('http://h.org/in', spool=spool)._spool.keep([line(0)])
    assert 'Chat makes its own requests' in only(resend(spool)).why


def test_a_sink_of_a_user_takes_records_one_by_one(spool, tmp_path):
    """Where to send them may be any sink; it stays open."""
    path = kept(spool, 3)
    out = FileOutput(tmp_path / 'sent.jsonl')
    assert only(resend(spool, out)).sent == 3
    assert numbers(out.get_results()) == [0, 1, 2]
    assert not path.exists()


def test_two_threads_make_the_first_file(spool, monkeypatch):
    """One may look while the other is about to choose a name."""
    made = Scripted(spool=spool)._spool
    paths = []

    def random(size):
        if not paths:
            paths.append('')
            paths[0] = made._file()
        return b'\xab' * size

    with monkeypatch.context() as patch:
        patch.setattr(os, 'urandom', random)
        paths.append(made._file())
    assert [Path(path).parent for path in paths] == [spool, spool]


def test_what_a_killed_process_left_of_a_target(spool):
    """The file that says where records belong is whole, or not there."""
    spool.mkdir()
    target = {'kind': 'http', 'url': 'https://h.org/in'}
    name = write_target(spool, target)
    (spool / f'{name}.target').rename(spool / f'{name}.target.{os.getpid()}')
    assert write_target(spool, target) == name
    assert json.loads((spool / f'{name}.target').read_text()) == target


def test_a_spool_can_be_read_like_any_results(spool):
    """Its lines are records, as they would have been delivered."""
    from microbench import read

    assert numbers(read(str(kept(spool, 2)))) == [0, 1]
    assert isinstance(Scripted(spool=spool)._spool, Spool)
