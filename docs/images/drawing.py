"""Lines of text as an SVG, in colours for a light page and for a dark one."""

from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

HERE = Path(__file__).parent

FONT = 'ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace'
SIZE, ADVANCE, LEADING, MARGIN = 14, 8.43, 20, 20


class Theme(NamedTuple):
    """Colours of a page."""

    paper: str
    edge: str
    ink: str
    dim: str
    red: str
    green: str
    yellow: str
    cyan: str
    blue: str


# Each is added to the stem of a file.
THEMES = {
    '': Theme(
        paper='#fbfaf7',
        edge='#c9c5bb',
        ink='#3b3a36',
        dim='#6b6860',
        red='#b3261e',
        green='#2e6b3f',
        yellow='#7a5d00',
        cyan='#0b6577',
        blue='#1f4e8c',
    ),
    '-dark': Theme(
        paper='#16181d',
        edge='#3a3f4a',
        ink='#d8d9dc',
        dim='#9a9da6',
        red='#ff8a80',
        green='#86d19a',
        yellow='#e0c060',
        cyan='#6fd0e4',
        blue='#8ab8ff',
    ),
}

PICTURE = f"""\
<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" role="img"
     width="{{width}}" height="{{height}}" viewBox="0 0 {{width}} {{height}}">
<title>{{title}}</title>
<style>
text {{{{ font: {SIZE}px {FONT}; fill: {{theme.ink}} }}}}
.bold {{{{ font-weight: bold }}}}
.dim {{{{ fill: {{theme.dim}} }}}}
.red {{{{ fill: {{theme.red}} }}}}
.green {{{{ fill: {{theme.green}} }}}}
.yellow {{{{ fill: {{theme.yellow}} }}}}
.cyan {{{{ fill: {{theme.cyan}} }}}}
.blue {{{{ fill: {{theme.blue}} }}}}
</style>
<rect width="100%" height="100%" rx="8" fill="{{theme.paper}}" stroke="{{theme.edge}}"/>
{{rows}}
</svg>
"""


def span(style, text):
    """Return a piece of a line; `style` is a class of the picture, or empty."""
    return f'<tspan class="{style}">{escape(text)}</tspan>' if style else escape(text)


def svg(title, lines, columns, theme):
    """Return a picture of lines that `span` has made of pieces.

    Args:
        title: what a screen reader says.
        lines: SVG of each line.
        columns: width.
        theme: name of the colours.
    """
    rows = [
        f'<text x="{MARGIN}" y="{MARGIN + SIZE - 2 + LEADING * number}">{line}</text>'
        for number, line in enumerate(lines)
    ]
    return PICTURE.format(
        width=round(2 * MARGIN + ADVANCE * columns),
        height=2 * MARGIN + LEADING * len(lines) - (LEADING - SIZE),
        title=escape(title),
        theme=THEMES[theme],
        rows='\n'.join(rows),
    )


def write(stem, drawn):
    """Write a picture in each theme.

    Args:
        stem: name of the file, without theme and `.svg`.
        drawn: function that returns the SVG in a theme.
    """
    for theme in THEMES:
        (HERE / f'{stem}{theme}.svg').write_text(drawn(theme), 'utf-8')
