"""What `make demo` shows: a pipeline, a program, two records, and one that comes back."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import microbench as mb
from examples import text_pipeline
from examples.pretty import pretty

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


# Killed in the middle of its work, as the kernel does when memory runs out.
KILLED = """
import os, signal
from microbench import MicroBench

bench = MicroBench('killed.jsonl')
with bench.record('simulation'):
    with bench.time('setup'):
        grid = list(range(100_000))
    with bench.time('steps'):
        for _ in range(3):
            with bench.time('step'):
                total = sum(grid)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def heading(text):
    """Print a heading, bold where a terminal shows it."""
    bold, plain = ('\033[1m', '\033[0m') if sys.stdout.isatty() else ('', '')
    print(f'\n{bold}{text}{plain}\n', flush=True)


def run(directory, *words):
    """Run the command as it is typed, and show it."""
    print('$ microbench', *words, flush=True)
    program = [sys.executable, '-m', 'microbench', *words]
    subprocess.run(program, cwd=directory, check=True)
    print(flush=True)


def listed(directory):
    """Show what lies in a directory, hidden files too."""
    print('$ ls -A', *sorted(path.name for path in directory.iterdir()), sep='\n')
    print(flush=True)


def show_pipeline(directory):
    """Run the text pipeline, and show where its time went."""
    totals = text_pipeline.run(text_pipeline.standard_library(), directory)
    print(f'{totals.files} files, {totals.lines} lines, {totals.words} words\n')
    run(directory, 'show', 'records.jsonl')
    run(directory, 'show', 'records.jsonl', '-1')


def show_program(directory):
    """Time `sort` on the table that the pipeline has written; return the record."""
    command = ['sort', '-k', '2', '-o', 'sorted.tsv', 'words.tsv']
    run(directory, '-n', str(ITERATIONS), '-o', 'programs.jsonl', '--', *command)
    run(directory, 'show', 'programs.jsonl')
    return mb.MicroBench(directory / 'programs.jsonl').get_results()[0]


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


def show_killed(directory):
    """Run a program that is killed, and show its record all the same."""
    print(KILLED.strip(), end='\n\n', flush=True)
    done = subprocess.run([sys.executable, '-c', KILLED], cwd=directory, check=False)
    print(f'Killed by signal {-done.returncode}: it never came to write killed.jsonl.\n')
    listed(directory)
    print('But its journal is there, so every reader gets the record:\n', flush=True)
    run(directory, 'show', 'killed.jsonl')
    print('Into the file it comes like this, or by the next writer:\n', flush=True)
    run(directory, 'recover', 'killed.jsonl')
    listed(directory)


def main():
    """Show everything; the files are gone afterwards."""
    with TemporaryDirectory() as temporary:
        directory = Path(temporary)
        heading('A pipeline in Python: the words in the source of the standard library')
        show_pipeline(directory)
        heading(f'A program: `sort` on those words, {ITERATIONS} times')
        record = show_program(directory)
    heading('Its record: one line in programs.jsonl, broken up here to be read')
    print(pretty(record))
    heading('A call with a dozen mixins: all that may explain its time')
    print(pretty(explained_call()))
    with TemporaryDirectory() as temporary:
        heading('A program that is killed with SIGKILL: its record comes back')
        show_killed(Path(temporary))


if __name__ == '__main__':
    main()
