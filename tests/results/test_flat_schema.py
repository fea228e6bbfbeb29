"""Records of before 2.0 in the schema of today."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench.results.flat_schema import MOVED, converted, is_flat_schema

# What version 1.1.0 wrote, with all of its mixins; names of the machine are replaced.
OLD = {
    'experiment': 'baseline',
    'mb_run_id': '03cf824b-d392-46b1-a5d6-e387fe006cf4',
    'mb_version': '1.1.0',
    'timestamp_tz': 'UTC',
    'duration_counter': 'perf_counter',
    'args': [1],
    'kwargs': {'y': 2},
    'function_name': 'f',
    'hostname': 'node07',
    'operating_system': 'linux',
    'cpu_cores_logical': 2,
    'cpu_cores_physical': 1,
    'ram_total': 25276502016,
    'python_executable': '/opt/python/bin/python',
    'python_version': '3.11.7',
    'env_HOME': '/home',
    'env_NOPE': None,
    'package_versions': {'numpy': '2.4.6'},
    'conda_versions': {'numpy': '2.1.0py312h0abc123_4'},
    'nvidia_gpu_name': {'GPU-aaa': 'Tesla V100', 'GPU-bbb': 'Tesla V100'},
    'nvidia_memory.total': {'GPU-aaa': '16160 MiB', 'GPU-bbb': '16160 MiB'},
    'telemetry': [{'timestamp': '2026-11-23T03:03:36.147826+00:00', 'rss': 74883072}],
    'line_profiler': 'gASV',
    'run_durations': [2.1430005290312693e-06, 4.3100044422317296e-07],
    'start_time': '2026-11-23T03:03:36.137690+00:00',
    'finish_time': '2026-11-23T03:03:36.137705+00:00',
    'return_value': 3,
}

NEW = {
    'mb': {
        'run_id': '03cf824b-d392-46b1-a5d6-e387fe006cf4',
        'version': '1.1.0',
        'timezone': 'UTC',
        'duration_counter': 'perf_counter',
        'schema': 3,
    },
    'call': {
        'invocation': 'Python',
        'args': [1],
        'kwargs': {'y': 2},
        'name': 'f',
        'monitor': [{'timestamp': '2026-11-23T03:03:36.147826+00:00', 'rss': 74883072}],
        'line_profiler': 'gASV',
        'durations': [2.1430005290312693e-06, 4.3100044422317296e-07],
        'start_time': '2026-11-23T03:03:36.137690+00:00',
        'finish_time': '2026-11-23T03:03:36.137705+00:00',
        'return_value': 3,
    },
    'experiment': 'baseline',
    'host': {
        'hostname': 'node07',
        'os': 'linux',
        'cpu_cores_logical': 2,
        'cpu_cores_physical': 1,
        'ram_total': 25276502016,
    },
    'python': {
        'executable': '/opt/python/bin/python',
        'version': '3.11.7',
        'loaded_packages': {'numpy': '2.4.6'},
    },
    'env': {'HOME': '/home', 'NOPE': None},
    'conda': {'packages': {'numpy': '2.1.0py312h0abc123_4'}},
    'nvidia': [
        {'uuid': 'GPU-aaa', 'gpu_name': 'Tesla V100', 'memory.total': '16160 MiB'},
        {'uuid': 'GPU-bbb', 'gpu_name': 'Tesla V100', 'memory.total': '16160 MiB'},
    ],
}


def test_every_field_of_1_1_0_has_its_place():
    """The old record stays as it was; the new one can be found in a damaged line."""
    old = copy.deepcopy(OLD)
    new = converted(old)
    assert (new, old) == (NEW, OLD)
    assert json.dumps(new, separators=(',', ':')).startswith('{"mb":{"run_id":"')
    assert not is_flat_schema(new)


def test_packages_that_were_installed():
    """Paths were only ever written for installed distributions."""
    old = {**OLD, 'package_paths': {'numpy': '/opt'}}
    assert converted(old)['python']['installed_packages'] == {'numpy': '2.4.6'}
    assert converted(old)['python']['installed_package_paths'] == {'numpy': '/opt'}


@pytest.mark.parametrize(
    ('record', 'flat'),
    [
        (OLD, True),
        (NEW, False),
        ({}, False),
        ({'function_name': 'a static field'}, False),
        ({'function_name': 'f', 'run_durations': [], 'call': 'a field'}, True),
        ({'function_name': 'f', 'run_durations': [], 'call': {}}, False),
        ({'function_name': 'f', 'run_durations': [], 'mb': {}}, False),
    ],
)
def test_which_records_are_flat(record, flat):
    """Records with both marks and without today's namespaces are flat."""
    assert is_flat_schema(record) is flat


def test_static_fields_called_like_a_namespace():
    """Fields with such names are renamed, and nothing is overwritten."""
    fields = {'host': 'x', 'host_': 'y', 'env': 1, 'env_': 2, 'call': 3, 'nvidia': 4}
    new = converted({**OLD, **fields})
    names = ('host__', 'host_', 'env__', 'env_', 'call_', 'nvidia_')
    assert [new[name] for name in names] == ['x', 'y', 1, 2, 3, 4]
    assert new['host']['hostname'] == 'node07'


def test_a_field_that_looks_like_a_gpu():
    """Only what is listed by device is one."""
    new = converted({**OLD, 'nvidia_note': {'quiet': True}, 'nvidia_empty': {}})
    assert (new['nvidia_note'], new['nvidia_empty']) == ({'quiet': True}, {})


names = st.sampled_from([*MOVED, 'package_versions', 'package_paths', 'nvidia_x'])
odd = st.sampled_from(['mb', 'host', 'host_', 'env_', 'env_A', 'A', 'nvidia', 'python'])
values = st.integers() | st.dictionaries(st.sampled_from(['GPU-a', 'b']), st.integers())


def leaves(value):
    """Return all numbers in a value."""
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value] if isinstance(value, int) else []


@given(st.dictionaries(names | odd | st.text(), values))
def test_nothing_is_lost(record):
    """Each value of any flat record is in the converted one."""
    assert sorted(leaves(converted(record))) == sorted([*leaves(record), 3])
