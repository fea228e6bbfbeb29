"""Aligned tables that cannot steer a terminal."""

import io
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microbench.cli.terminal import MARKS, Cell, Terminal, bar, clipped, columns
from microbench.messages import safe
from microbench.results import units
from tests.cli.terminals import FakeTerminal

RED_X = '\033[31mx\033[0m'


@pytest.mark.parametrize(
    ('stream', 'environ', 'shown'),
    [
        (FakeTerminal(), {'TERM': 'xterm'}, RED_X),
        (FakeTerminal(), {'TERM': 'xterm', 'NO_COLOR': ''}, RED_X),
        (FakeTerminal(), {'TERM': 'xterm', 'NO_COLOR': '1'}, 'x'),
        (FakeTerminal(), {'TERM': 'dumb'}, 'x'),
        (FakeTerminal(), {}, 'x'),
        (io.StringIO(), {'TERM': 'xterm'}, 'x'),
        (None, {'TERM': 'xterm'}, 'x'),
    ],
)
def test_colours_are_for_terminals_that_want_them(stream, environ, shown):
    """Pipes, dumb terminals and NO_COLOR have no colours."""
    assert Terminal(stream, environ).paint(Cell('x', 'red')) == shown


def test_a_closed_stream_is_no_terminal():
    """A closed stream, which would raise when asked, counts as no terminal."""
    stream = io.StringIO()
    stream.close()
    assert not Terminal(stream, {}).is_terminal


@pytest.mark.parametrize(
    ('environ', 'width'), [({'COLUMNS': '44'}, 44), ({'COLUMNS': '0'}, 80), ({}, 80)]
)
def test_the_width_of_a_terminal(environ, width):
    """COLUMNS sets it; without it and without a terminal, it is 80."""
    assert Terminal(FakeTerminal(), environ).width == width


def test_a_pipe_has_no_width():
    """Output for another program is not cut off."""
    terminal = Terminal(io.StringIO(), {'COLUMNS': '10'})
    assert terminal.table([['x' * 50]], elastic=[0]) == ['x' * 50]


def test_columns_align_whatever_is_in_them():
    """Wide characters take two columns, combining marks none, colours none."""
    terminal = Terminal(FakeTerminal(), {'TERM': 'xterm', 'COLUMNS': '80'})
    rows = [['name', 'n'], ['測定', '1'], ['e\u0301te', Cell('10', 'red')]]
    assert terminal.table(rows, right=[1]) == [
        'name   n',
        '測定   1',
        'e\u0301te   \033[31m10\033[0m',
    ]


def test_elastic_columns_give_way():
    """The widest column is cut first, so that the others stay complete."""
    terminal = Terminal(FakeTerminal(), {'COLUMNS': '32'})
    rows = [['2026-03-01', 'a' * 40, 'node07', 'ok']]
    assert terminal.table(rows, elastic=[1, 2]) == ['2026-03-01  aaaaaaa…  node07  ok']


def test_columns_that_do_not_fit_are_left_out():
    """Columns are dropped in the given order; a pipe gets all."""
    rows = [['run', 'duration', 'user', 'end'], ['0', '1.00 s', '0 s', 'ok']]

    def heading(width):
        terminal = Terminal(FakeTerminal(), {'COLUMNS': str(width)})
        return terminal.table(rows, optional=[2, 1])[0].split()

    assert heading(24) == ['run', 'duration', 'user', 'end']
    assert heading(23) == ['run', 'duration', 'end']
    assert heading(18) == ['run', 'duration', 'end']
    assert heading(17) == ['run', 'end']
    lines = Terminal(io.StringIO(), {}).table(rows, optional=[2, 1])
    assert lines[0].split() == rows[0]


def test_elastic_columns_are_cut_before_others_are_left_out():
    """Columns are cut to a readable width before others are dropped."""
    rows = [['name', 'min'], ['a' * 20, '1.00 s']]

    def first(width, optional=(1,)):
        terminal = Terminal(FakeTerminal(), {'COLUMNS': str(width)})
        return terminal.table(rows, elastic=[0], optional=optional)[1]

    assert first(28) == f'{"a" * 20}  1.00 s'
    assert first(16) == f'{"a" * 7}…  1.00 s'
    assert first(15) == f'{"a" * 14}…'
    assert first(12, ()) == 'aaa…  1.00 s'
    assert first(6, ()) == '…  1.…'
    assert first(1, ()) == '…'


def test_a_column_with_a_least_width():
    """It is cut no further before another is left out, and cut in the end."""
    rows = [['work on it', '12345678', 'inconclusive: more']]
    for width, lines in {
        38: ['work on it  12345678  inconclusive: m…'],
        35: ['work on it  12345678  inconclusive…'],
        34: ['work on it  inconclusive: more'],
        20: ['work on …  inconclu…'],
    }.items():
        terminal = Terminal(io.StringIO())
        terminal.width = width
        shown = terminal.table(rows, elastic=[0, 2], optional=[1], least={0: 10, 2: 13})
        assert shown == lines


def test_a_cell_of_a_megabyte_is_cut(monkeypatch):
    """The invisible part of a cell is not even measured."""
    seen = []
    monkeypatch.setattr(
        'microbench.cli.terminal.columns', lambda text: seen.append(text) or 1
    )
    Terminal(FakeTerminal(), {'COLUMNS': '80'}).table([['x' * 10**6]], elastic=[0])
    assert max(map(len, seen)) == 321


PARTS = '\u1112\u1161\u11ab'  # of a Hangul syllable
MARK = st.sampled_from(['\u0301', '\u20dd', '\ufe0f', '❤', '測', *PARTS, 'é', '🚀', '—'])
signs = st.characters(exclude_categories=['Cs', 'Cc', 'Cf', 'Zl', 'Zp'])
cells = st.text(signs | MARK, max_size=60) | st.text(MARK, min_size=50, max_size=90)
places = st.lists(st.integers(0, 4), unique=True)


@st.composite
def tables(draw):
    """Return rows of any number of columns, some of them in colour."""
    count = draw(st.integers(1, 6))
    row = st.lists(
        cells | cells.map(lambda text: Cell(text, 'red')), min_size=count, max_size=count
    )
    return draw(st.lists(row, min_size=1, max_size=4))


@example([['', '0', '\u0301', '0']], [], [], [], 8, '')
@example([['\u0301' * 33]], [], [], [], 8, '')
@example([['❤\ufe0f' * 4]], [], [0], [], 8, '')
@example([['\ufe0f000000']], [], [], [], 8, '  ')
@given(tables(), places, places, places, st.integers(8, 120), st.sampled_from(['', '  ']))
def test_no_line_is_wider_than_the_terminal(rows, right, elastic, optional, width, indent):
    """No line is too wide, whatever the cells and the elastic columns are."""
    right, elastic, optional = (
        [place for place in some if place < len(rows[0])]
        for some in (right, elastic, optional)
    )
    options = {'right': right, 'elastic': elastic, 'optional': optional, 'indent': indent}
    terminal = Terminal(FakeTerminal(), {'COLUMNS': str(width)})
    lines = terminal.table(rows, **options)
    assert len(lines) == len(rows)
    for line in lines:
        assert columns(line) <= width
    natural = sum(max(map(columns, column)) for column in zip(*rows, strict=True))
    whole = all(len(cell) <= MARKS * width for row in rows for cell in row)
    if whole and len(indent) + natural + 2 * (len(rows[0]) - 1) <= width:
        assert lines == Terminal(FakeTerminal(), {'COLUMNS': '9999'}).table(rows, **options)


@given(st.text())
def test_safe_text_steers_no_terminal(text):
    """No control character, no change of direction, no line break is left."""
    forbidden = {'Cc', 'Cf', 'Cs', 'Zl', 'Zp'}
    assert not {unicodedata.category(c) for c in safe(text)} & forbidden
    if text.isprintable():
        assert safe(text) == text


@pytest.mark.parametrize(
    ('text', 'width'),
    [
        ('\u0301', 0),
        ('e\u0301', 1),
        ('❤', 1),
        ('❤\ufe0f', 2),
        ('❤\ufe0f\u0301', 2),
        ('1\ufe0f\u20e3', 2),
        ('🚀\ufe0f', 2),
        ('\ufe0f', 0),
        (' \ufe0f', 1),
        (PARTS, 2),
        (unicodedata.normalize('NFC', PARTS), 2),
    ],
)
def test_a_character_of_several(text, width):
    """Marks, emoji styles and parts of syllables join the character before them."""
    assert columns(text) == width
    assert clipped(text, width) == text
    assert clipped(f'{text}ab', width + 1) == f'{text}…'


@example('e\u0301', 1)
@example('測\u0301', 1)
@given(st.text(), st.integers(1, 30))
def test_a_clipped_text_fits(text, width):
    """A clipped text fits, whatever its characters; a short one is left alone."""
    text = safe(text)
    assert columns(clipped(text, width)) <= width
    if columns(text) <= width:
        assert clipped(text, width) == text


@pytest.mark.parametrize('encoding', ['ascii', 'latin-1', 'utf-8'])
def test_a_poor_encoding_gets_plainer_signs(encoding):
    """A terminal in the C locale shows the same table."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    Terminal(stream, {}).lines(['1.50 µs …', '測'])
    stream.flush()
    shown = raw.getvalue().decode(encoding)
    assert (
        shown
        == {
            'ascii': '1.50 us ~\n\\u6e2c\n',
            'latin-1': '1.50 us ~\n\\u6e2c\n',
            'utf-8': '1.50 µs …\n測\n',
        }[encoding]
    )


@given(st.floats(0, 1e6), st.integers(1, 40))
def test_a_bar_stays_within_its_width(part, width):
    """A bar stays within its width, and is empty only for zero."""
    length = len(bar(part, width))
    assert (part > 0) <= length <= width


@pytest.mark.parametrize(
    ('seconds', 'text'),
    [
        (0, '0 s'),
        (1e-12, '0.00100 ns'),
        (4.2e-9, '4.20 ns'),
        (9.9949e-7, '999 ns'),
        (9.996e-7, '1.00 µs'),
        (0.0123456, '12.3 ms'),
        (0.9996, '1.00 s'),
        (59.94, '59.9 s'),
        (59.96, '60.0 s'),
        (95.301, '1.59 min'),
        (3599.9, '1.00 h'),
        (1e7, '2778 h'),
        (-0.5, '-500 ms'),
    ],
)
def test_durations_have_three_digits_and_a_unit(seconds, text):
    """The unit is the largest of which there is at least one, after rounding."""
    assert units.duration(seconds) == text


@given(st.floats(1e-9, 1e9))
def test_a_duration_can_be_read_back(seconds):
    """The printed number has three correct digits."""
    number, unit = units.duration(seconds).split()
    scale = {name: scale for scale, name in units.TIMES}[unit]
    assert float(number) * scale == pytest.approx(seconds, rel=0.00501)


@pytest.mark.parametrize(
    ('count', 'text'),
    [
        (0, '0 B'),
        (1023, '1023 B'),
        (1024, '1.00 KiB'),
        (2**20 - 1, '1.00 MiB'),
        (63963136, '61.0 MiB'),
    ],
)
def test_sizes_are_in_powers_of_1024(count, text):
    """Units of sizes are powers of 1024, as for memory."""
    assert units.size(count) == text
