"""Names and arguments that are not UTF-8, in records that any strict reader takes."""

import io
import json
import os
import subprocess
import sys

import pandas
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microbench import MicroBench, MicroBenchBase
from microbench.encoding.surrogates import with_readable_surrogates
from tests.fakes import ROOT, Kept, readable

ODD = os.fsdecode(b'caf\xe9')
TEXT = st.text(st.characters(exclude_categories=[]) | st.sampled_from('\udce9\\u😀"'))


def strictly(line):
    """Return the value of a line, which has no lone surrogate."""
    value = json.loads(line)
    json.dumps(value, ensure_ascii=False).encode()
    return value


class Written(MicroBenchBase):
    """A bench with JSON of its own, as programs of 2.1.0 have it."""

    def to_json(self, obj):
        return json.dumps(obj)


@given(TEXT)
@example(ODD)
@example('\\\udce9')
@example('\\\\ud83d\ude00')
@example('\ud83d\udce9')
def test_any_text_of_the_stdlib(text):
    """What json.dumps escapes becomes what the native code writes."""
    line = with_readable_surrogates(json.dumps(text).encode())
    assert strictly(line) == readable(text)


@pytest.mark.parametrize('bench', [MicroBenchBase, MicroBench, Written])
@pytest.mark.parametrize('value', [ODD, [ODD], {ODD: ODD}, os.fsencode(ODD), {ODD}])
def test_every_way_of_encoding(bench, value):
    """Plain text, orjson, the stdlib and a user's encoder use one escape."""
    kept = Kept()
    with bench(outputs=[kept], value=value, **{ODD: ODD}).record(ODD):
        pass
    [line] = kept.lines
    record = strictly(line)
    assert record['call']['name'] == record[r'caf\xe9'] == r'caf\xe9'
    assert r'caf\\xe9' in json.dumps(record['value'])


@pytest.fixture(scope='module')
def file(tmp_path_factory):
    """Records of the command in a directory, an environment and words of Latin-1."""
    folder = tmp_path_factory.mktemp('odd') / ODD
    folder.mkdir()
    (folder / f'{ODD}.csv').write_text('data')
    mixins = ('defaults', 'file-hash', 'git-info')
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'MICROBENCH': 'on'}
    env |= {'LOADEDMODULES': f'{ODD}/1', 'SLURM_JOB_ID': '1', 'SLURM_JOB_NAME': ODD}
    words = ('-o', '../out.jsonl', '-m', *mixins, '-f', f'{ODD}={ODD}', '--stdout=suppress')
    for program in ('cat', f'./no-{ODD}'):
        subprocess.run(
            [sys.executable, '-m', 'microbench', *words, '--', program, f'{ODD}.csv'],
            cwd=folder,
            env=env,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    return folder.parent / 'out.jsonl'


def test_each_source(file):
    """Words, directory, names of files and modules, variables and fields may be odd."""
    record, failed = map(strictly, file.read_bytes().splitlines())
    name = r'caf\xe9'
    assert record['call']['command'] == ['cat', f'{name}.csv']
    assert record['call']['working_dir'].endswith(f'/{name}')
    assert f'{name}.csv' in record['file_hashes']
    assert record['loaded_modules'] == {name: '1'}
    assert record['slurm']['job_name'] == record[name] == name
    assert failed['call']['name'] == f'no-{name}'


def lines_of(file):
    """Return both lines, as text for readers in memory."""
    return file.read_bytes()


def by_pandas(file):
    return pandas.read_json(file, lines=True)['slurm'].tolist()


def by_polars(file):
    polars = pytest.importorskip('polars')
    return [dict(row) for row in polars.read_ndjson(lines_of(file))['slurm'].to_list()]


def by_duckdb(file):
    duckdb = pytest.importorskip('duckdb')
    rows = duckdb.execute('select slurm from read_ndjson(?)', [str(file)]).fetchall()
    return [row[0] for row in rows]


def by_pyarrow(file):
    reader = pytest.importorskip('pyarrow.json')
    return reader.read_json(io.BytesIO(lines_of(file)))['slurm'].to_pylist()


@pytest.mark.parametrize('reader', [by_pandas, by_polars, by_duckdb, by_pyarrow])
def test_strict_readers_take_it(file, reader):
    """Strict readers accept the line, and the text stays text."""
    assert [slurm['job_name'] for slurm in reader(file)] == [r'caf\xe9'] * 2
