"""HttpOutput as programs and their stubs of urllib see it; tests/services has servers."""

import gzip
import io
import json
import pickle
import sys
import urllib.error
import urllib.request
from email.message import Message

import pytest

from microbench import HttpOutput, MicroBenchBase, Output
from microbench.outputs.http import key_of
from tests.fakes import Kept, only, printed

URL = 'http://records.example.org/in'


class Web:
    """A stand-in for urlopen: keeps requests, and gives answers or raises them."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.timeouts = []
        self.left = 0

    def __call__(self, request, *, timeout):
        self.requests.append(request)
        self.timeouts.append(timeout)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.left += 1


@pytest.fixture
def web(monkeypatch):
    """Put a stub in place of urlopen."""
    stub = Web()
    monkeypatch.setattr(urllib.request, 'urlopen', stub)
    return stub


def redirect(target, code=302):
    """Return the error that urlopen raises for a redirect it does not follow."""
    headers = Message()
    headers['Location'] = target
    return urllib.error.HTTPError(URL, code, 'moved', headers, io.BytesIO())


def test_what_is_sent(web):
    """One Request has method, type, body and time-out; its answer is closed."""
    HttpOutput(URL).write('{"n": 1, "text": "\\u20ac"}')
    request = only(web.requests)
    assert type(request) is urllib.request.Request
    assert (request.full_url, request.get_method()) == (URL, 'POST')
    assert request.headers == {'Content-type': 'application/json'}
    assert json.loads(request.data) == {'n': 1, 'text': '\N{EURO SIGN}'}
    assert (web.timeouts, web.left) == ([30.0], 1)


def test_attributes():
    """Attributes are as given; the method is in capitals."""
    out = HttpOutput(URL, headers={'x-a': 'b'}, timeout=5, method='put')
    assert (out.url, out.headers, out.timeout, out.method) == (URL, {'x-a': 'b'}, 5, 'PUT')
    plain = HttpOutput(URL)
    assert (plain.headers, plain.timeout, plain.method) == ({}, 30.0, 'POST')
    assert isinstance(out, Output)


def test_attributes_can_be_changed(web):
    """Attributes are read for each record."""
    out = HttpOutput(URL)
    out.url, out.method, out.timeout = URL + '2', 'PUT', 1.5
    out.headers['X-A'] = 'b'
    out.write('{}')
    request = only(web.requests)
    assert (request.full_url, request.get_method()) == (URL + '2', 'PUT')
    assert request.headers['X-a'] == 'b'
    assert web.timeouts == [1.5]


@pytest.mark.parametrize('name', ['Content-Type', 'content-type', 'CONTENT-TYPE'])
def test_headers_override_the_type(web, name):
    """A given type replaces the default, in any case; other headers are added."""
    HttpOutput(URL, headers={name: 'text/plain', 'X-Key': 'k'}).write('{}')
    assert only(web.requests).headers == {'Content-type': 'text/plain', 'X-key': 'k'}


@pytest.mark.parametrize('body', [b'\xff', 'h\N{EURO SIGN}'])
def test_format_payload(web, body):
    """A str from format_payload is sent as UTF-8, bytes as they are."""
    seen = []

    class Mine(HttpOutput):
        def format_payload(self, record):
            seen.append(record)
            return body

    Mine(URL).write('{"n": [1, null]}')
    assert seen == [{'n': [1, None]}]
    assert only(web.requests).data == (body if type(body) is bytes else body.encode())


def test_format_payload_that_adds_to_the_default(web):
    """super() returns the record as JSON in bytes, which can be compressed."""

    class Mine(HttpOutput):
        def format_payload(self, record):
            return gzip.compress(super().format_payload({'text': record['n']}))

    Mine(URL).write('{"n":1}')
    assert json.loads(gzip.decompress(only(web.requests).data)) == {'text': 1}


def test_a_bench_sends_its_records(web):
    """Each call is one request with the record."""
    MicroBenchBase(outputs=[HttpOutput(URL)])(len)('')
    assert json.loads(only(web.requests).data)['call']['name'] == 'len'


@pytest.mark.parametrize(
    'error',
    [
        urllib.error.HTTPError(URL, 500, 'wrong', {}, None),
        urllib.error.HTTPError(URL, 302, 'moved', {}, None),
        urllib.error.URLError('no route'),
        TimeoutError('late'),
    ],
)
def test_errors_of_urlopen_are_raised(web, error):
    """Errors reach the caller of write(); a bench warns and goes on."""
    web.answers = [error, error]
    with pytest.raises(type(error)) as caught:
        HttpOutput(URL).write('{}')
    assert caught.value is error
    bench = MicroBenchBase(outputs=[HttpOutput(URL), Kept()])
    with pytest.warns(RuntimeWarning, match='did not take a record'):
        assert bench(len)('four') == 4


def test_the_answer_of_an_error_is_closed(web):
    """No connection stays open because of an error."""
    error = redirect('ftp://elsewhere')
    web.answers = [error]
    with pytest.raises(urllib.error.HTTPError, match='http://'):
        HttpOutput(URL).write('{}')
    assert error.fp.closed


@pytest.mark.parametrize('code', [301, 302, 303, 307, 308])
def test_a_redirect_is_the_same_request_elsewhere(web, code):
    """Method, body and headers stay, for a target on the same server."""
    web.answers = [redirect('../new place', code)]
    HttpOutput(URL, headers={'Authorization': 'k'}, method='PUT').write('{"n":1}')
    first, second = web.requests
    assert second.full_url == 'http://records.example.org/new%20place'
    assert (second.get_method(), second.data) == ('PUT', first.data)
    assert second.headers == first.headers


@pytest.mark.parametrize(
    ('url', 'target', 'kept'),
    [
        ('http://a.org/x', 'http://a.org/y', True),
        ('http://a.org/x', 'http://A.org:80/y', True),
        ('http://a.org/x', 'https://a.org/y', True),
        ('https://a.org/x', 'http://a.org/x', False),
        ('http://a.org/x', 'http://a.org:8080/y', False),
        ('http://a.org/x', 'http://b.a.org/y', False),
        ('http://a.org/x', '//b.org/y', False),
    ],
)
def test_who_gets_the_keys(web, url, target, kept):
    """Headers go to the same server only, and never from TLS to plain text."""
    web.answers = [redirect(target)]
    headers = {'Authorization': 'k', 'X-Key': 'k', 'User-Agent': 'me'}
    HttpOutput(url, headers=headers).write('{}')
    sent = set(web.requests[1].headers)
    assert sent >= {'Content-type', 'User-agent'}
    assert (sent >= {'Authorization', 'X-key'}) == kept
    assert kept or not sent & {'Authorization', 'X-key'}


@pytest.mark.parametrize(
    ('own', 'budget', 'used'),
    [(30.0, None, 30.0), (30.0, 2.0, 2.0), (2.0, 30.0, 2.0), (None, 2.0, 2.0)],
)
def test_the_shorter_time_holds(web, own, budget, used):
    """Of the sink's own time-out and the time it is given, the shorter one is used."""
    HttpOutput(URL, timeout=own).write_record(b'{}', timeout=budget)
    assert web.timeouts == [used]


def test_no_time_limit(web):
    """With timeout=None urlopen may wait for ever."""
    HttpOutput(URL, timeout=None).write('{}')
    assert web.timeouts == [None]


def test_redirects_share_the_time(web, monkeypatch):
    """Redirects share one time budget; when it is over, TimeoutError is raised."""
    now = iter([10.0, 11.5, 12.5])
    monkeypatch.setattr('microbench.outputs.http.monotonic', lambda: next(now))
    web.answers = [redirect('/b'), redirect('/c')]
    with pytest.raises(TimeoutError):
        HttpOutput(URL, timeout=2.0).write('{}')
    assert web.timeouts == [2.0, 0.5]


@pytest.mark.parametrize(
    'url', ['ftp://x', 'file:///etc/passwd', 'nonsense', '', 'http://', 'https:x', '//h/x']
)
def test_only_web_addresses(url):
    """Another scheme, or no host, is rejected at construction."""
    with pytest.raises(ValueError, match='http://'):
        HttpOutput(url)


@pytest.mark.parametrize(
    'url', ['http://h:x/', 'http://h:99999/', 'http://h:0', 'http://[::1/']
)
def test_only_possible_addresses(url):
    """An impossible port or host is rejected at construction."""
    with pytest.raises(ValueError, match='Port|http://|IPv6'):
        HttpOutput(url)


def test_a_redirect_to_an_impossible_address(web):
    """Such a redirect is an HTTPError, like any that is not followed."""
    web.answers = [redirect('http://[::1/')]
    with pytest.raises(urllib.error.HTTPError, match='that takes no record') as caught:
        HttpOutput(URL).write('{}')
    assert caught.value.fp.closed  # or a ResourceWarning follows on CPython 3.15


@pytest.mark.parametrize('headers', [['Authorization: s3cret'], 's3cret', 5])
def test_headers_that_are_no_dict(headers):
    """Headers of another type are rejected; the message does not repeat them."""
    with pytest.raises(TypeError, match='headers') as caught:
        HttpOutput(URL, headers=headers)
    assert 's3cret' not in str(caught.value)


def test_a_method_that_is_no_text():
    """A method that is not text is rejected at construction."""
    with pytest.raises(TypeError, match='method'):
        HttpOutput(URL, method=5)


def test_no_password_in_the_address():
    """A password in the address is rejected; the message does not repeat it."""
    with pytest.raises(ValueError, match='Authorization') as caught:
        HttpOutput('https://me:s3cret@h/x')
    assert 's3cret' not in str(caught.value)


@pytest.mark.parametrize('timeout', [0, -1.0, '5', float('nan'), [1]])
def test_a_time_that_is_none(timeout):
    """The constructor rejects a time-out that is not a positive number."""
    with pytest.raises(ValueError, match='timeout'):
        HttpOutput(URL, timeout=timeout)


@pytest.mark.parametrize('url', [None, 3, b'http://h'])
def test_an_address_is_a_str(url):
    """An address that is no str is rejected at construction."""
    with pytest.raises(TypeError, match='url'):
        HttpOutput(url)


@pytest.mark.parametrize('text', ['', 'nonsense', '[1]'])
def test_what_is_no_record(web, text):
    """write() of anything but a JSON object raises, and nothing is sent."""
    with pytest.raises(ValueError, match='JSON object'):
        HttpOutput(URL).write(text)
    assert web.requests == []


def test_it_cannot_be_read_back():
    """get_results() raises an error that names the class."""
    with pytest.raises(NotImplementedError, match='HttpOutput'):
        HttpOutput(URL).get_results()


@pytest.mark.parametrize('rest', ['/hook/s3cret', '?k=s3cret'])
def test_its_name_does_not_tell_the_path(rest):
    """The repr, which warnings contain, hides the secret path of a web hook."""
    assert repr(HttpOutput(f'https://h.org{rest}')) == "HttpOutput('https://h.org')"


def test_it_can_be_pickled(web):
    """A copy sends as the original does."""
    pickle.loads(pickle.dumps(HttpOutput(URL))).write('{}')
    assert only(web.requests).full_url == URL


def test_urllib_is_imported_when_one_is_made():
    """Importing the class does not import urllib."""
    code = """
    import sys
    from microbench import HttpOutput
    print('urllib.parse' in sys.modules, 'urllib.request' in sys.modules)
    """
    done = printed('\n'.join(line.strip() for line in code.splitlines()), flags=['-S'])
    assert done == 'False False\n'
    assert 'urllib.request' in sys.modules


def test_the_key_of_records_without_an_id():
    """Two that differ have different keys, alone and in batches."""
    one, two = {'a': 1}, {'a': 2}
    keys = {key_of([one]), key_of([two]), key_of([one, two]), key_of([two, one])}
    assert len(keys) == 4
    assert key_of([one]) == key_of([dict(one)])
