"""Draw a record as JSON: of the text pipeline of examples/, kept in record.json."""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from docs.images.drawing import HERE, span, svg
from examples import text_pipeline
from examples.pretty import pretty

STEM = 'record'
RECORD = HERE / 'record.json'

# Names of the machine and of its directories are private; nothing else is replaced.
REPLACED = {
    ('host', 'hostname'): 'node07',
    ('python', 'prefix'): '/opt/python',
    ('python', 'executable'): '/opt/python/bin/python3',
}
STYLES = {'name': 'blue', 'string': 'green', 'number': 'red', 'other': ''}

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


def measure():
    """Keep a new record."""
    RECORD.write_text(json.dumps(measured(), indent=1) + '\n', 'ascii')


def kept():
    """Return the record that is kept."""
    return json.loads(RECORD.read_text('ascii'))


def drawn(record, theme=''):
    """Return the SVG of a record."""
    lines = pretty(record).splitlines()
    coloured = [
        ''.join(span(STYLES[part.lastgroup], part.group()) for part in TOKEN.finditer(line))
        for line in lines
    ]
    return svg('A record', coloured, max(map(len, lines)), theme)
