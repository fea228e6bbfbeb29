"""No record, by whatever version or program, makes a subcommand fail."""

import contextlib
import io
import json
import os
import sys
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench.cli.terminal import columns
from microbench.cli.values import in_short
from microbench.cli.view import convert, diff, rows, show
from microbench.cli.view.entries import Entry
from tests.cli.samples import SEVERAL
from tests.cli.terminals import FakeTerminal
from tests.results.test_flat_schema import OLD

# Names that the subcommands look for, so that values of any kind turn up there.
OBJECTS = [OLD, *SEVERAL, *(record['call'] for record in SEVERAL)]
DEEPER = ['timings', 'open_timings', 'duration', 'name', 'type', 'message', 'utime']
OTHERS = ['histogram', 'count', 'mean', 'min', 'exit_status', 'exit_path', 'hostname']
names = st.sampled_from(sorted({*(n for o in OBJECTS for n in o), *DEEPER, *OTHERS}))
numbers = st.integers() | st.floats() | st.sampled_from([0, 1, -15, 1e308, 10**400])
leaves = st.none() | st.booleans() | numbers | st.text() | st.sampled_from(['', '\033[2J'])


def containers(inner):
    """Return a strategy of lists and objects, with known names or any."""
    return st.lists(inner, max_size=4) | st.dictionaries(
        names | st.text(), inner, max_size=5
    )


values = st.recursive(leaves, containers, max_leaves=12)
records = st.dictionaries(names | st.text(), values, max_size=8) | st.fixed_dictionaries(
    {'call': st.dictionaries(names, values, max_size=8), 'mb': values, 'host': values}
)


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    """Return a file that each example overwrites."""
    return tmp_path_factory.mktemp('any') / 'any.jsonl'


def printed(main, words, stream):
    """Return what a subcommand prints; its status and messages have to be usual ones."""
    stream.buffer = io.BytesIO()  # to which convert writes
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(io.StringIO()):
        assert main(words) == 0
        assert sys.stderr.getvalue().count('\n') <= 3  # of what is too deep for JSON
    return stream.getvalue() + stream.buffer.getvalue().decode('ascii')


@pytest.mark.parametrize('form', ['{"a": %s%s}', '{"a": 1, "call": {"name": %s%s}}'])
@pytest.mark.parametrize('depth', [500, 1000])
def test_however_deep(form, depth, path):
    """Any record that can be read can be shown, or is reported as too deep."""
    lists, objects = ('[' * depth, ']' * depth), ('{"x": ' * depth + '1', '}' * depth)
    path.write_text(f'{form % lists}\n{form % objects}\n')
    for words in (['0'], ['1', '--all'], ['-c', 'a'], ['--json'], ['1', '--json']):
        assert printed(show.main, [str(path), *words], io.StringIO())
    for main in (diff.main, convert.main):
        assert printed(main, [str(path)], io.StringIO())


@given(st.lists(records, min_size=2, max_size=2), st.booleans())
def test_anything_can_be_shown_compared_and_converted(path, pair, on_terminal):
    """Output is printable and fits, on a terminal or in a pipe; JSON is strict."""
    lines = [json.dumps({**record, 'field': record}) + '\n' for record in pair]
    path.write_text(''.join(lines), 'utf-8')
    name = str(path)

    def run(main, *words):
        stream = FakeTerminal() if on_terminal else io.StringIO()
        return printed(main, [name, *words], stream)

    with mock.patch.dict(os.environ, NO_COLOR='1'):
        shown = run(show.main) + run(show.main, '0') + run(show.main, '-1', '--all')
        shown += run(show.main, '-c', 'field', '--sort', 'host') + run(diff.main)
        shown += run(show.main, '--by', 'name,host,command,field')
        wide = run(show.main, '--by', 'exception', '--markdown', '--sort', 'median')
        run(show.main, '--csv'), run(show.main, '--by', 'host', '--csv')
    assert (shown + wide).replace('\n', '').isprintable()
    if on_terminal:
        assert max(map(columns, shown.splitlines())) <= 80
    objects = run(show.main, '--json') + run(show.main, '--by', 'name', '--json')
    for line in (objects + run(diff.main, '--json')).splitlines():
        assert json.loads(line, parse_constant=pytest.fail)
    assert len(run(convert.main).splitlines()) == 2


titles = st.sampled_from(rows.OWN) | names | st.text()
fields = titles | titles.map('.{}'.format) | st.tuples(titles, titles).map('.'.join)


@given(records | st.dictionaries(st.sampled_from(rows.OWN), values), st.lists(fields))
def test_no_column_of_a_field_changes_a_built_in_column(record, asked):
    """A field's column leaves the others alone, whatever its name and the record."""
    entry = Entry(7, 'file', record)
    titles = list(map(rows.title_of, asked))
    plain, row = (rows.Row(entry, some) for some in ([], titles))
    assert {**row.values, **plain.values} == row.values
    for column in ('number', 'file', 'name', 'host', 'n', 'outcome'):
        assert row.text(column) == plain.text(column)
    for column in rows.TIMES:
        assert row.time(column, 'x') == plain.time(column, 'x')
    assert set(row.values) == {*plain.values, *titles}


@given(values)
def test_a_value_in_short_is_short(value):
    """The short form of any value is short; a short value is its JSON."""
    short = in_short(value)
    assert len(short) < 200_000
    whole = json.dumps(value, ensure_ascii=False)
    if len(whole) < 20 and whole.isprintable() and whole.count('[') + whole.count('{') < 4:
        assert short == whole
