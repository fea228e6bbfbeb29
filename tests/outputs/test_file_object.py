"""Looking for a record in a file that other writers append to."""

import io
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from microbench import FileOutput
from microbench.outputs import file_object

BYTES = st.binary(max_size=12).map(lambda found: bytes(b % 3 for b in found))


@given(contents=BYTES, record=BYTES.filter(bool), block=st.integers(1, 5))
def test_a_record_is_found_wherever_it_is(contents, record, block):
    """Also across the blocks that are read."""
    with mock.patch.object(file_object, 'BLOCK', block):
        found = file_object.contains(io.BytesIO(contents), record)
    assert found == (record in contents)


def test_other_writers_may_have_appended_much_since(tmp_path):
    """An interrupted record is found before megabytes of theirs."""
    path = tmp_path / 'out.jsonl'
    sink = FileOutput(path)
    sink.write('{"call": {"name": "interrupted"}}')
    with path.open('ab') as other:
        other.write(b'{"a": 1}\n' * 400_000)
    assert sink._ends_with(b'{"call": {"name": "interrupted"}}')
    assert not sink._ends_with(b'{"call": {"name": "another"}}')
