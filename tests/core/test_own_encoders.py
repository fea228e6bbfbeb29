"""Encoders of users that do unusual things, and warnings about values."""

import json
import warnings

import pytest

import microbench
from microbench import JSONEncoder, JSONEncodeWarning, MicroBenchBase
from tests.fakes import Kept, Ticking, only, printed, readable


def stored(**settings):
    """Return the record of a bench with these settings."""
    kept = Kept()
    with MicroBenchBase(outputs=[kept], **settings).record():
        pass
    return only(kept.records)


def test_one_that_overrides_the_constructor():
    """Options that an encoder sets for itself count."""

    class Sorted(JSONEncoder):
        def __init__(self, **options):
            super().__init__(**{**options, 'sort_keys': True})

    assert list(stored(json_encoder=Sorted, b=1, a=2)) == ['a', 'b', 'call', 'mb']


class Indenting(JSONEncoder):
    """An encoder that indents."""

    def __init__(self, **options):
        super().__init__(**{**options, 'indent': 2})


class Unescaped(JSONEncoder):
    """An encoder that writes characters beyond ASCII as they are."""

    def __init__(self, **options):
        super().__init__(**{**options, 'ensure_ascii': False})


class Lenient(JSONEncoder):
    """An encoder that writes NaN."""

    def __init__(self, **options):
        super().__init__(**{**options, 'allow_nan': True})


def rounded(value):
    """Return a value with all its floats rounded to two digits."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 2) if isinstance(value, float) else value


class Rounding(JSONEncoder):
    """An encoder that changes values that JSON has, which `default` never sees."""

    def encode(self, o):
        return super().encode(rounded(o))


def writing(text):
    """Return a class that writes the same invalid text for any value."""
    return type('Writing', (JSONEncoder,), {'encode': lambda self, o: text})


def cutting(self, o):
    return json.JSONEncoder.encode(self, o)[:-1]


@pytest.mark.parametrize('nan', [1.0, float('nan')])
@pytest.mark.parametrize(
    'encoder',
    [
        *(Indenting, Unescaped, Lenient, Rounding),
        *map(writing, ['[1]', '', 'text', b'{}', None, '{"a":NaN}', '{}{}']),
        type('Cutting', (JSONEncoder,), {'encode': cutting}),
    ],
    ids=lambda encoder: encoder.__name__ if isinstance(encoder, type) else str(encoder),
)
def test_one_that_writes_in_its_own_way(encoder, nan):
    """Each sink gets one line of strict JSON in ASCII, and no value is lost."""
    lines, kept = [], Kept()
    old = type('Old', (), {'write': lambda self, text: lines.append(text)})()
    text = '\u20ac\u2028\ud800\\\udce9\\\\😀"'
    with MicroBenchBase(
        outputs=[kept, old], json_encoder=encoder, text=text, number=1.234, nan=nan
    ).record('block'):
        pass
    line = only(lines)
    assert kept.lines == [line.encode()]
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert 'NaN' not in line
    record = only(kept.records)
    assert (record['text'], record['call']['name']) == (readable(text), 'block')
    assert record['number'] == (1.23 if encoder is Rounding else 1.234)
    assert record['nan'] == (1.0 if nan == 1.0 else None)


def test_one_that_knows_no_dates():
    """An encoder without dates does not cost the record its own times of day."""
    with warnings.catch_warnings():
        warnings.simplefilter('error', JSONEncodeWarning)
        call = stored(json_encoder=json.JSONEncoder)['call']
    assert call['start_time'].endswith('+00:00')
    assert call['finish_time'].endswith('+00:00')


def test_one_that_records():
    """An encoder may use benches, also the one whose record it encodes."""
    kept, inside = Kept(), []

    class Recording(JSONEncoder):
        def default(self, o):
            if not isinstance(o, complex):
                return super().default(o)
            if not inside:
                inside.append(1)
                with bench.record('from the encoder'), bench.time('x'):
                    pass
            return 'number'

    bench = MicroBenchBase(
        outputs=[kept], json_encoder=Recording, duration_counter=Ticking(), field=1j
    )
    with bench.record('outer'):
        pass
    inner, outer = kept.records
    assert inner['call']['timings'] == [{'name': 'x', 'duration': 1.0}]
    assert (outer['call']['name'], outer['field']) == ('outer', 'number')
    assert 'timings' not in outer['call']


def test_a_value_nested_without_end():
    """A value nested without end costs its own depth, not the record."""
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.warns(JSONEncodeWarning):
        record = stored(deep=deep, kept=1)
    assert record['kept'] == 1


def test_a_warning_beside_the_package():
    """Code of a package whose name only begins with "microbench" is the user's."""
    name = microbench.__file__.rpartition('/')[0] + '_plugin/code.py'
    code = compile('bench(len)("")', name, 'exec')
    with pytest.warns(JSONEncodeWarning) as caught:
        exec(code, {'bench': MicroBenchBase(field=[object()])})
    assert caught[0].filename == name


def test_in_an_ascii_locale():
    """Where the locale has ASCII only, records are the same."""
    code = """
import microbench
bench = microbench.MicroBench(city='Z\\xfcrich')
bench(len)('')
print(ascii(bench.get_results()[0]['city']))
"""
    env = {'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0'}
    assert printed(code, env=env) == "'Z\\xfcrich'\n"
