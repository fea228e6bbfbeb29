"""Totals of durations as a text file, checked against the grammar of the text format."""

import json
import os
import pickle
import re

import pytest

from microbench import MicroBenchBase, PrometheusOutput
from microbench.outputs import prometheus
from tests.fakes import only

# https://prometheus.io/docs/instrumenting/exposition_formats/, text format
NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="((?:[^"\\\n]|\\\\|\\"|\\n)*)"'
SAMPLE = re.compile(rf'({NAME})\{{({LABEL}(?:,{LABEL})*)\}} (\S+)')
COMMENT = re.compile(rf'# HELP {NAME} .+|# TYPE {NAME} (counter|gauge|histogram)')


def parsed(path):
    """Return the samples of a file by metric and labels; fail if it breaks the grammar."""
    found = {}
    text = path.read_text('utf-8')
    assert text.endswith('\n')
    for row in text[:-1].split('\n'):
        if COMMENT.fullmatch(row):
            continue
        match = SAMPLE.fullmatch(row)
        assert match, row
        key = match[1], match[2]
        assert key not in found
        found[key] = float(match[match.re.groups])
    return found


def record(name, *durations, **fields):
    """Return a record with these durations and phases."""
    timings = [{'name': k, 'duration': v} for k, v in fields.pop('phases', {}).items()]
    call = {'name': name, 'durations': [*durations], 'timings': timings}
    return json.dumps({'call': call, **fields}).encode()


@pytest.fixture
def make(tmp_path):
    """Make an output with the buckets 1, 2 and 4."""
    return lambda **options: PrometheusOutput(
        tmp_path / 'jobs.prom', **{'buckets': (1, 2, 4), 'every': 0, **options}
    )


@pytest.fixture
def own(tmp_path):
    """Return the path of the file of this process."""
    return tmp_path / f'jobs-{os.getpid()}.prom'


def test_counts_sums_and_the_longest(make, own):
    """A histogram and a gauge for each name and phase; exceptions are counted."""
    out = make()
    out.write_record(record('fit', 0.5, 1.0, 3.0, phases={'load': 2.5}))
    out.write_record(record('fit', 9.0, exception={'type': 'E'}))
    found = parsed(own)
    pid = os.getpid()
    metric, labels = 'microbench_duration_seconds', f'name="fit",pid="{pid}"'
    buckets = {
        bound: found[f'{metric}_bucket', f'{labels},le="{bound}"']
        for bound in ('1.0', '2.0', '4.0', '+Inf')
    }
    assert buckets == {'1.0': 2, '2.0': 2, '4.0': 3, '+Inf': 4}
    assert found[f'{metric}_count', labels] == 4
    assert found[f'{metric}_sum', labels] == 13.5
    assert found[f'{metric}_max', labels] == 9.0
    assert found['microbench_exceptions_total', labels] == 1
    phase = f'name="fit",phase="load",pid="{pid}"'
    assert found['microbench_phase_duration_seconds_sum', phase] == 2.5


@pytest.mark.parametrize('name', ['a"b', 'back\\slash', 'two\nlines', 'grün', '\\n"', ''])
def test_names_are_escaped(make, own, name):
    """Whatever the name, it comes back from the label."""
    make().write_record(record(name, 1.0))
    sums = [key[1] for key in parsed(own) if key[0].endswith('duration_seconds_sum')]
    value = re.match(LABEL, only(sums))[1]
    back = re.sub(r'\\(.)', lambda m: {'n': '\n'}.get(m[1], m[1]), value)
    assert back == name


def test_it_is_written_once_in_a_while(make, own, monkeypatch):
    """The first record, the first one after the time, and flush() write the file."""
    now = iter([100.0, 100.0, 105.0, 111.0, 111.0, 112.0, 112.0])
    monkeypatch.setattr(prometheus, 'monotonic', lambda: next(now))
    out = make(every=10)
    counts = []
    for _ in range(4):
        out.write_record(record('fit', 1.0))
        counts.append(max(parsed(own).values()))
    assert counts == [1, 1, 3, 3]
    out.flush()
    assert max(parsed(own).values()) == 4


def test_a_forked_child_has_its_own_file(make, own, tmp_path, monkeypatch):
    """It counts from nothing, and leaves the file of its parent alone."""
    out = make()
    out.write_record(record('fit', 1.0))
    before = own.read_text()
    monkeypatch.setattr(os, 'getpid', lambda: 7)
    out.write_record(record('fit', 1.0))
    assert (
        parsed(tmp_path / 'jobs-7.prom')[
            'microbench_exceptions_total', 'name="fit",pid="7"'
        ]
        == 0
    )
    assert own.read_text() == before


def test_a_full_disk(make, own, monkeypatch):
    """The old file stays whole, nothing is left beside it, and the next write has all."""
    out = make()
    out.write_record(record('fit', 1.0))
    before = own.read_text()

    def full(*_):
        raise OSError(28, 'No space left on device')

    with monkeypatch.context() as patch:
        patch.setattr(os, 'replace', full)
        with pytest.raises(OSError, match='No space'):
            out.write_record(record('fit', 1.0))
    assert own.read_text() == before
    assert [path.name for path in own.parent.iterdir()] == [own.name]
    out.flush()
    assert max(parsed(own).values()) == 2


def test_not_more_names_than_it_can_hold(make, own, monkeypatch):
    """Further names are counted together."""
    monkeypatch.setattr(prometheus, 'MOST_NAMES', 2)
    out = make()
    for name in 'abcd':
        out.write_record(record(name, 1.0))
    counts = {
        k[1].split(',')[0]: v for k, v in parsed(own).items() if k[0].endswith('s_count')
    }
    assert counts == {'name="a"': 1, 'name="b"': 1, 'name="<other>"': 2}


def test_odd_records(make, own):
    """Anything that is not a number is left out; a line without a record is an error."""
    out = make()
    out.write_record(b'{}')
    out.write_record(b'{"call":{"durations":[true,null,"1"],"timings":[5,{"name":"p"}]}}')
    with pytest.raises(ValueError, match='JSON object'):
        out.write_record(b'nonsense')
    assert {v for k, v in parsed(own).items() if k[0].endswith('count')} == {0.0}


def test_with_a_bench(make, own):
    """A bench has it beside other sinks; a copy counts from nothing."""
    out = make(every=3600)
    bench = MicroBenchBase(outputs=[out])
    for _ in range(3):
        bench(len)('')
    bench.flush()
    assert (
        parsed(own)['microbench_duration_seconds_count', f'name="len",pid="{os.getpid()}"']
        == 3
    )
    assert pickle.loads(pickle.dumps(out))._series == {}


@pytest.mark.parametrize(
    'wrong', [{'path': 'jobs.txt'}, {'every': -1}, {'buckets': ()}, {'buckets': (2, 1)}]
)
def test_wrong_arguments(wrong):
    """Each is rejected with a sentence."""
    with pytest.raises(ValueError, match='has to|have to'):
        PrometheusOutput(**{'path': 'jobs.prom', **wrong})


def test_a_missing_folder(tmp_path):
    """look_ahead() says so before the first record."""
    with pytest.raises(FileNotFoundError):
        PrometheusOutput(tmp_path / 'missing' / 'jobs.prom').look_ahead()
