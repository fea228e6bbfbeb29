"""What `make demo` shows: four questions, each with a program and its answer.

Everything runs in a temporary directory, and is shown as it would be typed.
"""

import os
import subprocess
import sys
from inspect import getsource
from pathlib import Path
from tempfile import TemporaryDirectory

import microbench as mb
from examples import steps, text_pipeline
from examples.pretty import pretty

ROOT = Path(__file__).parents[1]
SIMULATE = Path(__file__).with_name('simulate.py')
ITERATIONS = 5


class Explained(
    mb.MicroBench,  # with MBPythonInfo: a dozen mixins
    mb.MBHostInfo,
    mb.MBFunctionCall,
    mb.MBReturnValue,
    mb.MBPeakMemory,
    mb.MBSlurmInfo,
    mb.MBLoadedModules,
    mb.MBWorkingDir,
    mb.MBCgroupLimits,
    mb.MBGitInfo,
    mb.MBFileHash,
    mb.MBResourceUsage,
):
    """What may explain a time: the machine, its limits, the code, what was used."""

    capture_optional = True  # no git, or no repository: noted, and no reason to stop
    hash_files = (__file__,)


# --- how it is shown ------------------------------------------------------------------


def say(text='', style=''):
    """Print a text at once, in a style where a terminal shows it."""
    is_styled = style and sys.stdout.isatty()
    print(f'\033[{style}m{text}\033[0m' if is_styled else text, flush=True)


def heading(text):
    """Print a heading."""
    say(f'\n{text}\n', '1')


def environment():
    """Return the environment of the programs: they find the examples."""
    path = filter(None, [str(ROOT), os.environ.get('PYTHONPATH')])
    return {**os.environ, 'PYTHONPATH': os.pathsep.join(path)}


def python(*words):
    """Return the command of a program in Python."""
    return [sys.executable, *words]


def run(*words):
    """Run `microbench` as it is typed, and show it."""
    say(f'$ microbench {" ".join(words)}', '1')
    subprocess.run(python('-m', 'microbench', *words), env=environment(), check=True)
    say()


def run_example(name):
    """Run an example as it is typed, and show it."""
    say(f'$ python -m examples.{name}', '1')
    subprocess.run(python('-m', f'examples.{name}'), env=environment(), check=True)


# --- the parts ------------------------------------------------------------------------


def show_killed():
    """Look at a program while it runs, kill it, and show its record all the same."""
    heading('A program that is killed: what was it doing?')
    say(SIMULATE.read_text('utf-8'), '2')
    say('$ python simulate.py &', '1')
    job = subprocess.Popen(
        python(str(SIMULATE)), env=environment(), stdout=subprocess.PIPE, text=True
    )
    with job:
        say(job.stdout.readline())
        say('While it runs, its record is in a journal, a hidden file beside job.jsonl:\n')
        run('show', 'job.jsonl')
        say(f'$ kill -9 {job.pid}\n', '1')
        job.kill()
    say(f'Killed by signal {-job.returncode}: it could not write job.jsonl. Its record:\n')
    run('show', 'job.jsonl')
    say('The next program that writes to job.jsonl puts it there, and so does\n')
    run('recover', 'job.jsonl')


def show_steps():
    """Show which phase of many calls takes longer and longer."""
    heading('Sixty calls: which phase dominates, and is it getting slower?')
    say(getsource(steps.step), '2')
    run_example('steps')
    run('show', 'steps.jsonl', '--by', 'name')


def show_ranks():
    """Show which of four processes was slow, and why."""
    heading('Four processes: which one was slow, and why?')
    say('Two other programs use the processor of rank 2, for some seconds.\n', '2')
    run_example('ranks')
    run('diff', 'ranks.jsonl')


def show_program():
    """Time `sort` on the words of the standard library."""
    heading(f'Any command: `sort`, {ITERATIONS} times')
    totals = text_pipeline.run(text_pipeline.standard_library(), Path())
    say(f'The words are of {totals.files} files of the standard library.\n', '2')
    command = ['sort', '-k', '2', '-o', 'sorted.tsv', 'words.tsv']
    run('-n', str(ITERATIONS), '-o', 'programs.jsonl', '--', *command)
    run('show', 'programs.jsonl')


def explained_call():
    """Time a function with all that can be captured, and return its record."""
    bench = Explained()

    @bench
    def squares(count):
        with bench.time('make'):
            numbers = [i * i for i in range(count)]
        with bench.time('add'):
            return sum(numbers)

    squares(100_000)
    return bench.get_results()[0]


def show_record():
    """Show a record as it is stored."""
    heading('A record is a line of JSON. One with a dozen mixins, broken up to be read:')
    say(pretty(explained_call()))


def main():
    """Show everything; the files are gone afterwards."""
    with TemporaryDirectory() as directory:
        os.chdir(directory)
        for part in (show_killed, show_steps, show_ranks, show_program, show_record):
            part()
        os.chdir(ROOT)


if __name__ == '__main__':
    main()
