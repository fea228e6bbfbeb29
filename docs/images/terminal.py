"""Draw what the subcommands show on a terminal, for docs/reading-results.md.

    python -m docs.images.terminal

The records are those of docs/samples; the colours are those that a terminal shows.
"""

import contextlib
import io
import os
import re
import time
from unittest import mock
from xml.sax.saxutils import escape

from docs.images.make import ADVANCE, EDGE, FONT, HERE, INK, LEADING, MARGIN, PAPER, SIZE
from microbench.cli.view import diff, show

SAMPLES = HERE.parent / 'samples'
FILES = {path.name for path in SAMPLES.glob('*.jsonl')}
WIDTH = 88  # columns of the terminal

PICTURES = {
    'show.svg': (show.main, 'show', 'grid.jsonl'),
    'show-groups.svg': (show.main, 'show', 'steps.jsonl'),
    'show-one.svg': (show.main, 'show', 'grid.jsonl', '1'),
    'diff.svg': (diff.main, 'diff', 'grid.jsonl', '0', '1'),
}

STYLES = {
    '1': 'font-weight="bold"',
    '2': 'fill="#77746c"',
    '31': 'fill="#b3261e"',
    '32': 'fill="#2e6b3f"',
    '33': 'fill="#8a6d00"',
    '36': 'fill="#0b7285"',
}
STYLED = re.compile(r'\033\[(\d+)m(.*?)\033\[0m')

PICTURE = f'''\
<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" role="img"
     width="{{width}}" height="{{height}}" viewBox="0 0 {{width}} {{height}}">
<title>{{title}}</title>
<style>text {{{{ font: {SIZE}px {FONT}; fill: {INK} }}}}</style>
<rect width="100%" height="100%" rx="8" fill="{PAPER}" stroke="{EDGE}"/>
{{rows}}
</svg>
'''


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


def drawn(picture):
    """Return the SVG of one of the pictures."""
    _, *words = PICTURES[picture]
    title = ' '.join(['microbench', *words])
    lines = [f'$ {title}', *shown(*PICTURES[picture]).splitlines()]
    rows = [
        f'<text x="{MARGIN}" y="{MARGIN + SIZE - 2 + LEADING * number}">{_row(line)}</text>'
        for number, line in enumerate(lines)
    ]
    width = round(2 * MARGIN + ADVANCE * WIDTH)
    height = 2 * MARGIN + LEADING * len(lines) - (LEADING - SIZE)
    body = '\n'.join(rows)
    return PICTURE.format(width=width, height=height, title=escape(title), rows=body)


def _row(line):
    place, parts = 0, []
    for styled in STYLED.finditer(line):
        parts.append(escape(line[place : styled.start()]))
        style = STYLES[styled[1]]
        parts.append(f'<tspan {style}>{escape(styled[2])}</tspan>')
        place = styled.end()
    return ''.join([*parts, escape(line[place:])])


def main():
    """Draw them all."""
    for picture in PICTURES:
        (HERE / picture).write_text(drawn(picture), 'utf-8')


if __name__ == '__main__':
    main()
