"""The rows that the C core reads off lines are those that Python makes of records."""

import json
import math
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from microbench import _core
from microbench.querying.spool import Spool
from microbench.results import quick
from microbench.results.reading import Lines
from microbench.results.tidy import OF_SHAPE, Rows

TEXT = st.text(st.characters(codec='utf-8'), max_size=5) | st.sampled_from(
    ['', '\\', '"', '\0']
)
FLOATS = st.floats(-1e90, 1e90).filter(lambda x: x == 0 or abs(x) > 1e-90)
INTEGERS = st.integers(-(10**18) + 1, 10**18 - 1)
VALUES = st.none() | st.booleans() | INTEGERS | FLOATS | TEXT | st.just({})
ZONES = st.integers(-900, 900).map(lambda m: timezone(timedelta(minutes=m)))
MOMENTS = st.datetimes(datetime(2, 1, 2), datetime(9998, 1, 1), timezones=ZONES).map(  # noqa: DTZ001 - ZONES has them
    lambda moment: moment.isoformat(timespec='microseconds')
)
RECORD = st.fixed_dictionaries(
    {
        'mb': st.just({'run_id': '1', 'duration_counter': 'perf_counter'}),
        'call': st.fixed_dictionaries(
            {
                'name': TEXT,
                'start_time': MOMENTS,
                'durations': st.lists(FLOATS, min_size=1, max_size=1),
                'timings': st.lists(
                    st.fixed_dictionaries({'name': TEXT, 'duration': FLOATS | INTEGERS}),
                    max_size=3,
                ),
            },
            optional={'timings_iteration': st.lists(st.integers(0, 9), max_size=3)},
        ),
        'host': st.fixed_dictionaries({'hostname': TEXT}),
        'mine': VALUES,
    },
    optional={'late': VALUES, 'slurm': st.just({}) | st.just({'job_id': '007'})},
)
LISTS = st.lists(RECORD, min_size=1, max_size=3)


class Counted(quick.Quick):
    """Counts the records that are read as objects."""

    added = 0

    def add(self, record):
        """Count it."""
        self.added += 1
        super().add(record)


def spooled(path, shape, wanted, lines):
    """Return the rows and kinds of lines, and how many records Python has read."""

    def wants(name):
        return wanted is None or name.lower() in wanted

    rows = Rows(shape, wants)
    spool = Spool(str(path), shape, wants)
    read = Counted(shape, rows, spool, wanted)
    source = Lines([lines.encode()])
    quick.prepare(source, [read])
    for record in source:
        read.add(record)
    read.finish()
    spool.finish()
    names = {column.key: column.name for column in spool.columns.values()}
    found = [
        {names[key]: value for key, value in json.loads(line).items()}
        for line in path.read_text('ascii').splitlines()
    ]
    path.unlink()
    return found, {c.name: (c.kind, c.seen) for c in spool.columns.values()}, read.added


def by_python(path, shape, wanted, lines, monkeypatch):
    """Return the same if the C core reads nothing."""
    with monkeypatch.context() as patch:
        patch.setattr(quick.Quick, 'read', lambda _self, _block, place: place)
        found, kinds, added = spooled(path, shape, wanted, lines)
    assert added == len(lines.splitlines())
    return found, kinds


WANTED = st.none() | st.sets(
    st.sampled_from(
        [
            'record',
            'phase',
            'duration',
            'iteration',
            'median',
            'failed',
            'call.name',
            'mine',
        ]
    )
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(list(quick.OWN)), WANTED, LISTS, st.booleans())
def test_the_same_rows(tmp_path, monkeypatch, shape, wanted, records, is_spaced):
    """All values, gaps and kinds of columns; with blanks between the members, too."""
    separators = (', ', ' : ') if is_spaced else (',', ':')
    lines = ''.join(json.dumps(each, separators=separators) + '\n' for each in records * 3)
    args = (tmp_path / 'rows', shape, wanted, lines)
    found, kinds, added = spooled(*args)
    assert (found, kinds) == by_python(*args, monkeypatch)
    assert added <= len(records) * 2


def test_records_of_one_kind_are_read_once(tmp_path):
    """All others are left to the C core; a torn line and an odd one are not."""
    line = '{"mb":{"run_id":"1"},"call":{"name":"f","durations":[1.5]},"n":%d}\n'
    lines = ''.join(line % n for n in range(50))
    torn = line[:30] + '\n' + '{"call":{"name":[7],"durations":[1]}}\n'
    found, _, added = spooled(tmp_path / 'rows', 'iterations', None, lines + torn + lines)
    assert [row.get('n') for row in found] == [*range(50), None, *range(50)]
    assert [row['record'] for row in found] == list(range(101))
    assert added == 2


@pytest.mark.parametrize(
    'call',
    [
        {'durations': [1, 2]},
        {'durations': [1], 'returncode': [3]},
        {'durations': [], 'histogram': {'count': 1}},
        {'durations': [None, '1', True, 10**400, 1e300]},
        {'timings': [{'name': 1, 'duration': 1}, {'name': 'a'}, 7, {'duration': '1'}]},
        {'timings': [{'duration': 1, 'name': 'b'}], 'timings_iteration': [-1]},
        {'open_timings': [{'name': 'a', 'duration': 1}]},
        {'timings': {'name': 'a'}, 'durations': 'x'},
        {'start_time': '2026-03-01'},
        {'args': [1, {'a': 2}]},
        {'name': math.nan},
    ],
)
@pytest.mark.parametrize('counter', ['perf_counter', 'time_ns', 'mine', 7])
def test_odd_records(call, counter, tmp_path, monkeypatch):
    """Those that take thought are left to Python."""
    usual = {'mb': {}, 'call': {'name': 'f', 'durations': [1], 'start_time': None}}
    record = {'mb': {'duration_counter': counter}, 'call': call, 'exit_signal': None}
    lines = ''.join(json.dumps(each) + '\n' for each in [usual, record] * 3)
    for shape in quick.OWN:
        args = (tmp_path / 'rows', shape, None, lines)
        assert repr(spooled(*args)[:2]) == repr(by_python(*args, monkeypatch))


def test_there_may_be_more_columns_than_the_core_has(tmp_path, monkeypatch):
    """The records that have them are left to Python."""
    many = {f'f{n}': n for n in range(600)}
    lines = (json.dumps({'mb': {}, 'call': {'durations': [1]}, **many}) + '\n') * 3
    args = (tmp_path / 'rows', 'runs', None, lines)
    assert spooled(*args)[:2] == by_python(*args, monkeypatch)


def test_wrong_calls_of_the_core():
    """They are refused, and leave the reader as it was."""
    reader = _core.RowReader(_core.ROW_SHAPES['phases'])
    for key in (b'', b'12345678'):
        with pytest.raises(ValueError, match='1 to 7 bytes'):
            reader.add_column(_core.ROW_COLUMNS['field'], key)
    with pytest.raises(ValueError, match='has names'):
        reader.learn((), 0, None)
    for call in (
        lambda: reader.leaf(0),
        lambda: reader.kinds(-1),
        lambda: reader.read(b'', 1),
    ):
        with pytest.raises(IndexError):
            call()
    assert reader.read(b'\n\n', 0) == (2, b'')
    assert set(OF_SHAPE) - set(quick.OWN) == {'samples'}


def test_several_tables_read_the_same_lines(tmp_path):
    """Each has the rows that it has alone, and a damaged line is counted once."""
    line = '{"mb":{"run_id":"1"},"call":{"name":"f","durations":[%s],"timings":%s}}\n'
    phases = '[{"name":"a","duration":1.5}]'
    usual, odd = line % (1, phases), line % ('1,2', '[7]')
    lines = usual * 3 + odd + usual[:40] + '\n' + odd + usual
    alone = {
        shape: spooled(tmp_path / 'rows', shape, None, lines)[0] for shape in quick.OWN
    }
    tables, spools = [], {}
    for shape in quick.OWN:
        rows = Rows(shape)
        spools[shape] = Spool(str(tmp_path / shape), shape, lambda _: True)
        tables.append(quick.Quick(shape, rows, spools[shape]))
    source = Lines([lines.encode()])
    quick.prepare(source, tables)
    assert list(source) == []
    assert source.damaged == 1
    for table in tables:
        table.finish()
    for shape, spool in spools.items():
        spool.finish()
        names = {column.key: column.name for column in spool.columns.values()}
        found = map(json.loads, (tmp_path / shape).read_text('ascii').splitlines())
        named = [{names[key]: value for key, value in row.items()} for row in found]
        assert named == alone[shape]
