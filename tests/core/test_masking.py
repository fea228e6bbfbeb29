"""What is masked in a record, what is not, and where the record says so."""

import contextlib
import copy
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import JSONEncoder, MBFunctionCall, MBReturnValue, MicroBenchBase
from microbench.encoding import masked_fields
from microbench.encoding.masking import Masker
from tests.fakes import Kept, dict_reasons, only

URL = 'postgresql://me:s3cret@db.example.org/x'
SHOWN = 'postgresql://me:***@db.example.org/x'


class AsDict(MicroBenchBase):
    """A bench whose records are built as dicts."""

    def capture_zz(self, bm_data):
        """Do nothing."""


FORMS = pytest.mark.parametrize('base', [MicroBenchBase, AsDict])


def record_of(base, *args, redact=(), func=len, text='', **fields):
    """Return the record of one call, and whether it was written as text."""
    kept = Kept()
    bench = type('Bench', (base,), {'redact': redact})(outputs=[kept], **fields)
    bench(func)(text)
    line = only(kept.lines)
    assert line.startswith(b'{"mb":{"run_id":"')
    assert line.isascii()
    record = json.loads(line)
    assert record['mb']['record_id']
    return record, not dict_reasons(bench)


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
        ('http://h:80/a@b', None),
        ('http://h:80 a@b', None),
        ('ssh u:p@h', None),
        ('://' * 1000, None),
        ('\n"http://\N{EURO SIGN}:p@h"', '\n"http://\N{EURO SIGN}:***@h"'),
    ],
)
def test_what_a_password_in_a_url_is(text, shown):
    """The colon after the user and the last @ before the path enclose a password."""
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
    """Values of hooks are masked, whatever their type."""

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
    """Patterns also apply to arguments, return values and env."""
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
    """A pattern applies to names at any depth; `mb` is never masked."""
    record, _ = record_of(base, redact=redact, api_key=5, dsn=URL)
    assert record['api_key'] == '***'
    assert record['dsn'] in (SHOWN, '***')
    assert record['mb']['run_id'] != '***'
    assert 'api_key' in record['mb']['masked']


@pytest.mark.parametrize('redact', ['*', 'name', 'call', 'call.name', 'dur*', 'CALL.*'])
def test_patterns_on_what_c_writes(redact):
    """A pattern on native fields makes the record a dict; explain_path() says so."""
    bench = type('Bench', (MicroBenchBase,), {'redact': [redact]})()
    assert dict_reasons(bench) == [f'redact has {redact.lower()!r}']
    bench(len)('')
    assert any(p.startswith('call') for p in only(bench.get_results())['mb']['masked'])


def test_other_patterns_leave_records_text():
    """A pattern on other names leaves the record in text form."""
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
    """`redact` is read for each record, on the bench object too."""
    bench = MicroBenchBase(token='t')
    work = bench(len)
    work('')
    bench.redact = ('token',)
    work('')
    assert [record['token'] for record in bench.get_results()] == ['t', '***']


@pytest.mark.parametrize('wrong', [3, (3,), True, [None]])
def test_what_is_no_pattern(wrong):
    """An invalid pattern is rejected at the call, as other class attributes are."""
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


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        (b'["a://b:c@d"]', b'["a://b:***@d"]'),
        (b'"a://b:c@d"', b'"a://b:***@d"'),
        (b'[[{"slurm":{"jwt":"t"}}]]', b'[[{"slurm":{"jwt":"***"}}]]'),
        (b'{"dsn":"a://b:c@d', b'{"dsn":"a://b:***@d'),
        (b'influx,dsn=a://b:c@d n=1', b'influx,dsn=a://b:***@d n=1'),
        (b'"https:\\/\\/b:c\\u0040d"', b'"https://b:***@d"'),
        (b'://@', b'://@'),
        (b'null', b'null'),
    ],
)
def test_any_text_is_masked(text, shown):
    """A to_json() of a user's own may give any JSON value, or something else."""
    assert Masker(()).record(text) == shown


def test_large_numbers_and_text_survive_masking():
    """Masking leaves other values unchanged."""
    values = {'big': 2**70, 'small': 5e-324, 'words': '\N{EURO SIGN}\u2028', 'no': None}
    record, _ = record_of(MicroBenchBase, dsn=URL, **values)
    assert {name: record[name] for name in values} == values


def test_what_is_too_deep_to_be_looked_into():
    """Below a hundred levels all is masked; arguments are not searched at all."""
    deep = [URL]
    for _ in range(150):
        deep = [deep]
    record, _ = record_of(Everything, text=deep, deep=deep)
    assert json.dumps(record['deep']) == '[' * 100 + '"***"' + ']' * 100
    assert record['call']['args'] == [deep]
    assert record['mb']['masked'] == ['deep' + '.0' * 100]


# --- it fails closed ---------------------------------------------------------------------


@FORMS
def test_near_the_recursion_limit(base):
    """No record has the secret, nor has a later one; each has its measurements."""
    nested = {'password': 'hunter2', 'dsn': URL}
    for _ in range(12):
        nested = {'in': nested}
    kept = Kept()
    bench = type('Bench', (base,), {'redact': ['*password*']})(outputs=[kept], c=nested)
    work = bench(len)

    def deep(levels):
        if levels:
            deep(levels - 1)
        else:
            work('')

    for levels in range(sys.getrecursionlimit() - 140, sys.getrecursionlimit()):
        with contextlib.suppress(RecursionError):
            deep(levels)
    work('')
    assert not [line for line in kept.lines if b'hunter2' in line or b's3cret' in line]
    records = [json.loads(line) for line in kept.lines]
    assert records[-1]['mb']['masked'] == [
        f'c{".in" * 12}.{n}' for n in ('dsn', 'password')
    ]
    assert all(record['mb']['masked'] for record in records)
    assert all(len(record['call']['durations']) == 1 for record in records)


def fails_with(error):
    """A function that raises."""

    def fails(*_):
        raise error

    return fails


@pytest.mark.parametrize('error', [MemoryError, RecursionError, ValueError, KeyError])
@pytest.mark.parametrize('redact', [(), ('*token',), ('*durations',)])
def test_a_record_that_cannot_be_masked(monkeypatch, error, redact):
    """Where masking fails, any possible secret is masked; measurements stay."""
    monkeypatch.setattr(masked_fields, 'edits', fails_with(error))
    record, _ = record_of(AsDict, dsn=URL, host={'a': 1}, redact=redact)
    assert record['dsn'] == record['host'] == '***'
    assert record['mb']['masked'][-2:] == ['dsn', 'host']
    hidden = redact == ('*durations',)
    assert (record['call']['durations'] == '***') == hidden
    assert (record['call']['name'] == '***') == hidden


def test_a_text_that_cannot_be_masked(monkeypatch):
    """After masking fails, the next record is made anew: the plan keeps no failure."""
    bench = MicroBenchBase(dsn=URL)
    work = bench(len)
    with monkeypatch.context() as patched:
        patched.setattr(masked_fields, 'edits', fails_with(MemoryError))
        work('')
    work('')
    closed, masked = bench.get_results()
    assert closed['dsn'] == '***'
    assert masked['dsn'] == SHOWN
    assert bench.explain_path() == []


def test_the_smallest_stack_that_is_left():
    """Masking answers or raises at any depth: the secret is in no answer."""
    masker = Masker(('*password*',))
    text = b'{"mb":{"run_id":"r"},"call":{"durations":[0.5]},"password":"hunter2"}'
    answers = set()

    def deep(levels):
        return deep(levels - 1) if levels else masker.record(text)

    for levels in range(sys.getrecursionlimit()):
        try:
            answers.add(deep(levels))
        except RecursionError:
            break
    assert answers
    assert not [answer for answer in answers if b'hunter2' in answer]


# --- ways to write a record ------------------------------------------------------------


@pytest.mark.parametrize(
    'form', ['{}', '[{}]', '{{"x": {}}}', 'influx {}', '"a://b:c@d"', '"{}']
)
def test_a_text_of_ones_own(form):
    """Any value that a user's `to_json` returns is masked: object, list or text."""

    class Bench(AsDict):
        redact = ('*password*',)

        def to_json(self, obj):
            return form.format(json.dumps(obj, default=str))

    kept = Kept()
    Bench(outputs=[kept], dsn=URL, password='hunter2')(len)('')
    line = only(kept.lines)
    assert not [secret for secret in (b'hunter2', b's3cret', b':c@') if secret in line]


class Thing:
    """A value that only an encoder can convert."""

    dsn = URL


class ThingEncoder(JSONEncoder):
    """An encoder that converts a Thing."""

    def default(self, o):
        return {'dsn': o.dsn} if isinstance(o, Thing) else super().default(o)


class OwnOutput(MicroBenchBase):
    """A bench that keeps what its output_result() gets."""

    redact = ('*password*',)

    def __init__(self, **fields):
        self.got = []
        super().__init__(**fields)

    def output_result(self, bm_data):
        self.got.append(bm_data)


def test_an_output_of_ones_own():
    """A user's `output_result` and `to_json` get and give masked records."""
    inner, thing = {'password': 'hunter2', 'n': 1}, Thing()
    bench = OwnOutput(dsn=URL, inner=inner, thing=thing, json_encoder=ThingEncoder)
    bench(len)('')
    [record] = bench.got
    assert record['dsn'] == SHOWN
    assert record['inner'] == {'password': '***', 'n': 1}
    assert record['thing'] is thing
    assert record['mb']['masked'] == ['dsn', 'inner.password']
    assert inner['password'] == 'hunter2'
    encoded = json.loads(bench.to_json(record))
    assert encoded['thing'] == {'dsn': SHOWN}
    assert encoded['mb']['masked'] == ['dsn', 'inner.password', 'thing.dsn']


def test_an_output_of_ones_own_gets_what_is_there():
    """Without a secret, output_result() gets the very objects, whatever they are."""
    cycle = [object()]
    cycle.append(cycle)
    bench = OwnOutput()
    bench.capture_cycle = lambda bm_data: bm_data.update(cycle=cycle)
    bench(len)('')
    assert bench.got[0]['cycle'] is cycle
    assert 'masked' not in bench.got[0]['mb']


@pytest.mark.parametrize('error', [MemoryError, RecursionError])
def test_an_output_of_ones_own_when_masking_fails(monkeypatch, error):
    """output_result() gets the measurements, and nothing that may be a secret."""
    monkeypatch.setattr(masked_fields, 'edits', fails_with(error))
    bench = OwnOutput(dsn=URL)
    bench(len)('')
    [record] = bench.got
    assert record['dsn'] == '***'
    assert record['mb']['masked'] == ['call', 'dsn']
    assert len(record['call']['durations']) == 1


def test_an_output_of_ones_own_that_fails(capsys):
    """Standard error gets the record instead, masked; so is the warning."""

    class Bench(MicroBenchBase):
        def output_result(self, bm_data):
            raise OSError(f'cannot reach {URL}')

    with pytest.warns(RuntimeWarning) as caught:
        Bench(dsn=URL)(len)('')
    assert json.loads(capsys.readouterr().err)['dsn'] == SHOWN
    assert str(caught[0].message).endswith(f'cannot reach {SHOWN}')


def test_to_json_of_other_values():
    """to_json() masks only complete records, since it encodes arguments too."""
    assert json.loads(MicroBenchBase().to_json({'dsn': URL})) == {'dsn': URL}


# --- paths -----------------------------------------------------------------------------


def test_names_of_fields():
    """A URL as the name of a field is masked as well, also in the list of paths."""
    names = {'https://a@h/': {'b': URL}, 'https://c@h/': 1, 'x': 2}
    record, _ = record_of(MicroBenchBase, by_url=names)
    assert record['by_url'] == {
        'https://***@h/': {'b': SHOWN},
        'https://***@h/ (2)': 1,
        'x': 2,
    }
    assert record['mb']['masked'] == ['by_url.https://***@h/', 'by_url.https://***@h/.b']


def test_what_is_masked_already():
    """A value that a mixin has masked is listed as well."""
    record, _ = record_of(MicroBenchBase, slurm={'jwt': '***', 'a': 1})
    assert record['slurm'] == {'jwt': '***', 'a': 1}
    assert record['mb']['masked'] == ['slurm.jwt']


def test_a_static_field_called_mb():
    """A user's fields in `mb` are masked by default; patterns do not apply to it."""
    record, _ = record_of(MicroBenchBase, mb={'dsn': URL, 'token': 't'}, redact=('token',))
    assert record['mb']['dsn'] == SHOWN
    assert record['mb']['token'] == 't'


# --- any value -------------------------------------------------------------------------

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values, st.sampled_from(['in', '***', 'mb', 'call', 'env', 'jwt', '']))
def test_any_value(value, name):
    """A secret is masked beside any value, which stays as it is."""
    text = json.dumps({name: value, 'x y': URL, 'z': [value]}).encode()
    shown = json.loads(Masker(()).record(text))
    assert shown['x y'] == SHOWN
    if json.loads(Masker(()).record(json.dumps([value]).encode())) == [value]:
        assert shown['z'] == [value]
        assert name in ('mb', 'z') or shown[name] == value


@given(json_values)
def test_records_for_hooks_are_not_changed(value):
    """A record for hooks is copied before a value in it is masked."""
    record = {'mb': {}, 'value': value, 'dsn': URL, 'list': [URL, (URL, value)]}
    before = copy.deepcopy(record)
    shown = Masker(()).values(record)
    assert record == before
    assert shown['list'][0] == shown['list'][1][0] == SHOWN


def test_a_value_that_is_deep():
    """A value below a hundred levels is masked as a whole, whatever it is."""
    deep = URL
    for _ in range(90):
        deep = [deep, URL]
    shown = Masker(()).record(json.dumps(deep).encode())
    assert shown.count(b'***') == 91
    deeper = b'[' * 100_000 + b'"http://u:p@h"' + b']' * 100_000
    assert Masker(()).record(deeper) == b'"***"'
    record = b'{"mb":{"run_id":"r"},"x":' + deeper + b'}'
    assert Masker(()).record(record) == (b'{"mb":{"run_id":"r","masked":["x"]},"x":"***"}')


def test_patterns_that_have_matched_nothing_are_known():
    """A pattern counts as unmatched until it matches a name or path outside `mb`."""
    masker = Masker(['*Token*', 'a.b', 'mb.*', 'x', 'x', '*'])
    assert masker.unmatched == ['*Token*', 'a.b', 'mb.*', 'x', '*']
    masker.record(b'{"mb":{"run_id":"1"},"a":{"b":1,"c":[2]}}')
    assert masker.unmatched == ['*Token*', 'a.b', 'mb.*', 'x']  # a is masked as a whole
    masker = Masker(['*Token*', 'a.b', 'mb.*', 'x'])
    masker.record(b'{"mb":{"run_id":"1"},"a":{"b":1,"c":[2]}}')
    assert masker.unmatched == ['*Token*', 'mb.*', 'x']
    masker.record(b'{"my_TOKENS":[],"y":{"X":{}}}')
    assert masker.unmatched == ['mb.*']
