"""HttpOutput against a real web server."""

import urllib.error
import warnings

import pytest

from microbench import FileOutput, HttpOutput, MicroBenchBase
from tests.fakes import only


def recorded(*outputs, calls=1):
    """Return the ids of the records that some calls made, read from memory."""
    memory = FileOutput()
    work = MicroBenchBase(outputs=[*outputs, memory])(len)
    for _ in range(calls):
        assert work('four') == 4
    return [record['mb']['record_id'] for record in memory.get_results()]


def test_every_record_arrives_once(server):
    """Twenty calls are twenty records, each accepted exactly once."""
    ids = recorded(HttpOutput(server.url()), calls=20)
    assert server.ids == dict.fromkeys(ids, 1)
    assert server.methods == [('POST', '/')] * 20


@pytest.mark.parametrize('code', [400, 404, 500, 503, 304])
def test_another_answer_than_2xx_raises(server, code):
    """The error names the status, and the record was sent once."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        HttpOutput(server.url(f'status/{code}')).write('{}')
    assert caught.value.code == code
    assert len(server.requests) == 1


@pytest.mark.parametrize('code', [201, 202, 204])
def test_any_2xx_is_fine(server, code):
    """Accepted, created and no content are success."""
    HttpOutput(server.url(f'status/{code}')).write('{}')
    assert len(server.requests) == 1


@pytest.mark.parametrize('path', ['status/500', 'hang', 'close', 'redirect/301/status/500'])
def test_a_failing_server_costs_neither_result_nor_other_sinks(server, path):
    """The call returns, one warning says why, and the file has the record."""
    with pytest.warns(RuntimeWarning, match='did not take a record') as caught:
        ids = recorded(HttpOutput(server.url(path), timeout=0.05), calls=2)
    assert len(ids) == 2
    assert len(caught) == 1


def test_a_server_that_is_not_there(servers):
    """A refused connection is a URLError for a direct caller of write()."""
    server = servers()
    out = HttpOutput(server.url())
    server.end()
    with pytest.raises(urllib.error.URLError):
        out.write('{}')


def test_a_hanging_server_is_left_after_the_timeout(server):
    """The time-out of the sink propagates."""
    with pytest.raises(TimeoutError):
        HttpOutput(server.url('hang'), timeout=0.05).write('{}')


def test_the_time_of_the_caller_counts_too(server):
    """A shorter time budget is kept, with a redirect on the way too."""
    out = HttpOutput(server.url('redirect/307/hang'))
    with pytest.raises(TimeoutError):
        out.write_record(b'{}', timeout=0.1)
    assert server.methods == [('POST', '/redirect/307/hang'), ('POST', '/hang')]


def test_a_connection_closed_without_an_answer_raises(server):
    """A missing answer is an OSError."""
    with pytest.raises(OSError, match='without response|reset'):
        HttpOutput(server.url('close')).write('{}')


@pytest.mark.parametrize('code', [301, 302, 303, 307, 308])
@pytest.mark.parametrize('method', ['POST', 'PUT'])
def test_redirects_keep_method_and_body(server, code, method):
    """The record arrives, once, by the method that was asked for."""
    out = HttpOutput(server.url(f'redirect/{code}/new'), method=method)
    ids = recorded(out)
    assert server.ids == dict.fromkeys(ids, 1)
    assert server.methods == [(method, f'/redirect/{code}/new'), (method, '/new')]


def test_endless_redirects_end(server):
    """The eleventh redirect is an error."""
    server.targets['again'] = '/redirect/302/again'
    with pytest.raises(OSError, match='more than 10 times'):
        HttpOutput(server.url('redirect/302/again')).write('{}')
    assert len(server.requests) == 11


@pytest.mark.parametrize('target', ['ftp://127.0.0.1/x', 'file:///etc/hostname'])
def test_redirects_to_other_schemes_raise(server, target):
    """A record goes to web servers only."""
    server.targets['away'] = target
    with pytest.raises(urllib.error.HTTPError, match='redirect|Redirect') as caught:
        HttpOutput(server.url('redirect/302/away')).write('{}')
    assert caught.value.code == 302


def test_headers_with_keys_stay_on_the_host(servers):
    """Another server gets the record and its type, but none of the other headers."""
    first, second = servers(), servers()
    first.targets['other'] = second.url('new')
    keys = {'Authorization': 'Bearer k', 'X-Api-Key': 'k', 'Cookie': 'k=1'}
    out = HttpOutput(
        first.url('redirect/307/other'), headers={**keys, 'content-type': 'text/plain'}
    )
    ids = recorded(out)
    assert second.ids == dict.fromkeys(ids, 1)
    [(_, _, sent, _)] = first.requests
    [(_, _, headers, _)] = second.requests
    assert keys.items() <= {name.title(): value for name, value in sent.items()}.items()
    assert {name.title() for name in headers}.isdisjoint(keys)
    assert headers['Content-Type'] == 'text/plain'


def test_headers_with_keys_go_to_the_same_server(server):
    """A redirect within a server takes all headers along."""
    out = HttpOutput(server.url('redirect/307/new'), headers={'Authorization': 'k'})
    out.write('{"mb":{"record_id":"1"}}')
    assert [headers['Authorization'] for _, _, headers, _ in server.requests] == ['k'] * 2


def test_what_the_body_is(server):
    """format_payload decides; the default is the record as JSON."""

    class Chat(HttpOutput):
        def format_payload(self, record):
            return f'{record["n"]} \N{EURO SIGN}'

    Chat(server.url('status/200')).write('{"n":1}')
    HttpOutput(server.url('status/200')).write('{"n":[1.5,null]}')
    assert [r[3] for r in server.requests] == ['1 €'.encode(), b'{"n": [1.5, null]}']


def test_a_server_that_recovers_gets_records_again(server):
    """After a failure the next record is sent as usual, and failing warns anew."""
    out = HttpOutput(server.url('status/500'))
    work = MicroBenchBase(outputs=[out, FileOutput()])(len)
    for path in ('status/500', '', 'status/500'):
        out.url = server.url(path)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            work('')
        assert len(caught) == (path != '')
    assert only(server.ids.values()) == 1
