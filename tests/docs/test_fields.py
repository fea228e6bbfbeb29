"""Each field that a mixin can write is on a page about mixins."""

from pathlib import Path

import pytest

import microbench
from microbench.launchers import OF_A_RANK
from microbench.mixins.nvml import ENERGY, SOURCES
from microbench.mixins.slurm import BY_VARIABLES, OF_A_POD, OF_CONDOR, OF_JOB_AD
from microbench.mixins.usage import FIELDS as OF_USAGE

DOCS = Path(__file__).parents[2] / 'docs'
PAGES = (
    'mixins',
    'machine-and-job',
    'packages',
    'gpus',
    'which-program',
    'stability',
    'counters',
)
TEXT = '\n'.join((DOCS / f'{page}.md').read_text('utf-8') for page in PAGES)
NEED_MORE = ('MBLineProfiler', 'MBGpu', 'MBNvidiaSmi', 'MBCondaPackages')


def is_described(path):
    """Return whether a page has the dotted path in code font, or its last name."""
    return any(f'`{name}`' in TEXT for name in (path, path.rpartition('.')[2]))


@pytest.mark.parametrize('field', [name for names in SOURCES for name in names.split()])
def test_fields_of_a_gpu(field):
    """The fields of the table of sources are on the page."""
    assert is_described(field)
    assert ENERGY.keys() <= SOURCES.keys()


@pytest.mark.parametrize('field', [entry[0] for entry in BY_VARIABLES])
def test_schedulers(field):
    """Each scheduler has a row."""
    assert f'`{field}`' in TEXT


@pytest.mark.parametrize(
    'field', [*OF_A_RANK, *OF_USAGE, *OF_CONDOR.values(), *OF_JOB_AD.values()]
)
def test_names_in_objects(field):
    """Names of ranks, resource usage and job ads are on the page."""
    assert is_described(field)


@pytest.mark.parametrize('field', OF_A_POD.values())
def test_names_of_a_pod(field):
    """Names that Kubernetes gives by variables are on the page."""
    assert is_described(field)


def test_fields_of_a_record():
    """A real record has no field of a mixin that the pages lack."""
    names = [name for name in microbench.__all__ if name.startswith('MB')]
    mixins = [getattr(microbench, name) for name in names if name not in NEED_MORE]
    bench = type('Bench', (microbench.MicroBench, *mixins), {'capture_optional': True})()
    bench(lambda: None)()
    record = bench.get_results()[0]
    found = {'file_hashes': {}, **record}
    for values in ('file_hashes', 'slurm', 'loaded_modules', 'resource_usage', 'mb'):
        found[values] = None
    paths = [name for name in found if name not in ('mb', 'call')]
    for name, values in found.items():
        if isinstance(values, dict) and name != 'call':
            paths += [f'{name}.{key}' for key in values]
    captured = ('args', 'kwargs', 'return_value', 'working_dir', 'peak_memory_bytes')
    paths += [f'call.{name}' for name in captured if name in record['call']]
    assert len(paths) > 15
    assert [path for path in paths if not is_described(path)] == []
