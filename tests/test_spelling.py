"""Which names a mistyped one may mean."""

import pytest

from microbench.spelling import any_of, distance, near

LETTERS = 'abc'


def edited(text):
    """Return the texts that are one edit from a text: its neighbours, by brute force."""
    places = range(len(text) + 1)
    cuts = [(text[:place], text[place:]) for place in places]
    dropped = {head + tail[1:] for head, tail in cuts if tail}
    swapped = {h + t[1] + t[0] + t[2:] for h, t in cuts if len(t) > 1}
    replaced = {h + letter + t[1:] for h, t in cuts if t for letter in LETTERS}
    added = {head + letter + tail for head, tail in cuts for letter in LETTERS}
    return (dropped | swapped | replaced | added) - {text}


@pytest.mark.parametrize('text', ['', 'a', 'ab', 'abc', 'aabb', 'cabac'])
def test_one_edit_is_all_that_adds_drops_replaces_or_swaps(text):
    """The distance is 1 for exactly the texts that one edit makes."""
    once = edited(text)
    assert {distance(text, other) for other in once} == {1}
    twice = {other for one in once for other in edited(one)}
    rest = twice - once - {text}
    assert all(distance(text, other) > 1 for other in rest)


@pytest.mark.parametrize(
    ('one', 'other', 'edits'),
    [('', '', 0), ('', 'abc', 3), ('abc', '', 3), ('show', 'diff', 4), ('ab', 'ba', 1)],
)
def test_distances(one, other, edits):
    """Equal texts are 0 apart; an empty one as far as the other is long."""
    assert distance(one, other) == edits


@pytest.mark.parametrize(
    ('word', 'found'),
    [
        ('shwo', ['show']),
        ('SHOW', ['show']),
        ('sho', ['show']),
        ('shawl', []),  # two edits, but of a short name
        ('recovre', ['recover']),
        ('rekovre', ['recover']),
        ('rekvre', []),
        ('convrt', ['convert']),
        ('tale', []),
        ('', []),
    ],
)
def test_what_is_near(word, found):
    """Two edits are near for long names, one for those of up to four letters."""
    assert near(word, ['show', 'diff', 'tail', 'recover', 'convert']) == found


def test_the_nearest_comes_first():
    """Names with fewer edits come before those with more; ties keep their order."""
    names = ['warnings', 'warmups', 'warmup', 'warmip']
    assert near('warmup', names) == ['warmup', 'warmups', 'warmip']


@pytest.mark.parametrize(
    ('names', 'text'), [(['a'], 'a'), (['a', 'b'], 'a or b'), ('abc', 'a, b or c')]
)
def test_names_in_a_sentence(names, text):
    """Alternatives are joined as in a sentence."""
    assert any_of(names) == text
