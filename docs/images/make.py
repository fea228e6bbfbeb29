"""Draw the picture of a record that README.md shows.

    python -m docs.images.make

times the text pipeline of examples/, keeps the record of it in record.json and draws it
into record.svg. Names of the machine and of its directories are private: they are replaced,
and nothing else is.
"""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

from examples import text_pipeline
from examples.pretty import pretty

HERE = Path(__file__).parent

REPLACED = {
    ('host', 'hostname'): 'node07',
    ('python', 'prefix'): '/opt/python',
    ('python', 'executable'): '/opt/python/bin/python3',
}

# Dark on light, with an edge: readable on a white page and on a black one.
PAPER, EDGE, INK, NAME, STRING, NUMBER = (
    '#fbfaf7', '#c9c5bb', '#3b3a36', '#1f4e8c', '#2e6b3f', '#a2440c',
)  # fmt: skip
FONT = 'ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace'
SIZE, ADVANCE, LEADING, MARGIN = 14, 8.43, 20, 20

PICTURE = f'''\
<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" role="img"
     width="{{width}}" height="{{height}}" viewBox="0 0 {{width}} {{height}}">
<title>A record</title>
<style>
text {{{{ font: {SIZE}px {FONT}; fill: {INK} }}}}
.name {{{{ fill: {NAME} }}}}
.string {{{{ fill: {STRING} }}}}
.number {{{{ fill: {NUMBER} }}}}
</style>
<rect width="100%" height="100%" rx="8" fill="{PAPER}" stroke="{EDGE}"/>
{{rows}}
</svg>
'''

TOKEN = re.compile(
    r'(?P<name>"(?:[^"\\]|\\.)*")(?=:)|(?P<string>"(?:[^"\\]|\\.)*")'
    r'|(?P<number>-?\d[\d.e+-]*)|(?P<other>[^"\d-]+)'
)


def measured():
    """Return a real record of the text pipeline."""
    with TemporaryDirectory() as temporary:
        directory = Path(temporary)
        text_pipeline.run(text_pipeline.standard_library(), directory)
        lines = (directory / 'records.jsonl').read_text('ascii').splitlines()
    record = json.loads(lines[-1])
    for (space, field), value in REPLACED.items():
        record[space][field] = value
    return record


def drawn(record):
    """Return the SVG of a record."""
    lines = pretty(record).splitlines()
    width = round(2 * MARGIN + ADVANCE * max(map(len, lines)))
    height = 2 * MARGIN + LEADING * len(lines) - (LEADING - SIZE)
    rows = [
        f'<text x="{MARGIN}" y="{MARGIN + SIZE - 2 + LEADING * number}">'
        f'{TOKEN.sub(_coloured, line)}</text>'
        for number, line in enumerate(lines)
    ]
    return PICTURE.format(width=width, height=height, rows='\n'.join(rows))


def _coloured(match):
    text = escape(match.group())
    kind = match.lastgroup
    return text if kind == 'other' else f'<tspan class="{kind}">{text}</tspan>'


def main():
    """Take a new record and draw it."""
    record = measured()
    (HERE / 'record.json').write_text(json.dumps(record, indent=1) + '\n', 'ascii')
    (HERE / 'record.svg').write_text(drawn(record), 'ascii')


if __name__ == '__main__':
    main()
