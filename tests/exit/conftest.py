"""Programs that end: each test of this directory runs one to its end."""

import json
from typing import NamedTuple

import pytest

from tests.fakes import python

BEGIN = """
import os, signal, sys, threading, time
import microbench
from microbench import MicroBench, MicroBenchBase

class Gate:
    '''A sink that stores nothing and raises.'''
    local = True
    def write(self, text):
        raise OSError('no room')

path = sys.argv[1]
"""


class Ended(NamedTuple):
    """What is left of a program."""

    records: list
    status: int
    out: str
    err: str

    @property
    def record(self):
        """The one record there is."""
        [record] = self.records
        return record

    @property
    def call(self):
        """Its `call` object."""
        return self.record['call']

    @property
    def cause(self):
        """What the record says of the end."""
        return {
            name: self.record[name]
            for name in ('exception', 'exit_status', 'exit_signal')
            if name in self.record
        }


@pytest.fixture
def program(tmp_path):
    """Run code to its end; records that it writes to `path` are read."""

    def run(code, **options):
        path = tmp_path / 'records.jsonl'
        path.unlink(missing_ok=True)
        done = python(BEGIN + code, path, **options)
        lines = path.read_bytes().splitlines() if path.exists() else []
        records = [json.loads(line) for line in lines]
        return Ended(records, done.returncode, done.stdout, done.stderr)

    return run
