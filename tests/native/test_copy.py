"""Copies of containers, and fields merged into a record: as a model in Python has them."""

import collections
import copy
import weakref
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import _core
from tests.fakes import printed

CONTAINERS = (dict, list, tuple, set)
Point = collections.namedtuple('Point', 'x y')


class Table(dict):
    """A user's own dict."""


class Row(list):
    """A user's own list."""


class Cells(set):
    """A user's own set."""


class Leaf:
    """An object that is shared."""


# --- the model --------------------------------------------------------------------------


def model_copied(value):
    """What copied() has to return."""
    if not isinstance(value, CONTAINERS):
        return value
    if isinstance(value, tuple):
        items = map(model_copied, value)
        return tuple(items) if type(value) is tuple else type(value)._make(items)
    new = copy.copy(value)
    if isinstance(new, dict):
        new.update({name: model_copied(item) for name, item in value.items()})
    elif isinstance(new, list):
        new[:] = map(model_copied, value)
    return new


def model_merge(record, fields):
    """What merge() has to do."""
    for name, value in fields.items():
        there = record.get(name)
        if isinstance(value, dict) and isinstance(there, Mapping):
            record[name] = there if isinstance(there, dict) else dict(there)
            model_merge(record[name], value)
        else:
            record[name] = model_copied(value)


def shape_of(value):
    """Types, items and their order; a leaf by identity."""
    kind = type(value)
    if isinstance(value, Mapping):
        return kind, [(name, shape_of(item)) for name, item in value.items()]
    if isinstance(value, set):
        return kind, value
    if isinstance(value, (list, tuple)):
        return kind, [shape_of(item) for item in value]
    return id(value)


def containers_in(value):
    """The ids of all containers that a copy must not share."""
    if isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, (list, tuple)):
        inner = value
    else:
        return {id(value)} if isinstance(value, set) else set()
    empty = value == () and type(value) is tuple  # there is one
    return set().union({id(value)} - {empty and id(value)}, *map(containers_in, inner))


LEAVES = st.sampled_from([None, True, 1, 2.5, 'text', Leaf(), Leaf, frozenset({1})])
KEYS = st.sampled_from(['a', 'b', 'c', 1, None])


def of_containers(inner):
    lists = st.lists(inner, max_size=3)
    dicts = st.dictionaries(KEYS, inner, max_size=3)
    return st.one_of(
        *(lists, lists.map(tuple), lists.map(Row), dicts, dicts.map(Table)),
        dicts.map(collections.OrderedDict),
        dicts.map(lambda items: collections.defaultdict(list, items)),
        st.builds(Point, inner, inner),
        st.sampled_from([{1, 2}, Cells({3})]).map(copy.copy),
        dicts.map(MappingProxyType),
    )


VALUES = st.recursive(LEAVES, of_containers, max_leaves=12)
FIELDS = st.dictionaries(KEYS, VALUES, max_size=4)


@given(VALUES)
def test_copies(value):
    """Containers of their own kind, none of them shared; leaves are shared."""
    before = shape_of(value)
    found = _core.copied(value)
    assert shape_of(found) == shape_of(model_copied(value)) == before
    assert not containers_in(value) & containers_in(found)


@given(record=FIELDS, fields=st.one_of(FIELDS, FIELDS.map(Table)))
def test_merging(record, fields):
    """Dicts are merged, mappings become dicts, all else is replaced by a copy."""
    expected, before = model_copied(record), shape_of(fields)
    model_merge(expected, fields)
    _core.merge(record, fields)
    assert shape_of(record) == shape_of(expected)
    assert shape_of(fields) == before
    assert not containers_in(record) & containers_in(fields)


# --- what cannot be copied --------------------------------------------------------------


def looped(outer):
    outer.append({'again': (outer,)})
    return outer


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


class Uncopied(dict):
    """A container that refuses to be copied."""

    def __copy__(self):
        raise RuntimeError('mine')


class Triple(tuple):
    """A tuple without names."""

    __slots__ = ()


@pytest.mark.parametrize(
    'value',
    [looped([]), looped(Row()), [Uncopied()], [Triple()], nested(20_000)],
    ids=['a loop', 'a loop of a subclass', 'refuses', 'a tuple', 'deep'],
)
def test_it_is_shared(value):
    """One part that cannot be copied has the whole value shared."""
    assert _core.copied(value) is value


def test_one_field_of_several():
    """The others are copied."""
    loop, plain = looped([]), [1]
    record = {}
    _core.merge(record, {'loop': loop, 'plain': plain})
    assert record['loop'] is loop
    assert record['plain'] == plain
    assert record['plain'] is not plain


def test_twice_is_no_loop():
    """A container in two places is copied for each."""
    shared = [1]
    first, second = _core.copied([shared, shared])
    assert first == second == shared
    assert first is not second


def test_a_proxy_of_what_is_gone():
    """It is a leaf, although its type cannot be found."""
    proxy = weakref.proxy(Leaf())
    [found] = _core.copied([proxy])
    assert found is proxy


class Interrupted(dict):
    """Ctrl-C comes while it is copied, or read."""

    def __copy__(self):
        raise KeyboardInterrupt

    def get(self, name):
        raise KeyboardInterrupt


class InterruptedMapping(collections.UserDict):
    """Ctrl-C comes while its items are read."""

    def keys(self):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    'call',
    [
        lambda: _core.copied([Interrupted()]),
        lambda: _core.merge({}, {'a': Interrupted()}),
        lambda: _core.merge({'a': Interrupted()}, {'a': {'b': {}}}),
        lambda: _core.merge({'a': InterruptedMapping()}, {'a': {}}),
    ],
)
def test_an_interruption_is_raised(call):
    """It is no error of the value."""
    with pytest.raises(KeyboardInterrupt):
        call()


class Failing(collections.UserDict):
    """A mapping whose items cannot be had."""

    def keys(self):
        raise RuntimeError('mine')


class Fixed(dict):
    """A dict that takes no items."""

    def __setitem__(self, name, value):
        raise RuntimeError('mine')


def test_a_mapping_that_raises_is_replaced():
    """As any value that is no mapping."""
    record = {'a': Failing(b=1)}
    _core.merge(record, {'a': {'c': 1}})
    assert record == {'a': {'c': 1}}


def test_a_dict_that_takes_no_items():
    """Its error is the caller's."""
    with pytest.raises(RuntimeError, match='mine'):
        _core.merge({'a': Fixed()}, {'a': {'c': 1}})


def test_fields_that_contain_themselves():
    """Merged without end, they would use up the stack."""
    fields, record = {}, {}
    fields['a'], record['a'] = fields, record
    with pytest.raises(RecursionError):
        _core.merge(record, fields)


DEEP = """
import sys, threading
from microbench import _core
sys.setrecursionlimit(10**8)
value = []
for _ in range(20_000):
    value = [value]
shared = []
threading.stack_size(65536)
thread = threading.Thread(target=lambda: shared.append(_core.copied(value) is value))
thread.start()
thread.join()
print(*shared)
"""


def test_the_stack_ends_before_the_recursion_limit():
    """A limit that the program has raised crashes nothing, in a small stack."""
    assert printed(DEEP) == 'True\n'
