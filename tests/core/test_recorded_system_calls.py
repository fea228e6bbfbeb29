"""What the kernel is asked for a record that C writes: one write, and what it captures."""

import collections
import re
import shutil
import subprocess
import sys

import pytest

from tests.conftest import SANITIZED
from tests.fakes import ROOT

PROGRAM = """
import os, sys
import microbench
from microbench import FileOutput, MicroBench

path, way, durability, durations, *mixins = sys.argv[1:]
Bench = type('Bench', (MicroBench, *(getattr(microbench, name) for name in mixins)), {})
sink = FileOutput(path, durability=durability)
bench = Bench(outputs=[sink], durations=durations)
called = bench(len)

@bench
async def awaited(value):
    return value

def call():
    called('')

def wait():
    try:
        awaited('').send(None)
    except StopIteration:
        pass

def block():
    with bench.record('block'):
        pass

async def entered():
    async with bench.arecord('block'):
        pass

def ablock():
    try:
        entered().send(None)
    except StopIteration:
        pass

record = {'call': call, 'await': wait, 'block': block, 'async block': ablock}[way]
record(), record()
os.access('begin', 0)
for _ in range(50):
    record()
os.access('end', 0)
"""
SIX = (
    *('MBHostInfo', 'MBSlurmInfo', 'MBWorkingDir'),
    *('MBResourceUsage', 'MBFunctionCall', 'MBReturnValue'),
)
WRITES = ('write', 'writev', 'pwrite64', 'pwritev', 'pwritev2')


@pytest.fixture
def asked(tmp_path):
    """Run the program under strace; return how often it makes each call in 50 records."""
    if not shutil.which('strace'):
        pytest.skip('needs strace')
    out = tmp_path / 'strace'
    probe = ['strace', '-qq', '-o', out, 'true']
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip('needs the right to trace (ptrace)')

    def run(*args):
        program = [sys.executable, '-c', PROGRAM, tmp_path / 'out.jsonl', *args]
        done = subprocess.run(
            ['strace', '-qq', '-o', out, *program],
            env={'PYTHONPATH': str(ROOT), 'PATH': '/usr/bin:/bin'},
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b'')
        _, _, after = out.read_text().partition('"begin"')
        made, _, _ = after.partition('"end"')
        names = re.findall(r'^(\w+)\(', made, re.MULTILINE)[:-1]  # the last one is the mark
        return collections.Counter('write' if n in WRITES else n for n in names)

    return run


@pytest.mark.skipif(SANITIZED, reason='a sanitizer asks the kernel, too')
@pytest.mark.parametrize('durations', ['list', 'histogram'])
@pytest.mark.parametrize('durability', ['write', 'fsync'])
@pytest.mark.parametrize('mixins', [(), SIX])
@pytest.mark.parametrize('way', ['call', 'await', 'block', 'async block'])
def test_one_write_a_record(asked, way, mixins, durability, durations):
    """A journal costs none. The file is looked at first, and at times its path."""
    found = asked(way, durability, durations, *mixins)
    assert found.pop('write') == 50
    assert found.pop('statx') >= 50
    if durability == 'fsync':
        assert found.pop('fsync') == 50
        assert found.pop('fcntl') == 50
        found['close'] -= 50
    if mixins:
        assert found.pop('getcwd') == 50
    if mixins or way.endswith('block'):
        assert 50 <= found.pop('getrusage') <= 150
    delays = {found.pop(name, 0) for name in ('openat', 'read', 'close')}
    assert len(delays) == 1  # a trace makes the thread leave its CPU, and so read its delay
    assert delays == {0} or way.endswith('block')
    found.pop('brk', None)
    found.pop('mmap', None)
    found.pop('munmap', None)
    assert not found
