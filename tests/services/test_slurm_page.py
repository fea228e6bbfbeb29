"""The job scripts of docs/slurm.md run on a real SLURM, unchanged."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from microbench import FileOutput
from microbench.cli.view import recover
from tests.results.test_recovery import BOOT, change, move_to_another_host

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'slurm.md').read_text(encoding='utf-8')
BLOCKS = re.findall(r'^```(\w+)\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)
SCRIPTS = [text for language, text in BLOCKS if language == 'bash']


@pytest.fixture
def submit(slurm, tmp_path, monkeypatch):
    """Submit a script in a directory where the Python blocks of the page were run."""
    shims = tmp_path / 'bin'
    shims.mkdir()
    for name, module in {'python': '', 'microbench': ' -m microbench'}.items():
        (shims / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
        (shims / name).chmod(0o755)
    work = tmp_path / 'work'
    work.mkdir()
    monkeypatch.chdir(work)
    for language, text in BLOCKS:
        if language == 'python':
            exec(text, {})
    monkeypatch.setitem(slurm.environment, 'PYTHONPATH', str(ROOT))
    path = f'{shims}{os.pathsep}{os.environ["PATH"]}'
    monkeypatch.setitem(slurm.environment, 'PATH', path)

    def run(script):
        number = slurm.submit(script, directory=work)
        state = slurm.wait(number)['JobState']
        assert state == 'COMPLETED', ''.join(p.read_text() for p in work.glob('*.out'))
        return work

    return run


def records_in(directory, pattern):
    """Return the records of all files of a pattern."""
    return [r for p in directory.glob(pattern) for r in FileOutput(p).get_results()]


def test_signals_come_to_what_is_timed():
    """No script of the page has a program that is a mere child of the shell."""
    for script in SCRIPTS:
        timed = [
            line for line in script.splitlines() if 'microbench' in line or 'python' in line
        ]
        for line in timed:
            assert line.startswith(('exec ', 'srun ')) or line.endswith(' &'), line


def test_a_program_that_times_itself(submit):
    """The record has the limits and the number of the job."""
    [record] = records_in(submit(SCRIPTS[0]), '*.jsonl')
    assert record['call']['name'] == 'simulation'
    assert [t['name'] for t in record['call']['timings']] == ['setup', 'steps']
    assert record['slurm']['job_id']
    assert record['exit_status'] == 0
    assert set(record['process']) == {'pid'}  # the script is no task of a job


def test_a_command(submit):
    """The default mixins record the job."""
    [record] = records_in(submit(SCRIPTS[1]), '*.jsonl')
    assert record['call']['name'] == 'sort'
    assert record['call']['returncode'] == [0]
    assert record['slurm']['job_id']


def test_an_array(submit):
    """An array of three tasks writes three files."""
    records = records_in(submit(SCRIPTS[2]), 'results/*.jsonl')
    assert sorted(record['size'] for record in records) == ['1', '2', '3']
    assert {record['slurm']['array_task_id'] for record in records} == {'1', '2', '3'}


def test_a_step(submit):
    """A step of two tasks writes two files."""
    records = records_in(submit(SCRIPTS[3]), 'task-*.jsonl')
    assert sorted(record['slurm']['procid'] for record in records) == ['0', '1']
    ranks = [record['process']['rank'] for record in records]
    assert (sorted(ranks), records[0]['process']['ranks']) == ([0, 1], 2)


def test_a_script_that_hands_the_signal_on(submit):
    """The script ends as ever, and prints the status."""
    work = submit(SCRIPTS[4])
    [record] = records_in(work, '*.jsonl')
    assert record['exit_status'] == 0
    assert 'the program has ended: 0' in (work / 'job.out').read_text()


def test_a_journal_that_is_asked_for(submit):
    """The journal is gone after a normal end, and the record is in its file."""
    work = submit(SCRIPTS[5])
    [record] = records_in(work, '*.jsonl')
    assert record['exit_status'] == 0
    assert list(work.glob('.*.journal')) == []


def test_the_page_recovers_the_file_that_its_job_writes(tmp_path, monkeypatch, capsys):
    """The page's command recovers a job killed on another host."""
    monkeypatch.chdir(tmp_path)
    exec(next(text for language, text in BLOCKS if language == 'python'), {})
    program = (
        Path('simulate.py')
        .read_text()
        .replace('total = sum(grid)', 'import os; os.kill(os.getpid(), 9)')
    )
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'MICROBENCH_JOURNAL': 'on'}
    subprocess.run([sys.executable, '-c', program], env=env, check=False)
    move_to_another_host(tmp_path / 'results.jsonl')
    change(tmp_path / 'results.jsonl', BOOT.read_bytes().strip(), b'0' * 36)
    assert FileOutput('results.jsonl').get_results() == []
    [line] = re.findall(r'^    microbench recover (.*)$', PAGE, re.MULTILINE)
    assert recover.main(shlex.split(line)) == 0
    assert capsys.readouterr().out.endswith(' recovered\n')
    [record] = FileOutput('results.jsonl').get_results()
    assert record['call']['name'] == 'simulation'
    assert [t['name'] for t in record['call']['open_timings']] == ['steps']
