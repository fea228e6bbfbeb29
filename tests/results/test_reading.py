"""Reading records: any that can be read is returned, any other is counted."""

import gc
import io
import json
import math
import warnings
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import FileOutput, MicroBench, MicroBenchBase, _core
from microbench.results import formats, reading, shapes
from tests.fakes import JSON_LIBRARIES, json_by, next_line, printed, python


def read(contents, **options):
    """Return the records in these intact bytes: a warning is an error."""
    return FileOutput(io.BytesIO(contents)).get_results(**options)


def read_damaged(contents):
    """Return the records in these bytes, and the one warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        records = FileOutput(io.BytesIO(contents)).get_results()
    [warning] = caught
    assert warning.category is RuntimeWarning
    return records, str(warning.message)


def record(n, **fields):
    """Return a line as microbench writes it, with the opening of all records."""
    whole = {'mb': {'run_id': f'run {n}'}, 'n': n, **fields}
    return json.dumps(whole, separators=(',', ':')).encode()


def numbers(records):
    """Return the `n` of each."""
    return [record['n'] for record in records]


@pytest.fixture(params=JSON_LIBRARIES)
def either(request):
    """Run a test with orjson, and without it."""
    with json_by(request.param):
        yield


# --- whole files ----------------------------------------------------------------------


@pytest.mark.usefixtures('either')
@pytest.mark.parametrize('contents', [b'', b'\n', b'\n\n \n\t\n'])
def test_nothing_in_it(contents):
    """An empty file, and one of empty lines, has no records and no damage."""
    assert read(contents) == []


@pytest.mark.usefixtures('either')
def test_lines_in_order():
    """Records come in the order of the lines; empty lines between do not matter."""
    assert numbers(read(b'\n'.join([record(1), b'', record(2), b'  ', record(3)]))) == [
        *(1, 2, 3)
    ]


@pytest.mark.usefixtures('either')
def test_the_last_line_may_lack_its_newline():
    """A complete last line counts, with and without newline."""
    assert read(record(1)) == read(record(1) + b'\n')


@pytest.mark.usefixtures('either')
def test_windows_line_ends():
    """A file that went through another system reads the same."""
    assert numbers(read(record(1) + b'\r\n' + record(2) + b'\r\n')) == [1, 2]


@pytest.mark.usefixtures('either')
@pytest.mark.parametrize('separator', ['\u2028', '\u2029', '\x85', '\x1c', '\x0b', '\x0c'])
def test_other_line_separators_belong_to_strings(separator):
    """Only the newline ends a line: what str.splitlines breaks at is part of a value."""
    line = json.dumps({'text': f'a{separator}b'}, ensure_ascii=False).encode()
    assert read(line + b'\n' + line) == [{'text': f'a{separator}b'}] * 2


@pytest.mark.usefixtures('either')
def test_utf8():
    """Files of other writers may hold characters beyond ASCII."""
    assert read('{"a":"ä \N{SNAKE}"}'.encode()) == [{'a': 'ä \N{SNAKE}'}]


# --- what 2.1.0 wrote -----------------------------------------------------------------


@pytest.mark.usefixtures('either')
def test_not_a_number_and_infinities():
    """NaN and Infinity, which are no JSON but were written, are the floats."""
    [found] = read(b'{"a":NaN,"b":Infinity,"c":-Infinity}')
    assert math.isnan(found['a'])
    assert (found['b'], found['c']) == (math.inf, -math.inf)


@pytest.mark.usefixtures('either')
@pytest.mark.parametrize(
    'value', [2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**18, 10**40]
)
def test_integers_of_any_size(value):
    """Integers come back exactly, beyond 64 bits too."""
    assert read(b'{"a":%d}' % value) == [{'a': value}]


@pytest.mark.usefixtures('either')
def test_lone_surrogates():
    """Half a surrogate pair, as from a file name that is no UTF-8, comes back."""
    assert read(rb'{"a":"\udc80"}') == [{'a': '\udc80'}]


# --- damage ---------------------------------------------------------------------------


@pytest.mark.usefixtures('either')
@pytest.mark.parametrize(
    'bad',
    [
        *(b'{"n":', b'{"n":1', b'nonsense', b'{"n":1}}', b'{"n":1}{"n":2}'),
        *(b'3', b'"text"', b'null', b'[{"n":1}]', b'\0\0\0', b'{"n":"\xff"}'),
        pytest.param(b'{"n":' + b'[' * 5_000 + b']' * 100_000 + b'}', id='deep'),
        pytest.param(b'{"n":' + b'9' * 5000 + b'}', id='huge'),
    ],
)
def test_a_bad_line_is_skipped(bad):
    """A line that is not a JSON object costs only itself."""
    records, message = read_damaged(b'\n'.join([record(1), bad, record(2), b'']))
    assert numbers(records) == [1, 2]
    assert '1 damaged line was skipped' in message


def test_bad_lines_are_counted_in_one_warning():
    """Three bad lines are one warning that says three."""
    _, message = read_damaged(b'\n'.join([b'{', record(1), b'x', record(2), b'["']))
    assert '3 damaged lines were skipped or salvaged' in message


def test_the_warning_names_the_file(tmp_path):
    """The warning names the damaged file."""
    path = tmp_path / 'records.jsonl'
    path.write_text('{"n":')
    with pytest.warns(RuntimeWarning, match='records.jsonl'):
        assert FileOutput(path).get_results() == []


@pytest.mark.parametrize('ask', ['bench', 'sink', 'flat', 'summary'])
def test_the_warning_points_to_the_caller(ask, capsys):
    """The warning names the line of the program that asked for the results."""
    sink = FileOutput(io.BytesIO(b'{"n":\n'))
    bench = MicroBenchBase(outputs=[sink])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        if ask == 'bench':
            where = next_line()
            bench.get_results()
        elif ask == 'sink':
            where = next_line()
            sink.get_results()
        elif ask == 'flat':
            where = next_line()
            bench.get_results(flat=True)
        else:
            where = next_line()
            bench.summary()
    [warning] = caught
    assert (warning.filename, warning.lineno) == where
    assert capsys.readouterr().out.startswith('No') == (ask == 'summary')


@pytest.mark.usefixtures('either')
def test_a_record_glued_to_a_torn_one():
    """A record that follows a torn piece on its line is found by its opening."""
    records, message = read_damaged(record(1)[:-9] + record(2) + b'\n' + record(3))
    assert numbers(records) == [2, 3]
    assert '1 damaged line was skipped or salvaged' in message


@pytest.mark.usefixtures('either')
@pytest.mark.parametrize('torn', [b'', b'{"mb":{"run', b'{"mb":{"run_id":"x', b'\0\0'])
def test_all_glued_records_are_salvaged(torn):
    """Several records on one line, with pieces before them, are all found, in order."""
    line = torn + torn.join(record(n) for n in range(1, 5))
    records, _ = read_damaged(line + b'\n' + record(5))
    assert records == [json.loads(record(n)) for n in range(1, 6)]


def test_a_salvaged_record_keeps_what_looks_like_an_opening_in_a_string():
    """The opening inside a string is escaped, so it breaks no record apart."""
    tricky = record(1, text=record(7).decode())
    records, _ = read_damaged(b'{"torn' + tricky + record(2))
    assert numbers(records) == [1, 2]
    assert records[0]['text'] == record(7).decode()


def test_a_whole_record_that_holds_an_opening_is_one_record():
    """A line that parses is never taken apart."""
    outer = record(1, inner=json.loads(record(2)))
    assert numbers(read(outer)) == [1]


@given(
    fields=st.lists(st.dictionaries(st.text(), st.integers() | st.text()), max_size=6),
    data=st.data(),
)
def test_a_prefix_of_a_file_gives_its_complete_records(fields, data):
    """However a file is cut off, the records whose last byte is there are read."""
    lines = [record(n, fields=inner) + b'\n' for n, inner in enumerate(fields)]
    whole = b''.join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    ends = [len(b''.join(lines[: n + 1])) - 1 for n in range(len(lines))]
    complete = sum(end <= cut for end in ends)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)
        assert numbers(read(whole[:cut])) == list(range(complete))


@given(st.lists(st.sampled_from([record(1), record(2), b'{"torn', b'\0', b'', b'[]'])))
def test_whole_lines_survive_any_neighbours(lines):
    """Each line that is a record is read, whatever stands on the others."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)
        found = read(b'\n'.join(lines))
    assert found == [json.loads(line) for line in lines if line.startswith(b'{"mb"')]


@pytest.mark.usefixtures('either')
@pytest.mark.parametrize('size', [1, 7, 40, 1 << 15])
def test_blocks_of_any_size(size, monkeypatch):
    """With any block size nothing is lost or moved, and damage is counted."""
    monkeypatch.setattr(reading, 'BLOCK', size)
    lines = [
        record(1),
        b'{"torn' + record(2),
        b'',
        record(3, large=2**70),
        b'\0',
        record(4),
    ]
    records, message = read_damaged(b'\n'.join([*lines, record(5)]))
    assert numbers(records) == [1, 2, 3, 4, 5]
    assert records[2]['large'] == 2**70
    assert '2 damaged lines' in message


class Broken(io.BytesIO):
    """A file whose disk fails; it notes whether garbage is being collected."""

    collecting = None

    def read(self, size=-1):
        self.collecting = gc.isenabled()
        raise OSError('disk failed')


@pytest.mark.parametrize('enabled', [True, False])
def test_the_collector_is_as_before(enabled):
    """Garbage collection is off while reading, and restored also after an error."""
    file = Broken()
    (gc.enable if enabled else gc.disable)()
    try:
        assert numbers(read(record(1))) == [1]
        assert gc.isenabled() == enabled
        with pytest.raises(OSError, match='disk failed'):
            formats.shaped(reading.Lines(reading.blocks(file), 'it'), 'dict', False)
        assert (file.collecting, gc.isenabled()) == (False, enabled)
    finally:
        gc.enable()


# --- who answers ----------------------------------------------------------------------


def test_no_such_file(tmp_path):
    """A file that is not there yet has no records, in either format."""
    bench = MicroBenchBase(tmp_path / 'none.jsonl')
    assert bench.get_results() == []
    assert bench.get_results(flat=True) == []
    assert bench.get_results(format='df').shape == (0, 0)


def test_a_write_only_file_lets_the_next_sink_answer(tmp_path):
    """A file object that cannot be read is passed over."""
    with (tmp_path / 'records.jsonl').open('w') as file:
        bench = MicroBenchBase(outputs=[FileOutput(file), FileOutput()], n=1)
        bench(len)('')
        assert numbers(bench.get_results()) == [1]


def test_no_sink_can_answer(tmp_path):
    """If no sink can be read, the error names the method."""
    with (tmp_path / 'records.jsonl').open('w') as file:
        bench = MicroBenchBase(file)
        with pytest.raises(RuntimeError, match=r'get_results\(\)'):
            bench.get_results()


# --- formats --------------------------------------------------------------------------


@pytest.mark.parametrize('wrong', ['json', '', None, 'DF', 3])
@pytest.mark.parametrize('contents', [b'', record(1)])
def test_an_unknown_format(wrong, contents):
    """Any other format is a ValueError that names the parameter, also without records."""
    with pytest.raises(ValueError, match='format'):
        read(contents, format=wrong)


VALUES = {
    'code': '007',
    'day': '2026-03-01',
    'moment': '2026-03-01T09:30:00+00:00',
    'number': '1e3',
    'flag': 'true',
    'list': [1, '2'],
    'nested': {'a': {'b': '08'}, 'empty': {}},
    'large': 2**70,
    'truth': True,
}


@pytest.mark.parametrize('flat', [False, True])
def test_a_data_frame_changes_no_value(flat):
    """Text stays text in a frame: codes, dates and numbers in strings alike."""
    contents = json.dumps(VALUES).encode()
    [expected] = read(contents, flat=flat)
    if flat:
        expected['nested.empty'] = '{}'
    frame = read(contents, format='df', flat=flat)
    found = {name: frame.loc[0, name] for name in frame.columns}
    assert found == expected
    assert {type(found[n]) for n in ('code', 'day', 'moment', 'number', 'flag')} == {str}


def test_a_data_frame_of_a_bench():
    """A static field "007" comes back as it was given."""
    bench = MicroBench(code='007', day='2026-03-01')
    work = bench(len)
    work('')
    work('')
    for flat in (False, True):
        frame = bench.get_results(format='df', flat=flat)
        assert frame['code'].tolist() == ['007', '007']
        assert frame['day'].tolist() == ['2026-03-01'] * 2
    assert frame['call.name'].tolist() == ['len', 'len']


def test_flat_joins_names_by_dots():
    """Nested objects become dotted names, in the order of the record."""
    nested = {'b': {'y': 1, 'x': {'z': None}}, 'a': 2, 'b.c': 3}
    [flat] = read(json.dumps(nested).encode(), flat=True)
    assert list(flat.items()) == [('b.y', 1), ('b.x.z', None), ('a', 2), ('b.c', 3)]


def test_flat_keeps_empty_objects_and_lists():
    """An empty object stays one, and lists are left as they are, with their objects."""
    nested = {'slurm': {}, 'call': {'timings': [{'name': 'x'}], 'env': {}, 'args': []}}
    [flat] = read(json.dumps(nested).encode(), flat=True)
    assert flat == {
        'slurm': {},
        'call.timings': [{'name': 'x'}],
        'call.env': {},
        'call.args': [],
    }


@given(
    st.recursive(
        st.integers() | st.text() | st.lists(st.integers()),
        lambda inner: st.dictionaries(st.text('ab'), inner, max_size=3),
    ).filter(lambda value: isinstance(value, dict))
)
def test_flat_loses_nothing(value):
    """From the dotted names the nested record can be built again."""
    again = {}
    for name, leaf in shapes.flattened(value).items():
        *above, last = name.split('.')
        place = again
        for part in above:
            place = place.setdefault(part, {})
        place[last] = leaf
    assert again == value


@pytest.mark.parametrize(
    ('record', 'flat'),
    [
        ({'packages': {'zope.interface': '7'}}, {'packages.zope.interface': '7'}),
        ({'a': {'b': 1}, 'a.b': 2}, {'a.b': 1, r'a\.b': 2}),
        ({'a.b': 2, 'a': {'b': 1, 'c': 3}}, {r'a\.b': 2, 'a.b': 1, 'a.c': 3}),
        ({'a.b': {'c': 1}, 'a': {'b.c': 2}}, {r'a\.b.c': 1, r'a.b\.c': 2}),
        ({'a': {'b': {}}, 'a.b': {}}, {'a.b': {}, r'a\.b': {}}),
        ({'a\\': {'b': 1}, 'a.b': 2}, {'a\\.b': 1, 'a.b': 2}),
    ],
)
def test_flat_names_that_hold_dots(record, flat):
    """Such names stay; dots are escaped only where two values would share a name."""
    assert shapes.flattened(record) == flat


@given(
    st.recursive(
        st.integers() | st.just({}),
        lambda inner: st.dictionaries(st.text('ab.\\', max_size=3), inner, max_size=4),
    ).filter(lambda value: isinstance(value, dict))
)
def test_flat_has_every_value(value):
    """Whatever the names are, no value takes the place of another one."""
    assert len(shapes.flattened(value)) == (leaves_of(value) if value else 0)


@given(
    st.lists(
        st.recursive(
            st.integers() | st.just({}),
            lambda inner: st.dictionaries(st.text('ab.', max_size=2), inner, max_size=4),
        ).filter(lambda value: isinstance(value, dict))
    )
)
def test_flat_records_share_their_names(records):
    """The names of earlier records change nothing."""
    names = _core.FlatNames()
    flat = [shapes.flattened(record, names) for record in records]
    assert flat == [shapes.flattened(record) for record in records]
    assert [list(one) for one in flat] == [list(shapes.flattened(r)) for r in records]


def test_flat_of_other_mappings_and_names():
    """Subclasses of dict are objects too; a name that is not text raises TypeError."""
    assert shapes.flattened({'a': OrderedDict(b=1)}) == {'a.b': 1}
    with pytest.raises(TypeError):
        shapes.flattened({'a': {7: 1}})


def leaves_of(value):
    """Return the number of values in nested objects, empty ones included."""
    if isinstance(value, dict) and value:
        return sum(map(leaves_of, value.values()))
    return 1


def test_flat_of_nesting_without_end():
    """However deep a record is, it is flattened."""
    value = 1
    for _ in range(5_000):
        value = {'a': value}
    [(name, leaf)] = shapes.flattened(value).items()
    assert (name, leaf) == ('.'.join('a' * 5_000), 1)


# --- without optional packages --------------------------------------------------------


def test_pandas_that_cannot_be_imported():
    """The message says why: numpy refuses to be loaded twice."""
    code = """
import sys
from unittest.mock import patch
from microbench import FileOutput
with patch.dict(sys.modules, {'redis': None}):
    FileOutput().get_results(format='df')
try:
    FileOutput().get_results(format='df')
except ImportError as error:
    print('pandas' in str(error), 'pip' in str(error), error.__cause__ is not None)
else:
    print('loaded again')
"""
    said = python(code).stdout  # older ones are loaded again, and warn
    assert said in {'True False True\n', 'loaded again\n'}


def test_without_orjson_and_pandas():
    """With the optional packages blocked, records are written, read and flattened."""
    code = """
import sys
for name in ('orjson', 'pandas', 'psutil', 'numpy'):
    sys.modules[name] = None
from microbench import MicroBench
bench = MicroBench(large=10**30, text='a\\u2028b', nan=float('nan'), day='007')
bench(len)('')
[record] = bench.get_results()
[flat] = bench.get_results(flat=True)
print(record['large'] == 10**30, record['text'] == 'a\\u2028b', record['nan'])
print(record['call']['name'], flat['call.name'], record['day'])
try:
    bench.get_results(format='df')
except ImportError as error:
    print(error)
"""
    assert printed(code, flags=('-W', 'error')).splitlines() == [
        'True True None',
        'len len 007',
        "format='df' needs pandas: pip install pandas",
    ]
