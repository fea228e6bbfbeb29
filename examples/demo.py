"""What `make demo` shows: a pipeline, a program, a summary, and two records."""

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


def heading(text):
    """Print a heading, bold where a terminal shows it."""
    bold, plain = ('\033[1m', '\033[0m') if sys.stdout.isatty() else ('', '')
    print(f'\n{bold}{text}{plain}\n')


def show_pipeline(directory):
    """Run the text pipeline, and show where its time went."""
    totals = text_pipeline.run(text_pipeline.standard_library(), directory)
    print(f'  {totals.files} files, {totals.lines} lines, {totals.words} words\n')
    bench = mb.MicroBench(directory / 'records.jsonl')
    for record in bench.get_results():
        call = record['call']
        durations = '  '.join(f'{seconds:.3f}' for seconds in call['durations'])
        print(f'  {call["name"]:<23} {durations} s')
        for phase in call.get('timings', ()):
            seconds = phase['duration']
            share = seconds / call['durations'][0]
            print(f'    {phase["name"]:<21} {seconds:.3f} s {share:4.0%}')


def show_program(directory):
    """Time `sort` on the table that the pipeline has written."""
    command = ['sort', '-k', '2', '-o', 'sorted.tsv', 'words.tsv']
    options = ['-n', str(ITERATIONS), '-o', 'programs.jsonl']
    print('  $', *['microbench', *options, '--', *command])
    program = [sys.executable, '-m', 'microbench', *options, '--', *command]
    subprocess.run(program, cwd=directory, check=True)
    bench = mb.MicroBench(directory / 'programs.jsonl')
    print('\n  ', end='', flush=True)
    bench.summary()
    return bench.get_results()[0]


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


if __name__ == '__main__':
    main()
