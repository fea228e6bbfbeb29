"""The picture of a record in README.md, and those of terminals in docs/."""

import json
import re
from xml.etree import ElementTree as ET

import pytest

from docs.images import record, terminal
from docs.images.drawing import HERE, THEMES

PAIR = re.compile(
    r'<picture>\n  <source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)">\n'
    r'  <img alt="[^"]+" src="([^"]+)">\n</picture>'
)
NAMESPACE = '{http://www.w3.org/2000/svg}'


def text_of(picture):
    """Return the text of a picture, line by line."""
    rows = ET.fromstring(picture).iter(f'{NAMESPACE}text')
    return '\n'.join(''.join(row.itertext()) for row in rows)


@pytest.mark.parametrize('theme', THEMES)
def test_the_picture_is_drawn_from_the_record_beside_it(theme):
    """record.svg is what the script makes of record.json."""
    path = HERE / f'record{theme}.svg'
    assert path.read_text('utf-8') == record.drawn(record.kept(), theme)


def test_the_picture_says_all_that_the_record_says():
    """Read back from the picture, the record is the same; markup in it is text."""
    data = {
        'mb': {'version': '3', 'list': [1, -2.5, 1e-07, None, True], 'empty': {}},
        'call': {'name': '<record> & "more"', 'args': ['x' * 30] * 9, 'none': []},
        'deep': [[{'name': 'a: 1, "b"'}] * 9],
    }
    assert json.loads(text_of(record.drawn(data))) == data


@pytest.mark.parametrize('theme', THEMES)
@pytest.mark.parametrize('picture', terminal.PICTURES)
def test_a_terminal_is_drawn_as_it_is(picture, theme):
    """The pictures show what the subcommands show of the samples, in their words."""
    drawn = terminal.drawn(picture, theme)
    path = HERE / f'{picture}{theme}.svg'
    assert path.read_text('utf-8') == drawn, 'run `make pictures`'
    plain = re.sub(r'\033\[\d+m', '', terminal.shown(*terminal.PICTURES[picture]))
    _, *lines = text_of(drawn).splitlines()
    assert lines == plain.splitlines()


@pytest.mark.parametrize('theme', THEMES)
@pytest.mark.parametrize('colour', ['ink', 'dim', 'red', 'green', 'yellow', 'cyan', 'blue'])
def test_text_can_be_read_on_its_paper(theme, colour):
    """The contrast is that which WCAG 2 asks of text: 4.5 to 1."""
    colours = THEMES[theme]
    light, dark = sorted(map(luminance, (getattr(colours, colour), colours.paper)))[::-1]
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(colour):
    """Return the relative luminance of a colour, as WCAG 2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_picture_is_shown_for_light_and_for_dark():
    """A page has each picture in both, and there is no other."""
    pages = [HERE.parents[1] / 'README.md', *HERE.parent.rglob('*.md')]
    shown = set()
    for page in pages:
        for dark, light in PAIR.findall(page.read_text('utf-8')):
            assert dark == light.replace('.svg', '-dark.svg')
            shown |= {(page.parent / dark).resolve(), (page.parent / light).resolve()}
    assert shown == {path.resolve() for path in HERE.glob('*.svg')}
