"""Draw what the subcommands show on a terminal.

The records are those of docs/samples; the colours are those that a terminal shows.
"""

import contextlib
import io
import os
import re
import time
from unittest import mock

from docs.images.drawing import HERE, span, svg
from microbench.cli.view import diff, show

SAMPLES = HERE.parent / 'samples'
FILES = {path.name for path in SAMPLES.glob('*.jsonl')}
WIDTH = 88  # columns of the terminal

# The stem of each picture: what is run.
PICTURES = {
    'show': (show.main, 'show', 'grid.jsonl'),
    'show-groups': (show.main, 'show', 'steps.jsonl'),
    'show-one': (show.main, 'show', 'grid.jsonl', '1'),
    'diff': (diff.main, 'diff', 'grid.jsonl', '0', '1'),
    'ranks': (diff.main, 'diff', 'ranks.jsonl'),
}

STYLES = {'1': 'bold', '2': 'dim', '31': 'red', '32': 'green', '33': 'yellow', '36': 'cyan'}
STYLED = re.compile(r'\033\[(\d+)m(.*?)\033\[0m')


class Screen(io.StringIO):
    """A text stream that is taken for a terminal."""

    def isatty(self):
        """It is not, but says so."""
        return True


def shown(main, _, *words):
    """Return what a subcommand sends to a terminal."""
    environment = {'TERM': 'xterm', 'COLUMNS': str(WIDTH), 'LINES': '24', 'TZ': 'UTC'}
    words = [str(SAMPLES / word) if word in FILES else word for word in words]
    with mock.patch.dict(os.environ, environment):
        os.environ.pop('NO_COLOR', None)
        time.tzset()
        with contextlib.redirect_stdout(Screen()) as screen:
            main(words)
    time.tzset()
    return screen.getvalue()


def drawn(picture, theme=''):
    """Return the SVG of one of the pictures."""
    _, *words = PICTURES[picture]
    title = ' '.join(['microbench', *words])
    lines = [span('', f'$ {title}'), *map(_row, shown(*PICTURES[picture]).splitlines())]
    return svg(title, lines, WIDTH, theme)


def _row(line):
    place, parts = 0, []
    for styled in STYLED.finditer(line):
        parts.append(span('', line[place : styled.start()]))
        parts.append(span(STYLES[styled[1]], styled[2]))
        place = styled.end()
    return ''.join([*parts, span('', line[place:])])
