"""The example's totals against an independent count."""

import json
import re
from itertools import groupby

import pytest

from examples import text_pipeline

# What is easy to miscount: no last newline, CRLF, form feed, line separator, letters
# beyond ASCII, nothing at all.
SAMPLE = {
    'plain.py': b'import os\nprint(os.name)\n',
    'no_last_newline.py': b'x = 1\ny = 22',
    'crlf.py': b'one\r\ntwo three\r\n',
    'form_feed.py': b'first\x0csecond\n# \xe2\x80\xa8 rest\n',
    'letters.py': 'größe_2 = "λόγος", "²"\n'.encode(),
    'empty.py': b'',
}
TOTALS = text_pipeline.Totals(files=6, lines=9, words=18)


@pytest.fixture
def sample(tmp_path):
    """Return the paths of the sample files."""
    directory = tmp_path / 'sample'
    directory.mkdir()
    for name, contents in SAMPLE.items():
        (directory / name).write_bytes(contents)
    return sorted(directory.iterdir())


def is_part_of_a_word(character):
    """Return whether a character belongs to a word, without a regular expression."""
    return character == '_' or character.isalnum()


def counted_by_bytes(paths):
    """Return the totals from the bytes of the files, without lines or matching."""
    lines = words = 0
    for path in paths:
        contents = path.read_bytes()
        lines += contents.count(b'\n') + bool(contents and contents[-1] != 10)
        runs = groupby(contents.decode(), is_part_of_a_word)
        words += sum(inside for inside, _ in runs)
    return text_pipeline.Totals(len(paths), lines, words)


def records_in(directory):
    """Return the records of a run of the example, by name."""
    lines = (directory / 'records.jsonl').read_text(encoding='ascii').splitlines()
    return {record['call']['name']: record for record in map(json.loads, lines)}


def test_the_totals_of_a_sample_are_known(sample, tmp_path):
    """Both counts give the numbers that a person counts."""
    assert text_pipeline.run(sample, tmp_path) == TOTALS
    assert counted_by_bytes(sample) == TOTALS


def test_the_totals_of_the_standard_library_are_right(tmp_path):
    """The example's real input gives the same totals in both counts."""
    paths = text_pipeline.standard_library()
    assert len(paths) > 100
    assert text_pipeline.run(paths, tmp_path) == counted_by_bytes(paths)


def test_the_table_holds_every_word_once(sample, tmp_path):
    """The counts in the output add up to the words, the most frequent first."""
    text_pipeline.run(sample, tmp_path)
    table = (tmp_path / 'words.tsv').read_text(encoding='utf-8').splitlines()
    rows = [re.fullmatch(r'(\d+)\t(\w+)', row).groups() for row in table]
    counts = [int(count) for count, _ in rows]
    assert sum(counts) == TOTALS.words
    assert counts == sorted(counts, reverse=True)
    assert len({word for _, word in rows}) == len(rows)
    assert rows[0] == ('2', 'os')


def test_each_way_of_running_leaves_one_record(sample, tmp_path):
    """Phases, iterations and usage are in the records, as the code says."""
    text_pipeline.run(sample, tmp_path)
    records = records_in(tmp_path)
    assert list(records) == ['tokenise_again', 'pipeline_in_threads', 'pipeline']
    for name in ('pipeline', 'pipeline_in_threads'):
        phases = [phase['name'] for phase in records[name]['call']['timings']]
        assert phases == ['read', 'tokenise', 'count', 'write']
        assert len(records[name]['resource_usage']) == 1
    again = records['tokenise_again']
    assert len(again['call']['durations']) == len(again['resource_usage']) == 5
    assert 'timings' not in again['call']
    assert {record['example'] for record in records.values()} == {'text pipeline'}


def test_it_runs_as_a_program(run_module, tmp_path):
    """`python -m examples.text_pipeline DIRECTORY` makes the directory and fills it."""
    printed = run_module('examples.text_pipeline', str(tmp_path / 'new'))
    assert re.match(r'\d+ files, \d+ lines, \d+ words\n', printed)
    assert len(printed.splitlines()) == 4
    assert len(records_in(tmp_path / 'new')) == 3
