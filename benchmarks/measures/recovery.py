"""The first record of a program beside the journal of one that was killed.

The file is one of 400 MiB, of which next to nothing takes room on the disk. The killed
program had a record open, or had just written it; the next one must not wait for a look
at the file, nor hold it in memory.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..lab import US
from ..rows import Goal, Row
from .memory import PEAK, STATUS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..lab import Lab

MIB = 1 << 20
SIZE = 400 * MIB

# It is killed before its write, or after it.
KILLED = """
import os, signal, sys
from microbench import MicroBench, _core
class Cut(_core.Appender):
    def append(self, record):
        {written}
        os.kill(os.getpid(), signal.SIGKILL)
_core.Appender = Cut
with MicroBench({path!r}).record('lost'):
    {inside}
"""
OPEN = {'written': 'pass', 'inside': 'os.kill(os.getpid(), signal.SIGKILL)'}
WRITTEN = {'written': 'super().append(record)', 'inside': 'pass'}

FIRST = """
import subprocess, sys
from time import perf_counter_ns
{before}
from microbench import MicroBench
bench = MicroBench({path!r})
{peak}
@bench
def first():
    pass
peak_before, begin = peak(), perf_counter_ns()
first()
took = perf_counter_ns() - begin
print({printed})
"""


def _first(path: Path, printed: str, **killed: str) -> str:
    code = KILLED.format(path=str(path), **killed) if killed else ''
    before = f'subprocess.run([sys.executable, "-c", {code!r}])' if killed else ''
    return FIRST.format(path=str(path), before=before, printed=printed, peak=PEAK)


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    path = lab.folder / 'large.jsonl'
    path.write_bytes(b'\n')
    os.truncate(path, SIZE)
    with path.open('ab') as file:
        file.write(b'\n')
    grown = 'peak() - peak_before'
    codes = {
        'alone': _first(path, 'took'),
        'open': _first(path, 'took', **OPEN),
        'written': _first(path, 'took', **WRITTEN),
    }
    if STATUS.exists():
        codes['memory'] = _first(path, grown, **WRITTEN)
    own = lab.fresh({US: codes}, rounds=min(5, lab.processes))[US]
    path.unlink()
    for name, of in (('open', 'of an open record'), ('written', 'of one that is written')):
        yield Row(
            f'first record beside a dead journal {of}',
            own[name],
            'without it',
            own['alone'],
            Goal(20_000_000, 'value'),
        )
    if 'memory' in own:
        yield Row('  memory for it', own['memory'], goal=Goal(8 * MIB, 'value'), unit='B')
