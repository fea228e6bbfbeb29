"""The walk through two records finds what a comparison of all their values finds."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microbench.diff import MOST_LINES, Difference, diff
from microbench.results import leaves, shapes
from microbench.results.noise import MEASURED, Noise, is_measured
from microbench.results.side_by_side import MISSING, SideBySide, same

NAMES = st.sampled_from(
    [
        'a',
        'b.c',
        'call',
        'timings',
        'duration',
        'name',
        'mb',
        'run_id',
        'gpus',
        'slurm',
        'job_id',
    ]
)
SCALARS = st.sampled_from([0, 1, 1.0, True, False, None, '', 'a', '8841', '8842'])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
RECORDS = st.dictionaries(NAMES, VALUES, max_size=5)
TIMINGS = [{'name': 'a', 'duration': n} for n in range(4)]


def by_leaves(left, right, everything):
    """Return what differs, and the number of measurements, from all values of both."""
    arrays = {path for side in (left, right) for path in leaves.arrays_of(side)}
    sides = [leaves.leaves(side, arrays) for side in (left, right)]
    pairs = {p: [side.get(p, MISSING) for side in sides] for p in {**sides[0], **sides[1]}}
    differing = {p: pair for p, pair in pairs.items() if not same(*pair)}
    measured = set() if everything else set(filter(is_measured, differing))
    found = [(p, *pair) for p, pair in differing.items() if p not in measured]
    return sorted(found, key=str), len(measured)


@given(RECORDS, RECORDS, st.booleans())
@example({'a': [[1, True, 2], {'b.c': []}]}, {'a': [[1, 1, 2], {'b.c': [0]}]}, False)
@example({'call': {'timings': TIMINGS}}, {'call': {'timings': TIMINGS[1:]}}, False)
@example({'a': [0] * 6}, {'a': [0] * 5 + [False]}, False)
@example({'a': [{}]}, {'a': {'0': {}}}, False)
def test_as_by_leaves(left, right, everything):
    """Objects, lists, arrays and measurements, at any place, on one side or on both."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(leaves, 'FEW', 2)
        changed.setattr(leaves, 'ARRAY', 4)
        both = SideBySide(shapes.flattened(left), shapes.flattened(right), everything)
        found = sorted(both.found, key=str), both.measured
        assert found == by_leaves(left, right, everything)


@given(RECORDS)
def test_a_record_and_itself(record):
    """They do not differ, nor do they with everything."""
    assert not Difference.of_json(record, record, everything=True)


@given(RECORDS, RECORDS)
def test_objects_and_json_values(left, right):
    """Values that are JSON already need not be encoded."""
    one, two = diff(left, right), Difference.of_json(left, right)
    assert (list(one), one.hidden, str(one), one.html()) == (
        list(two),
        two.hidden,
        str(two),
        two.html(),
    )


@pytest.mark.parametrize('path', sorted(MEASURED))
def test_each_measurement(path):
    """A place with a star is that of all items; places below are measured as well."""
    path = path.replace('*', '17')
    assert is_measured(path)
    assert is_measured(f'{path}.0.more')
    assert not is_measured(f'x.{path}')
    assert not is_measured(path.partition('.')[0] + 'x')


def test_equal_values_are_not_named(monkeypatch):
    """Only what differs, and is no measurement, is looked at by its path."""
    asked = []
    monkeypatch.setattr(Noise, 'is_of_a_run', lambda _, path, *values: asked.append(path))
    size = 8_000
    entries = [{'name': f'p{n}', 'duration': float(n), 'k': [n]} for n in range(size)]
    other = [{**entry, 'duration': entry['duration'] + 1} for entry in entries]
    other[7] = {**other[7], 'name': 'x'}
    difference = Difference.of_json(
        {'call': {'timings': entries}}, {'call': {'timings': other}}
    )
    assert [change.path for change in difference] == asked == ['call.timings.7.name']
    assert difference.hidden == size


@pytest.mark.parametrize('size', [MOST_LINES, MOST_LINES + 1, MOST_LINES + 7])
def test_text_and_html_of_many_differences(size):
    """They have the first ones, and say how many there are besides."""
    left, right = ({'x': {f'k{n:05}': n + side for n in range(size)}} for side in (0, 1))
    difference = diff({**left, 'same': 1}, {**right, 'same': 1})
    more = size - MOST_LINES
    note = f'and {more} other difference{"s" * (more > 1)}' if more else None
    lines = str(difference).splitlines()
    assert lines[:2] == ['~ x.k00000: 0 -> 1', '~ x.k00001: 1 -> 2']
    assert lines[MOST_LINES:] == ([note] if note else [])
    html = difference.html()
    assert html.count('<div>x.k') == 2 * MOST_LINES
    assert (f'<p>{note}</p>' in html) is bool(note)
    assert len(difference) == len(list(difference)) == size


def test_long_texts_are_cut():
    """Text and HTML show both ends and the length; the values are whole."""
    left, right = ('x' * 3_000_000, 'y' * 3_000_000)
    [change] = difference = diff({'a': left}, {'a': right})
    assert (change.left, change.right) == (left, right)
    for text in (str(change), repr(difference), difference.html()):
        assert len(text) < 12_000
        assert '… 3000002 characters …' in re.sub('<[^>]*>', '', text)


def test_items_are_in_the_order_of_their_numbers():
    """Names come before numbers, and 2 before 10."""
    left = {
        'a': {**dict.fromkeys(map(str, (10, 2, 1)), 1), 'b': 1, 'b1': 1},
        'a-b': {'c': 1},
    }
    paths = [change.path for change in diff(left, {})]
    assert paths == ['a.b', 'a.b1', 'a.1', 'a.2', 'a.10', 'a-b.c']


def test_what_is_no_number():
    """NaN, which some files have, counts as null: alone, and in an array."""
    one, two = ({'a': float('nan'), 'b': [float('nan'), 1] * 600} for _ in range(2))
    assert SideBySide(one, two).found == []
    assert SideBySide(one, {**two, 'a': None}).found == []
    assert SideBySide(one, {**two, 'a': 1}).found == [('a', None, 1)]
