"""The hook that checks the subject of a commit."""

import subprocess
import sys
from pathlib import Path

import pytest

HOOK = Path(__file__).parents[2] / 'tools' / 'commit-msg'


def checked(tmp_path, message):
    """Run the hook as git does, on a file with the message."""
    file = tmp_path / 'COMMIT_EDITMSG'
    file.write_text(message)
    return subprocess.run(
        [sys.executable, HOOK, file], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    'subject',
    [
        'Fix a race at the exit',
        'Pass the limit on',
        'Need no pip',
        'A' * 72,
        'Revert "Added."',
    ],
)
def test_good_subjects(tmp_path, subject):
    """An imperative of at most 72 characters passes, and so does what git writes."""
    done = checked(tmp_path, f'# a comment\n\n{subject}\n\nAdded a reason. {"x" * 80}\n')
    assert (done.returncode, done.stderr) == (0, '')


@pytest.mark.parametrize(
    ('subject', 'fault'),
    [
        ('Added a test', 'not an imperative'),
        ('Fixes a race', 'not an imperative'),
        ('Fixing a race', 'not an imperative'),
        ('Fix a race.', 'ends with a period'),
        ('fix a race', 'capital letter'),
        ('', 'capital letter'),
        ('A' * 73, '73 characters'),
    ],
)
def test_bad_subjects(tmp_path, subject, fault):
    """Each fault is printed, with status 1."""
    done = checked(tmp_path, f'{subject}\n')
    assert done.returncode == 1
    assert fault in done.stderr
