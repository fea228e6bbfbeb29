"""Places where writing fails, and programs that write to them."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from microbench.results.reading import Lines
from tests.fakes import ROOT, python

FOLDER = Path(__file__).parent


@pytest.fixture(scope='session')
def faulty(tmp_path_factory):
    """Return the path of the library that makes system calls fail."""
    library = tmp_path_factory.mktemp('faulty') / 'faulty.so'
    flags = ['-shared', '-fPIC', '-O1', '-Wall', '-Wextra', '-Werror']
    subprocess.run(['gcc', *flags, '-o', library, FOLDER / 'faulty.c', '-ldl'], check=True)
    return library


@pytest.fixture(scope='session')
def killable(tmp_path_factory):
    """Return a copy that can be killed at the places of mb_crash.h.

    The first process that needs it builds it, and others that share the tests wait.
    """
    base = tmp_path_factory.getbasetemp()
    if 'PYTEST_XDIST_WORKER' in os.environ:
        base = base.parent
    with (base / 'killable.lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        place = base / 'killable'
        if not place.exists():
            unfinished = base / f'killable-{os.getpid()}'
            _build_killable(unfinished)
            unfinished.rename(place)
    return place


def _build_killable(place):
    place.mkdir()
    for name in ('microbench', 'csrc', 'tools'):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns('*.so'))
    for name in ('setup.py', 'pyproject.toml', 'README.md'):
        shutil.copy(ROOT / name, place)
    switches = {'MICROBENCH_CRASH_POINTS': '1', 'CFLAGS': '-O0'}
    build = [sys.executable, 'setup.py', '--quiet', 'build_ext', '--inplace']
    subprocess.run(build, cwd=place, env=os.environ | switches, check=True)


@pytest.fixture
def disk(tmp_path):
    """Mount a disk of 64 KiB."""
    place = tmp_path / 'disk'
    place.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=64k,mode=777', 'microbench', place]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip('needs mount')
    if done.returncode:
        pytest.skip(f'needs the right to mount: {done.stderr.strip()}')
    yield place
    subprocess.run(['umount', '--lazy', place], check=True)


class Ended(NamedTuple):
    """The names of records, and the output, that a program leaves."""

    stored: list
    printed: list
    damaged: int
    status: int
    out: str
    err: str


def names_in(contents):
    """Return the names of records in bytes, and how many lines are damaged."""
    lines = Lines(contents.split(b'\n'))
    return [record['call']['name'] for record in lines if 'call' in record], lines.damaged


def ended(done, path):
    """Collect the remains of a program that wrote to a path."""
    contents = path.read_bytes() if path.is_file() else b''
    stored, damaged = names_in(contents)
    printed = [
        line for line in (done.stderr or '').splitlines() if line.startswith('{"mb"')
    ]
    printed = [json.loads(line)['call']['name'] for line in printed]
    return Ended(stored, printed, damaged, done.returncode, done.stdout, done.stderr)


@pytest.fixture
def program(tmp_path):
    """Run code that knows `path`; return what it leaves."""

    def run(code, path=tmp_path / 'records.jsonl', **options):
        return ended(python(BEGIN + code, path, **options), Path(path))

    return run


BEGIN = """
import os, signal, sys, warnings
warnings.simplefilter('ignore', RuntimeWarning)
from microbench import MicroBench, FileOutput
path = sys.argv[1]
bench = MicroBench(path)

def record(*names):
    for name in names:
        with bench.record(name):
            pass
"""
