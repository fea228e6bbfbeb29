"""Static fields that look like mistyped parameters of a bench."""

import datetime as dt
import inspect
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from microbench import FileOutput, MicroBench, MicroBenchBase
from microbench.core.arguments import SPELLINGS
from microbench.core.near_parameters import MEANT, PARAMETERS
from tests.fakes import only

# a field, and the parameter that it may mean
NEAR = [
    ({'iteration': 5}, 'iterations'),
    ({'Iterations': 5}, 'iterations'),
    ({'itertions': 5}, 'iterations'),
    ({'warm_up': 1}, 'warmup'),
    ({'warmups': 1}, 'warmup'),
    ({'evry': 1000}, 'every'),
    ({'smaple': 0.5}, 'sample'),
    ({'output': 'x.jsonl'}, 'outfile'),
    ({'out_file': Path('x.jsonl')}, 'outfile'),
    ({'output': []}, 'outputs'),
    ({'ouputs': [FileOutput()]}, 'outputs'),
    ({'TZ': dt.timezone.utc}, 'tz'),
    ({'time_zone': dt.timezone.utc}, 'tz'),
    ({'jsonencoder': json.JSONEncoder}, 'json_encoder'),
    ({'duration_counters': time.perf_counter_ns}, 'duration_counter'),
    ({'on_output_errors': 'raise'}, 'on_output_error'),
    ({'jornal': 'off'}, 'journal'),
    ({'duration': 'histogram'}, 'durations'),
    ({'max_values': 1000}, 'max_value'),
    ({'min_tim': 0.5}, 'min_time'),
    ({'precison': 0.01}, 'precision'),
]

# fields whose name is near, but whose value no such parameter can have
UNSUITABLE = [
    {'samples': 1000},
    {'simple': True},
    {'sampled': 2.5},
    {'duration': 0.25},
    {'outputs_': 3},
    {'tx': 'UTC'},
    {'output': 1.5},
    {'iteration': 'first'},
    {'maxvalue': 2.5},
]


class Classless:
    """An object whose class cannot be asked for."""

    @property
    def __class__(self):
        raise RuntimeError('mine')


FAR = [
    {'experiment': 'baseline'},
    {'n': 5},
    {'size': 1000},
    {'dataset': 'iris'},
    {'t': 1, 'z': 2},
    {'events': 10},
    {'_iterations': 5, 'iterations_per_second': 5},
]


def named(case):
    """Return a case as the id of a test."""
    return repr(case)[:40]


@pytest.mark.parametrize('cls', [MicroBench, MicroBenchBase])
@pytest.mark.parametrize(('fields', 'parameter'), NEAR, ids=named)
def test_the_parameter_meant_is_named(cls, fields, parameter):
    """A warning at the caller's line names field and parameter, and how to avoid it."""
    [name] = fields
    with pytest.warns(UserWarning, match=f'the parameter {parameter} meant') as caught:
        line = inspect.currentframe().f_lineno + 1
        cls(**fields)
    [warning] = caught
    assert warning.category is UserWarning
    assert (warning.filename, warning.lineno) == (__file__, line)
    assert str(warning.message).startswith(f'{name}=')
    assert f'add_fields({name}=...)' in str(warning.message)


def test_it_is_still_a_field():
    """The field is stored, as 2.1.0 does, and changes nothing else."""
    with pytest.warns(UserWarning, match='iterations'):
        bench = MicroBench(iteration=5)
    bench(len)('')
    record = only(bench.get_results())
    assert record['iteration'] == 5
    assert len(record['call']['durations']) == 1


def test_each_field_has_its_warning():
    """Two mistyped parameters are two warnings."""
    with pytest.warns(UserWarning, match='is stored') as caught:
        MicroBench(output='x.jsonl', experiment='a', iteration=5)
    assert [str(each.message).split('=')[0] for each in caught] == ['output', 'iteration']


@pytest.mark.parametrize(
    'fields', [*UNSUITABLE, *FAR, {'iteration': Classless()}], ids=named
)
def test_other_fields_are_silent(fields):
    """A name that is far, or a value that no such parameter has, gives no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        MicroBench(**fields)


def test_fields_added_later_are_silent():
    """With `add_fields`, a field is meant."""
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        bench = MicroBench()
        bench.add_fields(iteration=5, output='x')
    bench(len)('')
    assert only(bench.get_results())['output'] == 'x'


def test_a_value_without_text():
    """A long value is cut, one whose repr fails is named by its type."""

    class Odd:
        def __index__(self):
            return 1

        def __repr__(self):
            raise RuntimeError('mine')

    with pytest.warns(UserWarning, match='iteration=<Odd without text> is stored'):
        MicroBench(iteration=Odd())
    with pytest.warns(UserWarning, match='meant') as caught:
        MicroBench(output='x' * 1000)
    assert len(str(caught[0].message)) < 400


def test_every_parameter_is_known():
    """The parameters are those of the constructor, and the quick test has all names."""
    parameters = inspect.signature(MicroBench).parameters
    assert {*parameters} - {'static_fields'} == PARAMETERS
    assert sorted(MEANT) == sorted(SPELLINGS)


def test_what_is_far_loads_nothing():
    """A bench with fields that look like no parameter loads neither of the modules."""
    program = (
        'import sys; from microbench import MicroBench\n'
        'MicroBench(experiment="baseline", n=1000, dataset="iris")\n'
        'print([m for m in sys.modules if "near_param" in m or "spelling" in m])'
    )
    done = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, check=True
    )
    assert done.stdout == '[]\n'
