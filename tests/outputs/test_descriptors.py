"""Descriptors, processes and permissions of a `FileOutput`."""

import contextlib
import os

import pytest

from microbench import FileOutput, _core
from tests.fakes import printed

A, B = '{"n": 1}', '{"n": 2}'


def descriptors():
    """Return the numbers that are open."""
    found = set()
    for fd in range(256):
        with contextlib.suppress(OSError):
            os.fstat(fd)
            found.add(fd)
    return found


def test_it_is_not_inherited(tmp_path):
    """Started programs do not inherit the descriptor; close() closes it."""
    before = descriptors()
    out = FileOutput(tmp_path / 'f')
    out.write(A)
    opened = descriptors() - before
    assert len(opened) == 1
    assert not any(os.get_inheritable(fd) for fd in opened)
    out.close()
    assert descriptors() == before


def test_it_goes_with_the_last_reference(tmp_path):
    """A sink that is gone leaves no descriptor."""
    before = descriptors()
    for _ in range(10):
        FileOutput(tmp_path / 'f').write(A)
    assert descriptors() == before


def test_it_is_synced_after_a_rotation(tmp_path):
    """A descriptor closed for another file is synced; nothing is made at its path."""
    path = tmp_path / 'f'
    out = FileOutput(path)
    out.write(A)
    assert _core.close_files() > 0
    path.rename(tmp_path / 'old')
    out.flush()
    assert not path.exists()
    out.write(B)
    assert path.read_text() == f'{B}\n'


def test_it_was_closed_by_other_code(tmp_path):
    """If the descriptor's number means another file by now, that is left alone."""
    path, other = tmp_path / 'f', tmp_path / 'other'
    out = FileOutput(path)
    before = descriptors()
    out.write(A)
    [fd] = descriptors() - before
    os.close(fd)
    with other.open('w') as file:
        assert file.fileno() == fd
        out.write(B)
        out.close()
        file.write('mine')
    assert path.read_text() == f'{A}\n{B}\n'
    assert other.read_text() == 'mine'


def test_one_of_the_caller_is_never_closed(tmp_path):
    """The native appender writes to a given descriptor and never closes it."""
    with (tmp_path / 'f').open('ab') as file:
        appender = _core.Appender(file.fileno())
        appender.append(b'a')
        appender.close()
        appender.append(b'b')
        del appender
        file.write(b'c')
    assert (tmp_path / 'f').read_bytes() == b'a\nb\nc'


def test_many_processes_on_one_file(tmp_path):
    """Records of several processes at once are all there, each on its own line."""
    code = """
import microbench, os, warnings
warnings.simplefilter('ignore', DeprecationWarning)
children = []
for child in range(4):
    pid = os.fork()
    if not pid:
        bench = microbench.MicroBenchBase(outfile=sys.argv[1], child=child)
        work = bench(lambda: None)
        for _ in range(250):
            work()
        os._exit(0)
    children.append(pid)
assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
records = microbench.FileOutput(sys.argv[1]).get_results()
print(len(records), len({r['mb']['record_id'] for r in records}))
"""
    assert printed(code, tmp_path / 'f') == '1000 1000\n'


def test_new_files_respect_the_umask(tmp_path):
    """A new file has the mode that any program would give it."""
    before = os.umask(0o027)
    try:
        FileOutput(tmp_path / 'f').write(A)
    finally:
        os.umask(before)
    assert (tmp_path / 'f').stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize('wrong', [None, 'text', bytearray(b'x')])
def test_the_appender_takes_bytes_only(tmp_path, wrong):
    """Types other than bytes are rejected, None included."""
    with pytest.raises(TypeError):
        _core.Appender(str(tmp_path / 'f')).append(wrong)


def test_no_descriptor_of_this_number():
    """A number that is not open is an error of the system."""
    with pytest.raises(OSError, match='descriptor'):
        _core.Appender(10**6).append(b'x')
