"""Records that a thread sends: the queue, retries, and what follows at the end."""

import pickle
import signal
import threading
import time

import pytest

from microbench import MicroBenchBase
from microbench.outputs import background
from microbench.outputs.backoff import Backoff, random_share, retry_after
from microbench.outputs.report import Report
from tests.fakes import only
from tests.outputs.networks import Scripted, line, numbers


@pytest.fixture
def make(monkeypatch):
    """Make sinks that wait for nothing between attempts; their threads end."""
    made = []

    def sink(*answers, **options):
        made.append(Scripted(*answers, **options))
        made[-1].waits = []
        if made[-1]._sender is not None:
            monkeypatch.setattr(made[-1]._sender, '_sleep', made[-1].waits.append)
        return made[-1]

    yield sink
    for one in made:
        one.open.set()
        one.close()


@pytest.fixture
def exact_waits(monkeypatch):
    """Make waits exact."""
    monkeypatch.setattr(background, 'Backoff', lambda: Backoff(lambda: 1.0))


def kept_in(directory):
    """Return the numbers of the records in a spool."""
    paths = sorted(directory.glob('*.jsonl*'))
    return [n for path in paths for n in numbers(path.read_bytes().splitlines())]


def put(sink, *range_):
    """Hand records to a sink."""
    for number in range(*range_):
        sink.write_record(line(number))


def send(sink, *range_):
    """Hand records to a sink, and wait until it is done; no warning comes in between."""
    sink.open.clear()
    put(sink, *range_)
    sink.open.set()
    sink.flush(60.0)


def test_a_caller_does_not_wait(make):
    """While a server keeps a request, records wait in memory; then they come in order."""
    sink = make(batch=3)
    sink.open.clear()
    put(sink, 1)
    assert sink.begun.wait(60)
    put(sink, 1, 6)
    assert sink.sent == []
    sink.open.set()
    sink.flush(60.0)
    assert sink.sent == [[0], [1, 2, 3], [4, 5]]


def test_an_event_loop_does_not_wait(make):
    """A record in a coroutine is handed over like any other."""
    import asyncio

    sink = make()
    sink.open.clear()
    bench = MicroBenchBase(outputs=[sink], n=7)

    @bench
    async def work():
        return await asyncio.sleep(0, 'done')

    assert asyncio.run(work()) == 'done'
    sink.open.set()
    bench.flush(60.0)
    assert sink.taken == [7]


@pytest.mark.usefixtures('exact_waits')
def test_waits_between_attempts(make):
    """They double; a server that asks for more gets it; the record is sent once."""
    sink = make(OSError(), OSError(), OSError())
    send(sink, 1)
    assert (sink.waits, sink.sent) == ([0.5, 1.0, 2.0], [[0]])
    sink.answers, sink.asked = [OSError()], 9.0
    send(sink, 1, 2)
    assert (sink.waits[3:], sink.taken) == ([9.0], [0, 1])


def test_one_warning_for_a_server_that_fails(make):
    """The next caller gets it, at its own line, after three failures."""
    sink = make(*[OSError('down')] * 5)
    send(sink, 1)
    with pytest.warns(RuntimeWarning, match=r'Scripted\(\) did not take .*down') as caught:
        put(sink, 1, 2)
    assert only(caught).filename.endswith('networks.py')  # its write_record()
    send(sink, 2, 3)
    assert sink.taken == [0, 1, 2]


def test_a_refused_record(make, tmp_path):
    """It goes to the spool, and the next ones are sent."""
    sink = make(ValueError('wrong'), spool=tmp_path / 's')
    send(sink, 1)
    with pytest.warns(
        RuntimeWarning, match='refused a record: ValueError: wrong; it is ke'
    ):
        send(sink, 1, 2)
    assert (sink.taken, kept_in(tmp_path / 's')) == ([1], [0])


def test_a_refused_record_without_a_spool(make, capsys, monkeypatch):
    """It goes to standard error."""
    monkeypatch.setattr(Report, 'lost', 0)
    sink = make(ValueError('wrong'))
    send(sink, 1)
    sink._sender.report()
    assert capsys.readouterr().err.startswith(line(0).decode() + '\nmicrobench: Scripted()')


def test_one_bad_record_of_a_batch(make, tmp_path):
    """A batch that is refused is divided: the server gets all but the bad one."""

    def refuses(records):
        return ValueError('3 is bad') if 3 in numbers(records) else None

    sink = make(None, *[refuses] * 20, batch=8, spool=tmp_path / 's')
    sink.open.clear()
    put(sink, 1)
    assert sink.begun.wait(60)
    put(sink, 1, 9)
    sink.open.set()
    sink.flush(60.0)
    assert (sorted(sink.taken), kept_in(tmp_path / 's')) == ([0, 1, 2, 4, 5, 6, 7, 8], [3])
    sink._sender._news = ''


def full(make, **options):
    """Return a sink whose queue has room for 4 records, one of which is being sent."""
    sink = make(batch=10, **options)
    sink._sender._most = 4
    sink.open.clear()
    put(sink, 1)
    assert sink.begun.wait(60)
    return sink


def test_a_full_queue(make, capsys):
    """The oldest are dropped, with one warning; the end says how many."""
    sink = full(make)
    with pytest.warns(RuntimeWarning, match='4 records wait, and the oldest are') as caught:
        put(sink, 1, 8)
    assert len(caught) == 1
    sink.open.set()
    sink.flush(60.0)
    assert sink.taken == [0, 4, 5, 6, 7]
    sink._sender.report()
    assert '3 records were dropped' in capsys.readouterr().err


def test_a_full_queue_with_a_spool(make, tmp_path):
    """The oldest go to the spool, many with one write: nothing is lost."""
    sink = full(make, spool=tmp_path / 's')
    put(sink, 1, 12)
    sink.open.set()
    sink.flush(60.0)
    assert sorted(sink.taken + kept_in(tmp_path / 's')) == [*range(12)]
    assert kept_in(tmp_path / 's') == [1, 2, 3, 4, 5, 6, 7, 8]


def test_large_records_fill_the_queue(make, monkeypatch):
    """Bytes are counted, too; what waits is never more than the limit and one record."""
    monkeypatch.setattr(background, 'MOST_BYTES', 3 * len(line(0)))
    sink = full(make)
    with pytest.warns(RuntimeWarning, match='slower than the program'):
        sink._sender._most = 100
        put(sink, 1, 6)
    sink.open.set()
    sink.flush(60.0)
    assert sink.taken == [0, 3, 4, 5]
    assert sink._sender._bytes == 0
    sink._sender.dropped = 0


def test_a_server_that_is_gone_for_minutes(make, tmp_path, monkeypatch):
    """With a spool, what was tried in vain for five minutes goes there."""
    now = iter(range(0, 10_000, 200))
    monkeypatch.setattr(background, 'monotonic', lambda: float(next(now)))
    sink = make(OSError(), OSError(), OSError(), spool=tmp_path / 's')
    send(sink, 1)
    assert (sink.sent, kept_in(tmp_path / 's'), len(sink.waits)) == ([], [0], 3)
    sink._sender._news = ''


def test_the_end_sends_what_waits(make):
    """There is one more attempt, without a wait, and then all is sent."""
    sink = make()
    sink.open.clear()
    put(sink, 5)
    sink.open.set()
    assert sink._sender.begin_end(time.monotonic() + 60.0)
    sink._sender.end()
    assert sink.taken == [0, 1, 2, 3, 4]
    put(sink, 5, 6)  # after the end: at once
    assert sink.taken[5:] == [5]


@pytest.mark.parametrize('has_spool', [True, False])
def test_the_end_keeps_what_was_not_sent(make, tmp_path, capsys, monkeypatch, has_spool):
    """A server that does not answer holds no process: the rest goes to spool or stderr."""
    monkeypatch.setattr(Report, 'lost', 0)
    sink = make(*[OSError()] * 9, spool=tmp_path / 's' if has_spool else None)
    sink.open.clear()
    put(sink, 3)
    assert sink.begun.wait(60)
    sink._sender.begin_end(time.monotonic())
    sink._sender.end()
    *printed, said = capsys.readouterr().err.splitlines()
    where = f'kept in {tmp_path}/s; microbench resend sends them'
    assert said == (
        'microbench: Scripted() did not take 3 records: they are '
        + (where if has_spool else 'on standard error')
    )
    kept = kept_in(tmp_path / 's') if has_spool else numbers(p.encode() for p in printed)
    assert kept == [0, 1, 2]


def test_flush_has_a_limit(make):
    """It raises TimeoutError, an OSError, and the records stay."""
    sink = make()
    sink.open.clear()
    put(sink, 2)
    with pytest.raises(TimeoutError, match=r'2 records wait for Scripted\(\)'):
        sink.flush(0.0)
    sink.open.set()
    sink.flush(60.0)
    assert sink.taken == [0, 1]


def test_a_closed_sink_goes_on(make):
    """close() ends the thread; the next record starts another one."""
    sink = make()
    put(sink, 1)
    sink.close()
    assert sink._sender._thread is None
    send(sink, 1, 2)
    assert sink.taken == [0, 1]


def test_the_thread_gets_no_signals(make):
    """They are for the program; and it is the only thread of the sink."""
    masks = []
    before = {t for t in threading.enumerate() if t.name == 'microbench-sender'}
    sink = make(lambda _: masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
    put(sink, 3)
    sink.flush(60.0)
    assert {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD} <= only(masks)
    now = {t for t in threading.enumerate() if t.name == 'microbench-sender'}
    assert len(now - before) == 1
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_stop_for_a_fork(make):
    """Before a fork the thread ends; another one sends what waits, without a new record."""
    sink = make(OSError())
    sender = sink._sender
    sender._sleep = lambda _: sender.stop()  # a fork while it waits
    sink.open.clear()
    put(sink, 1)
    thread = sender._thread
    sink.open.set()
    thread.join(60.0)
    assert sender._thread is None
    sender.go_on()
    assert sender._thread is not None
    sink.flush(60.0)
    assert sink.taken == [0]


def test_no_thread_can_be_started(make, monkeypatch):
    """The record is not lost, nor given back: it is sent once there is a thread again."""
    sink = make()

    def refuse(_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(background, 'start_without_signals', refuse)
        put(sink, 1)
        assert sink.sent == []
    send(sink, 1, 2)
    assert sink.taken == [0, 1]


def test_a_forked_child_begins_with_nothing(make):
    """What waits belongs to the parent."""
    sink = make()
    sink.open.clear()
    put(sink, 2)
    copy = sink._sender
    thread = copy._thread
    copy.renew()
    assert copy._queue.qsize() == 0
    assert (copy.accepted, copy._thread) == (0, None)
    copy._stops = True  # a child has no thread
    sink.open.set()
    thread.join(60)


def test_a_pickled_sink(make):
    """It has a queue and a thread of its own."""
    from microbench import HttpOutput

    out = HttpOutput('http://h.org/x', background=True, batch=5)
    copy = pickle.loads(pickle.dumps(out))
    assert (copy.background, copy.batch, copy._most_in_batch) == (True, 5, 5)
    assert copy._sender is not out._sender is not None


@pytest.mark.parametrize('wrong', [1, 'yes', None])
def test_background_is_a_switch(wrong):
    """Anything but True and False is rejected."""
    with pytest.raises(TypeError, match='background'):
        Scripted(background=wrong)


def test_the_share_of_a_wait_that_is_kept():
    """It is between a half and one, and differs."""
    shares = {random_share() for _ in range(50)}
    assert 0.5 <= min(shares) < max(shares) < 1.0


@pytest.mark.parametrize(
    ('value', 'seconds'),
    [
        (None, 0.0),
        ('0', 0.0),
        (' 7 ', 7.0),
        ('-1', 0.0),
        ('1.5', 0.0),
        ('99999999999', 3600.0),
        ('Thu, 01 Jan 1970 00:01:00 GMT', 20.0),
        ('Thursday, 01-Jan-70 00:01:00 GMT', 20.0),
        ('Thu, 01 Jan 1970 00:00:00 GMT', 0.0),
        ('Thu, 01 Jan 9999 00:00:00 GMT', 3600.0),
        ('soon', 0.0),
        ('Thu, 99 Jan 1970 99:99:99 GMT', 0.0),
    ],
)
def test_retry_after(value, seconds):
    """Seconds and dates are understood, an hour at most; nonsense is no wait."""
    assert retry_after(value, 40.0) == seconds
