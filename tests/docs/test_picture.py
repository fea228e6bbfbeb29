"""The picture of a record in README.md, and those of terminals in docs/."""

import json
import re
from xml.etree import ElementTree as ET

import pytest

from docs.images import make, terminal

NAMESPACE = '{http://www.w3.org/2000/svg}'


def text_of(picture):
    """Return the text of a picture, line by line."""
    rows = ET.fromstring(picture).iter(f'{NAMESPACE}text')
    return '\n'.join(''.join(row.itertext()) for row in rows)


def test_the_picture_is_drawn_from_the_record_beside_it():
    """record.svg is what the script makes of record.json."""
    record = json.loads((make.HERE / 'record.json').read_text('ascii'))
    assert (make.HERE / 'record.svg').read_text('ascii') == make.drawn(record)


def test_the_picture_says_all_that_the_record_says():
    """Read back from the picture, the record is the same; markup in it is text."""
    record = {
        'mb': {'version': '3', 'list': [1, -2.5, 1e-07, None, True], 'empty': {}},
        'call': {'name': '<record> & "more"', 'args': ['x' * 30] * 9, 'none': []},
        'deep': [[{'name': 'a: 1, "b"'}] * 9],
    }
    assert json.loads(text_of(make.drawn(record))) == record


@pytest.mark.parametrize('picture', terminal.PICTURES)
def test_a_terminal_is_drawn_as_it_is(picture):
    """The pictures show what the subcommands show of the samples, in their words."""
    drawn = terminal.drawn(picture)
    assert (make.HERE / picture).read_text('utf-8') == drawn
    plain = re.sub(r'\033\[\d+m', '', terminal.shown(*terminal.PICTURES[picture]))
    _, *lines = text_of(drawn).splitlines()
    assert lines == plain.splitlines()
