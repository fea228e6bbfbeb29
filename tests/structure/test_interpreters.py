"""The C core serves one interpreter of a process, and rejects the import in others."""

import subprocess
import sys
import textwrap

import pytest

from microbench import FileOutput
from tests.fakes import ROOT, environment

SENTENCE = (
    'module microbench._core does not support loading in subinterpreters'
    if sys.version_info >= (3, 12)
    else 'Interpreter change detected - this module can only be loaded into '
    'one interpreter per process.'
)

# How a program makes another interpreter, and runs code in it, by version.
OLDEST = 'import _xxsubinterpreters as i', 'i.run_string(i.create(), source)'
NEWER = {
    (3, 13): ('import _interpreters as i', 'i.run_string(i.create(), source)'),
    (3, 14): ('from concurrent import interpreters', 'interpreters.create().exec(source)'),
}
NEWER[3, 15] = NEWER[3, 14]

PROGRAM = """
    {imported}
    from microbench import MicroBench

    bench = MicroBench()

    @bench
    def work():
        return 3

    assert work() == 3
    source = '''if True:
        import microbench
        for use in ('MicroBench', 'MicroBenchBase', 'FileOutput', 'summary', 'MBHostInfo'):
            try:
                getattr(microbench, use)
            except ImportError as error:
                print(f'ImportError: {{error}}', flush=True)
    '''
    {run}
    assert work() == 3
    assert len(bench.get_results()) == 2
    print('goes on')
"""


def outcome(folder, program):
    """Run a script in a folder; return exit status, output and errors."""
    (folder / 'prog.py').write_text(textwrap.dedent(program))
    done = subprocess.run(
        [sys.executable, 'prog.py'],
        cwd=folder,
        env={**environment(), 'PYTHONPATH': str(ROOT)},
        stdin=subprocess.DEVNULL,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_second_interpreter_is_refused(tmp_path):
    """One sentence rejects the import; the first interpreter keeps its records."""
    imported, run = NEWER.get(sys.version_info[:2], OLDEST)
    program = PROGRAM.format(imported=imported, run=run)
    out = 5 * f'ImportError: {SENTENCE}\n' + 'goes on\n'
    assert outcome(tmp_path, program) == (0, out, '')


POOL = """
    import sys
    from concurrent.futures import InterpreterPoolExecutor
    from tasks import work
    from microbench import MicroBench

    bench = MicroBench('records.jsonl')
    bench.record_on_exit('program')

    def helper(number):
        return 2 * number

    def local(number):
        return helper(number)

    @bench
    def decorated(number):
        return number

    if __name__ == '__main__':
        with InterpreterPoolExecutor(1) as pool:
            print([*pool.map({function}, [1, 2])])
"""

with_pool = pytest.mark.skipif(
    sys.version_info < (3, 14), reason='runs from CPython 3.14 on'
)


@with_pool
def test_a_pool_of_interpreters(tmp_path):
    """A pool calls functions of modules, beside a record of the whole process."""
    (tmp_path / 'tasks.py').write_text('def work(number): return 2 * number\n')
    assert outcome(tmp_path, POOL.format(function='work')) == (0, '[2, 4]\n', '')
    [record] = FileOutput(str(tmp_path / 'records.jsonl')).get_results()
    assert (record['call']['name'], record['exit_status']) == ('program', 0)


@with_pool
@pytest.mark.parametrize('function', ['local', 'decorated'])
def test_functions_of_a_script_for_a_pool_of_interpreters(tmp_path, function):
    """CPython runs the script for them; one line says why that fails."""
    (tmp_path / 'tasks.py').write_text('def work(number): return 2 * number\n')
    status, out, err = outcome(tmp_path, POOL.format(function=function))
    assert (status, out) == (1, '')
    first, *others = [line for line in err.splitlines() if 'microbench' in line]
    assert first.startswith('microbench: only the main interpreter can use microbench,')
    assert not any(line.startswith('microbench:') for line in others)
    assert err.endswith('NotShareableError: args not shareable\n')
    [record] = FileOutput(str(tmp_path / 'records.jsonl')).get_results()
    assert record['exception']['type'] == 'NotShareableError'
