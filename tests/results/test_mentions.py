"""The fields that a condition asks for."""

import pytest

from microbench.results.filter import condition
from microbench.results.mentions import mentions


def asked(text):
    """Return the fields that a condition asks for, as dotted names."""
    found = mentions(condition(text).tree)
    return ['.'.join(map(str, mention.names)) for mention in found]


@pytest.mark.parametrize(
    ('text', 'fields'),
    [
        ('a', 'a'),
        ('a and b.c or d', 'a b.c d'),
        ('a.b == "x"', 'a.b'),
        ('"x" in a.b', 'a.b'),
        ('a in ["x", b]', 'a b'),
        ('1 < a.b < c', 'a.b c'),
        ('max(a.b) > len(c)', 'a.b c'),
        ('a["x-y"].z[1].w > 0', 'a.x-y.z.1.w'),
        ('_["my-field"]', 'my-field'),
        ('len(_) > 3', ''),
        ('a == -1', 'a'),
        ('true and 1 < 2', ''),
        # whether there is a field
        ('not a.b', ''),
        ('a is None', ''),
        ('None != a.b', ''),
        ('a == null', ''),
        ('not (a == 1)', 'a'),
        ('not max(a)', 'a'),
        ('not a and b', 'b'),
    ],
)
def test_fields_of_a_condition(text, fields):
    """Fields are found anywhere but in a test of whether there is one."""
    assert asked(text) == fields.split()


@pytest.mark.parametrize(
    ('text', 'quoted'),
    [
        ('call.name == work', ['', 'call.name == "work"']),
        ('work != call.name', ['"work" != call.name', '']),
        ('call.name in work', ['', 'call.name in "work"']),
        ('name == work', ['"name" == work', 'name == "work"']),  # either may be it
        ('nayme == "work"', ['']),
        ('name == 5', ['']),
        ('name in ["a", b]', ['', '']),
        ('a.b > c', ['', '']),
    ],
)
def test_what_may_be_a_text_without_quotes(text, quoted):
    """A bare name that is compared with a field may be a text."""
    assert [mention.quoted for mention in mentions(condition(text).tree)] == quoted
