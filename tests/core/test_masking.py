"""What is masked in a record, what is not, and where the record says so."""

import json

import pytest

from microbench import JSONEncoder, MBFunctionCall, MBReturnValue, MicroBenchBase
from microbench.core.masking import Masker
from tests.fakes import Kept, only

URL = 'postgresql://me:s3cret@db.example.org/x'
SHOWN = 'postgresql://me:***@db.example.org/x'


class AsDict(MicroBenchBase):
    """A bench whose records are built as dicts."""

    def capture_zz(self, bm_data):
        """Do nothing."""


FORMS = pytest.mark.parametrize('base', [MicroBenchBase, AsDict])


def record_of(base, *args, redact=(), func=len, text='', **fields):
    """The record of one call, and whether it was written as text."""
    kept = Kept()
    bench = type('Bench', (base,), {'redact': redact})(outputs=[kept], **fields)
    bench(func)(text)
    line = only(kept.lines)
    assert line.startswith(b'{"mb":{"run_id":"')
    assert line.isascii()
    record = json.loads(line)
    assert record['mb']['record_id']
    return record, not bench.explain_path()


@FORMS
def test_nothing_to_mask(base):
    """A record without secrets has no list of masked paths, and stays text."""
    record, native = record_of(base, site='https://example.org/@me', mail='me@x.org')
    assert record['site'] == 'https://example.org/@me'
    assert 'masked' not in record['mb']
    assert native == (base is MicroBenchBase)


@FORMS
def test_passwords_in_urls(base):
    """The password of a URL becomes three stars, and the record stays text."""
    record, native = record_of(base, dsn=URL)
    assert record['dsn'] == SHOWN
    assert record['mb']['masked'] == ['dsn']
    assert native == (base is MicroBenchBase)


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('amqp://u:p@h', 'amqp://u:***@h'),
        ('redis://:p@h:6379/0', 'redis://:***@h:6379/0'),
        ('git+ssh://u:p%40q@h', 'git+ssh://u:***@h'),
        ('http://u:a@b@h/x', 'http://u:***@h/x'),
        ('see http://u:p@h and ftp://v:q@i.', 'see http://u:***@h and ftp://v:***@i.'),
        ('http://u:***@h', None),
        ('http://u@h', None),
        ('http://h:80/a@b', None),
        ('http://h:80 a@b', None),
        ('ssh u:p@h', None),
        ('://' * 1000, None),
        ('\n"http://\N{EURO SIGN}:p@h"', '\n"http://\N{EURO SIGN}:***@h"'),
    ],
)
def test_what_a_password_in_a_url_is(text, shown):
    """From the colon after the user to the last @ before the path."""
    record, _ = record_of(MicroBenchBase, note=text)
    assert record['note'] == (shown or text)
    assert ('masked' in record['mb']) == (shown is not None)


@FORMS
def test_the_token_of_slurm(base):
    """SLURM_JWT is masked by this name, and as the SLURM mixin calls it."""
    slurm = {'jwt': 'token', 'job_id': '7'}
    record, _ = record_of(base, SLURM_JWT='token', slurm=slurm, jwt='other')
    assert record['SLURM_JWT'] == '***'
    assert record['slurm'] == {'jwt': '***', 'job_id': '7'}
    assert record['jwt'] == 'other'
    assert record['mb']['masked'] == ['SLURM_JWT', 'slurm.jwt']


@FORMS
def test_our_own_options(base):
    """Values of our options for passwords and headers are masked in any command."""
    words = ['microbench', '--redis-password', 'p', '--http-output-header=A: b', 'x']
    record, _ = record_of(base, words=words)
    assert record['words'] == [
        *('microbench', '--redis-password', '***', '--http-output-header=***', 'x'),
    ]
    assert record['mb']['masked'] == ['words.2', 'words.3']


def test_what_others_have_put_there():
    """It does not matter what kind of object a hook has put into the record."""

    class Secret:
        pass

    class Encoder(JSONEncoder):
        def default(self, o):
            return {'dsn': [URL]} if isinstance(o, Secret) else super().default(o)

    record, _ = record_of(MicroBenchBase, thing=Secret(), json_encoder=Encoder)
    assert record['thing'] == {'dsn': [SHOWN]}
    assert record['mb']['masked'] == ['thing.dsn.0']


@FORMS
def test_the_message_of_an_exception(base):
    """A URL in the message is masked, together with what is masked otherwise."""
    kept = Kept()
    bench = base(outputs=[kept], dsn=URL)

    @bench
    def work():
        raise OSError(f'cannot reach {URL}')

    with pytest.raises(OSError, match='s3cret'):
        work()
    record = only(kept.records)
    assert record['exception']['message'] == f'cannot reach {SHOWN}'
    assert record['mb']['masked'] == ['dsn', 'exception.message']


class Everything(MBFunctionCall, MBReturnValue, MicroBenchBase):
    """Arguments and return values."""


def test_what_the_author_chose_is_not_touched():
    """Arguments, return values, names, phases and env stay as they are."""
    kept = Kept()
    bench = Everything(outputs=[kept], env={'SLURM_JWT': 'token', 'DSN': URL})

    @bench
    def work(*args, **kwargs):
        with bench.time(URL):
            return {'SLURM_JWT': URL}

    work.__wrapped__.__name__ = URL
    work(URL, ['--redis-password', 'p'], slurm={'jwt': 'token'})
    record = only(kept.records)
    call = record['call']
    assert call['args'] == [URL, ['--redis-password', 'p']]
    assert call['kwargs'] == {'slurm': {'jwt': 'token'}}
    assert call['return_value'] == {'SLURM_JWT': URL}
    assert call['timings'][0]['name'] == URL
    assert record['env'] == {'SLURM_JWT': 'token', 'DSN': URL}
    assert 'masked' not in record['mb']


def test_unless_asked():
    """Patterns are about arguments, return values and env as well."""
    kept = Kept()

    class Bench(Everything):
        redact = ('call.args.1', '*PassWord*', 'env.*', 'call.return_value')

    Bench(outputs=[kept], env={'A': 'x', 'B': None})(lambda *a, **k: a)(
        'user', 'p', user_password={'x': 1}
    )
    record = only(kept.records)
    assert record['call']['args'] == ['user', '***']
    assert record['call']['kwargs'] == {'user_password': '***'}
    assert record['call']['return_value'] == '***'
    assert record['env'] == {'A': '***', 'B': None}
    assert record['mb']['masked'] == [
        *('call.args.1', 'call.kwargs.user_password', 'call.return_value', 'env.A'),
    ]


@FORMS
@pytest.mark.parametrize('redact', [('*key*',), '*key*', ['API_KEY'], ('*', 'mb.*')])
def test_patterns_on_names(base, redact):
    """A pattern is about names at any depth; `mb` is never masked."""
    record, _ = record_of(base, redact=redact, api_key=5, dsn=URL)
    assert record['api_key'] == '***'
    assert record['dsn'] in (SHOWN, '***')
    assert record['mb']['run_id'] != '***'
    assert 'api_key' in record['mb']['masked']


@pytest.mark.parametrize('redact', ['*', 'name', 'call', 'call.name', 'dur*', 'CALL.*'])
def test_patterns_on_what_c_writes(redact):
    """Such a record is built as a dict; the reason can be asked for."""
    bench = type('Bench', (MicroBenchBase,), {'redact': [redact]})()
    assert bench.explain_path() == [f'redact has {redact.lower()!r}']
    bench(len)('')
    assert any(p.startswith('call') for p in only(bench.get_results())['mb']['masked'])


def test_other_patterns_leave_records_text():
    """A pattern on other names costs no dict."""
    record, native = record_of(MicroBenchBase, redact=('*token*',), my_token='t')
    assert native
    assert record['my_token'] == '***'


@FORMS
def test_masking_can_be_switched_off(base):
    """With redact = None all is stored as it is."""
    record, _ = record_of(base, redact=None, dsn=URL, SLURM_JWT='t')
    assert (record['dsn'], record['SLURM_JWT']) == (URL, 't')
    assert 'masked' not in record['mb']


def test_redact_can_be_changed_later():
    """It is looked at for each record, on the bench object too."""
    bench = MicroBenchBase(token='t')
    work = bench(len)
    work('')
    bench.redact = ('token',)
    work('')
    assert [record['token'] for record in bench.get_results()] == ['t', '***']


@pytest.mark.parametrize('wrong', [3, (3,), True, [None]])
def test_what_is_no_pattern(wrong):
    """It is refused at the call, as other class attributes are."""
    bench = type('Bench', (MicroBenchBase,), {'redact': wrong})()
    called = []
    with pytest.raises(ValueError, match='redact'):
        bench(called.append)(1)
    assert called == []


def test_a_method_called_redact_is_left_alone():
    """A class may have a method of this name for its own purposes."""

    class Bench(MicroBenchBase):
        def redact(self, text):
            return text

    bench = Bench(dsn=URL)
    bench(len)('')
    assert only(bench.get_results())['dsn'] == SHOWN


@pytest.mark.parametrize('text', [b'{"dsn":"a://b:c@d', b'["a://b:c@d"]', b'://@'])
def test_what_is_no_record_is_left_as_it_is(text):
    """A to_json() of one's own may give anything."""
    assert Masker(()).record(text) == text


def test_large_numbers_and_text_survive_masking():
    """What is not masked is the same as without."""
    values = {'big': 2**70, 'small': 5e-324, 'words': '\N{EURO SIGN}\u2028', 'no': None}
    record, _ = record_of(MicroBenchBase, dsn=URL, **values)
    assert {name: record[name] for name in values} == values


def test_what_is_too_deep_to_be_looked_into():
    """Below a hundred levels all is masked; arguments are not looked into at all."""
    deep = [URL]
    for _ in range(150):
        deep = [deep]
    record, _ = record_of(Everything, text=deep, deep=deep)
    assert json.dumps(record['deep']) == '[' * 100 + '"***"' + ']' * 100
    assert record['call']['args'] == [deep]
    assert record['mb']['masked'] == ['deep' + '.0' * 100]
