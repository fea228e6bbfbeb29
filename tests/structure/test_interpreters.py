"""The C core serves one interpreter of a process: the others hear so at the import."""

import subprocess
import sys
import textwrap

import pytest

PROGRAM = """
    import {module} as interpreters
    from microbench import MicroBench

    bench = MicroBench()

    @bench
    def work():
        return 3

    assert work() == 3
    other = interpreters.create()
    source = '''if True:
        try:
            from microbench import MicroBench
            MicroBench()
        except ImportError:
            print('refused', flush=True)
    '''
    interpreters.{run}(other, source)
    assert work() == 3
    assert len(bench.get_results()) == 2
    print('goes on')
"""

VARIANTS = {
    (3, 10): ('_xxsubinterpreters', 'run_string'),
    (3, 11): ('_xxsubinterpreters', 'run_string'),
    (3, 12): ('_xxsubinterpreters', 'run_string'),
}


@pytest.mark.skipif(sys.version_info[:2] not in VARIANTS, reason='another interface')
def test_a_second_interpreter_is_refused():
    """The first one goes on, and keeps its records."""
    module, run = VARIANTS[sys.version_info[:2]]
    program = textwrap.dedent(PROGRAM).format(module=module, run=run)
    done = subprocess.run(
        [sys.executable, '-c', program],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ('refused\ngoes on\n', '')
