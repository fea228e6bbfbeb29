"""Killed processes and the contents of their journals."""

import json
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from microbench import _core
from tests.fakes import python

BEGIN = """
import asyncio, os, signal, sys, threading, time
import microbench
from microbench import MicroBench, MicroBenchBase, FileOutput

path = sys.argv[1]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def journals(where=None):
    where = where or os.path.dirname(path)
    return sorted(name for name in os.listdir(where) if name.endswith('.journal'))
"""


class Left(NamedTuple):
    """The files and output that a program leaves."""

    records: list  # in the file
    shown: dict  # records open in its journals, by name
    journals: list  # paths
    status: int
    out: str
    err: str


def shown_in(journals):
    """Return the records that are open in these journals, by name."""
    found = {}
    for journal in journals:
        for record_id, line in _core.journal_records(journal.read_bytes()):
            record = json.loads(line)
            assert record['mb']['record_id'] == record_id.decode()
            assert record['call']['name'] not in found
            found[record['call']['name']] = record
    return found


def journals_in(folder):
    """Return the paths of the journals in a folder."""
    return sorted(p for p in folder.iterdir() if p.name.endswith('.journal'))


@pytest.fixture
def program(tmp_path):
    """Run code to its end, in a folder of its own."""

    def run(code, folder=tmp_path, place=None, **options):
        path = folder / 'records.jsonl'
        done = python(BEGIN + code, path, **options)
        lines = path.read_bytes().splitlines() if path.exists() else []
        journals = journals_in(place or folder)
        return Left(
            [json.loads(line) for line in lines if line.strip()],
            shown_in(journals),
            journals,
            done.returncode,
            done.stdout,
            done.stderr,
        )

    return run


@pytest.fixture
def small_disk(tmp_path):
    """Mount a file system of some kilobytes for the test."""
    mounted = []

    def mount(*options, name='disk'):
        folder = tmp_path / name
        folder.mkdir()
        command = ['mount', '-t', 'tmpfs', *options, 'tmpfs', folder]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip('only root can mount a disk that is small')
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(['umount', '-l', folder], check=True)


@pytest.fixture(scope='session')
def other_file_system(tmp_path_factory):
    """Build a library for LD_PRELOAD, in which statfs() reports another file system."""
    source = Path(__file__).parent / 'statfs.c'
    library = tmp_path_factory.mktemp('statfs') / 'libstatfs.so'
    command = ['cc', '-shared', '-fPIC', '-o', library, source]
    subprocess.run(command, check=True, capture_output=True)
    # After what is loaded already, such as the library of a sanitizer.
    loaded = ' '.join(filter(None, [os.environ.get('LD_PRELOAD'), str(library)]))
    return lambda kind, **more: {'LD_PRELOAD': loaded, 'STATFS_TYPE': hex(kind), **more}


@pytest.fixture
def overlay(tmp_path, small_disk):
    """Mount an overlay as containers have it; return its folder and its upper layer."""
    upper, folder = small_disk('-o', 'size=1m', name='layers'), tmp_path / 'merged'
    for name in ('lower', 'upper', 'work'):
        (upper / name).mkdir()
    folder.mkdir()
    layers = [f'{name}dir={upper / name}' for name in ('lower', 'upper', 'work')]
    command = ['mount', '-t', 'overlay', '-o', ','.join(layers), 'overlay', folder]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip('this kernel has no overlayfs')
    yield folder, upper
    subprocess.run(['umount', '-l', folder], check=True)
