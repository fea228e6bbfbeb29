"""HttpOutput with a thread and a spool against a web server with scripted faults."""

import json
import signal
from collections import Counter

import pytest

from microbench import HttpOutput, MicroBenchBase
from microbench.outputs.resend import resend
from tests.fakes import only, python

FAULTS = ['hang', 'close', 'status/500', 'status/429', 'redirect/302/other', 'garbage']


class Scripted:
    """Serves paths of tests.services.conftest by turns, and counts what was accepted."""

    def __init__(self, server, *paths):
        self.server = server
        self.paths = list(paths)
        self.accepted = Counter()
        self.keys = []


@pytest.fixture
def scripted(server, monkeypatch):
    """Make the server answer as a list of paths says, then accept everything."""
    from tests.services.conftest import Handler

    script = Scripted(server)

    def do_post(handler):
        body = handler.rfile.read(int(handler.headers['Content-Length']))
        script.keys.append(handler.headers['Idempotency-Key'])
        word, _, rest = (script.paths.pop(0) if script.paths else '').partition('/')
        if word:
            getattr(handler, f'answer_{word}')(rest)
            return
        ids = [json.loads(line)['mb']['record_id'] for line in body.splitlines()]
        script.accepted.update(ids)
        handler.answer(204)

    def answer_garbage(handler, rest):
        handler.wfile.write(b'nonsense\r\n\r\n')
        handler.close_connection = True

    def answer_later(handler, rest):
        handler.answer(429, **{'Retry-After': rest})

    monkeypatch.setattr(Handler, 'do_POST', do_post)
    monkeypatch.setattr(Handler, 'answer_garbage', answer_garbage, raising=False)
    monkeypatch.setattr(Handler, 'answer_later', answer_later, raising=False)
    return script


def test_every_fault_in_turn(scripted, tmp_path, monkeypatch):
    """Each record is accepted once: by its thread, or by resend() where it was refused."""
    waits = []
    scripted.paths = [*FAULTS[:4], 'later/7', *FAULTS[4:], 'status/400']
    out = HttpOutput(
        *[scripted.server.url('in')],
        timeout=0.2,
        background=True,
        batch=3,
        spool=tmp_path / 'spool',
    )
    monkeypatch.setattr(out._sender, '_sleep', waits.append)
    monkeypatch.setattr(out._sender, 'news', '')
    bench = MicroBenchBase(outputs=[out])
    with pytest.warns(RuntimeWarning) as caught:
        for _ in range(40):
            bench(len)('')
        bench.flush(60.0)
        bench(len)('')
        bench.flush(60.0)
    assert len(caught) <= 2
    assert len(waits) == 6  # 302 and 400 are not temporary
    assert max(waits) >= 7.0
    assert [*{*scripted.accepted.values()}] == [1]
    lost = 41 - len(scripted.accepted)
    result = sum(one.sent for one in resend(tmp_path / 'spool')) if lost else 0
    assert result == lost
    assert (len(scripted.accepted), {*scripted.accepted.values()}) == (41, {1})
    assert scripted.keys[0] == scripted.keys[1]  # a repetition says that it is one
    out.close()


# A request may take longer than a fork waits for it: CPython 3.12 and later warn then.
STRICT = ('-W', 'error', '-W', 'ignore:This process:DeprecationWarning')

PROGRAM = """
import os, signal, sys
from microbench import HttpOutput, MicroBench

out = HttpOutput(sys.argv[1], background=True, batch=10, spool=sys.argv[2], timeout=5)
bench = MicroBench(outputs=[out])
bench.record_on_exit('process')
for _ in range(50):
    with bench.record('before'):
        pass
if sys.argv[3] != 'TERM' and os.fork() == 0:
    with bench.record('child'):
        pass
    sys.exit(0)
if sys.argv[3] != 'TERM':
    assert os.wait()[1] == 0
for _ in range(50):
    with bench.record('after'):
        pass
if sys.argv[3]:
    os.kill(os.getpid(), signal.SIGTERM)
"""


@pytest.mark.parametrize('by', ['', 'SIGTERM'])
def test_a_process_that_forks_and_ends(scripted, tmp_path, by):
    """What waits is sent before the end, by parent and child, each record once."""
    done = python(PROGRAM, scripted.server.url('in'), str(tmp_path / 's'), by, flags=STRICT)
    assert done.returncode == (-signal.SIGTERM if by else 0), done.stderr
    assert done.stderr == ''
    assert (len(scripted.accepted), {*scripted.accepted.values()}) == (102, {1})
    assert not (tmp_path / 's').exists()


LOADED = """
import signal, sys, threading
from microbench import HttpOutput

out = HttpOutput(sys.argv[1], background=True)
before = {*sys.modules}
out.write('{"mb":{"record_id":"a"}}')
out.flush(60)
print(sorted({*sys.modules} - before))
"""


def test_the_thread_imports_nothing(scripted):
    """A fork while a thread imports leaves a child that cannot send."""
    done = python(LOADED, scripted.server.url('in'))
    assert (done.stdout, done.stderr) == ('[]\n', '')


def test_a_process_whose_server_hangs(scripted, tmp_path):
    """A signal ends it in time; the spool has everything; resend() sends it."""
    scripted.paths = ['hang'] * 20
    done = python(
        PROGRAM,
        scripted.server.url('in'),
        str(tmp_path / 's'),
        'TERM',
        flags=STRICT,
    )
    assert done.returncode == -signal.SIGTERM
    scripted.paths = []
    assert only(resend(tmp_path / 's')).sent == 101
    assert (len(scripted.accepted), {*scripted.accepted.values()}) == (101, {1})
    assert only((tmp_path / 's').glob('*.target'))


def test_no_other_host_gets_a_record(scripted, servers, tmp_path):
    """A thread follows no redirect to another server: the spool has the record."""
    other = servers()
    scripted.server.targets['away'] = other.url('in')
    scripted.paths = ['redirect/302/away']
    headers = {'Authorization': 's3cret'}
    out = HttpOutput(
        scripted.server.url('in'), headers=headers, background=True, spool=tmp_path / 's'
    )
    bench = MicroBenchBase(outputs=[out])
    bench(len)('')
    bench.flush(60.0)
    out._sender.news = ''
    out.close()
    assert other.requests == []
    assert only(resend(tmp_path / 's', headers=headers)).sent == 1
    assert 's3cret' not in ''.join(p.read_text() for p in (tmp_path / 's').iterdir())
