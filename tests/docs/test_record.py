"""The page about the fields of a record, and real records of each kind."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from microbench import FileOutput
from microbench.cli.args.checks import RESERVED

PAGE = Path(__file__).parents[2] / 'docs' / 'record.md'
LISTED = {
    name
    for row in re.findall(r'^\| (`.*?) \| ', PAGE.read_text('utf-8'), re.MULTILINE)
    for name in re.findall(r'`([^`]+)`', row)
}
OF_MIXINS = {'host', 'slurm', 'loaded_modules', 'resource_usage'}  # the default set
ALWAYS = {'mb', 'call'}

PROGRAM = """
import os, signal, sys, time
from microbench import MicroBench

class Bench(MicroBench):
    env_vars = ('HOME',)
    capture_versions = ('psutil',)
    capture_optional = True

    def capture_broken(self, bm_data):
        raise OSError('x')

    @staticmethod
    def monitor(process):
        return {'rss': 1}

bench = Bench('kinds.jsonl', iterations=2)

@bench
def work():
    with bench.time('part'):
        pass

work()
last = MicroBench('kinds.jsonl')
last.record_on_exit('last')
with MicroBench('kinds.jsonl', env={'URL': 'https://me:secret@host/x'}).record('masked'):
    pass
if sys.argv[1] == 'raise':
    raise ValueError('x')
with last.record('killed'):
    last.time('open').__enter__()
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))
"""


def paths(value, path=''):
    """Yield the dotted path of each value, `[]` for the items of a list of objects."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from paths(inner, f'{path}.{name}' if path else name)
    elif value and isinstance(value, list) and isinstance(value[0], dict):
        yield from paths(value[0], f'{path}[]')
    else:
        yield path


def is_listed(path):
    """Return whether the page has a path, or an object or list that holds it."""
    ends = (path, *(path[: found.start()] for found in re.finditer(r'\.|\[\]', path)))
    return any(end in LISTED for end in ends) or path.startswith('env.')


@pytest.fixture(scope='module')
def records(tmp_path_factory):
    """Return records of functions, blocks, processes and commands, with every end."""
    folder = tmp_path_factory.mktemp('kinds')
    for end in ('raise', 'SIGTERM', 'SIGKILL'):
        words = [sys.executable, '-c', PROGRAM, end]
        subprocess.run(words, cwd=folder, stderr=subprocess.DEVNULL, check=False)
    options = ['--stdout=suppress', '--stderr=suppress', '--timeout', '0.1', '-n', '2']
    words = [sys.executable, '-m', 'microbench', '-o', 'kinds.jsonl', *options]
    subprocess.run([*words, '--', 'sleep', '60'], cwd=folder, check=False)
    return FileOutput(folder / 'kinds.jsonl').get_results()


def test_each_field_of_a_record_is_listed(records):
    """No record has a field of microbench's own that the page lacks."""
    found = {path for record in records for path in paths(record)}
    own = {path for path in found if re.split(r'\.|\[', path)[0] not in OF_MIXINS}
    assert sorted(path for path in own if not is_listed(path)) == []
    assert len(records) > 8


def test_a_field_that_is_always_there(records):
    """A row whose last column is empty names a field that every record has."""
    rows = re.findall(r'^\| (`.*?) \| .* \| \|$', PAGE.read_text('utf-8'), re.MULTILINE)
    always = {name for row in rows for name in re.findall(r'`([^`]+)`', row)}
    always -= {'call.command'}  # in the command
    assert 'mb.record_id' in always
    missing = [(name, record) for record in records for name in always - set(paths(record))]
    assert missing == []


def test_reserved_names_are_listed():
    """Names that `--field` rejects are parts of a record, and on the page."""
    tops = {re.split(r'\.|\[', name)[0] for name in LISTED}
    assert set(RESERVED) <= tops
