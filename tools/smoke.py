"""Run what an installed microbench has to do: `python tools/smoke.py`, in an empty folder.

It records a call, a block with a phase and a command, kills a process and recovers its
record. cibuildwheel runs it with each wheel that it has built, and so does `make wheel`.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

KILLED = """
import os, signal
from microbench import MicroBench

bench = MicroBench('killed.jsonl')
with bench.record('lost', cells=3), bench.time('solve'):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def main() -> None:
    """Run the checks, and print where they ran."""
    import microbench

    with TemporaryDirectory() as folder:
        os.chdir(folder)
        check_records(microbench)
        check_recovery(microbench)
        check_command()
        os.chdir('/')
    print(
        f'microbench {microbench.__version__} works: {platform.python_implementation()} '
        f'{platform.python_version()}, {platform.system()} {platform.machine()}, '
        f'{" ".join(platform.libc_ver()) or "C library unknown"}'
    )


def check_records(microbench) -> None:
    """A call and a block come back with their phase."""
    bench = microbench.MicroBench('records.jsonl')

    @bench
    def answer():
        with bench.time('think'):
            return 42

    assert answer() == 42
    with bench.record('block'), bench.time('phase'):
        pass
    names = [phases(record) for record in bench.get_results()]
    assert names == [('answer', ['think']), ('block', ['phase'])], names


def phases(record) -> tuple[str, list[str]]:
    """Return the name of a record, and those of its phases."""
    call = record['call']
    timings = call.get('timings', []) + call.get('open_timings', [])
    return call['name'], [timing['name'] for timing in timings]


def check_recovery(microbench) -> None:
    """A process that is killed leaves the record so far, with its open phase."""
    killed = subprocess.run([sys.executable, '-c', KILLED], check=False)
    assert killed.returncode == -signal.SIGKILL, killed
    [record] = microbench.FileOutput('killed.jsonl').get_results()
    assert (phases(record), record['cells']) == (('lost', ['solve']), 3), record


def check_command() -> None:
    """The command times a program, and passes its exit status on."""
    program = [sys.executable, '-c', 'raise SystemExit(3)']
    command = [sys.executable, '-m', 'microbench', '-o', 'command.jsonl', '--', *program]
    assert subprocess.run(command, check=False).returncode == 3
    record = json.loads(Path('command.jsonl').read_text('utf-8'))
    assert record['call']['returncode'] == [3], record


if __name__ == '__main__':
    main()
