"""Files of other tools are read as records, whatever is in them."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import FileOutput, read
from microbench.cli.main import subcommand
from microbench.peers.document import records_of
from microbench.results.endings import Endings
from tests.fakes import ROOT

SAMPLES = ROOT / 'docs/samples/peers'
TOOLS = ('asv', 'google-benchmark', 'hyperfine', 'pyperf', 'pytest-benchmark')


def read_all(path):
    """Return the records of a file."""
    return list(read(path))


def in_short(record):
    """Return name, unit, loops, number and median of durations, and outcome."""
    call = record['call']
    durations = sorted(call['durations'])
    median = durations[len(durations) // 2] if durations else None
    unit = record['mb']['duration_counter']
    outcome = Endings(record).outcome
    return call['name'], unit, call.get('loops'), len(durations), median, outcome


SECONDS = 'perf_counter'
EXPECTED = {
    'asv': [
        ("b.Suite.time_sum(10, 'a')", SECONDS, 1, 1, 2.9539996830862947e-06, None),
        ("b.Suite.time_sum(10, 'b')", SECONDS, 1, 1, 3.5779999052465428e-06, None),
        ("b.Suite.time_sum(1000, 'a')", SECONDS, 1, 1, 2.1500000002561137e-05, None),
        ('b.mem_list', 'bytes', None, 1, 8056, None),
        ('b.peakmem_x', 'bytes', None, 1, 24723456, None),
        ('b.time_fail', SECONDS, None, 0, None, 'Failed'),
        ('b.timeraw_x', SECONDS, 1, 1, 3.812999693764141e-06, None),
        ('b.track_size', 'asv', None, 1, 42, None),
    ],
    'google-benchmark': [
        ('sum_n/8', SECONDS, 57521, 3, 1.0592862737002437e-06, None),
        ('sum_n/64', SECONDS, 31729, 3, 2.1442192832905657e-06, None),
        ('skipped', SECONDS, None, 0, None, 'Failed'),
    ],
    'hyperfine': [
        ('true', SECONDS, None, 5, 0.0030888110000000003, None),
        ('sh -c "exit 3"', SECONDS, None, 5, 0.000866833, 'exit 3 (5 of 5)'),
    ],
    'pyperf': [
        ('loop', SECONDS, 524288, 2, 6.606702899931982e-07, None),
        ('loop', SECONDS, 524288, 2, 6.745975246434666e-07, None),
        ('add', SECONDS, 1048576, 2, 1.9785794544251167e-07, None),
        ('add', SECONDS, 1048576, 2, 2.1371282386785026e-07, None),
    ],
    'pytest-benchmark': [
        ('test_sum[10]', SECONDS, 20, 12, 3.9659998947172425e-07, None),
        ('test_sum[1000]', SECONDS, 20, 12, 1.7664349979895632e-05, None),
        ('test_fails', SECONDS, 1, 4, 2.67999894276727e-07, None),
    ],
}


@pytest.mark.parametrize('tool', TOOLS)
def test_each_benchmark_is_a_record(tool):
    """Names, units, loops, durations of single calls and failures are the tool's."""
    records = read_all(SAMPLES / f'{tool}.json')
    assert [in_short(record) for record in records] == EXPECTED[tool]
    assert {record['mb']['source']['tool'] for record in records} == {tool}
    ids = [record['mb']['record_id'] for record in records]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize('tool', TOOLS)
def test_the_file_stays_the_same_when_it_is_converted(tool, tmp_path, capfdbinary):
    """Converted records have the same ids, and read as before."""
    sample = SAMPLES / f'{tool}.json'
    before = read_all(sample)
    assert subcommand('convert')([str(sample)]) == 0
    printed, counts = capfdbinary.readouterr()
    path = tmp_path / 'x.jsonl'
    path.write_bytes(printed)
    for record in before:  # a clean file has times of one form
        record['call'].pop('start_time', None)
    after = read_all(path)
    for record in after:
        record['call'].pop('start_time', None)
    assert after == before
    assert f'{len(before)} converted, 0 unchanged'.encode() in counts


def test_where_and_when(tmp_path):
    """Machine, interpreter and version are where records of microbench have them."""
    first, *_ = read_all(SAMPLES / 'pyperf.json')
    assert first['mb']['source'] == {'tool': 'pyperf', 'version': '2.11.0'}
    assert first['host'] == {
        'hostname': 'node07',
        'cpu_model': 'Intel(R) Xeon(R) Processor @ 2.50GHz',
        'cpu_cores_logical': 2,
    }
    assert first['python'] == {
        'version': '3.11.7',
        'executable': '/opt/python/bin/python3',
    }
    assert first['call']['start_time'].startswith('2026-11-28T18:12:1')
    assert first['pyperf']['experiment'] == 'demo'


def test_in_a_frame_and_flat(tmp_path):
    """get_results() reads such files in each of its forms."""
    shutil.copy(SAMPLES / 'hyperfine.json', tmp_path / 'x.json')
    output = FileOutput(tmp_path / 'x.json')
    flat = output.get_results(flat=True)
    assert [record['call.name'] for record in flat] == ['true', 'sh -c "exit 3"']
    frame = output.get_results(format='df', flat=True)
    assert list(frame['hyperfine.mean_user']) == [
        record['hyperfine.mean_user'] for record in flat
    ]


def test_groups_of_different_tools_stay_apart(tmp_path, capsys):
    """The same name on the same host is a group for each tool."""
    names = {'results': [{'command': 'loop', 'times': [0.5] * 5}]}
    (tmp_path / 'h.json').write_text(json.dumps(names))
    pyperf = str(SAMPLES / 'pyperf.json')
    words = [str(tmp_path / 'h.json'), pyperf, '--by', 'name,tool', '--json']
    assert subcommand('show')(words) == 0
    groups = map(json.loads, capsys.readouterr().out.splitlines())
    assert sorted((*group['by'].values(), group['n']) for group in groups) == [
        ('add', 'pyperf', 4),
        ('loop', 'hyperfine', 5),
        ('loop', 'pyperf', 4),
    ]


def test_without_single_rounds():
    """A file of pytest-benchmark without data has no durations, but the statistics."""
    document = json.loads((SAMPLES / 'pytest-benchmark.json').read_text())
    for test in document['benchmarks']:
        del test['stats']['data']
    first, *_ = records_of(json.dumps(document).encode())
    assert first['call']['durations'] == []
    assert first['pytest_benchmark']['stats']['rounds'] == 12


def test_only_aggregates():
    """A file of Google Benchmark that has only aggregates has no durations."""
    document = json.loads((SAMPLES / 'google-benchmark.json').read_text())
    document['benchmarks'] = [
        run for run in document['benchmarks'] if run['run_type'] == 'aggregate'
    ]
    found = records_of(json.dumps(document).encode())
    assert [record['call']['durations'] for record in found] == [[], []]


@pytest.mark.parametrize('tool', TOOLS)
def test_half_a_file(tool, tmp_path):
    """It is damage, not records of half the truth."""
    whole = (SAMPLES / f'{tool}.json').read_bytes()
    path = tmp_path / 'x.json'
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.warns(RuntimeWarning, match='damaged'):
        assert read_all(path) == []


def test_lines_that_begin_like_such_a_file(tmp_path):
    """Records of other programs, whose first field has such a name, are still lines."""
    path = tmp_path / 'x.jsonl'
    path.write_text('{"results": [1]}\n{"version": 2}\n')
    assert read_all(path) == [{'results': [1]}, {'version': 2}]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def places_in(value, before=()):
    """Yield the path of each value in a document, outermost first."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in items:
        yield (*before, name)
        if isinstance(inner, dict | list):
            yield from places_in(inner, (*before, name))


DOCUMENTS = {
    tool: json.loads((SAMPLES / f'{tool}.json').read_text().replace('NaN', 'null'))
    for tool in TOOLS
}
PLACES = {tool: list(places_in(document)) for tool, document in DOCUMENTS.items()}


@given(st.data(), st.sampled_from(TOOLS))
def test_any_value_anywhere(data, tool):
    """A value of a wrong type costs what it says, and raises nothing."""
    document = json.loads(json.dumps(DOCUMENTS[tool]))
    *outer, name = data.draw(st.sampled_from(PLACES[tool]))
    inside = document
    for step in outer:
        inside = inside[step]
    inside[name] = data.draw(VALUES)
    for record in records_of(json.dumps(document).encode()) or []:
        assert isinstance(record['call']['durations'], list)
        assert all(type(value) in (int, float) for value in record['call']['durations'])
