"""Tables that align, and nothing that steers a terminal."""

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench.cli import units
from microbench.cli.terminal import Cell, Terminal, bar, clipped, columns
from microbench.messages import safe
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
    """Not in a pipe, not on a dumb terminal, not with NO_COLOR."""
    assert Terminal(stream, environ).paint(Cell('x', 'red')) == shown


def test_a_closed_stream_is_no_terminal():
    """It would raise when asked."""
    stream = io.StringIO()
    stream.close()
    assert not Terminal(stream, {}).is_terminal


@pytest.mark.parametrize(
    ('environ', 'width'), [({'COLUMNS': '44'}, 44), ({'COLUMNS': '0'}, 80), ({}, 80)]
)
def test_the_width_of_a_terminal(environ, width):
    """COLUMNS tells it; where nobody knows, it is 80."""
    assert Terminal(FakeTerminal(), environ).width == width


def test_a_pipe_has_no_width():
    """Nothing is cut off in what another program reads."""
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
    """The widest first, so that the others stay whole."""
    terminal = Terminal(FakeTerminal(), {'COLUMNS': '32'})
    rows = [['2026-03-01', 'a' * 40, 'node07', 'ok']]
    assert terminal.table(rows, elastic=[1, 2]) == ['2026-03-01  aaaaaaa…  node07  ok']


def test_columns_that_do_not_fit_are_left_out():
    """From the right, but for the last one; a pipe takes all."""
    rows = [['run', 'duration', 'user', 'end'], ['0', '1.00 s', '0 s', 'ok']]
    terminal = Terminal(FakeTerminal(), {'COLUMNS': '22'})
    assert terminal.narrowed(rows) == [['run', 'duration', 'end'], ['0', '1.00 s', 'ok']]
    assert terminal.narrowed(rows, ' ' * 5) == [['run', 'end'], ['0', 'ok']]
    assert Terminal(FakeTerminal(), {'COLUMNS': '24'}).narrowed(rows) == rows
    assert Terminal(io.StringIO(), {}).narrowed(rows) == rows


cells = st.text(st.characters(exclude_categories=['Cs', 'Cc', 'Cf', 'Zl', 'Zp']))


@given(st.lists(st.tuples(cells, cells, cells), min_size=1), st.integers(40, 120))
def test_no_line_is_wider_than_the_terminal(rows, width):
    """As far as elastic columns reach: three of them, eight wide, always fit."""
    terminal = Terminal(FakeTerminal(), {'COLUMNS': str(width)})
    for line in terminal.table(rows, elastic=[0, 1, 2]):
        assert columns(line) <= width


@given(st.text())
def test_safe_text_steers_no_terminal(text):
    """No control character, no change of direction, no line break is left."""
    forbidden = {'Cc', 'Cf', 'Cs', 'Zl', 'Zp'}
    assert not {unicodedata.category(c) for c in safe(text)} & forbidden
    if text.isprintable():
        assert safe(text) == text


@given(st.text(), st.integers(1, 30))
def test_a_clipped_text_fits(text, width):
    """Whatever its characters; what fits is left alone."""
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
    """And is empty only for nothing."""
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
    """The largest unit of which there is at least one, after rounding."""
    assert units.duration(seconds) == text


@given(st.floats(1e-9, 1e9))
def test_a_duration_can_be_read_back(seconds):
    """What is shown is the number, to three digits."""
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
    """As memory is counted."""
    assert units.size(count) == text
