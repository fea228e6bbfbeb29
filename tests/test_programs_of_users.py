"""Programs written for 2.1.0 work, from the bench to the analysis."""

import asyncio
import contextlib
import warnings

import igraph
import pandas
import pytest

import microbench as mb
from microbench import FileOutput, MBCondaPackages, MBNvidiaSmi, MicroBench
from microbench.diff import envdiff
from tests.fakes import call_of, only


def names_of_timings(bench):
    """Return the names of the phases of the only record; None without any."""
    timings = call_of(bench).get('timings')
    return timings and [timing['name'] for timing in timings]


# --- phases -----------------------------------------------------------------------------


def work_through(bench):
    """Run a pipeline of three phases."""
    with bench.time('parse'):
        data = [int(number) for number in ['3', '1', '2']]
    with bench.time('transform'):
        result = sorted(data)
    with bench.time('write'):
        return ' '.join(map(str, result))


def by_block(bench):
    with bench.record('pipeline'):
        return work_through(bench)


def by_call(bench):
    return bench(work_through)(bench)


def by_coroutine(bench):
    @bench
    async def pipeline():
        return work_through(bench)

    return asyncio.run(pipeline())


def by_async_block(bench):
    async def main():
        async with bench.arecord('pipeline'):
            return work_through(bench)

    return asyncio.run(main())


@pytest.mark.parametrize('way', [by_block, by_call, by_coroutine, by_async_block])
def test_a_pipeline_of_phases(way):
    """Three phases share one record, in the order in which they ended."""
    bench = MicroBench()
    assert way(bench) == '1 2 3'
    assert names_of_timings(bench) == ['parse', 'transform', 'write']


def test_a_pipeline_without_phases():
    """A record without phases has no key for them."""
    bench = MicroBench()
    with bench.record('pipeline'):
        pass
    assert 'timings' not in call_of(bench)


def test_a_phase_in_each_iteration():
    """With three iterations the phase is there three times."""
    bench = MicroBench(iterations=3)

    @bench
    def pipeline():
        with bench.time('step'):
            pass

    pipeline()
    assert names_of_timings(bench) == ['step'] * 3


# --- failures ---------------------------------------------------------------------------


class SolverError(Exception):
    """An error as of a numerical library."""


def test_failed_calls_are_found_by_their_exception(tmp_path):
    """Pandas reads the file, and separates records that raised from those that did not."""
    path = tmp_path / 'results.jsonl'
    bench = MicroBench(path)

    @bench
    def risky_step(fails):
        if fails:
            raise SolverError('convergence failed')

    for fails in (False, True, False):
        with contextlib.suppress(SolverError):
            risky_step(fails)
    results = pandas.read_json(path, lines=True)
    failed = results[results['exception'].notna()]
    assert list(failed.index) == [1]
    assert failed['exception'][1] == {
        'type': 'SolverError',
        'message': 'convergence failed',
    }


def test_captures_that_cannot_work_here(monkeypatch, tmp_path):
    """Without nvidia-smi and conda the call goes on, and the record says why."""
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.delenv('CONDA_EXE', raising=False)

    class Bench(MicroBench, MBNvidiaSmi, MBCondaPackages):
        capture_optional = True

    bench = Bench()
    assert bench(len)('abc') == 3
    missing = "FileNotFoundError: [Errno 2] No such file or directory: '{}'"
    assert call_of(bench)['capture_errors'] == [
        {'method': 'capture_conda_packages', 'error': missing.format('conda')},
        {'method': 'capture_nvidia', 'error': missing.format('nvidia-smi')},
    ]


# --- values of one's own ----------------------------------------------------------------


class GraphEncoder(mb.JSONEncoder):
    """An encoder for graphs of igraph; everything else as ever."""

    def default(self, o):
        if isinstance(o, igraph.Graph):
            return str(o)
        return super().default(o)


class Returning(mb.MicroBench, mb.MBReturnValue):
    """A bench that keeps what functions return."""


def make_graph():
    """Return a graph of three vertices."""
    return igraph.Graph(3, ((0, 1), (0, 2)))


def test_graphs_with_an_encoder():
    """The record has the text of the graph, without a warning."""
    bench = Returning(json_encoder=GraphEncoder)
    graph = bench(make_graph)()
    assert graph.ecount() == 2
    assert call_of(bench)['return_value'] == str(graph)
    assert 'IGRAPH U--- 3 2' in str(graph)


def test_graphs_without_an_encoder():
    """A graph is a placeholder with one warning; the caller has the graph."""
    bench = Returning()
    with pytest.warns(mb.JSONEncodeWarning, match='Graph') as caught:
        graph = bench(make_graph)()
    assert len(caught) == 1
    assert graph.ecount() == 2
    assert call_of(bench)['return_value'] == '__unencodable_as_json__'


# --- comparing --------------------------------------------------------------------------


def test_the_slowest_and_the_fastest(tmp_path, monkeypatch):
    """Two rows of a flat table are side by side, with differences in red."""
    path = tmp_path / 'results.jsonl'
    for host, seconds in (('node07', 9.0), ('node08', 2.0), ('node09', 5.0)):
        bench = MicroBench(path, duration_counter=iter([0.0, seconds]).__next__, node=host)
        bench(len)('')
    table = pandas.DataFrame(FileOutput(path).get_results(flat=True))
    total = table['call.durations'].apply(sum)
    slowest, fastest = table.loc[total.idxmax()], table.loc[total.idxmin()]
    shown = []
    display = pytest.importorskip('IPython.display')
    monkeypatch.setattr(display, 'display', shown.append)
    assert envdiff(slowest, fastest) is None
    html = only(shown).data
    for word in ('&quot;node07&quot;', '&quot;node08&quot;'):
        assert f'node: <span style="color: red;">{word}</span>' in html
    assert 'node09' not in html
    assert '<div>call.name: &quot;len&quot;</div>' in html


def test_a_whole_session_warns_of_nothing(tmp_path):
    """Timing, reading and summing up print only the requested line."""
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        bench = MicroBench(tmp_path / 'results.jsonl', iterations=4)
        bench(len)('')
        assert len(bench.get_results('df', flat=True)) == 1
        bench.summary()
