"""A file cut at any byte: its complete records are read, and so is the next one."""

import pytest

from microbench import FileOutput, MicroBenchBase
from microbench.results.reading import Lines


@pytest.fixture(scope='module')
def contents():
    """Return a file of five records of different lengths."""
    bench = MicroBenchBase()
    for n in range(5):
        bench.add_fields(text='\N{EURO SIGN}"\\\n' * n)
        with bench.record(f'{n}'):
            pass
    return bench._bench_config.delivery.sinks[0].outfile.getvalue().encode()


def read(contents):
    """Return names of the records, and how many lines are damaged."""
    lines = Lines(contents.split(b'\n'))
    return [record['call']['name'] for record in lines], lines.damaged


def whole_lines(contents, size):
    """Return how many records the first bytes hold; the last may lack its newline."""
    ends = [i for i, byte in enumerate(contents) if byte == ord('\n')]
    return sum(end <= size for end in ends), size in {0, *ends, *(e + 1 for e in ends)}


def test_every_prefix_loads_its_records(contents):
    """Wherever the file ends, complete records are read."""
    for size in range(len(contents) + 1):
        count, is_clean = whole_lines(contents, size)
        expected = [str(n) for n in range(count)]
        assert read(contents[:size]) == (expected, not is_clean), size


def test_every_prefix_goes_on(contents, tmp_path):
    """A record that this process appends to it is on a line of its own."""
    path = tmp_path / 'records.jsonl'
    more = contents.splitlines()[0].replace(b'"name":"0"', b'"name":"more"')
    for size in range(len(contents) + 1):
        path.write_bytes(contents[:size])
        out = FileOutput(path)
        out.write_record(more)
        out.close()
        count, is_clean = whole_lines(contents, size)
        expected = [*(str(n) for n in range(count)), 'more']
        assert read(path.read_bytes()) == (expected, not is_clean), size
        assert path.read_bytes().endswith(b'\n' * (size > 0) + more + b'\n')


def test_every_prefix_with_a_record_glued_to_it(contents):
    """Another writer that does not check costs no record either."""
    more = contents.splitlines()[0].replace(b'"name":"0"', b'"name":"more"')
    for size in range(len(contents) + 1):
        count, _ = whole_lines(contents, size)
        names, _ = read(contents[:size] + more + b'\n')
        assert names == [*(str(n) for n in range(count)), 'more'], size


def test_every_prefix_made_white_space(contents):
    """A record that was taken back leaves white space before the next, as JSON allows."""
    first, *_, last = contents.splitlines(keepends=True)
    for size in range(len(last)):
        assert read(first + b'\t' * size + last) == (['0', '4'], 0)
