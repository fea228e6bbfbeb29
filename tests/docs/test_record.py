"""The page about the fields of a record, what is made of it, and records of each kind."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import microbench
from docs import fields
from microbench import FileOutput
from microbench.cli.args.checks import RESERVED

PAGE = Path(__file__).parents[2] / 'docs' / 'record.md'
LISTED = {
    name
    for row in re.findall(r'^\| (`.*?) \| ', PAGE.read_text('utf-8'), re.MULTILINE)
    for name in re.findall(r'`([^`]+)`', row)
}
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
    assert sorted(path for path in found if not is_listed(path)) == []
    assert len(records) > 8


def test_a_field_that_is_always_there(records):
    """A row whose last column is empty names a field that every record has."""
    rows = re.findall(r'^\| (`.*?) \| .* \| \|$', PAGE.read_text('utf-8'), re.MULTILINE)
    always = {name for row in rows for name in re.findall(r'`([^`]+)`', row)}
    always -= {'call.command'}  # in the command
    assert always == {field.path for field in fields.fields() if field.always}
    assert 'mb.record_id' in always
    missing = [(name, record) for record in records for name in always - set(paths(record))]
    assert missing == []


def test_reserved_names_are_listed():
    """Names that `--field` rejects are parts of a record, and on the page."""
    tops = {re.split(r'\.|\[', name)[0] for name in LISTED}
    assert set(RESERVED) <= tops


# --- the schema and the types -------------------------------------------------------------


@pytest.mark.parametrize('path', fields.FILES, ids=lambda path: path.name)
def test_files_are_made_from_the_page(path):
    """They are up to date; otherwise run `python -m docs.reference`."""
    assert path.read_text('utf-8') == fields.FILES[path]()


@pytest.fixture(scope='module')
def validator():
    """Return a validator of the schema in the package."""
    jsonschema = pytest.importorskip('jsonschema')
    schema = json.loads(
        Path(microbench.__file__).with_name('record.schema.json').read_text()
    )
    cls = jsonschema.validators.validator_for(schema)
    cls.check_schema(schema)
    return cls(schema)


def complaints(validator, record):
    """Return what the schema says against a record."""
    return [
        f'{error.json_path}: {error.message}' for error in validator.iter_errors(record)
    ]


def test_real_records_are_valid(validator, records):
    """Records of functions, blocks, processes and commands, with every end."""
    assert {r.get('exit_path') for r in records} >= {None, 'recovered'}
    assert [text for record in records for text in complaints(validator, record)] == []


def test_records_of_mixins_are_valid(validator):
    """Records of mixins that need no other program, of histograms and of counts."""
    names = [name for name in microbench.__all__ if name.startswith('MB')]
    names = set(names) - {'MBGpu', 'MBNvidiaSmi', 'MBCondaPackages', 'MBLineProfiler'}
    mixins = [getattr(microbench, name) for name in sorted(names)]
    kinds = {'capture_optional': True, 'capture_paths': True}
    cls = type('Bench', (microbench.MicroBench, *mixins), kinds)
    for options in ({'iterations': 2}, {'durations': 'histogram'}, {'every': 2}):
        bench = cls(own={'any': [1, None]}, **options)
        function = bench(lambda value: [value])
        function(1), function(2), function(3)
        records = bench.get_results()
        assert [text for record in records for text in complaints(validator, record)] == []


def test_records_of_the_line_profiler_are_valid(validator):
    """A profile of lines has the types of the page."""
    pytest.importorskip('line_profiler')

    class Lines(microbench.MicroBench, microbench.MBLineProfiler):
        capture_optional = True

    bench = Lines()

    @bench
    def work():
        return 1

    work()
    [record] = bench.get_results()
    assert complaints(validator, record) == []


@pytest.mark.parametrize(
    ('change', 'complaint'),
    [
        ({'mb': {}}, "$.mb: 'run_id' is a required property"),
        ({'call': 7}, "$.call: 7 is not of type 'object'"),
        ({'resource_usage': [{'utime': 'x'}]}, "$.resource_usage[0].utime: 'x' is not of"),
        ({'env': {'HOME': 7}}, "$.env.HOME: 7 is not of type 'string', 'null'"),
        ({'exception': {'type': 'X'}}, "$.exception: 'message' is a required property"),
    ],
)
def test_what_is_no_record(change, complaint, validator, records):
    """The schema rejects values of another type, and records without what all have."""
    found = complaints(validator, {**records[0], **change})
    assert any(text.startswith(complaint) for text in found), found


def test_the_types_and_the_schema_have_the_same_fields():
    """Each object of the schema is a class, with the same fields that are always there."""
    schema = json.loads(fields.schema())
    classes = vars(importlib.import_module('microbench.record'))

    def compare(schema, cls):
        assert set(cls.__annotations__) == set(schema['properties'])
        assert cls.__required_keys__ == set(schema.get('required', ()))
        for name, inner in schema['properties'].items():
            inner = inner.get('items', inner)
            names = [
                c
                for n, c in classes.items()
                if n.lower() == (cls.__name__ + name.replace('_', '')).lower()
            ]
            assert bool(names) == ('properties' in inner)
            for found in names:
                compare(inner, found)

    compare(schema, microbench.Record)
