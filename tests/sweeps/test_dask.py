"""Dask: a record for each task of its workers, and sweeps by its clients."""

import pytest

import microbench
from microbench import FileOutput
from tests.sweeps import functions

distributed = pytest.importorskip('distributed')
pytestmark = [
    pytest.mark.filterwarnings('ignore::DeprecationWarning'),
    pytest.mark.filterwarnings('ignore::ResourceWarning'),
]


@pytest.mark.parametrize('processes', [False, True], ids=['threads', 'processes'])
def test_tasks_and_sweeps(tmp_path, processes):
    """The plugin records each task that ran; a sweep keeps its own records, too."""
    from microbench.sweeps.dask import RecordTasks

    path = tmp_path / 'tasks.jsonl'
    options = {'n_workers': 1, 'threads_per_worker': 2, 'dashboard_address': None}
    with (
        distributed.LocalCluster(processes=processes, **options) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.register_plugin(RecordTasks(str(path)))
        assert client.gather(client.map(functions.double, [1, 2])) == [2, 4]
        assert str(client.submit(functions.raise_with, 3).exception()) == 'no 3'
        result = microbench.sweep(functions.double, {'n': [1, 13]}, client)
    assert [point.value for point in result] == [2, None]
    assert [r['sweep']['index'] for r in result.records] == [0, 1]
    records = FileOutput(path).get_results()
    found = {record['dask']['key']: record for record in records}
    assert len(found) == len(records)
    assert sorted(r['call']['name'] for r in records)[:3] == [
        'double',
        'double',
        'raise_with',
    ]
    for record in records:
        assert record['dask']['worker'].startswith('tcp://' if processes else 'inproc://')
        assert record['call']['durations'][0] >= 0
        assert {'host', 'process', 'python'} <= record.keys()
        assert 'resource_usage' not in record
    [failed] = [r for r in records if r['call']['name'] == 'raise_with']
    assert failed['exception'] == {'type': 'ValueError', 'message': 'no 3'}
