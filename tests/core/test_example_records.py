"""Whole records: names and types of all fields, as consumers find them."""

import sys

import numpy
import pytest

import microbench
from microbench import (
    MBFunctionCall,
    MBHostInfo,
    MBPeakMemory,
    MBResourceUsage,
    MBReturnValue,
    MicroBench,
)
from microbench.mixins import surroundings
from microbench.mixins.python import build
from tests.core.test_observed import COUNTED
from tests.fakes import Ticking, only, shape

MB = {
    'timezone': 'UTC',
    'duration_counter': 'perf_counter',
    'run_id': str,
    'version': microbench.__version__,
    # since 3.0
    'schema': 3,
    'record_id': str,
    'clock': {
        'name': str,
        'source': str,
        'resolution_ns': int,
        'overhead_ns': int,
    },
}
PYTHON = {
    'version': '.'.join(map(str, sys.version_info[:3])),
    'build': build(),
    'prefix': sys.prefix,
    'executable': sys.executable,
}
USAGE = {
    **dict.fromkeys(['utime', 'stime'], float),
    **dict.fromkeys(['minflt', 'majflt', 'inblock', 'oublock', 'nvcsw', 'nivcsw'], int),
}
DELAY = {'run_delay': float} if COUNTED else {}  # Linux counts it
MOMENT = str


class Solver(
    *(MicroBench, MBFunctionCall, MBReturnValue),
    *(MBHostInfo, MBResourceUsage, MBPeakMemory),
):
    """Nearly everything at once; one capture fails."""

    env_vars = ('OMP_NUM_THREADS', 'UNSET_VAR')
    capture_versions = (numpy,)
    capture_optional = True

    def capture_license(self, bm_data):
        bm_data['license'] = {}['LICENSE_HOST']


def test_a_decorated_call(monkeypatch):
    """A call with two iterations, nested phases and a failing capture is recorded."""
    monkeypatch.setenv('OMP_NUM_THREADS', '8')
    monkeypatch.delenv('UNSET_VAR', raising=False)
    bench = Solver(iterations=2, experiment='baseline')

    @bench
    def solve(size, tolerance):
        with bench.time('iterate'), bench.time('factorise'):
            return {'residual': tolerance}

    assert solve(12, tolerance=0.5) == {'residual': 0.5}
    record = only(bench.get_results())
    phases = [{'name': name, 'duration': float} for name in ('factorise', 'iterate')]
    expected = {
        'experiment': 'baseline',
        'mb': MB,
        'call': {
            'invocation': 'Python',
            'args': [12],
            'kwargs': {'tolerance': 0.5},
            'name': 'solve',
            'module': __name__,
            'qualname': 'test_a_decorated_call.<locals>.solve',
            'line': solve.__wrapped__.__code__.co_firstlineno,
            'capture_errors': [
                {'method': 'capture_license', 'error': "KeyError: 'LICENSE_HOST'"}
            ],
            'durations': [float, float],
            'start_time': MOMENT,
            'timings': phases * 2,
            'finish_time': MOMENT,
            'peak_memory_bytes': int,
            'return_value': {'residual': 0.5},
            # since 3.0
            'timings_iteration': [0, 0, 1, 1],
            'slowed_by': ['tracemalloc'],
        },
        'env': {'OMP_NUM_THREADS': '8', 'UNSET_VAR': None},
        'python': {'loaded_packages': {'numpy': numpy.__version__}, **PYTHON},
        'resource_usage': [USAGE, USAGE],
        **surroundings.fields(None),
    }
    assert shape(record, expected) == expected


@pytest.mark.parametrize('form', ['text', 'dict'])
def test_a_block_that_raises(form):
    """A block that raises records its phases, the last cut short, and the exception."""
    bench = MicroBench()
    if form == 'dict':
        bench.capture_nothing = lambda bm_data: None
    with pytest.raises(ValueError, match='singular'), bench.record('pipeline'):
        with bench.time('read'):
            pass
        with bench.time('fit'):
            raise ValueError('matrix is singular')
    record = only(bench.get_results())
    expected = {
        'call': {
            'name': 'pipeline',
            'invocation': 'Python',
            'durations': [float],
            'start_time': MOMENT,
            'timings': [
                {'name': 'read', 'duration': float},
                {'name': 'fit', 'duration': float},
            ],
            'finish_time': MOMENT,
            # since 3.0
            'load_average': float,
            **DELAY,
        },
        'mb': MB,
        'python': PYTHON,
        'resource_usage': [USAGE],
        **surroundings.fields(None),
        'exception': {'type': 'ValueError', 'message': 'matrix is singular'},
    }
    assert shape(record, expected) == expected


def test_a_counter_of_ones_own():
    """The record holds its name and raw readings, and does not describe perf_counter."""
    bench = MicroBench(duration_counter=Ticking(), tz=None)
    bench(len)('')
    record = only(bench.get_results())
    assert {**record['mb'], 'run_id': 0, 'record_id': 0} == {
        'timezone': 'None',
        'duration_counter': 'Ticking',
        'version': microbench.__version__,
        'schema': 3,
        'run_id': 0,
        'record_id': 0,
    }
    assert record['call']['durations'] == [1.0]
