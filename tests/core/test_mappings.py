"""Mappings that are no dicts: in a record they are objects, as dicts are."""

import builtins
import collections
import json
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import (
    FileOutput,
    JSONEncoder,
    JSONEncodeWarning,
    MBPythonInfo,
    MicroBenchBase,
)
from microbench.diff import diff
from microbench.encoding import json_encoder, json_text
from tests.fakes import JSON_LIBRARIES, json_by

PLACEHOLDER = '__unencodable_as_json__'
URL = 'https://user:secret@host/'
MASKED = 'https://user:***@host/'


class Own(Mapping):
    """A mapping of a program's own."""

    def __init__(self, items):
        self._items = dict(items)

    def __getitem__(self, name):
        return self._items[name]

    def __iter__(self):
        return iter(self._items)

    def __len__(self):
        return len(self._items)


class Failing(Own):
    """A mapping whose items cannot be had."""

    def __getitem__(self, name):
        raise RuntimeError(name)


class Plain(json.JSONEncoder):
    """An encoder that is not based on microbench's."""


class Mine(JSONEncoder):
    """An encoder that decides for itself what stands for a UserDict."""

    def default(self, o):
        return 'mine' if isinstance(o, collections.UserDict) else super().default(o)


KINDS = [dict, MappingProxyType, collections.UserDict, collections.ChainMap, Own]
KINDS += [collections.OrderedDict]
if hasattr(builtins, 'frozendict'):  # CPython 3.15
    KINDS.append(frozendict)  # noqa: F821

kinds = pytest.mark.parametrize('kind', KINDS)
texts = st.text(st.characters(exclude_categories=['Cs']), max_size=5)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=15,
)


@pytest.fixture(params=JSON_LIBRARIES)
def each_library(request):
    """Run a test with both libraries that may write a record."""
    with json_by(request.param):
        yield


def rebuilt(data, value):
    """Return the same value with each dict as a mapping of some kind."""
    if isinstance(value, dict):
        inner = {name: rebuilt(data, item) for name, item in value.items()}
        return data.draw(st.sampled_from(KINDS))(inner)
    if isinstance(value, list):
        return data.draw(st.sampled_from([list, tuple]))(rebuilt(data, v) for v in value)
    return value


@given(data=st.data(), value=values)
@pytest.mark.parametrize('encoder', [None, JSONEncoder, Plain])
@pytest.mark.parametrize('library', JSON_LIBRARIES)
def test_any_mixture_is_written_as_dicts_are(library, encoder, data, value):
    """Each writer treats mappings as dicts: C, orjson, stdlib, placeholders."""
    with json_by(library):
        odd = rebuilt(data, value)
        written = json_encoder.decode(json_text.encode({'a': odd}, encoder))
        assert written == {'a': value}
        with pytest.warns(JSONEncodeWarning) as caught:
            written = json_encoder.decode(json_text.encode([odd, object()], encoder))
        assert written == [value, PLACEHOLDER]
        assert len(caught) == 1


@kinds
def test_one_that_holds_what_cannot_be_encoded(each_library, kind):
    """A bad value in a mapping gets the only placeholder, with one warning."""
    with pytest.warns(JSONEncodeWarning) as caught:
        text = json_text.encode(kind({'bad': object(), 'good': [kind({'a': 1})]}))
    assert json_encoder.decode(text) == {'bad': PLACEHOLDER, 'good': [{'a': 1}]}
    assert len(caught) == 1


@kinds
def test_keys_that_are_no_text(each_library, kind):
    """Keys that are not text become what they become in a dict."""
    fields = {(1, 2): 'a', 3: 'b', None: 'c', 1.5: 'd'}
    expected = {'(1, 2)': 'a', '3': 'b', 'null': 'c', '1.5': 'd'}
    assert json_encoder.decode(json_text.encode([kind(fields)])) == [expected]


def test_a_users_default_decides_first(each_library):
    """A user's default sees the mapping first, also beside a bad value."""
    user = collections.UserDict(a=1)
    assert json_text.encode([user, MappingProxyType({})], Mine) == b'["mine",{}]'
    with pytest.warns(JSONEncodeWarning):
        assert json_encoder.decode(json_text.encode([user, object()], Mine))[0] == 'mine'


def test_one_that_raises(each_library):
    """A mapping that raises gets the placeholder itself."""
    with pytest.warns(JSONEncodeWarning, match='RuntimeError') as caught:
        text = json_text.encode({'a': Failing({'b': 1}), 'c': 2})
    assert json_encoder.decode(text) == {'a': PLACEHOLDER, 'c': 2}
    assert len(caught) == 1


def test_one_that_contains_itself(each_library):
    """In a mapping that contains itself, the inner one gets the placeholder."""
    loop = collections.UserDict()
    loop['again'] = loop
    with pytest.warns(JSONEncodeWarning, match='contains itself'):
        text = json_text.encode({'a': loop})
    assert json_encoder.decode(text) == {'a': {'again': PLACEHOLDER}}


@kinds
def test_without_descriptors(monkeypatch, kind):
    """If no encoder can be loaded, names of types stand for other values."""

    def fail():
        raise OSError

    monkeypatch.setattr(json_text, '_json_encoder', fail)
    value = {'a': kind({1: (kind({}), object())})}
    assert json_text.encode(value) == b'{"a":{"1":[{},"<object>"]}}'


def test_a_frozendict_is_written_in_c():
    """A record with one loads no encoder, as with a dict."""
    frozen = KINDS[-1]  # an OrderedDict, which no version writes in C
    plain = b'{"a":[{"b":1}]}' if frozen.__name__ == 'frozendict' else None
    assert json_text.plain({'a': [frozen(b=1)]}) == plain


# --- in a bench ------------------------------------------------------------------------


@kinds
def test_it_is_the_same_field(tmp_path, kind):
    """A mapping as static field or from a hook reads back as a dict does."""

    class Bench(MicroBenchBase):
        def capture_own(self, bm_data):
            bm_data['own'] = kind({'b': [kind({})]})

    bench = Bench(tmp_path / 'records', static=kind({'a': {'n': 1}}))
    with bench.record('x'):
        pass
    (record,) = FileOutput(tmp_path / 'records').get_results()
    assert (record['static'], record['own']) == ({'a': {'n': 1}}, {'b': [{}]})
    (flat,) = bench.get_results(format='dict', flat=True)
    assert (flat['static.a.n'], flat['own.b']) == (1, [{}])


@kinds
def test_fields_that_are_merged(kind):
    """Mappings are merged into `mb`, `call` and a mixin's namespace, as dicts are."""
    fields = {'mb': kind({'a': 1}), 'call': kind({'b': 2}), 'python': kind({'c': 3})}

    class Bench(MicroBenchBase, MBPythonInfo):
        env_vars = ('MB_TEST_UNSET',)

    bench = Bench(**fields, env=kind({'d': 4}))
    for _ in range(2):
        with bench.record('x'):
            pass
    for record in bench.get_results():
        assert (record['mb']['a'], record['call']['b'], record['python']['c']) == (1, 2, 3)
        assert record['call']['name'] == 'x'
        assert 'version' in record['python']
        assert record['env'] == {'d': 4, 'MB_TEST_UNSET': None}
    assert dict(fields['python']) == {'c': 3}


def test_what_is_no_mapping_is_not_merged():
    """A mixin replaces a field that is no mapping; `mb` and `call` are rejected."""
    with pytest.raises(ValueError, match='only a dict can be merged'):
        MicroBenchBase(mb=Failing({'a': 1}))
    bench = type('Bench', (MicroBenchBase,), {'env_vars': ['MB_TEST_UNSET']})(env=[1])
    with bench.record('x'):
        pass
    assert bench.get_results()[0]['env'] == {'MB_TEST_UNSET': None}


@kinds
def test_secrets_in_it_are_masked(kind):
    """Secrets in a mapping are masked in text and in the dict for a user's method."""
    seen = []

    class Bench(MicroBenchBase):
        def output_result(self, data):
            seen.append(data)

    fields = {'service': kind({'url': URL, 'more': [kind({'url': URL})], 'n': 5})}
    masked = {'url': MASKED, 'more': [{'url': MASKED}], 'n': 5}
    own, plain = Bench(**fields), MicroBenchBase(**fields)
    for bench in (own, plain):
        with bench.record('x'):
            pass
    found = plain.get_results()[0]
    assert seen[0]['service'] == found['service'] == masked
    names = ['service.more.0.url', 'service.url']
    assert seen[0]['mb']['masked'] == found['mb']['masked'] == names
    assert fields['service']['url'] == URL


@kinds
def test_a_pattern_matches_names_in_it(kind):
    """`redact` matches names in a mapping, also beside a value that raises."""
    seen = []

    class Bench(MicroBenchBase):
        redact = ('*token*',)

        def output_result(self, data):
            seen.append(data)

    bench = Bench(a=kind({'b': kind({'token': 1})}), broken=Failing({'token': 2}))
    with bench.record('x'):
        pass
    assert seen[0]['a'] == {'b': {'token': '***'}}
    assert isinstance(seen[0]['broken'], Failing)
    assert seen[0]['call']['name'] == 'x'


@kinds
def test_a_record_to_compare(kind):
    """`diff` takes any mapping as a record."""
    assert str(diff(kind({'a': 1}), kind({'a': 2}))) == str(diff({'a': 1}, {'a': 2}))
